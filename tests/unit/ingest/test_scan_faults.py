"""A bad record is counted, named by file and line with its reason, and stops nothing."""

from __future__ import annotations

import gzip
import json
from pathlib import Path
from typing import Any

import duckdb
import pytest

from advisor.errors import AdvisorError
from tests.unit.ingest.logs import HEADER, ROWS, lines, read, table, totals, written

SUM = (2, 1000 + 3000, 200 + 400)
GOOD = ROWS[0]
TOO_LARGE = 2**63


def without(key: str) -> dict[str, Any]:
    return {name: value for name, value in GOOD.items() if name != key}


@pytest.mark.parametrize(
    ("line", "why"),
    [
        ("{not json", "it is no record, or has none of the mapped columns"),
        ('["a list"]', "it is no record, or has none of the mapped columns"),
        ("17", "it is no record, or has none of the mapped columns"),
        ('{"at": "2026-10-01T08:00:00Z"', "it is no record, or has none of the mapped columns"),
        ('{"other": 1}', "it is no record, or has none of the mapped columns"),
        (json.dumps(without("at")), "timestamp is missing"),
        (json.dumps({**GOOD, "at": "yesterday"}), "timestamp 'yesterday' is no date and time"),
        (json.dumps({**GOOD, "at": 1790841600}), "set `timestamp_unit`"),
        (json.dumps({**GOOD, "at": "2026-10-01 08:00:00"}), "has no zone: set `timezone`"),
        (json.dumps({**GOOD, "at": "2026-02-30T00:00:00Z"}), "'2026-02-30T00:00:00Z' is no date and time"),
        (json.dumps({**GOOD, "at": "1999-12-31T23:59:59Z"}), "is not between 2000 and 2100"),
        (json.dumps({**GOOD, "at": "2100-01-01T00:00:00Z"}), "is not between 2000 and 2100"),
        (json.dumps({**GOOD, "at": "2026-10-01T08:00:00+99:00"}), "has an unknown zone"),
        (json.dumps(without("model")), "it names no model"),
        (json.dumps({**GOOD, "model": " "}), "it names no model"),
        (json.dumps(without("in")), "input_tokens is missing"),
        (json.dumps({**GOOD, "out": None}), "output_tokens is missing"),
        (json.dumps({**GOOD, "in": "1,234"}), "input_tokens '1,234' is not a whole number"),
        (json.dumps({**GOOD, "in": "1_234"}), "input_tokens '1_234' is not a whole number"),
        (json.dumps({**GOOD, "in": "0x10"}), "input_tokens '0x10' is not a whole number"),
        (json.dumps({**GOOD, "in": 12.5}), "input_tokens '12.5' is not a whole number"),
        (json.dumps({**GOOD, "in": True}), "input_tokens 'true' is not a whole number"),
        (json.dumps({**GOOD, "in": {"n": 1}}), "is not a whole number"),
        (json.dumps({**GOOD, "in": "NaN"}), "input_tokens 'NaN' is not a whole number"),
        (json.dumps({**GOOD, "in": "Infinity"}), "input_tokens 'Infinity' is not a whole number"),
        (json.dumps({**GOOD, "out": -1}), "output_tokens '-1' is negative"),
    ],
)  # fmt: skip
def test_a_bad_line_of_json_is_named_with_its_reason(line: str, why: str, tmp_path: Path) -> None:
    first, second = lines(ROWS).splitlines()
    found = read(written(tmp_path / "log.jsonl", "\n".join([first, "", line, second])))
    assert totals(found) == SUM
    assert (found.rows, found.rejected) == (3, 1)
    (problem,) = found.problems
    assert problem.where == "log.jsonl:3"
    assert why in problem.why


@pytest.mark.parametrize(
    ("line", "why"),
    [
        ("2026-10-01T08:00:00Z,m,1", "it has fewer columns than the header"),
        ("2026-10-01T08:00:00Z,m,1,2,3", "it has more columns than the header"),
        ("2026-10-01T08:00:00Z,m,,2", "input_tokens is missing"),
        ("2026-10-01T08:00:00Z,m,NULL,2", "input_tokens 'NULL' is not a whole number"),
        (",,,", "it is no record"),
    ],
)
@pytest.mark.parametrize("end", ["\n", "\r\n"])
def test_a_bad_line_of_csv_is_named_with_its_reason(line: str, why: str, end: str, tmp_path: Path) -> None:
    first, second = table(ROWS).splitlines()[1:]
    text = end.join([HEADER.strip(), first.replace("llama-3.1-8b", '"two\nlines"'), "", line, second, ""])
    found = read(written(tmp_path / "log.csv", text))
    assert totals(found) == SUM
    assert (found.rows, found.rejected) == (3, 1)
    (problem,) = found.problems
    assert problem.where == "log.csv:5", "a record of two lines and a blank line are above it"
    assert why in problem.why


