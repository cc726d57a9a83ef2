"""The value nearest to now at which an answer turns."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence

import numpy as np
from numpy.typing import NDArray

from advisor.projection.uncertainty_draws import Floats

Met = Callable[[Sequence[Floats]], Sequence[NDArray[np.bool_]]]
POINTS = 129
"""Factors looked at between both ends: a fiftieth or less apart."""
ROUNDS, PARTS = 3, 33
"""Each round narrows a bracket to one of so many parts: to a millionth of the value after the last."""
HALVINGS = 20


def grid(ends: tuple[float, float], breaks: Floats) -> Floats:
    """Factors from one end to the other with 1 among them, evenly spaced by ratio.

    *breaks* are factors at which a staircase steps: between two of them it is straight, so that with them no crossing
    is overlooked.
    """
    even = np.exp(np.linspace(math.log(ends[0]), math.log(ends[1]), POINTS))
    return np.unique(np.concatenate([even, breaks[(breaks > ends[0]) & (breaks < ends[1])], [1.0]]))


def crossings(met: Met, grids: Sequence[Floats], now: bool) -> list[float | None]:
    """Of each grid the factor nearest to 1, by ratio, at which *met* is not as *now*; None where it is so at all.

    The bracket of the first that differs is narrowed; what comes back is its far side, at which the answer is the
    other one. *met* is asked for all grids at once.
    """
    brackets = [_bracket(factors, answers, now) for factors, answers in zip(grids, met(grids), strict=True)]
    for _ in range(ROUNDS if any(brackets) else 0):
        between = [_between(*bracket) if bracket else np.array([]) for bracket in brackets]
        for at, (factors, answers) in enumerate(zip(between, met(between), strict=True)):
            if len(factors):
                first = int(np.argmax(answers != now))
                brackets[at] = (float(factors[max(0, first - 1)]), float(factors[first]))
    return [bracket[1] if bracket else None for bracket in brackets]


def _bracket(factors: Floats, answers: NDArray[np.bool_], now: bool) -> tuple[float, float] | None:
    """The last factor on the way from 1 that is as now, and the first that is not."""
    other = np.flatnonzero(answers != now)
    if not len(other):
        return None
    nearest = int(other[np.argmin(np.abs(np.log(factors[other])))])
    towards_now = nearest + (1 if factors[nearest] < 1 else -1)
    return float(factors[towards_now]), float(factors[nearest])


def _between(same: float, far: float) -> Floats:
    factors: Floats = np.exp(np.linspace(math.log(same), math.log(far), PARTS))
    factors[[0, -1]] = same, far
    return factors


def bisected(met: Callable[[float], bool], now: float, ends: tuple[float, float]) -> float | None:
    """The value on the way to an end at which *met* is other than at *now*, for an answer that turns once at most.

    The nearer end is tried first; None where the answer is the same at both.
    """
    answer = met(now)
    for end in sorted(ends, key=lambda one: abs(one - now)):
        if met(end) == answer:
            continue
        same, far = now, end
        for _ in range(HALVINGS):
            middle = (same + far) / 2
            same, far = (middle, far) if met(middle) == answer else (same, middle)
        return far
    return None
