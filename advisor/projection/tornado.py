"""Which single assumption turns the answer, and at what value: each is moved alone, all others stay as they are.

The plan keeps its policy and offer, and is sized anew in whole replicas at each value. The answer is whether the saving
meets the savings gates.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from decimal import Decimal
from typing import Any

import numpy as np
from numpy.typing import NDArray

from advisor.domain.assumptions import FleetAssumptions
from advisor.domain.odds import Assumption, Flip
from advisor.domain.units import Money
from advisor.projection.cost import engineering_hours
from advisor.projection.tornado_case import Case
from advisor.projection.tornado_search import bisected, crossings, grid
from advisor.projection.uncertainty import Hidden
from advisor.projection.uncertainty_draws import (
    BURST_SIGMA,
    ENGINEERING_RANGE,
    GPU_PRICE_RANGE,
    MOST_BURST,
    MOST_PEAK_TO_MEAN,
    PEAK_TO_MEAN_SIGMA,
    Floats,
    throughput_factor,
)
from advisor.projection.uncertainty_plan import Assumed, grains

Ends = tuple[float, float]
SERVERLESS_PRICE_RANGE: Ends = (0.9, 1.1)
VOLUME_SIGMA = 0.12
"""Of ln(a month's volume / the last one's), before anything is known of a workload (fleet-math 5)."""
MIGRATION_RANGE: Ends = (0.5, 1.5)
UTILIZATION_SPREAD = 0.10
"""Simulated replicas met the chat target up to 70 % alone and 81 % as sixteen, the interactive one up to 59 %."""
PLAUSIBLE: Ends = (0.1, 10.0)
"""Prices, rates and volumes of less than a tenth or more than ten times today's are another question."""
MOST_ENGINEERING_HOURS = 320.0
"""Two engineers who do nothing else."""
LEAST_UTILIZATION = 0.05
MOST_BREAKS = 400


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Axis:
    """An assumption that is moved by a factor on one value of `Assumed`, whose own is *unmoved*.

    `likely` and `plausible` are factors; `breaks` are those at which the fleet is just full.
    """

    assumption: Assumption
    unit: str
    current: float
    moves: str
    likely: Ends
    plausible: Ends = PLAUSIBLE
    breaks: Floats = field(default_factory=lambda: np.array([]))
    unmoved: float = 1.0


def tornado(case: Case) -> tuple[Flip, ...]:
    """Every assumption that moves the saving, widest swing first."""
    found = [*_moved(case, list(_axes(case))), *_cost_lines(case), *_shapes(case)]
    moved = (flip for flip in found if flip.swing.amount or flip.flips_at is not None)
    return tuple(sorted(moved, key=lambda flip: (-flip.swing.amount, flip.assumption)))


