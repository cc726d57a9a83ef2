"""Which window is read: files and first reads whole, APIs from where they were complete, less what may still change."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import ClassVar, Literal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from advisor.contract.source import Source
from advisor.contract.store import PullRecord
from advisor.domain.facts import PullStatus
from advisor.domain.units import Month, Window
from advisor.ingest.windows import window_for


class Files(Source):
    kind: ClassVar[str] = "files"


class Tokens(Source):
    kind: ClassVar[str] = "api"
    incremental: ClassVar[bool] = True
    restates: ClassVar[Literal["hours", "days", "months"]] = "hours"


class Money(Source):
    kind: ClassVar[str] = "api"
    incremental: ClassVar[bool] = True


class Months(Source):
    kind: ClassVar[str] = "api"
    incremental: ClassVar[bool] = True
    restates: ClassVar[Literal["hours", "days", "months"]] = "months"


class Forgetful(Money):
    keeps_days: ClassVar[int | None] = 30


FILES, TOKENS, MONEY, MONTHS = Files(name="s"), Tokens(name="s"), Money(name="s"), Months(name="s")
FORGETFUL = Forgetful(name="s")
NOW = datetime(2026, 11, 24, 12, 34, 56, tzinfo=UTC)
TOMORROW = datetime(2026, 11, 25, tzinfo=UTC)


def utc(month: int, day: int, hour: int = 0, year: int = 2026) -> datetime:
    return datetime(year, month, day, hour, tzinfo=UTC)


def read(through: datetime | None, at: datetime | None = None, kind: str = "api") -> PullRecord:
    """A good read at *at* that was complete up to *through*."""
    at = at or through or NOW
    return PullRecord(
        source="s", kind=kind, window=Window(utc(10, 1, year=2025), at), pulled_at=at, status=PullStatus.OK,
        complete_through=through, rows=1, rejected=0, problems=(), warnings=(),
    )  # fmt: skip


@pytest.mark.parametrize("source", [FILES, TOKENS, MONEY, MONTHS], ids=["files", "tokens", "money", "months"])
def test_a_first_read_goes_13_months_back_and_holds_today_whole(source: Source) -> None:
    assert window_for(source, None, None, NOW) == Window(Month(2026, 11).plus(-13).start, TOMORROW)


def test_files_are_read_again_as_a_whole() -> None:
    assert window_for(FILES, read(utc(11, 24), kind="files"), None, NOW).start == utc(10, 1, year=2025)


def test_tokens_are_read_again_from_3_hours_before_they_were_complete_in_whole_days() -> None:
    assert window_for(TOKENS, read(utc(11, 24, 11)), None, NOW) == Window(utc(11, 24), TOMORROW)
    assert window_for(TOKENS, read(utc(11, 24, 2)), None, NOW).start == utc(11, 23), "2:00 less 3 h is the day before"
    assert window_for(TOKENS, read(utc(9, 2, 11)), None, NOW).start == utc(9, 2), "however long ago"


def test_money_is_read_again_from_3_days_before_it_was_complete() -> None:
    assert window_for(MONEY, read(utc(11, 23)), None, NOW).start == utc(11, 23 - 3)


@pytest.mark.parametrize("day", range(1, 11))
def test_until_day_10_all_of_the_month_before_is_read_again(day: int) -> None:
    now = utc(11, day, 8)
    yesterday = now - timedelta(days=1)
    assert window_for(MONEY, read(yesterday), None, now).start == utc(10, 1)


def test_a_final_month_is_read_no_more() -> None:
    assert window_for(MONEY, read(utc(11, 11, 8)), None, utc(11, 12, 8)).start == utc(11, 11 - 3)


def test_a_month_that_was_never_seen_final_is_read_again_however_late() -> None:
    """A job that runs on every 15th saw half of October then, and its invoice never."""
    assert window_for(MONEY, read(utc(10, 15)), None, utc(11, 15)).start == utc(10, 1)
    assert window_for(MONEY, read(utc(8, 15)), None, utc(11, 15)).start == utc(8, 1)


def test_buckets_as_wide_as_a_month_are_read_again_with_the_month_before() -> None:
    assert window_for(MONTHS, read(utc(11, 1), at=utc(11, 23)), None, NOW).start == utc(10, 1)


def test_an_earlier_time_that_is_asked_for_reaches_further_back() -> None:
    last = read(utc(11, 23))
    for source in (FILES, TOKENS, MONEY):
        assert window_for(source, last, utc(1, 1, year=2025), NOW).start == utc(1, 1, year=2025)


def test_a_later_time_that_is_asked_for_leaves_nothing_out() -> None:
    assert window_for(MONEY, read(utc(11, 15)), utc(11, 20), NOW).start == utc(11, 15 - 3)
    assert window_for(MONEY, None, utc(11, 20), NOW).start == utc(10, 1, year=2025)
    assert window_for(FILES, None, utc(11, 20), NOW).start == utc(10, 1, year=2025)


def test_a_time_within_a_day_starts_with_that_day() -> None:
    assert window_for(MONEY, None, utc(3, 5, 17, year=2025), NOW).start == utc(3, 5, year=2025)


def test_a_source_of_another_kind_under_the_same_name_is_read_from_the_beginning() -> None:
    assert window_for(MONEY, read(utc(11, 23), kind="other"), None, NOW).start == utc(10, 1, year=2025)


def test_a_read_of_which_nothing_was_complete_is_no_place_to_start_from() -> None:
    assert window_for(MONEY, read(None), None, NOW).start == utc(10, 1, year=2025)


def test_what_a_source_has_forgotten_is_not_asked_for_so_that_it_does_not_vanish_here() -> None:
    kept = utc(11, 24) - timedelta(days=30)
    assert window_for(FORGETFUL, None, None, NOW).start == kept
    assert window_for(FORGETFUL, read(utc(11, 23)), utc(1, 1), NOW).start == kept


MOMENTS = st.integers(0, 18 * 31 * 24 * 60).map(lambda minutes: utc(12, 1, year=2025) + timedelta(minutes=minutes))


@given(moments=st.tuples(MOMENTS, MOMENTS, MOMENTS), asked=st.none() | MOMENTS)
def test_no_time_is_left_out_between_a_good_read_and_the_next(
    moments: tuple[datetime, datetime, datetime], asked: datetime | None
) -> None:
    """Whole days without a gap; what may have changed since is in it; and never more than a first read, unasked."""
    through, at, now = sorted(moments)
    for source in (TOKENS, MONEY, MONTHS):
        window = window_for(source, read(through, at), asked, now)
        first = window_for(source, None, asked, now)
        assert {moment.time().isoformat() for moment in (window.start, window.end)} == {"00:00:00"}
        assert window.start <= max(through, first.start)
        assert window.start >= first.start
        assert now < window.end <= now + timedelta(days=1)
        if source is not TOKENS and now >= Month.of(at).end:
            assert window.start <= max(Month.of(at).start, first.start), "its invoice was not final"
