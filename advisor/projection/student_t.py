"""Quantiles of Student's t, for intervals around few observations."""

from __future__ import annotations

import math
from functools import lru_cache


def cumulative(t: float, degrees: int) -> float:
    """P(T <= t) for a whole number of degrees of freedom (Abramowitz and Stegun 26.7.3 and 26.7.4)."""
    angle = math.atan2(abs(t), math.sqrt(degrees))
    cos, sin = math.cos(angle), math.sin(angle)
    odd = degrees % 2
    term = cos if odd else 1.0
    series = term if degrees > 1 else 0.0
    for k in range(2 + odd, degrees - 1, 2):
        term *= cos * cos * (k - 1) / k
        series += term
    within = 2 / math.pi * (angle + sin * series) if odd else sin * series
    return 0.5 + math.copysign(within / 2, t)


@lru_cache(maxsize=64)
def quantile(probability: float, degrees: int) -> float:
    """The t below which *probability* of the distribution lies, by bisection; *probability* at least 0.5."""
    low, high = 0.0, 1.0
    while cumulative(high, degrees) < probability:
        high *= 2
    for _ in range(60):
        middle = (low + high) / 2
        low, high = (middle, high) if cumulative(middle, degrees) < probability else (low, middle)
    return (low + high) / 2
