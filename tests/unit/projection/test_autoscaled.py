"""A fleet that follows the demand: late by a quarter of an hour, paid by the hour it runs."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from advisor.domain.assumptions import FleetAssumptions
from advisor.domain.fleet import Infeasible, Offer, Plan
from advisor.domain.usage import WorkloadUsage
from advisor.projection.autoscaled import DOWN, LAG, Levels, following, following_within, overload, wanted
from advisor.projection.demand import demand
from advisor.projection.policies import plan
from tests.unit import builders as a

A_DAY = 24 * 31


def hourly(replicas: Sequence[float]) -> WorkloadUsage:
    """So many replicas of one token a second kept busy in each hour, over and over."""
    days = np.resize(np.asarray(replicas, dtype=float), A_DAY)
    return a.month_usage(a.shape(3600, list(days * 3600)))


def scaled(
    usage: WorkloadUsage, *, offer: Offer | None = None, tensor_parallel: int = 1, **changes: Any
) -> Plan | Infeasible:
    fleet = fleet_with(**changes)
    needed = demand(usage, a.profile(1.0, tensor_parallel=tensor_parallel), fleet)
    return plan("autoscaled", needed, offer or a.offer("2.00"), fleet)


def fleet_with(**changes: Any) -> FleetAssumptions:
    return a.fleet(**{"hours_per_month": "calendar", "burst": 1.0, **changes})


def test_replicas_start_three_bins_late_and_stop_when_demand_was_low_for_six() -> None:
    demanded = np.array([1] * 20 + [4] * 5 + [1] * 20)
    found = following(demanded)
    assert found.tolist() == [1] * (20 + LAG) + [4] * (5 + DOWN - 1) + [1] * (20 - LAG - DOWN + 1)


def test_a_month_begins_as_it_ends() -> None:
    assert following(np.array([5, 5, 1, 1]), lag=1, down=1).tolist() == [1, 5, 5, 1]


@given(counts=st.lists(st.integers(0, 50), min_size=1, max_size=40), lag=st.integers(0, 5), down=st.integers(1, 8))
def test_what_runs_is_the_most_that_was_wanted_in_the_window_before(counts: list[int], lag: int, down: int) -> None:
    found = following(np.array(counts), lag=lag, down=down, spare=2)
    by_hand = [2 + max(counts[(t - lag - k) % len(counts)] for k in range(down)) for t in range(len(counts))]
    assert found.tolist() == by_hand


@given(
    counts=st.lists(st.integers(1, 9), min_size=1, max_size=40), parts=st.sampled_from([1, 2, 12]),
    lag=st.integers(0, 5), down=st.integers(1, 20),
)  # fmt: skip
def test_wide_bins_run_what_they_run_written_out_in_five_minutes(
    counts: list[int], parts: int, lag: int, down: int
) -> None:
    busy = np.arange(len(counts)) / 7
    written_out = following(np.repeat(counts, parts), lag=lag, down=down % (len(counts) * parts) or 1, spare=1)
    runs = list(following_within(np.array(counts), parts, lag=lag, down=down % (len(counts) * parts) or 1, spare=1))
    assert sum(times for _, times in runs) == parts
    found = Levels.of(runs, busy)
    levels, bins = np.unique(written_out, return_counts=True)
    assert (found.replicas.tolist(), found.bins.tolist()) == (levels.tolist(), bins.tolist())
    at_most = [np.repeat(busy, parts)[written_out == level].max() for level in levels]
    assert found.busiest.tolist() == at_most
    assert found.fullest == max(np.repeat(busy, parts) / written_out)


def test_only_what_exceeds_full_replicas_is_overload() -> None:
    assert overload(np.array([3.0, 1.0, 0.0, 4.0]), np.array([2, 2, 2, 4])) == pytest.approx(1.0 / 8.0)


def test_an_hour_is_met_by_the_last_hours_replicas_for_its_first_quarter() -> None:
    """Twelve hours of 0.5 replicas, twelve of 2.0; at 70 % one and three are wanted, and one is spare. The second
    runs from a quarter past until a quarter past, and for the five more bins in which six have not been low yet."""
    found = scaled(hourly([0.5] * 12 + [2.0] * 12))
    assert isinstance(found, Plan)
    high = 12 + (DOWN - 1) / 12
    assert float(found.gpu_hours) == pytest.approx(31 * (high * (3 + 1) + (24 - high) * (1 + 1)))
    assert found.replicas == found.gpus == 3 + 1
    assert found.cost.gpu == a.usd("2.00") * found.gpu_hours
    assert found.utilization == pytest.approx(1.25 * A_DAY / float(found.gpu_hours))
    assert found.utilization_peak == pytest.approx(2.0 / (1 + 1)), "the first quarter of an hour, on the night's fleet"


def test_burst_is_sized_for_where_facts_are_hourly() -> None:
    bursty = scaled(hourly([2.0]), burst=1.5)
    assert isinstance(bursty, Plan)
    assert bursty.replicas == math.ceil(2.0 * 1.5 / 0.7) + 1


def test_demand_that_jumps_faster_than_replicas_start_is_infeasible_and_says_what_helps() -> None:
    """From nothing to ten in one step: one spare and one kept are there, eight are missing for 3 bins of 12 x 12."""
    found = scaled(hourly([0.0] * 12 + [10.0] * 12))
    assert isinstance(found, Infeasible)
    late = (10 - 2) * 3 / (10 * 12 * 12)
    missed = f"{late * 100:.2f} % of the demand would come before replicas have started, 0.5 % may"
    assert found.reason.startswith(missed)
    assert "raise redundancy or min_replicas" in found.reason
    assert isinstance(scaled(hourly([0.0] * 12 + [10.0] * 12), min_replicas=9), Plan)


def test_whole_nodes_are_started_and_stopped() -> None:
    """Nodes of 8 GPUs run four replicas of two: 1 + 1 of them want one node, 4 + 1 want two."""
    found = scaled(hourly([0.7] * 12 + [2.1] + [2.8] * 11), offer=a.offer("2.00", gpus=8), tensor_parallel=2)
    assert isinstance(found, Plan)
    high = 11 + (DOWN - 1) / 12
    assert found.replicas == 4 + 1
    assert found.gpus == 2 * 8
    assert float(found.gpu_hours) == pytest.approx(31 * (high * 2 * 8 + (24 - high) * 1 * 8))


levels = st.lists(st.floats(0, 40, allow_subnormal=False), min_size=1, max_size=48).filter(lambda bins: sum(bins) > 1)


@settings(max_examples=60, deadline=None)
@given(bins=levels, sold=st.sampled_from([1, 2, 8]), redundancy=st.integers(0, 2), burst=st.floats(1, 2))
def test_autoscaled_gpus_never_cost_more_than_static_ones(
    bins: list[float], sold: int, redundancy: int, burst: float
) -> None:
    fleet = fleet_with(redundancy=redundancy, burst=burst)
    needed = demand(hourly(bins), a.profile(1.0), fleet)
    offer = a.offer("2.00", gpus=sold)
    static, found = plan("static", needed, offer, fleet), plan("autoscaled", needed, offer, fleet)
    assert isinstance(static, Plan)
    assert isinstance(found, Infeasible) or (
        found.cost.gpu <= static.cost.gpu and found.replicas <= static.replicas and found.gpus <= static.gpus
    )


@settings(max_examples=40, deadline=None)
@given(
    steps=st.lists(st.floats(-0.2, 0.2), min_size=5, max_size=300), start=st.floats(0.1, 20), target=st.floats(0.3, 1.0)
)
def test_demand_that_drifts_slower_than_one_replica_in_a_lag_is_always_met_below_the_target(
    steps: list[float], start: float, target: float
) -> None:
    """With one spare. The bins before the lag has passed follow the month's end, and are left out."""
    drift = np.maximum(0.0, start + np.cumsum(steps) * target)
    found = following(wanted(drift, target, 1), spare=1)
    assert (found[LAG:] >= drift[LAG:] / target - 1e-6).all()
