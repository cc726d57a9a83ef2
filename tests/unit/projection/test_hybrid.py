"""Base replicas that earn their price, and serverless for the rest: nothing is carried twice, nothing is lost."""

from __future__ import annotations

from dataclasses import replace
from decimal import Decimal
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from advisor.domain.assumptions import Overheads
from advisor.domain.fleet import Infeasible, Offer, Plan
from advisor.domain.usage import WorkloadUsage
from advisor.projection.demand import demand
from advisor.projection.load_duration import load_duration
from advisor.projection.policies import plan
from tests.unit import builders as a

HOURS = 744


def hourly(bins: list[float], price: float) -> WorkloadUsage:
    """Replicas of a million tokens a second kept busy in each hour, at *price* a busy hour of one."""
    replicas = np.resize(np.asarray(bins, dtype=float), HOURS)
    return a.month_usage(a.shape(3600, list(replicas * 3600e6)), cost=Decimal(repr(float(replicas.sum() * price))))


def planned(usage: WorkloadUsage, *, offer: Offer | None = None, **changes: Any) -> Plan | Infeasible:
    fleet = a.fleet(**{"hours_per_month": "calendar", "burst": 1.0, **changes})
    return plan("hybrid", demand(usage, a.profile(1e6), fleet), offer or a.offer("2.00"), fleet)


def carried(usage: WorkloadUsage, **changes: Any) -> Plan:
    found = planned(usage, **changes)
    assert isinstance(found, Plan)
    return found


def test_a_base_carries_up_to_the_target_and_serverless_takes_the_spill() -> None:
    """At $10 a busy hour a $2 replica pays from 20 % on. Sixteen hours of 0.7, eight of 1.7 replicas: the second is
    used 0.7 of eight hours in 24, 23 %, the third 0.3 of them, 10 %."""
    found = carried(hourly([0.7] * 16 + [1.7] * 8, 10.0))
    assert found.replicas == found.gpus == 2, "and no spare: serverless is the spare"
    assert found.cost.gpu == a.usd("2.00") * (2 * HOURS)
    assert float(found.cost.serverless.amount) == pytest.approx(31 * 8 * (1.7 - 1.4) * 10.0)
    assert found.utilization == pytest.approx((16 * 0.7 + 8 * 1.4) / 24 / 2)
    assert found.utilization_peak == pytest.approx(0.7)


def test_what_fits_the_base_is_not_spilled() -> None:
    found = carried(hourly([0.7], 10.0))
    assert found.replicas == 1
    assert float(found.cost.serverless.amount) == pytest.approx(0.0, abs=1e-6)


def test_a_burst_inside_an_hour_is_spilled_too() -> None:
    """Five minutes of an hour at 0.65 x 1.35, the other 55 at what leaves 0.65 on average: 0.63, below 0.7."""
    found = carried(hourly([0.65], 4.0), burst=1.35)
    assert found.replicas == 1
    assert float(found.cost.serverless.amount) == pytest.approx(HOURS * (0.65 * 1.35 - 0.7) / 12 * 4.0)


@pytest.mark.parametrize(("price", "feasible"), [(2.85, False), (2.86, True)], ids=["u* 70.2 %", "u* 69.9 %"])
def test_a_replica_that_pays_only_above_the_target_is_none(price: float, feasible: bool) -> None:
    assert isinstance(planned(hourly([0.7], price)), Plan) is feasible


def test_no_base_that_pays_is_no_fleet_and_says_how_busy_one_would_have_to_be() -> None:
    assert planned(hourly([0.1], 10.0)) == Infeasible(
        policy="hybrid",
        reason="no replica is busy enough to pay for itself: the first would be used 10 %, and pays from 20 %",
    )


@pytest.mark.parametrize("cost", [None, "0", "-5"])
def test_without_a_price_nothing_can_be_spilled(cost: str | None) -> None:
    found = planned(a.flat_month(1e12, cost))
    assert isinstance(found, Infeasible)
    assert "the spill has no price" in found.reason


