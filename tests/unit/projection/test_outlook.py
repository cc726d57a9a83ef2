"""From a workload's months to its forecast, and from there to the verdict."""

from __future__ import annotations

from datetime import UTC, datetime

from advisor.decision.states import fold
from advisor.domain.comparison import Comparison, NotCompared
from advisor.domain.units import Month
from advisor.domain.verdict import Reason, State
from advisor.projection.compare import compare
from advisor.projection.outlook import outlook, outlooks
from tests.unit import builders as a

NOW = datetime(2026, 11, 24, tzinfo=UTC)
FLEET = a.fleet(redundancy=0, overheads=a.NOTHING_ELSE)
RENT = 10 * 720
"""A month of the one GPU that carries all of it."""


def months(*bills: float, closed: bool = True) -> list[Comparison | NotCompared]:
    """Months up to October 2026 with these bills, at one price a token."""
    first = a.OCTOBER.plus(1 - len(bills))
    return [
        compare(
            a.flat_month(bill * 1e6, bill, month=first.plus(number), closed=closed or number < len(bills) - 1),
            offers=[a.offer("10")],
            profiles=[a.profile(1e9)],
            fleet=FLEET,
            policy=a.policy(),
        )
        for number, bill in enumerate(bills)
    ]


def growing(last: float, factor: float, count: int = 12) -> list[Comparison | NotCompared]:
    return months(*(last * factor ** (number + 1 - count) for number in range(count)))


def test_a_growing_workload_is_watched_before_its_fleet_pays() -> None:
    """20 % of the bill are saved from 7,200 / 0.8 = 9,000 on, which is 1.33 times October's 6,750."""
    history = growing(6_750, 1.15)
    ahead = outlooks(history, FLEET, a.policy(), NOW)
    found = ahead[a.OCTOBER]
    assert found.crossing_tokens is not None
    assert abs(found.crossing_tokens / (RENT / 0.8 * 1e6) - 1) < 0.05
    assert found.crossing_month in [Month(2026, 12).plus(later) for later in range(4)]  # the trend is damped
    assert found.crosses_soon
    verdict = fold(history, a.policy(), None, forecasts=ahead)[-1]
    assert (verdict.state, verdict.reason) == (State.WATCH, Reason.CROSSING)


def test_a_falling_one_is_not() -> None:
    history = growing(6_750, 0.9)
    ahead = outlooks(history, FLEET, a.policy(), NOW)
    assert not ahead[a.OCTOBER].crosses_soon
    assert fold(history, a.policy(), None, forecasts=ahead)[-1].state is State.STAY


def test_a_workload_that_meets_the_gates_has_crossed() -> None:
    found = outlook(growing(20_000, 1.02), FLEET, a.policy(), NOW)
    assert found is not None
    assert (found.crossed, found.crossing_month, found.probability_within_6_months) == (True, None, 1.0)


def test_two_closed_months_say_nothing_and_say_so() -> None:
    found = outlook(months(100, 200), FLEET, a.policy(), NOW)
    assert found is not None
    assert (found.points, found.probability_within_6_months) == ((), None)
    assert "2 closed months" in found.method


def test_an_open_month_is_no_point_of_the_past() -> None:
    whole, cut = months(5000, 5000, 5000, 5000), months(5000, 5000, 5000, 5000, 50, closed=False)
    one, other = outlook(whole, FLEET, a.policy(), NOW), outlook(cut, FLEET, a.policy(), NOW)
    assert one is not None
    assert other is not None
    days = [found.points[0].tokens / found.points[0].month.day_count for found in (one, other)]
    assert abs(days[0] / days[1] - 1) < 0.05
