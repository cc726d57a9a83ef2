"""What was told is corrected once where it was wrong, with its cause; what only moved a little is revised silently."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

import pytest

from advisor.contract.store import Decision
from advisor.decision.corrections import causes, corrections, last_told, restated
from advisor.decision.record import Rules, assumed_by, decision_of
from advisor.decision.states import fold
from advisor.domain.answers import AnswerKind
from advisor.domain.assumptions import Overheads, Team
from advisor.domain.comparison import Comparison
from advisor.domain.correction import Correction
from advisor.domain.facts import Basis
from advisor.domain.units import Month
from advisor.domain.verdict import State, Verdict
from tests.unit import builders as a
from tests.unit.own_fleets import answer

RULES = Rules(fleet=a.fleet(), policy=a.policy(), team=a.ABLE_TEAM)
TOLD_AT = datetime(2026, 4, 6, 9, tzinfo=UTC)
GOOD = a.weighed("0.30")


def judged(*months: Comparison, **more: Any) -> list[Verdict]:
    return list(fold(a.consecutive(months), a.policy(), a.ABLE_TEAM, **more))


def told(verdicts: Sequence[Verdict], rules: Rules = RULES) -> list[Decision]:
    """What a store holds of them, newest first."""
    return [decision_of(verdict, rules, TOLD_AT) for verdict in reversed(verdicts)]


def corrected(before: Sequence[Verdict], now: Sequence[Verdict], rules: Rules = RULES) -> tuple[Correction, ...]:
    return corrections(now, last_told(told(before)), rules)


MARCH = judged(GOOD, GOOD, GOOD)[-1:]


def test_the_same_answer_is_no_correction() -> None:
    assert MARCH[0].state is State.SWITCH
    assert corrected(MARCH, judged(GOOD, GOOD, GOOD)[-1:]) == ()


def test_a_verdict_that_is_another_is_corrected_with_both_bills_and_the_cause() -> None:
    (one,) = corrected(MARCH, judged(GOOD, GOOD, a.weighed("0.10", bill="5600"))[-1:])
    assert (one.state_before, one.verdict.state, one.month) == ("SWITCH", State.WATCH, Month(2026, 3))
    assert (one.bill_before, one.told_at) == (Decimal("7200.00"), TOLD_AT)
    assert one.causes[0] == "data: the bill $7,200.00 became $5,600.00"


@pytest.mark.parametrize(("bill", "count"), [("7272.00", 0), ("7128.00", 0), ("7272.72", 1), ("7127.00", 1)])
def test_an_amount_is_corrected_where_it_moved_by_more_than_1_percent(bill: str, count: int) -> None:
    same_plan = 1 - Decimal("5040") / Decimal(bill)
    now = judged(GOOD, GOOD, a.weighed(str(same_plan), bill=bill))[-1:]
    assert now[0].state is State.SWITCH
    assert len(corrected(MARCH, now)) == count


def test_a_bill_that_became_known_or_unknown_is_corrected() -> None:
    unknown = [replace(MARCH[0], basis=replace(GOOD, usage=replace(MARCH[0].usage, cost=None)))]
    assert len(corrected(unknown, MARCH)) == 1
    assert len(corrected(MARCH, unknown)) == 1


def test_an_earlier_month_is_restated_where_its_data_is_another_and_told_only_where_it_matters() -> None:
    before = judged(GOOD, GOOD, GOOD)
    little = judged(a.weighed("0.304", bill="7240"), GOOD, GOOD)
    much = judged(a.weighed("0.10", bill="5600"), GOOD, GOOD)
    kept = last_told(told(before))
    assert [one.usage.month for one in restated(little, kept, RULES)] == [Month(2026, 1)]
    assert corrections(restated(little, kept, RULES), kept, RULES) == ()
    assert [one.month for one in corrections(restated(much, kept, RULES), kept, RULES)] == [Month(2026, 1)]
    assert [(one.month, one.verdict.state) for one in corrections(much, kept, RULES)] == [
        (Month(2026, 1), State.WATCH),
        (Month(2026, 3), State.WATCH),
    ], "what follows is judged again: March is only the second of a row"


def test_a_month_that_was_told_as_provisional_or_not_at_all_is_not_corrected() -> None:
    opened = [replace(MARCH[0], basis=replace(GOOD, usage=replace(MARCH[0].usage, closed=False)))]
    now = judged(GOOD, GOOD, a.weighed("0.10"))[-1:]
    assert corrected(opened, now) == ()
    assert corrected([], now) == ()


def test_the_users_own_answer_is_no_correction_and_neither_is_taking_it_back() -> None:
    moving = answer(AnswerKind.MOVING, (2026, 4, 10), month=Month(2026, 6))
    answered = judged(GOOD, GOOD, GOOD, answers=[moving])[-1:]
    assert answered[0].state is State.STAY
    assert corrected(MARCH, answered) == ()
    assert corrected(answered, MARCH) == ()


def test_the_last_revision_of_a_month_is_what_was_told() -> None:
    first, last = told(MARCH)[0], told(judged(GOOD, GOOD, a.weighed("0.10"))[-1:])[0]
    assert last_told([last, first]) == {("chat", Month(2026, 3)): last}


def test_a_setting_that_changed_is_named_with_both_values() -> None:
    costly = a.fleet(overheads=Overheads(engineering_hourly_rate=Decimal(180)))
    other = Rules(fleet=costly, policy=a.policy(months_in_a_row=2), team=None)
    said = list(causes(assumed_by(MARCH[0], RULES), assumed_by(MARCH[0], other), data=True))
    assert "config: [policy] months_in_a_row 3 became 2" in said
    assert "config: [fleet] overheads.engineering_hourly_rate 100 became 180" in said
    assert any(line.startswith("config: [team]") for line in said)
    small = replace(RULES, team=Team(engineering_hours_available=10, on_call_engineers=2))
    assert list(causes(assumed_by(MARCH[0], RULES), assumed_by(MARCH[0], small), data=True)) == [
        "config: [team] engineering_hours_available 40 became 10"
    ]


def test_a_price_of_the_catalog_that_changed_is_named() -> None:
    then, now = assumed_by(MARCH[0], RULES), assumed_by(judged(GOOD, GOOD, a.weighed("0.35"))[-1], RULES)
    (said,) = causes(then, now, data=True)
    assert said.startswith("catalog: A100-80GB-SXM at runpod on-demand from ")
    elsewhere = a.weighed("0.30", offer_changes={"provider": "lambda"})
    (said,) = causes(then, assumed_by(judged(GOOD, GOOD, elsewhere)[-1], RULES), data=True)
    assert said.startswith("plan: the cheapest is on A100-80GB-SXM at lambda on-demand")


def test_a_token_price_that_changed_is_named_and_not_taken_for_data() -> None:
    listed = a.weighed("0.30", cost_basis=Basis.ESTIMATED)
    before, now = judged(listed)[0], judged(a.weighed("0.20", bill="6300", cost_basis=Basis.ESTIMATED))[0]
    assert list(causes(assumed_by(before, RULES), assumed_by(now, RULES), data=True))[:1] == [
        "token price: the same tokens at $7,200.00 became $6,300.00"
    ]
    fallen = judged(GOOD, GOOD, a.weighed("0.30", cost_today=a.usd(6000)))[-1:]
    (one,) = corrected(MARCH, fallen)
    assert (one.state_before, one.verdict.state) == ("SWITCH", State.WATCH)
    assert one.causes == ("token price: what would be saved at the prices of the day, $2,160.00 became $960.00",)


def test_a_record_comes_back_from_json_as_it_was_made() -> None:
    record = decision_of(MARCH[0], RULES, TOLD_AT)
    assert assumed_by(MARCH[0], RULES) == record.assumed
    assert record.assumed["fleet"]["overheads"]["migration_months"] == 12
    assert record.assumed["reason_text"] == "month 3 of 3, all gates met"
