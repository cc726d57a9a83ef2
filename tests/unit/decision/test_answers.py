"""Answers to recommendations: what was answered is not repeated, and an answer never makes a recommendation."""

from __future__ import annotations

from datetime import UTC, date, datetime
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from advisor.decision.remembered import unmuted
from advisor.decision.states import fold
from advisor.domain.answers import Answer, AnswerKind
from advisor.domain.comparison import Comparison, Missing, NotCompared
from advisor.domain.units import Month
from advisor.domain.verdict import Reason, State, Verdict
from tests.unit import builders as a
from tests.unit.own_fleets import answer

Judged = Comparison | NotCompared
JANUARY = Month(2026, 1)
GOOD, POOR, LOSING = a.weighed("0.30"), a.weighed("0.10"), a.weighed("-0.10")
AFTER_MARCH = (2026, 4, 10)
"""The day of an answer to what was said of March, the third month."""


def judge(*months: Judged, answers: tuple[Answer, ...] = ()) -> list[Verdict]:
    return list(fold(a.consecutive(months), a.policy(), a.ABLE_TEAM, answers=answers))


def test_without_an_answer_a_good_row_is_a_switch() -> None:
    assert judge(*[GOOD] * 4)[-1].state is State.SWITCH


def test_a_move_that_was_announced_is_not_recommended_again_from_the_month_answered_on() -> None:
    moving = answer(AnswerKind.MOVING, AFTER_MARCH, month=Month(2026, 6), reason="ordered")
    verdicts = judge(*[GOOD] * 5, answers=(moving,))
    assert [verdict.state for verdict in verdicts] == [State.WATCH] * 2 + [State.STAY] * 3
    march = verdicts[2]
    assert (march.reason, march.advised, march.answer) == (Reason.MOVING, State.SWITCH, moving)
    assert march.reason_text == "moving to own GPUs from 2026-06 (ordered)"
    assert march.next_action == ""
    assert verdicts[4].previous is State.STAY


def test_what_was_said_before_the_answer_stays_said() -> None:
    moving = answer(AnswerKind.MOVING, (2026, 5, 10), month=Month(2026, 6))
    assert [verdict.state for verdict in judge(*[GOOD] * 4, answers=(moving,))][2:] == [State.SWITCH, State.STAY]


def test_from_the_month_of_the_move_on_the_streak_stands_and_falling_tokens_are_no_decline() -> None:
    moving = answer(AnswerKind.MOVING, AFTER_MARCH, month=Month(2026, 4))
    gone = a.missing(Missing.NO_USAGE)
    verdicts = judge(GOOD, GOOD, GOOD, LOSING, LOSING, gone, answers=(moving,))
    assert [verdict.streak for verdict in verdicts] == [1, 2, 3, 3, 3, 3]
    assert {verdict.state for verdict in verdicts[2:]} == {State.STAY}
    assert {verdict.reason for verdict in verdicts[3:]} == {Reason.MOVING}
    without = judge(GOOD, GOOD, GOOD, LOSING, LOSING, gone)
    assert without[-1].streak == 0, "without the answer it is a decline"


def test_months_that_vanish_after_the_move_end_no_streak() -> None:
    dated = [a.weighed("0.30", month=Month(2026, number)) for number in (1, 2, 3, 6)]
    moving = answer(AnswerKind.MOVING, AFTER_MARCH, month=Month(2026, 4))
    assert fold(dated, a.policy(), a.ABLE_TEAM, answers=[moving])[-1].streak == 3
    assert fold(dated, a.policy(), a.ABLE_TEAM)[-1].streak == 1


def test_an_open_month_of_an_announced_move_leans_to_no_move() -> None:
    moving = answer(AnswerKind.MOVING, AFTER_MARCH, month=Month(2026, 9))
    assert judge(GOOD, GOOD, GOOD, a.open_month())[-1].leaning is State.SWITCH
    assert judge(GOOD, GOOD, GOOD, a.open_month(), answers=(moving,))[-1].leaning is State.STAY


def test_what_was_declined_is_asked_again_once_it_would_save_a_quarter_more() -> None:
    """March saves 30 % of 7,200 = 2,160; a quarter more is 2,700."""
    no = answer(AnswerKind.DECLINED, AFTER_MARCH, reason="no GPUs this year")
    short, enough = a.weighed("0.30", bill="8999"), a.weighed("0.30", bill="9001")
    held = judge(GOOD, GOOD, GOOD, short, answers=(no,))[2:]
    assert [(verdict.state, verdict.reason) for verdict in held] == [(State.STAY, Reason.DECLINED)] * 2
    assert held[0].reason_text == (
        "declined on 2026-04-10 (no GPUs this year); asked again once it would save $2,700.00 a month"
    )
    again = judge(GOOD, GOOD, GOOD, enough, answers=(no,))[-1]
    assert again.state is State.SWITCH
    assert "declined on 2026-04-10, asked again because it would now save $2,700.30" in again.reason_text


