"""A move inside a credit period: at most WATCH, with the date on which its saving becomes cash."""

from __future__ import annotations

from dataclasses import replace
from datetime import date
from decimal import Decimal
from typing import Any

import pytest

from advisor.decision.gates import month_gates
from advisor.decision.states import fold
from advisor.domain.assumptions import Commitment
from advisor.domain.comparison import Comparison
from advisor.domain.units import Month
from advisor.domain.verdict import Gate, GateResult, State, Verdict
from advisor.projection.compare import compare
from tests.unit import builders as a

BILL, FLEET_COST = 7200, 5040
UNTIL = date(2027, 3, 31)


def owing(floor: int, *, until: date = UNTIL, month: Month = a.OCTOBER, **usage: Any) -> Comparison:
    """A month of $7,200 at one host against one replica of $5,040, with so much promised to that host."""
    found = compare(
        a.flat_month(1e9, str(BILL), month=month, **usage),
        offers=[a.offer("7")],
        profiles=[a.profile(1e6)],
        fleet=a.fleet(redundancy=0),
        policy=a.policy(),
        commitments=[Commitment(provider="aws", floor_per_month=Decimal(floor), until=until)],
        bills={"aws": a.usd(BILL)},
    )
    assert isinstance(found, Comparison)
    assert found.chosen.cost.total == a.usd(7 * 720) == a.usd(FLEET_COST)
    return found


def gate(month: Comparison) -> GateResult:
    return next(found for found in month_gates(month, a.policy()) if found.gate is Gate.CREDIT_PERIOD)


def verdict(*months: Comparison) -> Verdict:
    return fold(months, a.policy(), a.ABLE_TEAM)[-1]


def row(floor: int, **more: Any) -> list[Comparison]:
    return [owing(floor, month=a.OCTOBER.plus(-back), **more) for back in (2, 1, 0)]


def test_without_a_commitment_the_saving_is_cash_and_the_move_stands() -> None:
    months = row(0)
    assert gate(months[-1]).met
    assert verdict(*months).state is State.SWITCH


@pytest.mark.parametrize("floor", [BILL, 6000, 1000])
def test_a_saving_that_a_commitment_takes_is_at_most_watched_and_says_when_it_is_cash(floor: int) -> None:
    """Gross 2,160 of 7,200 are 30 %; less 1,000 and more that stay owed, under 20 %."""
    months = row(floor)
    assert months[-1].savings == a.usd(BILL - floor - FLEET_COST)
    assert not gate(months[-1]).met
    found = verdict(*months)
    assert found.state is State.WATCH
    assert found.blocked_by[0] is Gate.CREDIT_PERIOD
    assert f"${floor:,} of the bill stays owed" in found.reason_text
    assert "$2,160 a month, is cash from 2027-04-01 on" in found.reason_text
    assert ";" not in found.reason_text, "the economic gates fail for this reason alone"
    assert "commitment ends" in found.next_action


def test_what_saves_enough_beside_the_commitment_is_cash_already() -> None:
    """2,160 - 700 = 1,460 are 20.3 % of 7,200."""
    months = row(700)
    assert gate(months[-1]).met
    assert "$700 of the bill stays owed" in gate(months[-1]).detail
    assert verdict(*months).state is State.SWITCH


def test_what_would_not_save_enough_either_way_is_not_for_the_commitment_to_explain() -> None:
    dear = replace(owing(BILL), savings=a.usd(-7000), avoidable=a.usd(0), savings_ratio=-7000 / 7200)
    assert gate(dear).met
    assert verdict(dear).state is State.STAY


def test_a_standing_recommendation_does_not_stand_in_a_credit_period() -> None:
    earlier = [owing(0, month=a.OCTOBER.plus(-back)) for back in (3, 2, 1)]
    assert verdict(*earlier).state is State.SWITCH
    assert verdict(*earlier, owing(1500)).state is State.WATCH


def test_a_commitment_that_has_run_out_holds_nothing_back() -> None:
    months = row(BILL, until=date(2026, 7, 31))
    assert verdict(*months).state is State.SWITCH


def test_an_open_month_in_a_credit_period_leans_to_watching() -> None:
    assert verdict(owing(BILL, closed=False)).leaning is State.WATCH
