"""Sums the usable records of a scan into buckets and daily charges, each record once."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from advisor.contract.source import Scan
from advisor.domain.facts import Basis, CostFact, Tokens, UsageFact, tier_named
from advisor.domain.units import DAY_SECONDS, FIVE_MINUTES, HOUR_SECONDS, Money, Window
from advisor.errors import SourceError
from advisor.ingest.scan_records import FAILED, USABLE
from advisor.ingest.scan_repeats import counted, drop_repeated
from advisor.ingest.tokens import fitting

if TYPE_CHECKING:
    from duckdb import DuckDBPyConnection

MONTH = 0
WIDTHS = (FIVE_MINUTES, HOUR_SECONDS, DAY_SECONDS)
MONTH_START = "epoch(date_trunc('month', make_timestamp(second * 1000000)))::BIGINT"
MONTH_WIDTH = f"epoch(date_trunc('month', make_timestamp(second * 1000000)) + INTERVAL 1 MONTH)::BIGINT - {MONTH_START}"


@dataclass(slots=True, kw_only=True)
class Sums:
    """What the records of a scan add up to."""

    usage: list[UsageFact] = field(default_factory=list)
    costs: list[CostFact] = field(default_factory=list)
    warnings: list[str] = field(default_factory=list)


def sums(engine: DuckDBPyConnection, spec: Scan, window: Window) -> Sums:
    """Sum the table `scan_records.KEPT` over *window*; repeated records are deleted from it.

    Requests go into buckets of 300 s. Rows that are sums already keep the width that their stamps show: months if all
    of them start a UTC month, else the narrowest of 300 s, an hour and a day that no row can be wider than. Raises
    AdvisorError where a sum does not fit 63 bits.
    """
    found = Sums()
    if spec.columns.request_id:
        found.warnings += drop_repeated(engine)
    _name_tiers(engine)
    width = _width(engine, found) if spec.columns.requests else FIVE_MINUTES
    low, high = (int(moment.timestamp()) for moment in (window.start, window.end))
    start = MONTH_START if width == MONTH else f"second - second % {width}"
    seconds = MONTH_WIDTH if width == MONTH else str(width)
    engine.execute(
        f"CREATE VIEW counted AS SELECT kept.*, named.tier AS named, {start} AS start, {seconds} AS width "
        f"FROM kept JOIN tiers AS named ON kept.tier IS NOT DISTINCT FROM named.word "
        f"WHERE fault = 0 AND start >= {low} AND start < {high}"
    )
    _usage(engine, spec, found)
    if spec.columns.error:
        _say_what_failed(engine, low, high, found)
    if spec.columns.cost:
        _costs(engine, spec, found)
    return found


def _name_tiers(engine: DuckDBPyConnection) -> None:
    words = [word for (word,) in engine.execute("SELECT DISTINCT tier FROM kept").fetchall()]
    engine.execute("CREATE TEMP TABLE tiers (word VARCHAR, tier VARCHAR)")
    if words:
        engine.executemany("INSERT INTO tiers VALUES (?, ?)", [(word, tier_named(word)) for word in words])


def _width(engine: DuckDBPyConnection, found: Sums) -> int:
    """The width in seconds of rows that are sums already, MONTH for whole months.

    Rows start on multiples of their width, so no row is wider than the greatest common divisor of the distances
    between stamps: rows at 00:00, 00:15 and 00:45 may each be a quarter of an hour, which only an hour is sure to hold.
    """
    months, days, hours, distance = engine.execute(f"""\
SELECT bool_and(second = {MONTH_START}), bool_and(second % {DAY_SECONDS} = 0), bool_and(second % {HOUR_SECONDS} = 0),
       coalesce(list_reduce(list_distinct(list(DISTINCT second - first)), lambda x, y: gcd(x, y)), 0)
FROM (SELECT second, min(second) OVER () AS first FROM kept WHERE fault = 0 GROUP BY second)""").fetchall()[0]
    if months:
        return MONTH
    aligned = DAY_SECONDS if days else HOUR_SECONDS if hours else FIVE_MINUTES
    width = max(aligned, next((width for width in WIDTHS if width >= distance), DAY_SECONDS))
    if width == DAY_SECONDS and not days:
        found.warnings.append(
            "its rows cover more than an hour and do not begin with UTC days: each counts for the UTC day in which it "
            "begins"
        )
    return width


def _usage(engine: DuckDBPyConnection, spec: Scan, found: Sums) -> None:
    requests = "CASE WHEN count(requests) = count(*) THEN sum(requests) END" if spec.columns.requests else "count(*)"
    rows = engine.execute(f"""\
