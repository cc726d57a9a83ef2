"""Verdicts on months that own GPUs serve: they are followed, and a return is advised where they lost to serverless."""

from __future__ import annotations

import math
from dataclasses import replace
from shlex import quote

from advisor.decision.memory import Memory
from advisor.decision.stages import Plan, migrating
from advisor.decision.words import LIFTS
from advisor.domain.assumptions import SwitchPolicy
from advisor.domain.comparison import Comparison, NotCompared
from advisor.domain.dedicated import Followed
from advisor.domain.facts import PullStatus
from advisor.domain.units import Money, Month, rounded_down
from advisor.domain.verdict import Gate, Reason, State, Verdict
from advisor.ingest.money import written


def on_own_gpus(
    month: Comparison | NotCompared, followed: Followed | None, plan: Plan, memory: Memory, policy: SwitchPolicy
) -> tuple[Verdict, Memory]:
    """The verdict on a month that own GPUs serve, as is said or seen, and what is carried on.

    The streak towards a switch is frozen. A month in which the move is under way, or of which the cost of own GPUs or
    of serverless is not known, never speaks for a return; the first counts for nothing, the others end its row. Once
    advised, a return stands until own GPUs cost no more than serverless.
    """
    usage = month.usage
    since = plan.moving_from or memory.own_since or usage.month
    under_way = followed is not None and bool(followed.own_tokens) and migrating(followed, since)
    ratio = followed.excess_ratio if followed and usage.source_status is PullStatus.OK else None
    over = ratio is not None and ratio >= -policy.return_ratio
    if not usage.closed:
        leaning = State.RETURN if over and not under_way else State.STAY
        return _open(month, followed, memory, leaning), memory
    memory = memory.served(followed, usage.month)
    if not under_way:
        dearer = memory.dearer + 1 if over else 0
        stands = memory.returning and (ratio is None or ratio > 0)
        memory = replace(memory, dearer=dearer, returning=stands or dearer >= policy.return_months)
    state, reason = _judged(usage.month, followed, plan, memory, policy, under_way=under_way, known=ratio is not None)
    name = quote(usage.workload.name)
    verdict = Verdict(
        basis=month,
        state=state,
        previous=memory.state,
        reason=reason,
        reason_text=_spoken(reason, followed, plan, since, memory, policy),
        streak=memory.streak,
        leaning=None,
        gates=(),
        blocked_by=(),
        next_action=f"plan the way back; every figure: advisor explain {name}" if state is State.RETURN else "",
        answer=plan.answer if reason in (Reason.MOVING, Reason.RETURNING) else None,
        followed=followed,
        realized=memory.realized,
    )
    return verdict, replace(memory, state=state)


def _open(month: Comparison | NotCompared, followed: Followed | None, memory: Memory, leaning: State) -> Verdict:
    return Verdict(
        basis=month,
        state=State.INSUFFICIENT_DATA,
        previous=memory.state,
        reason=Reason.NO_CLOSED_MONTH,
        reason_text=month.usage.open_because or "the month is not closed",
        streak=memory.streak,
        leaning=leaning,
        gates=(),
        blocked_by=(Gate.MONTH_OPEN,),
        next_action=LIFTS[Gate.MONTH_OPEN],
        followed=followed,
        realized=memory.realized,
    )


def _judged(
    month: Month,
    followed: Followed | None,
    plan: Plan,
    memory: Memory,
    policy: SwitchPolicy,
    *,
    under_way: bool,
    known: bool,
) -> tuple[State, Reason]:
    if _gone_back(followed, plan, month):
        return State.STAY, Reason.RETURNING
    if under_way:
        return State.STAY, Reason.MIGRATING
    if memory.returning and known:
        return State.RETURN, Reason.DEARER
    if not plan.dedicated and not (followed and followed.own_tokens):
        return State.STAY, Reason.MOVING
    if followed and _loses(followed, policy) and followed.sunk and followed.sunk.amount:
        return State.STAY, Reason.COMMITTED
    return State.STAY, Reason.DEDICATED


