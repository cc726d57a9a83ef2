"""Every way in which a log may be written gives the same answer; what is damaged is lost by name, never in part."""

from __future__ import annotations

import gzip
import json
from collections.abc import Callable
from pathlib import Path

import duckdb
import pytest

from advisor.errors import SourceError
from tests.unit.ingest.logs import ROWS, lines, read, table, totals, written

SUM = (2, 1000 + 3000, 200 + 400)
CSV, JSONL = table(ROWS), lines(ROWS)
PRETTY = "\n".join(json.dumps(row, indent=2) for row in ROWS)


def engine_writes(path: Path, options: str) -> Path:
    rows = " UNION ALL ".join(
        f"SELECT '{row['at']}' AS at, '{row['model']}' AS model, {row['in']} AS \"in\", {row['out']} AS out"
        for row in ROWS
    )
    duckdb.sql(f"COPY ({rows}) TO '{path}' ({options})")
    return path


WAYS: dict[str, Callable[[Path], Path]] = {
    "csv": lambda folder: written(folder / "a.csv", CSV),
    "semicolons": lambda folder: written(folder / "a.csv", table(ROWS, ";")),
    "tabs": lambda folder: written(folder / "a.tsv", table(ROWS, "\t")),
    "bars": lambda folder: written(folder / "a.txt", table(ROWS, "|")),
    "csv with CRLF": lambda folder: written(folder / "a.csv", CSV.replace("\n", "\r\n")),
    "csv with CR": lambda folder: written(folder / "a.csv", CSV.replace("\n", "\r")),
    "csv with mixed line ends": lambda folder: written(folder / "a.csv", CSV.replace("\n", "\r\n", 2)),
    "csv with a BOM": lambda folder: written(folder / "a.csv", b"\xef\xbb\xbf" + CSV.encode()),
    "csv below blank lines": lambda folder: written(folder / "a.csv", "\n\r\n" + CSV),
    "csv with blank lines": lambda folder: written(folder / "a.csv", CSV.replace("\n", "\n\n")),
    "csv without a last line end": lambda folder: written(folder / "a.csv", CSV.rstrip()),
    "csv with quotes": lambda folder: written(folder / "a.csv", CSV.replace("llama-3.1-8b", '"llama-3.1-8b"')),
    "csv in UTF-16": lambda folder: written(folder / "a.csv", CSV.encode("utf-16")),
    "csv in UTF-16 without a BOM": lambda folder: written(folder / "a.csv", CSV.encode("utf-16-le")),
    "csv in gzip": lambda folder: written(folder / "a.csv.gz", gzip.compress(CSV.encode())),
    "gzip in two members": lambda folder: written(
        folder / "a.csv.gz", gzip.compress(CSV[:60].encode()) + gzip.compress(CSV[60:].encode())
    ),
    "gzip by another name": lambda folder: written(folder / "a.log", gzip.compress(JSONL.encode())),
    "json lines": lambda folder: written(folder / "a.jsonl", JSONL),
    "json lines with CRLF": lambda folder: written(folder / "a.jsonl", JSONL.replace("\n", "\r\n")),
    "json lines with CRLF in latin-1": lambda folder: written(
        folder / "a.jsonl", JSONL.replace("\n", "\r\n").replace("}", ', "é": "\xe9"}').encode("latin-1")
    ),
    "json lines with a BOM": lambda folder: written(folder / "a.jsonl", b"\xef\xbb\xbf" + JSONL.encode()),
    "json lines with blank lines": lambda folder: written(folder / "a.jsonl", "\n" + JSONL.replace("\n", "\n\n")),
    "json lines in UTF-16": lambda folder: written(folder / "a.jsonl", JSONL.encode("utf-16")),
    "json lines in gzip": lambda folder: written(folder / "a.jsonl.gz", gzip.compress(JSONL.encode())),
    "json array": lambda folder: written(folder / "a.json", json.dumps(ROWS)),
    "pretty json array": lambda folder: written(folder / "a.json", json.dumps(ROWS, indent=2)),
    "json array with a BOM": lambda folder: written(folder / "a.json", b"\xef\xbb\xbf" + json.dumps(ROWS).encode()),
    "json array in gzip": lambda folder: written(folder / "a.json.gz", gzip.compress(json.dumps(ROWS).encode())),
    "pretty objects": lambda folder: written(folder / "a.json", PRETTY),
    "parquet": lambda folder: engine_writes(folder / "a.parquet", "FORMAT parquet"),
    "parquet in zstd": lambda folder: engine_writes(folder / "a.parquet", "FORMAT parquet, COMPRESSION zstd"),
    "json lines in zstd": lambda folder: engine_writes(folder / "a.jsonl.zst", "FORMAT json, COMPRESSION zstd"),
    "json array in zstd": lambda folder: engine_writes(
        folder / "a.json.zst", "FORMAT json, ARRAY true, COMPRESSION zstd"
    ),
    "csv in zstd": lambda folder: engine_writes(folder / "a.csv.zst", "FORMAT csv, HEADER true, COMPRESSION zstd"),
}


