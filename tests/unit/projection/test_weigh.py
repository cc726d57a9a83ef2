"""Weighs whole months: a commitment is to a host's whole bill, throughput to a workload's own request lengths."""

from __future__ import annotations

from collections import Counter
from dataclasses import replace
from datetime import date
from decimal import Decimal
from typing import Any

from advisor.domain.assumptions import Commitment, Workload
from advisor.domain.comparison import Comparison, Missing, NotCompared
from advisor.domain.usage import WorkloadUsage
from advisor.market.profiles import shipped
from advisor.projection.weigh import Scales
from tests.unit import builders as a


def scales(**changes: Any) -> Scales:
    values: dict[str, Any] = {
        "fleet": a.fleet(),
        "policy": a.policy(),
        "commitments": (),
        "offers": (a.offer("2.49"),),
        "own_profiles": (a.profile(12_000.0),),
    }
    return Scales(**{**values, **changes})


def using(name: str, bill: str, provider: str = "aws", **more: Any) -> WorkloadUsage:
    usage = a.flat_month(1e9, bill, workload=Workload(name=name, serve="llama-3.1-8b"), **more)
    return replace(usage, lines=(replace(usage.lines[0], provider=provider),))


def test_every_workload_of_a_month_is_answered_in_order() -> None:
    closed = a.flat_month(1e9, "10", models_raw=("gpt-4o",), workload=Workload(name="copilot"))
    one, two = scales().weigh([using("chat", "5000"), closed])
    assert isinstance(one, Comparison)
    assert isinstance(two, NotCompared)
    assert two.missing is Missing.CLOSED_WEIGHTS


def test_a_floor_that_the_other_workloads_of_a_host_fill_costs_nothing_to_leave() -> None:
    promise = Commitment(provider="amazon bedrock", floor_per_month=Decimal(2000), until=date(2027, 1, 31))
    bound = scales(commitments=(promise,))
    [alone] = bound.weigh([using("chat", "5000")])
    beside, _ = bound.weigh([using("chat", "5000"), using("rag", "9000", provider="bedrock")])
    assert isinstance(alone, Comparison)
    assert isinstance(beside, Comparison)
    assert alone.avoidable == a.usd(5000 - 2000)
    assert beside.avoidable == a.usd(5000)


def test_throughput_is_taken_at_the_workloads_own_request_lengths() -> None:
    """On the GPU with most published points, a workload at the lengths of one of them is served at that one."""
    points = shipped()["llama-3.1-8b"]
    gpu, _ = Counter(point.gpu for point in points).most_common(1)[0]
    met = set()
    for lengths in {(point.input_length or 0, point.output_length or 0) for point in points if point.gpu == gpu}:
        usage = a.month_usage(a.shape(3600, [lengths[0] * 1000], [lengths[1] * 1000]), cost="1", requests=1000)
        [found] = scales(own_profiles=(), offers=(a.offer(gpu=gpu, gpus=8),)).weigh([usage])
        assert isinstance(found, Comparison)
        used = found.equivalent.profile
        if (used.input_length, used.output_length) == lengths:
            met.add(lengths)
    assert len(met) > 1


def test_without_request_counts_the_sigma_is_that_of_the_published_measurement_all_the_same() -> None:
    """Unknown lengths take the lowest published rate at the nearest ratio; the grade, and with it sigma, stays."""
    known, unknown = (
        scales(own_profiles=(), offers=(a.offer(),)).weigh([using("chat", "5000", requests=requests)])[0]
        for requests in (1_000_000, None)
    )
    assert isinstance(known, Comparison)
    assert isinstance(unknown, Comparison)
    assert unknown.chosen.profile.grade is known.chosen.profile.grade


def test_a_closed_model_is_weighed_where_a_vendors_throughput_unit_is_measured_for_it() -> None:
    unit = "azure-ptu:gpt-4o"
    offer = a.offer("1.10", gpu=unit, provider="azure", operated_by="vendor", unit="throughput-unit")
    usage = a.flat_month(9e9, "90000", models_raw=("gpt-4o-2024-08-06",), workload=Workload(name="copilot"))
    measured = replace(a.profile(2_500), model="gpt-4o", gpu=unit)
    [found] = scales(offers=(offer,), own_profiles=(measured,)).weigh([usage])
    assert isinstance(found, Comparison)
    assert found.chosen.offer.gpu == unit
    assert found.engineering_hours == 6, "a vendor's hours"
    [barred] = scales(offers=(offer,)).weigh([usage])
    assert isinstance(barred, NotCompared)
    assert barred.missing is Missing.CLOSED_WEIGHTS
