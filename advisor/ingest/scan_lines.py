"""Finds the lines on which the records of a text log begin, to name the few that are bad."""

from __future__ import annotations

import csv
import gzip
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from io import BufferedReader
from pathlib import Path

from advisor.ingest.formats import LogFile


@dataclass(slots=True, kw_only=True)
class Lines:
    """The line, from 1, of records by their position among the engine's (from 1), and of refused rows by theirs.

    What is not found is not there: a packed or nested layout has no lines, and two readers may differ about a row.
    """

    records: dict[int, int] = field(default_factory=dict)
    refused: dict[int, int] = field(default_factory=dict)


def find_lines(log: LogFile, records: Sequence[int], refused: Sequence[int], limit: int) -> Lines:
    """Read a log until the *records* and the first *limit* of the *refused* rows are found.

    *refused* are the first bytes of all of the file's refused rows, without which records cannot be counted.
    """
    found = Lines()
    if log.layout not in ("lines", "csv") or log.compression == "zstd":
        return found
    with _opened(log) as opened:
        if log.layout == "lines":
            _find_json(opened, found, set(records))
        else:
            _find_csv(_csv_rows(opened, log.delimiter), found, set(records), refused, limit)
    return found


def _opened(log: LogFile) -> gzip.GzipFile | BufferedReader:
    return gzip.open(log.read_from) if log.compression == "gzip" else Path(log.read_from).open("rb")


def _find_json(opened: Iterable[bytes], found: Lines, records: set[int]) -> None:
    filled = (number for number, line in enumerate(opened, start=1) if line.strip())
    for position, number in enumerate(filled, start=1):
        if position in records:
            found.records[position] = number
        if len(found.records) == len(records):
            return


def _find_csv(
    rows: Iterable[tuple[int, int]], found: Lines, records: set[int], refused: Sequence[int], limit: int
) -> None:
    last, position, met = max(records, default=0), 0, 0
    for line, end in rows:
        # Where a blank line precedes it, a refused row is placed at the last byte of the line before.
        before = met
        while met < len(refused) and refused[met] < end - 1:
            found.refused[refused[met]] = line
            met += 1
        if met == before:
            position += 1
            if position in records:
                found.records[position] = line
        if position >= last and met >= min(limit, len(refused)):
            return


def _csv_rows(opened: Iterable[bytes], delimiter: str) -> Iterator[tuple[int, int]]:
    """The rows of a table without its header: the line on which each begins, and the byte at which it ends."""
    end = 0

    def text() -> Iterator[str]:
        nonlocal end
        for line in opened:
            end += len(line)
            yield line.decode("utf-8", "replace")

    reader = csv.reader(text(), delimiter=delimiter)
    begin, header = 1, True
    try:
        for row in reader:
            if row and not header:
                yield begin, end
            header = header and not row
            begin = reader.line_num + 1
    except csv.Error:  # a value longer than 131,072 characters
        return
