"""A committed base and a rest on demand or on spot: never dearer than the same replicas on demand."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from advisor.domain.fleet import Infeasible, Offer, Plan
from advisor.domain.units import Money
from advisor.domain.usage import WorkloadUsage
from advisor.projection.committed import SPOT_INTERRUPTED, base
from advisor.projection.demand import demand
from advisor.projection.policies import plan
from tests.unit import builders as a
from tests.unit.projection.test_autoscaled import hourly

YEAR = a.offer("1.00", commitment="1-year")


def planned(
    usage: WorkloadUsage, others: Sequence[Offer], *, offer: Offer | None = None, policy: Any = "committed", **more: Any
) -> Plan | Infeasible:
    fleet = a.fleet(**{"hours_per_month": "calendar", "burst": 1.0, "redundancy": 0, **more})
    return plan(policy, demand(usage, a.profile(1.0), fleet), offer or a.offer("2.00"), fleet, others)


def carried(usage: WorkloadUsage, others: Sequence[Offer], **more: Any) -> Plan:
    found = planned(usage, others, **more)
    assert isinstance(found, Plan)
    return found


def test_a_steady_fleet_is_committed_whole() -> None:
    found = carried(hourly([1.4]), [YEAR])
    assert found.replicas == found.committed_replicas == 2
    assert found.cost.gpu == a.usd("1.00") * (2 * 744)
    assert found.beside == (YEAR,)
    assert found.offer.commitment == "on-demand", "what is rented beyond the base"


def test_replicas_that_run_too_short_for_the_discount_stay_on_demand() -> None:
    """One replica all day, three for eight hours and a little: a third of the day is less than 1.00 / 2.00."""
    day = [0.7] * 16 + [2.1] * 8
    found = carried(hourly(day), [YEAR], redundancy=1)
    scaled = planned(hourly(day), [], policy="autoscaled", redundancy=1)
    assert isinstance(scaled, Plan)
    assert found.committed_replicas == 1 + 1
    assert found.gpu_hours == scaled.gpu_hours
    beyond = float(scaled.gpu_hours) - 2 * 744
    assert float(found.cost.gpu.amount) == pytest.approx(1.00 * 2 * 744 + 2.00 * beyond)
    assert found.utilization == pytest.approx(scaled.utilization)


def test_the_term_that_costs_least_is_taken() -> None:
    three = a.offer("0.80", commitment="3-year")
    assert carried(hourly([1.4]), [YEAR, three]).beside == (three,)


def test_where_scaling_comes_too_late_a_static_fleet_is_committed() -> None:
    """From nothing to ten: 15 replicas run all month."""
    found = carried(hourly([0.0] * 12 + [10.0] * 12), [YEAR])
    assert found.replicas == found.committed_replicas == 15
    assert found.utilization == pytest.approx(5 / 15)


@pytest.mark.parametrize(
    "other",
    [
        a.offer("1.00", commitment="1-year", provider="lambda"),
        a.offer("1.00", commitment="1-year", gpu="H100-80GB-SXM"),
        a.offer("1.00", commitment="1-year", gpus=8),
        a.offer("1.00", commitment="1-year", region="eu"),
        a.offer("1.00", commitment="1-year", price_per_gpu_hour=Money(a.usd(1).amount, "EUR")),
        a.offer("0.50", commitment="spot"),
        a.offer("1.00"),
    ],
    ids=["another provider", "another GPU", "another node", "another region", "euros", "spot", "on demand"],
)
def test_only_a_commitment_of_the_same_nodes_at_the_same_provider_counts(other: Offer) -> None:
    found = planned(hourly([1.4]), [other])
    assert isinstance(found, Infeasible)
    assert found.reason.startswith("no committed offer of A100-80GB-SXM at runpod: add [[fleet.offers]]")


def test_a_commitment_without_a_region_holds_in_all() -> None:
    assert carried(hourly([1.4]), [a.offer("1.00", commitment="1-year", region="")]).committed_replicas == 2


def test_a_commitment_that_is_no_discount_is_refused() -> None:
    found = planned(hourly([1.4]), [a.offer("2.01", commitment="1-year")])
    assert found == Infeasible(
        policy="committed", reason="a commitment for A100-80GB-SXM at runpod costs more than the same hours on demand"
    )


def test_spot_carries_what_comes_above_the_base_with_more_replicas_for_those_that_are_away() -> None:
    """Ten replicas above a base of 2 + 10 spares for a quarter of the day: ceil(10 / 0.9) of them on spot."""
    assert SPOT_INTERRUPTED == 0.10
    usage, spot = hourly([1.4] * 18 + [8.4] * 6), a.offer("0.50", commitment="spot")
    found = carried(usage, [YEAR, spot], redundancy=10)
    high = 6 + 5 / 12
    assert found.committed_replicas == 2 + 10
    assert found.gpus == 12 + 12
    assert float(found.cost.gpu.amount) == pytest.approx(12 * 744 * 1.00 + 31 * high * 12 * 0.50)
    assert found.beside == (YEAR, spot)


def test_spot_is_never_the_base_however_cheap() -> None:
    found = carried(hourly([1.4]), [YEAR, a.offer("0.01", commitment="spot")])
    assert found.committed_replicas == 2


def test_nodes_are_committed_whole() -> None:
    year = a.offer("1.00", commitment="1-year", gpus=8)
    found = carried(hourly([4.0]), [year], offer=a.offer("2.00", gpus=8))
    assert found.replicas == found.committed_replicas == 8
    assert found.cost.gpu == a.usd("1.00") * (8 * 744)


counts = st.lists(st.integers(1, 30), min_size=1, max_size=60)


@given(nodes=counts, committed_price=st.floats(0.05, 1.2))
def test_the_base_is_the_one_that_trying_every_base_finds(nodes: list[int], committed_price: float) -> None:
    def cost(kept: int) -> float:
        return committed_price * kept * len(nodes) + sum(max(0, count - kept) for count in nodes)

    found = base(np.array(nodes), committed_price)
    assert cost(found) == pytest.approx(min(cost(kept) for kept in range(max(nodes) + 1)))


@settings(max_examples=40, deadline=None)
@given(
    bins=st.lists(st.floats(0.1, 20), min_size=1, max_size=48),
    price=st.sampled_from(["0.30", "1.00", "1.99"]),
    spot=st.sampled_from(["0.20", "1.50", "1.95"]),
    sold=st.sampled_from([1, 4]),
)
def test_a_committed_fleet_never_costs_more_than_the_same_replicas_on_demand(
    bins: list[float], price: str, spot: str, sold: int
) -> None:
    terms = [a.offer(price, commitment="1-year", gpus=sold), a.offer(spot, commitment="spot", gpus=sold)]
    offer = a.offer("2.00", gpus=sold)
    found = carried(hourly(bins), terms, offer=offer)
    scaled = planned(hourly(bins), [], policy="autoscaled", offer=offer)
    same = scaled if isinstance(scaled, Plan) else planned(hourly(bins), [], policy="static", offer=offer)
    assert isinstance(same, Plan)
    assert float(found.cost.gpu.amount) <= float(same.cost.gpu.amount) + 1e-6
    assert found.replicas >= same.replicas
    assert float(found.gpu_hours) >= found.committed_replicas * 744 * (1 - 1e-9)
