"""Why a verdict is what it is and what to do next, as printed."""

from __future__ import annotations

from collections.abc import Sequence
from shlex import quote

from advisor.domain.assumptions import SwitchPolicy
from advisor.domain.comparison import Comparison, Missing, NotCompared
from advisor.domain.fleet import Grade
from advisor.domain.forecast import Forecast
from advisor.domain.units import rounded_down
from advisor.domain.verdict import Gate, GateResult, Reason, State, Verdict
from advisor.market.recipe import recipe_command

LIFTS = {
    Gate.SOURCE: "repair the source: advisor usage names what could not be read",
    Gate.MONTH_OPEN: "wait until the month closes, or supply the missing days",
    Gate.DRIFT: "find the traffic that one source misses or counts twice: advisor usage --by day",
    Gate.MONTHLY_SHAPE: "add a request log or a daily export of the same traffic",
    Gate.WEAK_OFFER: "get a dated quote: [[fleet.offers]]",
    Gate.CREDIT_PERIOD: "wait until the commitment ends, or ask its provider for a lower floor: [[commitments]]",
    Gate.SAVINGS_RATIO: "ask for a lower GPU price: [[fleet.offers]]",
    Gate.MIN_SAVINGS: "wait until the bill has grown, or ask for a lower GPU price: [[fleet.offers]]",
    Gate.EQUIVALENT: "ask for a lower GPU price: [[fleet.offers]]",
    Gate.CHEAPER_SERVERLESS: "buy it from the cheaper host first",
    Gate.PROBABILITY: "measure your own throughput",
    Gate.LOW_END: "measure your own throughput",
    Gate.PAYBACK: "check what the move would cost: migration_hours and migration_one_off in [fleet.overheads]",
    Gate.PRICE_TODAY: "wait for the first whole month at the new token prices",
    Gate.STREAK: "wait for the next closed month",
    Gate.TEAM: "state the team: [team]",
}
"""What lifts each gate: one step a gate."""
SUPPLIES = {
    Missing.CLOSED_WEIGHTS: 'accept an open model in its place: serve = "..." and approved_by = "..." in [[workloads]]',
    Missing.NOT_MODELLED: "if it is a text model after all, say so: serve and approved_by in its [[workloads]]",
    Missing.UNKNOWN_MODEL: 'name the open model it is: serve = "..." in its [[workloads]]',
    Missing.NO_USAGE: "see what its sources counted: advisor usage",
    Missing.NO_COST: "add [[prices]], or an invoice as a source",
    Missing.NO_PROFILE: "add [[fleet.profiles]] with your own benchmark",
    Missing.NO_OFFER: "add [[fleet.offers]] with a quote",
    Missing.NO_EXCHANGE_RATE: "add [[exchange_rates]]",
    Missing.SLO_INFEASIBLE: "relax slo in its [[workloads]]",
}
"""What supplies each thing that can be missing."""
FOLLOWS = (Gate.PRICE_TODAY, Gate.STREAK)
"""Gates that fail with any other one of the month: said only where they fail alone."""
ANSWERED = {
    Missing.CLOSED_WEIGHTS: (State.INELIGIBLE, Reason.CLOSED_WEIGHTS),
    Missing.NOT_MODELLED: (State.INELIGIBLE, Reason.NOT_MODELLED),
    Missing.UNKNOWN_MODEL: (State.INELIGIBLE, Reason.NOT_MODELLED),
    Missing.SLO_INFEASIBLE: (State.STAY, Reason.SLO_INFEASIBLE),
}
"""What is an answer although nothing was weighed; everything else is a lack of data."""
MEASURED_BY = (Gate.PROBABILITY, Gate.LOW_END)
"""Gates that a load test may lift."""


def missing_verdict(month: NotCompared, previous: State | None, streak: int) -> Verdict:
    """The verdict on a month that could not be weighed."""
    state, reason = ANSWERED.get(month.missing, (State.INSUFFICIENT_DATA, Reason.MISSING))
    step = "" if state is State.STAY else SUPPLIES[month.missing]
    if month.missing is Missing.NO_USAGE and not month.usage.closed:
        reason = Reason.NO_CLOSED_MONTH
        step = LIFTS[Gate.MONTH_OPEN] if month.usage.cost is None else "add a source that counts its tokens"
    return Verdict(
        basis=month,
        state=state,
        previous=previous,
        reason=reason,
        reason_text=month.detail,
        streak=streak,
        leaning=None,
        gates=(),
        blocked_by=(),
        next_action=step,
    )


def spoken(
    month: Comparison,
    state: State,
    reason: Reason,
    gates: Sequence[GateResult],
    streak: int,
    policy: SwitchPolicy,
    forecast: Forecast | None = None,
) -> str:
    """The reason in a few words with its figures."""
    match state, reason:
        case _, Reason.CROSSING:
            assert forecast is not None, "it is the reason"
            likely = rounded_down(forecast.probability_within_6_months or 0.0, 2)
            return f"dearer now, but likely to meet the savings gates within six months (P {likely:.2f}): it grows"
        case State.SWITCH, Reason.STANDING:
            return f"recommended before; stands until savings fall to {policy.return_ratio * 100:g} %"
        case State.SWITCH, _:
            return f"month {min(streak, policy.months_in_a_row)} of {policy.months_in_a_row}, all gates met"
        case State.SWITCH_BLOCKED, _:
            return next(gate.detail for gate in gates if gate.gate is Gate.TEAM)
        case State.WATCH, _:
            unmet = [gate for gate in gates if not gate.met and gate.gate is not Gate.TEAM]
            owed = next((at for at, gate in enumerate(unmet) if gate.gate is Gate.CREDIT_PERIOD), len(unmet))
            unmet = unmet[: owed + 1]  # while the bill stays owed, every economic gate fails for that one reason
            return "; ".join(gate.detail for gate in unmet if gate.gate not in FOLLOWS or unmet[0].gate in FOLLOWS)
        case State.INSUFFICIENT_DATA, _:
            return month.usage.open_because or "the month is not closed"
        case _, Reason.CHEAPER_SERVERLESS:
            return next(f"cheaper serverless: {one.detail}" for one in gates if one.gate is Gate.CHEAPER_SERVERLESS)
    if month.avoidable.amount > 0:
        return f"dedicated costs {month.chosen.cost.total.over(month.avoidable):,.1f}x"
    return "nothing of the invoice is avoidable" if month.serverless.amount > 0 else "there is no bill to save from"


def next_step(month: Comparison, state: State, reason: Reason, gates: Sequence[GateResult]) -> str:
    """The one next action; empty for STAY."""
    if state is State.STAY:
        return ""
    if reason is Reason.CROSSING:
        return "get a quote and a load test ready: [[fleet.offers]], advisor profiles recipe " + quote(
            month.usage.workload.name
        )
    name = month.usage.workload.name
    if state is State.SWITCH and month.chosen.profile.grade is not Grade.OWN:
        return f"measure before you move: {recipe_command(name)}"
    if state is State.SWITCH:
        return f"plan the move; every figure: advisor explain {quote(name)}"
    if reason is Reason.TEAM_TOO_SMALL:
        return 'free the hours and people, or price a managed endpoint: [[fleet.offers]] with operated_by = "vendor"'
    unmet = [gate.gate for gate in gates if not gate.met]
    if state is not State.SWITCH_BLOCKED and unmet[0] in MEASURED_BY:
        return f"{LIFTS[unmet[0]]}: {recipe_command(name)}"
    return LIFTS[Gate.TEAM if state is State.SWITCH_BLOCKED else unmet[0]]
