"""Why a verdict is what it is and what to do next, as printed."""

from __future__ import annotations

from collections.abc import Sequence

from advisor.domain.assumptions import SwitchPolicy
from advisor.domain.comparison import Comparison, Missing, NotCompared
from advisor.domain.verdict import Gate, GateResult, Reason, State, Verdict

LIFTS = {
    Gate.SOURCE: "repair the source: advisor usage names what could not be read",
    Gate.MONTH_OPEN: "wait until the month closes, or supply the missing days",
    Gate.MONTHLY_SHAPE: "add a request log or a daily export of the same traffic",
    Gate.WEAK_OFFER: "get a dated quote: [[fleet.offers]]",
    Gate.LOW_END: "measure your own throughput: [[fleet.profiles]]",
    Gate.PROBABILITY: "measure your own throughput: [[fleet.profiles]]",
    Gate.TEAM: "state the team: [team]",
}


def missing_verdict(month: NotCompared, previous: State | None) -> Verdict:
    """The verdict on a month that could not be weighed."""
    name = month.usage.workload.name
    state, reason = State.INSUFFICIENT_DATA, Reason.MISSING
    step = f"advisor explain {name}"
    if month.missing is Missing.CLOSED_WEIGHTS:
        state, reason = State.INELIGIBLE, Reason.CLOSED_WEIGHTS
        step = ""
    elif month.missing is Missing.NOT_MODELLED:
        state, reason = State.INELIGIBLE, Reason.NOT_MODELLED
        step = ""
    elif month.missing is Missing.UNKNOWN_MODEL:
        state, reason = State.INELIGIBLE, Reason.NOT_MODELLED
        step = 'name the open model it is: serve = "..." in its [[workloads]]'
    elif month.missing is Missing.NO_PROFILE:
        step = "add [[fleet.profiles]] with your own benchmark"
    elif month.missing is Missing.NO_OFFER:
        step = "add [[fleet.offers]] with a quote"
    elif month.missing is Missing.NO_COST:
        step = "add [[prices]], or an invoice as a source"
    elif month.missing is Missing.NO_EXCHANGE_RATE:
        step = "add [[exchange_rates]]"
    return Verdict(
        basis=month,
        state=state,
        previous=previous,
        reason=reason,
        reason_text=month.detail,
        streak=0,
        leaning=None,
        gates=(),
        blocked_by=(),
        next_action=step,
    )


def spoken(
    month: Comparison, state: State, reason: Reason, gates: Sequence[GateResult], streak: int, policy: SwitchPolicy
) -> str:
    """The reason in a few words with its figures."""
    unmet = [gate for gate in gates if not gate.met]
    match state, reason:
        case State.SWITCH, Reason.STANDING:
            return f"recommended before; stands until savings fall to {policy.return_ratio:.0%}".replace("%", " %")
        case State.SWITCH, _:
            return f"month {min(streak, policy.months_in_a_row)} of {policy.months_in_a_row}, all gates met"
        case State.SWITCH_BLOCKED, _:
            return next(gate.detail for gate in unmet if gate.gate is Gate.TEAM)
        case State.WATCH, _:
            return "; ".join(gate.detail for gate in unmet if gate.gate is not Gate.TEAM)
        case State.INSUFFICIENT_DATA, _:
            return month.usage.open_because or "the month is not closed"
        case _, Reason.DEDICATED:
            since = month.usage.workload.dedicated_since
            return f"already on own GPUs{f' since {since}' if since else ''}"
        case _:
            times = month.chosen.cost.total.over(month.avoidable) if month.avoidable.amount else 0.0
            return f"dedicated costs {times:.1f}x" if times else "nothing of the invoice is avoidable"


def next_step(month: Comparison, state: State, reason: Reason, gates: Sequence[GateResult]) -> str:
    """The one next action; empty for STAY."""
    name = month.usage.workload.name
    unmet = [gate.gate for gate in gates if not gate.met]
    match state:
        case State.SWITCH:
            return f"advisor explain {name}, then plan the move"
        case State.SWITCH_BLOCKED:
            return (
                LIFTS[Gate.TEAM] if reason is Reason.TEAM_NOT_STATED else "free the hours, or use a vendor's endpoint"
            )
        case State.WATCH | State.INSUFFICIENT_DATA:
            binding = next((gate for gate in unmet if gate in LIFTS), None)
            return LIFTS[binding] if binding else f"advisor explain {name}"
        case _:
            return ""