def test_bad_and_refused_lines_of_csv_are_named_in_their_order(tmp_path: Path) -> None:
    text = table(ROWS) + "short\n" + "2026-10-01T08:00:00Z,m,x,2\n" + "a,b,c,d,e\n" + "2026-10-01T08:00:00Z,m,y,2\n"
    found = read(written(tmp_path / "log.csv", text))
    assert [problem.where for problem in found.problems] == ["log.csv:4", "log.csv:5", "log.csv:6", "log.csv:7"]
    assert found.rejected == 4


def test_a_quote_in_the_wrong_place_rejects_its_line_alone(tmp_path: Path) -> None:
    found = read(
        written(tmp_path / "log.csv", table(ROWS) + '2026-10-01T08:00:00Z,"m"x,1,2\n' + table(ROWS)[len(HEADER) :])
    )
    assert totals(found) == tuple(2 * count for count in SUM)
    assert (found.rows, found.rejected) == (5, 1)
    assert str(found.problems[0]).startswith("log.csv:4: a quote is not closed")


def test_bad_lines_of_csv_cost_no_good_ones(tmp_path: Path) -> None:
    rows = table(ROWS * 5000).splitlines()
    bad = ["short", "one,two,three,four,five", '2026-10-01T08:00:00Z,"m"x,1,2', "2026-10-01T08:00:00Z,m,-1,2"]
    for number in range(400):
        rows.insert(1 + 20 * number, bad[number % 4])
    found = read(written(tmp_path / "log.csv", "\n".join(rows)))
    assert totals(found)[0] == 10_000
    assert (found.rows, found.rejected) == (10_000 + 400, 400)
    assert [problem.where for problem in found.problems] == [f"log.csv:{2 + 20 * number}" for number in range(20)]


def test_a_quote_that_swallows_lines_rejects_all_of_them(tmp_path: Path) -> None:
    rows = table(ROWS * 5000).splitlines()
    rows[1001] = rows[1001].replace("llama", '"llama')
    found = read(written(tmp_path / "log.csv", "\n".join(rows)))
    kept = totals(found)[0]
    assert kept is not None
    assert kept < 10_000
    assert found.rows == 10_000
    assert found.rejected == 10_000 - kept


def test_bytes_that_are_no_utf8_reject_their_line_alone(tmp_path: Path) -> None:
    bad = b'{"at": "2026-10-01T08:00:00Z", "model": "m\xff", "in": 1, "out": 1}\n'
    found = read(written(tmp_path / "log.jsonl", lines(ROWS * 3000).encode() + bad + lines(ROWS).encode()))
    assert totals(found)[0] == 6002
    assert (found.rejected, found.problems[0].where) == (1, "log.jsonl:6001")


@pytest.mark.parametrize("encoding", ["utf-8", "latin-1", "utf-16"])
def test_a_return_inside_a_record_of_json_moves_no_line(encoding: str, tmp_path: Path) -> None:
    spaced = json.dumps({**GOOD, "model": "modèle"}, ensure_ascii=False).replace(": ", ":\r")
    text = "\n".join([spaced, spaced, json.dumps(without("in"))])
    found = read(written(tmp_path / "log.jsonl", text.encode(encoding)))
    assert totals(found)[0] == 2
    assert [problem.where for problem in found.problems] == ["log.jsonl:3"]


def test_a_cut_last_line_is_rejected(tmp_path: Path) -> None:
    found = read(written(tmp_path / "log.jsonl", lines(ROWS) + '{"at": "2026-10-01T09:45:00Z", "mod'))
    assert totals(found) == SUM
    assert found.problems[0].where == "log.jsonl:3"


