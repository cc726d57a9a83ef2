"""What one record of a log says, in SQL: its time, its counts, and why it cannot be used."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import NamedTuple

from advisor.contract.shown import LONGEST, QUOTABLE
from advisor.contract.source import Scan
from advisor.ingest.formats import LogFile, quoted
from advisor.ingest.rows import FIELDS, rows_sql
from advisor.ingest.stamps import EARLIEST, FIRST_YEAR, LAST_YEAR, LATEST, Period, local_sql, offset_sql, wall_sql
from advisor.ingest.tokens import MAX_COUNT, disjoint_sql

COUNTS = ("input_tokens", "output_tokens", "cache_read_tokens", "cache_write_tokens", "requests")
REQUIRED = ("input_tokens", "output_tokens")
USABLE, UNUSABLE, TOO_LARGE, FAILED = 0, 1, 2, 3
EXACT = "DECIMAL(38, 24)"
"""Of money: billionths of what a token costs, up to 99 trillion."""
KEPT = f"""\
CREATE TABLE kept (
    file VARCHAR, fault UTINYINT, id UHUGEINT, second BIGINT, model VARCHAR, tier VARCHAR, requests BIGINT,
    uncached BIGINT, consistent BOOLEAN, cache_read BIGINT, cache_write BIGINT, output BIGINT, cost {EXACT}
)"""
"""One row a record. `fault` is 0 where it can be used, 3 where its request failed and used no tokens.

Only those two have a `second`, which is Unix time.

`id` is a digest of the request id.
"""


class Fault(NamedTuple):
    """A reason, as SQL over a placed record: when it holds, and how it reads."""

    holds: str
    reads: str
    code: int = UNUSABLE


@dataclass(frozen=True, slots=True, kw_only=True)
class Grammar:
    """How the records of one scan are read. `periods` are those of the scan's time zone; none without one."""

    spec: Scan
    periods: Sequence[Period] = ()

    def kept_sql(self, files: Sequence[LogFile]) -> str:
        """SQL of the rows of `KEPT` that *files* (all with the same `reading_key`) hold."""
        columns = self.spec.columns
        uncached, consistent = disjoint_sql(
            self.spec.input_includes,
            input_tokens="input_tokens",
            cache_read="cache_read_tokens",
            cache_write="cache_write_tokens",
        )
        counts = ", ".join(f"TRY_CAST(n_{name} AS BIGINT) AS {name}" for name in COUNTS)
        tier = "lower(r_tier)" if columns.tier else "NULL::VARCHAR"
        return f"""\
WITH placed AS ({self._placed_sql(rows_sql(files, columns, shape=self.spec.shape))}),
counted AS (SELECT *, {self._code_sql()} AS fault, {counts} FROM placed)
SELECT file, fault, md5_number(r_request_id) AS id, CASE WHEN fault IN ({USABLE}, {FAILED}) THEN second END AS second,
       {self._model()} AS model, {tier} AS tier, requests, TRY_CAST({uncached} AS BIGINT) AS uncached,
       {consistent} AS consistent, cache_read_tokens AS cache_read, cache_write_tokens AS cache_write,
       output_tokens AS output, TRY_CAST(r_cost AS {EXACT}) AS cost
FROM counted"""

    def faults_sql(self, file: LogFile, code: int, limit: int) -> str:
        """SQL of the first records of a file that have a fault of that *code*: their position, from 1, and why."""
        reads = " ".join(f"WHEN {fault.holds} THEN {fault.reads}" for fault in self.faults())
        placed = self._placed_sql(rows_sql([file], self.spec.columns, shape=self.spec.shape, numbered=True))
        return (
            f"SELECT number, CASE {reads} END FROM ({placed}) "
            f"WHERE {self._code_sql()} = {code} ORDER BY number LIMIT {limit}"
        )

    def _code_sql(self) -> str:
        codes = " ".join(f"WHEN {fault.holds} THEN {fault.code}" for fault in self.faults())
        return f"(CASE {codes} ELSE {USABLE} END)::UTINYINT"

    def faults(self) -> list[Fault]:
        """Everything that can be wrong with a record; the first that holds is the one."""
        nothing = " AND ".join(f"r_{field} IS NULL" for field in FIELDS if getattr(self.spec.columns, field))
        faults = [
            Fault(nothing, "'it is no record, or has none of the mapped columns'"),
            *self._stamp_faults(),
            *([Fault(_failed(), "'it failed'", FAILED)] if self.spec.columns.error else []),
            Fault(f"{self._model()} IS NULL", "'it names no model'"),
        ]
        for name in COUNTS:
            if getattr(self.spec.columns, name):
                faults += _count_faults(name)
        return faults

    def _model(self) -> str:
        return quoted(self.spec.model) if self.spec.model else "r_model"

    def _placed_sql(self, rows: str) -> str:
        """Raw rows with the time at which they happened and with their counts as numbers, NULL where there is none."""
        wall, zone = wall_sql("r_timestamp", self.spec.timestamp_unit, self.spec.origin)
        local, doubt = local_sql("wall", self.periods) if self.periods else ("NULL", "''")
        numbers = ", ".join(f"{_number(name)} AS n_{name}" for name in COUNTS)
        return f"""\
SELECT *, wall - ({offset_sql("zone", local)}) AS second, {numbers},
       CASE WHEN zone = '' THEN {doubt} ELSE '' END AS doubt
FROM (SELECT *{self._output_sql()}, {wall} AS wall, {zone} AS zone FROM ({rows}))"""

    def _output_sql(self) -> str:
        if not self.spec.output_optional:
            return ""
        nothing = "r_output_tokens IS NULL AND r_input_tokens IS NOT NULL"
        return f" REPLACE (CASE WHEN {nothing} THEN '0' ELSE r_output_tokens END AS r_output_tokens)"

    def _stamp_faults(self) -> list[Fault]:
        unit, zone = self.spec.timestamp_unit, self.spec.timezone
        clock = "strftime(make_timestamp(wall * 1000000), '%Y-%m-%d %H:%M:%S')"
        stamp = f"'timestamp ' || {_shown('r_timestamp')} || "
        unread = f"is no number of {unit}" if unit else "is no date and time; if it counts, set `timestamp_unit`"
        return [
            Fault("r_timestamp IS NULL", "'timestamp is missing'"),
            Fault("wall IS NULL", stamp + quoted(f" {unread}")),
            *([] if zone else [Fault("zone = ''", stamp + quoted(" has no zone: set `timezone`"))]),
            Fault("doubt = 'gap'", f"{clock} || {quoted(f' does not exist in {zone}: clocks went forward')}"),
            Fault("doubt = 'overlap'", f"{clock} || {quoted(f' happened twice in {zone}: clocks went back')}"),
            Fault("second IS NULL", stamp + "' has an unknown zone'"),
            Fault(
                f"NOT second BETWEEN {EARLIEST} AND {LATEST - 1}",
                stamp + quoted(f" is not between {FIRST_YEAR} and {LAST_YEAR}: check `timestamp_unit` and `origin`"),
            ),
        ]


