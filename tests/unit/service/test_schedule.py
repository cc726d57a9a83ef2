"""Calendar days, not instants: no change of the clocks skips or doubles what is due."""

from __future__ import annotations

from datetime import UTC, date, datetime, time, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest

from advisor import config
from advisor.domain.schedule import LAST, Cron, moment
from advisor.domain.units import Month
from advisor.errors import ConfigError

BERLIN, NEW_YORK = ZoneInfo("Europe/Berlin"), ZoneInfo("America/New_York")


def stated(**schedule: str) -> config.ScheduleTable:
    tables = {"sources": [{"name": "prod", "kind": "request-log"}], "schedule": schedule}
    return config.parse(tables, Path()).schedule


def test_a_monthly_time_is_one_day_of_every_month_in_its_zone() -> None:
    assert Cron.monthly("0 9 6 * *") == Cron(at=time(9), day=6)
    assert Cron.monthly("30 17 LAST * *") == Cron(at=time(17, 30), day=LAST)
    september_is_summer = Cron.monthly("0 9 6 * *").in_month(Month(2026, 9), BERLIN)
    assert september_is_summer == datetime(2026, 9, 6, 9 - 2, tzinfo=UTC)
    assert Cron.monthly("0 9 6 * *").in_month(Month(2026, 12), BERLIN) == datetime(2026, 12, 6, 9 - 1, tzinfo=UTC)


def test_the_last_day_is_another_in_every_month_and_in_a_leap_year() -> None:
    last = Cron.monthly("0 9 last * *")
    days = [last.in_month(Month(2028, month), ZoneInfo("UTC")).day for month in range(1, 13)]
    assert days == [31, 29, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31]
    assert last.in_month(Month(2027, 2), ZoneInfo("UTC")).day == 28
    assert last.on(date(2028, 2, 29))
    assert not last.on(date(2028, 2, 28))


def test_a_daily_time_may_keep_to_some_days_of_the_week() -> None:
    workdays = Cron.daily("0 6 * * mon-fri")
    friday = datetime(2026, 11, 27, 6, tzinfo=UTC)
    assert workdays.last_day(friday, ZoneInfo("UTC")) == date(2026, 11, 27)
    assert workdays.last_day(friday - timedelta(seconds=1), ZoneInfo("UTC")) == date(2026, 11, 26)
    assert workdays.last_day(friday + timedelta(days=2), ZoneInfo("UTC")) == date(2026, 11, 27)
    assert workdays.next_day(friday, ZoneInfo("UTC")) == date(2026, 11, 30)
    assert Cron.daily("0 6 * * sat-mon,wed").weekdays == {5, 6, 0, 2}


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("0 9 31 * *", "write 1 to 28, or 'last'"),
        ("0 9 29 * *", "write 1 to 28, or 'last'"),
        ("0 9 0 * *", "from 1 to 31"),
        ("0 9 6 1 *", "leaves months out"),
        ("0 9 * * *", "not once a month"),
        ("0 9 6 * mon", "not once a month"),
        ("0 9 6", "no cron expression"),
        ("*/5 9 6 * *", "not one number"),
        ("0 24 6 * *", "from 0 to 23"),
        ("0 ９ 6 * *", "not one number"),
    ],
)
def test_a_report_that_is_not_once_a_month_is_refused(text: str, said: str) -> None:
    with pytest.raises(ConfigError, match=r"schedule\.report") as raised:
        stated(report=text)
    assert said in raised.value.message


@pytest.mark.parametrize(("text", "said"), [("0 6 * * 1", "not a name"), ("0 6 1 * *", "not daily")])
def test_a_check_on_numbered_weekdays_or_one_day_of_the_month_is_refused(text: str, said: str) -> None:
    with pytest.raises(ConfigError, match=r"schedule\.check") as raised:
        stated(check=text)
    assert said in raised.value.message


@pytest.mark.parametrize(
    ("zone", "hour"),
    [("America/New_York", "30 2"), ("Europe/Berlin", "0 2"), ("Africa/Cairo", "0 0"), ("Asia/Beirut", "15 0")],
)
def test_a_time_that_the_clocks_leave_out_is_refused_with_the_day(zone: str, hour: str) -> None:
    with pytest.raises(ConfigError, match=r"leave out .* on 2026-0[34]-"):
        stated(check=f"{hour} * * *", timezone=zone)
    assert stated(check="0 9 * * *", timezone=zone).zone == ZoneInfo(zone)
    assert stated(check=f"{hour} * * *").timezone == "UTC"


def test_a_time_that_comes_twice_is_the_first_and_one_that_never_comes_is_as_far_from_midnight() -> None:
    assert moment(date(2026, 11, 1), time(1, 30), NEW_YORK) == datetime(2026, 11, 1, 1 + 4, 30, tzinfo=UTC)
    assert moment(date(2027, 3, 14), time(2, 30), NEW_YORK) == datetime(2027, 3, 14, 2 + 5, 30, tzinfo=UTC)


@pytest.mark.parametrize("bind", ["8700", "localhost", "127.0.0.1:", "a b:1", "127.0.0.1:999999"])
def test_a_bind_address_needs_a_host_and_a_port(bind: str) -> None:
    with pytest.raises(ConfigError, match=r"service\.bind"):
        config.parse({"sources": [{"name": "a", "kind": "b"}], "service": {"bind": bind}}, Path())


def test_the_daemon_answers_this_machine_alone_unless_told_otherwise() -> None:
    assert config.ServiceTable().address == ("127.0.0.1", 8700)
    assert config.ServiceTable(bind="[::1]:80").address == ("::1", 80)
