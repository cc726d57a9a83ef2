"""What is due: each month and day once, whatever the machine and its clock did in between."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest

from advisor.config import ScheduleTable
from advisor.contract.period import PeriodState
from advisor.domain.units import Month
from advisor.service.reconcile import CHECK, FINAL, LEASE, REPORT, next_due, owed, reconcile, report_due
from tests.unit.service.calendar import Life, every, row

UTC_DAYS = ScheduleTable()
DUE = datetime(2026, 11, 6, 9, tzinfo=UTC)
"""When October is reported."""
HOUR, DAY = timedelta(hours=1), timedelta(days=1)
SEPTEMBER = row(REPORT, "2026-09")
TODAY = row(CHECK, "2026-11-06")


def keys(now: datetime, *ledger: object, schedule: ScheduleTable = UTC_DAYS) -> list[tuple[str, str]]:
    due = reconcile(schedule, [SEPTEMBER, *ledger], now)  # type: ignore[list-item]
    return [(one.job, one.key) for one in due.owed]


def test_october_is_due_on_the_sixth_of_november_and_not_a_second_before() -> None:
    assert keys(DUE - timedelta(seconds=1), TODAY) == []
    assert keys(DUE, TODAY) == [(REPORT, "2026-10")]
    assert keys(DUE, TODAY, row(REPORT, "2026-10")) == []


def test_a_report_is_never_due_before_its_month_is_over_in_utc() -> None:
    first_in_tokyo = ScheduleTable(report="30 0 1 * *", timezone="Asia/Tokyo")
    assert report_due(first_in_tokyo, Month(2026, 10)) == datetime(2026, 11, 1, tzinfo=UTC)


def test_a_first_start_sends_no_report_of_the_past_and_one_when_asked_to() -> None:
    due = reconcile(UTC_DAYS, [], DUE + 9 * HOUR)
    assert (due.begins, [one.job for one in due.owed]) == ("2026-10", [CHECK])
    asked = reconcile(UTC_DAYS, [], DUE + 9 * HOUR, backfill=True)
    assert (asked.begins, [(one.job, one.key) for one in asked.owed]) == (
        "2026-09",
        [(REPORT, "2026-10"), (CHECK, "2026-11-06")],
    )
    assert reconcile(UTC_DAYS, [SEPTEMBER], DUE, backfill=True).begins == ""


def test_everything_missed_is_owed_but_of_the_checks_only_the_last() -> None:
    found = owed(UTC_DAYS, [row(REPORT, "2026-05"), row(CHECK, "2026-06-01")], DUE)
    assert [one.key for one in found] == ["2026-06", "2026-07", "2026-08", "2026-09", "2026-10", "2026-11-06"]
    assert found[-2].deadline == DUE + 6 * DAY


def test_a_period_is_left_alone_while_another_run_has_it_or_it_waits() -> None:
    def october(**changes: Any) -> list[tuple[str, str]]:
        return keys(DUE, TODAY, row(REPORT, "2026-10", **{"state": PeriodState.RUNNING, **changes}))

    assert october(lease_until=DUE + HOUR / 60) == []
    assert october(lease_until=DUE) == [(REPORT, "2026-10")]
    assert october(lease_until=DUE + LEASE + HOUR) == [(REPORT, "2026-10")], "the clock was set back since"
    assert october(state=PeriodState.WAITING, not_before=DUE + HOUR) == []
    assert october(state=PeriodState.WAITING, not_before=DUE) == [(REPORT, "2026-10")]


def test_a_provisional_month_is_looked_at_again_with_the_daily_check_until_it_is_final() -> None:
    told = row(REPORT, "2026-10", note="provisional; told with 2026-11")
    later = DUE + 10 * DAY
    assert keys(later, told) == [(FINAL, "2026-10"), (CHECK, "2026-11-16")]
    assert keys(later, told, row(CHECK, "2026-11-16")) == []
    assert keys(later, told, row(FINAL, "2026-10")) == [(CHECK, "2026-11-16")]
    assert keys(later, row(REPORT, "2026-10")) == [(CHECK, "2026-11-16")]


def test_a_clock_far_ahead_is_refused_and_one_set_back_is_said() -> None:
    ledger = [SEPTEMBER, row(CHECK, "2026-11-06", updated_at=DUE)]
    ahead = reconcile(UTC_DAYS, ledger, DUE + 401 * DAY)
    assert (ahead.owed, ahead.refused) == ((), True)
    assert "2027-12-12" in ahead.clock
    assert len(reconcile(UTC_DAYS, ledger, DUE + 401 * DAY, any_clock=True).owed) == 15
    back = reconcile(UTC_DAYS, ledger, DUE - 2 * HOUR)
    assert (back.owed, back.refused) == ((), False)
    assert "set back" in back.clock
    assert reconcile(UTC_DAYS, ledger, DUE + 399 * DAY).refused is False


def test_when_a_job_is_due_next_is_after_now() -> None:
    assert next_due(UTC_DAYS, DUE) == {
        REPORT: datetime(2026, 12, 6, 9, tzinfo=UTC),
        CHECK: datetime(2026, 11, 7, 6, tzinfo=UTC),
    }


START = datetime(2026, 8, 20, tzinfo=UTC)


@pytest.mark.parametrize("down", [HOUR, 12 * HOUR, DAY, 5 * DAY, 31 * DAY, 62 * DAY, 92 * DAY, 184 * DAY])
def test_after_any_downtime_over_the_due_time_every_month_is_told_once_in_one_message(down: timedelta) -> None:
    before, after = DUE - HOUR / 2, DUE - HOUR / 2 + down
    life = Life().through(every(HOUR, START, before)).through(every(HOUR, after, after + 40 * DAY))
    newest = str(Month.of(after + 40 * DAY - 6 * DAY - 9 * HOUR).plus(-1))
    months = [str(Month(2026, 8).plus(number)) for number in range(20) if str(Month(2026, 8).plus(number)) <= newest]
    assert life.reports == months
    caught_up = [keys for at, keys in life.messages if after <= at < after + HOUR]
    assert len(caught_up) == (1 if down > HOUR / 2 else 0)
    assert set(life.sent.values()) == {1}


ZONES = ["America/New_York", "Europe/Berlin", "Australia/Lord_Howe", "Africa/Cairo"]


@pytest.mark.parametrize("zone", ZONES)
def test_two_years_of_changing_clocks_give_every_day_and_month_once(zone: str) -> None:
    schedule = ScheduleTable(report="30 4 last * *", check="30 4 * * *", timezone=zone)
    start, end = datetime(2027, 1, 1, tzinfo=UTC), datetime(2029, 1, 1, 12, tzinfo=UTC)
    life = Life(schedule).through(every(12 * HOUR, start, end))
    days = sorted(key for job, key in life.sent if job == CHECK)
    assert len(days) == (date.fromisoformat(days[-1]) - date.fromisoformat(days[0])).days + 1 >= 2 * 365
    assert len(life.reports) == 24
    assert set(life.sent.values()) == {1}


@pytest.mark.parametrize("at", ["30 1", "0 1", "30 0"])
@pytest.mark.parametrize("zone", ["America/New_York", "Europe/Berlin"])
def test_an_hour_that_comes_twice_counts_once(zone: str, at: str) -> None:
    schedule = ScheduleTable(check=f"{at} * * *", timezone=zone)
    start = datetime(2026, 10, 20, tzinfo=UTC)
    life = Life(schedule).through(every(HOUR / 4, start, start + 20 * DAY))
    assert max(life.sent.values()) == 1
    assert sum(job == CHECK for job, _ in life.sent) in (20, 21)


@pytest.mark.parametrize("jump", [2 * HOUR, -2 * HOUR, 26 * HOUR, -26 * HOUR])
@pytest.mark.parametrize("offset", range(-4, 5))
def test_a_clock_that_jumps_near_the_due_time_loses_and_doubles_nothing(jump: timedelta, offset: int) -> None:
    at = DUE + offset * HOUR
    jumped = every(HOUR / 4, at + jump, at + jump + HOUR)
    life = Life().through(every(HOUR, START, at)).through(jumped).through(every(HOUR, at + HOUR, DUE + 40 * DAY))
    assert life.reports == ["2026-08", "2026-09", "2026-10", "2026-11"]
    assert set(life.sent.values()) == {1}


def test_a_clock_that_jumped_a_year_ahead_settles_nothing_meanwhile() -> None:
    wrong = every(HOUR, DUE + 401 * DAY, DUE + 402 * DAY)
    life = Life().through(every(HOUR, START, DUE - HOUR)).through(wrong).through(every(HOUR, DUE, DUE + 40 * DAY))
    assert life.reports == ["2026-08", "2026-09", "2026-10", "2026-11"]


@pytest.mark.parametrize("late", [-DAY, 3 * HOUR, 2 * DAY, 5 * DAY, 9 * DAY])
def test_a_report_goes_out_on_its_day_or_when_the_month_closes_or_six_days_later(late: timedelta) -> None:
    life = Life(closes=lambda _: DUE + late).through([*every(DAY, START, DUE - DAY), *every(HOUR, DUE, DUE + 10 * DAY)])
    october = [at for at, told in life.messages if "2026-10" in told]
    assert len(october) == 1
    # It is asked every six hours whether the month has closed.
    assert max(DUE, min(DUE + late, DUE + 6 * DAY)) <= october[0] <= DUE + min(max(late + 6 * HOUR, 0 * DAY), 6 * DAY)
