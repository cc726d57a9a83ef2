"""Reads a CSV export whole, before any of its rows counts: plain or gzip, in any encoding, with true line numbers."""

from __future__ import annotations

import csv
import hashlib
import os
import zlib
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import chain
from pathlib import Path
from typing import TYPE_CHECKING, TextIO

from advisor.contract.files import UnreadableError, delimiter_of, look, open_text
from advisor.errors import SourceError

if TYPE_CHECKING:
    from _csv import Reader

MAX_ROWS = 1_000_000
MAX_CHARACTERS = 512 * 1_048_576
MAX_LINE = 1_048_576
Wanted = Callable[[tuple[str, ...]], Iterable[str]]


@dataclass(frozen=True, slots=True, kw_only=True)
class Table:
    """The wanted columns of a file and its rows: each the line on which it begins, and its cells or what is wrong.

    `columns` is empty where the file is.
    """

    columns: tuple[str, ...] = ()
    rows: Sequence[tuple[int, tuple[str, ...] | str]] = ()

    def lines(self) -> Iterator[tuple[int, dict[str, str] | str]]:
        """Each row's line and its cells by column, or what is wrong with it."""
        for line, cells in self.rows:
            yield line, cells if isinstance(cells, str) else dict(zip(self.columns, cells, strict=True))

    def cells(self) -> Iterator[dict[str, str]]:
        """The cells by column of each row that has any."""
        return (row for _, row in self.lines() if not isinstance(row, str))


def read_table(file: Path, name: str, wanted: Wanted, *, delimiter: str = "", encoding: str = "") -> Table:
    """Read *file*, which messages call *name*; *wanted* picks from its header the columns to keep.

    Raises UnreadableError where it is damaged or no CSV, and SourceError where it is too large to be read whole.
    """
    reader = None
    try:
        if file.stat().st_size > MAX_CHARACTERS:
            raise _too_large(name)
        seen = look(file)
        if seen.empty:
            return Table()
        if seen.parquet:
            raise UnreadableError(f"{name} is Parquet", "save it as CSV, or read it with the kind request-log")
        with open_text(file, seen, encoding) as text:
            lines = _lines(text, name)
            head = _head(lines)
            header_line = head[-1].lstrip("\ufeff") if head else ""
            reader = csv.reader(chain(head, lines), delimiter=delimiter or delimiter_of(header_line), strict=True)
            return _table(reader, name, wanted)
    except (UnicodeError, LookupError) as error:
        what = f"{name} is not written in {encoding or seen.encoding}, near line {reader.line_num + 1 if reader else 1}"
        raise UnreadableError(what, "set `encoding`, such as cp1252") from error
    except csv.Error as error:
        line = reader.line_num if reader else 1
        raise UnreadableError(f"{name}:{line}: {error}", "close the quote, or export it again") from error
    except (OSError, EOFError, zlib.error) as error:
        raise UnreadableError(f"{name} cannot be read to its end: {error}", "fetch it again") from error


def digest(file: Path) -> bytes:
    """What two files have in common only if they are copies of each other; empty where *file* cannot be read."""
    try:
        with file.open("rb") as opened:
            return hashlib.file_digest(opened, "sha256").digest()
    except OSError:
        return b""


def short_names(files: Sequence[Path]) -> dict[Path, str]:
    """How messages call each file: by its name, or by its path below the common folder where names repeat."""
    if len({file.name for file in files}) == len(files):
        return {file: file.name for file in files}
    common = os.path.commonpath([file.parent for file in files])
    return {file: os.path.relpath(file, common) for file in files}


def _table(reader: Reader, name: str, wanted: Wanted) -> Table:
    header = None
    places: list[int] = []
    columns: tuple[str, ...] = ()
    rows: list[tuple[int, tuple[str, ...] | str]] = []
    last_line = 0
    for cells in reader:
        line, last_line = last_line + 1, reader.line_num
        if not any(cell.strip() for cell in cells):
            continue
        if header is None:
            header = tuple(cell.strip().lstrip("\ufeff") for cell in cells)
            columns = tuple(column for column in wanted(header) if column in header)
            places = [header.index(column) for column in columns]
            continue
        if len(rows) == MAX_ROWS:
            raise _too_large(name)
        if len(cells) < len(header) or any(cell.strip() for cell in cells[len(header) :]):
            if last_line > line:  # a stray quote took in the lines that follow: how many rows they were is unknown
                raise UnreadableError(f"{name}:{line}: a quote is not closed", "close it, or export it again")
            rows.append((line, f"it has {len(cells)} cells, the header has {len(header)}"))
        else:
            rows.append((line, tuple(cells[place].strip() for place in places)))
    return Table(columns=columns, rows=rows)


def _lines(text: TextIO, name: str) -> Iterator[str]:
    characters = 0
    while line := text.readline(MAX_LINE):
        characters += len(line)
        if characters > MAX_CHARACTERS:
            raise _too_large(name)
        if len(line) == MAX_LINE:
            raise UnreadableError(f"{name} has a line of more than {MAX_LINE} characters", "it is no CSV export")
        yield line


def _head(lines: Iterator[str]) -> list[str]:
    """The lines up to and with the first that is not blank."""
    head = []
    for line in lines:
        head.append(line)
        if line.strip("\ufeff \t\r\n"):
            break
    return head


def _too_large(name: str) -> SourceError:
    return SourceError(
        f"{name} has more than {MAX_ROWS:,} rows or {MAX_CHARACTERS // 1_048_576} MB: it is a log, not an invoice",
        'read it with kind = "request-log", which takes files of any size',
    )