def test_a_node_is_rented_whole_or_not_at_all() -> None:
    """A second node of four would be used 0.2 / 4 replicas, 5 %."""
    found = carried(hourly([3.0], 10.0), offer=a.offer("2.00", gpus=4))
    assert found.replicas == found.gpus == 4
    assert float(found.cost.serverless.amount) == pytest.approx(HOURS * (3.0 - 4 * 0.7) * 10.0)


def test_the_fleets_minimum_holds_where_a_base_pays() -> None:
    assert carried(hourly([0.7], 10.0), min_replicas=3).replicas == 3


def test_staging_engineering_and_migration_are_as_for_any_fleet() -> None:
    found = carried(hourly([0.7], 10.0), overheads=Overheads())
    assert found.cost.staging == a.usd("2.00") * 220
    assert found.cost.engineering == a.usd(30 * 100)
    assert found.cost.total == found.cost.gpu + found.cost.fixed + found.cost.serverless


def test_a_base_of_few_replicas_is_filled_no_more_than_one_alone_may_be() -> None:
    """Prompts of 4,000 tokens meet slo = "chat" at 70 % where four and more serve together, at 45 % where fewer do.
    The peak would take 29, but only two pay from 40 % on: 1.0 = 0.45 + 0.45 + 0.10 for 23 hours of 24."""
    usage = hourly([1.0] * 23 + [20.0], 5.0)
    chat = replace(usage, workload=replace(usage.workload, slo="chat"), requests=usage.tokens.total // 4_000)
    assert carried(usage).utilization_target == 0.70
    found = carried(chat)
    assert found.replicas == 2
    assert found.utilization_target == found.utilization_peak == 0.45


bins = st.lists(st.floats(0.0, 30.0, allow_subnormal=False), min_size=1, max_size=48).filter(lambda b: sum(b) > 1)


@settings(max_examples=60, deadline=None)
@given(bins=bins, price=st.floats(1.0, 40.0), burst=st.floats(1.0, 14.0), sold=st.sampled_from([1, 2, 8]))
def test_the_base_is_the_one_that_trying_every_base_finds(
    bins: list[float], price: float, burst: float, sold: int
) -> None:
    """Every five minutes on their own: one in twelve at the burst, the rest at what leaves the hour's mean."""
    usage = hourly(bins, price)
    hours = np.resize(np.asarray(bins), HOURS)
    high = hours * min(burst, 12.0)
    minutes = np.concatenate([high, *[(12 * hours - high) / 11] * 11])

    def cost(nodes: int) -> float:
        spill = np.maximum(0.0, minutes - nodes * sold * 0.7).mean() * HOURS * price
        return float(2.00 * nodes * sold * HOURS + spill)

    cheapest = min(cost(nodes) for nodes in range(1 + int(minutes.max() / 0.7) // sold + 2))
    found = planned(usage, offer=a.offer("2.00", gpus=sold), burst=burst)
    if isinstance(found, Infeasible):
        assert cheapest == pytest.approx(cost(0))
    else:
        assert float(found.cost.total.amount) == pytest.approx(cheapest)


@settings(max_examples=60, deadline=None)
@given(bins=bins, capacity=st.floats(0, 100))
def test_carried_and_spilled_add_up_to_the_demand(bins: list[float], capacity: float) -> None:
    fleet = a.fleet(hours_per_month="calendar", burst=1.0)
    usage = hourly(bins, 1.0)
    needed = demand(usage, a.profile(1e6), fleet)
    hours = np.resize(np.asarray(bins), HOURS)
    found = load_duration(needed, fleet).carried(capacity)
    assert found == pytest.approx(np.minimum(hours, capacity).mean())
    assert found + np.maximum(0.0, hours - capacity).mean() == pytest.approx(needed.mean_replicas)