def _axes(case: Case) -> Iterator[Axis]:
    """Throughput, prices, volume, the target, and peaks where they are a factor on every busiest five minutes."""
    base, usage, currency = case.base, case.usage, case.left.currency
    assert usage.price_per_million is not None, "a comparison has tokens and a cost"
    slow, fast = (float(end) for end in throughput_factor(base.plan.profile, np.array([-1.0, 1.0])))
    breaks = _breaks(case)
    yield Axis(
        assumption=Assumption.THROUGHPUT,
        unit="tokens/s",
        current=usage.tokens.total / base.demand.replica_seconds,
        moves="throughput",
        likely=(slow, fast),
        breaks=1 / breaks,
    )
    yield Axis(
        assumption=Assumption.GPU_PRICE,
        unit=f"{currency}/GPU-hour",
        current=float(base.plan.offer.price_per_gpu_hour.amount),
        moves="gpu_price",
        likely=GPU_PRICE_RANGE,
    )
    yield Axis(
        assumption=Assumption.SERVERLESS_PRICE,
        unit=f"{currency}/million tokens",
        current=float(usage.price_per_million.amount),
        moves="serverless_price",
        likely=SERVERLESS_PRICE_RANGE,
    )
    yield Axis(
        assumption=Assumption.VOLUME,
        unit="tokens",
        current=float(usage.tokens.total),
        moves="volume",
        likely=(math.exp(-VOLUME_SIGMA), math.exp(VOLUME_SIGMA)),
        breaks=breaks,
    )
    target = base.fleet.utilization
    low, high = max(LEAST_UTILIZATION, target - UTILIZATION_SPREAD), min(1.0, target + UTILIZATION_SPREAD)
    yield Axis(
        assumption=Assumption.UTILIZATION,
        unit="share",
        current=target,
        moves="utilization",
        likely=(min(1.0, low / target), high / target),
        plausible=(min(1.0, LEAST_UTILIZATION / target), 1 / target),
        breaks=1 / breaks,
        unmoved=target,
    )
    hidden = Hidden.of(usage, base.plan.policy, base.fleet)
    for assumption, current, sigma, most, factor in (
        (Assumption.BURST, base.fleet.burst, BURST_SIGMA, MOST_BURST, hidden.burst),
        (Assumption.PEAK_TO_MEAN, base.fleet.peak_to_mean, PEAK_TO_MEAN_SIGMA, MOST_PEAK_TO_MEAN, hidden.peak),
    ):
        if factor and _scales_peaks(case, assumption):
            likely, plausible = _spread(current, sigma, most)
            yield Axis(
                assumption=assumption,
                unit="x",
                current=current,
                moves="peaks",
                likely=(likely[0] / current, likely[1] / current),
                plausible=(plausible[0] / current, plausible[1] / current),
                breaks=breaks,
            )


def _scales_peaks(case: Case, assumption: Assumption) -> bool:
    """Whether a peak factor multiplies every busiest five minutes alike: of sources of one width, and the peak of days
    only where no policy follows them."""
    return len(grains(case.usage)) == 1 and (assumption is Assumption.BURST or case.base.plan.policy == "static")


def _moved(case: Case, axes: Sequence[Axis]) -> Iterator[Flip]:
    """All axes at once: a pass over many values costs hardly more than one over a few."""

    def met(factors: Sequence[Floats]) -> list[NDArray[np.bool_]]:
        assumed = _assumed(axes, factors)
        bill = np.asarray(assumed.serverless_price) * np.asarray(assumed.volume)
        return _apart(case.met(case.savings(assumed), bill), factors)

    likely = [np.array(axis.likely) for axis in axes]
    savings = _apart(case.savings(_assumed(axes, likely)), likely)
    turns = crossings(met, [grid(axis.plausible, axis.breaks) for axis in axes], case.holds)
    for axis, (low, high), at in zip(axes, savings, turns, strict=True):
        ends = (axis.current * axis.likely[0], axis.current * axis.likely[1])
        value = None if at is None else at * axis.current
        yield _flip(case, axis.assumption, axis.unit, axis.current, ends, (low, high), value)


def _assumed(axes: Sequence[Axis], factors: Sequence[Floats]) -> Assumed:
    """The factors of all axes one after the other, each moving its own value alone."""
    ends = np.cumsum([len(one) for one in factors])
    values = {axis.moves: np.full(ends[-1], axis.unmoved) for axis in axes}
    for axis, end, some in zip(axes, ends, factors, strict=True):
        values[axis.moves][end - len(some) : end] *= some
    return Assumed(**values)


def _apart(values: NDArray[Any], factors: Sequence[Floats]) -> list[NDArray[Any]]:
    return np.split(values, np.cumsum([len(one) for one in factors])[:-1])


def _flip(
    case: Case, assumption: Assumption, unit: str, current: float, ends: Ends, savings: Ends, at: float | None
) -> Flip:
    low, high = (Money(Decimal(repr(round(float(one), 6))), case.left.currency) for one in savings)
    return Flip(
        assumption=assumption,
        unit=unit,
        current=current,
        low=ends[0],
        high=ends[1],
        savings_low=low,
        savings_high=high,
        flips_at=at,
    )


