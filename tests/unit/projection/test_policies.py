"""Demand to plans: whole replicas on whole GPUs, and what they cost."""

from __future__ import annotations

import math
from decimal import Decimal

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from advisor.domain.assumptions import ALL_POLICIES, FleetAssumptions, Overheads, PolicyName
from advisor.domain.fleet import Infeasible, Offer, Plan
from advisor.domain.units import HOUR_SECONDS
from advisor.domain.usage import WorkloadUsage
from advisor.projection.demand import demand
from advisor.projection.policies import plan
from tests.unit import builders as a


def planned(
    policy: PolicyName,
    usage: WorkloadUsage,
    fleet: FleetAssumptions,
    *,
    offer: Offer | None = None,
    tensor_parallel: int = 1,
) -> Plan:
    needed = demand(usage, a.profile(1.0, tensor_parallel=tensor_parallel), fleet)
    found = plan(policy, needed, offer or a.offer("2.00"), fleet)
    assert isinstance(found, Plan)
    return found


def replicas_of_work(mean: float) -> WorkloadUsage:
    """A flat October that keeps *mean* replicas of one token a second busy."""
    return a.flat_month(mean * 3600 * 744, "1000")


@pytest.mark.parametrize(
    ("mean", "replicas"), [(1e-9, 1), (0.7, 1), (0.70001, 2), (1.4, 2), (2.3, 4), (700_000.0, 1_000_000)]
)
def test_equivalent_is_the_fewest_whole_replicas_at_seventy_percent(mean: float, replicas: int) -> None:
    found = planned("equivalent", replicas_of_work(mean), a.fleet(hours_per_month="calendar"))
    assert found.replicas == replicas
    assert found.utilization == pytest.approx(mean / replicas)


def test_equivalent_has_no_redundancy_and_no_peak() -> None:
    usage = a.month_usage(a.shape(HOUR_SECONDS, [10 * 3600.0] + [0.0] * 743))
    fleet = a.fleet(hours_per_month="calendar", redundancy=3)
    assert planned("equivalent", usage, fleet).replicas == 1
    assert planned("static", usage, fleet).replicas == math.ceil(10 * 1.35 / 0.7) + 3


@pytest.mark.parametrize(("redundancy", "replicas"), [(0, 5), (1, 6), (2, 7)])
def test_minimum_replicas_hold_before_redundancy_is_added(redundancy: int, replicas: int) -> None:
    fleet = a.fleet(min_replicas=5, redundancy=redundancy)
    assert planned("static", replicas_of_work(0.1), fleet).replicas == replicas
    assert planned("equivalent", replicas_of_work(0.1), fleet).replicas == 5


hourly = st.lists(st.floats(0, 1e7, allow_subnormal=False), min_size=1, max_size=24).filter(lambda bins: sum(bins) > 1)


@settings(max_examples=80, deadline=None)
@given(
    bins=hourly,
    days=st.lists(st.floats(0, 1e8, allow_subnormal=False), max_size=3),
    utilization=st.floats(0.05, 1.0),
    redundancy=st.integers(0, 3),
    sold=st.sampled_from([1, 2, 4, 8]),
    tensor_parallel=st.sampled_from([1, 2, 4, 8]),
    hours=st.sampled_from(["calendar", Decimal(720), Decimal(730)]),
)
def test_static_costs_at_least_as_much_as_equivalent_and_keeps_its_busiest_bin_under_the_target(
    bins: list[float],
    days: list[float],
    utilization: float,
    redundancy: int,
    sold: int,
    tensor_parallel: int,
    hours: Decimal,
) -> None:
    usage = a.month_usage(a.shape(HOUR_SECONDS, bins), a.shape(86_400, days or [0.0]))
    fleet = a.fleet(utilization=utilization, redundancy=redundancy, hours_per_month=hours, overheads=Overheads())
    offer = a.offer("2.00", gpus=sold)
    static = planned("static", usage, fleet, offer=offer, tensor_parallel=tensor_parallel)
    equivalent = planned("equivalent", usage, fleet, offer=offer, tensor_parallel=tensor_parallel)
    assert static.cost.total >= equivalent.cost.total
    assert static.utilization_peak <= utilization * (1 + 1e-6)
    assert equivalent.utilization <= utilization * (1 + 1e-6)
    assert static.gpus >= static.replicas * tensor_parallel
    assert static.gpus % sold == 0 or sold < tensor_parallel


