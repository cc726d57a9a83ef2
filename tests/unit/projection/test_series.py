"""Demand over the month: nothing is lost or made up between the facts and the bins that fleets are sized from."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, date, datetime
from decimal import Decimal

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from advisor.domain.assumptions import FleetAssumptions
from advisor.domain.fleet import Demand
from advisor.domain.units import DAY_SECONDS
from advisor.domain.usage import WorkloadUsage
from advisor.projection.demand import demand
from advisor.projection.series import Series, series, two_level_day
from tests.unit import builders as a

CALENDAR = a.fleet(hours_per_month="calendar")


def both(usage: WorkloadUsage, fleet: FleetAssumptions = CALENDAR) -> tuple[Demand, Series]:
    """A replica of one token a second: tokens are replica-seconds."""
    needed = demand(usage, a.profile(1.0), fleet)
    return needed, series(needed, fleet)


def test_hourly_facts_give_an_hours_mean_and_its_burst() -> None:
    _, found = both(a.month_usage(a.shape(3600, [3600.0, 7200.0] * 372)))
    assert found.step_seconds == 3600
    assert found.replicas.tolist() == pytest.approx([1.0, 2.0] * 372)
    assert found.busy.tolist() == pytest.approx([1.0 * 1.35, 2.0 * 1.35] * 372)


def test_five_minute_facts_are_taken_as_they_are() -> None:
    _, found = both(a.month_usage(a.shape(300, [300.0, 900.0] * 4464)))
    assert len(found.replicas) == 31 * 288 == 8_928
    assert found.busy.tolist() == found.replicas.tolist() == pytest.approx([1.0, 3.0] * 4464)


def test_minutes_are_summed_into_five_of_them() -> None:
    _, found = both(a.month_usage(a.shape(60, [0.0, 60.0, 120.0, 180.0, 240.0] * 2)))
    assert found.replicas[:3].tolist() == [(0 + 1 + 2 + 3 + 4) / 5] * 2 + [0.0]


def test_a_quarter_of_an_hour_is_spread_over_the_three_bins_that_it_spans() -> None:
    _, found = both(a.month_usage(a.shape(900, [900.0, 0.0, 1800.0])))
    assert found.replicas[:10].tolist() == pytest.approx([1, 1, 1, 0, 0, 0, 2, 2, 2, 0])


def test_a_days_total_becomes_seven_busy_hours_and_seventeen_quiet_ones() -> None:
    needed, found = both(a.month_usage(a.shape(DAY_SECONDS, [DAY_SECONDS * 1.0] * 30 + [DAY_SECONDS * 2.0])))
    day = found.replicas[:24]
    assert sorted(day) == pytest.approx([(24 - 7 * 3) / 17] * 17 + [3.0] * 7), "floor(24 / 3) - 1 hours at 3 x the mean"
    assert found.replicas[-24:] == pytest.approx(2 * day)
    assert found.busy.max() == pytest.approx(2.0 * 3 * 1.35) == pytest.approx(needed.peak_replicas)


def test_a_months_total_is_the_same_day_every_covered_day() -> None:
    missing = (date(2026, 10, 1), date(2026, 10, 9))
    month = a.month_usage(a.shape(31 * DAY_SECONDS, [29.0 * DAY_SECONDS]), days_covered=29, missing_days=missing)
    needed, found = both(month)
    assert len(found.replicas) == 29 * 24
    assert found.replicas.reshape(29, 24).mean(axis=1) == pytest.approx([1.0] * 29)
    assert found.busy.max() == pytest.approx(needed.peak_replicas)


def test_days_left_out_have_no_bins() -> None:
    """The first of October is missing: bins begin on the second."""
    shape = a.shape(3600, [3600.0] * 720, start=datetime(2026, 10, 2, tzinfo=UTC))
    needed, found = both(a.month_usage(shape, days_covered=30, missing_days=(date(2026, 10, 1),)))
    assert found.replicas.tolist() == pytest.approx([1.0] * 720)
    assert needed.mean_replicas == pytest.approx(1.0)


def test_two_widths_are_added_on_the_finer_grid_each_with_its_own_burst() -> None:
    usage = a.month_usage(a.shape(300, [300.0] * 8_928), a.shape(3600, [3600.0] * 744))
    _, found = both(usage)
    assert found.step_seconds == 300
    assert found.replicas.tolist() == pytest.approx([1.0 + 1.0] * 8_928)
    assert found.busy.tolist() == pytest.approx([1.0 + 1.35] * 8_928)


def test_with_a_fixed_h_bins_carry_the_months_demand_in_fewer_hours() -> None:
    needed, found = both(a.month_usage(a.shape(3600, [3600.0] * 744)), a.fleet(hours_per_month=Decimal(720)))
    assert found.replicas.tolist() == pytest.approx([744 / 720] * 744)
    assert needed.mean_replicas == pytest.approx(744 / 720)


def test_a_substitute_takes_its_own_number_of_tokens() -> None:
    usage = a.month_usage(a.shape(3600, [3600.0] * 744))
    _, found = both(replace(usage, workload=replace(usage.workload, token_ratio=1.25)))
    assert found.replicas.tolist() == pytest.approx([1.25] * 744)


@pytest.mark.parametrize(
    ("peak", "hours"), [(1.0, 23), (1.01, 22), (2.0, 11), (3.0, 7), (8.0, 2), (13.0, 1), (24.0, 1), (100.0, 1)]
)
def test_an_assumed_day_has_mean_one_and_the_stated_maximum(peak: float, hours: int) -> None:
    day = two_level_day(peak)
    assert day.mean() == pytest.approx(1.0)
    assert day.max() == pytest.approx(min(peak, 24.0)), "a day has 24 hours to put its tokens in"
    assert day.min() >= 0
    assert peak == 1.0 or np.count_nonzero(day == day.max()) == hours


tokens = st.floats(0, 1e9, allow_subnormal=False)


@settings(max_examples=60, deadline=None)
@given(
    minutes=st.lists(tokens, max_size=20),
    hours=st.lists(tokens, max_size=30),
    days=st.lists(tokens, max_size=31),
    month=tokens,
    peak=st.floats(1, 30),
    fixed=st.sampled_from(["calendar", Decimal(720)]),
)
def test_whatever_the_widths_the_series_has_the_demands_mean_and_at_most_its_peak(
    minutes: list[float], hours: list[float], days: list[float], month: float, peak: float, fixed: Decimal
) -> None:
    widths = {300: minutes, 3600: hours, DAY_SECONDS: days, 31 * DAY_SECONDS: [month]}
    usage = a.month_usage(*(a.shape(width, bins) for width, bins in widths.items() if bins))
    needed, found = both(usage, a.fleet(peak_to_mean=peak, hours_per_month=fixed))
    assert found.replicas.mean() == pytest.approx(needed.mean_replicas, abs=1e-9)
    assert found.busy.max() <= needed.peak_replicas * (1 + 1e-9)
    assert (found.busy >= found.replicas * (1 - 1e-9)).all()
