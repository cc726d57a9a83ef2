"""The cheapest plan of each policy, over every offer and every profile that fits it."""

from __future__ import annotations

from collections.abc import Sequence
from decimal import Decimal

from advisor.domain.assumptions import FleetAssumptions, PolicyName
from advisor.domain.fleet import Demand, Grade, Infeasible, Offer, Plan, Profile
from advisor.domain.usage import WorkloadUsage
from advisor.market.gpus import same_gpu
from advisor.projection.demand import demand
from advisor.projection.policies import node_for, plan

RUNNERS_UP = 5


def pairs(
    usage: WorkloadUsage, offers: Sequence[Offer], profiles: Sequence[Profile], fleet: FleetAssumptions
) -> list[tuple[Offer, Demand]]:
    """Every on-demand offer with the demand on each profile measured on its GPU; demand is taken once a profile.

    That the model fits the GPU's memory needs no check: it was measured there.
    """
    demands = [demand(usage, profile, fleet) for profile in profiles]
    return [
        (offer, needed)
        for needed in demands
        for offer in offers
        if offer.commitment == "on-demand" and same_gpu(offer.gpu, needed.profile.gpu)
    ]


def by_evidence(
    candidates: Sequence[tuple[Offer, Demand]],
) -> tuple[list[tuple[Offer, Demand]], list[tuple[Offer, Demand]]]:
    """Candidates on measured throughput, and those on estimates.

    The cheapest of many estimates is the one that errs most to its own favour, so estimates carry a plan only where
    nothing is measured.
    """
    measured = [one for one in candidates if one[1].profile.grade is not Grade.ESTIMATE]
    return measured, [one for one in candidates if one[1].profile.grade is Grade.ESTIMATE]


def undominated(candidates: Sequence[tuple[Offer, Demand]]) -> list[tuple[Offer, Demand]]:
    """Candidates without those that rent the same for more: same demand, GPU, node and operator, a dearer hour."""
    lowest: dict[tuple[object, ...], Decimal] = {}
    for offer, needed in candidates:
        key, price = _rents(offer, needed), offer.price_per_gpu_hour.amount
        lowest[key] = min(price, lowest.get(key, price))
    return [one for one in candidates if one[0].price_per_gpu_hour.amount == lowest[_rents(*one)]]


def _rents(offer: Offer, needed: Demand) -> tuple[object, ...]:
    money = offer.price_per_gpu_hour.currency
    return (id(needed), offer.gpu, offer.gpus, bool(offer.instance), offer.operated_by, offer.unit, money)


def cheapest(
    policy: PolicyName,
    candidates: Sequence[tuple[Offer, Demand]],
    fleet: FleetAssumptions,
    others: Sequence[Offer] = (),
) -> tuple[Plan | Infeasible, tuple[Plan, ...]]:
    """The policy's cheapest plan, or why it has none, and the runners-up on other GPUs or from other providers.

    *others* may hold offers of any commitment; `committed` takes those that stand beside a candidate's.
    """
    tried = [plan(policy, needed, offer, fleet, others) for offer, needed in candidates]
    plans = sorted(
        (found for found in tried if isinstance(found, Plan)),
        key=_cheapest_first,
    )
    if plans:
        return plans[0], tuple(_one_each(plans[1:], plans[0]))
    if not tried:
        return Infeasible(policy=policy, reason="no offer fits a profile"), ()
    nearest = min(range(len(tried)), key=lambda at: _distance(*candidates[at]))
    refused = tried[nearest]
    assert isinstance(refused, Infeasible)
    return refused, ()


def _distance(offer: Offer, needed: Demand) -> tuple[bool, float]:
    """How far a candidate without a plan is from one: whether it runs no replica, then r tp g, what the month's demand
    would cost on replicas that are always full."""
    size = needed.profile.tensor_parallel
    return node_for(size, offer) is None, float(offer.price_per_gpu_hour.amount) * size * needed.replica_seconds


def _cheapest_first(found: Plan) -> tuple[Decimal, float, str, str, int, str, int, str]:
    """Small fleets often cost the same: the better known throughput then counts; the rest keeps the answer stable."""
    offer, profile = found.offer, found.profile
    known = (profile.grade.sigma, offer.provider, offer.gpu, offer.gpus, offer.region)
    return (found.cost.total.amount, *known, profile.tensor_parallel, profile.precision)


def _one_each(plans: Sequence[Plan], best: Plan) -> list[Plan]:
    """The first plan of each further provider and GPU, at most RUNNERS_UP of them."""
    seen = {(best.offer.provider, best.offer.gpu)}
    kept: list[Plan] = []
    for found in plans:
        if (found.offer.provider, found.offer.gpu) not in seen and len(kept) < RUNNERS_UP:
            seen.add((found.offer.provider, found.offer.gpu))
            kept.append(found)
    return kept