@pytest.mark.parametrize(
    ("replicas", "tensor_parallel", "sold", "gpus"),
    [
        (3, 1, 1, 3),
        (1, 4, 1, 4),
        (3, 1, 8, 8),
        (9, 1, 8, 16),
        (3, 2, 8, 8),
        (5, 2, 8, 16),
        (3, 3, 8, 16),
        (2, 8, 8, 16),
        (2, 8, 4, 16),
        (2, 16, 8, 32),
    ],
)
def test_gpus_are_bought_in_the_sizes_in_which_they_are_sold(
    replicas: int, tensor_parallel: int, sold: int, gpus: int
) -> None:
    fleet = a.fleet(hours_per_month="calendar", min_replicas=replicas)
    found = planned(
        "equivalent", replicas_of_work(0.01), fleet, offer=a.offer("2.00", gpus=sold), tensor_parallel=tensor_parallel
    )
    assert found.gpus == gpus
    assert found.gpu_hours == gpus * 744
    assert found.cost.gpu == a.usd("2.00") * (gpus * 744)


@pytest.mark.parametrize("policy", ALL_POLICIES)
def test_no_policy_rents_a_node_that_its_replicas_do_not_fit(policy: PolicyName) -> None:
    needed = demand(replicas_of_work(0.5), a.profile(1.0, tensor_parallel=12), a.fleet())
    found = plan(policy, needed, a.offer(gpus=8), a.fleet(), [a.offer(gpus=8, commitment="1-year")])
    assert found == Infeasible(policy=policy, reason="a replica of 12 GPUs does not fit nodes of 8")


def test_a_plan_costs_gpus_staging_egress_storage_engineering_and_migration() -> None:
    over = Overheads(egress_per_month=Decimal(120), storage_per_month=Decimal(45), migration_one_off=Decimal(600))
    fleet = a.fleet(hours_per_month="calendar", overheads=over)
    cost = planned("equivalent", replicas_of_work(0.5), fleet, tensor_parallel=2).cost
    assert cost.gpu == a.usd("2.00") * (2 * 744)
    assert cost.staging == a.usd("2.00") * (2 * 220), "one replica of two GPUs for 220 hours"
    assert (cost.egress, cost.storage) == (a.usd(120), a.usd(45))
    assert cost.engineering == a.usd(30 * 100)
    assert cost.migration == a.usd(120 * 100 + 600) / 12
    assert cost.total == a.usd(2 * 2 * 744 + 2 * 2 * 220 + 120 + 45 + 3000 + 1050)
    assert cost.fixed == cost.total - cost.gpu


def test_a_vendors_endpoint_takes_six_hours_and_no_staging() -> None:
    fleet = a.fleet(overheads=Overheads())
    cost = planned("static", replicas_of_work(0.5), fleet, offer=a.offer(operated_by="vendor")).cost
    assert cost.engineering == a.usd(6 * 100)
    assert cost.staging == a.usd(0)
    assert cost.migration == a.usd(1000), "moving to it is work all the same"


def test_a_day_left_out_of_the_invoice_is_left_out_of_every_line_of_the_fleet() -> None:
    fleet = a.fleet(hours_per_month="calendar", overheads=Overheads(storage_per_month=Decimal(31)))
    whole = planned("equivalent", replicas_of_work(0.5), fleet).cost
    part = planned("equivalent", a.month_usage(a.shape(3600, [1.0] * 29 * 24), days_covered=29), fleet).cost
    for line in ("gpu", "staging", "storage", "engineering", "migration", "total"):
        assert float(getattr(part, line).amount) == pytest.approx(float(getattr(whole, line).amount) * 29 / 31), line


def test_idle_cost_is_the_gpu_cost_of_replicas_that_wait() -> None:
    found = planned("static", replicas_of_work(0.5), a.fleet(hours_per_month="calendar"))
    assert found.utilization == pytest.approx(0.5 / 2)
    assert float(found.idle_cost.amount) == pytest.approx(2 * 2.00 * 744 * (1 - 0.5 / 2))


@pytest.mark.parametrize(
    ("instance", "sold_together", "feasible"),
    [("", 1, True), ("g5.xlarge", 1, False), ("g5.12xlarge", 4, False), ("p5.48xlarge", 8, True)],
)
def test_a_replica_spans_whole_big_nodes_but_no_small_named_instances(
    instance: str, sold_together: int, feasible: bool
) -> None:
    needed = demand(a.flat_month(1e9, "1"), a.profile(1e6, tensor_parallel=8), a.fleet())
    found = plan("equivalent", needed, a.offer(gpus=sold_together, instance=instance), a.fleet())
    assert isinstance(found, Plan) is feasible