def test_a_blocked_switch_can_be_declined_too() -> None:
    no = answer(AnswerKind.DECLINED, AFTER_MARCH)
    verdict = fold(a.consecutive([GOOD] * 3), a.policy(), None, answers=[no])[-1]
    assert (verdict.state, verdict.advised) == (State.STAY, State.SWITCH_BLOCKED)


def test_the_last_answer_counts_and_answers_on_others_do_not() -> None:
    moving = answer(AnswerKind.MOVING, AFTER_MARCH, month=Month(2026, 4))
    no = answer(AnswerKind.DECLINED, (2026, 4, 11))
    other = answer(AnswerKind.MOVING, (2026, 4, 12), month=Month(2026, 4), workload="search")
    assert judge(*[GOOD] * 3, answers=(moving, no, other))[-1].reason is Reason.DECLINED
    assert judge(*[GOOD] * 3, answers=(no, moving))[-1].reason is Reason.DECLINED, "the order of time, not of the list"
    assert judge(*[GOOD] * 3, answers=(other,))[-1].state is State.SWITCH


def test_a_snoozed_recommendation_stays_and_is_sent_again_from_its_day_on() -> None:
    snooze = answer(AnswerKind.SNOOZED, AFTER_MARCH, until=date(2026, 5, 1))
    verdict = judge(*[GOOD] * 3, answers=(snooze,))[-1]
    assert (verdict.state, verdict.snooze) == (State.SWITCH, snooze)
    assert unmuted([verdict], datetime(2026, 4, 30, 23, tzinfo=UTC)) == ()
    assert unmuted([verdict], datetime(2026, 5, 1, tzinfo=UTC)) == (verdict,)


def test_a_snooze_is_beside_an_answer_not_instead_of_it() -> None:
    moving = answer(AnswerKind.MOVING, AFTER_MARCH, month=Month(2026, 6))
    snooze = answer(AnswerKind.SNOOZED, (2026, 4, 11), until=date(2026, 5, 1))
    assert judge(*[GOOD] * 3, answers=(moving, snooze))[-1].reason is Reason.MOVING
    assert judge(*[POOR] * 3, answers=(snooze,))[-1].snooze is None, "there is no message to keep"
    assert fold(a.consecutive([GOOD] * 3), a.policy(), None, answers=[snooze])[-1].snooze is None, (
        "nor of a blocked one"
    )


@pytest.mark.parametrize(
    ("kind", "more"),
    [
        (AnswerKind.MOVING, {}),
        (AnswerKind.DECLINED, {"month": Month(2026, 6)}),
        (AnswerKind.SNOOZED, {}),
        (AnswerKind.MOVING, {"month": Month(2026, 6), "until": date(2026, 6, 1)}),
    ],
)
def test_an_answer_has_what_belongs_to_it_and_nothing_else(kind: AnswerKind, more: dict[str, Any]) -> None:
    with pytest.raises(ValueError, match="do not go together"):
        answer(kind, AFTER_MARCH, **more)


MONTHS = st.lists(
    st.sampled_from(
        [GOOD, POOR, LOSING, a.weighed("0.30", bill="12000"), a.open_month(), a.missing(Missing.NO_COST),
         a.missing(Missing.NO_USAGE), a.missing(Missing.CLOSED_WEIGHTS)]
    ),
    min_size=1, max_size=9,
)  # fmt: skip
ANSWERS = st.lists(
    st.builds(
        lambda kind, month, day: answer(
            kind,
            (2026, month, day),
            month=JANUARY.plus(day % 12) if kind in (AnswerKind.MOVING, AnswerKind.RETURNING) else None,
            until=date(2026, month, day) if kind is AnswerKind.SNOOZED else None,
        ),
        st.sampled_from(list(AnswerKind)),
        st.integers(1, 12),
        st.integers(1, 28),
    ),
    max_size=4,
)


@settings(max_examples=120, deadline=None)
@given(months=MONTHS, answers=ANSWERS)
def test_an_answer_never_makes_a_move(months: list[Judged], answers: list[Answer]) -> None:
    moves = (State.SWITCH, State.SWITCH_BLOCKED, State.RETURN)
    plain = judge(*months)
    for before, after in zip(plain, judge(*months, answers=tuple(answers)), strict=True):
        if after.state in moves:
            assert after.state is before.state
        if after.advised:
            assert (after.state, after.advised) == (State.STAY, before.state)


@settings(max_examples=60, deadline=None)
@given(months=MONTHS)
def test_the_answer_to_nothing_changes_nothing(months: list[Judged]) -> None:
    other = answer(AnswerKind.DECLINED, AFTER_MARCH, workload="another")

    def told(verdict: Verdict) -> tuple[object, ...]:
        return verdict.state, verdict.reason, verdict.reason_text, verdict.streak, verdict.gates, verdict.next_action

    assert [told(one) for one in judge(*months, answers=(other,))] == [told(one) for one in judge(*months)]
