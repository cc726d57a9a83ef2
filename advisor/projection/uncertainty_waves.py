"""Replicas that follow the demand, for many sizes of it at once: `autoscaled` and `committed`."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from advisor.domain.assumptions import FleetAssumptions
from advisor.domain.units import FIVE_MINUTES
from advisor.projection.autoscaled import MAX_OVERLOAD, following_within
from advisor.projection.series import Series
from advisor.projection.sizing import ROUNDING, Node, whole
from advisor.projection.uncertainty_draws import Floats
from advisor.projection.uncertainty_fleets import AlwaysOn, Rented, Sizes, nodes_of, wanted

STEPS = 128
"""Beyond so many nodes that come and go, several are counted as one: at most 1 / 256 of the peak is then off."""
HALVINGS = 10
CELLS = 250_000
"""Sizes x bins looked at together: an array of this many stays in the processor's cache."""
LOOKED_AT_FIRST = 32
"""Sizes, spread over all of them by demand: where they agree whether scaling comes in time, no others are asked."""


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Wave:
    """The busiest demand that the replicas of each bin of five minutes follow, in replicas at 100 %.

    `levels` ascend, shape (n,); `above` is the share of the time at each level and higher, shape (n + 1,). `demand` and
    `followed` hold a mean demand and the level followed meanwhile, and `times` in how many bins, all of shape (cases,).
    `enough` replicas for one that is followed are in time whatever the size and the spare ones.
    """

    levels: Floats
    above: Floats
    demand: Floats
    followed: Floats
    times: Floats
    enough: float
    node: Node
    fleet: FleetAssumptions

    @classmethod
    def of(cls, series: Series, node: Node, fleet: FleetAssumptions) -> Wave:
        """Following is a running maximum, which keeps its place under any growing function: the demand's rank is
        followed, and replicas are counted afterwards."""
        levels, ranks = np.unique(series.busy, return_inverse=True)
        runs = list(following_within(ranks.astype(np.int64), series.step_seconds // FIVE_MINUTES))
        followed = np.concatenate([run for run, _ in runs])
        times = np.repeat([float(often) for _, often in runs], len(ranks))
        demand = np.tile(series.replicas, len(runs))
        held = np.bincount(followed, weights=times, minlength=len(levels))
        return cls(
            levels=levels,
            above=np.append(np.cumsum(held[::-1])[::-1], 0.0) / times.sum(),
            demand=demand,
            followed=levels[followed],
            times=times,
            enough=_enough(demand, levels[followed], times),
            node=node,
            fleet=fleet,
        )

    @property
    def bins(self) -> float:
        return float(self.times.sum())

    def replicas(self, level: Floats | float, sizes: Sizes) -> Floats:
        """The replicas of a bin that follows *level*."""
        return self.fleet.redundancy + wanted(level * sizes.busiest, self.fleet)

    def running(self, sizes: Sizes) -> tuple[Floats, Floats, Floats]:
        """Steps of nodes, each from one count (exclusive) to another, and the share of the time in which its middle
        runs; of shape (steps, sizes), or (steps, 1) where all sizes step alike. What is below the first step always
        runs."""
        most = nodes_of(self.replicas(float(self.levels[-1]), sizes), self.node)
        width = np.maximum(1.0, np.ceil((most - self.always) / STEPS))
        steps = int(np.ceil((most - self.always) / width).max())
        if width.max() == 1:  # of no size does a step beyond its most run at any time
            low = self.always + np.arange(steps, dtype=np.float64)[:, None]
            high = low + 1
        else:
            low = np.minimum(self.always + width * np.arange(steps)[:, None], most)
            high = np.minimum(low + width, most)
        lowest = (np.ceil((low + high) / 2) - 1) * self.node.replicas - self.fleet.redundancy + ROUNDING
        share = self.above[np.searchsorted(self.levels, lowest / sizes.busiest, side="right")]
        return low, high, share

    @property
    def always(self) -> int:
        """The nodes that run whatever the demand."""
        return self.node.count(self.fleet.redundancy + self.fleet.min_replicas)

    def in_time(self, sizes: Sizes) -> NDArray[np.bool_]:
        """Whether at most MAX_OVERLOAD of the demand meets a full fleet."""
        found = sizes.peaks / sizes.target >= self.enough
        asked = np.flatnonzero(~found)
        if len(asked) > 2 * LOOKED_AT_FIRST:
            spread = asked[np.argsort(sizes.demand[asked])[np.linspace(0, len(asked) - 1, LOOKED_AT_FIRST).astype(int)]]
            first = self._late(sizes.at(spread)) <= 0
            if first.all() or not first.any():
                found[asked] = first[0]
                return found
        found[asked] = self._late(sizes.at(asked)) <= 0
        return found

    def _late(self, sizes: Sizes) -> Floats:
        """The demand that meets a full fleet, less what may: replicas in all bins together."""
        count = len(sizes.demand)
        late = np.zeros(count)
        if not count:
            return late
        least = self.fleet.redundancy + self.fleet.min_replicas
        # Only a demand that outgrew what it follows by more than the target leaves free can meet too few replicas.
        slack = np.maximum(least / float(sizes.demand.max()), self.followed * float((sizes.peaks / sizes.target).min()))
        rising = self.demand > slack
        demand, followed, times = self.demand[rising], self.followed[rising], self.times[rising]
        each = max(1, CELLS // max(1, len(demand)))
        for start in range(0, count if len(demand) else 0, each):
            part = sizes.at(slice(start, start + each))
            running = self.fleet.redundancy + wanted(followed * part.busiest[:, None], self.fleet)
            late[start : start + each] = _total(np.maximum(0.0, demand * part.demand[:, None] - running), times)
        allowed: Floats = MAX_OVERLOAD * float(_total(self.demand, self.times)) * sizes.demand
        return late - allowed


def _total(values: Floats, times: Floats) -> Floats:
    """Of the last axis, each value so many times. Without BLAS: its threads spin where other processes run."""
    total: Floats = np.einsum("...i,i->...", values, times)
    return total


def _enough(demand: Floats, followed: Floats, times: Floats) -> float:
    """The smallest q for which sum of max(0, demand - q followed) is at most MAX_OVERLOAD of all demand."""
    allowed, low, high = MAX_OVERLOAD * float(_total(demand, times)), 0.5, 2.0
    steep = demand > low * followed
    demand, followed, times = demand[steep], followed[steep], times[steep]

    def late(ratio: float) -> float:
        return float(_total(np.maximum(0.0, demand - ratio * followed), times))

    if late(high) > allowed:
        return math.inf
    for _ in range(HALVINGS):
        middle = (low + high) / 2
        low, high = (middle, high) if late(middle) > allowed else (low, middle)
    return high


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Autoscaled:
    """Nodes that follow the demand, each paid while it runs."""

    wave: Wave
    node_month: float

    def __call__(self, sizes: Sizes) -> Rented:
        wave = self.wave
        low, high, share = wave.running(sizes)
        return Rented(
            gpu=self.node_month * (wave.always + ((high - low) * share).sum(axis=0)),
            spilled=np.zeros_like(sizes.demand),
            fewest=wave.replicas(float(wave.levels[0]), sizes),
            feasible=wave.in_time(sizes),
        )


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Committed:
    """A base of nodes under a term, the rest on demand or on spot; see `committed.committed` for the rule.

    *rates* are the (price of the term, price of the rest, whether that is spot) over the on-demand price, `most` the
    fleet that runs where scaling would come too late.
    """

    wave: Wave
    most: AlwaysOn
    node_month: float
    rates: Sequence[tuple[float, float, bool]]
    away: float

    def __call__(self, sizes: Sizes) -> Rented:
        in_time, always = self.wave.in_time(sizes), self.most(sizes)
        if not in_time.any():
            return self._all_kept(always)
        everything = always.gpu / self.node_month
        low, high, share = self.wave.running(sizes)
        least = self.wave.replicas(float(self.wave.levels[0]), sizes)
        gpu, fewest = np.full(sizes.demand.shape, np.inf), least
        for term, rest, spot in self.rates:
            needed = max(1, whole(term * self.wave.bins))
            if needed > self.wave.bins:
                continue
            reached = np.searchsorted(-self.wave.above[:-1], -needed / self.wave.bins * (1 - ROUNDING), side="right")
            kept = nodes_of(self.wave.replicas(float(self.wave.levels[reached - 1]), sizes), self.wave.node)
            kept = np.where(in_time, kept, everything)
            above = self._rented(high - kept, spot=spot) - self._rented(low - kept, spot=spot)
            cost = term * kept + rest * np.where(in_time, (above * share).sum(axis=0), 0.0)
            fewest = np.where(
                cost < gpu, np.maximum(np.where(in_time, least, always.fewest), kept * self.wave.node.replicas), fewest
            )
            gpu = np.minimum(gpu, cost)
        feasible = np.isfinite(gpu)
        return Rented(
            gpu=self.node_month * np.where(feasible, gpu, 0.0),
            spilled=np.zeros_like(gpu),
            fewest=fewest,
            feasible=feasible,
        )

    def _all_kept(self, always: Rented) -> Rented:
        """A fleet that never changes is committed to whole, where any term is no dearer than the hour."""
        term = min((term for term, _, _ in self.rates if term <= 1), default=None)
        if term is None:
            return replace(always, feasible=np.zeros(always.gpu.shape, dtype=np.bool_))
        return replace(always, gpu=always.gpu * term)

    def _rented(self, nodes: Floats, *, spot: bool) -> Floats:
        """Nodes to rent above the base: of spot ones, 1 / (1 - the share of the time that they are away) times as
        many."""
        above: Floats = np.maximum(0.0, nodes)
        return np.ceil(above / (1 - self.away) - ROUNDING) if spot else above
