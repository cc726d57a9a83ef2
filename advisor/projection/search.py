"""The cheapest plan of each policy, over every offer and every profile that fits it."""

from __future__ import annotations

from collections.abc import Sequence
from decimal import Decimal

from advisor.domain.assumptions import FleetAssumptions, PolicyName
from advisor.domain.fleet import Demand, Grade, Infeasible, Offer, Plan, Profile
from advisor.domain.usage import WorkloadUsage
from advisor.market.gpus import same_gpu
from advisor.projection.demand import demand
from advisor.projection.policies import NOT_SIZED, SIZED, plan

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


def cheapest(
    policy: PolicyName, candidates: Sequence[tuple[Offer, Demand]], fleet: FleetAssumptions
) -> tuple[Plan | Infeasible, tuple[Plan, ...]]:
    """The policy's cheapest plan, or why it has none, and the runners-up on other GPUs or from other providers."""
    if policy not in SIZED:
        return Infeasible(policy=policy, reason=NOT_SIZED), ()
    tried = [plan(policy, needed, offer, fleet) for offer, needed in candidates]
    plans = sorted(
        (found for found in tried if isinstance(found, Plan)),
        key=_cheapest_first,
    )
    if plans:
        return plans[0], tuple(_one_each(plans[1:], plans[0]))
    refused = [found for found in tried if isinstance(found, Infeasible)]
    return refused[0] if refused else Infeasible(policy=policy, reason="no offer fits a profile"), ()


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
