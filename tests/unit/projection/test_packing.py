"""Several workloads on the same GPUs: never dearer than apart, never fuller than allowed."""

from __future__ import annotations

from dataclasses import replace
from datetime import date
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from advisor.domain.assumptions import PolicyName, Workload
from advisor.domain.comparison import Comparison
from advisor.domain.fleet import Offer, Plan
from advisor.domain.usage import WorkloadUsage
from advisor.projection.compare import compare
from advisor.projection.demand import demand
from advisor.projection.packing import (
    LORA_DERATE,
    Tenant,
    least,
    merged,
    pack,
    pool_of,
    pooled,
    variable,
)
from advisor.projection.policies import plan
from advisor.projection.small_models import side_by_side
from tests.unit import builders as a

LLAMA = "meta.llama3-1-8b-instruct-v1:0"
TUNED = ("accounts/acme/models/llama-3.1-8b-ours", "accounts/acme/models/llama-3.1-8b-theirs")


def day(replicas: list[float], name: str = "chat", **more: Any) -> WorkloadUsage:
    """A month of equal days, by the hour, in replicas of a million tokens/s."""
    workload = Workload(name=name, serve="llama-3.1-8b", **more.pop("workload", {}))
    bins = [value * 3600 * 1e6 for value in replicas] * a.OCTOBER.day_count
    return a.month_usage(a.shape(3600, bins), workload=workload, **{"cost": "50000", **more})


def weighed(usage: WorkloadUsage, policy: PolicyName = "static", offer: Offer | None = None, **more: Any) -> Comparison:
    """Against one offer, under one policy alone."""
    fleet = a.fleet(
        **{"hours_per_month": "calendar", "policies": ("equivalent", "static", policy), "burst": 1.0, **more}
    )
    found = compare(
        usage, offers=[offer or a.offer("2")], profiles=[a.profile(1e6)], fleet=fleet, policy=a.policy()
    )  # fmt: skip
    assert isinstance(found, Comparison)
    chosen = next(one for one in found.plans if isinstance(one, Plan) and one.policy == policy)
    return replace(found, chosen=chosen)


FLEET = a.fleet(hours_per_month="calendar", burst=1.0)
MORNING, EVENING = [1.0] * 12 + [0.0] * 12, [0.0] * 12 + [1.0] * 12


def test_series_are_summed_before_peaks_are_taken() -> None:
    """Each peaks at 1.0 for half a day: apart 2 + 1 spare each, together never more than 1.0."""
    chat, rag = weighed(day(MORNING)), weighed(day(EVENING, "rag"))
    found = pooled([chat, rag], FLEET)
    assert found is not None
    assert found.demand.peak_replicas == pytest.approx(1.0)
    assert (chat.chosen.replicas, rag.chosen.replicas, found.replicas) == (3, 3, 3)
    assert found.demand.replica_seconds == pytest.approx(2 * 12 * 3600 * 31)


def test_what_peaks_together_saves_no_more_than_the_spare_and_the_rounding() -> None:
    """0.8 / 0.7 takes 2 replicas and 1.6 / 0.7 takes 3: apart 2 x (2 + 1), together 3 + 1."""
    chat, rag = weighed(day([0.8] * 24)), weighed(day([0.8] * 24, "rag"))
    found = pooled([chat, rag], FLEET)
    assert found is not None
    assert (chat.chosen.replicas + rag.chosen.replicas, found.replicas) == (6, 4)


def test_tokens_are_summed_at_their_ratios_and_bins_where_they_lie() -> None:
    one = day(MORNING, requests=10)
    other = day(EVENING, "rag", requests=5, workload={"token_ratio": 2.0})
    both = merged([one, other])
    assert both.tokens.total == one.tokens.total + 2 * other.tokens.total
    assert both.requests == 15
    assert both.cost == a.usd(100_000)
    [shape] = both.shapes
    assert list(shape.uncached_input[:24]) == [3600e6] * 12 + [7200e6] * 12
    assert merged([one, replace(other, requests=None)]).requests is None, "unknown is not zero"


