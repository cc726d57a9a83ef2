"""What a cheaper fleet has to pass before it is recommended, each gate with the figures that decide it."""

from __future__ import annotations

from decimal import Decimal

from advisor.domain.assumptions import ON_CALL_NEEDED, SwitchPolicy, Team
from advisor.domain.comparison import Comparison
from advisor.domain.facts import PullStatus
from advisor.domain.fleet import Resolution
from advisor.domain.units import Money
from advisor.domain.verdict import Gate, GateResult

NEVER_ABOVE_WATCH = frozenset({Gate.MONTHLY_SHAPE, Gate.WEAK_OFFER, Gate.SOURCE})
"""Gates that a standing recommendation must go on passing: they are about what is known, not about what is saved."""


def month_gates(comparison: Comparison, policy: SwitchPolicy) -> tuple[GateResult, ...]:
    """The economic and data gates of one month, in the order in which they are shown."""
    usage, chosen = comparison.usage, comparison.chosen
    needed = Money(policy.min_savings, comparison.savings.currency)
    probability = comparison.probability_cheaper
    return (
        _gate(
            Gate.SOURCE,
            usage.source_status is PullStatus.OK,
            "every source was read whole",
            f"a source is {usage.source_status.value}: see its warnings",
        ),
        _gate(Gate.MONTH_OPEN, usage.closed, "the month is closed", usage.open_because),
        _gate(
            Gate.MONTHLY_SHAPE,
            chosen.demand.resolution is not Resolution.MONTH,
            f"the traffic is known by the {_grain(chosen.demand.resolution)}",
            "only monthly totals are known: a log or a daily export shows the peaks",
        ),
        _gate(
            Gate.WEAK_OFFER,
            not chosen.offer.weakness,
            "the GPU price has a source and a date",
            f"its GPU price is {chosen.offer.weakness}",
        ),
        _gate(
            Gate.SAVINGS_RATIO,
            comparison.savings_ratio >= policy.min_savings_ratio,
            f"saves {_percent(comparison.savings_ratio)}, at least {_percent(policy.min_savings_ratio)}",
            f"saves {_percent(comparison.savings_ratio)}, under {_percent(policy.min_savings_ratio)}",
        ),
        _gate(
            Gate.MIN_SAVINGS,
            comparison.savings >= needed,
            f"saves {_money(comparison.savings)} a month, at least {_money(needed)}",
            f"saves {_money(comparison.savings)} a month, under {_money(needed)}",
        ),
        _gate(
            Gate.EQUIVALENT,
            comparison.equivalent.cost.total < comparison.avoidable,
            f"the 70 % rule is cheaper: {_money(comparison.equivalent.cost.total)}",
            f"the 70 % rule is not cheaper: {_money(comparison.equivalent.cost.total)}",
        ),
        _gate(
            Gate.PROBABILITY,
            probability >= policy.min_probability,
            f"P(cheaper) {probability:.2f}, at least {policy.min_probability:.2f}",
            f"P(cheaper) {probability:.2f}, under {policy.min_probability:.2f}",
        ),
        _gate(
            Gate.LOW_END,
            comparison.low_end_savings.amount > 0,
            "still cheaper at the low end of the throughput band",
            f"at the low end of the throughput band it costs {_money(-comparison.low_end_savings)} more",
        ),
        _gate(
            Gate.PAYBACK,
            comparison.payback_months <= policy.max_payback_months,
            f"pays back in {comparison.payback_months:.1f} months, at most {policy.max_payback_months:g}",
            f"pays back in {comparison.payback_months:.1f} months, over {policy.max_payback_months:g}",
        ),
    )


def price_today_gate(comparison: Comparison, policy: SwitchPolicy) -> GateResult:
    """The same margins at today's token prices. Where no price today is known, the month's own bill stands."""
    saved = comparison.savings_today
    if saved is None:
        return GateResult(gate=Gate.PRICE_TODAY, met=True, detail="no price of today is known; the bill's own is used")
    bill = comparison.serverless + (saved - comparison.savings)
    met = bill.amount > 0 and saved.over(bill) >= policy.min_savings_ratio and saved.amount >= policy.min_savings
    return GateResult(
        gate=Gate.PRICE_TODAY, met=met, detail=f"at today's token prices it saves {_money(saved)} a month"
    )


def team_gate(comparison: Comparison, team: Team | None) -> GateResult:
    """Hours available against hours needed, and engineers on call."""
    hours = comparison.engineering_hours
    if team is None:
        return GateResult(gate=Gate.TEAM, met=False, detail="the team is not stated")
    enough = team.engineering_hours_available >= float(hours) and team.on_call_engineers >= ON_CALL_NEEDED
    detail = (
        f"{team.engineering_hours_available:g} h a month and {team.on_call_engineers} on call, "
        f"{hours:f} h and {ON_CALL_NEEDED} needed"
    )
    return GateResult(gate=Gate.TEAM, met=enough, detail=detail)


def streak_gate(streak: int, policy: SwitchPolicy) -> GateResult:
    """Closed months in a row in which every gate of the month held."""
    detail = f"month {min(streak, policy.months_in_a_row)} of {policy.months_in_a_row} in a row"
    return GateResult(gate=Gate.STREAK, met=streak >= policy.months_in_a_row, detail=detail)


def _gate(gate: Gate, met: bool, when_met: str, when_not: str) -> GateResult:
    return GateResult(gate=gate, met=met, detail=when_met if met else when_not)


def _grain(resolution: Resolution) -> str:
    return {Resolution.FIVE_MINUTES: "five minutes"}.get(resolution, resolution.value)


def _percent(ratio: float) -> str:
    return f"{ratio:.0%}".replace("%", " %")


def _money(amount: Money) -> str:
    value = amount.amount.quantize(Decimal(1))
    text = f"{abs(value):,}"
    sign = "-" if value < 0 else ""
    return f"{sign}${text}" if amount.currency == "USD" else f"{sign}{amount.currency} {text}"