@pytest.mark.parametrize("way", WAYS)
def test_scan_reads_a_log_however_it_is_written(way: str, tmp_path: Path) -> None:
    found = read(WAYS[way](tmp_path))
    assert totals(found) == SUM
    assert (found.rows, found.rejected, found.problems, found.warnings, found.lost) == (2, 0, (), (), ())


def test_scan_reads_a_folder_of_all_ways_at_once(tmp_path: Path) -> None:
    for number, way in enumerate(WAYS.values()):
        folder = tmp_path / f"day={number}"
        folder.mkdir()
        way(folder)
    found = read(tmp_path)
    assert totals(found) == tuple(count * len(WAYS) for count in SUM)
    assert (found.rejected, found.lost) == (0, ())


def test_scan_reads_text_in_latin_1(tmp_path: Path) -> None:
    found = read(written(tmp_path / "a.csv", CSV.replace("llama-3.1-8b", "modèle").encode("latin-1")))
    assert {fact.model_raw for fact in found.usage} == {"modèle"}


def test_scan_reads_lists_folders_and_globs_and_each_file_once(tmp_path: Path) -> None:
    first = written(tmp_path / "logs" / "2026" / "a.csv", CSV)
    written(tmp_path / "logs" / "b.jsonl", JSONL)
    written(tmp_path / "logs" / "_SUCCESS", "")
    written(tmp_path / "logs" / ".hidden.csv", CSV)
    assert totals(read(tmp_path / "logs", first, tmp_path / "logs" / "**" / "*.csv")) == tuple(2 * n for n in SUM)


def test_scan_skips_the_files_that_hold_no_records(tmp_path: Path) -> None:
    written(tmp_path / "a.csv", CSV)
    written(tmp_path / "manifest.json", '{"files": 1}')
    assert totals(read(tmp_path, skip=("manifest*",))) == SUM


@pytest.mark.parametrize(
    "name", ["it's.csv", 'a"b.csv', "a[1]*?.csv", "日本語 ü.csv", "a'; DROP TABLE kept; --.csv", "$x{}.csv"]
)
def test_scan_takes_names_of_files_as_they_are(name: str, tmp_path: Path) -> None:
    written(tmp_path / "folder [x]" / name, CSV)
    assert totals(read(tmp_path / "folder [x]")) == SUM


@pytest.mark.parametrize("model", ["it's", 'a"b', "日本語", "'); DROP TABLE kept; --", "a,b;c\td", "{}", "line\nbreak"])
def test_scan_takes_models_as_they_are(model: str, tmp_path: Path) -> None:
    found = read(written(tmp_path / "a.jsonl", lines([{**ROWS[0], "model": model}])))
    assert [fact.model_raw for fact in found.usage] == [model]


@pytest.mark.parametrize("column", ["it's", 'a"b', "a b", "select", "file", "filename", "日本語", "in'); --", "a.b"])
@pytest.mark.parametrize("suffix", ["csv", "jsonl"])
def test_scan_takes_columns_as_they_are(column: str, suffix: str, tmp_path: Path) -> None:
    rows = [{**{key: value for key, value in ROWS[0].items() if key != "in"}, column: 7}]
    text = table(rows) if suffix == "csv" else lines(rows)
    text = text.replace('a"b', '"a""b"') if suffix == "csv" else text
    assert totals(read(written(tmp_path / f"a.{suffix}", text), columns={"input_tokens": column})) == (1, 7, 200)