SELECT start, width, model, named, {requests}, sum(uncached), sum(cache_read), sum(cache_write), sum(output)
FROM counted GROUP BY ALL ORDER BY ALL""").fetchall()
    for start, width, model, tier, count, uncached, read, written, output in rows:
        at = datetime.fromtimestamp(start, UTC)
        most = max(uncached, output, count or 0, read or 0, written or 0)
        fitting(most, f"a count of {model} in the {width} seconds from {at:%Y-%m-%d %H:%M}")
        tokens = Tokens(uncached_input=uncached, output=output, cache_read=read, cache_write=written)
        found.usage.append(
            UsageFact(
                provider=spec.provider, model_raw=model, start=at, width_seconds=width, tokens=tokens,
                requests=count, tier=tier,
            )
        )  # fmt: skip
    if inconsistent := _one(engine, "SELECT count(*) FROM counted WHERE NOT consistent"):
        found.warnings.append(
            f"{counted(inconsistent, 'states', 'state')} more cached tokens than input that includes them: the counts "
            "are kept as stated; check input_includes_cache"
        )
    if not rows:
        _say_where_the_rows_are(engine, found)


def _say_what_failed(engine: DuckDBPyConnection, low: int, high: int, found: Sums) -> None:
    query = f"""\
SELECT count_if(fault = {FAILED}), count(*) FROM kept
WHERE fault IN ({USABLE}, {FAILED}) AND second >= {low} AND second < {high}"""
    failed, requests = engine.execute(query).fetchall()[0]
    if failed:
        found.warnings.append(f"{failed:,} of {requests:,} requests failed and used no tokens: they are counted apart")


def _say_where_the_rows_are(engine: DuckDBPyConnection, found: Sums) -> None:
    first, last = engine.execute("SELECT min(second), max(second) FROM kept WHERE fault = 0").fetchall()[0]
    if first is not None:
        days = [datetime.fromtimestamp(second, UTC).date() for second in (first, last)]
        found.warnings.append(
            f"every record lies outside the time asked for: the first is of {days[0]}, the last of {days[1]}"
        )


def _costs(engine: DuckDBPyConnection, spec: Scan, found: Sums) -> None:
    """One charge for each model, tier and UTC day, or wider bucket; none where a record with tokens lacks its cost."""
    import duckdb

    day = f"CASE WHEN width > {DAY_SECONDS} THEN start ELSE start - start % {DAY_SECONDS} END"
    try:
        rows = engine.execute(f"""\
SELECT {day} AS first, max(greatest(width, {DAY_SECONDS})), model, named, sum(cost),
       bool_or(cost IS NULL AND uncached + output + coalesce(cache_read, 0) + coalesce(cache_write, 0) > 0)
FROM counted GROUP BY first, model, named ORDER BY first, model, named""").fetchall()
    except duckdb.OutOfRangeException as error:
        raise SourceError(f"the costs are too large to be summed: {error}", "check which column is `cost`") from error
    unknown = [row for row in rows if row[5]]
    for first, width, model, tier, amount, incomplete in rows:
        if amount is None or incomplete:
            continue
        found.costs.append(
            CostFact(
                provider=spec.provider, model_raw=model, start=datetime.fromtimestamp(first, UTC),
                end=datetime.fromtimestamp(first + width, UTC), amount=Money(amount, spec.currency),
                basis=Basis.ESTIMATED, tier=tier,
            )
        )  # fmt: skip
    if unknown:
        day_named = datetime.fromtimestamp(unknown[0][0], UTC).date()
        found.warnings.append(
            f"cost is missing or unreadable in records of {len(unknown)} model-days, which therefore have no cost; "
            f"the first: {unknown[0][2]} on {day_named}"
        )


def _one(engine: DuckDBPyConnection, query: str) -> Any:
    return engine.execute(query).fetchall()[0][0]
