"""A ledger in memory on which the pure reconcile is run through months of a machine's life."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable
from datetime import UTC, datetime, timedelta
from typing import Any

from advisor.config import ScheduleTable
from advisor.contract.period import Period, PeriodState
from advisor.service.reconcile import REPORT, reconcile

Closes = Callable[[str], datetime]
"""When the month of a key is closed."""


def row(job: str, key: str, state: PeriodState = PeriodState.DONE, **changes: Any) -> Period:
    values: dict[str, Any] = {
        "epoch": 1,
        "attempts": 1,
        "lease_owner": "",
        "lease_until": None,
        "not_before": None,
        "last_error": "",
        "note": "",
        "updated_at": datetime(2026, 11, 1, tzinfo=UTC),
    }
    return Period(**{**values, "job": job, "key": key, "state": state, **changes})


class Life:
    """A machine that looks at times given to it, and does at once whatever is due: `sent` counts each period."""

    def __init__(self, schedule: ScheduleTable | None = None, closes: Closes | None = None) -> None:
        self.schedule, self.closes = schedule or ScheduleTable(), closes
        self.ledger: dict[tuple[str, str], Period] = {}
        self.sent: Counter[tuple[str, str]] = Counter()
        self.messages: list[tuple[datetime, list[str]]] = []

    def look(self, now: datetime) -> None:
        due = reconcile(self.schedule, list(self.ledger.values()), now)
        if due.begins:
            self.ledger[REPORT, due.begins] = row(REPORT, due.begins, PeriodState.SKIPPED, updated_at=now)
        reports = []
        for one in due.owed:
            if one.job == REPORT and self.closes and now < min(self.closes(one.key), one.deadline):
                later = min(now + timedelta(hours=6), one.deadline)
                self.ledger[one.job, one.key] = row(
                    one.job, one.key, PeriodState.WAITING, not_before=later, updated_at=now
                )
                continue
            self.sent[one.job, one.key] += 1
            self.ledger[one.job, one.key] = row(one.job, one.key, updated_at=now)
            if one.job == REPORT:
                reports.append(one.key)
        if reports:
            self.messages.append((now, reports))

    def through(self, times: Iterable[datetime]) -> Life:
        for now in times:
            self.look(now)
        return self

    @property
    def reports(self) -> list[str]:
        return [key for _, keys in self.messages for key in keys]


def every(step: timedelta, start: datetime, end: datetime) -> Iterable[datetime]:
    while start < end:
        yield start
        start += step
