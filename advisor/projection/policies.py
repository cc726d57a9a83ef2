"""Demand to plans: whole replicas on whole GPUs, under each policy."""

from __future__ import annotations

import math
from decimal import Decimal

from advisor.domain.assumptions import FleetAssumptions, PolicyName
from advisor.domain.fleet import Demand, Infeasible, Offer, Plan
from advisor.projection.cost import Period, plan_cost

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


def replicas_for(policy: PolicyName, demand: Demand, fleet: FleetAssumptions) -> int:
    """Replicas that run all month.

    equivalent: the fewest whose monthly mean is at most U, max(n_min, ceil(mean / U)): the article's rule and a lower
    bound [policy-a2]. static: sized for the busiest bin, plus redundancy, max(n_min, ceil(peak / U)) + spare
    [policy-b].
    """
    if policy == "equivalent":
        return max(fleet.min_replicas, whole(demand.mean_replicas / fleet.utilization))
    return max(fleet.min_replicas, whole(demand.peak_replicas / fleet.utilization)) + fleet.redundancy


def plan(policy: PolicyName, demand: Demand, offer: Offer, fleet: FleetAssumptions) -> Plan | Infeasible:
    """The plan of one policy on one offer, with the profile that the demand was taken at."""
    if policy not in SIZED:
        return Infeasible(policy=policy, reason=NOT_SIZED)
    size = demand.profile.tensor_parallel
    replicas = replicas_for(policy, demand, fleet)
    together = bought_together(size, offer.gpus)
    if together is None:
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
        cost=plan_cost(offer=offer, gpus=gpus, gpus_per_replica=size, period=period, fleet=fleet),
    )
