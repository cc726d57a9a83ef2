"""What one policy rents: the values that every policy is sized into, and the steps it is bought in."""

from __future__ import annotations

import math
from dataclasses import dataclass
from decimal import Decimal

from advisor.domain.fleet import Offer
from advisor.domain.units import Money

ROUNDING = 1e-9
"""Steps are closed on the right: a demand of exactly n replicas takes n, whatever floating point adds to it."""


def whole(replicas: float) -> int:
    """The smallest whole number of replicas that carries *replicas*."""
    return math.ceil(replicas - ROUNDING)


@dataclass(frozen=True, slots=True, kw_only=True)
class Node:
    """What is bought together: some GPUs, and the replicas that they run."""

    gpus: int
    replicas: int

    def count(self, replicas: int) -> int:
        """The nodes that run *replicas*."""
        return -(-replicas // self.replicas)


@dataclass(frozen=True, slots=True, kw_only=True)
class Sized:
    """A policy's fleet on one offer, before the costs that every policy shares.

    `replicas` and `gpus` are the most that run at once, `fewest` the fewest replicas, `gpu_hours` the hours paid, `gpu`
    what they cost. `serverless` is what the spilled tokens cost, None without a spill. `beside` holds further offers
    that the fleet is rented at.
    """

    replicas: int
    fewest: int
    gpus: int
    gpu_hours: Decimal
    gpu: Money
    utilization: float
    utilization_peak: float
    committed_replicas: int = 0
    serverless: Money | None = None
    beside: tuple[Offer, ...] = ()


def always_on(replicas: int, node: Node, offer: Offer, hours: Decimal, *, mean: float, peak: float) -> Sized:
    """*replicas* that run every hour, whose demand is *mean* over the month and *peak* in the busiest bin."""
    gpus = node.count(replicas) * node.gpus
    gpu_hours = gpus * hours
    return Sized(
        replicas=replicas,
        fewest=replicas,
        gpus=gpus,
        gpu_hours=gpu_hours,
        gpu=offer.price_per_gpu_hour * gpu_hours,
        utilization=mean / replicas,
        utilization_peak=peak / replicas,
    )
