"""A workload's volume from its closed months on: the median of three methods, with an interval.

The methods work on the logarithm of tokens a day, so that long and short months and a day left out make no trend.
They were chosen by backtest (fleet-math section 5): nothing beats their median over 3 to 24 months, and undamped lines
do worst. Months without figures in between are gaps in time, never points.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import combinations, pairwise
from statistics import median, stdev

import numpy as np
from numpy.typing import NDArray

from advisor.domain.units import Month
from advisor.domain.usage import WorkloadUsage
from advisor.projection.run_rate import daily
from advisor.projection.student_t import quantile

Logs = NDArray[np.float64]
FEWEST, MOST = 3, 24
"""Closed months that a forecast needs, and that it looks back on."""
THEIL_SEN_MONTHS, THEIL_SEN_DAMPING = 6, 0.85
HOLT_LEVEL, HOLT_SLOPE, HOLT_DAMPING = 0.7, 0.2, 0.9
PRIOR_SIGMA, PRIOR_CHANGES = 0.12, 4
"""What a month's change varies by before anything is seen of it, and how many changes that is worth."""
CHANGES = 12
MAD_TO_SIGMA = 1.4826
OUTLYING = 2.5
SHIFT = 3.0
"""Standard deviations beyond which a change is a shift of level."""
INSIDE = 0.90
"""The quantile at the upper end of the interval that holds 80 %."""


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Past:
    """A workload's closed months, oldest first: `at` counts months from the first, `logs` is ln(tokens a day)."""

    months: tuple[Month, ...]
    logs: tuple[float, ...]

    @property
    def at(self) -> tuple[int, ...]:
        return tuple(months_between(self.months[0], month) for month in self.months)


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Trend:
    """Where the volume is heading after `last`: `centre` is ln(tokens a day) of each month to come, shape (months,).

    `variance` is that of a month's change of the logarithm, known from `changes` changes. `months` are those it is
    taken from: all, or those since a `level_shift`.
    """

    last: Month
    centre: Logs
    variance: float
    changes: int
    months: int
    level_shift: Month | None

    def half_width(self, upper: float = INSIDE) -> Logs:
        """t_{n+3, upper} sqrt(v (h + h^2 / (4 n))) of each month h [fc-03]: shocks add up, and so does an error of the
        slope."""
        h = np.arange(1, len(self.centre) + 1, dtype=np.float64)
        spread: Logs = np.sqrt(self.variance * (h + h * h / (4 * max(1, self.changes))))
        return quantile(upper, self.changes + 3) * spread


def months_between(earlier: Month, later: Month) -> int:
    """How many months *later* comes after *earlier*."""
    return (later.year - earlier.year) * 12 + later.month - earlier.month


def closed_months(usages: Sequence[WorkloadUsage]) -> Past:
    """The closed months of *usages*, which are in order, since the traffic last began.

    A month that is left out between two others had no traffic, as one of no tokens; what came before it says nothing
    of the volume now. The first month counts from the first day with traffic.
    """
    found: list[tuple[Month, float]] = []
    for position, usage in enumerate(usages):
        if position and usage.month > usages[position - 1].month.plus(1):
            found = []
        if usage.closed and usage.days_covered:
            tokens = usage.tokens.total
            found = [*found, (usage.month, math.log(tokens / _days(usage, first=not found)))] if tokens > 0 else []
    return Past(months=tuple(month for month, _ in found[-MOST:]), logs=tuple(log for _, log in found[-MOST:]))


def _days(usage: WorkloadUsage, *, first: bool) -> int:
    days = daily(usage) if first else None
    started = min((day for day, tokens in days.items() if tokens), default=None) if days else None
    return sum(day >= started for day in days) if days and started else usage.days_covered


