"""Comparisons to verdicts: a fold over the months of one workload, oldest first.

An unclosed month counts for nothing and breaks nothing. A closed month either meets every gate of its own and extends
the streak, or ends it; so does one that cannot be weighed, or that brought no traffic. A SWITCH, once given, stands
until the exit rule (savings at or below `return_ratio` for `return_months` closed months in a row), but never on a
month whose data or price cannot carry it, nor where token prices have fallen since and it does not hold at today's.

Months on own GPUs, as is said or seen, freeze the streak and are followed instead (`decision.dedicated`); what the user
answered is not repeated (`decision.answered`).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace

from advisor.decision.answered import answered
from advisor.decision.dedicated import on_own_gpus
from advisor.decision.gates import NEVER_ABOVE_WATCH, month_gates, price_today_gate, streak_gate, team_gate
from advisor.decision.memory import Memory as Memory
from advisor.decision.stages import Plan, plan_for
from advisor.decision.words import missing_verdict, next_step, spoken
from advisor.domain.answers import Answer
from advisor.domain.assumptions import SwitchPolicy, Team
from advisor.domain.comparison import Comparison, Missing, NotCompared
from advisor.domain.dedicated import Followed
from advisor.domain.forecast import Forecast
from advisor.domain.units import CENT, Month
from advisor.domain.verdict import Gate, GateResult, Reason, State, Verdict


def fold(
    history: Sequence[Comparison | NotCompared],
    policy: SwitchPolicy,
    team: Team | None,
    *,
    answers: Sequence[Answer] = (),
    followed: Mapping[Month, Followed] | None = None,
    forecasts: Mapping[Month, Forecast] | None = None,
) -> tuple[Verdict, ...]:
    """One verdict for each month of *history*, which is one workload's, oldest first.

    A month that is left out between two others is one in which the workload's sources counted no traffic of it.
    *answers* may be those on every workload. *followed* is what own GPUs did, by month, *forecasts* where the volume
    was heading.
    """
    memory, verdicts = Memory(), []
    seen, ahead = followed or {}, forecasts or {}
    plan = plan_for(history[-1].usage.workload, answers) if history else Plan()
    last_closed = max((position for position, month in enumerate(history) if month.usage.closed), default=0)
    for position, month in enumerate(history):
        when = month.usage.month
        if position and (without := _between(history[position - 1].usage.month, when, plan)):
            memory = memory.won(False).lost(without, policy)
        if plan.on_own_gpus(when, seen.get(when)):
            verdict, memory = on_own_gpus(month, seen.get(when), plan, memory, policy)
        elif isinstance(month, NotCompared):
            verdict, memory = _not_weighed(month, memory.left(returned=plan.returned), policy)
        else:
            # Earlier months were judged at prices of use: today's are asked of the last closed month, and after it.
            verdict, memory = _weighed(
                month,
                memory.left(returned=plan.returned),
                policy,
                team,
                today=position >= last_closed,
                forecast=ahead.get(when),
            )
        verdict, memory = answered(verdict, plan, memory)
        verdicts.append(replace(verdict, forecast=ahead.get(when)))
    return tuple(verdicts)


def _between(earlier: Month, later: Month, plan: Plan) -> int:
    """How many months lie between two months, without those on own GPUs: what vanished there has moved."""
    months = (later.year - earlier.year) * 12 + later.month - earlier.month
    return sum(not plan.on_own_gpus(earlier.plus(number)) for number in range(1, months))


def _not_weighed(month: NotCompared, memory: Memory, policy: SwitchPolicy) -> tuple[Verdict, Memory]:
    """A closed month without traffic is a losing one; a row of losing months may span one without figures."""
    verdict = missing_verdict(month, memory.state, 0 if month.usage.closed else memory.streak)
    if not month.usage.closed:
        return verdict, memory
    if verdict.state is State.INELIGIBLE:
        memory = Memory()
    elif month.missing is Missing.NO_USAGE:
        memory = memory.lost(1, policy)
    return verdict, replace(memory.won(False), state=verdict.state)


def _weighed(
    month: Comparison,
    memory: Memory,
    policy: SwitchPolicy,
    team: Team | None,
    *,
    today: bool,
    forecast: Forecast | None = None,
) -> tuple[Verdict, Memory]:
    previous, closed = memory.state, month.usage.closed
    gates = month_gates(month, policy)
    if closed:
        memory = memory.won(all(gate.met for gate in gates))
        memory = memory.lost(1 if month.savings_ratio <= policy.return_ratio else 0, policy)
    if today:
        gates = (*gates, price_today_gate(month, policy))
    gates = (*gates, streak_gate(memory.streak, policy), team_gate(month, team))
    state, reason = _state(month, gates, team, stands=memory.standing and not _price_fell(month, gates))
    if state is State.STAY and forecast is not None and forecast.crosses_soon:
        state, reason = State.WATCH, Reason.CROSSING
    unmet = tuple(gate.gate for gate in gates if not gate.met)
    verdict = Verdict(
        basis=month,
        state=state,
        previous=previous,
        reason=reason,
        reason_text=spoken(month, state, reason, gates, memory.streak, policy, forecast),
        streak=memory.streak,
        leaning=None if closed else _leaning(month, gates),
        gates=gates,
        blocked_by=unmet if state in (State.WATCH, State.SWITCH_BLOCKED) or not closed else (),
        next_action=next_step(month, state, reason, gates),
    )
    if closed:
        memory = replace(memory, standing=memory.standing or state is State.SWITCH, state=state)
    return verdict, memory


def _price_fell(month: Comparison, gates: Sequence[GateResult]) -> bool:
    """Whether token prices fell since the month, so far that it does not hold at today's."""
    fails = any(gate.gate is Gate.PRICE_TODAY and not gate.met for gate in gates)
    return fails and month.savings_today is not None and (month.savings - month.savings_today).amount > CENT


def _state(month: Comparison, gates: Sequence[GateResult], team: Team | None, *, stands: bool) -> tuple[State, Reason]:
    """The state and its reason; *stands* says whether an earlier recommendation is in force."""
    if not month.usage.closed:
        return State.INSUFFICIENT_DATA, Reason.NO_CLOSED_MONTH
    unmet = {gate.gate for gate in gates if not gate.met}
    if Gate.CHEAPER_SERVERLESS in unmet and month.savings.amount > 0:
        return State.STAY, Reason.CHEAPER_SERVERLESS
    earned = not unmet - {Gate.TEAM}
    if earned or (stands and not unmet & NEVER_ABOVE_WATCH):
        if Gate.TEAM in unmet:
            return State.SWITCH_BLOCKED, Reason.TEAM_NOT_STATED if team is None else Reason.TEAM_TOO_SMALL
        return State.SWITCH, Reason.ALL_GATES_MET if earned else Reason.STANDING
    if month.savings.amount > 0 or Gate.CREDIT_PERIOD in unmet:
        return State.WATCH, Reason.GATE
    return State.STAY, Reason.SERVERLESS_CHEAPER


def _leaning(month: Comparison, gates: Sequence[GateResult]) -> State:
    """Which way an open month points: as if it were closed, its streak, its sources and the team aside."""
    aside = {Gate.MONTH_OPEN, Gate.STREAK, Gate.TEAM, Gate.SOURCE}
    unmet = {gate.gate for gate in gates if not gate.met}
    loses = month.savings.amount <= 0 and Gate.CREDIT_PERIOD not in unmet
    if loses or Gate.CHEAPER_SERVERLESS in unmet:
        return State.STAY
    return State.SWITCH if unmet <= aside else State.WATCH
