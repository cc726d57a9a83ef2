"""What would have to be true, and how sure a saving is, in words that never claim more than was found."""

from __future__ import annotations

from dataclasses import replace

import pytest

from advisor.domain.odds import Assumption, Flip
from advisor.reporting.odds_words import outward, probability, spread, turning, value, would_have_to_be_true
from tests.unit import builders as a

FOUND = a.weighed("0.30")


def flip(assumption: Assumption, current: float, at: float | None) -> Flip:
    return Flip(
        assumption=assumption, unit="", current=current, low=current * 0.9, high=current * 1.1, savings_low=a.usd(1),
        savings_high=a.usd(2), flips_at=at,
    )  # fmt: skip


@pytest.mark.parametrize(
    ("one", "said"),
    [
        (flip(Assumption.THROUGHPUT, 12_977, 14_211.3), "14,300 tokens/s a replica"),
        (flip(Assumption.GPU_PRICE, 2.49, 1.98765), "$1.98 a GPU-hour"),
        (flip(Assumption.GPU_PRICE, 2.49, 3.0101), "$3.02 a GPU-hour"),
        (flip(Assumption.SERVERLESS_PRICE, 0.22, 0.24321), "$0.244 per M tokens"),
        (flip(Assumption.VOLUME, 70e9, 53.24e9), "53.2B tokens"),
        (flip(Assumption.BURST, 1.35, 1.7123), "1.72x"),
        (flip(Assumption.PEAK_TO_MEAN, 3.0, 2.0), "2x"),
        (flip(Assumption.ENGINEERING_HOURS, 30, 41.07), "41.1 h a month"),
        (flip(Assumption.MIGRATION, 12_000, 20_001), "$20,100"),
        (flip(Assumption.CACHE_CARRY_OVER, 0.7, 0.0), "0 %"),
        (flip(Assumption.UTILIZATION, 0.7, 0.8132), "81.4 %"),
    ],
    ids=lambda one: one.assumption.value if isinstance(one, Flip) else "",
)
def test_a_value_that_turns_the_answer_is_rounded_away_from_now(one: Flip, said: str) -> None:
    assert turning(one) == said


def test_a_value_as_it_is_is_not_rounded_away() -> None:
    assert value(flip(Assumption.GPU_PRICE, 2.49, None), 2.49) == "$2.49 a GPU-hour"
    assert outward(2.0, 1.0) == outward(2.0, 3.0) == pytest.approx(2.0)


def test_one_line_names_the_nearest_and_what_it_is_now() -> None:
    flips = (
        flip(Assumption.GPU_PRICE, 2.49, 1.2),
        flip(Assumption.VOLUME, 70e9, 80e9),
        flip(Assumption.BURST, 1, None),
    )
    missed, met = (replace(FOUND, odds=replace(FOUND.odds, met=met, flips=flips)) for met in (False, True))
    assert would_have_to_be_true(missed) == (
        "what would have to be true: the savings gates would be met at volume 80.0B tokens (now 70.0B tokens) or "
        "GPU price $1.20 a GPU-hour (now $2.49 a GPU-hour), each alone"
    )
    assert "the savings gates would be missed at volume" in would_have_to_be_true(met)


def test_that_nothing_alone_is_enough_is_said() -> None:
    none = replace(FOUND, odds=replace(FOUND.odds, met=False, flips=(flip(Assumption.BURST, 1, None),)))
    assert would_have_to_be_true(none) == (
        "no single assumption at a plausible value is enough: by none of them the savings gates would be met"
    )


@pytest.mark.parametrize(("exact", "said"), [(0.7999, 0.79), (2000 / 2001, 0.99), (0.80, 0.80), (0.0, 0.0)])
def test_a_probability_is_rounded_down_and_never_certain(exact: float, said: float) -> None:
    assert probability(replace(FOUND, probability_cheaper=exact)) == said


@pytest.mark.parametrize(
    ("low", "high", "said"),
    [
        (3100, 5900, "in 8 of 10 draws it saves $3,100 to $5,900"),
        (-3100, 5900, "in 8 of 10 draws it is between costing $3,100 more and saving $5,900"),
        (-3100, -900, "in 8 of 10 draws it costs $900 to $3,100 more"),
    ],
)
def test_the_middle_of_the_draws_is_never_a_negative_saving(low: int, high: int, said: str) -> None:
    odds = replace(FOUND.odds, savings_p10=a.usd(low), savings_p90=a.usd(high))
    assert spread(replace(FOUND, odds=odds)) == said
