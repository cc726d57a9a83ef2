"""The lines of a traffic, each a source, seller, model id and tier, and what each of them costs on given days."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, date
from decimal import Decimal
from functools import reduce
from operator import add

import numpy as np

from advisor.domain.assumptions import Workload
from advisor.domain.facts import Basis
from advisor.domain.units import Money, Month
from advisor.domain.usage import UsageLine
from advisor.ingest.charges import Charge, agreement, named, spread
from advisor.ingest.flows import Facts, Flow
from advisor.ingest.money import Exchange, Listed, Unknown, at_list_price
from advisor.ingest.totals import Count, Lane, Mask, day_number
from advisor.ingest.workloads import Id
from advisor.market.models import canonical
from advisor.market.token_prices import Rates, Unpriced

BEST_FIRST = (Basis.BILLED, Basis.ALLOCATED, Basis.ESTIMATED)


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Line:
    """The counted lanes of one source, seller, model id and tier, of every width; they belong to one workload."""

    source: str
    seller: str
    model_raw: str
    tier: str
    provider: str
    workload: Workload
    lanes: tuple[Lane, ...]


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Priced:
    """A line on given days: what it used, what that is at list price (then and now), and what was charged for it.

    `charged` is None where no charge pays for it; its list price is then its cost, and `basis` says estimated.
    """

    line: Line
    count: Count
    listed: Listed
    listed_today: Money | Unknown
    charged: Money | Unknown | None
    basis: Basis

    @property
    def cost(self) -> Money | Unknown:
        return self.listed.amount if self.charged is None else self.charged

    @property
    def cost_today(self) -> Money | None:
        """The cost at today's token prices; what was charged moves as the list price did. None where unknown."""
        then, today = self.listed.amount, self.listed_today
        if self.charged is None:
            return today if isinstance(today, Money) else None
        if not isinstance(self.charged, Money):
            return None
        if not self.count.tokens.total:
            return self.charged
        if not isinstance(then, Money) or not isinstance(today, Money) or not then.amount:
            return None
        return self.charged * (today.amount / then.amount)

    def usage_line(self) -> UsageLine:
        """The line as reports show it."""
        listed = self.listed.amount
        billed = self.charged if self.basis is not Basis.ESTIMATED else None
        estimated = self.charged if self.charged is not None and self.basis is Basis.ESTIMATED else listed
        return UsageLine(
            source=self.line.source,
            provider=self.line.seller or self.line.provider,
            model_raw=self.line.model_raw,
            tier=self.line.tier,
            tokens=self.count.tokens,
            requests=self.count.requests,
            billed=billed if isinstance(billed, Money) else None,
            estimated=estimated if isinstance(estimated, Money) else None,
            estimated_today=self.listed_today if isinstance(self.listed_today, Money) else None,
            price_source=self.listed.price_source,
            price_checked_on=self.listed.checked_on,
            price_problem="" if isinstance(listed, Money) else listed.reason,
        )


def lines_of(flow: Flow, workload_of: Mapping[Id, Workload]) -> tuple[Line, ...]:
    """The lines of a traffic that are counted."""
    grouped: dict[tuple[str, str, str, str, str], list[Lane]] = defaultdict(list)
    for lane in flow.traffic.counted:
        series = lane.series
        grouped[lane.source, lane.seller, series.model_raw, series.tier, series.provider].append(lane)
    return tuple(
        Line(
            source=source,
            seller=seller,
            model_raw=model_raw,
            tier=tier,
            provider=provider,
            workload=workload_of[source, model_raw],
            lanes=tuple(lanes),
        )
        for (source, seller, model_raw, tier, provider), lanes in grouped.items()
    )


def priced(facts: Facts, month: Month, flow: Flow, lines: Sequence[Line], covered: Mask) -> tuple[Priced, ...]:
    """What every line of a traffic used and cost on the *covered* days; lines without a bucket on them are left out."""
    first = day_number(month.start.date())
    exchange = Exchange(currency=facts.currency, month=month, rates=facts.exchange)
    used = [
        one
        for line in lines
        if (counts := [count for lane in line.lanes if (count := lane.count(first, covered))])
        for one in [_listed(facts, month, line, reduce(add, counts), covered, exchange)]
    ]
    charges = [charge for charge in flow.charges if charge.within(first, covered)]
    if not used or not charges:
        return tuple(used)
    aspects = agreement(charges, [one.line for one in used])
    grouped: dict[tuple[str, ...], list[Charge]] = defaultdict(list)
    for charge in charges:
        grouped[named(charge, aspects)].append(charge)
    return tuple(
        paid
        for key, own in grouped.items()
        for paid in _paid([one for one in used if named(one.line, aspects) == key], own, first, covered, exchange)
    )


def _listed(facts: Facts, month: Month, line: Line, count: Count, covered: Mask, exchange: Exchange) -> Priced:
    """A line at list price: each day at its own, and all of them at today's."""

    known = canonical(line.model_raw)

    def rates_on(day: date) -> Rates | Unpriced:
        return facts.prices.rates(
            provider=line.seller or line.provider,
            model_raw=line.model_raw,
            model_id=known.id if known else None,
            tier=line.tier,
            on=day,
        )

    today = facts.now.astimezone(UTC).date()
    return Priced(
        line=line,
        count=count,
        listed=at_list_price(line.lanes, month, covered, rates_on, exchange),
        listed_today=at_list_price(line.lanes, month, covered, lambda _: rates_on(today), exchange).amount,
        charged=None,
        basis=Basis.ESTIMATED,
    )


def _paid(
    lines: Sequence[Priced], charges: Sequence[Charge], first: int, covered: Mask, exchange: Exchange
) -> Iterator[Priced]:
    """The lines with their parts of the charges for all of them, by list price, or by tokens where that is unknown."""
    basis = max((charge.fact.basis for charge in charges), key=BEST_FIRST.index)
    if basis is Basis.ESTIMATED and (_days_used(lines, first, covered) & ~_days_charged(charges, first, covered)).any():
        yield from lines  # an estimate that lacks days would pass them off as free
        return
    total = exchange.total(charge.fact.amount * charge.within(first, covered) / charge.days for charge in charges)
    if not isinstance(total, Money):
        yield from (replace(one, charged=total, basis=basis) for one in lines)
        return
    at_list = [one.listed.amount.amount for one in lines if isinstance(one.listed.amount, Money)]
    by_tokens = len(at_list) < len(lines) or not sum(at_list)
    weights = [Decimal(one.count.tokens.total) for one in lines] if by_tokens else at_list
    for one, part in zip(lines, spread(total.amount, weights), strict=True):
        yield replace(one, charged=Money(part, total.currency), basis=basis)


def _days_used(lines: Sequence[Priced], first: int, covered: Mask) -> Mask:
    used = np.zeros_like(covered)
    for one in lines:
        for lane in one.line.lanes:
            days = lane.covering() - first
            used[days[(days >= 0) & (days < len(covered))]] = True
    return used & covered


def _days_charged(charges: Sequence[Charge], first: int, covered: Mask) -> Mask:
    charged = np.zeros_like(covered)
    for charge in charges:
        charged[max(0, charge.first - first) : max(0, charge.first + charge.days - first)] = True
    return charged
