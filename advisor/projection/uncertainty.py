"""How sure a chosen plan is: a month costed at every draw of what is not known about it.

Drawn are the throughput (the profile's band), the peak inside what the sources' resolution hides, the GPU price, the
engineering hours and, where tokens are read from a cache, how much of it an own fleet carries over (fleet-math 4). The
bill is taken as it is: billed, or at list prices whose error nobody states, and volumes and prices to come are no part
of a month that is over.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from decimal import Decimal

import numpy as np
from numpy.typing import NDArray

from advisor.domain.assumptions import FleetAssumptions, PolicyName
from advisor.domain.fleet import Plan, Resolution
from advisor.domain.odds import Flip, Odds
from advisor.domain.units import Money
from advisor.domain.usage import WorkloadUsage
from advisor.projection.demand import demand, resolution_of
from advisor.projection.uncertainty_draws import (
    DRAWS,
    ENGINEERING_RANGE,
    GPU_PRICE_RANGE,
    SEED,
    Draws,
    Floats,
    burst_at,
    draws_of,
    peak_to_mean_at,
    throughput_factor,
    triangular,
    uniform,
)
from advisor.projection.uncertainty_plan import Assumed, Replanned, grains

CARRY_STRATA = 4
"""Enough where the cache alone changes the shape: how much it does to the whole month is exact in every draw."""


CARRY_KNOTS = 9
"""Carry-overs at which the peak of a static fleet is looked up; between them it all but lies on a straight line."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Hidden:
    """Which assumptions about the shape of a month are uncertain, and whether they change it bin by bin.

    `carry_over`: tokens are read from a cache. `burst`, `peak`: the sources' resolution hides the busiest five
    minutes, or the busiest hour. `shaped_by_burst`, `shaped_by_peak`: and the policy feels more of them than a factor
    on every busiest five minutes.
    """

    carry_over: bool
    burst: bool
    peak: bool
    shaped_by_burst: bool
    shaped_by_peak: bool

    @classmethod
    def of(cls, usage: WorkloadUsage, policy: PolicyName, fleet: FleetAssumptions) -> Hidden:
        found = grains(usage) if policy != "equivalent" else frozenset()
        burst, peak = bool(found - {Resolution.FIVE_MINUTES}), bool(found & {Resolution.DAY, Resolution.MONTH})
        read = fleet.cached_input_weight < 1 and any(shape.cache_read.any() for shape in usage.shapes)
        follows = policy != "static"
        return cls(
            carry_over=read,
            burst=burst,
            peak=peak,
            shaped_by_burst=follows and burst and len(found) > 1,
            shaped_by_peak=follows and peak,
        )

    @property
    def shaped(self) -> bool:
        return self.shaped_by_burst or self.shaped_by_peak


def odds(
    chosen: Plan,
    fleet: FleetAssumptions,
    avoidable: Money,
    *,
    met: bool = False,
    flips: tuple[Flip, ...] = (),
    count: int = DRAWS,
    seed: int = SEED,
) -> Odds:
    """P(the plan costs less than *avoidable*), and the 10th and 90th percentile of what it saves.

    The closed form of `probability.probability_cheaper` is its limit where only throughput is uncertain and replicas
    are small.
    """
    saved = float(avoidable.amount) - totals(Replanned(plan=chosen, demand=chosen.demand, fleet=fleet), count, seed)
    low, high = (
        Money(Decimal(repr(round(float(end), 6))), avoidable.currency) for end in np.quantile(saved, [0.1, 0.9])
    )
    return Odds(
        probability_cheaper=int((saved > 0).sum()) / (count + 1),
        savings_p10=low,
        savings_p90=high,
        draws=count,
        seed=seed,
        met=met,
        flips=flips,
    )


