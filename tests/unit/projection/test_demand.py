"""Usage to demand: what a month asks of a replica, and how its busiest bin is found at every grain."""

from __future__ import annotations

from dataclasses import replace
from decimal import Decimal

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from advisor.domain.assumptions import Workload
from advisor.domain.fleet import Profile, Resolution
from advisor.domain.units import DAY_SECONDS, HOUR_SECONDS, Month
from advisor.domain.usage import Shape
from advisor.projection.demand import demand, replica_seconds
from tests.unit import builders as a

OCTOBER_HOURS = 31 * 24
Row = tuple[float, float, float, float]
TOKENS = st.floats(0, 1e12, allow_subnormal=False)
ROWS = st.lists(st.tuples(TOKENS, TOKENS, TOKENS, TOKENS), min_size=1, max_size=6)
SPLIT = a.profile(prefill=17_000.0, decode=5_000.0)
MIXED = a.profile(12_000.0)


def hourly(rows: list[Row], factor: float = 1.0) -> Shape:
    uncached, output, read, written = ([factor * count for count in column] for column in zip(*rows, strict=True))
    return a.shape(HOUR_SECONDS, uncached, output, cache_read=read, cache_write=written)


@pytest.mark.parametrize("profile", [SPLIT, MIXED], ids=["prefill and decode", "total rate"])
@settings(max_examples=40, deadline=None)
@given(rows=ROWS, factor=st.floats(0.001, 1000))
def test_demand_is_linear_in_tokens(profile: Profile, rows: list[Row], factor: float) -> None:
    once = replica_seconds(hourly(rows), profile, a.fleet())
    more = replica_seconds(hourly(rows, factor), profile, a.fleet())
    np.testing.assert_allclose(more, once * factor, rtol=1e-9)


@pytest.mark.parametrize("profile", [SPLIT, MIXED], ids=["prefill and decode", "total rate"])
@settings(max_examples=40, deadline=None)
@given(rows=ROWS)
def test_demand_of_a_month_is_the_sum_of_its_bins_and_its_peak_their_largest(profile: Profile, rows: list[Row]) -> None:
    whole = demand(a.month_usage(hourly(rows)), profile, a.fleet())
    parts = [demand(a.month_usage(hourly([row])), profile, a.fleet()) for row in rows]
    assert whole.replica_seconds == pytest.approx(sum(part.replica_seconds for part in parts), rel=1e-9)
    assert whole.peak_replicas == pytest.approx(max(part.peak_replicas for part in parts), rel=1e-9)


def test_demand_counts_cache_hits_that_do_not_carry_over_as_uncached() -> None:
    """s = 0.7 of 1,000 hits carry over at 5 %; 300 are read again."""
    usage = a.month_usage(a.shape(3600, [100], [40], cache_read=[1000], cache_write=[50]))
    fleet = a.fleet(cache_carry_over=0.7)
    weighted = 100 + 50 + 0.3 * 1000 + 0.05 * 0.7 * 1000
    assert demand(usage, SPLIT, fleet).replica_seconds == pytest.approx(weighted / 17_000 + 40 / 5_000)
    assert demand(usage, MIXED, fleet).replica_seconds == pytest.approx((weighted + 40) / 12_000)


def test_demand_counts_a_substitutes_tokens_by_its_ratio() -> None:
    plain = a.flat_month(1e9, "100")
    longer = replace(plain, workload=Workload(name="chat", serve="llama-3.1-8b", token_ratio=1.3))
    once, more = demand(plain, MIXED, a.fleet()), demand(longer, MIXED, a.fleet())
    assert more.replica_seconds == pytest.approx(1.3 * once.replica_seconds)
    assert more.peak_replicas == pytest.approx(1.3 * once.peak_replicas)


