"""Replicas that follow the demand: some minutes late on the way up, later still on the way down."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator
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
    """The replicas of a month by their number, fewest first: in how many bins of five minutes so many run, and the
    highest demand, in replicas at 100 %, that they meet in one; arrays of shape (counts,).

    A price changes none of it: what holds for every offer is worked out once.
    """

    replicas: Replicas
    bins: Replicas
    busiest: Seconds

    @classmethod
    def of(cls, runs: Iterable[tuple[Replicas, int]], busy: Seconds) -> Levels:
        """*runs* are the replicas of each bin of *busy* during so many of its five minutes."""
        every = list(runs)
        counts = np.unique(np.concatenate([running for running, _ in every]))
        bins, busiest = np.zeros(len(counts), dtype=np.int64), np.zeros(len(counts))
        for running, times in every:
            at = np.searchsorted(counts, running)
            bins += times * np.bincount(at, minlength=len(counts))
            np.maximum.at(busiest, at, busy)
        return cls(replicas=counts, bins=bins, busiest=busiest)

    @property
    def fullest(self) -> float:
        """The highest share of the replicas of a bin that its demand takes."""
        return float((self.busiest / self.replicas).max())


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Running:
    """A month of replicas that follow the demand: `wanted` in each bin of *parts* x five minutes, and `spare` ones."""

    wanted: Replicas
    parts: int
    spare: int
    levels: Levels

    @property
    def replicas(self) -> Replicas:
        """Those that run in each five minutes, written out."""
        return following(np.repeat(self.wanted, self.parts), spare=self.spare)


def wanted(busy: Seconds, target: float, min_replicas: int) -> Replicas:
    """max(n_min, ceil(d b / U)) of each bin [policy-c]."""
    return np.maximum(min_replicas, np.ceil(busy / target - ROUNDING)).astype(np.int64)


def following(wanted: Replicas, *, lag: int = LAG, down: int = DOWN, spare: int = 0) -> Replicas:
    """n_t = spare + max over k = 0 .. down - 1 of wanted_(t - lag - k) [policy-c].

    The month follows itself: what ran before it is not known, and its own end is as good a guess as any.
    """
    seen = np.take(wanted, np.arange(1 - lag - down, len(wanted) - lag), mode="wrap")
    return spare + reduce(np.maximum, (seen[down - 1 - k : len(seen) - k] for k in range(down)))


def following_within(
    wanted: Replicas, parts: int, *, lag: int = LAG, down: int = DOWN, spare: int = 0
) -> Iterator[tuple[Replicas, int]]:
    """`following` of bins that are *parts* times five minutes wide, without writing each of these out: the replicas of
    every bin during some of its five minutes, and during how many of them.

    Of an hour, three of twelve see the hour before alone, four the hour itself, and the five between them both.
    """
    seen = Counter(tuple(sorted({(part - lag - k) // parts for k in range(down)})) for part in range(parts))
    for bins, times in seen.items():
        yield spare + reduce(np.maximum, (np.roll(wanted, -at) for at in bins)), times


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
    counts = wanted(wished.busy, target, fleet.min_replicas)
    runs = list(following_within(counts, parts, spare=fleet.redundancy))
    late = sum(times * overload(wished.replicas, replicas) for replicas, times in runs) / parts
    if late > MAX_OVERLOAD:
        return (
            f"{late * 100:.2f} % of the demand would come before replicas have started, {MAX_OVERLOAD * 100:.1f} % "
            "may: raise redundancy or min_replicas"
        )
    return Running(wanted=counts, parts=parts, spare=fleet.redundancy, levels=Levels.of(runs, wished.busy))


def autoscaled(demand: Demand, offer: Offer, node: Node, fleet: FleetAssumptions, target: float) -> Sized | Infeasible:
    """The fleet that follows the demand in whole nodes: C = r x hours x the mean number of GPUs [policy-c].

    The busiest bin is the one that finds the fewest replicas for its demand: where it comes before they have started,
    they are fuller than the target.
    """
    found = running(demand, fleet, target)
    if isinstance(found, str):
        return Infeasible(policy="autoscaled", reason=found)
    levels, bins = found.levels, int(found.levels.bins.sum())
    nodes = -(-levels.replicas // node.replicas)
    gpu_hours = demand.hours * node.gpus * Decimal(int((nodes * levels.bins).sum())) / bins
    return Sized(
        replicas=int(levels.replicas[-1]),
        fewest=int(levels.replicas[0]),
        gpus=int(nodes[-1]) * node.gpus,
        gpu_hours=gpu_hours,
        gpu=offer.price_per_gpu_hour * gpu_hours,
        utilization=demand.mean_replicas * bins / float((levels.replicas * levels.bins).sum()),
        utilization_peak=levels.fullest,
    )
