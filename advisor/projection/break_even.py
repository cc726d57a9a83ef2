"""What would have to change for the invoice and the rented fleet to cost the same, one axis at a time."""

from __future__ import annotations

from decimal import Decimal

from advisor.domain.assumptions import FleetAssumptions, SwitchPolicy
from advisor.domain.comparison import BreakEven
from advisor.domain.fleet import Plan
from advisor.domain.units import Money
from advisor.domain.usage import WorkloadUsage
from advisor.projection.policies import bought_together
from advisor.projection.staircase import Staircase


def break_even(equivalent: Plan, usage: WorkloadUsage, fleet: FleetAssumptions, policy: SwitchPolicy) -> BreakEven:
    """The break-evens of the fewest whole replicas at the target utilization, at their offer [be-01 to be-06].

    With r the price of a replica's hour, theta its tokens a second at this mix, p the invoice's price per token and U
    the target: u* = r / (3600 theta p), theta* = r / (3600 U p), price* = D / V, GPU hour* = (p V - F) / GPU hours.
    """
    assert usage.cost is not None
    needed, offer = equivalent.demand, equivalent.offer
    currency = usage.cost.currency
    together = bought_together(needed.profile.tensor_parallel, offer.gpus)
    assert together, "the plan was built on this offer"
    gpus, replicas = together
    rate = float(offer.price_per_gpu_hour.amount) * gpus / replicas
    per_second = usage.tokens.total / needed.replica_seconds
    carried = per_second * 3600 * float(needed.hours) * fleet.utilization
    price = max(0.0, float(usage.cost.amount)) / usage.tokens.total
    stairs = Staircase(
        price_per_token=price,
        cost_per_step=rate * replicas * float(needed.hours),
        capacity_tokens=carried * replicas,
        fixed=float(equivalent.cost.fixed.amount),
        min_steps=-(-fleet.min_replicas // replicas),
    )
    reach = stairs.first(policy.min_savings_ratio, float(policy.min_savings))
    affordable = (usage.cost - equivalent.cost.fixed) / equivalent.gpu_hours
    enough = rate / (3600 * fleet.utilization * price) if price else None
    return BreakEven(
        never=stairs.never(),
        never_because=_never_because(stairs, enough, per_second, currency, fleet) if stairs.never() else "",
        first_tokens=stairs.first(),
        permanent_tokens=stairs.permanent(),
        price_per_million=equivalent.cost.total * 1_000_000 / usage.tokens.total,
        utilization=rate / (3600 * per_second * price) if price else None,
        throughput_tokens_per_second=enough,
        gpu_hour_price=affordable if affordable.amount > 0 else None,
        distance=None if reach is None else Money(Decimal(repr(reach * price)), currency),
        winning_intervals=stairs.winning_intervals(),
    )


def _never_because(
    stairs: Staircase, enough: float | None, per_second: float, currency: str, fleet: FleetAssumptions
) -> str:
    """Why no volume is large enough, and which price or throughput would change it."""
    marginal = (
        f"{stairs.marginal_price * 1e6:.4g} {currency} per million on a replica at {fleet.utilization * 100:.0f} %"
    )
    if enough is None:
        return f"the invoice is zero, and a token costs {marginal}"
    return (
        f"a token costs {marginal}, the invoice {stairs.price_per_token * 1e6:.4g}; needs a price above that, or "
        f"more than {enough:,.0f} tokens/s a replica (now {per_second:,.0f})"
    )
