"""Reads files that LiteLLM exports: its API's answers as JSON, or its tables as CSV or JSON lines."""

from __future__ import annotations

import csv
import json
import zlib
from collections.abc import Iterator, Mapping
from decimal import Decimal
from pathlib import Path
from typing import Any

from advisor.contract.files import UnreadableError, delimiter_of, look, open_text
from advisor.contract.source import Record

MAX_CHARACTERS = 256 * 1_048_576
"""Of JSON, which is read whole. A CSV is read row by row, however long."""
MAX_CELL = 16_777_216  # a CSV of the whole table holds prompts too


def read_export(file: Path) -> Iterator[tuple[str, Record]]:
    """Each record of *file* with where it stands; a record is a row, or an answer of the daily activity.

    Raises UnreadableError where it is damaged, or neither CSV nor JSON.
    """
    seen = look(file)
    if seen.empty:
        return
    if seen.parquet:
        raise UnreadableError(f"{file} is Parquet", "export it as CSV or JSON")
    try:
        with open_text(file, seen) as text:
            if seen.head.lstrip()[:1] in ("[", "{"):
                yield from _json(file, text.read(MAX_CHARACTERS + 1))
            else:
                csv.field_size_limit(max(csv.field_size_limit(), MAX_CELL))
                rows = csv.DictReader(text, delimiter=delimiter_of(seen.head.splitlines()[0]), strict=True)
                for row in rows:
                    yield f"{file.name}:{rows.line_num}", row
    except (OSError, EOFError, zlib.error, UnicodeError, csv.Error) as error:
        raise UnreadableError(f"{file} is damaged: {error}", "export it again") from error


def _json(file: Path, text: str) -> Iterator[tuple[str, Record]]:
    if len(text) > MAX_CHARACTERS:
        raise UnreadableError(
            f"{file} is larger than {MAX_CHARACTERS // 1_048_576} MB", "export less time at once, or as CSV"
        )
    try:
        whole = _parse(text)
    except ValueError as error:
        lines = text.splitlines()
        if len(lines) < 2:
            raise UnreadableError(f"{file} is damaged: {error}", "export it again") from error
        yield from _lines(file, lines)
        return
    if isinstance(whole, Mapping) and isinstance(whole.get("results"), list):
        yield file.name, whole
        return
    rows = whole.get("data", [whole]) if isinstance(whole, Mapping) else whole
    for number, row in enumerate(rows if isinstance(rows, list) else [rows], 1):
        yield f"{file.name} record {number}", row if isinstance(row, Mapping) else {}


def _lines(file: Path, lines: list[str]) -> Iterator[tuple[str, Record]]:
    for number, line in enumerate(lines, 1):
        if line.strip():
            try:
                row = _parse(line)
            except ValueError:
                row = {}
            yield f"{file.name}:{number}", row if isinstance(row, Mapping) else {}


def _parse(text: str) -> Any:
    return json.loads(text, parse_float=Decimal)
