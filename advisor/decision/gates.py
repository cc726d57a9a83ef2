"""What a cheaper fleet has to pass before it is recommended, each gate with the figures that decide it."""

from __future__ import annotations

import math
from decimal import ROUND_FLOOR, Decimal

from advisor.domain.assumptions import ON_CALL_NEEDED, SwitchPolicy, Team
from advisor.domain.comparison import Comparison
from advisor.domain.facts import ON_DEMAND, PullStatus
from advisor.domain.fleet import Resolution
from advisor.domain.units import Money, rounded_down
from advisor.domain.usage import Reconciliation
from advisor.domain.verdict import Gate, GateResult

DRIFT_ALLOWED = 0.10
"""Of the billed tokens. Money that drifts from list price blocks nothing: a negotiated price does that every month."""
NEVER_ABOVE_WATCH = frozenset({Gate.SOURCE, Gate.DRIFT, Gate.MONTHLY_SHAPE, Gate.WEAK_OFFER, Gate.CREDIT_PERIOD})
"""Gates that a standing recommendation must go on passing: what is known, and whether a saving would be cash."""
NEVER_IN_A_MOVE = NEVER_ABOVE_WATCH | {Gate.MONTH_OPEN}
"""Gates without which a workload joins no move of several either."""


def month_gates(comparison: Comparison, policy: SwitchPolicy) -> tuple[GateResult, ...]:
    """The economic and data gates of one month, in the order in which they are shown."""
    usage, chosen = comparison.usage, comparison.chosen
    needed, span = _least(comparison, policy), _span(comparison)
    probability = comparison.probability_cheaper
    weakness = next(filter(None, (offer.weakness for offer in (chosen.offer, *chosen.beside))), "")
    saves = _saves(comparison)
    return (
        _gate(
            Gate.SOURCE,
            usage.source_status is PullStatus.OK,
            "every source was read whole",
            f"a source is {usage.source_status.value}: see its warnings",
        ),
        _gate(Gate.MONTH_OPEN, usage.closed, "the month is closed", usage.open_because or "the month is not closed"),
        _drift(usage.reconciliation),
        _gate(
            Gate.MONTHLY_SHAPE,
            chosen.demand.resolution is not Resolution.MONTH,
            f"the traffic is known {_grain(chosen.demand.resolution)}",
            "only monthly totals are known: a log or a daily export shows the peaks",
        ),
        _gate(
            Gate.WEAK_OFFER,
            not weakness,
            "the GPU price has a source and a date",
            f"its GPU price is {weakness}",
        ),
        _credit_period(comparison, policy),
        _gate(
            Gate.SAVINGS_RATIO,
            comparison.savings_ratio >= policy.min_savings_ratio,
            f"{saves}, at least {_percent(policy.min_savings_ratio)}",
            f"{saves}, under {_percent(policy.min_savings_ratio)}",
        ),
        _gate(
            Gate.MIN_SAVINGS,
            comparison.savings >= needed,
            f"saves {_money(comparison.savings)} {span}, at least {_money(needed)}",
            f"saves {_money(comparison.savings)} {span}, under {_money(needed)}",
        ),
        _gate(
            Gate.EQUIVALENT,
            comparison.equivalent.cost.total < comparison.avoidable,
            f"the fewest whole replicas at the target utilization cost {_money(comparison.equivalent.cost.total)}",
            f"even the fewest whole replicas at the target utilization cost {_money(comparison.equivalent.cost.total)}",
        ),
        _cheaper_serverless(comparison, policy),
        _gate(
            Gate.PROBABILITY,
            probability >= policy.min_probability,
            f"P(cheaper) {rounded_down(probability, 2):.2f}, at least {policy.min_probability:g}",
            f"P(cheaper) {rounded_down(probability, 2):.2f}, under {policy.min_probability:g}",
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
            f"{_pays_back(comparison)}, at most {policy.max_payback_months:g}",
            f"{_pays_back(comparison)}, over {policy.max_payback_months:g}",
        ),
    )


def _drift(found: Reconciliation | None) -> GateResult:
    """The tokens that one source bills against those that another counts, on the days that both know."""
    if found is None:
        return GateResult(gate=Gate.DRIFT, met=True, detail="no two sources saw the same traffic")
    apart, billed = abs(found.billed_tokens - found.counted_tokens), found.billed_tokens
    if not billed:
        detail = f"of the same traffic one source bills no tokens, another counts {found.counted_tokens:,}"
        return GateResult(gate=Gate.DRIFT, met=not apart, detail=detail)
    differ, allowed = "two sources of the same traffic differ by", f"{DRIFT_ALLOWED * 100:g} %"
    return _gate(
        Gate.DRIFT,
        apart <= DRIFT_ALLOWED * billed,
        f"{differ} {_percent(apart / billed)} in tokens, at most {allowed}",
        f"{differ} {-rounded_down(-apart / billed * 100, 1):g} % in tokens, over {allowed}",
    )


