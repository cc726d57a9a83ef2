"""Why a bill is another than a month before: volume, price and mix, in cents that add up."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, timedelta
from decimal import Decimal

from advisor.domain.change import Variance
from advisor.domain.units import Money, Month
from advisor.domain.usage import UsageLine, WorkloadUsage
from advisor.market.models import canonical
from advisor.market.rates import Rates
from advisor.market.token_prices import TokenPrices

Key = tuple[str, str, str]
"""Provider, raw model id and tier."""
COMPONENTS = ("uncached_input", "cache_read", "cache_write", "output")
WHOLE = "tokens"
"""The one component of a line that cannot be split."""
RATES = ("input", "cache_read", "cache_write", "output")


@dataclass(frozen=True, slots=True, kw_only=True)
class Part:
    """Tokens that share a price, and what they cost."""

    tokens: int
    cost: Decimal


def variance(before: WorkloadUsage, after: WorkloadUsage, prices: TokenPrices) -> Variance | None:
    """The change of a workload's bill between two closed months; None where a bill or its tokens are not known.

    With q tokens at p a token in each part i (a provider, model, tier and component), and Q, C, P = C / Q of the whole:

        volume = (Q1 - Q0) P0        price = sum of q1_i (p1_i - p0_i)        mix = C1 - C0 - volume - price

    A part that is new has no former price, so what it costs beside P0 is mix. A bill knows no components: each line is
    split over them by list price, where that is known of both months.
    """
    if before.cost is None or after.cost is None or before.cost.currency != after.cost.currency:
        return None
    days = _last_day(before.month), _last_day(after.month)
    lines = (*before.lines, *after.lines)
    listed = {key: _list_rates(prices, key, days) for key in {_key(line) for line in lines}}
    # A line is split in both months, or in neither: its parts must find each other.
    whole = {_key(line) for line in lines for name, _, _ in _shares(line, listed[_key(line)]) if name == WHOLE}
    split = {key: rates for key, rates in listed.items() if rates and key not in whole}
    then, now = _parts(before, split), _parts(after, split)
    if then is None or now is None or not before.tokens.total:
        return None
    currency = after.cost.currency
    grown = (after.tokens.total - before.tokens.total) * before.cost.amount / before.tokens.total
    dearer = sum(
        (
            part.cost - part.tokens * former.cost / former.tokens
            for key, part in now.items()
            if (former := then.get(key)) and former.tokens and part.tokens
        ),
        Decimal(0),
    )
    start, end = Money(before.cost.cents(), currency), Money(after.cost.cents(), currency)
    volume, price = Money(Money(grown, currency).cents(), currency), Money(Money(dearer, currency).cents(), currency)
    return Variance(
        since=before.month,
        before=start,
        after=end,
        volume=volume,
        price=price,
        mix=end - start - volume - price,
    )


def _last_day(month: Month) -> date:
    return month.end.date() - timedelta(days=1)


def _key(line: UsageLine) -> Key:
    return line.provider, line.model_raw, line.tier


def _list_rates(prices: TokenPrices, key: Key, days: tuple[date, date]) -> Rates | None:
    """The list price that splits a line in both months, that of the later one; None unless both have one."""
    provider, model_raw, tier = key
    known = canonical(model_raw)
    found = [
        prices.rates(provider=provider, model_raw=model_raw, model_id=known.id if known else None, tier=tier, on=day)
        for day in days
    ]
    last = found[-1]
    return last if isinstance(last, Rates) and all(isinstance(one, Rates) for one in found) else None


def _parts(usage: WorkloadUsage, split: Mapping[Key, Rates]) -> dict[tuple[str, ...], Part] | None:
    """A month's tokens and cost by line and component; None where a line's cost is not known."""
    tokens: dict[tuple[str, ...], int] = defaultdict(int)
    costs: dict[tuple[str, ...], Decimal] = defaultdict(Decimal)
    for line in usage.lines:
        cost = line.billed if line.billed is not None else line.estimated
        if cost is None:
            return None
        for component, count, share in _shares(line, split.get(_key(line))):
            key = (*_key(line), component)
            tokens[key] += count
            costs[key] += cost.amount * share
    return {key: Part(tokens=count, cost=costs[key]) for key, count in tokens.items()}


def _shares(line: UsageLine, rates: Rates | None) -> list[tuple[str, int, Decimal]]:
    """The line's components with their tokens and shares of its cost, by list price; whole where that is not known."""
    whole = [(WHOLE, line.tokens.total, Decimal(1))]
    if rates is None:
        return whole
    counts = [getattr(line.tokens, name) or 0 for name in COMPONENTS]
    asked = [getattr(rates, name) for name in RATES]
    if any(count and rate is None for count, rate in zip(counts, asked, strict=True)):
        return whole
    weights = [count * (rate or Decimal(0)) for count, rate in zip(counts, asked, strict=True)]
    total = sum(weights, Decimal(0))
    if not total:
        return whole
    return [
        (name, count, weight / total) for name, count, weight in zip(COMPONENTS, counts, weights, strict=True) if count
    ]