def test_scan_follows_dotted_paths_into_nested_records(tmp_path: Path) -> None:
    row = {"at": ROWS[0]["at"], "req": {"model": "m"}, "usage": {"tokens": {"in": 5, "out.put": 6}}}
    columns = {"model": "req.model", "input_tokens": "usage.tokens.in", "output_tokens": "usage.tokens.out.put"}
    file = written(tmp_path / "a.jsonl", lines([row]))
    assert totals(read(file, columns=columns)) == (1, 5, 6)
    duckdb.sql(f"COPY (SELECT * FROM read_json('{file}')) TO '{tmp_path}/a.parquet' (FORMAT parquet)")
    assert totals(read(tmp_path / "a.parquet", columns=columns)) == (1, 5, 6)


def test_parquet_files_with_other_types_are_read_each_by_its_own(tmp_path: Path) -> None:
    for number, count in enumerate(["7::INTEGER", "8.0::DOUBLE", "'9'", "2.5::DOUBLE", "10::DECIMAL(9, 2)"]):
        query = f"SELECT TIMESTAMPTZ '2026-10-01 08:00:00+00' AS at, 'm' AS model, {count} AS \"in\", 1 AS out"
        duckdb.sql(f"COPY ({query}) TO '{tmp_path}/{number}.parquet' (FORMAT parquet)")
    found = read(tmp_path)
    assert totals(found) == (4, 7 + 8 + 9 + 10, 4)
    assert [str(problem) for problem in found.problems] == [
        "3.parquet record 1: input_tokens '2.5' is not a whole number"
    ]


def test_empty_files_are_named_and_are_no_fault(tmp_path: Path) -> None:
    written(tmp_path / "log.jsonl", "")
    written(tmp_path / "log2.jsonl.gz", gzip.compress(b""))
    written(tmp_path / "log3.csv", "at,model,in,out\n")
    found = read(tmp_path)
    assert found.warnings == ("log.jsonl is empty", "log2.jsonl.gz is empty", "log3.csv holds no records")
    assert (found.rows, found.usage, found.lost) == (0, [], ())


def test_many_empty_files_do_not_fill_the_report(tmp_path: Path) -> None:
    for number in range(30):
        written(tmp_path / f"{number:02}.jsonl", " \n")
    assert len(read(tmp_path).warnings) == 6


def test_no_file_is_an_error_that_names_the_path(tmp_path: Path) -> None:
    with pytest.raises(SourceError, match="nowhere"):
        read(tmp_path / "nowhere" / "*.csv")


GOOD = ROWS * 500


