"""Comparisons to verdicts: a fold over the months of one workload, oldest first.

An unclosed month counts for nothing and breaks nothing. A closed month either meets every gate of its own and extends
the streak, or ends it; so does one that cannot be weighed, or that brought no traffic. A SWITCH, once given, stands
until the exit rule (savings at or below `return_ratio` for `return_months` closed months in a row), but never on a
month whose data or price cannot carry it, nor where token prices have fallen since and it does not hold at today's.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

from advisor.decision.gates import NEVER_ABOVE_WATCH, month_gates, price_today_gate, streak_gate, team_gate
from advisor.decision.words import missing_verdict, next_step, spoken
from advisor.domain.assumptions import SwitchPolicy, Team
from advisor.domain.comparison import Comparison, Missing, NotCompared
from advisor.domain.units import CENT, Month
from advisor.domain.verdict import Gate, GateResult, Reason, State, Verdict


@dataclass(frozen=True, slots=True, kw_only=True)
class Memory:
    """What the fold carries over closed months: rows of good and of losing months, and what was said last."""

    streak: int = 0
    losing: int = 0
    standing: bool = False
    state: State | None = None

    def won(self, met: bool) -> Memory:
        """After a closed month that met all its own gates, or did not."""
        return replace(self, streak=self.streak + 1 if met else 0)

    def lost(self, months: int, policy: SwitchPolicy) -> Memory:
        """After so many more months at or below the exit rule; none ends the row of them."""
        losing = self.losing + months if months else 0
        return replace(self, losing=losing, standing=self.standing and losing < policy.return_months)


def fold(history: Sequence[Comparison | NotCompared], policy: SwitchPolicy, team: Team | None) -> tuple[Verdict, ...]:
    """One verdict for each month of *history*, which is one workload's, oldest first.

    A month that is left out between two others is one in which the workload's sources counted no traffic of it.
    """
    memory, verdicts = Memory(), []
    last_closed = max((position for position, month in enumerate(history) if month.usage.closed), default=0)
    for position, month in enumerate(history):
        if position and (without := _between(history[position - 1].usage.month, month.usage.month)):
            memory = memory.won(False).lost(without, policy)
        if isinstance(month, NotCompared):
            verdict, memory = _not_weighed(month, memory, policy)
        else:
            # Earlier months were judged at prices of use: today's are asked of the last closed month, and after it.
            verdict, memory = _weighed(month, memory, policy, team, today=position >= last_closed)
        verdicts.append(verdict)
    return tuple(verdicts)


def _between(earlier: Month, later: Month) -> int:
    """How many months lie between two months."""
    return max(0, (later.year - earlier.year) * 12 + later.month - earlier.month - 1)


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
    month: Comparison, memory: Memory, policy: SwitchPolicy, team: Team | None, *, today: bool
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
    unmet = tuple(gate.gate for gate in gates if not gate.met)
    verdict = Verdict(
        basis=month,
        state=state,
        previous=previous,
        reason=reason,
        reason_text=spoken(month, state, reason, gates, memory.streak, policy),
        streak=memory.streak,
        leaning=None if closed else _leaning(month, gates),
        gates=gates,
        blocked_by=unmet if state in (State.WATCH, State.SWITCH_BLOCKED) or not closed else (),
        next_action=next_step(month, state, reason, gates),
    )
    if closed:
        standing = (memory.standing or state is State.SWITCH) and reason is not Reason.DEDICATED
        memory = replace(memory, standing=standing, state=state)
    return verdict, memory


def _price_fell(month: Comparison, gates: Sequence[GateResult]) -> bool:
    """Whether token prices fell since the month, so far that it does not hold at today's."""
    fails = any(gate.gate is Gate.PRICE_TODAY and not gate.met for gate in gates)
    return fails and month.savings_today is not None and (month.savings - month.savings_today).amount > CENT


def _state(month: Comparison, gates: Sequence[GateResult], team: Team | None, *, stands: bool) -> tuple[State, Reason]:
    """The state and its reason; *stands* says whether an earlier recommendation is in force."""
    if not month.usage.closed:
        return State.INSUFFICIENT_DATA, Reason.NO_CLOSED_MONTH
    if month.usage.workload.serving == "dedicated":
        return State.STAY, Reason.DEDICATED
    unmet = {gate.gate for gate in gates if not gate.met}
    if Gate.CHEAPER_SERVERLESS in unmet and month.savings.amount > 0:
        return State.STAY, Reason.CHEAPER_SERVERLESS
    earned = not unmet - {Gate.TEAM}
    if earned or (stands and not unmet & NEVER_ABOVE_WATCH):
        if Gate.TEAM in unmet:
            return State.SWITCH_BLOCKED, Reason.TEAM_NOT_STATED if team is None else Reason.TEAM_TOO_SMALL
        return State.SWITCH, Reason.ALL_GATES_MET if earned else Reason.STANDING
    if month.savings.amount > 0:
        return State.WATCH, Reason.GATE
    return State.STAY, Reason.SERVERLESS_CHEAPER


def _leaning(month: Comparison, gates: Sequence[GateResult]) -> State:
    """Which way an open month points: as if it were closed, its streak, its sources and the team aside."""
    aside = {Gate.MONTH_OPEN, Gate.STREAK, Gate.TEAM, Gate.SOURCE}
    unmet = {gate.gate for gate in gates if not gate.met}
    if month.usage.workload.serving == "dedicated" or month.savings.amount <= 0 or Gate.CHEAPER_SERVERLESS in unmet:
        return State.STAY
    return State.SWITCH if unmet <= aside else State.WATCH
