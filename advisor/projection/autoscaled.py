"""Replicas that follow the demand: some minutes late on the way up, later still on the way down."""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal
from functools import lru_cache, reduce

import numpy as np
from numpy.typing import NDArray

from advisor.domain.assumptions import FleetAssumptions
from advisor.domain.fleet import Demand, Infeasible, Offer
from advisor.domain.units import FIVE_MINUTES
from advisor.projection.demand import Seconds
from advisor.projection.series import series
from advisor.projection.sizing import ROUNDING, Node, Sized

Replicas = NDArray[np.int64]
LAG = 3
"""Bins of five minutes until a wanted replica serves: one to see the demand, two for a start of 3 to 10 minutes."""
DOWN = 6
"""Bins of five minutes for which the demand has to stay low before a replica is given back: half an hour."""
MAX_OVERLOAD = 0.005
"""The share of the demand that may meet a full fleet, because it rose faster than replicas start."""


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Levels:
    """How many bins each count of replicas runs in, fewest replicas first; both of shape (counts,)."""

    replicas: Replicas
    bins: Replicas


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Running:
    """A month of whole replicas: those that run in each bin, and the demand of its busiest five minutes on them.

    `fullest` is the highest share of the replicas of a bin that its demand takes.
    """

    replicas: Replicas
    busy: Seconds
    levels: Levels
    fullest: float

    @classmethod
    def of(cls, replicas: Replicas, busy: Seconds) -> Running:
        """What holds for every offer is worked out once: how often each count runs, and the fullest bin."""
        counts, bins = np.unique(replicas, return_counts=True)
        return cls(
            replicas=replicas,
            busy=busy,
            levels=Levels(replicas=counts, bins=bins),
            fullest=float((busy / replicas).max()),
        )


def wanted(busy: Seconds, target: float, min_replicas: int) -> Replicas:
    """max(n_min, ceil(d b / U)) of each bin [policy-c]."""
    return np.maximum(min_replicas, np.ceil(busy / target - ROUNDING)).astype(np.int64)


def following(wanted: Replicas, *, lag: int = LAG, down: int = DOWN, spare: int = 0) -> Replicas:
    """n_t = spare + max over k = 0 .. down - 1 of wanted_(t - lag - k) [policy-c].

    The month follows itself: what ran before it is not known, and its own end is as good a guess as any.
    """
    seen = np.take(wanted, np.arange(1 - lag - down, len(wanted) - lag), mode="wrap")
    return spare + reduce(np.maximum, (seen[down - 1 - k : len(seen) - k] for k in range(down)))


def overload(demand: Seconds, running: Replicas) -> float:
    """The share of the demand that exceeds the replicas running in its bin, each at 100 %."""
    return float(np.maximum(0.0, demand - running).sum() / demand.sum())


@lru_cache(maxsize=64)
def running(demand: Demand, fleet: FleetAssumptions, target: float) -> Running | str:
    """The replicas of the month in bins of five minutes, an hour's demand being repeated, or why they would not do.

    They depend on no offer, and are kept for all of them.
    """
    wished = series(demand, fleet)
    parts = wished.step_seconds // FIVE_MINUTES
    counts = np.repeat(wanted(wished.busy, target, fleet.min_replicas), parts)
    replicas = following(counts, spare=fleet.redundancy)
    late = overload(np.repeat(wished.replicas, parts), replicas)
    if late > MAX_OVERLOAD:
        return (
            f"{late * 100:.2f} % of the demand would come before replicas have started, {MAX_OVERLOAD * 100:.1f} % "
            "may: raise redundancy or min_replicas"
        )
    return Running.of(replicas, np.repeat(wished.busy, parts))


def autoscaled(demand: Demand, offer: Offer, node: Node, fleet: FleetAssumptions, target: float) -> Sized | Infeasible:
    """The fleet that follows the demand in whole nodes: C = r x hours x the mean number of GPUs [policy-c].

    The busiest bin is the one that finds the fewest replicas for its demand: where it comes before they have started,
    they are fuller than the target.
    """
    found = running(demand, fleet, target)
    if isinstance(found, str):
        return Infeasible(policy="autoscaled", reason=found)
    levels = found.levels
    bins = int(levels.bins.sum())
    nodes = -(-levels.replicas // node.replicas)
    gpu_hours = demand.hours * node.gpus * Decimal(int((nodes * levels.bins).sum())) / bins
    return Sized(
        replicas=int(levels.replicas[-1]),
        fewest=int(levels.replicas[0]),
        gpus=int(nodes[-1]) * node.gpus,
        gpu_hours=gpu_hours,
        gpu=offer.price_per_gpu_hour * gpu_hours,
        utilization=demand.mean_replicas * bins / float((levels.replicas * levels.bins).sum()),
        utilization_peak=found.fullest,
    )
