"""What a person answered to a recommendation: kept with a reason, and never forgotten."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, datetime
from enum import StrEnum

from advisor.domain.units import Month


class AnswerKind(StrEnum):
    """What was answered."""

    MOVING = "moving"  # to own GPUs, from a month on
    RETURNING = "returning"  # back to serverless, from a month on
    DECLINED = "declined"  # not asked again until something material changes
    SNOOZED = "snoozed"  # no recommendation message until a day


PLANS = (AnswerKind.MOVING, AnswerKind.RETURNING, AnswerKind.DECLINED)
"""Answers that replace each other; a snooze goes beside them."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """One answer on one workload. `month` belongs to `moving` and `returning`, `until` (the first day of messages
    again) to `snoozed`. `who` is as the machine or the chat names them."""

    workload: str
    kind: AnswerKind
    at: datetime
    month: Month | None = None
    until: date | None = None
    reason: str = ""
    who: str = ""

    def __post_init__(self) -> None:
        if (self.month is not None) != (self.kind in (AnswerKind.MOVING, AnswerKind.RETURNING)):
            raise ValueError(f"an answer {self.kind} and the month {self.month} do not go together")
        if (self.until is not None) != (self.kind is AnswerKind.SNOOZED):
            raise ValueError(f"an answer {self.kind} and the day {self.until} do not go together")

    @property
    def asked_of(self) -> Month:
        """The last month that was over when the answer was given: the recommendation that it answers."""
        return Month.of(self.at).plus(-1)


def plan_of(answers: Iterable[Answer]) -> Answer | None:
    """The answer that stands on what to do: the last one that is no snooze."""
    return _last(one for one in answers if one.kind in PLANS)


def snooze_of(answers: Iterable[Answer]) -> Answer | None:
    """The last snooze, over or not."""
    return _last(one for one in answers if one.kind is AnswerKind.SNOOZED)


def _last(answers: Iterable[Answer]) -> Answer | None:
    """The latest; of several in one second, the one that was kept last."""
    ordered = sorted(answers, key=lambda answer: answer.at)
    return ordered[-1] if ordered else None