def test_bins_of_one_width_that_one_source_lacks_are_kept() -> None:
    whole = day([1.0] * 24)
    first_day = replace(whole, shapes=(a.shape(3600, [3600e6] * 24),))
    [shape] = merged([first_day, whole]).shapes
    assert list(shape.uncached_input) == [7200e6] * 24 + [3600e6] * (30 * 24)


def test_only_different_fine_tunes_of_a_base_cost_throughput() -> None:
    """Two adapters take 20 % of the base's rate; the same model, or one fine-tune of several workloads, nothing."""

    def rate(*raw: str) -> float:
        members = [weighed(day([0.8] * 24, str(at), models_raw=(model,))) for at, model in enumerate(raw)]
        found = pooled(members, FLEET)
        assert found is not None
        assert found.profile.total_tokens_per_second is not None
        return found.profile.total_tokens_per_second

    assert rate(LLAMA, "llama-3.1-8b-instruct") == 1e6
    assert rate(TUNED[0], TUNED[0]) == 1e6
    assert rate(*TUNED) == pytest.approx(1e6 * (1 - LORA_DERATE))
    assert rate(LLAMA, TUNED[0]) == pytest.approx(1e6 * (1 - LORA_DERATE))


def test_workloads_share_replicas_only_with_the_same_model_offer_preset_and_days() -> None:
    chat = weighed(day(MORNING))
    assert pool_of(chat) == pool_of(weighed(day(EVENING, "rag")))
    others = [
        weighed(day(EVENING), offer=a.offer("3")),
        weighed(day(EVENING, workload={"slo": "batch"})),
        weighed(day(EVENING, days_covered=30, missing_days=(date(2026, 10, 17),))),
    ]
    assert all(pool_of(chat) != pool_of(other) for other in others)


def test_a_pool_is_no_fuller_than_its_most_careful_member_may_be() -> None:
    careful = replace(weighed(day(MORNING, workload={"slo": "chat"})))
    careful = replace(careful, chosen=replace(careful.chosen, utilization_target=0.5))
    found = pooled([careful, weighed(day(EVENING, "rag", workload={"slo": "chat"}))], FLEET)
    assert found is not None
    assert found.utilization_target == 0.5


DAYS = st.lists(st.floats(0, 3), min_size=24, max_size=24).filter(lambda levels: sum(levels) > 0.5)
POLICIES: list[PolicyName] = ["static", "autoscaled", "committed", "hybrid"]


@pytest.mark.parametrize("policy", POLICIES)
@given(first=DAYS, second=DAYS)
@settings(max_examples=15, deadline=None)
def test_a_pool_never_costs_more_than_its_members_apart_nor_less_than_their_bounds(
    policy: PolicyName, first: list[float], second: list[float]
) -> None:
    rates = (a.offer("2"), a.offer("1.2", commitment="1-year"))
    members = []
    for name, levels in (("chat", first), ("rag", second)):
        found = weighed(day(levels, name))
        tried = plan(policy, found.chosen.demand, rates[0], FLEET, rates)
        members.append(replace(found, chosen=tried if isinstance(tried, Plan) else found.chosen))
    apart = sum(variable(one.chosen).amount for one in members)
    bound = sum(least(one, [rate.price_per_gpu_hour for rate in rates], FLEET) for one in members)
    assert bound <= apart
    if found_together := pooled(members, FLEET):
        assert bound <= variable(found_together).amount < apart


@given(first=DAYS, second=DAYS, policy=st.sampled_from(["equivalent", "static"]))
@settings(max_examples=30, deadline=None)
def test_whole_replicas_of_a_sum_are_never_more_than_the_sum_of_whole_replicas(
    first: list[float], second: list[float], policy: PolicyName
) -> None:
    usages = [day(first), day(second, "rag")]
    plans = [plan(policy, demand(one, a.profile(1e6), FLEET), a.offer(), FLEET) for one in [*usages, merged(usages)]]
    left, right, both = (one.replicas for one in plans if isinstance(one, Plan))
    assert both <= left + right