def cut(content: bytes) -> bytes:
    return content[: len(content) // 2]


def flipped(content: bytes) -> bytes:
    middle = len(content) // 2
    return content[:middle] + bytes([content[middle] ^ 0x55]) + content[middle + 1 :]


def engine_made(folder: Path, name: str, options: str) -> bytes:
    file = written(folder / "made.jsonl", lines(GOOD))
    duckdb.sql(f"COPY (SELECT * FROM read_json('{file}')) TO '{folder / name}' ({options})")
    return (folder / name).read_bytes()


DAMAGED: dict[str, Callable[[Path], bytes]] = {
    "cut.jsonl.gz": lambda _: cut(gzip.compress(lines(GOOD).encode())),
    "cut.csv.gz": lambda _: cut(gzip.compress(table(GOOD).encode())),
    "tail.jsonl.gz": lambda _: gzip.compress(lines(GOOD).encode())[:-4],
    "flipped.jsonl.gz": lambda _: flipped(gzip.compress(lines(GOOD).encode())),
    "checksum.jsonl.gz": lambda _: gzip.compress(lines(GOOD).encode())[:-8] + bytes(8),
    "second-member.jsonl.gz": lambda _: gzip.compress(lines(GOOD).encode()) + cut(gzip.compress(lines(GOOD).encode())),
    "cut.json": lambda _: cut(json.dumps(GOOD).encode()),
    "cut-pretty.json": lambda _: "\n".join(json.dumps(row, indent=2) for row in GOOD).encode()[:-9],
    "cut.jsonl.zst": lambda folder: cut(engine_made(folder, "x.zst", "FORMAT json, COMPRESSION zstd")),
    "cut.parquet": lambda folder: cut(engine_made(folder, "x.parquet", "FORMAT parquet")),
    "flipped.parquet": lambda folder: flipped(engine_made(folder, "x.parquet", "FORMAT parquet, ROW_GROUP_SIZE 2048")),
    "cut-utf-16.jsonl.gz": lambda _: cut(gzip.compress(lines(GOOD).encode("utf-16"))),
    "report.pdf": lambda _: b"%PDF-1.7\n\x00\x01\x02",
    "logs.zip": lambda _: b"PK\x03\x04" + bytes(100),
    "noise.bin": lambda _: bytes(range(256)) * 20,
}


@pytest.mark.parametrize("name", DAMAGED)
def test_a_damaged_file_is_lost_as_a_whole_by_name_and_the_others_count(name: str, tmp_path: Path) -> None:
    made = tmp_path / "made"
    made.mkdir()
    damaged = written(tmp_path / "logs" / name, DAMAGED[name](made))
    for number in range(3):
        written(tmp_path / "logs" / f"good-{number}.jsonl", JSONL)
        written(tmp_path / "logs" / f"good-{number}.jsonl.gz", gzip.compress(JSONL.encode()))
    found = read(tmp_path / "logs")
    assert totals(found) == tuple(6 * count for count in SUM)
    (lost,) = found.lost
    assert str(damaged) in lost
    assert "; " in lost, "a hint says what to do"


@pytest.mark.parametrize("name", DAMAGED)
def test_where_the_only_file_is_damaged_the_error_names_it(name: str, tmp_path: Path) -> None:
    with pytest.raises(SourceError, match=name) as failure:
        read(written(tmp_path / "logs" / name, DAMAGED[name](tmp_path)))
    assert failure.value.hint


def test_a_note_among_the_logs_is_lost_by_name(tmp_path: Path) -> None:
    written(tmp_path / "a.csv", CSV)
    written(tmp_path / "README.md", "Our logs\n\nThey are good.\n")
    found = read(tmp_path)
    assert totals(found) == SUM
    assert "README.md has none of the mapped columns" in found.lost[0]


@pytest.mark.parametrize("suffix", ["csv", "jsonl"])
def test_a_mapped_column_that_no_file_has_names_the_nearest(suffix: str, tmp_path: Path) -> None:
    rows = [{"at": ROWS[0]["at"], "model": "m", "tokens_in": 1, "out": 2}]
    file = written(tmp_path / f"a.{suffix}", table(rows) if suffix == "csv" else lines(rows))
    with pytest.raises(SourceError) as failure:
        read(file, columns={"input_tokens": "token_in"})
    assert "no column 'token_in'" in failure.value.message
    assert "did you mean 'tokens_in'?" in failure.value.hint
    assert "'at', 'model', 'out', 'tokens_in'" in failure.value.hint


@pytest.mark.parametrize("suffix", ["csv", "jsonl"])
def test_a_column_may_be_absent_only_where_it_is_optional(suffix: str, tmp_path: Path) -> None:
    file = written(tmp_path / f"a.{suffix}", CSV if suffix == "csv" else JSONL)
    with pytest.raises(SourceError, match="service_tier"):
        read(file, columns={"tier": "service_tier"})
    assert totals(read(file, columns={"tier": "service_tier"}, optional=frozenset({"tier"}))) == SUM


def test_a_column_that_only_later_records_have_is_found(tmp_path: Path) -> None:
    rows = [*ROWS * 200, {**ROWS[0], "usage": {"cached": 7}}]
    found = read(written(tmp_path / "a.jsonl", lines(rows)), columns={"cache_read_tokens": "usage.cached"})
    assert sum(fact.tokens.cache_read or 0 for fact in found.usage) == 7


def test_files_of_one_folder_may_have_their_columns_in_another_order(tmp_path: Path) -> None:
    written(tmp_path / "a.csv", CSV)
    written(tmp_path / "b.csv", table([dict(reversed(row.items())) for row in ROWS]))
    written(tmp_path / "c.csv", table([{"extra": "x", **row} for row in ROWS]))
    assert totals(read(tmp_path)) == tuple(3 * count for count in SUM)
