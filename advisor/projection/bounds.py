"""What a policy's plan costs at the least on one demand: cheap to say, never above the plan itself.

A bound leaves out what only makes a fleet dearer: minutes of delay, a target lowered for few replicas, steps between
whole nodes of a base. It counts what every plan pays: minimum and spare replicas in every hour, idle ones too, whole
nodes for what is wanted, and the fixed costs.
"""

from __future__ import annotations

from collections.abc import Callable
from decimal import Decimal
from functools import lru_cache

import numpy as np

from advisor.domain.assumptions import FleetAssumptions, PolicyName
from advisor.domain.fleet import Demand, Offer, Operator
from advisor.domain.units import Money
from advisor.market.latency import SloInfeasible
from advisor.projection.cost import Period, plan_cost
from advisor.projection.load_duration import busy_duration, load_duration
from advisor.projection.policies import node_for, replicas_for
from advisor.projection.sizing import ROUNDING, Node, whole
from advisor.projection.slo import target_for

Bound = Callable[[float], float]
"""From the lowest price per GPU and hour that a fleet pays to the least that its month costs; infinite: no plan."""
LOWERED = 1 - 1e-6
"""Floating point adds less to a bound than this takes off it."""
COUNTED_NODES = 256
"""Up to so many nodes each is counted for the hours in which it is wanted; of more, whole nodes are a detail."""


def bound(policy: PolicyName, demand: Demand, offer: Offer, fleet: FleetAssumptions) -> Bound | None:
    """The bound of a policy's plans on offers sold as *offer*, none of them cheaper on demand. None: it has no plan."""
    node, target = node_for(demand.profile.tensor_parallel, offer), _target(policy, demand, fleet)
    if node is None or target is None:
        return None
    monthly, staged = _fixed(demand, offer, fleet)
    fixed = monthly + staged * float(offer.price_per_gpu_hour.amount)
    if policy == "hybrid":
        return _hybrid(demand, node, fleet, target, fixed)
    gpu_hours = float(demand.hours) * node.gpus * _nodes(policy, demand, node, fleet, target)
    return lambda rate: (fixed + gpu_hours * rate) * LOWERED


def _target(policy: PolicyName, demand: Demand, fleet: FleetAssumptions) -> float | None:
    """The highest utilization that a plan is sized for, None where the latency target rules every plan out."""
    if policy == "equivalent":
        return fleet.utilization
    found = _target_for(demand, fleet)
    return None if isinstance(found, SloInfeasible) else found


@lru_cache(maxsize=128)
def _target_for(demand: Demand, fleet: FleetAssumptions) -> float | SloInfeasible:
    return target_for(demand, fleet)


def _nodes(policy: PolicyName, demand: Demand, node: Node, fleet: FleetAssumptions, target: float) -> float:
    """The least mean number of nodes over the month."""
    if policy in ("equivalent", "static"):
        return node.count(replicas_for(policy, demand, fleet, target))
    return _scaled(demand, node, fleet, target)


@lru_cache(maxsize=512)
def _scaled(demand: Demand, node: Node, fleet: FleetAssumptions, target: float) -> float:
    """mean ceil(wanted / R) with R replicas a node: what follows the demand runs as much, late, and longer.

    wanted = spare + max(n_min, ceil(d b / U)), and more than k nodes are wanted where d b > U (k R - spare).
    """
    curve = busy_duration(demand, fleet)
    always = node.count(fleet.redundancy + fleet.min_replicas)
    most = node.count(fleet.redundancy + max(fleet.min_replicas, whole(curve.highest / target)))
    if most - always > COUNTED_NODES:
        return max(always, (fleet.redundancy + curve.mean / target) / node.replicas)
    replicas = np.arange(always, most, dtype=np.float64) * node.replicas - fleet.redundancy
    return always + float(curve.exceeding((replicas + 2 * ROUNDING) * target).sum())


def _hybrid(demand: Demand, node: Node, fleet: FleetAssumptions, target: float, fixed: float) -> Bound:
    """The cheapest base if nodes were sold in parts: up to the level that demand reaches in the share of the time from
    which a node pays, q = r gpus / (p R U), at least what the fleet's minimum takes; serverless above it."""
    cost, mean = demand.usage.cost, demand.mean_replicas
    if cost is None or cost.amount <= 0 or mean <= 0:
        return lambda rate: 0.0 if mean <= 0 else np.inf
    curve, step = load_duration(demand, fleet), node.replicas * target
    hours, full_hour = float(demand.hours), float(cost.amount) / (mean * float(demand.hours))
    first, least = curve.carried(step), node.count(fleet.min_replicas)

    def at(rate: float) -> float:
        node_hour = rate * node.gpus
        if node_hour > full_hour * first * (1 + 10 * ROUNDING):
            return np.inf
        nodes = max(float(least), curve.level_exceeded(node_hour / (full_hour * step)) / step)
        spilled = max(0.0, mean - curve.carried(nodes * step))
        return (fixed + hours * (node_hour * nodes + full_hour * spilled)) * LOWERED

    return at


def _fixed(demand: Demand, offer: Offer, fleet: FleetAssumptions) -> tuple[float, float]:
    """What no price per GPU and hour changes, and the GPU-hours of staging."""
    usage = demand.usage
    share = Decimal(usage.days_covered) / usage.month.day_count
    return _fixed_of(offer.operated_by, demand.profile.tensor_parallel, share, fleet)


@lru_cache(maxsize=256)
def _fixed_of(operated_by: Operator, size: int, share: Decimal, fleet: FleetAssumptions) -> tuple[float, float]:
    """From what a fleet without GPUs costs where these are free, and at one a GPU and hour."""

    def fixed(price: int) -> Decimal:
        offer = Offer(
            provider="", gpu="", gpus=1, price_per_gpu_hour=Money(Decimal(price), ""), commitment="on-demand",
            region="", operated_by=operated_by, tier="", source="", checked_on=None,
        )  # fmt: skip
        period = Period(hours=Decimal(0), share=share)
        gpu = Money.zero("")
        return plan_cost(offer=offer, gpu=gpu, gpus_per_replica=size, period=period, fleet=fleet).fixed.amount

    return float(fixed(0)), float(fixed(1) - fixed(0))
