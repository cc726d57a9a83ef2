"""Base replicas that are busy enough to pay for themselves, and serverless tokens for what they cannot carry."""

from __future__ import annotations

from bisect import bisect_left
from decimal import Decimal

from advisor.domain.assumptions import FleetAssumptions
from advisor.domain.fleet import Demand, Infeasible, Offer
from advisor.projection.load_duration import load_duration
from advisor.projection.sizing import ROUNDING, Node, Sized, whole


def hybrid(demand: Demand, offer: Offer, node: Node, fleet: FleetAssumptions, target: float) -> Sized | Infeasible:
    """Every node that pays, one after the other: C = r tp n H + p x spilled tokens [policy-e].

    Node k carries what demand lies between (k - 1) and k times its capacity at the target, which never grows with k.
    It is rented while that is worth its price: used at u* = r tp / (p theta) of its throughput or more, theta the
    tokens of a full replica-hour and p what the workload pays for one. There is no spare: serverless is the spare.
    """
    cost = demand.usage.cost
    if cost is None or cost.amount <= 0:
        return Infeasible(policy="hybrid", reason="the spill has no price: nothing is billed for these tokens")
    curve = load_duration(demand, fleet)
    full_hour = float(cost.amount) / (demand.mean_replicas * float(demand.hours))
    pays_from = float(offer.price_per_gpu_hour.amount) * node.gpus / full_hour
    step = node.replicas * target

    def used(nodes: int) -> float:
        return curve.carried(nodes * step) - curve.carried((nodes - 1) * step)

    most = whole(demand.peak_replicas / step)
    paying = bisect_left(range(1, most + 1), True, key=lambda nodes: used(nodes) * (1 + ROUNDING) < pays_from)
    if not paying:
        reason = (
            "no replica is busy enough to pay for itself: the first would be used "
            f"{used(1) / node.replicas * 100:.0f} %, and pays from {pays_from / node.replicas * 100:.0f} %"
        )
        return Infeasible(policy="hybrid", reason=reason)
    replicas = max(fleet.min_replicas, paying * node.replicas)
    gpus = node.count(replicas) * node.gpus
    carried = min(curve.carried(replicas * target), demand.mean_replicas)
    return Sized(
        replicas=replicas,
        fewest=replicas,
        gpus=gpus,
        gpu_hours=gpus * demand.hours,
        gpu=offer.price_per_gpu_hour * (gpus * demand.hours),
        utilization=carried / replicas,
        utilization_peak=min(demand.peak_replicas / replicas, target),
        serverless=cost * Decimal(repr(1 - carried / demand.mean_replicas)),
    )
