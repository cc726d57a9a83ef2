"""Usage to comparison: one month of one workload, its invoice beside the fleets that would carry it."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from datetime import timedelta
from decimal import Decimal

from advisor.domain.assumptions import Commitment, FleetAssumptions, SwitchPolicy
from advisor.domain.comparison import BreakEven, Comparison, Missing, NotCompared
from advisor.domain.facts import Basis
from advisor.domain.fleet import Infeasible, Offer, Plan, Profile
from advisor.domain.units import Money
from advisor.domain.usage import WorkloadUsage
from advisor.market.models import Model, canonical
from advisor.projection.break_even import Staircase
from advisor.projection.cost import engineering_hours
from advisor.projection.demand import demand
from advisor.projection.policies import plan
from advisor.projection.probability import low_end_factor, payback_months, probability_cheaper
from advisor.projection.search import cheapest, pairs

SERVERLESS_SIGMA = {Basis.BILLED: 0.0, Basis.ALLOCATED: 0.0, Basis.ESTIMATED: 0.0}
"""Spread of ln(invoice). An estimate's price may be wrong, but by no known amount: its basis is printed instead."""


def unknown(usage: WorkloadUsage) -> NotCompared:
    """A workload whose model is not known here: an unknown name is never taken for a known model."""
    ids = ", ".join(usage.models_raw) or usage.workload.serve
    detail = f'{ids} is no model known here: name the open model it is with serve = "..." in its [[workloads]]'
    return NotCompared(usage=usage, missing=Missing.UNKNOWN_MODEL, detail=detail)


def ineligible(usage: WorkloadUsage, served: Model) -> NotCompared | None:
    """Why a workload can never be rented GPUs for, or None. *served* is the model that would be hosted."""
    if not served.modelled:
        detail = f"{served.id} is {served.kind}, which the throughput model does not cover"
        return NotCompared(usage=usage, missing=Missing.NOT_MODELLED, detail=detail)
    if not served.open_weights:
        return NotCompared(usage=usage, missing=Missing.CLOSED_WEIGHTS, detail=f"{served.id} has closed weights")
    originals = {known for raw in usage.models_raw if (known := canonical(raw)) and known.id != served.id}
    if not usage.workload.approved_by and any(not known.open_weights for known in originals):
        detail = f"{served.id} would stand in for a closed model: name who accepted it with approved_by"
        return NotCompared(usage=usage, missing=Missing.CLOSED_WEIGHTS, detail=detail)
    return None


def compare(
    usage: WorkloadUsage,
    *,
    offers: Sequence[Offer],
    profiles: Sequence[Profile],
    fleet: FleetAssumptions,
    policy: SwitchPolicy,
    commitments: Sequence[Commitment] = (),
    provider_bills: Mapping[str, Money] | None = None,
    workload_bills: Mapping[str, Money] | None = None,
) -> Comparison | NotCompared:
    """Weigh one month. *provider_bills* are whole providers' bills of the month, *workload_bills* this workload's part.

    A month without tokens, money, a profile or an offer comes back as NotCompared, saying what supplies it.
    """
    if usage.tokens.total == 0 or usage.days_covered == 0:
        return NotCompared(usage=usage, missing=Missing.NO_USAGE, detail=f"no tokens in {usage.month}")
    if usage.cost is None:
        missing = Missing.NO_EXCHANGE_RATE if "exchange rate" in usage.cost_problem else Missing.NO_COST
        return NotCompared(usage=usage, missing=missing, detail=usage.cost_problem)
    if not profiles:
        served = usage.workload.serve or usage.models_raw[0]
        detail = f"no measured throughput of {served} is known: add [[fleet.profiles]] with your own benchmark"
        return NotCompared(usage=usage, missing=Missing.NO_PROFILE, detail=detail)
    candidates = pairs(usage, offers, profiles, fleet)
    if not candidates:
        gpus = ", ".join(sorted({profile.gpu for profile in profiles}))
        detail = f"no on-demand offer of {gpus} is allowed: add [[fleet.offers]], or widen [fleet.only]"
        return NotCompared(usage=usage, missing=Missing.NO_OFFER, detail=detail)

    found = {name: cheapest(name, candidates, fleet) for name in {*fleet.policies, "equivalent", "static"}}
    equivalent, _ = found["equivalent"]
    realistic = [best for name, (best, _) in found.items() if name != "equivalent" and isinstance(best, Plan)]
    if not isinstance(equivalent, Plan) or not realistic:
        reason = next(best.reason for best, _ in found.values() if isinstance(best, Infeasible))
        return NotCompared(usage=usage, missing=Missing.NO_OFFER, detail=f"no fleet can be built: {reason}")
    chosen = min(realistic, key=lambda best: best.cost.total.amount)
    avoidable = avoidable_of(usage, commitments, provider_bills or {}, workload_bills or {})
    savings = avoidable - chosen.cost.total
    before_migration = savings + chosen.cost.migration
    one_off = float(fleet.overheads.migration_total) * usage.days_covered / usage.month.day_count
    grade = chosen.profile.grade
    return Comparison(
        usage=usage,
        serverless=usage.cost,
        avoidable=avoidable,
        plans=tuple(found[name][0] for name in fleet.policies),
        alternatives=found[chosen.policy][1],
        equivalent=equivalent,
        chosen=chosen,
        not_buyable=not_buyable(equivalent, fleet),
        savings=savings,
        savings_ratio=savings.over(usage.cost) if usage.cost.amount else -math.inf,
        low_end_savings=avoidable - at_low_end(chosen, fleet),
        savings_today=_today(usage, avoidable, chosen),
        payback_months=payback_months(one_off, float(before_migration.amount)),
        probability_cheaper=probability_cheaper(
            float(avoidable.amount),
            float(chosen.cost.total.amount),
            SERVERLESS_SIGMA[usage.cost_basis or Basis.ESTIMATED],
            grade.sigma,
        ),
        engineering_hours=engineering_hours(chosen.offer, fleet),
        break_even=break_even(equivalent, usage, fleet, policy),
    )


