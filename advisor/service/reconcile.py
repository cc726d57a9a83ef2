"""What is due now: a pure answer from the schedule, the ledger and the time, the same for every way to run."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, timedelta

from advisor.config import ScheduleTable
from advisor.contract.period import Period, PeriodState
from advisor.domain.schedule import moment
from advisor.domain.units import Month

REPORT, CHECK, FINAL = "report", "check", "final"
"""The month's report; the day's look at the sources; and what became of a month that was reported provisionally."""
WAITS_FOR_CLOSE = timedelta(days=6)
LEASE = timedelta(minutes=5)
PROVISIONAL = "provisional"
"""Begins the note of a report that went out before its month was closed."""
SETTLED = (PeriodState.DONE, PeriodState.SKIPPED)
SET_BACK = timedelta(minutes=5)
FAR_AHEAD = timedelta(days=400)


@dataclass(frozen=True, slots=True, kw_only=True)
class Owed:
    """A period that is due and not settled. `deadline` is when it goes out in any case; `row` is its ledger entry."""

    job: str
    key: str
    since: datetime
    deadline: datetime
    row: Period | None = None

    @property
    def running(self) -> bool:
        return self.row is not None and self.row.state is PeriodState.RUNNING

    def free(self, now: datetime) -> bool:
        """Whether a run may take it now: nobody has it, and it does not wait for a later time."""
        row = self.row
        if row is None or row.state is not PeriodState.RUNNING:
            return row is None or row.not_before is None or row.not_before <= now
        return row.lease_until is None or not now < row.lease_until <= now + LEASE


@dataclass(frozen=True, slots=True, kw_only=True)
class Due:
    """What a run has to do. `begins` is the report with which the ledger begins, which is not sent.

    `clock` says what is wrong with the time; where `refused`, nothing must be done under it.
    """

    owed: tuple[Owed, ...] = ()
    begins: str = ""
    clock: str = ""
    refused: bool = False


def reconcile(
    schedule: ScheduleTable, ledger: Sequence[Period], now: datetime, *, backfill: bool = False, any_clock: bool = False
) -> Due:
    """What is to be taken at *now*. On a first start what was due before is not sent, with *backfill* only the last.

    With *any_clock* a clock that is far ahead is believed.
    """
    clock, refused = _clock(ledger, now)
    if refused and not any_clock:
        return Due(clock=clock, refused=True)
    begins = "" if any(row.job == REPORT for row in ledger) else str(_newest(schedule, now).plus(-1 if backfill else 0))
    everything = owed(schedule, ledger, now, begins)
    taken = tuple(one for one in everything if one.free(now))
    if any(one.job == REPORT and one.running and not one.free(now) for one in everything):
        taken = tuple(one for one in taken if one.job != REPORT)  # whoever has one tells them all, in one message
    if not any(one.job == CHECK for one in taken):
        taken = tuple(one for one in taken if one.job != FINAL)  # it asks once a day, of what the check has read
    return Due(owed=taken, begins=begins, clock=clock)


def owed(schedule: ScheduleTable, ledger: Sequence[Period], now: datetime, begins: str = "") -> tuple[Owed, ...]:
    """Everything due at *now* and not settled, reports first, oldest first. Of missed checks only the last is owed."""
    rows = {(row.job, row.key): row for row in ledger}
    due = (*_reports(schedule, rows, now, begins), *_finals(ledger, now), *_check(schedule, now))
    told = [replace(one, row=rows.get((one.job, one.key))) for one in due]
    return tuple(one for one in told if one.row is None or one.row.state not in SETTLED)


def report_due(schedule: ScheduleTable, month: Month) -> datetime:
    """When the report on *month* is due: on its day of the month after, and never before the month is over."""
    return max(schedule.monthly.in_month(month.plus(1), schedule.zone), month.end)


def check_due(schedule: ScheduleTable, day: date) -> datetime:
    return moment(day, schedule.daily.at, schedule.zone)


def next_due(schedule: ScheduleTable, now: datetime) -> dict[str, datetime]:
    """When each job is due the next time."""
    return {
        REPORT: report_due(schedule, _newest(schedule, now).plus(1)),
        CHECK: check_due(schedule, schedule.daily.next_day(now, schedule.zone)),
    }


def last_seen(ledger: Sequence[Period]) -> datetime | None:
    """The latest time at which a run wrote into the ledger."""
    return max((row.updated_at for row in ledger), default=None)


def _newest(schedule: ScheduleTable, now: datetime) -> Month:
    """The last month whose report is due."""
    month = Month.of(now)
    while report_due(schedule, month) > now:
        month = month.plus(-1)
    return month


def _reports(
    schedule: ScheduleTable, rows: dict[tuple[str, str], Period], now: datetime, begins: str
) -> Iterator[Owed]:
    first = min((key for job, key in rows if job == REPORT), default=begins)
    if not first:
        return
    month, newest = Month.parse(first), _newest(schedule, now)
    while month <= newest:
        if str(month) != begins:
            since = report_due(schedule, month)
            yield Owed(job=REPORT, key=str(month), since=since, deadline=since + WAITS_FOR_CLOSE)
        month = month.plus(1)


def _finals(ledger: Sequence[Period], now: datetime) -> Iterator[Owed]:
    for row in ledger:
        if row.job == REPORT and row.state is PeriodState.DONE and row.note.startswith(PROVISIONAL):
            yield Owed(job=FINAL, key=row.key, since=row.updated_at, deadline=now)


def _check(schedule: ScheduleTable, now: datetime) -> Iterator[Owed]:
    since = check_due(schedule, day := schedule.daily.last_day(now, schedule.zone))
    yield Owed(job=CHECK, key=day.isoformat(), since=since, deadline=since)


def _clock(ledger: Sequence[Period], now: datetime) -> tuple[str, bool]:
    """What is wrong with *now*, and whether nothing must be done under it.

    A clock that runs far ahead would settle months that are still to come; they would never be told.
    """
    seen = last_seen(ledger)
    if seen is None:
        return "", False
    told = f"the clock says {now.astimezone(UTC):%Y-%m-%d %H:%M} UTC, the last run was at {seen:%Y-%m-%d %H:%M} UTC"
    if now > seen + FAR_AHEAD:
        return told, True
    return (f"{told}: it was set back" if now < seen - SET_BACK else ""), False