def _breaks(case: Case) -> Floats:
    """The factors on a demand at which an always-on fleet is just full, and just not any more."""
    plan = case.base.plan
    load = plan.demand.mean_replicas if plan.policy == "equivalent" else plan.demand.peak_replicas
    full = load / plan.utilization_target
    if plan.policy not in ("static", "equivalent") or full * PLAUSIBLE[1] > MOST_BREAKS:
        return np.array([])
    steps = np.arange(1, math.ceil(full * PLAUSIBLE[1]) + 1) / full
    return np.concatenate([steps, steps * (1 + 1e-8)])


def _cost_lines(case: Case) -> Iterator[Flip]:
    """Engineering hours and migration: a line of the cost each, so the value is a division."""
    cost, over = case.base.plan.cost, case.base.fleet.overheads
    if cost.engineering.amount > 0:
        hours = float(engineering_hours(case.base.plan.offer, case.base.fleet))
        of_hours = (Assumption.ENGINEERING_HOURS, "hours a month")
        yield _line(case, *of_hours, hours, ENGINEERING_RANGE, cost.engineering, MOST_ENGINEERING_HOURS)
    if cost.migration.amount > 0:
        moving = float(over.migration_total)
        most = moving * PLAUSIBLE[1]
        yield _line(case, Assumption.MIGRATION, case.left.currency, moving, MIGRATION_RANGE, cost.migration, most)


def _line(
    case: Case, assumption: Assumption, unit: str, current: float, likely: Ends, line: Money, most: float
) -> Flip:
    each = float(line.amount) / current
    low, high = (case.saving - each * current * (factor - 1) for factor in likely)
    spare = case.saving - max(case.needed, case.ratio * case.base.bill)
    # A hair beyond the value at which the gates are just met: that value is still on the side of those that meet them.
    value = (current + spare / each) * (1 + (1e-9 if spare >= 0 else -1e-9))
    at = value if case.base.bill > 0 and 0 <= value <= most else None
    return _flip(case, assumption, unit, current, (current * likely[0], current * likely[1]), (low, high), at)


def _shapes(case: Case) -> Iterator[Flip]:
    """What changes the demand bin by bin: peaks of several widths or of days, and how much of a cache carries over."""
    fleet = case.base.fleet
    hidden = Hidden.of(case.usage, case.base.plan.policy, fleet)
    if hidden.burst and not _scales_peaks(case, Assumption.BURST):
        ends = _spread(fleet.burst, BURST_SIGMA, MOST_BURST)
        yield _shape(case, Assumption.BURST, "x", fleet.burst, *ends, lambda at: replace(fleet, burst=at))
    if hidden.peak and not _scales_peaks(case, Assumption.PEAK_TO_MEAN):
        mean = fleet.peak_to_mean
        ends = _spread(mean, PEAK_TO_MEAN_SIGMA, MOST_PEAK_TO_MEAN)
        yield _shape(case, Assumption.PEAK_TO_MEAN, "x", mean, *ends, lambda at: replace(fleet, peak_to_mean=at))
    if hidden.carry_over:
        share, ends = fleet.cache_carry_over, ((0.0, 1.0), (0.0, 1.0))
        yield _shape(
            case,
            Assumption.CACHE_CARRY_OVER,
            "share",
            share,
            *ends,
            lambda at: replace(fleet, cache_carry_over=at),
        )


def _spread(current: float, sigma: float, most: float) -> tuple[Ends, Ends]:
    """One sigma to both sides, and what is plausible: no peak is below its mean."""
    high = current * math.exp(sigma)
    return (max(1.0, current * math.exp(-sigma)), high), (1.0, max(most, high))


def _shape(
    case: Case,
    assumption: Assumption,
    unit: str,
    current: float,
    likely: Ends,
    plausible: Ends,
    changed: Callable[[float], FleetAssumptions],
) -> Flip:
    """An assumption that changes the demand bin by bin, always the same way; the plan is made anew at each value."""

    def saving(value: float) -> float:
        return float(case.left.amount) - float(case.base.under(changed(value)).total(Assumed())[0])

    def met(value: float) -> bool:
        return bool(case.met(np.array([saving(value)]), 1.0)[0])

    low, high = (saving(end) for end in likely)
    return _flip(case, assumption, unit, current, likely, (low, high), bisected(met, current, plausible))
