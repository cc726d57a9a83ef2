"""Reads the columns of log files as text, in SQL."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import fields
from typing import Any

from advisor.contract.source import Columns
from advisor.ingest.formats import MAX_OBJECT_BYTES, LogFile, quoted
from advisor.ingest.layouts import Place
from advisor.ingest.shapes import SHAPES

FIELDS = tuple(field.name for field in fields(Columns))
JSON_FORMATS = {"lines": "newline_delimited", "array": "array", "objects": "unstructured"}
MAX_CSV_LINE_BYTES = 2_097_152
FILE = " file"
"""The engine's own column that names the file; no log has a column of that name."""


def rows_sql(files: Sequence[LogFile], columns: Columns, *, shape: str = "", numbered: bool = False) -> str:
    """SQL that reads *files* (all with the same `reading_key`) as text columns `r_timestamp`, `r_model`, and so on.

    A column that is not mapped, or that the files lack, is NULL, as is empty text. `file` is what the engine read;
    `number` is the record's position in it, from 1, where *numbered* (one file only). With a *shape*, that says where
    the fields are.
    """
    if shape:
        types = {_name(name): quoted(kind) for name, kind in SHAPES[shape].types.items()}
        return SHAPES[shape].rows_sql(_json_reader(files, types), _name(FILE), FIELDS, numbered=numbered)
    places = {field: _place(files[0], getattr(columns, field)) for field in FIELDS}
    picked = [f"{_pick(place)} AS r_{field}" for field, place in places.items()]
    number = ", row_number() OVER () AS number" if numbered else ""
    wanted = [place for place in places.values() if place]
    return f"SELECT {', '.join(picked)}, {_name(FILE)} AS file{number} FROM {_reader(files, wanted)}"


def reading_key(file: LogFile, columns: Columns) -> tuple[object, ...]:
    """Files with the same key can be read by one statement."""
    return (
        file.layout,
        file.compression,
        file.delimiter,
        file.kinds,
        tuple(_place(file, getattr(columns, field)) for field in FIELDS),
    )


def _place(file: LogFile, name: str) -> Place:
    """Where a column is; () if nowhere. What the head of a JSON log does not show is looked for along its dots."""
    if name in file.columns:
        return file.columns[name]
    return () if file.table or not name else tuple(name.split("."))


def _pick(place: Place) -> str:
    if not place:
        return "NULL::VARCHAR"
    expression = _name(place[0])
    for part in place[1:]:
        expression = f"struct_extract({expression}, {quoted(part)})"
    return f"nullif(trim({expression}::VARCHAR), '')"


def _reader(files: Sequence[LogFile], places: Sequence[Place]) -> str:
    first = files[0]
    names = "[" + ", ".join(quoted(file.read_from) for file in files) + "]"
    common = f"filename = {quoted(FILE)}, hive_partitioning = false"
    if first.layout == "parquet":
        return f"read_parquet({names}, {common})"
    common += f", compression = {quoted(first.compression)}, auto_detect = false, ignore_errors = true"
    if first.layout == "csv":
        columns = ", ".join(f"c{position}: {quoted(kind)}" for position, kind in enumerate(first.kinds))
        return (
            f"read_csv({names}, {common}, columns = {{{columns}}}, header = true, delim = {quoted(first.delimiter)}, "
            f"quote = '\"', escape = '\"', max_line_size = {MAX_CSV_LINE_BYTES}, store_rejects = true, "
            "rejects_limit = 0)"  # without a store for bad lines, the engine leaves out good ones as well
        )
    tree: dict[str, Any] = {}
    for place in places:
        branch = tree
        for part in place:
            branch = branch.setdefault(part, {})
    return _json_reader(files, {_name(key): quoted(_type(inner)) for key, inner in tree.items()})


def _json_reader(files: Sequence[LogFile], types: Mapping[str, str]) -> str:
    first = files[0]
    names = "[" + ", ".join(quoted(file.read_from) for file in files) + "]"
    columns = ", ".join(f"{name}: {kind}" for name, kind in types.items())
    return (
        f"read_json({names}, filename = {quoted(FILE)}, hive_partitioning = false, auto_detect = false, "
        f"ignore_errors = true, compression = {quoted(first.compression)}, columns = {{{columns}}}, "
        f"format = '{JSON_FORMATS[first.layout]}', maximum_object_size = {MAX_OBJECT_BYTES})"
    )


def _type(inner: Mapping[str, Any]) -> str:
    if not inner:
        return "VARCHAR"
    return "STRUCT(" + ", ".join(f"{_name(key)} {_type(below)}" for key, below in inner.items()) + ")"


def _name(text: str) -> str:
    return '"' + text.replace('"', '""') + '"'
