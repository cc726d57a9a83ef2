"""Plans beside published traces: what facts of five minutes promise holds, and what hours hide is known."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from advisor.domain.assumptions import FleetAssumptions, PolicyName
from advisor.domain.fleet import Demand, Infeasible, Plan
from advisor.domain.units import FIVE_MINUTES, HOUR_SECONDS
from advisor.projection.autoscaled import MAX_OVERLOAD
from advisor.projection.demand import demand
from advisor.projection.policies import plan
from advisor.projection.replay import followed, replay
from tests.bench.traces import TRACES, Trace, azure_code, servegen_clients
from tests.unit import builders as a

FLEET = FleetAssumptions(overheads=a.NOTHING_ELSE)
LOADS = (3.0, 10.0, 30.0)
"""Mean demand in replicas at 100 %."""
OFFER = a.offer("1.79")
YEAR = a.offer("1.07", commitment="1-year")
every_trace = pytest.mark.parametrize("read", TRACES, ids=lambda read: read.__name__)
every_load = pytest.mark.parametrize("load", LOADS)


def known(trace: Trace, load: float, width: int) -> Demand:
    return demand(trace.month(load, width), trace.profile(), FLEET)


def planned(policy: PolicyName, facts: Demand) -> Plan:
    found = plan(policy, facts, OFFER, FLEET, [YEAR])
    assert isinstance(found, Plan), found
    return found


@every_trace
@every_load
def test_static_sized_on_the_finest_facts_never_breaks_its_cap(
    samples: Path, read: Callable[[Path], Trace], load: float
) -> None:
    trace = read(samples)
    came = known(trace, load, trace.width)
    found = replay(planned("static", came), came, FLEET)
    assert found.demanded.mean() == pytest.approx(load), "the trace at that load"
    assert found.demanded.max() == pytest.approx(load * trace.peak_to_mean(trace.width), rel=0.01), "with its peak"
    assert found.over_cap == found.overload == 0.0


@every_trace
@every_load
def test_autoscaled_meets_what_its_own_plan_states(samples: Path, read: Callable[[Path], Trace], load: float) -> None:
    trace = read(samples)
    came = known(trace, load, trace.width)
    burst = FLEET.burst if trace.width == HOUR_SECONDS else 1.0
    found = planned("autoscaled", came)
    played = replay(found, came, FLEET)
    assert played.overload <= MAX_OVERLOAD
    assert played.utilization == pytest.approx(found.utilization)
    assert played.utilization_peak == pytest.approx(found.utilization_peak / burst), "a plan on hours allows for burst"
    assert played.provisioned.mean() * float(found.demand.hours) == pytest.approx(float(found.gpu_hours))
    if trace.width == FIVE_MINUTES:
        real = followed(came, OFFER, FLEET, FLEET.utilization)
        assert real.provisioned.tolist() == played.provisioned.tolist()


@every_trace
def test_committed_and_hybrid_meet_what_their_own_plans_state(samples: Path, read: Callable[[Path], Trace]) -> None:
    trace = read(samples)
    came = known(trace, 10.0, trace.width)
    based = planned("committed", came)
    assert replay(based, came, FLEET).utilization == pytest.approx(based.utilization)
    spilling = plan("hybrid", came, a.offer("0.80"), FLEET)
    assert isinstance(spilling, Plan)
    assert spilling.demand.usage.cost
    if trace.width == FIVE_MINUTES:
        stated = spilling.cost.serverless.over(spilling.demand.usage.cost)
        assert replay(spilling, came, FLEET).spilled_share == pytest.approx(stated, abs=1e-9)


def test_autoscaled_that_is_refused_would_have_been_as_late_as_its_plan_says(samples: Path) -> None:
    """One client of ServeGen, alone, at ten replicas: hours without `burst`, as it would run."""
    fleet = FleetAssumptions(burst=1.0)
    refused = 0
    for trace in servegen_clients(samples)[:8]:
        came = demand(trace.month(10.0, HOUR_SECONDS), trace.profile(), fleet)
        found = plan("autoscaled", came, OFFER, fleet)
        late = followed(came, OFFER, fleet, fleet.utilization).overload
        assert isinstance(found, Infeasible) == (late > MAX_OVERLOAD)
        if isinstance(found, Infeasible):
            refused += 1
            assert found.reason.startswith(f"{late * 100:.2f} % of the demand would come before")
    assert refused


def test_hours_of_a_coding_service_hide_minutes_beyond_burst(samples: Path) -> None:
    """Its busiest five minutes are 1.63 x the hour, `burst` is 1.35: 10 x 1.05 x 1.35 / 0.7 = 20.3, 21 and a spare."""
    trace = azure_code(samples)
    assert trace.peak_to_mean(FIVE_MINUTES) == pytest.approx(1.63, abs=0.01)
    by_hours = planned("static", known(trace, 10.0, HOUR_SECONDS))
    assert by_hours.replicas == 21 + 1
    assert by_hours.utilization_peak < 0.70
    found = replay(by_hours, known(trace, 10.0, FIVE_MINUTES), FLEET)
    assert found.utilization_peak == pytest.approx(16.3 / 22, abs=0.005)
    assert found.utilization_peak > 0.70
    assert found.over_cap == pytest.approx(1 / 11, abs=0.001), "one of its eleven bins"