def trend(past: Past, horizon: int) -> Trend | None:
    """The median of the three methods over *horizon* months; None with fewer than three closed months."""
    if len(past.months) < FEWEST:
        return None
    shifts = level_shifts(past)
    since = shifts[-1] if shifts else 0
    recent = Past(months=past.months[since:], logs=past.logs[since:])
    steady = [change for position, change in enumerate(_changes(past), start=1) if position not in shifts]
    v, changes = variance(steady)
    flat = naive(recent, horizon)
    methods = [flat, theil_sen(recent, horizon), holt(recent, horizon)] if len(recent.months) >= FEWEST else [flat]
    return Trend(
        last=past.months[-1],
        centre=np.median(methods, axis=0),
        variance=v,
        changes=changes,
        months=len(recent.months),
        level_shift=past.months[since] if shifts else None,
    )


def naive(past: Past, horizon: int) -> Logs:
    """Every month as the last."""
    return np.full(horizon, past.logs[-1])


def theil_sen(past: Past, horizon: int) -> Logs:
    """From the last point on, the shrunk Theil-Sen slope of the last six, damped: y_n + b (phi + ... + phi^h) [fc-02].

    b is the median slope over all pairs x (n - 1) / (n + 1), phi 0.85.
    """
    points = list(zip(past.at, past.logs, strict=True))[-THEIL_SEN_MONTHS:]
    slope = median((log - before) / (at - then) for (then, before), (at, log) in combinations(points, 2))
    shrunk = slope * (len(points) - 1) / (len(points) + 1)
    return past.logs[-1] + shrunk * _damped(THEIL_SEN_DAMPING, horizon)


def holt(past: Past, horizon: int) -> Logs:
    """Holt's damped trend at fixed weights .7 (level), .2 (slope), .9 (damping) [fc-01]; a gap is passed unobserved."""
    third = min(2, len(past.logs) - 1)
    level, slope = past.logs[0], (past.logs[third] - past.logs[0]) / past.at[third]
    observed = dict(zip(past.at, past.logs, strict=True))
    for at in range(1, past.at[-1] + 1):
        slope *= HOLT_DAMPING
        expected = level + slope
        if at in observed:
            risen = HOLT_LEVEL * observed[at] + (1 - HOLT_LEVEL) * expected
            slope = HOLT_SLOPE * (risen - level) + (1 - HOLT_SLOPE) * slope
            expected = risen
        level = expected
    return level + slope * _damped(HOLT_DAMPING, horizon)


def _damped(phi: float, horizon: int) -> Logs:
    """phi + phi^2 + ... + phi^h of each month h; shape (months,)."""
    return np.cumsum(phi ** np.arange(1, horizon + 1, dtype=np.float64))


def _changes(past: Past) -> list[float]:
    """The change of the logarithm from each point to the next, as of one month: a walk of g months spreads by g^.5."""
    points = pairwise(zip(past.at, past.logs, strict=True))
    return [(log - before) / math.sqrt(at - then) for (then, before), (at, log) in points]


def variance(changes: Sequence[float]) -> tuple[float, int]:
    """v = (n s^2 + 4 x 0.12^2) / (n + 4) of the last 12 changes, and their number n [fc-03].

    s is their standard deviation, at most 2.5 x 1.4826 x their median absolute deviation, so that one odd month does
    not widen every interval.
    """
    recent = list(changes[-CHANGES:])
    s, n = 0.0, len(recent)
    if n > 1:
        middle = median(recent)
        s = min(stdev(recent), OUTLYING * MAD_TO_SIGMA * median(abs(change - middle) for change in recent))
    return (n * s * s + PRIOR_CHANGES * PRIOR_SIGMA**2) / (n + PRIOR_CHANGES), n


def level_shifts(past: Past) -> list[int]:
    """The positions from which the level is another: the change to them is over 3 standard deviations off the median of
    those before.

    Steady growth is no shift, however steep; two changes at least have to show what is steady.
    """
    found: list[int] = []
    steady: list[float] = []
    for position, change in enumerate(_changes(past), start=1):
        if len(steady) > 1 and abs(change - median(steady)) > SHIFT * math.sqrt(variance(steady)[0]):
            found.append(position)
        else:
            steady.append(change)
    return found
