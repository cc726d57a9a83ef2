"""The cheapest plan of each policy, over every offer and every profile that fits it.

Nothing is sampled: candidates are worked out from the lowest bound on until none that is left can still be among the
cheapest.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from decimal import Decimal
from heapq import heapify, heappop, heappush

from advisor.domain.assumptions import FleetAssumptions, PolicyName
from advisor.domain.fleet import Demand, Grade, Infeasible, Offer, Plan, Profile
from advisor.domain.usage import WorkloadUsage
from advisor.projection.bounds import Bound, bound
from advisor.projection.demand import demand
from advisor.projection.policies import node_for, plan
from advisor.projection.stock import Ranked, Stock, stock

RUNNERS_UP = 5
_Rank = tuple[Decimal, float, str, str, int, str, int, str, int, int]


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Candidates:
    """Demands, each with the on-demand offers of its profile's GPU; iterates as pairs of offer and demand."""

    racks: tuple[tuple[Demand, Stock], ...]

    def __iter__(self) -> Iterator[tuple[Offer, Demand]]:
        return ((offer, needed) for needed, offers in self.racks for offer in offers.offers)

    def __len__(self) -> int:
        return sum(len(offers.offers) for _, offers in self.racks)


def pairs(
    usage: WorkloadUsage, offers: Sequence[Offer], profiles: Sequence[Profile], fleet: FleetAssumptions
) -> Candidates:
    """Every on-demand offer with the demand on each profile measured on its GPU; demand is taken once a profile.

    That the model fits the GPU's memory needs no check: it was measured there.
    """
    shelved = stock(offers)
    sold = ((profile, shelved.of(profile.gpu)) for profile in profiles)
    return Candidates(racks=tuple((demand(usage, profile, fleet), some) for profile, some in sold if some.offers))


def by_evidence(candidates: Candidates) -> tuple[Candidates, Candidates]:
    """Candidates on measured throughput, and those on estimates.

    The cheapest of many estimates is the one that errs most to its own favour, so estimates carry a plan only where
    nothing is measured.
    """
    guessed = [needed.profile.grade is Grade.ESTIMATE for needed, _ in candidates.racks]
    measured = (rack for rack, guess in zip(candidates.racks, guessed, strict=True) if not guess)
    estimated = (rack for rack, guess in zip(candidates.racks, guessed, strict=True) if guess)
    return Candidates(racks=tuple(measured)), Candidates(racks=tuple(estimated))


def cheapest(
    policy: PolicyName,
    candidates: Candidates,
    fleet: FleetAssumptions,
    others: Sequence[Offer] = (),
    *,
    runners_up: int = RUNNERS_UP,
) -> tuple[Plan | Infeasible, tuple[Plan, ...]]:
    """The policy's cheapest plan, or why it has none, and the *runners_up* on other GPUs or from other providers.

    *others* may hold offers of any commitment; `committed` takes those that stand beside a candidate's.
    """
    found = _Cheapest(wanted=1 + runners_up)
    beside = stock(others)
    ahead = [
        (row.least, at, row) for at, row in enumerate(_rows(policy, candidates, fleet, beside)) if row.least < math.inf
    ]
    heapify(ahead)
    while ahead and ahead[0][0] <= found.limit:
        _, at, row = heappop(ahead)
        offer, rates = row.now.offer, beside.beside(row.now.offer) if policy == "committed" else ()
        tried = plan(policy, row.needed, offer, fleet, rates)
        if isinstance(tried, Plan):
            found.add(tried, (row.rack, row.now.place))
        elif policy != "committed":
            continue  # without terms of its own, no dearer hour has a plan where a cheaper one has none
        if row.go_on():
            heappush(ahead, (row.least, at, row))
    ranked = found.ranked()
    if ranked:
        return ranked[0], tuple(ranked[1:])
    return _refused(policy, candidates, fleet, others), ()