def _failed() -> str:
    return " AND ".join(["r_error IS NOT NULL", *(f"r_{name} IS NULL" for name in COUNTS)])


def _number(name: str) -> str:
    # The engine reads 1_000 as a thousand; 29 digits before the point hold every count that needs naming.
    return f"CASE WHEN NOT contains(r_{name}, '_') THEN TRY_CAST(r_{name} AS DECIMAL(38, 9)) END"


def _count_faults(name: str) -> list[Fault]:
    raw, number = f"r_{name}", f"n_{name}"
    says = f"'{name} ' || {_shown(raw)} || "
    too_large = (
        f"{number} > {MAX_COUNT} OR ({number} IS NULL AND isfinite(TRY_CAST({raw} AS DOUBLE)) "
        f"AND TRY_CAST({raw} AS DOUBLE) > {float(MAX_COUNT)!r})"
    )
    missing = [Fault(f"{raw} IS NULL", f"'{name} is missing'")] if name in REQUIRED else []
    return [
        *missing,
        Fault(f"({too_large})", f"'{name} ' || {raw}", TOO_LARGE),
        Fault(f"{raw} IS NOT NULL AND {number} IS NULL", says + "' is not a whole number'"),
        # 1.000 is one to a computer and a thousand to half of Europe.
        Fault(
            f"{raw}[-4:] = '.000' AND length({raw}) <= 7",
            says + "' may be grouped by thousands: write it without the point'",
        ),
        Fault(f"{number} <> floor({number})", says + "' is not a whole number'"),
        Fault(f"{number} < 0", says + "' is negative'"),
    ]


def _shown(raw: str) -> str:
    """The SQL of `contract.shown`: what a customer wrote is not quoted."""
    quotable = f"length({raw}) <= {LONGEST} AND regexp_full_match({raw}, {quoted(QUOTABLE.pattern)})"
    told = f"'a text of ' || length({raw}) || ' characters'"
    return f"CASE WHEN {quotable} THEN '''' || {raw} || '''' ELSE {told} END"
