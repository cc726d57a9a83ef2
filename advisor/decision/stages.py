"""Where a workload's traffic is meant to run in a month, and the answer that says so."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal

from advisor.domain.answers import Answer, AnswerKind, plan_of, snooze_of
from advisor.domain.assumptions import Workload
from advisor.domain.dedicated import Followed
from advisor.domain.units import Month

ASKED_AGAIN = Decimal("1.25")
"""A declined recommendation is made again when acting on it would save a quarter more than when it was declined."""
MIGRATION_MONTHS = 3
"""For so long from its first month on, own GPUs that carry under MOVED of the tokens are judged by nothing."""
MOVED = 0.90
"""From this share of the tokens on, a workload has moved, and what is left is its spill."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """What the user said of one workload: in the configuration, and in the answers that stand."""

    dedicated: bool = False
    dedicated_since: Month | None = None
    answer: Answer | None = None
    snooze: Answer | None = None

    @property
    def moving_from(self) -> Month | None:
        """The first month on own GPUs, as configured or answered; None where neither is, or no month is given."""
        if self.dedicated:
            return self.dedicated_since
        return self.answer.month if self.answer and self.answer.kind is AnswerKind.MOVING else None

    @property
    def returned(self) -> bool:
        """Whether the user said that it moves back to serverless."""
        return self.answer is not None and self.answer.kind is AnswerKind.RETURNING

    def on_own_gpus(self, month: Month, followed: Followed | None = None) -> bool:
        """Whether own GPUs serve the workload in *month*: as said, or as a source of theirs has seen."""
        if followed is not None and followed.own_tokens:
            return True
        since = self.moving_from
        return since <= month if since else self.dedicated

    def answered(self, kind: AnswerKind, month: Month) -> Answer | None:
        """The standing answer of that kind to what *month*, or an earlier one, recommended."""
        answer = self.answer
        return answer if answer and answer.kind is kind and answer.asked_of <= month else None


def plan_for(workload: Workload, answers: Sequence[Answer]) -> Plan:
    """What stands of the answers on *workload* beside its configuration."""
    own = [answer for answer in answers if answer.workload == workload.name]
    dedicated = workload.serving == "dedicated"
    return Plan(
        dedicated=dedicated,
        dedicated_since=Month.parse(workload.dedicated_since) if dedicated and workload.dedicated_since else None,
        answer=plan_of(own),
        snooze=snooze_of(own),
    )


def migrating(followed: Followed, since: Month) -> bool:
    """Whether the move is under way: serverless carries more than a spill, and it began not long ago."""
    months = (followed.month.year - since.year) * 12 + followed.month.month - since.month
    return months < MIGRATION_MONTHS and followed.own_share is not None and followed.own_share < MOVED
