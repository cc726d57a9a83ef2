"""The closed forms of the break-even volumes, against a walk along the staircase."""

from __future__ import annotations

import math
from itertools import pairwise

import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from advisor.projection.staircase import Staircase

STAIRS = st.builds(
    Staircase,
    price_per_token=st.integers(1, 30).map(float),
    cost_per_step=st.integers(1, 400).map(float),
    capacity_tokens=st.integers(1, 40).map(float),
    fixed=st.integers(0, 300).map(float),
    min_steps=st.integers(1, 4),
)
SMALL = st.integers(0, 200)


def saves(stairs: Staircase, tokens: float, min_ratio: float = 0.0, min_saving: float = 0.0) -> bool:
    """By definition: S - D >= ratio x S and S - D >= saving, with room for rounding."""
    bill, cost = stairs.price_per_token * tokens, stairs.cost(tokens)
    room = 1e-9 * max(bill, cost, 1.0)
    return bill - cost >= min_ratio * bill - room and bill - cost >= min_saving - room


def ends(stairs: Staircase, steps: int) -> tuple[float, float]:
    """The volumes that so many steps carry; the first is carried by one step less."""
    below = 0 if steps == stairs.min_steps else steps - 1
    return below * stairs.capacity_tokens, steps * stairs.capacity_tokens


def walked_first(stairs: Staircase, min_ratio: float, min_saving: float, limit: int) -> float | None:
    """The first volume that saves enough, by looking: the saving grows inside a step, so its end is looked at first."""
    for steps in range(stairs.min_steps, limit):
        low, high = ends(stairs, steps)
        if saves(stairs, high, min_ratio, min_saving):
            for _ in range(60):
                middle = (low + high) / 2
                low, high = (low, middle) if saves(stairs, middle, min_ratio, min_saving) else (middle, high)
            return high
    return None


@settings(max_examples=200, deadline=None)
@given(stairs=STAIRS, min_ratio=st.sampled_from([0.0, 0.1, 0.2, 0.5]), min_saving=SMALL)
def test_first_is_the_first_volume_on_a_walk_that_saves_enough(
    stairs: Staircase, min_ratio: float, min_saving: float
) -> None:
    found = stairs.first(min_ratio, min_saving)
    limit = 400 if found is None else stairs.min_steps + math.ceil(found / stairs.capacity_tokens) + 3
    assume(limit < 3_000)
    walked = walked_first(stairs, min_ratio, min_saving, limit)
    if found is None:
        # A tie of marginal price and invoice is never; rounding would let a walk without fixed cost see a saving of 0.
        assert walked is None or stairs.never(min_ratio + 1e-9)
    else:
        assert walked == pytest.approx(found, rel=1e-6)


@settings(max_examples=200, deadline=None)
@given(stairs=STAIRS)
def test_permanent_is_the_end_of_the_last_stretch_on_which_the_invoice_is_cheaper(stairs: Staircase) -> None:
    found = stairs.permanent()
    if found is None:
        assert stairs.never()
        return
    reached = math.ceil(found / stairs.capacity_tokens - 1e-9)
    assume(reached < 3_000)
    for steps in range(reached, reached + 100):
        just_after = ends(stairs, steps)[1] * (1 + 1e-7)
        assert saves(stairs, just_after * (1 + 1e-9)), "the worst point of a later step"
    low = ends(stairs, reached)[0]
    if found > low * (1 + 1e-6):
        assert not saves(stairs, (low + found) / 2), "inside a step, the crossing itself"


@settings(max_examples=300, deadline=None)
@given(stairs=STAIRS)
def test_winning_intervals_are_those_of_a_walk_along_the_staircase(stairs: Staircase) -> None:
    found = stairs.winning_intervals(limit=10_000)
    permanent = stairs.permanent()
    if permanent is None:
        assert found == ()
        return
    reached = math.ceil(permanent / stairs.capacity_tokens)
    assume(reached < 400)
    assert found[-1][1] == math.inf
    assert all(start <= end for start, end in found)
    assert all(earlier[1] < later[0] for earlier, later in pairwise(found))
    for steps in range(stairs.min_steps, reached + 3):
        low, high = ends(stairs, steps)
        for part in (0.001, 0.25, 0.5, 0.75, 0.999):
            tokens = low + part * (high - low)
            inside = any(start * (1 + 1e-9) < tokens < end * (1 - 1e-9) for start, end in found)
            near = any(math.isclose(tokens, edge, rel_tol=1e-6) for pair in found for edge in pair)
            assert near or inside == saves(stairs, tokens)


def test_a_tie_of_marginal_price_and_invoice_is_never() -> None:
    tie = Staircase(price_per_token=0.1, cost_per_step=0.3, capacity_tokens=3.0, fixed=0.0)
    assert tie.never()
    assert (tie.first(), tie.permanent(), tie.winning_intervals()) == (None, None, ())


@pytest.mark.parametrize("above", [1e-3, 1e-6, 1e-9, 2e-12])
def test_a_price_barely_above_the_marginal_one_is_answered_at_once(above: float) -> None:
    """The volumes are astronomic, F / (p - c / C) and more, but no walk is needed to find them."""
    stairs = Staircase(price_per_token=0.1 * (1 + above), cost_per_step=1792.8, capacity_tokens=17928.0, fixed=5000.0)
    first, permanent = stairs.first(), stairs.permanent()
    assert first is not None
    assert permanent is not None
    assert first == pytest.approx(5000 / (0.1 * above), rel=0.01 if above > 1e-10 else 0.5), "what 16 digits leave"
    assert permanent >= first
    assert (stairs.first(min_saving=5000.0) or 0) >= first
    assert len(stairs.winning_intervals()) <= 51


def test_a_free_invoice_is_never_beaten() -> None:
    assert Staircase(price_per_token=0.0, cost_per_step=1.0, capacity_tokens=1.0, fixed=0.0).never()


def test_asking_for_the_whole_invoice_as_saving_is_never() -> None:
    cheap = Staircase(price_per_token=1.0, cost_per_step=0.001, capacity_tokens=1000.0, fixed=0.0)
    assert cheap.first(min_ratio=1.0) is None
