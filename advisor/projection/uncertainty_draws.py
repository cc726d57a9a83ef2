"""The draws that every comparison shares: the same seed and numbers for all policies, months, workloads and offers."""

from __future__ import annotations

import math
import random
from dataclasses import dataclass
from functools import lru_cache
from statistics import NormalDist

import numpy as np
from numpy.typing import NDArray

from advisor.domain.fleet import BAND_Z, Profile

Floats = NDArray[np.float64]
DRAWS = 2_000
"""Each input is stratified over all of them, which states P as closely as 4,000 independent draws or closer."""
SEED = 20_261_101
STRATA = 8
"""Groups of draws that share a shape of the month: what changes the shape is drawn at as many levels."""
_CARRY, _BURST, _PEAK = (0, 1, 2, 3, 4, 5, 6, 7), (2, 3, 7, 6, 0, 1, 5, 4), (1, 7, 4, 2, 6, 0, 3, 5)
"""The eighth of its range that each shape assumption takes in each stratum; none is correlated with another."""
GPU_PRICE_RANGE = (0.9, 1.1)
ENGINEERING_RANGE = (20 / 30, 40 / 30)
"""Of the configured hours: 20, 30 and 40 a month are the least, the likeliest and the most."""
BURST_SIGMA = math.log(1.5 / 1.05) / (2 * BAND_Z)
"""Of ln(busiest five minutes / mean of their hour), whose usual range is 1.05 to 1.5."""
PEAK_TO_MEAN_SIGMA = 0.40
"""Of ln(busiest hour / mean): 2.0 where large and steady, 4.6 for the median tenant."""
MOST_BURST, MOST_PEAK_TO_MEAN = 12.0, 24.0
"""All of an hour in five minutes of it, all of a day in one hour."""


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Draws:
    """Quantiles in (0, 1) of every uncertain input; `throughput`, `burst` and `peak` as standard normal deviates.

    All arrays are of shape (draws,), `throughput` ascends. Each is a permutation of the same evenly spaced quantiles (a
    Latin hypercube). Draws of one `stratum` lie in the same eighth of `carry_over`, of `burst` and of `peak`.
    """

    stratum: NDArray[np.int64]
    throughput: Floats
    burst: Floats
    peak: Floats
    carry_over: Floats
    gpu_price: Floats
    engineering: Floats


@lru_cache(maxsize=4)
def draws_of(count: int = DRAWS, seed: int = SEED) -> Draws:
    """The draws of one seed. *count* is a multiple of STRATA."""
    if count % STRATA:
        raise ValueError(f"{count} draws do not make {STRATA} strata of one size")
    # random() alone is promised to stay the same from one Python to the next.
    source = random.Random(seed)

    def shuffled(size: int) -> NDArray[np.int64]:
        return np.argsort([source.random() for _ in range(size)], kind="stable").astype(np.int64)

    stratum = np.arange(count, dtype=np.int64) % STRATA

    def grouped(eighths: tuple[int, ...]) -> NDArray[np.int64]:
        each = count // STRATA
        cells = np.empty(count, dtype=np.int64)
        for group, eighth in enumerate(eighths):
            cells[stratum == group] = eighth * each + shuffled(each)
        return cells

    quantiles = (np.arange(count) + 0.5) / count
    normal = NormalDist()
    deviates = np.array([normal.inv_cdf(quantile) for quantile in quantiles])
    # Slowest first: neighbours then need nearly the same fleet, and are looked up in the same place of a curve.
    order = np.argsort(shuffled(count))
    return Draws(
        stratum=stratum[order],
        throughput=deviates,
        burst=deviates[grouped(_BURST)][order],
        peak=deviates[grouped(_PEAK)][order],
        carry_over=quantiles[grouped(_CARRY)][order],
        gpu_price=quantiles[shuffled(count)],
        engineering=quantiles[shuffled(count)],
    )


def throughput_factor(profile: Profile, deviates: Floats) -> Floats:
    """Factors on every rate of a replica: lognormal with median 1, each side as wide as the profile's band is there."""
    low, high = (math.log(end) / BAND_Z for end in profile.band)
    factors: Floats = np.exp(np.where(deviates < 0, -low, high) * deviates)
    return factors


def burst_at(burst: float, deviates: Floats) -> Floats:
    """LogN(ln burst, BURST_SIGMA); no five minutes are quieter than their hour."""
    levels: Floats = np.clip(burst * np.exp(BURST_SIGMA * deviates), 1.0, MOST_BURST)
    return levels


def peak_to_mean_at(peak_to_mean: float, deviates: Floats) -> Floats:
    """LogN(ln peak_to_mean, PEAK_TO_MEAN_SIGMA); no busiest hour is quieter than the mean."""
    levels: Floats = np.clip(peak_to_mean * np.exp(PEAK_TO_MEAN_SIGMA * deviates), 1.0, MOST_PEAK_TO_MEAN)
    return levels


def uniform(ends: tuple[float, float], quantiles: Floats) -> Floats:
    """Evenly between both ends."""
    values: Floats = ends[0] + (ends[1] - ends[0]) * quantiles
    return values


def triangular(low: float, mode: float, high: float, quantiles: Floats) -> Floats:
    """The inverse of the triangular distribution's F: low + sqrt(q w (mode - low)), or high - sqrt((1 - q) w
    (high - mode)) from F(mode) = (mode - low) / w on; w = high - low."""
    width = high - low
    rising = low + np.sqrt(quantiles * width * (mode - low))
    falling = high - np.sqrt((1 - quantiles) * width * (high - mode))
    values: Floats = np.where(quantiles * width < mode - low, rising, falling)
    return values