class _Row:
    """A demand on the offers of one shelf, taken from the cheapest on; `least` is what the next plan costs at least."""

    __slots__ = ("_at", "_bound", "_ranked", "least", "needed", "rack")

    def __init__(self, rack: int, needed: Demand, ranked: Sequence[Ranked], bound: Bound) -> None:
        self.rack, self.needed = rack, needed
        self._ranked, self._bound, self._at = ranked, bound, 0
        self.least = bound(ranked[0].rate)

    @property
    def now(self) -> Ranked:
        return self._ranked[self._at]

    def go_on(self) -> bool:
        """To the next offer, if there is one that may have a plan."""
        self._at += 1
        if self._at < len(self._ranked):
            self.least = self._bound(self.now.rate)
            return self.least < math.inf
        return False


def _rows(policy: PolicyName, candidates: Candidates, fleet: FleetAssumptions, others: Stock) -> Iterator[_Row]:
    for rack, (needed, offers) in enumerate(candidates.racks):
        for shelf in offers.shelves:
            ranked = shelf.by_lowest_rate(others) if policy == "committed" else shelf.by_price
            lowest = bound(policy, needed, shelf.sample, fleet) if ranked else None
            if lowest:
                yield _Row(rack, needed, ranked, lowest)


@dataclass(slots=True, kw_only=True)
class _Cheapest:
    """The cheapest plan of each provider and GPU so far, of which *wanted* are asked for."""

    wanted: int
    found: dict[tuple[str, str], tuple[_Rank, Plan]] = field(default_factory=dict)
    limit: float = math.inf
    """What costs more than this cannot be among those wanted."""

    def add(self, plan: Plan, place: tuple[int, int]) -> None:
        key, rank = (plan.offer.provider, plan.offer.gpu), (*_cheapest_first(plan), *place)
        if key in self.found and self.found[key][0] <= rank:
            return
        self.found[key] = (rank, plan)
        if len(self.found) >= self.wanted:
            self.limit = float(sorted(rank[0] for rank, _ in self.found.values())[self.wanted - 1])

    def ranked(self) -> list[Plan]:
        return [plan for _, plan in sorted(self.found.values(), key=lambda one: one[0])[: self.wanted]]


def _cheapest_first(found: Plan) -> tuple[Decimal, float, str, str, int, str, int, str]:
    """Small fleets often cost the same: the better known throughput then counts; the rest keeps the answer stable."""
    offer, profile = found.offer, found.profile
    known = (profile.grade.sigma, offer.provider, offer.gpu, offer.gpus, offer.region)
    return (found.cost.total.amount, *known, profile.tensor_parallel, profile.precision)


def _refused(
    policy: PolicyName, candidates: Candidates, fleet: FleetAssumptions, others: Sequence[Offer]
) -> Infeasible:
    """Why the candidate that is nearest to a plan has none."""
    nearest = min(_firsts(candidates), key=lambda one: (_distance(one[0], one[1]), one[2:]), default=None)
    if nearest is None:
        return Infeasible(policy=policy, reason="no offer fits a profile")
    offer, needed, *_ = nearest
    refused = plan(policy, needed, offer, fleet, others)
    assert isinstance(refused, Infeasible), "the bound of a feasible plan is finite"
    return refused


def _firsts(candidates: Candidates) -> Iterator[tuple[Offer, Demand, int, int]]:
    """The offers at the lowest price of each shelf, with their place among the candidates."""
    for rack, (needed, offers) in enumerate(candidates.racks):
        for shelf in offers.shelves:
            for offer, place in zip(shelf.offers, shelf.places, strict=True):
                if offer.price_per_gpu_hour == shelf.sample.price_per_gpu_hour:
                    yield offer, needed, rack, place


def _distance(offer: Offer, needed: Demand) -> tuple[bool, float]:
    """How far a candidate without a plan is from one: whether it runs no replica, then r tp g, what the month's demand
    would cost on replicas that are always full."""
    size = needed.profile.tensor_parallel
    return node_for(size, offer) is None, float(offer.price_per_gpu_hour.amount) * size * needed.replica_seconds
