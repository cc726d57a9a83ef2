"""The forecast: how much is to come, when a fleet would pay, and when nothing can be said."""

from __future__ import annotations

import math
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from advisor.domain.forecast import HORIZON
from advisor.domain.units import Month
from advisor.projection.crossing import NEVER, crossing, first_month, highest
from advisor.projection.forecast import Past, level_shifts, trend
from advisor.projection.student_t import quantile

START = Month(2025, 1)
volumes = st.lists(st.floats(1e3, 1e12), min_size=3, max_size=24)


def past(*tokens: float, at: list[int] | None = None) -> Past:
    months = tuple(START.plus(number) for number in (at or range(len(tokens))))
    return Past(months=months, logs=tuple(math.log(volume) for volume in tokens))


def test_two_closed_months_are_no_forecast() -> None:
    assert trend(past(100, 120), 6) is None


def test_a_constant_volume_forecasts_itself_with_the_interval_of_the_prior_alone() -> None:
    made = trend(past(*[100.0] * 12), HORIZON)
    assert made is not None
    assert np.exp(made.centre) == pytest.approx(100.0)
    # No change was seen to vary: v = (11 x 0 + 4 x 0.12^2) / 15.
    assert made.variance == pytest.approx(4 * 0.12**2 / 15)
    assert 0.05 < made.half_width()[0] < 0.12


@given(volumes, st.floats(0.01, 100))
@settings(max_examples=60, deadline=None)
def test_another_unit_of_volume_scales_every_point_and_changes_no_spread(tokens: list[float], factor: float) -> None:
    made, scaled = trend(past(*tokens), HORIZON), trend(past(*(volume * factor for volume in tokens)), HORIZON)
    assert made is not None
    assert scaled is not None
    assert scaled.centre - made.centre == pytest.approx(math.log(factor), abs=1e-6)
    assert scaled.half_width() == pytest.approx(made.half_width(), rel=1e-6)


@given(volumes)
@settings(max_examples=60, deadline=None)
def test_the_interval_widens_with_every_month(tokens: list[float]) -> None:
    made = trend(past(*tokens), HORIZON)
    assert made is not None
    assert (np.diff(made.half_width()) > 0).all()


def test_growth_is_damped_and_never_undone() -> None:
    made = trend(past(*(100 * 1.1**month for month in range(12))), HORIZON)
    assert made is not None
    steps = np.diff([math.log(100 * 1.1**11), *made.centre])
    assert (steps > 0).all()
    assert steps[0] <= math.log(1.1) + 1e-9
    assert steps[-1] < steps[0] / 4


def test_a_jump_is_a_shift_of_level_and_the_months_before_it_say_nothing_of_the_volume() -> None:
    shifted = past(100, 103, 99, 101, 100, 500, 505, 498)
    assert level_shifts(shifted) == [5]
    made = trend(shifted, 6)
    assert made is not None
    assert made.level_shift == START.plus(5)
    assert np.exp(made.centre) == pytest.approx(500, rel=0.05)


def test_steady_growth_is_no_shift() -> None:
    assert level_shifts(past(*(100 * 1.4**month for month in range(9)))) == []


def test_a_gap_is_time_and_not_a_month_of_nothing() -> None:
    whole, gap = trend(past(100, 110, 121, 133.1, 146.41), 6), trend(past(100, 110, 146.41, at=[0, 1, 4]), 6)
    assert whole is not None
    assert gap is not None
    assert np.exp(gap.centre[0]) == pytest.approx(np.exp(whole.centre[0]), rel=0.05)


@pytest.mark.parametrize(("degrees", "expected"), [(1, 3.0777), (4, 1.5332), (8, 1.3968), (15, 1.3406), (1000, 1.2824)])
def test_students_t_is_that_of_the_tables(degrees: int, expected: float) -> None:
    assert quantile(0.90, degrees) == pytest.approx(expected, abs=6e-5)


def test_a_growing_volume_crosses_about_when_its_trend_does() -> None:
    made = trend(past(*(100 * 1.08**month for month in range(12))), HORIZON + 2)
    assert made is not None
    needed = float(np.exp(made.centre[4]))
    found = crossing(made, needed, 1)
    assert found.quantile(0.5) in (3, 4, 5)
    assert 0.5 < found.within(6) < 1.0
    assert found.within(3) <= found.within(6) <= found.within(12)


def test_three_months_in_a_row_take_longer_than_one() -> None:
    made = trend(past(100, 130, 95, 140, 100, 150, 110), HORIZON + 2)
    assert made is not None
    assert crossing(made, 160, 3).within(6) < crossing(made, 160, 1).within(6)


def test_a_volume_out_of_reach_is_never_crossed_and_one_that_no_fleet_has_neither() -> None:
    made = trend(past(100, 101, 99, 100, 102, 100), HORIZON)
    assert made is not None
    assert crossing(made, highest(made) * 2, 1).quantile(0.5) is None
    assert crossing(made, None, 1).within(18) == 0.0


def test_nothing_is_said_beyond_eighteen_months() -> None:
    met = np.zeros((1, 20), dtype=bool)
    met[0, 18:] = True
    assert first_month(met, 1).tolist() == [NEVER]


def test_the_same_facts_give_the_same_answer() -> None:
    made = trend(past(100, 120, 130, 160, 150), HORIZON)
    assert made is not None
    again = replace(made)
    assert crossing(made, 200, 2).months_ahead.tolist() == crossing(again, 200, 2).months_ahead.tolist()
