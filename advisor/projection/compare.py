"""Usage to comparison: one month of one workload, its invoice beside the fleets that would carry it."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from decimal import Decimal

from advisor.domain.assumptions import Commitment, FleetAssumptions, PolicyName, SwitchPolicy
from advisor.domain.comparison import Comparison, Elsewhere, Missing, NotCompared
from advisor.domain.fleet import Infeasible, Offer, Plan, Profile
from advisor.domain.units import Money
from advisor.domain.usage import WorkloadUsage
from advisor.projection.avoidable import avoidable, cash_from
from advisor.projection.break_even import break_even
from advisor.projection.cost import engineering_hours
from advisor.projection.demand import demand
from advisor.projection.policies import plan
from advisor.projection.probability import payback_months
from advisor.projection.search import Candidates, by_evidence, cheapest, pairs
from advisor.projection.terms import terms
from advisor.projection.tornado import tornado
from advisor.projection.tornado_case import Case
from advisor.projection.uncertainty import odds


def compare(
    usage: WorkloadUsage,
    *,
    offers: Sequence[Offer],
    profiles: Sequence[Profile],
    fleet: FleetAssumptions,
    policy: SwitchPolicy,
    commitments: Sequence[Commitment] = (),
    bills: Mapping[str, Money] | None = None,
    elsewhere: Sequence[Elsewhere] = (),
    shown: bool = True,
) -> Comparison | NotCompared:
    """Weigh one month. *bills* are whole hosts' bills of the month; a host that is not in it bills this workload alone.
    *elsewhere* is the same traffic at other hosts. Of a month that is not *shown*, only what its verdict needs is
    worked out: no runners-up, no assumption moved alone, and no plan on estimates beside a measured one.

    A month without tokens, money, a profile, an offer or an exchange rate comes back as NotCompared, saying what
    supplies it. `equivalent` and `static` are weighed whether configured or not: the rule needs both.
    """
    if usage.tokens.total <= 0 or usage.days_covered == 0:
        detail = usage.open_because or f"no tokens in {usage.month}"
        return NotCompared(usage=usage, missing=Missing.NO_USAGE, detail=detail)
    if usage.cost is None:
        missing = Missing.NO_EXCHANGE_RATE if "exchange rate" in usage.cost_problem else Missing.NO_COST
        return NotCompared(usage=usage, missing=missing, detail=usage.cost_problem)
    candidates = pairs(usage, offers, profiles, fleet)
    if lacking := _lacking(usage, usage.cost, profiles, candidates):
        return lacking
    measured, estimated = by_evidence(candidates)
    names: dict[PolicyName, None] = dict.fromkeys((*fleet.policies, "equivalent", "static"))
    used = measured or estimated
    found = {name: cheapest(name, used, fleet, offers, runners_up=0) for name in names}
    equivalent, _ = found["equivalent"]
    realistic = [best for name, (best, _) in found.items() if name != "equivalent" and isinstance(best, Plan)]
    if isinstance(equivalent, Infeasible) or not realistic:
        static, _ = found["static"]
        refused = equivalent if isinstance(equivalent, Infeasible) else static
        reason = refused.reason if isinstance(refused, Infeasible) else "no realistic policy is feasible"
        if isinstance(refused, Infeasible) and refused.latency:
            return NotCompared(usage=usage, missing=Missing.SLO_INFEASIBLE, detail=reason)
        return NotCompared(usage=usage, missing=Missing.NO_OFFER, detail=f"no fleet can be built: {reason}")
    chosen = min(realistic, key=lambda best: best.cost.total.amount)
    saveable = avoidable(usage, commitments, bills or {})
    savings = saveable - chosen.cost.total
    covered = Decimal(usage.days_covered) / usage.month.day_count
    case = Case.of(chosen, fleet, policy, saveable, commitments, bills)
    sure = odds(chosen, fleet, saveable, met=case.holds, flips=tornado(case) if shown else ())
    return Comparison(
        usage=usage,
        serverless=usage.cost,
        avoidable=saveable,
        plans=tuple(best for best, _ in found.values()),
        alternatives=cheapest(chosen.policy, used, fleet, offers)[1] if shown else (),
        unmeasured=_unmeasured(chosen, estimated, fleet, offers) if shown and measured else None,
        equivalent=equivalent,
        chosen=chosen,
        not_buyable=not_buyable(equivalent, fleet),
        savings=savings,
        savings_ratio=savings.over(usage.cost) if usage.cost.amount > 0 else -math.inf,
        low_end_savings=saveable - at_low_end(chosen, fleet),
        savings_today=_today(usage, saveable, chosen),
        payback_months=payback_months(
            float(fleet.overheads.migration_total), float((savings + chosen.cost.migration).amount / covered)
        ),
        probability_cheaper=sure.probability_cheaper,
        odds=sure,
        engineering_hours=engineering_hours(chosen.offer, fleet),
        break_even=break_even(equivalent, usage, fleet, policy),
        elsewhere=tuple(elsewhere),
        cash_from=cash_from(usage, commitments, bills or {}),
        terms=terms(chosen, offers, fleet) if shown else (),
    )


def _unmeasured(chosen: Plan, estimated: Candidates, fleet: FleetAssumptions, offers: Sequence[Offer]) -> Plan | None:
    """The cheapest plan on an estimated throughput, where it would beat the chosen one: worth a measurement."""
    best, _ = cheapest(chosen.policy, estimated, fleet, offers, runners_up=0)
    return best if isinstance(best, Plan) and best.cost.total < chosen.cost.total else None


def _lacking(
    usage: WorkloadUsage, cost: Money, profiles: Sequence[Profile], candidates: Candidates
) -> NotCompared | None:
    """What is missing for a search, or None. An offer in another currency is not left out: it might be the cheapest."""
    if not profiles:
        name = usage.workload.serve or usage.models_raw[0]
        detail = f"no measured throughput of {name} is known: add [[fleet.profiles]] with your own benchmark"
        return NotCompared(usage=usage, missing=Missing.NO_PROFILE, detail=detail)
    if not candidates:
        gpus = ", ".join(sorted({profile.gpu for profile in profiles}))
        detail = f"no on-demand offer of {gpus} is allowed: add [[fleet.offers]], or widen [fleet.only]"
        return NotCompared(usage=usage, missing=Missing.NO_OFFER, detail=detail)
    if all(needed.replica_seconds <= 0 for _, needed in candidates):
        detail = "none of its tokens takes a GPU any time: check cache_carry_over and cached_input_weight"
        return NotCompared(usage=usage, missing=Missing.NO_USAGE, detail=detail)
    foreign = sorted({offer.price_per_gpu_hour.currency for offer, _ in candidates} - {cost.currency})
    if foreign:
        detail = f"no exchange rate {foreign[0]} -> {cost.currency} for GPU offers: add [[exchange_rates]]"
        return NotCompared(usage=usage, missing=Missing.NO_EXCHANGE_RATE, detail=detail)
    return None


def at_low_end(chosen: Plan, fleet: FleetAssumptions) -> Money:
    """The chosen plan's total with throughput at the low end of its band, in whole replicas again.

    Where slower replicas leave the policy without a plan, because none pays for itself or scaling comes too late, it
    is a static fleet that has to carry the traffic.
    """
    needed = demand(chosen.demand.usage, chosen.profile.scaled(chosen.profile.band[0]), fleet)
    slow = plan(chosen.policy, needed, chosen.offer, fleet, chosen.beside)
    if isinstance(slow, Infeasible):
        slow = plan("static", needed, chosen.offer, fleet)
    assert isinstance(slow, Plan), "a slower replica needs no other GPUs than a fast one"
    return slow.cost.total


def not_buyable(equivalent: Plan, fleet: FleetAssumptions) -> Money:
    """r tp g / (3600 U): GPU-hours as if fractions of a replica were sold [policy-a]. Never compared with anything."""
    gpu_hours = equivalent.demand.replica_seconds / 3600 / fleet.utilization * equivalent.profile.tensor_parallel
    return equivalent.offer.price_per_gpu_hour * Decimal(repr(gpu_hours))


def _today(usage: WorkloadUsage, saveable: Money, chosen: Plan) -> Money | None:
    """The saving at today's token prices: the avoidable part moves as the bill does, but not below zero."""
    if usage.cost_today is None or usage.cost is None:
        return None
    left = saveable + (usage.cost_today - usage.cost)
    return (left if left.amount > 0 else Money.zero(left.currency)) - chosen.cost.total
