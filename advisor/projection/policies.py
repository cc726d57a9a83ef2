"""Demand to plans: whole replicas on whole GPUs, under each policy."""

from __future__ import annotations

import math
from decimal import Decimal

from advisor.domain.assumptions import FleetAssumptions, PolicyName
from advisor.domain.fleet import Demand, Infeasible, Offer, Plan
from advisor.market.latency import SloInfeasible
from advisor.projection.cost import Period, plan_cost
from advisor.projection.slo import target_for

LINKED_NODE_GPUS = 8
"""The size from which instances are linked fast enough for one replica to span them; smaller named ones never are."""
SIZED: tuple[PolicyName, ...] = ("equivalent", "static")
NOT_SIZED = "not in this version"
ROUNDING = 1e-9
"""Steps are closed on the right: a demand of exactly n replicas takes n, whatever floating point adds to it."""


def whole(replicas: float) -> int:
    """The smallest whole number of replicas that carries *replicas*."""
    return math.ceil(replicas - ROUNDING)


def bought_together(tensor_parallel: int, sold_together: int) -> tuple[int, int] | None:
    """The smallest purchase that runs a replica: its GPUs, and how many replicas they run. None: it runs none.

    Replicas share a node when several fit; a replica larger than a node spans whole nodes.
    """
    if tensor_parallel <= sold_together:
        return sold_together, sold_together // tensor_parallel
    return None if tensor_parallel % sold_together else (tensor_parallel, 1)


def replicas_for(policy: PolicyName, demand: Demand, fleet: FleetAssumptions, target: float) -> int:
    """Replicas that run all month, at most *target* utilized.

    equivalent: the fewest whose monthly mean is at most U, max(n_min, ceil(mean / U)): the article's rule and a lower
    bound [policy-a2]. static: sized for the busiest bin, plus redundancy, max(n_min, ceil(peak / U)) + spare
    [policy-b].
    """
    if policy == "equivalent":
        return max(fleet.min_replicas, whole(demand.mean_replicas / target))
    return max(fleet.min_replicas, whole(demand.peak_replicas / target)) + fleet.redundancy


def plan(policy: PolicyName, demand: Demand, offer: Offer, fleet: FleetAssumptions) -> Plan | Infeasible:
    """The plan of one policy on one offer, with the profile that the demand was taken at."""
    if policy not in SIZED:
        return Infeasible(policy=policy, reason=NOT_SIZED)
    size = demand.profile.tensor_parallel
    # A latency preset may lower the target for realistic policies, never for the rule (design: utilization).
    target = fleet.utilization if policy == "equivalent" else target_for(demand, fleet)
    if isinstance(target, SloInfeasible):
        return Infeasible(policy=policy, reason=target.reason, latency=True)
    replicas = replicas_for(policy, demand, fleet, target)
    together = bought_together(size, offer.gpus)
    if together is None or (offer.instance and offer.gpus < min(size, LINKED_NODE_GPUS)):
        return Infeasible(policy=policy, reason=f"a replica of {size} GPUs does not fit nodes of {offer.gpus}")
    gpus = math.ceil(replicas / together[1]) * together[0]
    usage = demand.usage
    share = Decimal(usage.days_covered) / usage.month.day_count
    period = Period(hours=demand.hours, share=share)
    return Plan(
        policy=policy,
        offer=offer,
        demand=demand,
        replicas=replicas,
        committed_replicas=0,
        gpus=gpus,
        gpu_hours=gpus * demand.hours,
        utilization=demand.mean_replicas / replicas,
        utilization_peak=demand.peak_replicas / replicas,
        utilization_target=target,
        cost=plan_cost(offer=offer, gpus=gpus, gpus_per_replica=size, period=period, fleet=fleet),
    )