def avoidable_of(
    usage: WorkloadUsage,
    commitments: Sequence[Commitment],
    provider_bills: Mapping[str, Money],
    workload_bills: Mapping[str, Money],
) -> Money:
    """What leaving would save of the invoice: for each provider B - max(floor, B - b), never below zero.

    B is the provider's bill, b this workload's part of it, floor the commitments in force at the month's end, taken
    for the covered share of the month.
    """
    assert usage.cost is not None
    last_day = usage.month.end.date() - timedelta(days=1)
    share = Decimal(usage.days_covered) / usage.month.day_count
    kept = Money.zero(usage.cost.currency)
    for provider, part in workload_bills.items():
        floor = sum(
            (c.floor_per_month for c in commitments if c.provider == provider and c.until >= last_day), Decimal(0)
        )
        bill = provider_bills.get(provider, part)
        stays = min(part.amount, max(Decimal(0), floor * share - (bill.amount - part.amount)))
        kept = kept + Money(stays, kept.currency)
    left = usage.cost - kept
    return left if left.amount > 0 else Money.zero(left.currency)


def at_low_end(chosen: Plan, fleet: FleetAssumptions) -> Money:
    """The chosen plan's total with throughput at the low end of its band, in whole replicas again."""
    slower = chosen.profile.scaled(low_end_factor(chosen.profile.grade.sigma))
    slow = plan(chosen.policy, demand(chosen.demand.usage, slower, fleet), chosen.offer, fleet)
    assert isinstance(slow, Plan), "a slower replica needs no other GPUs than a fast one"
    return slow.cost.total


def not_buyable(equivalent: Plan, fleet: FleetAssumptions) -> Money:
    """r tp g / (3600 U): GPU-hours as if fractions of a replica were sold [policy-a]. Never compared with anything."""
    gpu_hours = equivalent.demand.replica_seconds / 3600 / fleet.utilization * equivalent.profile.tensor_parallel
    return equivalent.offer.price_per_gpu_hour * Decimal(repr(gpu_hours))


def break_even(equivalent: Plan, usage: WorkloadUsage, fleet: FleetAssumptions, policy: SwitchPolicy) -> BreakEven:
    """The break-evens of the 70 % rule at its offer, on every axis [be-01 to be-06]."""
    assert usage.price_per_million is not None
    needed, offer = equivalent.demand, equivalent.offer
    currency = offer.price_per_gpu_hour.currency
    rate = float(offer.price_per_gpu_hour.amount) * equivalent.profile.tensor_parallel
    hours = float(needed.hours)
    per_second = usage.tokens.total / needed.replica_seconds
    price = float(usage.price_per_million.amount) / 1e6
    fixed = float(equivalent.cost.fixed.amount)
    stairs = Staircase(
        price_per_token=price,
        cost_per_replica=rate * hours,
        capacity_tokens=per_second * 3600 * hours * fleet.utilization,
        fixed=fixed,
        min_replicas=fleet.min_replicas,
    )
    reach = stairs.first(policy.min_savings_ratio, float(policy.min_savings))
    total = equivalent.cost.total
    gpu_hours = float(equivalent.gpu_hours)
    affordable = (float(usage.tokens.total) * price - fixed) / gpu_hours
    never_because = ""
    if stairs.never():
        never_because = (
            f"a token costs {stairs.marginal_price * 1e6:.4g} {currency} per million on a replica at "
            f"{fleet.utilization:.0%}, the invoice {price * 1e6:.4g}; needs a price above that, or "
            f"{rate / (3600 * fleet.utilization * price):,.0f} tokens/s a replica (now {per_second:,.0f})"
        )
    return BreakEven(
        never=stairs.never(),
        never_because=never_because,
        first_tokens=stairs.first(),
        permanent_tokens=stairs.permanent(),
        price_per_million=total * 1_000_000 / usage.tokens.total,
        utilization=rate / (3600 * per_second * price),
        throughput_tokens_per_second=rate / (3600 * fleet.utilization * price),
        gpu_hour_price=Money(Decimal(repr(affordable)), currency) if affordable > 0 else None,
        distance=None if reach is None else Money(Decimal(repr(reach * price)), currency),
        winning_intervals=stairs.winning_intervals(),
    )


def _today(usage: WorkloadUsage, avoidable: Money, chosen: Plan) -> Money | None:
    """The saving at today's token prices: the avoidable part moves as the bill does."""
    if usage.cost_today is None or usage.cost is None:
        return None
    return avoidable + (usage.cost_today - usage.cost) - chosen.cost.total