def totals(base: Replanned, count: int = DRAWS, seed: int = SEED) -> Floats:
    """What the plan costs in each draw, in the order of the draws; shape (draws,)."""
    draws = draws_of(count, seed)
    drawn = Drawn.of(base, draws)
    throughput = throughput_factor(base.plan.profile, draws.throughput)
    gpu_price = uniform(GPU_PRICE_RANGE, draws.gpu_price)
    engineering = triangular(ENGINEERING_RANGE[0], 1.0, ENGINEERING_RANGE[1], draws.engineering)
    found = np.empty(count)
    for which, scene in _scenes(base, drawn, draws):
        found[which] = scene.total(
            Assumed(
                # A demand that is so much larger takes replicas as if they were so much slower.
                throughput=throughput[which] * scene.demand.mean_replicas / drawn.mean[which],
                gpu_price=gpu_price[which],
                peaks=drawn.peaks(scene)[which],
                engineering=engineering[which],
            )
        )
    return found


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Drawn:
    """What each draw assumes of the shape of the month; arrays of shape (draws,).

    `mean` is the month's mean demand, `peak` the busiest bin's of a static fleet, both in replicas at 100 %.
    """

    hidden: Hidden
    carry_over: Floats
    burst: Floats
    peak_to_mean: Floats
    mean: Floats
    peak: Floats | None

    @classmethod
    def of(cls, base: Replanned, draws: Draws) -> Drawn:
        fleet, policy, count = base.fleet, base.plan.policy, len(draws.stratum)
        hidden = Hidden.of(base.demand.usage, policy, fleet)
        flat = np.ones(count)
        carry_over = (
            triangular(0.0, fleet.cache_carry_over, 1.0, draws.carry_over)
            if hidden.carry_over
            else flat * fleet.cache_carry_over
        )
        burst = burst_at(fleet.burst, draws.burst) if hidden.burst else flat * fleet.burst
        peak = peak_to_mean_at(fleet.peak_to_mean, draws.peak) if hidden.peak else flat * fleet.peak_to_mean
        return cls(
            hidden=hidden,
            carry_over=carry_over,
            burst=burst,
            peak_to_mean=peak,
            mean=_mean_replicas(base, carry_over) if hidden.carry_over else flat * base.demand.mean_replicas,
            peak=_peak_replicas(base, carry_over, burst, peak) if policy == "static" else None,
        )

    def peaks(self, scene: Replanned) -> Floats:
        """The factor on every busiest five minutes beside the factor on the mean."""
        if self.peak is not None:
            return self.peak / self.mean / scene.demand.peak_to_mean
        return np.ones_like(self.burst) if self.hidden.shaped_by_burst else self.burst / scene.fleet.burst


def _mean_replicas(base: Replanned, carry_over: Floats) -> Floats:
    """The month's mean demand, which falls in a straight line with what carries over."""
    none, whole = (base.under(replace(base.fleet, cache_carry_over=end)).demand.mean_replicas for end in (0.0, 1.0))
    mean: Floats = none + (whole - none) * carry_over
    return mean


def _peak_replicas(base: Replanned, carry_over: Floats, burst: Floats, peak_to_mean: Floats) -> Floats:
    """The busiest bin of each resolution times what it hides, as `demand.demand` adds them up."""
    usage, plain = base.demand.usage, replace(base.fleet, burst=1.0, peak_to_mean=1.0)
    read = any(shape.cache_read.any() for shape in usage.shapes)
    knots = np.linspace(0.0, 1.0, CARRY_KNOTS) if read else carry_over[:1]
    peak = np.zeros_like(carry_over)
    for grain in grains(usage):
        alone = replace(usage, shapes=tuple(one for one in usage.shapes if resolution_of(one.width_seconds) is grain))
        busiest = [
            demand(alone, base.plan.profile, replace(plain, cache_carry_over=float(knot))).peak_replicas
            for knot in knots
        ]
        factor = np.ones_like(burst) if grain is Resolution.FIVE_MINUTES else burst
        if grain in (Resolution.DAY, Resolution.MONTH):
            factor = factor * peak_to_mean
        peak += np.interp(carry_over, knots, busiest) * factor
    return peak


def _scenes(base: Replanned, drawn: Drawn, draws: Draws) -> Iterator[tuple[NDArray[np.intp], Replanned]]:
    """The draws that share a shape of the month, by position, each with the plan on the median of their shapes."""
    hidden = drawn.hidden
    if drawn.peak is not None or base.plan.policy == "equivalent" or not (hidden.carry_over or hidden.shaped):
        yield np.arange(len(draws.stratum)), base
        return
    groups = draws.stratum if hidden.shaped else np.floor(draws.carry_over * CARRY_STRATA)
    for group in np.unique(groups):
        which = np.flatnonzero(groups == group)
        shape = base.fleet
        if hidden.carry_over:
            shape = replace(shape, cache_carry_over=float(np.median(drawn.carry_over[which])))
        if hidden.shaped_by_burst:
            shape = replace(shape, burst=float(np.median(drawn.burst[which])))
        if hidden.shaped_by_peak:
            shape = replace(shape, peak_to_mean=float(np.median(drawn.peak_to_mean[which])))
        yield which, base.under(shape)
