"""Tells how a log file is written: CSV, JSON in three layouts, or Parquet; packed or not; in which encoding."""

from __future__ import annotations

import csv
import json
import shutil
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

from advisor.contract.files import Compression, Look, UnreadableError, delimiter_of, encoding_of, look, open_text
from advisor.ingest.zstd import check_frames

if TYPE_CHECKING:
    from duckdb import DuckDBPyConnection

Layout = Literal["csv", "lines", "array", "objects", "parquet"]
MAX_LINE_BYTES = 16_777_216


@dataclass(frozen=True, slots=True, kw_only=True)
class LogFile:
    """One file and how it is written. `names` are its columns: all of a table, those seen in the head of a JSON log.

    `read_from` is where the engine reads: the file itself, or a copy in UTF-8.
    """

    path: Path
    read_from: str
    layout: Layout
    compression: Compression = "none"
    encoding: str = "utf-8"  # of the file; a copy is UTF-8
    delimiter: str = ""
    names: tuple[str, ...] = ()

    @property
    def table(self) -> bool:
        """Whether `names` are all the columns there are."""
        return self.layout in ("csv", "parquet")


def recognise(file: Path, engine: DuckDBPyConnection, scratch: Path) -> LogFile | None:
    """How *file* is written; None where it is empty. Raises UnreadableError naming it and what can be read."""
    seen = look(file)
    if seen.compression == "zstd":
        seen = _unpack_head(file, engine)
    if seen.empty:
        return None
    found = LogFile(path=file, read_from=_plain_name(file, scratch), layout="parquet", compression=seen.compression)
    if seen.parquet:
        return replace(found, names=_parquet_names(found.read_from, engine))
    found = replace(found, encoding=seen.encoding, **_text_layout(seen.head))
    return found if seen.encoding in ("utf-8", "utf-8-sig") else in_utf8(found, scratch)


def in_utf8(file: LogFile, scratch: Path) -> LogFile:
    """The same log as a copy in UTF-8 with one kind of line end. Raises UnreadableError."""
    copy = scratch / f"{len(list(scratch.iterdir()))}.txt"
    with (
        open_text(file.path, Look(compression=file.compression, encoding=file.encoding)) as text,
        copy.open("w", encoding="utf-8", newline="\n") as out,
    ):
        text.reconfigure(newline=None)
        shutil.copyfileobj(text, out, 1_048_576)
    return replace(file, read_from=str(copy), compression="none")


def _plain_name(file: Path, scratch: Path) -> str:
    """A name that the engine does not take for a glob."""
    if not set("*?[]") & set(str(file)):
        return str(file)
    link = scratch / f"{len(list(scratch.iterdir()))}{file.suffix}"
    link.symlink_to(file.resolve())
    return str(link)


def _unpack_head(file: Path, engine: DuckDBPyConnection) -> Look:
    import duckdb

    check_frames(file)
    query = (
        "SELECT line FROM read_csv(?, columns = {'line': 'VARCHAR'}, delim = '\x1f', quote = '', escape = '', "
        f"header = false, auto_detect = false, compression = 'zstd', max_line_size = {MAX_LINE_BYTES}) LIMIT 100"
    )
    try:
        raw = "\n".join(line or "" for (line,) in engine.execute(query, [str(file)]).fetchall()).encode()
    except duckdb.Error as error:
        raise UnreadableError(f"{file} cannot be read: {first_line(error)}", "unpack it: zstd -d") from error
    if not raw.strip():
        return Look(compression="zstd", empty=True)
    return Look(compression="zstd", encoding=encoding_of(raw, file), head=raw.decode().removeprefix("\ufeff"))


def _parquet_names(path: str, engine: DuckDBPyConnection) -> tuple[str, ...]:
    import duckdb

    try:
        described = engine.execute("DESCRIBE SELECT * FROM read_parquet(?, hive_partitioning = false)", [path])
        return tuple(name for row in described.fetchall() for name in _parquet_leaves(row[0], row[1]))
    except duckdb.Error as error:
        raise UnreadableError(f"{path} is damaged: {first_line(error)}", "fetch it again") from error


def _parquet_leaves(name: str, kind: str) -> list[str]:
    import duckdb

    found = duckdb.sqltype(kind) if kind.startswith("STRUCT(") else None
    if found is None:
        return [name]
    return [leaf for key, inner in found.children for leaf in _parquet_leaves(f"{name}.{key}", str(inner))]


def _text_layout(head: str) -> dict[str, Any]:
    lines = [line for line in head.splitlines() if line.strip()]
    start = head.lstrip()[0]
    if start == "[":
        return {"layout": "array", "names": _keys(_array_records(head))}
    if start != "{":
        delimiter = delimiter_of(lines[0])
        names = next(csv.reader([lines[0]], delimiter=delimiter))
        return {"layout": "csv", "delimiter": delimiter, "names": tuple(name.strip() for name in names)}
    records = [record for record in (_record(line) for line in lines[:100]) if record is not None]
    if records or len(lines) == 1:
        return {"layout": "lines", "names": _keys(records)}
    first = _first_object(head)
    # Not one complete object on a line: objects that span lines, unless the lines end where objects do.
    if first is not None or not lines[0].rstrip().endswith("}"):
        return {"layout": "objects", "names": _keys([first] if first else [])}
    return {"layout": "lines", "names": ()}


def _record(line: str) -> Mapping[str, Any] | None:
    try:
        value = json.loads(line)
    except ValueError:
        return None
    return value if isinstance(value, dict) else None


def _first_object(text: str) -> Mapping[str, Any] | None:
    try:
        value, _ = json.JSONDecoder().raw_decode(text.lstrip())
    except ValueError:
        return None
    return value if isinstance(value, dict) else None


def _array_records(head: str) -> list[Mapping[str, Any]]:
    records: list[Mapping[str, Any]] = []
    decoder = json.JSONDecoder()
    rest = head.lstrip().removeprefix("[").lstrip()
    while rest and len(records) < 100:
        try:
            value, end = decoder.raw_decode(rest)
        except ValueError:
            break
        records += [value] if isinstance(value, dict) else []
        rest = rest[end:].lstrip().removeprefix(",").lstrip()
    return records


def _keys(records: Iterable[Mapping[str, Any]]) -> tuple[str, ...]:
    return tuple(dict.fromkeys(path for record in records for path in _paths(record, "")))


def _paths(record: Mapping[str, Any], prefix: str) -> list[str]:
    paths = []
    for key, value in record.items():
        paths.append(f"{prefix}{key}")
        if isinstance(value, dict):
            paths += _paths(value, f"{prefix}{key}.")
    return paths


def first_line(error: Exception) -> str:
    return str(error).splitlines()[0]
