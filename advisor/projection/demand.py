"""Usage to demand: how many replica-seconds a month takes, and how much its busiest bin.

Demand of a bin, in replica-seconds at saturated throughput, is

    g = (uncached + cache_write + (1 - s) cache_read + kappa s cache_read) / P + output / D
    g = (the same weighted input + output) / T                                  with a total rate

with s = `cache_carry_over` (a provider's cache hits do not all carry over to an own fleet) and
kappa = `cached_input_weight` (what a token read from the own cache costs of an uncached one).
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from advisor.domain.assumptions import FleetAssumptions
from advisor.domain.fleet import Demand, Profile, Resolution
from advisor.domain.units import DAY_SECONDS, FIVE_MINUTES, HOUR_SECONDS
from advisor.domain.usage import Shape, WorkloadUsage

Seconds = NDArray[np.float64]


def weighted_input(shape: Shape, fleet: FleetAssumptions) -> Seconds:
    """The input of each bin in uncached-token equivalents; shape (bins,)."""
    carried = fleet.cache_carry_over * fleet.cached_input_weight + (1 - fleet.cache_carry_over)
    weighted: Seconds = shape.uncached_input + shape.cache_write + carried * shape.cache_read
    return weighted


def replica_seconds(shape: Shape, profile: Profile, fleet: FleetAssumptions) -> Seconds:
    """g of each bin, in replica-seconds at 100 % of saturated throughput; shape (bins,)."""
    read = weighted_input(shape, fleet)
    if profile.total_tokens_per_second is not None:
        total: Seconds = (read + shape.output) / profile.total_tokens_per_second
        return total
    assert profile.prefill_tokens_per_second is not None
    assert profile.decode_tokens_per_second is not None
    parts: Seconds = read / profile.prefill_tokens_per_second + shape.output / profile.decode_tokens_per_second
    return parts


def resolution_of(width_seconds: int) -> Resolution:
    """The name of a bucket width: at most five minutes, an hour, a day, or longer."""
    if width_seconds <= FIVE_MINUTES:
        return Resolution.FIVE_MINUTES
    if width_seconds <= HOUR_SECONDS:
        return Resolution.HOUR
    return Resolution.DAY if width_seconds <= DAY_SECONDS else Resolution.MONTH


def peak_factor(resolution: Resolution, fleet: FleetAssumptions) -> float:
    """What the busiest bin's mean is multiplied by to reach the busiest five minutes inside it.

    Five-minute facts show them; an hour hides `burst`; a day or a month also hides `peak_to_mean` (design: peaks).
    """
    return {
        Resolution.FIVE_MINUTES: 1.0,
        Resolution.HOUR: fleet.burst,
        Resolution.DAY: fleet.peak_to_mean * fleet.burst,
        Resolution.MONTH: fleet.peak_to_mean * fleet.burst,
    }[resolution]


def demand(usage: WorkloadUsage, profile: Profile, fleet: FleetAssumptions) -> Demand:
    """The month's demand on replicas of *profile*.

    Where sources deliver several widths, replica-seconds add up and so do the peaks of the widths: an upper bound,
    since they need not fall together; the resolution is then the coarsest of them. A bin that reaches into days left
    out holds the tokens of its covered days alone, so no peak is taken for less than the mean of those days. H covers
    the days covered; with a fixed H, bin demand is scaled by calendar hours / H, so that mean x H stays the month's
    demand.
    """
    month = usage.month
    hours = fleet.hours(month) * usage.days_covered / month.day_count
    stretch = month.hours / float(fleet.hours(month))
    total, peak, resolution = 0.0, 0.0, Resolution.FIVE_MINUTES
    for shape in usage.shapes:
        seconds = replica_seconds(shape, profile, fleet) * usage.workload.token_ratio
        grain = resolution_of(shape.width_seconds)
        summed = float(seconds.sum())
        if summed <= 0:
            continue
        total += summed
        busiest = max(float(seconds.max()) / shape.width_seconds, summed / (usage.days_covered * DAY_SECONDS))
        peak += busiest * stretch * peak_factor(grain, fleet)
        resolution = max(resolution, grain, key=list(Resolution).index)
    return Demand(
        usage=usage,
        profile=profile,
        replica_seconds=total,
        peak_replicas=peak,
        resolution=resolution,
        hours=hours,
    )
