"""Reads the columns of log files as text, in SQL."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import fields
from typing import Any

from advisor.contract.source import Columns
from advisor.ingest.formats import MAX_LINE_BYTES, LogFile

FIELDS = tuple(field.name for field in fields(Columns))
JSON_FORMATS = {"lines": "newline_delimited", "array": "array", "objects": "unstructured"}
REJECTED = """\
SELECT DISTINCT file_path, line, error_type, csv_line
FROM reject_errors JOIN reject_scans USING (scan_id, file_id) ORDER BY ALL"""
"""The lines of CSV files that were no rows; the tables exist once a CSV file was read."""


def rows_sql(files: Sequence[LogFile], columns: Columns, *, numbered: bool = False) -> str:
    """SQL that reads *files* (all with the same `reading_key`) as text columns `r_timestamp`, `r_model`, and so on.

    A column that is not mapped, or that the files lack, is NULL, as is empty text. `file` is what the engine read;
    `number` is the record's position in it, from 1, where *numbered* (one file only).
    """
    paths = {field: _path(files[0], name) for field in FIELDS if (name := getattr(columns, field))}
    picked = [f"{_pick(paths.get(field))} AS r_{field}" for field in FIELDS]
    number = ", row_number() OVER () AS number" if numbered else ""
    wanted = [path for path in paths.values() if path]
    return f"SELECT {', '.join(picked)}, filename AS file{number} FROM {_reader(files, wanted)}"


def reading_key(file: LogFile, columns: Columns) -> tuple[object, ...]:
    """Files with the same key can be read by one statement."""
    shape = file.names if file.table else tuple(_path(file, getattr(columns, field)) for field in FIELDS)
    return (file.layout, file.compression, file.delimiter, shape)


def _path(file: LogFile, name: str) -> tuple[str, ...]:
    """Where a column is: a key as it stands if the file has one of that name, else a dotted path; () if nowhere."""
    if file.layout == "csv":
        return (f"c{file.names.index(name)}",) if name in file.names else ()
    if file.layout == "parquet" and name not in file.names:
        return ()
    path = tuple(name.split("."))
    # A nested record is listed with all its parents, so a dotted name without its parent is one key.
    return (name,) if name in file.names and path[0] not in file.names and file.layout != "parquet" else path


def _pick(path: tuple[str, ...] | None) -> str:
    if not path:
        return "NULL::VARCHAR"
    expression = _name(path[0])
    for part in path[1:]:
        expression = f"struct_extract({expression}, {quoted(part)})"
    return f"nullif(trim({expression}::VARCHAR), '')"


def _reader(files: Sequence[LogFile], paths: Sequence[tuple[str, ...]]) -> str:
    first = files[0]
    names = "[" + ", ".join(quoted(file.read_from) for file in files) + "]"
    common = "filename = true, hive_partitioning = false"
    if first.layout == "parquet":
        return f"read_parquet({names}, {common})"
    common += f", compression = {quoted(first.compression)}"
    if first.layout == "csv":
        columns = ", ".join(f"c{position}: 'VARCHAR'" for position in range(len(first.names)))
        return (
            f"read_csv({names}, {common}, columns = {{{columns}}}, auto_detect = false, header = true, "
            f"delim = {quoted(first.delimiter)}, quote = '\"', escape = '\"', max_line_size = {MAX_LINE_BYTES}, "
            "ignore_errors = true, store_rejects = true, rejects_limit = 0)"
        )
    tree: dict[str, Any] = {}
    for path in paths:
        branch = tree
        for part in path:
            branch = branch.setdefault(part, {})
    columns = ", ".join(f"{_name(key)}: {quoted(_type(inner))}" for key, inner in tree.items())
    return (
        f"read_json({names}, {common}, columns = {{{columns}}}, format = '{JSON_FORMATS[first.layout]}', "
        f"ignore_errors = true, maximum_object_size = {MAX_LINE_BYTES})"
    )


def _type(inner: Mapping[str, Any]) -> str:
    if not inner:
        return "VARCHAR"
    return "STRUCT(" + ", ".join(f"{_name(key)} {_type(below)}" for key, below in inner.items()) + ")"


def quoted(text: str) -> str:
    """*text* as an SQL literal."""
    return "'" + text.replace("'", "''") + "'"


def _name(text: str) -> str:
    return '"' + text.replace('"', '""') + '"'
