"""Demand to plans: whole replicas on whole GPUs, under each policy."""

from __future__ import annotations

from collections.abc import Sequence
from decimal import Decimal

from advisor.domain.assumptions import FleetAssumptions, PolicyName
from advisor.domain.fleet import Demand, Infeasible, Offer, Plan
from advisor.market.latency import POOLED_REPLICAS, SloInfeasible
from advisor.projection.autoscaled import autoscaled
from advisor.projection.committed import committed
from advisor.projection.cost import Period, plan_cost
from advisor.projection.hybrid import hybrid
from advisor.projection.sizing import Node, Sized, always_on
from advisor.projection.sizing import whole as whole
from advisor.projection.slo import target_for, target_of

LINKED_NODE_GPUS = 8
"""The size from which instances are linked fast enough for one replica to span them; smaller named ones never are."""


def bought_together(tensor_parallel: int, sold_together: int) -> tuple[int, int] | None:
    """The smallest purchase that runs a replica: its GPUs, and how many replicas they run. None: it runs none.

    Replicas share a node when several fit; a replica larger than a node spans whole nodes.
    """
    if tensor_parallel <= sold_together:
        return sold_together, sold_together // tensor_parallel
    return None if tensor_parallel % sold_together else (tensor_parallel, 1)


def node_for(tensor_parallel: int, offer: Offer) -> Node | None:
    """The node of an offer that runs replicas of so many GPUs. None: it runs none."""
    together = bought_together(tensor_parallel, offer.gpus)
    if together is None or (offer.instance and offer.gpus < min(tensor_parallel, LINKED_NODE_GPUS)):
        return None
    return Node(gpus=together[0], replicas=together[1])


def replicas_for(policy: PolicyName, demand: Demand, fleet: FleetAssumptions, target: float) -> int:
    """Replicas that run all month, at most *target* utilized.

    equivalent: the fewest whose monthly mean is at most U, max(n_min, ceil(mean / U)): the article's rule and a lower
    bound [policy-a2]. static: sized for the busiest bin, plus redundancy, max(n_min, ceil(peak / U)) + spare
    [policy-b].
    """
    if policy == "equivalent":
        return max(fleet.min_replicas, whole(demand.mean_replicas / target))
    return max(fleet.min_replicas, whole(demand.peak_replicas / target)) + fleet.redundancy


def plan(
    policy: PolicyName, demand: Demand, offer: Offer, fleet: FleetAssumptions, others: Sequence[Offer] = ()
) -> Plan | Infeasible:
    """The plan of one policy on one on-demand offer, with the profile that the demand was taken at.

    `committed` finds its terms among *others*.
    """
    size = demand.profile.tensor_parallel
    # A latency preset may lower the target for realistic policies, never for the rule (design: utilization).
    target = fleet.utilization if policy == "equivalent" else target_for(demand, fleet)
    if isinstance(target, SloInfeasible):
        return Infeasible(policy=policy, reason=target.reason, latency=True)
    node = node_for(size, offer)
    if node is None:
        return Infeasible(policy=policy, reason=f"a replica of {size} GPUs does not fit nodes of {offer.gpus}")
    sized = _sized(policy, demand, offer, node, fleet, target, others)
    if policy != "equivalent" and isinstance(sized, Sized) and sized.fewest < POOLED_REPLICAS:
        # The target may be that of many replicas, and this fleet is smaller than `static`, or shrinks to fewer.
        alone = target_of(1, demand, fleet)
        assert not isinstance(alone, SloInfeasible), "what several replicas meet, one meets that is less full"
        if alone < target:
            target = alone
            sized = _sized(policy, demand, offer, node, fleet, target, others)
    if isinstance(sized, Infeasible):
        return sized
    usage = demand.usage
    period = Period(hours=demand.hours, share=Decimal(usage.days_covered) / usage.month.day_count)
    return Plan(
        policy=policy,
        offer=offer,
        demand=demand,
        replicas=sized.replicas,
        committed_replicas=sized.committed_replicas,
        gpus=sized.gpus,
        gpu_hours=sized.gpu_hours,
        utilization=sized.utilization,
        utilization_peak=sized.utilization_peak,
        utilization_target=target,
        cost=plan_cost(
            offer=offer,
            gpu=sized.gpu,
            gpus_per_replica=size,
            period=period,
            fleet=fleet,
            serverless=sized.serverless,
        ),
        beside=sized.beside,
    )


def _sized(
    policy: PolicyName,
    demand: Demand,
    offer: Offer,
    node: Node,
    fleet: FleetAssumptions,
    target: float,
    others: Sequence[Offer],
) -> Sized | Infeasible:
    match policy:
        case "autoscaled":
            return autoscaled(demand, offer, node, fleet, target)
        case "committed":
            return committed(demand, offer, node, fleet, target, others)
        case "hybrid":
            return hybrid(demand, offer, node, fleet, target)
        case _:
            replicas = replicas_for(policy, demand, fleet, target)
            mean, peak = demand.mean_replicas, demand.peak_replicas
            return always_on(replicas, node, offer, demand.hours, mean=mean, peak=peak)
