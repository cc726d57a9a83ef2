"""A move has to beat the cheapest allowed host by the same margins as the bill; other hosts are shown, never silent."""

from __future__ import annotations

from dataclasses import replace
from decimal import Decimal

import pytest

from advisor.decision.gates import month_gates
from advisor.decision.states import fold
from advisor.domain.comparison import Comparison
from advisor.domain.verdict import Gate, GateResult, Reason, State, Verdict
from tests.unit import builders as a

GOOD = a.weighed("0.30")
PLAN = GOOD.chosen.cost.total.amount


def at(cost: Decimal | str, *, allowed: bool = True, month: Comparison = GOOD) -> Comparison:
    return replace(month, elsewhere=(a.elsewhere(str(cost), allowed=allowed),))


def gate(month: Comparison) -> GateResult:
    return next(found for found in month_gates(month, a.policy()) if found.gate is Gate.CHEAPER_SERVERLESS)


def judged(month: Comparison) -> Verdict:
    return fold(a.consecutive([month] * 3), a.policy(), a.ABLE_TEAM)[-1]


def test_a_host_that_is_not_allowed_gates_nothing() -> None:
    assert judged(at("1", allowed=False)).state is State.SWITCH


def test_a_host_that_asks_more_than_the_bill_gates_nothing() -> None:
    assert gate(at(GOOD.serverless.amount + 1)).met


@pytest.mark.parametrize(("cost", "met"), [(PLAN / Decimal("0.80"), True), (PLAN / Decimal("0.81"), False)])
def test_the_plan_must_beat_an_allowed_host_by_the_same_ratio(cost: Decimal, met: bool) -> None:
    assert cost < GOOD.serverless.amount
    assert gate(at(cost)).met is met


def test_the_plan_must_beat_an_allowed_host_by_the_same_amount() -> None:
    small = a.weighed("0.50", bill="2200")
    assert small.savings == a.usd(1100)
    assert gate(small).met
    assert not gate(at("2000", month=small)).met, "2,000 - 1,100 is under 1,000"


def test_a_cheaper_allowed_host_makes_it_stay_and_says_so() -> None:
    verdict = judged(at(PLAN / 2))
    assert (verdict.state, verdict.reason) == (State.STAY, Reason.CHEAPER_SERVERLESS)
    assert "deepinfra asks" in verdict.reason_text
    assert "the plan costs more than that" in verdict.reason_text
    assert verdict.next_action == ""


def test_the_cheapest_allowed_host_gates_not_the_first_listed() -> None:
    both = replace(
        GOOD,
        elsewhere=(a.elsewhere("1", "cheap"), a.elsewhere(str(PLAN / 2), "paid", allowed=True)),
    )
    assert "paid asks" in gate(both).detail


def test_a_standing_recommendation_ends_where_an_allowed_host_becomes_cheaper() -> None:
    months = a.consecutive([GOOD, GOOD, GOOD, at(PLAN / 2)])
    verdicts = fold(months, a.policy(), a.ABLE_TEAM)
    assert [verdict.state for verdict in verdicts[-2:]] == [State.SWITCH, State.STAY]


def test_an_open_month_with_a_cheaper_allowed_host_leans_to_stay() -> None:
    month = a.open_month("0.30")
    verdict = fold([at(month.chosen.cost.total.amount / 2, month=month)], a.policy(), a.ABLE_TEAM)[-1]
    assert verdict.leaning is State.STAY


def test_where_the_bill_is_cheaper_than_the_fleet_the_bill_is_the_reason() -> None:
    dear = a.weighed("-0.50")
    assert judged(at("1", month=dear)).reason is Reason.SERVERLESS_CHEAPER
