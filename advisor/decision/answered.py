"""What an answer does to a verdict: a recommendation that was answered is not repeated. It never makes one."""

from __future__ import annotations

from dataclasses import replace

from advisor.decision.memory import Memory
from advisor.decision.stages import ASKED_AGAIN, Plan
from advisor.domain.answers import Answer, AnswerKind
from advisor.domain.units import Money, Month
from advisor.domain.verdict import Reason, State, Verdict
from advisor.ingest.money import written

THERE = (State.SWITCH, State.SWITCH_BLOCKED)
MOVES = (State.SWITCH, State.RETURN)
"""What is sent as a recommendation, and so can be snoozed."""


def answered(verdict: Verdict, plan: Plan, memory: Memory) -> tuple[Verdict, Memory]:
    """The verdict as the user's answer leaves it, and what is carried on.

    *memory* holds what acting would have saved when a recommendation was declined: it is made again once that has
    grown by a quarter, and then says so.
    """
    month = verdict.usage.month
    if not verdict.usage.closed:
        kept = verdict.leaning in MOVES and _moving(verdict, plan, month) is not None
        return (replace(verdict, leaning=State.STAY) if kept else verdict), memory
    worth = _worth(verdict)
    if plan.answer and plan.answer.kind is AnswerKind.DECLINED and month <= plan.answer.asked_of and worth:
        memory = replace(memory, declined_at=worth)
    if verdict.state not in (*THERE, State.RETURN):
        return verdict, memory
    if said := _moving(verdict, plan, month):
        return _instead(verdict, memory, said, plan.answer)
    if no := plan.answered(AnswerKind.DECLINED, month):
        threshold = memory.declined_at * ASKED_AGAIN if memory.declined_at else None
        if threshold is None or worth is None or worth < threshold:
            return _instead(verdict, memory, (Reason.DECLINED, _declined(no, threshold)), no)
        again = f"declined on {no.at:%Y-%m-%d}, asked again because it would now save {written(worth)}"
        verdict = replace(verdict, reason_text=f"{verdict.reason_text}; {again}", answer=no)
    return replace(verdict, snooze=plan.snooze if verdict.state in MOVES else None), memory


def _instead(
    verdict: Verdict, memory: Memory, said: tuple[Reason, str], answer: Answer | None
) -> tuple[Verdict, Memory]:
    reason, text = said
    told = replace(
        verdict,
        state=State.STAY,
        reason=reason,
        reason_text=text,
        blocked_by=(),
        next_action="",
        advised=verdict.state,
        answer=answer,
    )
    return told, replace(memory, state=State.STAY)


def _moving(verdict: Verdict, plan: Plan, month: Month) -> tuple[Reason, str] | None:
    """The reason of a move that is on its way, there or back, with what was said."""
    back = State.RETURN in (verdict.state, verdict.leaning)
    if not back and plan.dedicated and plan.moving_from:
        return Reason.MOVING, f"moving to own GPUs from {plan.moving_from} (dedicated_since)"
    answer = plan.answered(AnswerKind.RETURNING if back else AnswerKind.MOVING, month)
    if answer is None:
        return None
    where = "back to serverless" if back else "to own GPUs"
    why = f" ({answer.reason})" if answer.reason else ""
    return (Reason.RETURNING if back else Reason.MOVING), f"moving {where} from {answer.month}{why}"


def _worth(verdict: Verdict) -> Money | None:
    """What acting on it saves in the month."""
    if verdict.followed is not None:
        return verdict.followed.excess
    return verdict.comparison.savings if verdict.comparison else None


def _declined(no: Answer, threshold: Money | None) -> str:
    why = f" ({no.reason})" if no.reason else ""
    again = f"; asked again once it would save {written(threshold)} a month" if threshold else ""
    return f"declined on {no.at:%Y-%m-%d}{why}{again}"
