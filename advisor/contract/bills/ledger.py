"""The sums of all billing files of one source, in the engine: newer deliveries replace what older ones said."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, date
from typing import TYPE_CHECKING, Any

from advisor.contract.bills.form import NAMES_TOKENS, Form
from advisor.contract.bills.tables import Table
from advisor.domain.units import Window

if TYPE_CHECKING:
    from duckdb import DuckDBPyConnection

MAKE = """\
CREATE TABLE charge (
    delivery INTEGER, file INTEGER, topic VARCHAR, account VARCHAR, sub_account VARCHAR, period DATE, day DATE,
    is_usage BOOLEAN, "start" TIMESTAMP, "end" TIMESTAMP, kind VARCHAR, provider VARCHAR, service VARCHAR,
    meter VARCHAR, sku VARCHAR, detail VARCHAR, product VARCHAR, unit VARCHAR, priced_unit VARCHAR, currency VARCHAR,
    invoiced BOOLEAN, instance VARCHAR, instance_gpus VARCHAR, counted BOOLEAN, paid BOOLEAN,
    row_count BIGINT, quantity DECIMAL(38, 15),
    priced_quantity DECIMAL(38, 15), billed DECIMAL(38, 15), effective DECIMAL(38, 15)
)"""
# Rows about something else are one group a day: that the delivery speaks for the day is all that matters of them.
ADD = """\
INSERT INTO charge
SELECT
    {delivery}, {file}, CASE WHEN wrong IS NULL THEN topic ELSE 'wrong' END, coalesce(account, ''),
    coalesce(sub_account, ''), coalesce(period, date_trunc('month', "start"))::DATE, "start"::DATE, kind = 'usage',
    {llm[start]}, {llm[end]}, {llm[kind]}, {llm[provider]}, {llm[service]}, {llm[meter]}, {llm[sku]}, {llm[detail]},
    {llm[product]}, {llm[unit]}, {llm[priced_unit]},
    CASE WHEN topic IS NOT NULL AND wrong IS NULL THEN coalesce(currency, '') END,
    CASE WHEN topic = 'llm' AND wrong IS NULL THEN invoice IS NOT NULL END,
    CASE WHEN topic = 'gpu' THEN instance END, CASE WHEN topic = 'gpu' THEN instance_gpus END,
    topic = 'llm' AND quantity IS NOT NULL, topic = 'llm' AND billed IS NOT NULL,
    count(*), sum(quantity) FILTER (topic IS NOT NULL AND wrong IS NULL),
    sum(priced_quantity) FILTER (topic = 'llm' AND wrong IS NULL),
    sum(billed) FILTER (topic IS NOT NULL AND wrong IS NULL),
    sum(effective) FILTER (topic IS NOT NULL AND wrong IS NULL)
FROM ({rows})
GROUP BY ALL"""
OF_LLM = ("start", "end", "kind", "provider", "service", "meter", "sku", "detail", "product", "unit", "priced_unit")
# A delivery speaks for the days on which it has usage; one without usage for the days of its other charges.
PAIRS = """\
CREATE OR REPLACE TEMP TABLE spoken AS
SELECT delivery, account, sub_account, period, day FROM (
    SELECT delivery, account, sub_account, period, day, bool_or(is_usage) AS used
    FROM charge WHERE day IS NOT NULL GROUP BY ALL
) QUALIFY used OR NOT bool_or(used) OVER (PARTITION BY delivery, account, sub_account, period);
CREATE OR REPLACE TEMP TABLE pair AS
WITH span AS (
    SELECT delivery, account, sub_account, period, min(day) AS first, max(day) AS last FROM spoken GROUP BY ALL
)
SELECT
    old.delivery AS older, new.delivery AS newer, old.account, old.sub_account, old.period,
    new.first <= old.first AND new.last >= old.last AS whole
FROM span AS old JOIN span AS new USING (account, sub_account, period)
WHERE old.delivery < new.delivery AND EXISTS (
    SELECT 1 FROM spoken AS theirs JOIN spoken AS ours USING (account, sub_account, period, day)
    WHERE theirs.delivery = old.delivery AND ours.delivery = new.delivery
        AND theirs.account = old.account AND theirs.sub_account = old.sub_account AND theirs.period = old.period
)"""
REPLACED = """\
FROM pair WHERE pair.older = charge.delivery AND pair.account = charge.account
    AND pair.sub_account = charge.sub_account AND pair.period = charge.period
    AND (pair.whole OR EXISTS (
        SELECT 1 FROM spoken WHERE spoken.delivery = pair.newer AND spoken.account = pair.account
            AND spoken.sub_account = pair.sub_account AND spoken.period = pair.period AND spoken.day = charge.day
    ))"""
SERIES = f"""\
SELECT
    provider, kind, meter, sku, CASE WHEN regexp_matches(concat_ws(' ', meter, sku), '{NAMES_TOKENS}', 'i') THEN ''
    ELSE detail END AS named, product, service, unit, priced_unit, max(detail), "start", "end", account, currency,
    sum(quantity), sum(priced_quantity), sum(billed), sum(effective), bool_and(invoiced), max(period), min(file)
