"""A latency preset lowers how full a replica may be in the busiest bin, for realistic plans only."""

from __future__ import annotations

import math
from typing import Any

import pytest

from advisor.decision.states import fold
from advisor.domain.assumptions import Workload
from advisor.domain.comparison import Comparison, Missing, NotCompared
from advisor.domain.fleet import Plan
from advisor.domain.verdict import Reason, State
from advisor.projection.compare import compare
from advisor.projection.demand import demand
from advisor.projection.policies import plan
from tests.unit import builders as a

READ, WRITTEN = 1_100, 200


def month(slo: str, replicas: float, *, read: int = READ, written: int = WRITTEN, **changes: Any) -> Any:
    """A flat month that takes *replicas* replicas of 10,000 tokens/s."""
    requests = round(replicas * 10_000 * 744 * 3600 / (read + written))
    bins = 744
    return a.month_usage(
        a.shape(3600, [requests * read / bins] * bins, [requests * written / bins] * bins),
        cost="90000",
        workload=Workload(name="chat", serve="llama-3.1-8b", slo=slo),  # type: ignore[arg-type]  # any text, for the test
        **{"requests": requests, **changes},
    )


def planned(policy: Any, slo: str, replicas: float, **changes: Any) -> Plan:
    fleet = a.fleet(hours_per_month="calendar", burst=1.0, redundancy=0)
    found = plan(policy, demand(month(slo, replicas, **changes), a.profile(10_000), fleet), a.offer(), fleet)
    assert isinstance(found, Plan)
    return found


@pytest.mark.parametrize(
    ("slo", "target"), [("", 0.70), ("batch", 0.70), ("chat", 0.70), ("server", 0.70), ("interactive", 0.55)]
)
def test_a_preset_lowers_the_target_and_never_raises_it(slo: str, target: float) -> None:
    found = planned("static", slo, 20)
    assert found.utilization_target == target
    assert found.replicas == math.ceil(20 / target)
    assert found.utilization_peak <= target


def test_the_rule_is_never_sized_by_a_latency_target() -> None:
    assert planned("equivalent", "interactive", 20).replicas == math.ceil(20 / 0.70)


def test_long_prompts_on_few_replicas_leave_more_room_than_on_many() -> None:
    few, many = planned("static", "chat", 1, read=4_000), planned("static", "chat", 20, read=4_000)
    assert few.utilization_target == 0.45
    assert few.replicas == math.ceil(1 / 0.45)
    assert many.utilization_target == 0.70


def test_without_request_counts_nothing_is_evaluated() -> None:
    assert planned("static", "interactive", 20, requests=None).utilization_target == 0.70


def weighed(read: int) -> Comparison | NotCompared:
    return compare(
        month("chat", 3, read=read),
        offers=[a.offer()],
        profiles=[a.profile(10_000)],
        fleet=a.fleet(),
        policy=a.policy(),
    )


def test_a_target_that_no_fleet_meets_is_an_answer_and_not_a_lack_of_data() -> None:
    found = weighed(12_000)
    assert isinstance(found, NotCompared)
    assert found.missing is Missing.SLO_INFEASIBLE
    verdict = fold([found], a.policy(), a.ABLE_TEAM)[-1]
    assert (verdict.state, verdict.reason) == (State.STAY, Reason.SLO_INFEASIBLE)
    assert "prompts of 12,000 tokens" in verdict.reason_text
    assert isinstance(weighed(1_000), Comparison)