@pytest.mark.parametrize(
    ("width", "hidden", "grain"),
    [
        (300, 1.0, Resolution.FIVE_MINUTES),
        (900, 1.35, Resolution.HOUR),
        (HOUR_SECONDS, 1.35, Resolution.HOUR),
        (DAY_SECONDS, 3.0 * 1.35, Resolution.DAY),
        (31 * DAY_SECONDS, 3.0 * 1.35, Resolution.MONTH),
    ],
)
def test_a_peak_is_the_busiest_bin_times_what_its_width_hides(width: int, hidden: float, grain: Resolution) -> None:
    busy, quiet = 5 * width * 1.0, 1 * width * 1.0
    usage = a.month_usage(a.shape(width, [busy, quiet] if width < 31 * DAY_SECONDS else [busy]))
    needed = demand(usage, a.profile(1.0), a.fleet(hours_per_month="calendar", peak_to_mean=3.0, burst=1.35))
    assert needed.resolution is grain
    assert needed.peak_replicas == pytest.approx(5 * hidden)


def test_a_monthly_peak_is_taken_over_the_days_that_are_covered() -> None:
    """20 of 31 days hold 20 replica-days: one replica on average, whatever the width of the bin says."""
    usage = a.month_usage(a.shape(31 * DAY_SECONDS, [20.0 * DAY_SECONDS]), days_covered=20)
    needed = demand(usage, a.profile(1.0), a.fleet(hours_per_month="calendar", peak_to_mean=3.0, burst=1.0))
    assert needed.mean_replicas == pytest.approx(1.0)
    assert needed.peak_replicas == pytest.approx(3.0)


def test_two_widths_add_up_and_the_coarser_names_the_resolution() -> None:
    hourly = a.shape(HOUR_SECONDS, [2.0 * HOUR_SECONDS] * OCTOBER_HOURS)
    daily = a.shape(DAY_SECONDS, [1.0 * DAY_SECONDS] * 31)
    fleet = a.fleet(hours_per_month="calendar", peak_to_mean=3.0, burst=1.35)
    needed = demand(a.month_usage(hourly, daily), a.profile(1.0), fleet)
    assert needed.mean_replicas == pytest.approx(2.0 + 1.0)
    assert needed.peak_replicas == pytest.approx(2.0 * 1.35 + 1.0 * 3.0 * 1.35)
    assert needed.resolution is Resolution.DAY


def test_a_shape_without_tokens_does_not_coarsen_the_resolution() -> None:
    hourly = a.shape(HOUR_SECONDS, [1.0] * OCTOBER_HOURS)
    empty = a.shape(31 * DAY_SECONDS, [0.0])
    assert demand(a.month_usage(hourly, empty), a.profile(1.0), a.fleet()).resolution is Resolution.HOUR


def test_a_fixed_month_scales_bins_by_calendar_hours_over_it() -> None:
    """744 hours of one replica are 744 / 720 replicas of a month of 720 hours, mean and peak alike."""
    usage = a.flat_month(3600 * 744, "1")
    needed = demand(usage, a.profile(1.0), a.fleet(hours_per_month=Decimal(720), burst=1.0))
    assert needed.hours == 720
    assert needed.mean_replicas == pytest.approx(744 / 720)
    assert needed.peak_replicas == pytest.approx(744 / 720)


@pytest.mark.parametrize("month", [Month(2026, 2), Month(2028, 2), Month(2026, 10), Month(2026, 11)], ids=str)
def test_a_calendar_month_has_its_own_hours(month: Month) -> None:
    usage = a.flat_month(3600 * month.hours, "1", month=month)
    needed = demand(usage, a.profile(1.0), a.fleet(hours_per_month="calendar"))
    assert needed.hours == month.day_count * 24
    assert needed.mean_replicas == pytest.approx(1.0)


def test_one_covered_day_is_judged_by_its_own_hours() -> None:
    usage = a.month_usage(a.shape(HOUR_SECONDS, [3600.0] * 24), days_covered=1)
    needed = demand(usage, a.profile(1.0), a.fleet(hours_per_month="calendar", burst=1.0))
    assert needed.hours == 24
    assert needed.mean_replicas == pytest.approx(1.0)
    assert needed.peak_replicas == pytest.approx(1.0)