def tenant(name: str, peak: float, memory_gb: float) -> Tenant:
    return Tenant(name=name, memory_gb=memory_gb, load=np.array([peak]))


def test_models_that_peak_apart_share_a_gpu_that_their_peaks_would_overfill() -> None:
    morning = Tenant(name="a", memory_gb=20, load=np.array([0.5, 0.1]))
    evening = Tenant(name="b", memory_gb=20, load=np.array([0.1, 0.5]))
    [gpu] = pack([morning, evening], 80, 0.7)
    assert gpu.names == ("a", "b")
    assert gpu.peak == pytest.approx(0.6), "0.63 is allowed"
    assert len(pack([morning, replace(evening, load=morning.load)], 80, 0.7)) == 2


def test_memory_bounds_a_gpu_as_time_does() -> None:
    assert len(pack([tenant("a", 0.1, 36), tenant("b", 0.1, 36)], 80, 0.7)) == 1, "72 of 0.9 x 80 = 72 GB"
    assert len(pack([tenant("a", 0.1, 36), tenant("b", 0.1, 37)], 80, 0.7)) == 2


def test_what_fits_no_gpu_is_on_none() -> None:
    packed = pack([tenant("huge", 0.1, 73), tenant("busy", 0.64, 1), tenant("fits", 0.1, 10)], 80, 0.7)
    assert [gpu.names for gpu in packed] == [("fits",)]


@given(st.lists(st.tuples(st.floats(0.01, 0.63), st.floats(1, 72)), max_size=12))
def test_every_tenant_is_packed_once_and_no_gpu_is_overfull(sizes: list[tuple[float, float]]) -> None:
    packed = pack([tenant(str(at), peak, memory) for at, (peak, memory) in enumerate(sizes)], 80, 0.7)
    assert sorted(name for gpu in packed for name in gpu.names) == sorted(map(str, range(len(sizes))))
    assert all(gpu.memory_gb <= 72 + 1e-6 and gpu.peak <= 0.63 + 1e-6 for gpu in packed)


def small(name: str, model: str, peak: float, **more: Any) -> Comparison:
    """A steady workload of a known model that takes *peak* of an A100's time."""
    found = weighed(day([peak] * 24, name, **more))
    planned = found.chosen
    other = replace(planned.profile, model=model)
    return replace(found, chosen=replace(planned, demand=replace(planned.demand, profile=other)))


def test_small_models_that_would_fit_one_gpu_are_said_with_their_memory_and_time() -> None:
    """8.03 and 7.25 billion weights of two bytes, and 6 GB of cache each, in 0.9 x 80 GB."""
    [found] = side_by_side([small("chat", "llama-3.1-8b", 0.3), small("tags", "mistral-7b", 0.2)], FLEET)
    assert found.names == ("chat", "tags")
    assert found.memory_gb == pytest.approx(8.03 * 2 + 7.25 * 2 + 2 * 6, rel=0.01)
    assert found.usable_memory_gb == pytest.approx(0.9 * 80)
    assert found.peak == pytest.approx(0.3 + 0.2)
    assert found.allowed_peak == pytest.approx(0.7 * 0.9)


@pytest.mark.parametrize(
    "other",
    [
        {"model": "mistral-7b", "peak": 0.4},
        {"model": "llama-3.1-8b", "peak": 0.2},
        {"model": "nobody-knows-it", "peak": 0.2},
        {"model": "mistral-7b", "peak": 0.2, "workload": {"slo": "batch"}},
        {"model": "mistral-7b", "peak": 0.2, "days_covered": 30, "missing_days": (date(2026, 10, 17),)},
    ],
    ids=["too busy together", "one model", "unknown size", "a latency preset", "other days"],
)
def test_what_is_not_known_to_fit_is_not_said_to(other: dict[str, Any]) -> None:
    assert side_by_side([small("chat", "llama-3.1-8b", 0.3), small("tags", **other)], FLEET) == ()
