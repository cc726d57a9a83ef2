"""The scan engine: log files of any size to buckets of usage and daily costs, in SQL and bounded memory."""

from __future__ import annotations

import os
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING
from zoneinfo import ZoneInfoNotFoundError

from advisor.contract.gather import gather
from advisor.contract.source import Scan
from advisor.domain.facts import CostFact, RowProblem, UsageFact
from advisor.domain.units import Window
from advisor.errors import SourceError
from advisor.ingest.scan_faults import find_faults
from advisor.ingest.scan_files import Reading, labels
from advisor.ingest.scan_records import Grammar
from advisor.ingest.scan_sums import sums
from advisor.ingest.stamps import wall_periods

if TYPE_CHECKING:
    from duckdb import DuckDBPyConnection

MEMORY_LIMIT = "700MB"
MAX_THREADS = 4
"""Each thread that reads JSON buffers two records of the greatest size, 32 MB."""
FILES_NAMED = 5


@dataclass(frozen=True, slots=True, kw_only=True)
class Scanned:
    """What a scan brought: facts in the window, and what their reader should know.

    `rows` are all records of the files, inside the window or not, the rejected ones among them. `problems` are the
    first rejected records. `lost` are files of which nothing is counted, each with why and what to do about it: where
    there are any, the source is partial.
    """

    usage: list[UsageFact]
    costs: list[CostFact]
    rows: int
    rejected: int
    problems: tuple[RowProblem, ...]
    warnings: tuple[str, ...]
    lost: tuple[str, ...]


def scan(spec: Scan, window: Window) -> Scanned:
    """Read the files of *spec*, and sum what they say of *window*.

    Raises SourceError where there is no file, none can be read, or a column is mapped that no file has; AdvisorError
    naming the record whose count, or the bucket whose sum, does not fit 63 bits.
    """
    if spec.columns.cost and not spec.currency:
        raise SourceError("a cost column needs a currency", 'add currency = "USD" or another to the source')
    gathering = gather(spec.paths, window, skip=spec.skip, access=spec.access, partitioned=spec.partitioned)
    with gathering as gathered, _engine() as (engine, scratch):
        reading = Reading(engine=engine, scratch=scratch, grammar=_grammar(spec))
        reading.read(gathered.files)
        names = labels(reading.logs)
        faults = find_faults(engine, reading.grammar, reading.logs, lambda log: names[log.read_from])
        found = sums(engine, spec, window)
    without = [log.path for log in reading.logs if log.read_from not in faults.files]
    return Scanned(
        usage=found.usage,
        costs=found.costs,
        rows=faults.rows,
        rejected=faults.rejected,
        problems=faults.problems,
        warnings=(
            *_first([f"{file.name} is empty" for file in reading.empty], "files are empty as well"),
            *_first([f"{file.name} holds no records" for file in without], "files hold no records either"),
            *found.warnings,
        ),
        lost=_first([f"{error.message}; {error.hint}" for error in reading.lost], "files are lost as well"),
    )


def _grammar(spec: Scan) -> Grammar:
    try:
        return Grammar(spec=spec, periods=tuple(wall_periods(spec.timezone)) if spec.timezone else ())
    except (ZoneInfoNotFoundError, ValueError) as error:
        raise SourceError(f"there is no time zone {spec.timezone!r}", 'write it as "UTC" or "Europe/Berlin"') from error


@contextmanager
def _engine() -> Iterator[tuple[DuckDBPyConnection, Path]]:
    """An engine of bounded memory, and a folder for what it and its callers write, gone afterwards."""
    import duckdb

    with tempfile.TemporaryDirectory(prefix="advisor-", ignore_cleanup_errors=True) as name:
        engine = duckdb.connect(
            f"{name}/engine.duckdb",
            config={
                "memory_limit": MEMORY_LIMIT,
                "threads": min(os.cpu_count() or 1, MAX_THREADS),
                "temp_directory": f"{name}/spill",
                "preserve_insertion_order": False,
                "autoinstall_known_extensions": False,
                "TimeZone": "UTC",
            },
        )
        scratch = Path(name) / "files"
        scratch.mkdir()
        try:
            yield engine, scratch
        finally:
            engine.close()


def _first(lines: Sequence[str], others: str) -> tuple[str, ...]:
    """The first lines, and how many others there are."""
    more = len(lines) - FILES_NAMED
    return (*lines[:FILES_NAMED], f"{more:,} more {others}") if more > 0 else tuple(lines)