FROM charge WHERE topic = 'llm' AND "start" >= ? AND "start" < ?
GROUP BY 1, 2, 3, 4, 5, 6, 7, 8, 9, "start", "end", account, currency, counted, paid
ORDER BY 1, 2, 3, 4, 5, 6, 7, 8, 9, "start", "end", account, currency"""
GPUS = """\
SELECT date_trunc('month', day)::DATE, instance, max(instance_gpus), currency, sum(quantity), sum(effective)
FROM charge WHERE topic = 'gpu' AND day >= ? AND day < ? GROUP BY 1, 2, 4 ORDER BY 1, 2, 4"""
DIFFERING = """\
SELECT date_trunc('month', "start")::DATE AS month, currency, sum(billed), sum(effective)
FROM charge WHERE topic = 'llm' AND "start" >= ? AND "start" < ?
GROUP BY 1, 2 HAVING abs(sum(billed) - sum(effective)) >= 0.005 ORDER BY 1, 2"""
AROUND = """\
SELECT coalesce(sum(row_count) FILTER (NOT inside), 0), min(day) FILTER (llm), max(day) FILTER (llm),
    coalesce(bool_or(llm AND inside), false)
FROM (
    SELECT row_count, day, llm, llm AND "start" >= ? AND "start" < ? OR topic IS NOT DISTINCT FROM 'wrong' AS inside
    FROM (SELECT *, topic IS NOT DISTINCT FROM 'llm' AS llm FROM charge)
)"""


@dataclass(frozen=True, slots=True, kw_only=True)
class Superseded:
    """Charges of one delivery that a newer one replaced; deliveries by their number."""

    older: int
    newer: int
    first: date
    last: date


class Ledger:
    """Sums by period, meter and account. Deliveries are numbered from the oldest."""

    def __init__(self, engine: DuckDBPyConnection, form: Form) -> None:
        self._engine = engine
        self._form = form
        engine.execute(MAKE)

    def add(self, table: Table, delivery: int, file: int) -> None:
        """Sum one file. Raises UnreadableError, or the engine's error for a damaged file: nothing of it counts."""
        llm = {name: f"CASE WHEN topic = 'llm' AND wrong IS NULL THEN {_or_empty(name)} END" for name in OF_LLM}
        rows = self._form.rows(table)
        self._engine.execute(ADD.format(delivery=delivery, file=file, llm=llm, rows=rows))

    def replace_older(self) -> list[Superseded]:
        """Drop what newer deliveries say again, for the same account and billing period.

        A delivery that covers all the days of an older one replaces it; else it replaces the days that both cover.
        """
        self._engine.execute(PAIRS)
        found = self._engine.execute(
            f"SELECT older, newer, min(day), max(day) FROM (SELECT pair.older, pair.newer, charge.day "
            f"{REPLACED.replace('FROM pair WHERE', 'FROM charge, pair WHERE')}) GROUP BY ALL ORDER BY ALL"
        ).fetchall()
        self._engine.execute(f"DELETE FROM charge USING {REPLACED.removeprefix('FROM ')}")
        return [Superseded(older=older, newer=newer, first=first, last=last) for older, newer, first, last in found]

    def files(self) -> dict[int, bool]:
        """The files of which something counts, and whether they hold bad rows."""
        query = "SELECT file, bool_or(topic IS NOT DISTINCT FROM 'wrong') FROM charge GROUP BY file ORDER BY file"
        return dict(self._engine.execute(query).fetchall())

    def faults(self, table: Table) -> Iterator[tuple[int, str]]:
        """The place of each bad row of a file, and what is wrong with it."""
        numbered = self._form.rows(table, numbered=True)
        yield from _rows(self._engine, f"SELECT line, wrong FROM ({numbered}) WHERE wrong IS NOT NULL ORDER BY line")

    def series(self, window: Window) -> Iterator[tuple[Any, ...]]:
        """The sums of LLM charges that start in *window*: ordered by meter, then by time."""
        return _rows(self._engine, SERIES, _bounds(window))

    def gpus(self, window: Window) -> list[tuple[Any, ...]]:
        """Hours and cost of GPU instances by month, type and currency."""
        return self._engine.execute(GPUS, _bounds(window)).fetchall()

    def differing(self, window: Window) -> list[tuple[Any, ...]]:
        """Months in which LLM charges were billed at another sum than their effective cost, with both."""
        return self._engine.execute(DIFFERING, _bounds(window)).fetchall()

    def around(self, window: Window) -> tuple[int, date | None, date | None, bool]:
        """Rows that are not about LLMs in *window*; the days of LLM charges anywhere; whether any are in it."""
        rows, first, last, any_inside = self._engine.execute(AROUND, _bounds(window)).fetchall()[0]
        return int(rows), first, last, any_inside


def _or_empty(name: str) -> str:
    return f'"{name}"' if name in ("start", "end") else f"coalesce({name}, '')"


def _bounds(window: Window) -> list[str]:
    """A window as UTC times without a zone, as the engine holds them."""
    return [f"{moment.astimezone(UTC):%Y-%m-%d %H:%M:%S}" for moment in (window.start, window.end)]


def _rows(engine: DuckDBPyConnection, query: str, values: list[str] | None = None) -> Iterator[tuple[Any, ...]]:
    """The rows of a query, a part at a time; nothing else may be asked of the engine meanwhile."""
    found = engine.execute(query, values or [])
    while rows := found.fetchmany(10_000):
        yield from rows
