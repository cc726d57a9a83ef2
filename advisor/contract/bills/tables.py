"""Opens one billing file for SQL: CSV in any delimiter and encoding, packed with gzip or not, or Parquet."""

from __future__ import annotations

import csv
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from advisor.contract.files import UnreadableError, delimiter_of, look

if TYPE_CHECKING:
    from duckdb import DuckDBPyConnection

MAX_LINE_BYTES = 16_777_216
ABSENT = "('', 'NULL', 'null', '\\N')"
REJECTED = """\
SELECT line, bool_or(error_type = 'UNQUOTED VALUE'), left(min(error_message), 200)
FROM reject_errors JOIN reject_scans USING (scan_id, file_id) WHERE file_path = ? GROUP BY line ORDER BY line"""
"""The lines of a CSV file that were no rows, whether for a quote that does not end, and why."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Table:
    """A billing file that SQL can read. `columns` are SQL expressions of type VARCHAR by plain column name.

    `address` is the name under which the engine reads it; `position` is SQL for a row's place in it.
    """

    path: Path
    address: str
    reader: str
    position: str
    columns: Mapping[str, str]
    names: Sequence[str]

    def column(self, spellings: Sequence[str]) -> str:
        """The first of several columns that has a value: an SQL expression, NULL where the file has none of them."""
        found = [self.columns[name] for name in map(plain_name, spellings) if name in self.columns]
        return f"coalesce({', '.join(found)})" if found else "NULL::VARCHAR"

    def has(self, spellings: Sequence[str]) -> bool:
        return any(plain_name(name) in self.columns for name in spellings)


def plain_name(column: str) -> str:
    """A column's name without case and punctuation: `lineItem/UsageType` and `line_item_usage_type` are one."""
    return re.sub(r"[^a-z0-9]", "", column.lower())


def open_table(file: Path, engine: DuckDBPyConnection, scratch: Path) -> Table | None:
    """The table in *file*, None where it is empty. Raises UnreadableError naming the file and what to do."""
    seen = look(file)
    if seen.compression == "zstd":
        raise UnreadableError(f"{file} is packed with zstd", "unpack it: zstd -d")
    if seen.empty:
        return None
    address = _plain_address(file, scratch)
    if seen.parquet:
        return _parquet(file, address, engine)
    header = seen.head.lstrip("\n\r").splitlines()[0]
    delimiter = delimiter_of(header)
    names = [name.strip() for name in next(csv.reader([header], delimiter=delimiter))]
    columns = ", ".join(f"c{index}: 'VARCHAR'" for index in range(len(names)))
    encoding = {"utf-8-sig": "utf-8"}.get(seen.encoding, seen.encoding)
    return Table(
        path=file,
        address=address,
        position="row_number() OVER () + 1",
        reader=f"read_csv({quoted(address)}, columns = {{{columns}}}, auto_detect = false, header = true, "
        f"delim = {quoted(delimiter)}, quote = '\"', escape = '\"', encoding = {quoted(encoding)}, "
        f"compression = {quoted(seen.compression)}, max_line_size = {MAX_LINE_BYTES}, "
        "ignore_errors = true, store_rejects = true, rejects_limit = 0)",
        columns={
            plain_name(name): f"CASE WHEN trim(c{index}) NOT IN {ABSENT} THEN trim(c{index}) END"
            for index, name in reversed(list(enumerate(names)))
        },
        names=names,
    )


def _parquet(file: Path, address: str, engine: DuckDBPyConnection) -> Table:
    import duckdb

    reader = f"read_parquet({quoted(address)}, hive_partitioning = false, file_row_number = true)"
    try:
        described = engine.execute(f"DESCRIBE SELECT * EXCLUDE (file_row_number) FROM {reader}").fetchall()
    except duckdb.Error as error:
        raise UnreadableError(f"{file} is damaged: {first_line(error)}", "fetch it again") from error
    columns = {}
    for name, kind, *_ in reversed(described):
        column = '"' + name.replace('"', '""') + '"'
        nested = kind.endswith("]") or kind.startswith(("MAP(", "STRUCT("))
        text = f"to_json({column})::VARCHAR" if nested else f"{column}::VARCHAR"
        columns[plain_name(name)] = f"nullif(trim({text}), '')"
    return Table(
        path=file,
        address=address,
        reader=reader,
        position="file_row_number + 1",
        columns=columns,
        names=[row[0] for row in described],
    )


def _plain_address(file: Path, scratch: Path) -> str:
    """A name that the engine does not take for a glob."""
    if not set("*?[]") & set(str(file)):
        return str(file)
    link = scratch / f"{len(list(scratch.iterdir()))}{file.suffix}"
    link.symlink_to(file.resolve())
    return str(link)


def quoted(text: str) -> str:
    """*text* as an SQL literal."""
    return "'" + text.replace("'", "''") + "'"


def first_line(error: Exception) -> str:
    return str(error).splitlines()[0]


def instant(text: str) -> str:
    """SQL for the UTC time in a text: ISO 8601 with or without a zone (then UTC), or month/day/year."""
    return (
        f"CASE WHEN contains({text}, '/') THEN try_strptime({text}, ['%m/%d/%y', '%m/%d/%Y', '%m/%d/%y %H:%M', "
        f"'%m/%d/%Y %H:%M', '%m/%d/%Y %H:%M:%S']) ELSE TRY_CAST({text} AS TIMESTAMPTZ)::TIMESTAMP END"
    )


def exact(text: str) -> str:
    """SQL for the decimal number in a text. A double passes through its shortest text, so 93964.523 stays that."""
    return f"TRY_CAST({text} AS DECIMAL(38, 15))"
