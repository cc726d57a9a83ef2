"""A plan beside the demand that came: what each policy runs, and where it breaks its cap, by hand."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from advisor.domain.assumptions import FleetAssumptions, PolicyName
from advisor.domain.fleet import Demand, Infeasible, Offer, Plan
from advisor.projection.demand import demand
from advisor.projection.policies import plan
from advisor.projection.replay import followed, replay
from tests.unit import builders as a

HOUR, DAY = 12, 288
"""Bins of five minutes."""
YEAR = a.offer("1.00", commitment="1-year")


def day(replicas: Sequence[float], width: int = 300, days: int = 1, *, tensor_parallel: int = 1) -> Demand:
    """1 October with so many replicas of a token a second kept busy in each five minutes, over and over."""
    bins = np.resize(np.asarray(replicas, dtype=float), DAY * days) * 300
    usage = a.month_usage(
        a.shape(width, bins.reshape(-1, width // 300).sum(axis=1).tolist()),
        days_covered=days,
        missing_days=tuple(date(2026, 10, later) for later in range(days + 1, 32)),
    )
    return demand(usage, a.profile(1.0, tensor_parallel=tensor_parallel), fleet())


def fleet(**changes: Any) -> FleetAssumptions:
    return a.fleet(**{"hours_per_month": "calendar", "redundancy": 0, **changes})


def planned(
    policy: PolicyName, known: Demand, others: Sequence[Offer] = (), price: str = "2.00", **changes: Any
) -> Plan:
    found = plan(policy, known, a.offer(price), fleet(**changes), others)
    assert isinstance(found, Plan), found
    return found


def test_static_is_held_to_its_cap_by_the_facts_that_it_was_sized_on() -> None:
    came = day([1.0] * 11 + [2.0])
    found = replay(planned("static", came), came, fleet())
    assert found.provisioned.tolist() == [3] * DAY, "2.0 / 0.7 = 2.86"
    assert found.demanded.tolist() == pytest.approx(([1.0] * 11 + [2.0]) * 24)
    assert found.utilization_peak == pytest.approx(2 / 3)
    assert (found.over_cap, found.overload, found.spilled_share) == (0.0, 0.0, 0.0)
    assert found.utilization == pytest.approx((11 * 1.0 + 2.0) / 12 / 3)
    assert float(found.idle_cost.amount) == pytest.approx(2.00 * 3 * 24 * (1 - 13 / 36))


def test_hours_hide_minutes_that_burst_does_not_cover() -> None:
    """Of 13/12 replicas an hour allows x 1.35 = 1.4625 / 0.7 = 2.09: 3. One bin in twelve wants 3.2."""
    minutes = [0.8] * 10 + [1.8, 3.2]
    plan_by_hours = planned("static", day(minutes, width=3600))
    found = replay(plan_by_hours, day(minutes), fleet())
    assert plan_by_hours.utilization_peak == pytest.approx(13 / 12 * 1.35 / 3), "what the plan states, below 0.7"
    assert found.utilization_peak == pytest.approx(3.2 / 3), "what comes"
    assert found.over_cap == pytest.approx(1 / 12)
    assert found.overload == pytest.approx((3.2 - 3) / 13)


def test_a_bin_at_exactly_the_cap_does_not_break_it() -> None:
    came = day([2.1])
    found = replay(planned("static", came), came, fleet())
    assert found.provisioned[0] == 3
    assert found.over_cap == 0.0


def test_equivalent_caps_the_month_and_not_its_bins() -> None:
    came = day([0.4] * HOUR + [1.0] * HOUR)
    found = replay(planned("equivalent", came), came, fleet())
    assert found.provisioned[0] == 1, "a mean of 0.7 fits one"
    assert found.utilization == pytest.approx(0.7)
    assert found.over_cap == pytest.approx(1 / 2)


def test_what_exceeds_full_replicas_waits_and_idle_cost_is_never_negative() -> None:
    quiet = planned("static", day([0.35]))
    found = replay(quiet, day([1.5]), fleet())
    assert found.overload == pytest.approx((1.5 - 1) / 1.5)
    assert found.utilization == pytest.approx(1.5)
    assert found.idle_cost == a.usd("0.00")


def test_autoscaled_starts_replicas_three_bins_late_and_keeps_them_six() -> None:
    """2.5 replicas come to two that run; the four that they want run from the third to the eighth bin after."""
    came = day([1.4] * 200 + [2.5] + [1.4] * 87)
    scaled = planned("autoscaled", came)
    found = replay(scaled, came, fleet())
    assert found.provisioned.tolist() == [2] * 203 + [4] * 6 + [2] * 79
    total = 287 * 1.4 + 2.5
    assert found.overload == pytest.approx(0.5 / total)
    assert found.over_cap == pytest.approx(1 / DAY)
    assert found.utilization_peak == pytest.approx(2.5 / 2) == pytest.approx(scaled.utilization_peak)
    assert found.utilization == pytest.approx(total / (2 * 282 + 4 * 6)) == pytest.approx(scaled.utilization)
    assert found.gpu == scaled.cost.gpu


def test_autoscaled_follows_what_comes_and_not_what_was_known() -> None:
    """Hours of 1.05 know nothing of a half hour at 1.4 and another at 0.7."""
    minutes = [0.7] * 6 + [1.4] * 6
    by_hours = planned("autoscaled", day(minutes, width=3600), burst=1.0)
    assert replay(by_hours, day(minutes), fleet(burst=1.0)).provisioned.tolist() == [2] * DAY
    found = followed(day(minutes), a.offer("2.00"), fleet(), 0.7)
    # What ran is wanted from the eighth to the third bin before: a whole quiet half hour for the ninth bin alone.
    assert found.provisioned.tolist() == ([2] * 8 + [1] + [2] * 3) * 24
    assert found.overload == pytest.approx((1.4 - 1) / (6 * 0.7 + 6 * 1.4))


def test_what_follows_is_what_the_plan_of_the_same_facts_runs() -> None:
    came = day([0.7] * 60 + [1.4] * 84, days=2)
    scaled = planned("autoscaled", came, redundancy=1)
    known, real = replay(scaled, came, fleet(redundancy=1)), followed(came, a.offer("2.00"), fleet(redundancy=1), 0.7)
    assert real.provisioned.tolist() == known.provisioned.tolist()
    assert set(real.provisioned.tolist()) == {1 + 1, 2 + 1}
    assert real.gpu == known.gpu == scaled.cost.gpu


def test_a_rule_runs_where_no_plan_stands() -> None:
    came = day([0.7] * HOUR + [7.0] * HOUR)
    assert isinstance(plan("autoscaled", came, a.offer("2.00"), fleet()), Infeasible)
    found = followed(came, a.offer("2.00"), fleet(), 0.7)
    late = (7.0 - 1) * 3
    assert found.overload == pytest.approx(late / (12 * 0.7 + 12 * 7.0))


def test_replicas_that_follow_are_paid_in_whole_nodes() -> None:
    came = day([0.7])
    found = followed(came, a.offer("2.00", gpus=8), fleet(), 0.7)
    assert found.provisioned.tolist() == [1] * DAY
    assert found.gpu == a.usd("2.00") * (8 * 24)


def test_no_replica_follows_on_nodes_that_do_not_hold_it() -> None:
    with pytest.raises(ValueError, match="a replica of 4 GPUs does not fit nodes of 3"):
        followed(day([0.7], tensor_parallel=4), a.offer("2.00", gpus=3), fleet(), 0.7)


def test_a_committed_base_runs_when_the_demand_has_gone() -> None:
    """Two replicas run for 12 hours and a little: more than the half of the time that 1.00 of 2.00 asks for."""
    came = day([0.7] * 144 + [1.4] * 144)
    based = planned("committed", came, [YEAR], redundancy=1)
    assert based.committed_replicas == 2 + 1
    found = replay(based, came, fleet(redundancy=1))
    scaled = replay(planned("autoscaled", came, redundancy=1), came, fleet(redundancy=1))
    assert found.provisioned.tolist() == [3] * DAY
    assert set(scaled.provisioned.tolist()) == {2, 3}
    assert found.utilization == pytest.approx(1.05 / 3) == pytest.approx(based.utilization)


def test_a_committed_fleet_is_static_where_scaling_would_be_late() -> None:
    came = day([0.7] * HOUR + [7.0] * HOUR)
    found = replay(planned("committed", came, [YEAR]), came, fleet())
    assert found.provisioned.tolist() == [10] * DAY
    assert found.over_cap == 0.0


def test_hybrid_spills_what_lies_above_its_target() -> None:
    """Two replicas carry 1.4: 0.3 of 1.7 go to serverless for eight hours, none of 0.7 for sixteen.

    A bill of $1,000 is $40.32 an hour of a full replica: one at $6 pays from 15 %, and a third would be used 10 %.
    """
    came = day([0.7] * 16 * HOUR + [1.7] * 8 * HOUR)
    based = planned("hybrid", came, price="6.00")
    assert based.replicas == 2
    found = replay(based, came, fleet())
    total = 16 * 0.7 + 8 * 1.7
    assert found.spilled_share == pytest.approx(8 * 0.3 / total)
    assert float(based.cost.serverless.amount) == pytest.approx(1000 * 8 * 0.3 / total)
    assert found.utilization_peak == pytest.approx(0.7)
    assert (found.over_cap, found.overload) == (0.0, 0.0)
    assert found.utilization == pytest.approx((16 * 0.7 + 8 * 1.4) / 24 / 2) == pytest.approx(based.utilization)


def test_an_hours_demand_is_repeated_in_its_twelve_bins() -> None:
    came = day([0.5] * HOUR + [0.6] * HOUR, width=3600)
    found = replay(planned("static", came), came, fleet())
    assert found.demanded.tolist() == pytest.approx(([0.5] * 12 + [0.6] * 12) * 12)


def test_nothing_that_came_overloads_nothing() -> None:
    found = replay(planned("hybrid", day([0.7])), day([0.0]), fleet())
    assert (found.overload, found.spilled_share, found.utilization) == (0.0, 0.0, 0.0)
    assert found.idle_cost == found.gpu


def test_different_days_are_not_replayed() -> None:
    with pytest.raises(ValueError, match="the plan covers 288 bins of five minutes, the demand 576"):
        replay(planned("static", day([0.7])), day([0.7], days=2), fleet())


@settings(max_examples=30, deadline=None)
@given(bins=st.lists(st.floats(0.01, 20.0), min_size=1, max_size=DAY), spare=st.integers(0, 2))
def test_five_minute_facts_never_let_static_break_its_cap(bins: list[float], spare: int) -> None:
    came = day(bins)
    found = replay(planned("static", came, redundancy=spare), came, fleet(redundancy=spare))
    assert found.over_cap == 0.0
    assert found.demanded.sum() == pytest.approx(np.resize(np.asarray(bins), DAY).sum())
