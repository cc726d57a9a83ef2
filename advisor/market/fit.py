"""Measured points of one model, GPU, group and precision, brought to a workload's own request lengths."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import replace

from advisor.domain.fleet import Profile
from advisor.market.roofline import Seconds

NEAREST = 4
"""Points that a fit rests on, the nearest by log distance; further ones add nothing to its accuracy."""
SAME = 0.01
"""Log distance up to which a point counts as measured at the workload's own lengths."""
SOFTENING = 0.1
"""Added to the log distance that weighs a point, so that no point decides alone."""

Pace = Callable[[float, float], Seconds | None]
"""The roofline's seconds a request of an input and an output length; None where it has none."""


def at_lengths(points: Sequence[Profile], pace: Pace, input_length: float, output_length: float) -> Profile:
    """The total rate of *points* at a workload's mean lengths, as one profile that says how it came about.

    A point at these lengths is taken as it was measured. Where at least two points lie on both sides of the workload's
    input:output ratio, the nearest of them are fitted (see `fit`); otherwise the nearest one alone is carried over: its
    seconds a request change as the roofline's do. Without a roofline the nearest is taken as it is. All points have a
    total rate and lengths.
    """
    ordered = sorted(points, key=lambda point: (distance(point, input_length, output_length), rate(point)))
    nearest = ordered[0]
    here = pace(input_length, output_length)
    if distance(nearest, input_length, output_length) <= SAME or here is None:
        return nearest
    used = ordered[:NEAREST] if _on_both_sides(points, input_length / output_length) else ordered[:1]
    there = [pace(*lengths(point)) for point in used]
    paced = [(point, seconds) for point, seconds in zip(used, there, strict=True) if seconds is not None]
    if not paced or paced[0][0] is not nearest:
        return nearest
    measured = [sum(lengths(point)) / rate(point) for point, _ in paced]
    weights = [(SOFTENING + distance(point, input_length, output_length)) ** -2 for point, _ in paced]
    prefill, decode = fit([seconds for _, seconds in paced], measured, weights)
    seconds = prefill * here.prefill + decode * here.decode
    return replace(
        nearest,
        total_tokens_per_second=(input_length + output_length) / seconds,
        input_length=input_length,
        output_length=output_length,
        source="; ".join(dict.fromkeys(point.source for point, _ in paced)),
        checked_on=min((point.checked_on for point, _ in paced if point.checked_on), default=None),
        note=_told([point for point, _ in paced], input_length, output_length),
    )


def fit(rooflines: Sequence[Seconds], measured: Sequence[float], weights: Sequence[float]) -> tuple[float, float]:
    """Factors (a, b) >= 0 on the roofline's prefill and decode seconds that meet the measured seconds a request best.

    Weighted non-negative least squares of 1 / rps = a isl / P + b osl / D(context) on relative errors, P and D of the
    roofline: two unknowns, so solved in closed form, and on the edges where one of them would be negative. Points of a
    single mix leave the two apart undetermined: both are then the same factor, as for one point.
    """
    rows = [(w, one.prefill / s, one.decode / s) for w, one, s in zip(weights, rooflines, measured, strict=True)]
    pp = sum(w * p * p for w, p, _ in rows)
    pd = sum(w * p * d for w, p, d in rows)
    dd = sum(w * d * d for w, _, d in rows)
    p1 = sum(w * p for w, p, _ in rows)
    d1 = sum(w * d for w, _, d in rows)
    determinant = pp * dd - pd * pd
    if determinant <= 1e-6 * pp * dd:
        both = (p1 + d1) / (pp + 2 * pd + dd)
        return both, both
    prefill, decode = (p1 * dd - d1 * pd) / determinant, (d1 * pp - p1 * pd) / determinant
    if prefill >= 0 and decode >= 0:
        return prefill, decode
    # The residual falls by p1^2 / pp on one edge and by d1^2 / dd on the other.
    return (p1 / pp, 0.0) if p1 * p1 / pp > d1 * d1 / dd else (0.0, d1 / dd)


def lengths(point: Profile) -> tuple[float, float]:
    assert point.input_length is not None
    assert point.output_length is not None
    return point.input_length, point.output_length


def rate(point: Profile) -> float:
    assert point.total_tokens_per_second is not None
    return point.total_tokens_per_second


def distance(point: Profile, input_length: float, output_length: float) -> float:
    """How far a point's mix is: the length of the difference of the logs of both mean lengths."""
    into, out = lengths(point)
    return math.hypot(math.log(into / input_length), math.log(out / output_length))


def _on_both_sides(points: Sequence[Profile], ratio: float) -> bool:
    """Whether the ratio lies between those of two points, or is one that several have at different lengths."""
    ratios = [into / out for into, out in map(lengths, points)]
    return len(points) > 1 and min(ratios) <= ratio <= max(ratios)


def _told(used: Sequence[Profile], input_length: float, output_length: float) -> str:
    mixes = ", ".join(f"{into:,.0f}/{out:,.0f}" for into, out in map(lengths, used))
    own = f"{input_length:,.0f}/{output_length:,.0f} tokens"
    how = f"fitted to {own} on the points at {mixes}" if len(used) > 1 else f"carried over from {mixes} to {own}"
    return f"{how} along the roofline; the nearest: {used[0].note}" if used[0].note else f"{how} along the roofline"
