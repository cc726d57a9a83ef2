"""The month in which a growing workload reaches a volume, over simulated paths."""

from __future__ import annotations

import math
from dataclasses import dataclass
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

from advisor.domain.forecast import HORIZON
from advisor.projection.forecast import Trend

PATHS = 4_000
SEED = 20_261_101
NEVER = math.inf
RARELY = 0.999


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Crossing:
    """Over simulated paths of the volume, the month ahead in which each first meets the gates; `NEVER` beyond 18."""

    months_ahead: NDArray[np.float64]

    def within(self, months: int) -> float:
        """P(crossing in the next so many months)."""
        return float(np.mean(self.months_ahead <= months))

    def quantile(self, share: float) -> int | None:
        """The month ahead by which this share of the paths has crossed; None beyond the horizon."""
        month = float(np.sort(self.months_ahead)[max(0, math.ceil(share * len(self.months_ahead)) - 1)])
        return None if month == NEVER else int(month)


def highest(trend: Trend) -> float:
    """Tokens a day that are not passed within 18 months, but in one case of a thousand."""
    return float(np.exp((trend.centre + trend.half_width(RARELY)).max()))


def crossing(trend: Trend, needed: float | None, months_in_a_row: int) -> Crossing:
    """The first month h <= 18 from which *needed* tokens a day are met for so many months, on each simulated path.

    A path is the trend + an error of its slope x h + a random walk, of variances v / (4 n) and v a month; both are
    wider by the same factor on a path, since v is an estimate, so that they spread as the forecast's interval does.
    `trend.centre` reaches months_in_a_row - 1 months beyond the horizon.
    """
    if needed is None:
        return Crossing(months_ahead=np.full(1, NEVER))
    months, degrees = len(trend.centre), trend.changes + 3
    slopes, walks, squares = _draws(months, degrees)
    sigma = np.sqrt(trend.variance * degrees / squares)[:, None]
    ahead = np.arange(1, months + 1)
    paths = trend.centre + sigma * (slopes[:, None] * ahead / math.sqrt(4 * max(1, trend.changes)) + walks)
    return Crossing(months_ahead=first_month(paths >= math.log(max(needed, 1e-300)), months_in_a_row))


def first_month(met: NDArray[np.bool_], months_in_a_row: int) -> NDArray[np.float64]:
    """The first month, counted from 1 and at most 18, from which so many in a row are met [dec-06].

    *met* has shape (paths, months); `NEVER` where a path has no such month.
    """
    windows = np.lib.stride_tricks.sliding_window_view(met, months_in_a_row, axis=1)
    in_a_row = np.logical_and.reduce(windows, axis=2)[:, :HORIZON]
    return np.where(np.logical_or.reduce(in_a_row, axis=1), in_a_row.argmax(axis=1) + 1.0, NEVER)


@lru_cache(maxsize=16)
def _draws(months: int, degrees: int) -> tuple[NDArray[np.float64], NDArray[np.float64], NDArray[np.float64]]:
    """The same draws for every workload and run: slope errors, walks (paths, months), and chi-squares."""
    # RandomState's stream is frozen, that of newer generators is not: the same facts give the same answer for good.
    random = np.random.RandomState(SEED)
    slopes = random.standard_normal(PATHS)
    walks = random.standard_normal((PATHS, months)).cumsum(axis=1)
    return slopes, walks, np.square(random.standard_normal((PATHS, degrees))).sum(axis=1)