def _credit_period(comparison: Comparison, policy: SwitchPolicy) -> GateResult:
    """Whether it is a commitment alone that keeps the saving from being cash: gross it meets the margins, net it does
    not (design: a move inside a credit period is at most WATCH)."""
    owed, needed = comparison.serverless - comparison.avoidable, _least(comparison, policy)
    if owed.amount <= 0 or comparison.cash_from is None:
        return GateResult(gate=Gate.CREDIT_PERIOD, met=True, detail="no commitment keeps the bill from being avoidable")
    gross, bill = comparison.savings + owed, comparison.serverless
    net_enough, enough = (
        saved.over(bill) >= policy.min_savings_ratio and saved >= needed for saved in (comparison.savings, gross)
    )
    still = f"{_money(owed)} of the bill stays owed to a commitment"
    return _gate(
        Gate.CREDIT_PERIOD,
        net_enough or not enough,
        f"{still}, and is not counted as saved",
        f"{still}: what it saves, {_money(gross)} {_span(comparison)}, is cash from {comparison.cash_from:%Y-%m-%d} on",
    )


def _cheaper_serverless(comparison: Comparison, policy: SwitchPolicy) -> GateResult:
    """The plan must beat the cheapest other host that is allowed by the same margins (design: cheaper serverless)."""
    other = comparison.cheaper_serverless
    if other is None:
        return GateResult(gate=Gate.CHEAPER_SERVERLESS, met=True, detail="no allowed host asks less than the bill")
    saved = other.cost - comparison.chosen.cost.total
    met = saved.over(other.cost) >= policy.min_savings_ratio and saved >= _least(comparison, policy)
    tier = "" if other.tier == ON_DEMAND else f" ({other.tier})"
    asks = f"{other.host}{tier} asks {_money(other.cost)} {_span(comparison)} for the same tokens"
    beaten = f"saves {_percent(saved.over(other.cost))} against it" if saved.amount > 0 else "costs more than that"
    return GateResult(gate=Gate.CHEAPER_SERVERLESS, met=met, detail=f"{asks}; the plan {beaten}")


def price_today_gate(comparison: Comparison, policy: SwitchPolicy) -> GateResult:
    """The same margins at today's token prices. Where no price today is known, the month's own bill stands."""
    saved, bill = comparison.savings_today, comparison.usage.cost_today
    if saved is None or bill is None:
        return GateResult(gate=Gate.PRICE_TODAY, met=True, detail="no price of today is known; the bill's own is used")
    enough = bill.amount > 0 and saved.over(bill) >= policy.min_savings_ratio and saved >= _least(comparison, policy)
    detail = f"at today's token prices it saves {_money(saved)} {_span(comparison)}"
    return GateResult(gate=Gate.PRICE_TODAY, met=enough, detail=detail)


def team_gate(comparison: Comparison, team: Team | None) -> GateResult:
    """Hours available against hours needed, and engineers on call."""
    hours = comparison.engineering_hours
    if team is None:
        return GateResult(gate=Gate.TEAM, met=False, detail="the team is not stated")
    enough = team.engineering_hours_available >= float(hours) and team.on_call_engineers >= ON_CALL_NEEDED
    detail = (
        f"{team.engineering_hours_available:g} h a month and {team.on_call_engineers} on call, "
        f"{float(hours):g} h and {ON_CALL_NEEDED} needed"
    )
    return GateResult(gate=Gate.TEAM, met=enough, detail=detail)


def streak_gate(streak: int, policy: SwitchPolicy) -> GateResult:
    """Closed months in a row in which every gate of the month held."""
    detail = f"month {min(streak, policy.months_in_a_row)} of {policy.months_in_a_row} in a row"
    return GateResult(gate=Gate.STREAK, met=streak >= policy.months_in_a_row, detail=detail)


def _gate(gate: Gate, met: bool, when_met: str, when_not: str) -> GateResult:
    return GateResult(gate=gate, met=met, detail=when_met if met else when_not)


def _least(comparison: Comparison, policy: SwitchPolicy) -> Money:
    """`min_savings`; of an open month its covered share is asked, which decides only which way it leans."""
    usage = comparison.usage
    share = Decimal(1) if usage.closed else Decimal(usage.days_covered) / usage.month.day_count
    return Money(policy.min_savings * share, comparison.savings.currency)


def _span(comparison: Comparison) -> str:
    days = comparison.usage.days_covered
    return "a month" if comparison.usage.closed else f"in {days} day{'' if days == 1 else 's'}"


def _grain(resolution: Resolution) -> str:
    return "in steps of five minutes" if resolution is Resolution.FIVE_MINUTES else f"by the {resolution.value}"


def _saves(comparison: Comparison) -> str:
    if not math.isfinite(comparison.savings_ratio):
        return "there is no bill to save from"
    if comparison.savings_ratio < 0:
        return f"costs {1 - comparison.savings_ratio:,.1f}x the bill, saves nothing"
    return f"saves {_percent(comparison.savings_ratio)}"


def _pays_back(comparison: Comparison) -> str:
    months = comparison.payback_months
    return f"pays back in {-rounded_down(-months, 1):.1f} months" if math.isfinite(months) else "never pays back"


def _percent(ratio: float) -> str:
    return f"{rounded_down(ratio * 100, 1):g} %"


def _money(amount: Money) -> str:
    value = amount.amount.to_integral_value(ROUND_FLOOR)
    text = f"{abs(value):,}"
    sign = "-" if value < 0 else ""
    return f"{sign}${text}" if amount.currency == "USD" else f"{sign}{amount.currency} {text}"
