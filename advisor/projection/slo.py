"""How full a replica may be in the busiest bin: the target, or less where a latency preset allows less."""

from __future__ import annotations

from advisor.domain.assumptions import FleetAssumptions
from advisor.domain.fleet import Demand
from advisor.market.latency import POOLED_REPLICAS, SloInfeasible, allowed_utilization, reading_speed


def evaluated(demand: Demand) -> bool:
    """Whether the workload states a preset and its sources tell how long a request is."""
    usage = demand.usage
    return bool(usage.workload.slo and usage.requests)


def target_for(demand: Demand, fleet: FleetAssumptions) -> float | SloInfeasible:
    """The highest utilization of the busiest bin (design: utilization).

    From `POOLED_REPLICAS` on, replicas may be fuller than one alone: that cap holds where it leaves that many.
    Without request counts lengths are unknown, and the target stands; the report says that nothing was evaluated.
    """
    pooled = target_of(POOLED_REPLICAS, demand, fleet)
    if isinstance(pooled, SloInfeasible) or demand.peak_replicas / pooled > POOLED_REPLICAS - 1:
        return pooled
    return target_of(1, demand, fleet)


def target_of(replicas: int, demand: Demand, fleet: FleetAssumptions) -> float | SloInfeasible:
    """The same for a given number of replicas: a fleet that shrinks to it may be no fuller."""
    usage = demand.usage
    if not evaluated(demand):
        return fleet.utilization
    assert usage.requests is not None
    read, written = usage.tokens.input / usage.requests, usage.tokens.output / usage.requests
    speed = reading_speed(demand.profile, read) or 1.0
    return allowed_utilization(
        usage.workload.slo, read, written, fleet.utilization, replicas=replicas, reading_speed=speed
    )
