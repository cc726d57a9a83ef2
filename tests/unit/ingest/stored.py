"""Stored facts for tests: series, charges, the days that sources speak for, and the book made of them."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from typing import Any

import numpy as np

from advisor.contract.store import Coverage, PullRecord
from advisor.domain.assumptions import Workload
from advisor.domain.facts import Basis, CostFact, PullStatus
from advisor.domain.units import DAY_SECONDS, HOUR_SECONDS, Money, Month, Window
from advisor.domain.usage import UNREPORTED, UsageSeries
from advisor.ingest.book import Book
from advisor.market.token_prices import OwnPrice, TokenPrices

OCTOBER = Month(2026, 10)
FIRST_OF_OCTOBER = date(2026, 10, 1)
NOW = datetime(2026, 11, 24, 12, tzinfo=UTC)
LLAMA = "meta.llama3-1-8b-instruct-v1:0"
LIST = OwnPrice(
    model="llama-3.1-8b", input=Decimal("0.20"), output=Decimal("0.60"), currency="USD", source="a price list"
)


def hourly(
    tokens: Mapping[date, int] | int,
    *,
    output: int = 0,
    month: Month = OCTOBER,
    source: str = "logs",
    provider: str = "aws",
    model_raw: str = LLAMA,
    tier: str = "on_demand",
    cache_read: int = UNREPORTED,
    requests: int = 1,
) -> UsageSeries:
    """One bucket of an hour at noon of each day: *tokens* of input a day, the same every day where it is a number."""
    by_day = dict.fromkeys(month.days(), tokens) if isinstance(tokens, int) else dict(tokens)
    days = sorted(by_day)
    starts = [int(datetime(day.year, day.month, day.day, 12, tzinfo=UTC).timestamp()) for day in days]
    return series(
        starts, [by_day[day] for day in days], output=output, source=source, provider=provider, model_raw=model_raw,
        tier=tier, cache_read=cache_read, requests=requests, width_seconds=HOUR_SECONDS,
    )  # fmt: skip


def series(
    starts: Sequence[int],
    uncached_input: Sequence[int],
    *,
    output: int = 0,
    source: str = "logs",
    provider: str = "aws",
    model_raw: str = LLAMA,
    tier: str = "on_demand",
    cache_read: int = UNREPORTED,
    requests: int = 1,
    width_seconds: int = HOUR_SECONDS,
) -> UsageSeries:
    def filled(value: int) -> Any:
        return np.full(len(starts), value, np.int64)

    return UsageSeries(
        source=source,
        provider=provider,
        model_raw=model_raw,
        tier=tier,
        width_seconds=width_seconds,
        starts=np.array(starts, np.int64),
        requests=filled(requests),
        uncached_input=np.array(uncached_input, np.int64),
        cache_read=filled(cache_read),
        cache_write=filled(UNREPORTED),
        output=filled(output),
    )


def charge(
    amount: str,
    first: date = FIRST_OF_OCTOBER,
    days: int = 31,
    *,
    source: str = "invoice",
    provider: str = "aws",
    model_raw: str = LLAMA,
    currency: str = "USD",
    basis: Basis = Basis.BILLED,
    tier: str = "on_demand",
    final: bool | None = None,
) -> CostFact:
    start = datetime(first.year, first.month, first.day, tzinfo=UTC)
    return CostFact(
        provider=provider,
        model_raw=model_raw,
        start=start,
        end=start + timedelta(days=days),
        amount=Money(Decimal(amount), currency),
        basis=basis,
        tier=tier,
        final=final,
        source=source,
    )


def book(
    usage: Iterable[UsageSeries] = (),
    costs: Iterable[CostFact] = (),
    *,
    usage_days: Mapping[str, Iterable[date]] | None = None,
    cost_days: Mapping[str, Iterable[date]] | None = None,
    status: Mapping[str, PullStatus] | None = None,
    overlaps: Mapping[str, frozenset[str]] | None = None,
    workloads: Sequence[Workload] = (),
    prices: Sequence[OwnPrice] = (LIST,),
    now: datetime = NOW,
    **more: Any,
) -> Book:
    """A book in which every source speaks for the days of its own facts, unless told otherwise."""
    usage, costs = list(usage), list(costs)
    names = sorted({one.source for one in usage} | {cost.source for cost in costs})
    counted = {name: _days_of(one for one in usage if one.source == name) for name in names}
    paid = {name: _days_paid(cost for cost in costs if cost.source == name) for name in names}
    counted |= {name: set(days) for name, days in (usage_days or {}).items()}
    paid |= {name: set(days) for name, days in (cost_days or {}).items()}
    return Book(
        sources=names,
        series=usage,
        costs=costs,
        coverage={
            name: Coverage(usage_days=frozenset(counted[name]), cost_days=frozenset(paid[name])) for name in names
        },
        pulls={name: _pull(name, (status or {}).get(name, PullStatus.OK)) for name in names},
        overlaps=overlaps or {},
        workloads=workloads,
        prices=TokenPrices(prices),
        exchange=more.get("exchange", ()),
        currency=more.get("currency", "USD"),
        now=now,
    )


def _days_of(usage: Iterable[UsageSeries]) -> set[date]:
    return {
        date.fromordinal(day + date(1970, 1, 1).toordinal() + more)
        for one in usage
        for day in np.unique(one.starts // DAY_SECONDS).tolist()
        for more in range(max(1, one.width_seconds // DAY_SECONDS))
    }


def _days_paid(costs: Iterable[CostFact]) -> set[date]:
    return {day for cost in costs for day in Window(cost.start, cost.end).days()}


def _pull(source: str, status: PullStatus) -> PullRecord:
    return PullRecord(
        source=source, kind="request-log", window=OCTOBER.window, pulled_at=NOW, status=status,
        complete_through=OCTOBER.end, rows=31, rejected=0, problems=(), warnings=(),
    )  # fmt: skip
