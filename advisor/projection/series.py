"""Demand over the month: replicas wanted in each bin of the covered days, at the finest grain that the facts have."""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

from advisor.domain.assumptions import FleetAssumptions
from advisor.domain.fleet import Demand, Profile, Resolution
from advisor.domain.units import DAY_SECONDS, FIVE_MINUTES, HOUR_SECONDS
from advisor.domain.usage import Counts, Shape, WorkloadUsage
from advisor.projection.demand import Seconds, replica_seconds, resolution_of

PEAK_FROM_HOUR = 9
"""The busy hours of an assumed day begin here, in UTC; where they lie matters beside facts of other widths alone."""
COLUMNS = ("uncached_input", "cache_read", "cache_write", "output")


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Series:
    """A month's demand in replicas at 100 %, over the covered days one after the other; arrays of one length.

    `replicas` is the mean of each bin, `busy` the demand in its busiest five minutes. Bins are `step_seconds` wide:
    an hour, or five minutes where any source is finer than an hour. Their mean is the demand's mean, so that bin
    demand is scaled by calendar hours / H as it is.
    """

    replicas: Seconds
    busy: Seconds
    step_seconds: int


@lru_cache(maxsize=64)
def series(demand: Demand, fleet: FleetAssumptions) -> Series:
    """The series of one demand. It is kept, because a profile is tried on many offers and under several policies."""
    return at_rates(demand.usage, demand.profile, fleet)


def at_rates(usage: WorkloadUsage, profile: Profile, fleet: FleetAssumptions) -> Series:
    """The series of a month on replicas with the rates of *profile*."""
    step = _step(usage)
    stretch = usage.month.hours / float(fleet.hours(usage.month)) * usage.workload.token_ratio / step
    mean, busy = (replica_seconds(shape, profile, fleet) * stretch for shape in _on_a_grid(usage, fleet))
    return Series(replicas=mean, busy=busy, step_seconds=step)


def two_level_day(peak_to_mean: float) -> Seconds:
    """24 hourly levels with mean 1 and maximum *peak_to_mean*, at most 24; floor(24 / it) - 1 hours, at least 1, are
    at the maximum and the others share what is left (design: resolution and peaks)."""
    level = min(peak_to_mean, 24.0)
    hours = max(1, int(24 / level) - 1)
    levels = np.full(24, (24 - hours * level) / (24 - hours))
    first = min(PEAK_FROM_HOUR, 24 - hours)
    levels[first : first + hours] = level
    return levels


def _step(usage: WorkloadUsage) -> int:
    return FIVE_MINUTES if any(shape.width_seconds < HOUR_SECONDS for shape in usage.shapes) else HOUR_SECONDS


@lru_cache(maxsize=8)
def _on_a_grid(usage: WorkloadUsage, fleet: FleetAssumptions) -> tuple[Shape, Shape]:
    """The month's tokens on one grid, and the same as if each bin ran all the time as in its busiest five minutes."""
    step = _step(usage)
    first = int(usage.month.start.timestamp()) // DAY_SECONDS
    left_out = {first + day.day - 1 for day in usage.missing_days}
    # A day that holds bins of its own is covered, whatever else is said of it: nothing is dropped.
    counted = {int(day) for shape in usage.shapes if _fine(shape) for day in np.unique(shape.starts // DAY_SECONDS)}
    month = {first + day for day in range(usage.month.day_count)}
    days = np.array(sorted(month - left_out | counted), dtype=np.int64)
    starts = (days[:, None] * DAY_SECONDS + np.arange(0, DAY_SECONDS, step)).ravel()
    mean = np.zeros((len(COLUMNS), len(starts)))
    busy = np.zeros_like(mean)
    for shape in usage.shapes:
        grain = resolution_of(shape.width_seconds)
        placed = _by_bin(shape, days, step) if _fine(shape) else _by_day(shape, days, step, fleet.peak_to_mean)
        mean += placed
        busy += placed * (1.0 if grain is Resolution.FIVE_MINUTES else fleet.burst)
    return _shape(step, starts, mean), _shape(step, starts, busy)


def _fine(shape: Shape) -> bool:
    return shape.width_seconds <= HOUR_SECONDS


def _shape(step: int, starts: Counts, columns: Seconds) -> Shape:
    return Shape(width_seconds=step, starts=starts, **dict(zip(COLUMNS, columns, strict=True)))


def _columns(shape: Shape) -> Seconds:
    return np.stack([getattr(shape, name) for name in COLUMNS])


def _by_bin(shape: Shape, days: Counts, step: int) -> Seconds:
    """Tokens of bins of an hour and less, in the bins of the grid; a wider one is spread evenly over those it spans."""
    parts = max(1, shape.width_seconds // step)
    day = np.searchsorted(days, shape.starts // DAY_SECONDS)
    a_day = DAY_SECONDS // step
    within = (shape.starts % DAY_SECONDS // step)[:, None] + np.arange(parts)
    where = (day[:, None] * a_day + np.minimum(within, a_day - 1)).ravel()
    return np.stack(
        [
            np.bincount(where, weights=np.repeat(column / parts, parts), minlength=len(days) * a_day)
            for column in _columns(shape)
        ]
    )


def _by_day(shape: Shape, days: Counts, step: int, peak_to_mean: float) -> Seconds:
    """Tokens of wider bins, evenly on the covered days that each spans (all, where it spans none), in days of two
    levels."""
    amounts = np.zeros((len(COLUMNS), len(days)))
    span = -(-shape.width_seconds // DAY_SECONDS)
    for start, tokens in zip(shape.starts // DAY_SECONDS, _columns(shape).T, strict=True):
        low, high = np.searchsorted(days, [start, start + span])
        if low == high:
            low, high = 0, len(days)
        amounts[:, low:high] += (tokens / (high - low))[:, None]
    levels: NDArray[np.float64] = np.repeat(two_level_day(peak_to_mean), HOUR_SECONDS // step)
    return (amounts[:, :, None] * (levels / len(levels))).reshape(len(COLUMNS), -1)
