"""Tells the layout of a text log from its beginning: CSV, or JSON in lines, a list or objects; and its columns."""

from __future__ import annotations

import csv
import json
from collections.abc import Iterable, Iterator, Mapping
from typing import Any, Literal, TypedDict

from advisor.contract.files import delimiter_of

Layout = Literal["csv", "lines", "array", "objects", "parquet"]
Place = tuple[str, ...]
"""Where a column is in a record: its key, below the keys of the records that it is nested in."""
HEAD_RECORDS = 100


class Seen(TypedDict, total=False):
    """What the beginning of a text log shows, as fields of `formats.LogFile`."""

    layout: Layout
    delimiter: str
    columns: dict[str, Place]
    kinds: tuple[str, ...]


def text_layout(head: str) -> Seen:
    """The layout of a text that begins with *head*, and the columns that it shows; the last line may be cut off."""
    lines = [line for line in head.replace("\r\n", "\n").replace("\r", "\n").split("\n") if line.strip()]
    start = head.lstrip()[0]
    if start == "[":
        return {"layout": "array", "columns": _columns(_array_records(head))}
    if start != "{":
        delimiter = delimiter_of(lines[0])
        names = [name.strip() for name in next(csv.reader([lines[0]], delimiter=delimiter))]
        columns: dict[str, Place] = {}
        for position, name in enumerate(names):
            columns.setdefault(name, (f"c{position}",))
        return {"layout": "csv", "delimiter": delimiter, "columns": columns, "kinds": ("VARCHAR",) * len(names)}
    records = [record for record in map(_record, lines[:HEAD_RECORDS]) if record is not None]
    if records or len(lines) == 1:
        return {"layout": "lines", "columns": _columns(records)}
    first = _first_object(head)
    # Not one complete object on a line: objects that span lines, unless the lines end where objects do.
    if first is not None or not lines[0].rstrip().endswith("}"):
        return {"layout": "objects", "columns": _columns([first] if first else [])}
    return {"layout": "lines", "columns": {}}


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


def _array_records(head: str) -> Iterator[Mapping[str, Any]]:
    """The first records of a JSON array, as far as its beginning holds them whole."""
    decoder = json.JSONDecoder()
    rest = head.lstrip().removeprefix("[").lstrip()
    for _ in range(HEAD_RECORDS):
        try:
            value, end = decoder.raw_decode(rest)
        except ValueError:
            return
        if isinstance(value, dict):
            yield value
        rest = rest[end:].lstrip().removeprefix(",").lstrip()


def _columns(records: Iterable[Mapping[str, Any]]) -> dict[str, Place]:
    return {".".join(place): place for record in records for place in _places(record, ())}


def _places(record: Mapping[str, Any], above: Place) -> Iterator[Place]:
    for key, value in record.items():
        yield (*above, key)
        if isinstance(value, dict):
            yield from _places(value, (*above, key))
