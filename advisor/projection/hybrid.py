"""Base replicas that are busy enough to pay for themselves, and serverless tokens for what they cannot carry."""

from __future__ import annotations

from bisect import bisect_left
from dataclasses import dataclass
from decimal import Decimal
from functools import lru_cache

import numpy as np

from advisor.domain.assumptions import FleetAssumptions
from advisor.domain.fleet import Demand, Infeasible, Offer
from advisor.projection.demand import Seconds
from advisor.projection.series import series
from advisor.projection.sizing import ROUNDING, Node, Sized, whole

BUSIEST = 1 / 12
"""The share of an hour that its busiest five minutes take."""


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class LoadDuration:
    """Demand in replicas by how long it lasts: `levels` ascending, shape (n,); `below` the replicas that all lower
    levels come to together, `above` the share of the time at this level and higher, both of shape (n + 1,)."""

    levels: Seconds
    below: Seconds
    above: Seconds

    def carried(self, capacity: float) -> float:
        """The mean of min(demand, *capacity*) over the month, in replicas at 100 %."""
        at = int(np.searchsorted(self.levels, capacity))
        return float(self.below[at] + capacity * self.above[at])


@lru_cache(maxsize=128)
def load_duration(demand: Demand, fleet: FleetAssumptions) -> LoadDuration:
    """The month's demand, each bin of it at two levels: its busiest five minutes, and the rest with the same mean."""
    wished = series(demand, fleet)
    high = np.minimum(wished.busy, wished.replicas / BUSIEST)
    low = (wished.replicas - BUSIEST * high) / (1 - BUSIEST)
    levels = np.concatenate([low, high])
    shares = np.repeat([(1 - BUSIEST) / len(low), BUSIEST / len(high)], len(low))
    order = np.argsort(levels)
    levels, shares = levels[order], shares[order]
    return LoadDuration(
        levels=levels,
        below=np.concatenate([[0.0], np.cumsum(levels * shares)]),
        above=np.concatenate([np.cumsum(shares[::-1])[::-1], [0.0]]),
    )


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
