"""Sums of stored buckets: exact at any size, by UTC day, over any days of a month."""

from __future__ import annotations

from datetime import UTC, date, datetime

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from advisor.domain.units import DAY_SECONDS, Month
from advisor.domain.usage import UNREPORTED
from advisor.ingest.totals import column_sums, day_number, lane_of, run_sums, shapes_of
from tests.unit.ingest.stored import OCTOBER, series

FIRST = day_number(OCTOBER.start.date())
START = int(OCTOBER.start.timestamp())
EVERY_DAY = np.ones(31, np.bool_)

buckets = st.lists(
    st.tuples(st.integers(0, 31 * 24 - 1), st.integers(0, 2**50)), min_size=1, max_size=60, unique_by=lambda one: one[0]
).map(sorted)
known_days = st.lists(st.booleans(), min_size=31, max_size=31).map(lambda days: np.array(days, np.bool_))


@given(buckets, known_days)
def test_a_count_is_the_sum_of_the_buckets_on_the_days_that_are_known(hours: list[tuple[int, int]], known) -> None:  # type: ignore[no-untyped-def]
    one = series([START + 3600 * hour for hour, _ in hours], [count for _, count in hours], output=3)
    wanted = [(hour, count) for hour, count in hours if known[hour // 24]]
    counted = lane_of(one, "m", "aws").count(FIRST, known)
    if not wanted:
        assert counted is None
    else:
        assert counted is not None
        assert counted.tokens.input == sum(count for _, count in wanted)
        assert counted.tokens.output == 3 * len(wanted)
        assert counted.requests == len(wanted)


@given(buckets, known_days)
def test_shapes_hold_the_same_tokens_as_the_count(hours: list[tuple[int, int]], known) -> None:  # type: ignore[no-untyped-def]
    small = [(hour, count % 2**40) for hour, count in hours]
    lane = lane_of(series([START + 3600 * hour for hour, _ in small], [count for _, count in small]), "m", "aws")
    counted = lane.count(FIRST, known)
    shaped = sum(float(shape.uncached_input.sum()) for shape in shapes_of([lane], FIRST, known))
    assert shaped == (counted.tokens.input if counted else 0)


@given(st.lists(st.integers(0, 2**63 - 1), min_size=1, max_size=12))
def test_sums_never_wrap_around(counts: list[int]) -> None:
    column = np.array(counts, np.int64).reshape(-1, 1)
    assert int(column_sums(column)[0]) == sum(counts)
    assert int(run_sums(column, np.array([0]))[0, 0]) == sum(counts)


def test_a_count_that_some_buckets_do_not_report_is_the_sum_of_those_that_do() -> None:
    one = series([START, START + 3600], [1, 1], cache_read=UNREPORTED)
    one.cache_read[1] = 7
    counted = lane_of(one, "m", "aws").count(FIRST, EVERY_DAY)
    assert counted is not None
    assert counted.tokens.cache_read == 7
    assert counted.tokens.cache_write is None, "nobody reports it, which is not zero"


def test_requests_are_unknown_where_any_bucket_does_not_count_them() -> None:
    one = series([START, START + 3600], [1, 1], requests=5)
    one.requests[1] = UNREPORTED
    counted = lane_of(one, "m", "aws").count(FIRST, EVERY_DAY)
    assert counted is not None
    assert counted.requests is None


def test_a_month_wide_bucket_counts_by_the_share_of_its_days_that_are_known() -> None:
    one = series([START], [3100], width_seconds=31 * DAY_SECONDS)
    known = EVERY_DAY.copy()
    known[:10] = False
    counted = lane_of(one, "m", "aws").count(FIRST, known)
    assert counted is not None
    assert counted.tokens.input == 3100 * 21 // 31


def test_a_february_bucket_covers_its_29_days_in_a_leap_year() -> None:
    february = Month(2028, 2)
    start = datetime(2028, 2, 1, tzinfo=UTC)
    one = series([int(start.timestamp())], [29], width_seconds=29 * DAY_SECONDS)
    covering = lane_of(one, "m", "aws").covering()
    assert [date.fromordinal(int(day) + date(1970, 1, 1).toordinal()) for day in covering] == list(february.days())