def _gone_back(followed: Followed | None, plan: Plan, month: Month) -> bool:
    """Whether the way back, as announced, is behind it although the configuration still says that it is dedicated."""
    if followed and followed.own_tokens:
        return False
    return bool(plan.returned and plan.answer and plan.answer.month and plan.answer.month <= month)


def _loses(followed: Followed, policy: SwitchPolicy) -> bool:
    """Whether the whole cost of own GPUs, what is owed too, is above serverless by the ratio of a return."""
    if followed.saved is None or followed.serverless is None:
        return False
    return (-followed.saved).over(followed.serverless) >= -policy.return_ratio


def _spoken(
    reason: Reason, followed: Followed | None, plan: Plan, since: Month, memory: Memory, policy: SwitchPolicy
) -> str:
    """The reason in a few words with its figures; what is not known is said, and what is paid twice."""
    stated = plan.moving_from or (None if plan.dedicated else since)
    begun = f" since {stated}" if stated else ""
    said = [f"already on own GPUs{begun}"]
    if reason is Reason.MOVING:
        said = [f"moving to own GPUs{begun}{_because(plan)}"]
    elif reason is Reason.MIGRATING and followed and followed.own_share is not None:
        said = [f"moving to own GPUs{begun}: they carry {_percent(followed.own_share)} of the tokens"]
    elif reason is Reason.RETURNING and plan.answer:
        return f'back on serverless since {plan.answer.month}: write serving = "serverless" in its [[workloads]]'
    if followed is None:
        return said[0]
    if reason in (Reason.DEARER, Reason.COMMITTED, Reason.DEDICATED) and followed.missing == ():
        said.append(_compared(reason, followed, memory, policy))
    elif followed.cost is None or followed.serverless is None:
        said += followed.missing[:1]
    if followed.paid_twice and followed.still_serverless and followed.gpu_cost:
        own = f"{written(followed.gpu_cost)} of own GPUs"
        said.append(f"paid twice: {written(followed.still_serverless)} serverless beside {own}")
    elif followed.gpu_cost is None and followed.still_serverless and followed.still_serverless.amount:
        said.append(f"{written(followed.still_serverless)} of serverless is paid beside")
    return "; ".join(filter(None, said))


def _because(plan: Plan) -> str:
    return f" ({plan.answer.reason})" if plan.answer and plan.answer.reason else ""


def _compared(reason: Reason, followed: Followed, memory: Memory, policy: SwitchPolicy) -> str:
    """`they cost $12,100.00, serverless at aws would be $10,000.00: 21 % more, month 2 of 2`"""
    cost, serverless, excess = followed.cost, followed.serverless, followed.excess
    if cost is None or serverless is None or excess is None or followed.sunk is None:
        return ""
    said = f"they cost {written(cost)}, serverless at {followed.host} would be {written(serverless)}"
    kept = [f"{written(followed.sunk)} of it is owed until {followed.commitment_until}"] if followed.sunk.amount else []
    if (shared := followed.running_cost - followed.avoidable_running).amount > 0:
        kept.append(f"{written(shared)} of it other workloads need too")
    if kept:
        said += f"; {' and '.join(kept)}, so leaving saves {written(_at_least_nothing(excess))}"
    if reason is Reason.DEARER:
        return f"{said}: {_over(excess, serverless)}, {_row(memory, policy)}"
    return f"{said}: {_over(excess, serverless)}, {_row(memory, policy)}" if memory.dearer else said


def _row(memory: Memory, policy: SwitchPolicy) -> str:
    if not memory.dearer:
        return "advised before; stands until they cost no more than serverless"
    return f"month {min(memory.dearer, policy.return_months)} of {policy.return_months}"


def _over(excess: Money, serverless: Money) -> str:
    ratio = excess.over(serverless)
    return f"{_percent(ratio)} more" if math.isfinite(ratio) else "they served nothing"


def _at_least_nothing(amount: Money) -> Money:
    return amount if amount.amount > 0 else Money.zero(amount.currency)


def _percent(ratio: float) -> str:
    return f"{rounded_down(ratio * 100, 1):g} %"