@pytest.mark.parametrize("name", ["log.json", "log.parquet", "log.jsonl.zst"])
def test_where_a_file_has_no_lines_the_record_is_named(name: str, tmp_path: Path) -> None:
    rows = [*ROWS, {**GOOD, "in": -1}]
    file = written(tmp_path / "log.json", json.dumps(rows))
    if name.endswith("parquet"):
        query = f'SELECT * REPLACE ("in"::BIGINT AS "in") FROM read_json(\'{file}\')'
        duckdb.sql(f"COPY ({query}) TO '{tmp_path / name}' (FORMAT parquet)")
    elif name.endswith("zst"):
        duckdb.sql(f"COPY (SELECT * FROM read_json('{file}')) TO '{tmp_path / name}' (FORMAT json, COMPRESSION zstd)")
    found = read(tmp_path / name)
    assert totals(found) == SUM
    assert str(found.problems[0]) == f"{name} record 3: input_tokens '-1' is negative"


def test_only_the_first_twenty_are_named_and_all_are_counted(tmp_path: Path) -> None:
    bad = [{**GOOD, "in": f"x{number}"} for number in range(30)]
    for name in ("a", "b"):
        content = lines([*ROWS, *bad[:15]]).encode()
        written(tmp_path / f"{name}.jsonl.gz", gzip.compress(content))
    found = read(tmp_path)
    assert found.rejected == 30
    assert [problem.where for problem in found.problems] == [
        *(f"a.jsonl.gz:{line}" for line in range(3, 18)),
        *(f"b.jsonl.gz:{line}" for line in range(3, 8)),
    ]


def test_files_of_one_name_are_told_apart_by_their_paths(tmp_path: Path) -> None:
    for day in ("1", "2"):
        written(tmp_path / day / "log.jsonl", lines([*ROWS, {**GOOD, "in": -1}]))
    assert [problem.where for problem in read(tmp_path).problems] == [
        f"{tmp_path}/1/log.jsonl:3",
        f"{tmp_path}/2/log.jsonl:3",
    ]


def test_a_message_never_repeats_a_long_value(tmp_path: Path) -> None:
    secret = "my prompt " * 50
    found = read(written(tmp_path / "log.jsonl", lines([*ROWS, {**GOOD, "in": secret}])))
    assert len(found.problems[0].why) < 120


@pytest.mark.parametrize("count", [12.0, "12", " 12 ", "12.0", "1.2e1"])
def test_a_whole_number_counts_however_it_is_written(count: object, tmp_path: Path) -> None:
    assert totals(read(written(tmp_path / "log.jsonl", lines([{**GOOD, "in": count, "out": 0}])))) == (1, 12, 0)


@pytest.mark.parametrize("count", ["1.000", "12.000", "999.000", "1.000.000"])
def test_a_count_that_may_be_grouped_by_thousands_is_never_guessed(count: str, tmp_path: Path) -> None:
    found = read(written(tmp_path / "log.jsonl", lines([*ROWS, {**GOOD, "in": count}])))
    assert found.rejected == 1
    assert count in found.problems[0].why


def test_the_largest_count_that_fits_is_exact(tmp_path: Path) -> None:
    found = read(written(tmp_path / "log.jsonl", lines([{**GOOD, "in": TOO_LARGE - 1}])))
    assert totals(found) == (1, 9_223_372_036_854_775_807, 200)


@pytest.mark.parametrize("count", [TOO_LARGE, 10**20, 10**30, 10**40, "1e25"])
@pytest.mark.parametrize("column", ["in", "out", "cached"])
def test_a_count_that_does_not_fit_names_its_record(count: object, column: str, tmp_path: Path) -> None:
    file = written(tmp_path / "log.jsonl", lines([{**GOOD, "cached": 0}, {**GOOD, "cached": 0, column: count}]))
    with pytest.raises(AdvisorError, match=r"log.jsonl:2: \w+_tokens is \d+, which does not fit 63 bits") as failure:
        read(file, columns={"cache_read_tokens": "cached"})
    assert "correct the row" in failure.value.hint


def test_a_sum_that_does_not_fit_names_its_bucket(tmp_path: Path) -> None:
    file = written(tmp_path / "log.jsonl", lines([{**GOOD, "in": TOO_LARGE - 1}] * 2))
    with pytest.raises(AdvisorError, match=r"llama-3.1-8b .* 2026-10-01 08:00 is 18446744073709551614"):
        read(file)
