"""A workload that is likely to reach the gates within six months is watched, with the month; nothing else changes."""

from __future__ import annotations

import pytest

from advisor.decision.states import fold
from advisor.domain.forecast import Forecast
from advisor.domain.units import Month
from advisor.domain.verdict import Reason, State, Verdict
from tests.unit import builders as a


def ahead(probability: float | None, *, crossed: bool = False) -> Forecast:
    return Forecast(
        method="median", crossing_month=Month(2027, 1), probability_within_6_months=probability, crossed=crossed
    )


def judged(ratio: str, forecast: Forecast) -> Verdict:
    month = a.weighed(ratio)
    return fold([month], a.policy(), None, forecasts={month.usage.month: forecast})[-1]


def test_a_dearer_fleet_that_will_likely_pay_is_watched_with_the_probability_and_a_step() -> None:
    verdict = judged("-0.30", ahead(0.57))
    assert (verdict.state, verdict.reason) == (State.WATCH, Reason.CROSSING)
    assert "P 0.57" in verdict.reason_text
    assert "load test" in verdict.next_action
    assert verdict.blocked_by, "the gates that are not met yet are named"


@pytest.mark.parametrize("probability", [0.49, 0.0, None])
def test_a_crossing_that_is_less_likely_than_not_leaves_it_at_stay(probability: float | None) -> None:
    assert judged("-0.30", ahead(probability)).state is State.STAY


def test_a_forecast_never_makes_a_recommendation() -> None:
    with_it, without = judged("0.30", ahead(1.0, crossed=True)), fold([a.weighed("0.30")], a.policy(), None)[-1]
    assert (with_it.state, with_it.reason_text, with_it.blocked_by) == (
        without.state,
        without.reason_text,
        without.blocked_by,
    )


def test_an_open_month_keeps_its_own_state() -> None:
    month = a.open_month("-0.30")
    verdict = fold([month], a.policy(), None, forecasts={month.usage.month: ahead(0.9)})[-1]
    assert verdict.state is State.INSUFFICIENT_DATA
    assert verdict.forecast is not None
