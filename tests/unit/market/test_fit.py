"""Measured points at another mix: what a fit keeps, what one point alone gives, and what neither may do."""

from __future__ import annotations

import math

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from advisor.domain.fleet import Grade, Profile
from advisor.market.fit import SAME, at_lengths, fit
from advisor.market.profiles import pace_of
from advisor.market.roofline import Seconds

PREFILL, DECODE = 20_000.0, 4_000.0


def flat(input_length: float, output_length: float) -> Seconds:
    """A roofline whose rates depend on no length: 1 / rps = isl / P + osl / D."""
    return Seconds(input_length / PREFILL, output_length / DECODE)


def point(lengths: tuple[float, float], seconds: float, source: str = "a table") -> Profile:
    """A measured point that took *seconds* of a replica for each request."""
    return Profile(
        model="llama-3.1-8b", gpu="A100-80GB-SXM", tensor_parallel=1, precision="bf16", grade=Grade.PUBLISHED,
        source=source, total_tokens_per_second=sum(lengths) / seconds, input_length=lengths[0],
        output_length=lengths[1], note="an engine",
    )  # fmt: skip


@given(prefill=st.floats(0.3, 3), decode=st.floats(0.3, 3), into=st.floats(150, 4_000), out=st.floats(60, 1_900))
def test_fit_finds_the_rates_that_the_points_were_made_with(
    prefill: float, decode: float, into: float, out: float
) -> None:
    """rps = 1 / (isl / P + osl / D) holds exactly between points that were made by it."""
    mixes = [(128.0, 2048.0), (2048.0, 128.0), (1000.0, 1000.0), (4100.0, 50.0)]
    assume(all(math.dist((math.log(into), math.log(out)), (math.log(i), math.log(o))) > SAME for i, o in mixes))
    points = [point((i, o), prefill * i / PREFILL + decode * o / DECODE) for i, o in mixes]
    found = at_lengths(points, flat, into, out)
    assert found.total_tokens_per_second == pytest.approx(
        (into + out) / (prefill * into / PREFILL + decode * out / DECODE), rel=1e-6
    )
    assert (found.input_length, found.output_length) == (into, out)


def test_no_rate_is_ever_fitted_below_zero() -> None:
    """Points that get faster with longer prompts would need a negative prefill time: it is held at none."""
    rooflines = [Seconds(1.0, 1.0), Seconds(3.0, 1.0)]
    prefill, decode = fit(rooflines, [2.0, 1.0], [1.0, 1.0])
    assert prefill == 0.0
    assert decode == pytest.approx((1 / 2 + 1 / 1) / (1 / 4 + 1 / 1))
    assert fit([Seconds(1.0, 1.0), Seconds(1.0, 3.0)], [2.0, 1.0], [1.0, 1.0])[1] == 0.0


def test_points_of_one_mix_scale_prefill_and_decode_alike() -> None:
    assert fit([Seconds(1.0, 2.0), Seconds(2.0, 4.0)], [6.0, 12.0], [1.0, 1.0]) == pytest.approx((2.0, 2.0))


def test_point_at_the_workloads_own_lengths_is_taken_as_it_was_measured() -> None:
    exact = point((1000, 1000), 3.0)
    assert at_lengths([exact, point((2048, 128), 1.0), point((128, 2048), 5.0)], flat, 1000, 1000) is exact


def test_one_point_is_carried_over_by_the_ratio_of_the_rooflines() -> None:
    """1000/1000 took twice the roofline's time, so does 3000/500: 2 x (3000 / P + 500 / D)."""
    measured = point((1000, 1000), 2 * (1000 / PREFILL + 1000 / DECODE))
    found = at_lengths([measured], flat, 3000, 500)
    assert found.total_tokens_per_second == pytest.approx(3500 / (2 * (3000 / PREFILL + 500 / DECODE)))
    assert "carried over from 1,000/1,000 to 3,000/500 tokens" in found.note
    assert found.note.endswith("the nearest: an engine")


def test_points_on_one_side_of_the_ratio_are_not_extrapolated_by_a_fit() -> None:
    """The nearest alone is carried over, however the farther ones lie."""
    points = [point((1000, 1000), 1.0), point((128, 2048), 1.0)]
    assert at_lengths(points, flat, 4000, 200) == at_lengths(points[:1], flat, 4000, 200)


def test_fit_rests_on_the_four_nearest_and_names_them_and_their_sources() -> None:
    near = [point((1000, 100 * n), 1.0 + n, source=f"table {n}") for n in (1, 2, 3, 4)]
    far = point((90_000, 9_000), 500.0, source="far away")
    found = at_lengths([far, *near], flat, 1000, 260)
    assert found.note.startswith("fitted to 1,000/260 tokens on the points at 1,000/300, 1,000/200, ")
    assert sorted(found.source.split("; ")) == [f"table {n}" for n in (1, 2, 3, 4)]


def test_order_of_the_points_decides_nothing() -> None:
    points = [point((1000, 100 * n), 1.0 + n) for n in (1, 2, 3, 4)]
    assert at_lengths(points, flat, 1000, 250) == at_lengths(points[::-1], flat, 1000, 250)


def test_without_a_roofline_the_nearest_point_is_taken_as_it_was_measured() -> None:
    near, far = point((1000, 1000), 3.0), point((128, 2048), 5.0)
    assert at_lengths([far, near], lambda into, out: None, 900, 1100) is near


def test_longer_context_slows_a_point_of_the_same_ratio_down() -> None:
    """Decode reads the cache of the whole context: ten times the lengths are fewer tokens a second."""
    measured = point((1000, 1000), 0.4)
    pace = pace_of("llama-3.1-8b", "A100-80GB-SXM", 1, "bf16")
    short, long = (at_lengths([measured], pace, size, size).total_tokens_per_second for size in (500.0, 10_000.0))
    assert short is not None
    assert long is not None
    assert math.isfinite(long)
    assert long < 2000 / 0.4 < short
