"""How sure a comparison is: the direction of every input."""

from __future__ import annotations

import math
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from advisor.domain.fleet import Grade
from advisor.projection.probability import payback_months, probability_cheaper, ratio_needed
from tests.unit import builders as a

AMOUNT = st.floats(0.01, 1e9)
SIGMA = st.sampled_from([0.10, 0.30, 0.40])


@given(bill=AMOUNT, more=st.floats(1.0, 100.0), fleet=AMOUNT, sigma=SIGMA)
def test_a_dearer_invoice_never_makes_the_fleet_less_likely_cheaper(
    bill: float, more: float, fleet: float, sigma: float
) -> None:
    assert probability_cheaper(bill * more, fleet, 0.0, sigma) >= probability_cheaper(bill, fleet, 0.0, sigma)
    assert probability_cheaper(bill, fleet * more, 0.0, sigma) <= probability_cheaper(bill, fleet, 0.0, sigma)


@given(bill=AMOUNT, ratio=st.floats(1.0, 100.0))
def test_a_worse_known_throughput_makes_a_cheaper_fleet_less_sure(bill: float, ratio: float) -> None:
    own, published, estimate = (
        probability_cheaper(bill * ratio, bill, 0.0, grade.sigma)
        for grade in (Grade.OWN, Grade.PUBLISHED, Grade.ESTIMATE)
    )
    assert own >= published >= estimate >= 0.5


def test_equal_totals_are_even_odds() -> None:
    assert probability_cheaper(1000, 1000, 0.0, 0.3) == pytest.approx(0.5)


@pytest.mark.parametrize(("grade", "share"), [(Grade.OWN, 0.081), (Grade.PUBLISHED, 0.223), (Grade.ESTIMATE, 0.286)])
def test_eighty_percent_asks_for_a_margin_that_grows_with_the_grade(grade: Grade, share: float) -> None:
    """1 - e^(-0.8416 sigma) of the invoice."""
    ratio = ratio_needed(0.80, grade.sigma)
    assert 1 - 1 / ratio == pytest.approx(1 - math.exp(-0.8416212335729143 * grade.sigma))
    assert 1 - 1 / ratio == pytest.approx(share, abs=0.0005)
    assert probability_cheaper(ratio, 1.0, 0.0, grade.sigma) == pytest.approx(0.80)


def test_nothing_to_avoid_is_never_cheaper() -> None:
    assert probability_cheaper(0.0, 800, 0.0, 0.1) == 0.0


def test_without_any_spread_the_cheaper_one_is_certain() -> None:
    assert probability_cheaper(801, 800, 0.0, 0.0) == 1.0
    assert probability_cheaper(800, 800, 0.0, 0.0) == 0.0, "a tie is not cheaper"


def test_the_low_end_is_the_tenth_percentile_unless_a_band_is_stated() -> None:
    assert a.profile(1e6, grade=Grade.PUBLISHED).band[0] == pytest.approx(math.exp(-1.28 * 0.30))
    assert replace(a.profile(1e6, grade=Grade.ESTIMATE), low=0.6, high=1.4).band == (0.6, 1.4)


@pytest.mark.parametrize(("saving", "months"), [(1500.0, 8.0), (0.0, math.inf), (-10.0, math.inf)])
def test_payback_is_the_one_off_over_the_monthly_saving(saving: float, months: float) -> None:
    assert payback_months(12_000, saving) == months


def test_a_move_that_costs_nothing_pays_back_at_once_if_it_saves() -> None:
    assert payback_months(0.0, 10.0) == 0.0
    assert payback_months(0.0, -10.0) == math.inf
