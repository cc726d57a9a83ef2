"""Counts the records of a scan that cannot be used, and names the first of them: file, line and why."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import TYPE_CHECKING, NamedTuple

from advisor.domain.facts import RowProblem
from advisor.ingest.formats import LogFile, lines_sql
from advisor.ingest.scan_lines import find_lines
from advisor.ingest.scan_records import TOO_LARGE, UNUSABLE, Grammar
from advisor.ingest.tokens import fitting

if TYPE_CHECKING:
    from duckdb import DuckDBPyConnection

NAMED = 20
NOT_CLOSED = "UNQUOTED VALUE"
WHY = {
    "MISSING COLUMNS": "it has fewer columns than the header",
    "TOO MANY COLUMNS": "it has more columns than the header",
    NOT_CLOSED: "a quote is not closed, or not where its value ends: lines up to the next quote are lost with it",
    "INVALID ENCODING": "it is not UTF-8, as the beginning of the file is",
    "LINE SIZE OVER MAXIMUM": "it is longer than 2 MB",
}
MAKE_REFUSED = "CREATE TABLE refused (file VARCHAR, line BIGINT, position BIGINT, error VARCHAR)"
KEEP_REFUSED = """\
INSERT INTO refused
SELECT file_path, line, min(line_byte_position) - 1, max(error_type)
FROM reject_errors JOIN reject_scans USING (scan_id, file_id) GROUP BY file_path, line"""
"""Keeps the lines of CSV files that were no rows, from tables that the engine makes while it reads."""
FORGET_REJECTS = "DROP TABLE IF EXISTS reject_errors; DROP TABLE IF EXISTS reject_scans"


@dataclass(frozen=True, slots=True, kw_only=True)
class Faults:
    """How many records there are, how many cannot be used, the first of those, and which files hold any records."""

    rows: int
    rejected: int
    problems: tuple[RowProblem, ...]
    files: frozenset[str]


class Count(NamedTuple):
    """One file's records: those the engine read, and lines that it refused."""

    read: int = 0
    unusable: int = 0
    too_large: int = 0
    refused: int = 0


def find_faults(
    engine: DuckDBPyConnection, grammar: Grammar, logs: Sequence[LogFile], label: Callable[[LogFile], str]
) -> Faults:
    """Count the records of the tables `kept` and `refused`; files with bad records are read again to name the first.

    Raises AdvisorError naming a record whose count does not fit 63 bits.
    """
    counts = _counts(engine, logs)
    engine.execute("SET preserve_insertion_order = true")  # positions are counted in the order of the file
    problems: list[RowProblem] = []
    for log in logs:
        count = counts.get(log.read_from, Count())
        if count.too_large:
            _refuse_too_large(engine, grammar, log, label(log))
        if (count.unusable or count.refused) and len(problems) < NAMED:
            problems += _name(engine, grammar, log, label(log), UNUSABLE, NAMED - len(problems))
    return Faults(
        rows=sum(count.read + count.refused for count in counts.values()),
        rejected=sum(count.unusable + count.refused for count in counts.values()),
        problems=tuple(problems),
        files=frozenset(counts),
    )


def _counts(engine: DuckDBPyConnection, logs: Sequence[LogFile]) -> dict[str, Count]:
    kept = engine.execute(f"""\
SELECT file, count(*), count_if(fault = {UNUSABLE}), count_if(fault = {TOO_LARGE})
FROM kept GROUP BY file""").fetchall()
    counts = {file: Count(*numbers) for file, *numbers in kept}
    refused = engine.execute(f"""\
SELECT file, count(*), bool_or(error = '{NOT_CLOSED}') FROM refused GROUP BY file""").fetchall()
    by_name = {log.read_from: log for log in logs}
    for file, lines, swallowing in refused:
        count = counts.get(file, Count())
        if swallowing:
            # A quote that is not closed may take the rest of the file with it: what is gone is what was not read.
            written = engine.execute(f"SELECT count(*) FROM {lines_sql(file, by_name[file].compression)}").fetchall()
            lines = max(lines, written[0][0] - 1 - count.read)
        counts[file] = count._replace(refused=lines)
    return counts


def _refuse_too_large(engine: DuckDBPyConnection, grammar: Grammar, log: LogFile, label: str) -> None:
    (problem,) = _name(engine, grammar, log, label, TOO_LARGE, 1)
    name, _, count = problem.why.partition(" ")
    fitting(int(Decimal(count)), f"{problem.where}: {name}")


def _name(
    engine: DuckDBPyConnection, grammar: Grammar, log: LogFile, label: str, code: int, limit: int
) -> list[RowProblem]:
    """The first records of a file with a fault of that *code*, among them the lines that were no rows at all."""
    records = engine.execute(grammar.faults_sql(log, code, limit)).fetchall()
    engine.execute(FORGET_REJECTS)
    query = "SELECT position FROM refused WHERE file = ? ORDER BY position"
    positions = [position for (position,) in engine.execute(query, [log.read_from]).fetchall()]
    lines = find_lines(log, [number for number, _ in records], positions, limit)
    named = []
    for number, why in records:
        line = lines.records.get(number)
        where = f"{label}:{line}" if line else f"{label} record {number}"
        named.append((line or number, RowProblem(where=where, why=why)))
    query = f"SELECT position, line, error FROM refused WHERE file = ? ORDER BY position LIMIT {limit}"
    refused = engine.execute(query, [log.read_from]).fetchall() if code == UNUSABLE else []
    for position, own_line, error in refused:
        line = lines.refused.get(position, own_line)
        named.append((line, RowProblem(where=f"{label}:{line}", why=WHY.get(error, error.lower()))))
    return [problem for _, problem in sorted(named, key=lambda item: item[0])][:limit]
