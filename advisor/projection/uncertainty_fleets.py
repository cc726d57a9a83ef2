"""Each policy's whole replicas for many sizes of one demand at once: what `policies.plan` gives one by one.

A demand of another size has the same shape: every bin times `demand`, its busiest five minutes times `peaks` beside
that. The functions work on the month's load-duration curve, so that a size costs a look-up and no pass over the month.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from advisor.domain.assumptions import FleetAssumptions
from advisor.domain.fleet import Demand
from advisor.projection.load_duration import LoadDuration
from advisor.projection.sizing import ROUNDING, Node
from advisor.projection.uncertainty_draws import Floats

BUSIEST = 12
"""Five minutes are so many times in an hour, and no busier than all of it."""


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Sizes:
    """Factors on one demand, all arrays of shape (sizes,).

    `demand` is on the replica-seconds of every bin, `peaks` on its busiest five minutes beside that, `gpu_price` on
    every GPU price, `bill` on what the workload pays for all of its tokens. `target` is the utilization sized for.
    """

    demand: Floats
    peaks: Floats
    gpu_price: Floats
    bill: Floats
    target: Floats

    @property
    def busiest(self) -> Floats:
        """Replicas wanted for a busiest five minutes of one replica: its factors over the target."""
        wanted: Floats = self.demand * self.peaks / self.target
        return wanted

    def at(self, chosen: NDArray[np.intp] | slice) -> Sizes:
        return Sizes(
            demand=self.demand[chosen],
            peaks=self.peaks[chosen],
            gpu_price=self.gpu_price[chosen],
            bill=self.bill[chosen],
            target=self.target[chosen],
        )


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Rented:
    """What each size takes, all arrays of shape (sizes,).

    `gpu` is the cost at today's GPU prices, `spilled` the share of the demand left to serverless, `fewest` the fewest
    replicas that run, `feasible` whether the policy has a plan at all.
    """

    gpu: Floats
    spilled: Floats
    fewest: Floats
    feasible: NDArray[np.bool_]


class Sizing(Protocol):
    """One policy on one offer."""

    def __call__(self, sizes: Sizes) -> Rented: ...


def wanted(busiest: Floats, fleet: FleetAssumptions) -> Floats:
    """max(n_min, ceil(busiest)), the demand given over its target."""
    replicas: Floats = np.maximum(fleet.min_replicas, np.ceil(busiest - ROUNDING))
    return replicas


def nodes_of(replicas: Floats, node: Node) -> Floats:
    nodes: Floats = np.ceil(replicas / node.replicas)
    return nodes


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class AlwaysOn:
    """`equivalent` (*load* is the month's mean) and `static` (the busiest bin, with *spare* replicas)."""

    load: float
    spare: int
    node_month: float
    node: Node
    fleet: FleetAssumptions
    of_peak: bool

    def __call__(self, sizes: Sizes) -> Rented:
        busiest = sizes.busiest if self.of_peak else sizes.demand / sizes.target
        replicas = wanted(self.load * busiest, self.fleet) + self.spare
        return Rented(
            gpu=self.node_month * nodes_of(replicas, self.node),
            spilled=np.zeros_like(replicas),
            fewest=replicas,
            feasible=np.ones(replicas.shape, dtype=np.bool_),
        )


@dataclass(frozen=True, kw_only=True, eq=False)
class WithSpill:
    """`hybrid`: every node that pays, and serverless for the rest; see `hybrid.hybrid` for the rule.

    *busy* is the month with each hour as in its busiest five minutes, which are *burst* times its mean. Where some
    bins hide a burst and others do not, it is the month's whole load-duration curve, and *burst* 1.
    """

    busy: LoadDuration
    burst: float
    demand: Demand
    node_month: float
    bill: float
    node: Node
    fleet: FleetAssumptions

    def carried(self, capacity: Floats, burst: Floats) -> Floats:
        """The mean of min(demand, *capacity*), in the curve's units: an hour runs at b for a twelfth of it, and at
        (12 - b) / 11 of its mean for the rest, as in `load_duration`."""
        high, low = self._levels(burst)
        levels, means = self.knots
        busiest, rest = np.interp(capacity / high, levels, means), np.interp(capacity / low, levels, means)
        found: Floats = (high * busiest + (BUSIEST - 1) * low * rest) / BUSIEST
        return found

    def _levels(self, burst: Floats) -> tuple[Floats, Floats]:
        """An hour's busiest five minutes, and the rest of it, over the curve's."""
        return burst / self.burst, np.maximum((BUSIEST - burst) / ((BUSIEST - 1) * self.burst), ROUNDING)

    def _lasting(self, shares: Floats) -> Floats:
        """The highest level that the curve reaches in so much of the time, 0 for none."""
        levels, _ = self.knots
        lasting: Floats = levels[np.searchsorted(-self.busy.above[:-1], -shares, side="right")]
        return lasting

    @cached_property
    def knots(self) -> tuple[Floats, Floats]:
        """Capacities, and what `LoadDuration.carried` says of each: between two levels it is a straight line."""
        curve = self.busy
        means = curve.below[:-1] + curve.levels * curve.above[:-1]
        return np.concatenate([[0.0], curve.levels]), np.concatenate([[0.0], means])

    def __call__(self, sizes: Sizes) -> Rented:
        """A node pays while it is used for u* of its throughput or more; the next one is never used more, so their
        number is bisected."""
        mean = self.demand.mean_replicas * self.busy.scale
        burst = np.minimum(BUSIEST, self.burst * sizes.peaks)
        step = self.node.replicas * sizes.target / sizes.demand * self.busy.scale
        # u* of a node, in units of the demand before it was resized.
        pays = self.node_month * sizes.gpu_price / (self.bill * sizes.bill) * mean
        most = np.maximum(1.0, np.ceil(self.demand.peak_replicas * sizes.peaks * self.busy.scale / step - ROUNDING))
        # Nodes below a level that the rest of the hours reach often enough pay, those above it in bursts do not.
        (high, low), share = self._levels(burst), pays / (1 + ROUNDING) / step
        nodes = np.minimum(most, np.floor(low * self._lasting(share * BUSIEST / (BUSIEST - 1)) / step - ROUNDING))
        nodes = np.maximum(0.0, nodes)
        most = np.maximum(nodes, np.minimum(most, np.floor(high * self._lasting(share) / step + ROUNDING) + 1))
        tried = np.flatnonzero(nodes < most)
        while len(tried):
            middle, at, bursts = np.ceil((nodes[tried] + most[tried]) / 2), step[tried], burst[tried]
            used = self.carried(middle * at, bursts) - self.carried((middle - 1) * at, bursts)
            paying = used * (1 + ROUNDING) >= pays[tried]
            nodes[tried], most[tried] = (
                np.where(paying, middle, nodes[tried]),
                np.where(paying, most[tried], middle - 1),
            )
            tried = tried[nodes[tried] < most[tried]]
        replicas = np.maximum(self.fleet.min_replicas, nodes * self.node.replicas)
        kept = np.minimum(self.carried(replicas * step / self.node.replicas, burst), mean)
        return Rented(
            gpu=self.node_month * nodes_of(replicas, self.node),
            spilled=1 - kept / mean,
            fewest=replicas,
            feasible=nodes > 0,
        )
