"""A month's traffic, each with the charges that pay for it and the days that are known of both."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime

import numpy as np

from advisor.contract.store import Coverage, PullRecord
from advisor.domain.assumptions import ExchangeRate, Workload
from advisor.domain.units import Month
from advisor.ingest.charges import Charge
from advisor.ingest.coverage import MISSING_DAYS_ALLOWED, mask
from advisor.ingest.overlaps import Overlaps, Traffic, may_be_same, traffics, without_doubles
from advisor.ingest.totals import Lane, Mask, day_number
from advisor.ingest.workloads import Id
from advisor.market.token_prices import TokenPrices

NO_MODEL = "belongs to no model"
NO_TOKENS = "is for {model}, of which no tokens are counted on any day known"
AMBIGUOUS = "is for {model} of a provider that it does not name, and several sell it: set `provider` on the source"


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Facts:
    """Everything stored, grouped once for all months.

    `charges_of` holds the charges of each month that their days touch, `workload_of` every id of lanes and charges.
    """

    lanes: tuple[Lane, ...]
    charges: tuple[Charge, ...]
    charges_of: Mapping[Month, Sequence[Charge]]
    coverage: Mapping[str, Coverage]
    pulls: Mapping[str, PullRecord]
    overlaps: Overlaps
    workload_of: Mapping[Id, Workload]
    prices: TokenPrices
    exchange: Sequence[ExchangeRate]
    currency: str
    now: datetime

    def usage_days(self, source: str, month: Month) -> Mask:
        """The full days that the source counts; today, which is not over, is never among them."""
        if source not in self.coverage:
            return nothing(month)
        today = self.now.astimezone(UTC).date()
        return mask((day for day in self.coverage[source].usage_days if day < today), month)

    def cost_days(self, source: str, month: Month) -> Mask:
        return mask(self.coverage[source].cost_days, month) if source in self.coverage else nothing(month)


def nothing(month: Month) -> Mask:
    return np.zeros(month.day_count, np.bool_)


def everything(month: Month) -> Mask:
    return np.ones(month.day_count, np.bool_)


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Stray:
    """A charge that pays for no traffic, and why. `uncounted`: it names a model of which no token is counted."""

    charge: Charge
    why: str
    uncounted: bool = False


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Flow:
    """One traffic and what pays for it.

    `tokens` and `money` are the days known of each; where nothing is billed, no day of money can be missing.
    `awaited` is a source that billed this traffic in an earlier month, and nobody in this one.
    """

    traffic: Traffic
    charges: tuple[Charge, ...]
    tokens: Mask
    money: Mask
    awaited: str

    @property
    def known(self) -> Mask:
        return self.tokens & self.money

    @property
    def payers(self) -> frozenset[str]:
        return frozenset(charge.source for charge in self.charges)


def flows(facts: Facts, month: Month) -> tuple[tuple[Flow, ...], tuple[Stray, ...]]:
    """The month's traffics with their charges, and the charges that belong to none of them."""
    first, end = day_number(month.start.date()), day_number(month.end.date())
    lanes = [lane for lane in facts.lanes if np.diff(np.searchsorted(lane.days, [first, end])).item()]

    def rank(of_source: Sequence[Lane]) -> tuple[bool, int, bool, int]:
        """Finer buckets first, then those with request counts; a source that misses the month comes last."""
        missing = int(np.count_nonzero(~facts.usage_days(of_source[0].source, month)))
        counts_requests = all(lane.said[:, 0].all() for lane in of_source)
        width = max(lane.series.width_seconds for lane in of_source)
        return (missing > MISSING_DAYS_ALLOWED, width, not counts_requests, missing)

    found = traffics(lanes, rank, facts.overlaps)
    charges: dict[int, list[Charge]] = defaultdict(list)
    strays = []
    for charge in facts.charges_of.get(month, ()):
        where = _traffic_of(charge, found)
        if isinstance(where, Stray):
            strays.append(where)
        else:
            charges[where].append(charge)
    return tuple(_flow(facts, month, traffic, charges[index]) for index, traffic in enumerate(found)), tuple(strays)


def _traffic_of(charge: Charge, found: Sequence[Traffic]) -> int | Stray:
    """The index of the traffic that a charge is for: of its own source first, else of its model and seller."""
    if not charge.model:
        return Stray(charge=charge, why=NO_MODEL)
    fitting = [
        index
        for index, traffic in enumerate(found)
        if traffic.model == charge.model
        and any(may_be_same(charge.seller, lane.seller) for lane in (*traffic.counted, *traffic.passed_over))
    ]
    fitting = [index for index in fitting if charge.source in found[index].sources] or fitting
    if len(fitting) == 1:
        return fitting[0]
    why = (AMBIGUOUS if fitting else NO_TOKENS).format(model=charge.model)
    return Stray(charge=charge, why=why, uncounted=not fitting)


def _flow(facts: Facts, month: Month, traffic: Traffic, charges: Sequence[Charge]) -> Flow:
    counting = {lane.source for lane in traffic.counted}
    paying = _paying(facts, month, counting, charges)
    tokens = np.logical_or.reduce([facts.usage_days(source, month) for source in counting])
    money = everything(month)
    if billed := {charge.source for charge in paying if charge.billed}:
        money = np.logical_or.reduce([facts.cost_days(source, month) for source in billed])
    return Flow(
        traffic=traffic,
        charges=paying,
        tokens=tokens,
        money=money,
        awaited="" if billed else _billed_before(facts, month, traffic),
    )


def _paying(facts: Facts, month: Month, counting: set[str], charges: Sequence[Charge]) -> tuple[Charge, ...]:
    """Of all charges for one traffic, those that count: billed beats estimated, and overlapping sources count once."""
    pool = [charge for charge in charges if charge.billed] or charges
    estimated = not any(charge.billed for charge in pool)
    best_first = sorted(
        {charge.source for charge in pool},
        key=lambda source: (
            estimated and source not in counting,
            -int(np.count_nonzero(facts.cost_days(source, month))),
            source,
        ),
    )
    chosen = without_doubles(best_first, facts.overlaps)
    return tuple(charge for charge in pool if charge.source in chosen)


def _billed_before(facts: Facts, month: Month, traffic: Traffic) -> str:
    """A source with an earlier billed charge for this traffic, or an empty text."""
    first = day_number(month.start.date())
    sellers = {lane.seller for lane in traffic.counted}
    return next(
        (
            charge.source
            for charge in facts.charges
            if charge.billed
            and charge.model == traffic.model
            and charge.first < first
            and any(may_be_same(charge.seller, seller) for seller in sellers)
        ),
        "",
    )
