"""Comparisons to verdicts: a fold over the months of one workload, oldest first.

An unclosed month counts for nothing and breaks nothing. A closed month either meets every gate of its own and extends
the streak, or ends it. A SWITCH, once given, stands until the exit rule (savings at or below `return_ratio` for
`return_months` closed months in a row), but never on a month whose data or price cannot carry it.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from advisor.decision.gates import NEVER_ABOVE_WATCH, month_gates, price_today_gate, streak_gate, team_gate
from advisor.decision.words import missing_verdict, next_step, spoken
from advisor.domain.assumptions import SwitchPolicy, Team
from advisor.domain.comparison import Comparison, NotCompared
from advisor.domain.verdict import Gate, GateResult, Reason, State, Verdict


@dataclass(frozen=True, slots=True, kw_only=True)
class Memory:
    """What the fold carries from month to month."""

    streak: int = 0
    losing: int = 0
    standing: bool = False
    state: State | None = None


def fold(history: Sequence[Comparison | NotCompared], policy: SwitchPolicy, team: Team | None) -> tuple[Verdict, ...]:
    """One verdict for each month of *history*, which is one workload's, oldest first."""
    memory = Memory()
    verdicts = []
    for position, month in enumerate(history):
        verdict, memory = _judge(month, memory, policy, team, last=position == len(history) - 1)
        verdicts.append(verdict)
    return tuple(verdicts)


def _judge(
    month: Comparison | NotCompared, memory: Memory, policy: SwitchPolicy, team: Team | None, *, last: bool
) -> tuple[Verdict, Memory]:
    if isinstance(month, NotCompared):
        verdict = missing_verdict(month, memory.state)
        # A closed month that cannot be weighed ends a streak: a recommendation never bridges a month without figures.
        kept = memory if not month.usage.closed else Memory()
        return verdict, _with(kept, state=verdict.state)
    gates = month_gates(month, policy)
    met = all(gate.met for gate in gates)
    closed = month.usage.closed
    streak = (memory.streak + 1 if met else 0) if closed else memory.streak
    losing = (memory.losing + 1 if month.savings_ratio <= policy.return_ratio else 0) if closed else memory.losing
    # Today's prices are asked of the month that is judged now; earlier months were judged on their own.
    gates = (*gates, *([price_today_gate(month, policy)] if last else []), streak_gate(streak, policy))
    gates = (*gates, team_gate(month, team))
    state, reason, standing = _state(month, gates, memory.standing and losing < policy.return_months)
    blocked = tuple(gate.gate for gate in gates if not gate.met)
    leaning = None if closed else _leaning(month, gates)
    verdict = Verdict(
        basis=month,
        state=state,
        previous=memory.state,
        reason=reason,
        reason_text=spoken(month, state, reason, gates, streak, policy),
        streak=streak,
        leaning=leaning,
        gates=gates,
        blocked_by=blocked if state in (State.WATCH, State.SWITCH_BLOCKED) or not closed else (),
        next_action=next_step(month, state, reason, gates),
    )
    return verdict, Memory(streak=streak, losing=losing, standing=standing, state=state)


def _state(month: Comparison, gates: Sequence[GateResult], stood: bool) -> tuple[State, Reason, bool]:
    """The state, its reason, and whether a recommendation stands from here on."""
    if not month.usage.closed:
        return State.INSUFFICIENT_DATA, Reason.NO_CLOSED_MONTH, stood
    if month.usage.workload.serving == "dedicated":
        return State.STAY, Reason.DEDICATED, False
    unmet = {gate.gate for gate in gates if not gate.met}
    economic = unmet - {Gate.TEAM}
    if stood and economic and not unmet & NEVER_ABOVE_WATCH:
        economic = set()
        granted = Reason.STANDING
    else:
        granted = Reason.ALL_GATES_MET
    if not economic:
        if Gate.TEAM not in unmet:
            return State.SWITCH, granted, True
        team = next(gate for gate in gates if gate.gate is Gate.TEAM)
        missing = Reason.TEAM_NOT_STATED if "not stated" in team.detail else Reason.TEAM_TOO_SMALL
        return State.SWITCH_BLOCKED, missing, True
    if month.savings.amount > 0:
        return State.WATCH, Reason.GATE, stood
    return State.STAY, Reason.SERVERLESS_CHEAPER, stood


def _leaning(month: Comparison, gates: Sequence[GateResult]) -> State:
    """Which way an open month points: as if it were closed, its streak aside."""
    unmet = {gate.gate for gate in gates if not gate.met} - {Gate.MONTH_OPEN, Gate.STREAK, Gate.TEAM, Gate.SOURCE}
    if not unmet:
        return State.SWITCH
    return State.WATCH if month.savings.amount > 0 else State.STAY


def _with(memory: Memory, *, state: State) -> Memory:
    return Memory(streak=memory.streak, losing=memory.losing, standing=memory.standing, state=state)
