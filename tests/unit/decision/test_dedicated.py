"""Months on own GPUs: followed, paid twice while the move lasts, and returned from where they lose to serverless."""

from __future__ import annotations

from typing import Any

import pytest

from advisor.decision.states import fold
from advisor.domain.answers import AnswerKind
from advisor.domain.assumptions import Workload
from advisor.domain.comparison import Missing
from advisor.domain.dedicated import Followed
from advisor.domain.facts import PullStatus
from advisor.domain.units import Month
from advisor.domain.verdict import Reason, State, Verdict
from tests.unit import builders as a
from tests.unit.own_fleets import answer, committed, followed

JANUARY = Month(2026, 1)
OWN = Workload(name="chat", serve="llama-3.1-8b", serving="dedicated", dedicated_since="2026-01")
DEAR, EVEN, CHEAP = ("10500", "10000"), ("10400", "10000"), ("7000", "10000")
"""5 % above serverless, a little above it, and below it."""


def judge(*months: Followed, workload: Workload = OWN, answers: Any = (), **usage: Any) -> list[Verdict]:
    """The verdicts on months that were followed so."""
    history = a.consecutive([a.weighed("0.30", workload=workload, **usage)] * len(months))
    by_month = {found.month: found for found in months}
    return list(fold(history, a.policy(), a.ABLE_TEAM, answers=answers, followed=by_month))


def row(*costs: tuple[str, str], **changes: Any) -> list[Followed]:
    return [followed(JANUARY.plus(at), *cost, **changes) for at, cost in enumerate(costs)]


def states(*costs: tuple[str, str]) -> list[State]:
    return [verdict.state for verdict in judge(*row(*costs))]


def test_what_is_cheaper_on_own_gpus_stays_there_and_says_by_how_much() -> None:
    verdict = judge(*row(CHEAP))[-1]
    assert (verdict.state, verdict.reason, verdict.next_action) == (State.STAY, Reason.DEDICATED, "")
    assert verdict.reason_text == (
        "already on own GPUs since 2026-01; they cost $7,000.00, serverless at aws would be $10,000.00"
    )


def test_two_closed_months_5_percent_above_serverless_are_a_return() -> None:
    verdicts = judge(*row(DEAR, DEAR))
    assert [verdict.state for verdict in verdicts] == [State.STAY, State.RETURN]
    assert "5 % more, month 1 of 2" in verdicts[0].reason_text
    assert verdicts[1].reason is Reason.DEARER
    assert verdicts[1].reason_text.endswith("5 % more, month 2 of 2")
    assert verdicts[1].next_action == "plan the way back; every figure: advisor explain chat"


def test_a_month_in_between_that_is_not_dear_enough_ends_the_row() -> None:
    assert states(DEAR, EVEN, DEAR) == [State.STAY] * 3


def test_a_return_stands_until_own_gpus_cost_no_more_than_serverless() -> None:
    assert states(DEAR, DEAR, EVEN, CHEAP, EVEN)[1:] == [State.RETURN, State.RETURN, State.STAY, State.STAY]
    standing = judge(*row(DEAR, DEAR, EVEN))[-1]
    assert standing.reason_text.endswith("4 % more, advised before; stands until they cost no more than serverless")


def test_an_idle_fleet_is_dearer_than_serverless_that_would_ask_nothing() -> None:
    verdict = judge(*row(("7000", "0"), ("7000", "0")))[-1]
    assert verdict.state is State.RETURN
    assert "they served nothing" in verdict.reason_text


def test_while_a_commitment_owes_the_gpus_leaving_saves_nothing_and_no_return_is_advised() -> None:
    until = Month(2026, 3)
    verdicts = judge(*[committed(JANUARY.plus(at), until) for at in range(5)])
    assert [verdict.state for verdict in verdicts] == [State.STAY] * 4 + [State.RETURN]
    assert {verdict.reason for verdict in verdicts[:3]} == {Reason.COMMITTED}
    assert "$12,000.00 of it is owed until 2026-03, so leaving saves $0.00" in verdicts[0].reason_text


def test_what_a_commitment_leaves_avoidable_can_be_reason_enough() -> None:
    """Engineering alone costs more than serverless: it is left although the GPUs stay owed."""
    lost = [
        followed(JANUARY.plus(at), "12000", "2000", sunk=a.usd(12_000), running_cost=a.usd(3000),
                 commitment_until=Month(2026, 12))
        for at in range(2)
    ]  # fmt: skip
    verdict = judge(*lost)[-1]
    assert verdict.state is State.RETURN
    assert verdict.followed
    assert verdict.followed.still_owed == a.usd(12_000 * 10), "10 months after February"
    assert "$12,000.00 of it is owed until 2026-12, so leaving saves $1,000.00" in verdict.reason_text


def test_what_other_workloads_need_too_is_not_saved_by_leaving() -> None:
    """10,500 is 5 % above serverless, but 1,000 of engineering would go on for the others."""
    costs = {"running_cost": a.usd(1500), "avoidable_running": a.usd(500)}
    verdicts = judge(*row(("9000", "10000"), ("9000", "10000"), **costs))
    assert {verdict.state for verdict in verdicts} == {State.STAY}
    assert "$1,000.00 of it other workloads need too, so leaving saves $0.00" in verdicts[-1].reason_text


@pytest.mark.parametrize("lacking", [("7000", None), (None, "10000"), (None, None)])
def test_what_is_not_known_is_said_and_never_counts_as_cheap_or_dear(lacking: tuple[str | None, str | None]) -> None:
    blank = followed(Month(2026, 2), *lacking)
    verdicts = judge(followed(JANUARY, *DEAR), blank, followed(Month(2026, 3), *DEAR))
    assert [verdict.state for verdict in verdicts] == [State.STAY] * 3
    assert verdicts[1].reason_text == "already on own GPUs since 2026-01; what its own GPUs cost is not known"


def test_a_source_that_was_read_in_part_advises_no_return() -> None:
    assert judge(*row(DEAR, DEAR), source_status=PullStatus.PARTIAL)[-1].state is State.STAY


def test_an_open_month_counts_for_nothing_and_leans() -> None:
    months = row(DEAR, DEAR)
    history = a.consecutive([a.weighed("0.30", workload=OWN), a.open_month(workload=OWN)])
    verdict = fold(history, a.policy(), a.ABLE_TEAM, followed={one.month: one for one in months})[-1]
    assert (verdict.state, verdict.leaning) == (State.INSUFFICIENT_DATA, State.RETURN)


def test_the_move_is_under_way_while_serverless_carries_more_than_a_spill() -> None:
    """A fleet that waits for its traffic is dear by nature: three months from its first on are not judged."""
    part = {"own_share": 0.4, "still_serverless": a.usd(6000)}
    verdicts = judge(*row(DEAR, DEAR, DEAR, DEAR, DEAR, **part))
    assert [verdict.reason for verdict in verdicts[:3]] == [Reason.MIGRATING] * 3
    assert [verdict.state for verdict in verdicts] == [State.STAY] * 4 + [State.RETURN]
    assert verdicts[0].reason_text == (
        "moving to own GPUs since 2026-01: they carry 40 % of the tokens; "
        "paid twice: $6,000.00 serverless beside $10,500.00 of own GPUs"
    )
    moved = judge(*row(DEAR, DEAR, own_share=0.9))
    assert moved[-1].state is State.RETURN, "nine tenths have moved"


def test_own_traffic_that_is_seen_freezes_the_streak_although_nobody_said_so() -> None:
    plain = Workload(name="chat", serve="llama-3.1-8b")
    history = a.consecutive([a.weighed("0.30", workload=plain)] * 4)
    seen = {Month(2026, 3): followed(Month(2026, 3), *CHEAP, own_share=0.3)}
    verdicts = fold(history, a.policy(), a.ABLE_TEAM, followed=seen)
    assert [verdict.streak for verdict in verdicts] == [1, 2, 2, 3]
    assert verdicts[2].reason is Reason.MIGRATING


def test_before_dedicated_since_it_is_judged_on_serverless_and_its_switch_is_no_news() -> None:
    later = Workload(name="chat", serve="llama-3.1-8b", serving="dedicated", dedicated_since="2026-05")
    verdicts = fold(a.consecutive([a.weighed("0.30", workload=later)] * 5), a.policy(), a.ABLE_TEAM)
    assert [verdict.state for verdict in verdicts] == [State.WATCH] * 2 + [State.STAY] * 3
    assert verdicts[2].reason_text == "moving to own GPUs from 2026-05 (dedicated_since)"
    assert verdicts[2].advised is State.SWITCH
    assert (verdicts[4].reason, verdicts[4].streak) == (Reason.DEDICATED, 4)


def test_what_left_serverless_whole_is_not_a_workload_without_usage() -> None:
    gone = a.missing(Missing.NO_USAGE, workload=OWN)
    unseen = followed(JANUARY, None, None, own_tokens=0, own_share=None)
    verdict = fold(a.consecutive([gone]), a.policy(), a.ABLE_TEAM, followed={JANUARY: unseen})[-1]
    assert (verdict.state, verdict.reason) == (State.STAY, Reason.DEDICATED)
    assert "not known" in verdict.reason_text


def test_a_bill_beside_own_gpus_of_unknown_cost_is_said() -> None:
    unseen = followed(JANUARY, None, own_tokens=0, own_share=0.0, still_serverless=a.usd(9000))
    assert judge(unseen)[-1].reason_text.endswith("; $9,000.00 of serverless is paid beside")


def test_savings_add_up_over_the_months_of_which_they_are_known() -> None:
    verdicts = judge(*row(CHEAP, CHEAP), followed(Month(2026, 3), None), followed(Month(2026, 4), *DEAR))
    realized = verdicts[-1].realized
    assert realized
    assert realized.saved == a.usd(3000 + 3000 - 500)
    assert (realized.since, realized.months, realized.of_months) == (JANUARY, 3, 4)
    assert judge(followed(JANUARY, None))[-1].realized.saved is None  # type: ignore[union-attr]


def test_a_way_back_that_was_announced_is_not_advised_again() -> None:
    back = answer(AnswerKind.RETURNING, (2026, 3, 10), month=Month(2026, 5), reason="contract ends")
    verdict = judge(*row(DEAR, DEAR), answers=(back,))[-1]
    assert (verdict.state, verdict.reason, verdict.advised) == (State.STAY, Reason.RETURNING, State.RETURN)
    assert verdict.reason_text == "moving back to serverless from 2026-05 (contract ends)"


def test_after_the_way_back_it_is_asked_to_be_said_so_and_a_new_move_has_to_be_earned() -> None:
    back = answer(AnswerKind.RETURNING, (2026, 3, 10), month=Month(2026, 3))
    unseen = followed(Month(2026, 3), None, own_tokens=0, own_share=0.0)
    verdict = judge(*row(DEAR, DEAR), unseen, answers=(back,))[-1]
    assert (verdict.state, verdict.reason) == (State.STAY, Reason.RETURNING)
    assert verdict.reason_text == 'back on serverless since 2026-03: write serving = "serverless" in its [[workloads]]'

    plain = Workload(name="chat", serve="llama-3.1-8b")
    history = a.consecutive([a.weighed("0.30", workload=plain)] * 7)
    own = {Month(2026, number): followed(Month(2026, number), *CHEAP) for number in (4, 5)}
    left = answer(AnswerKind.RETURNING, (2026, 5, 10), month=Month(2026, 6))
    tried, returned = (fold(history, a.policy(), a.ABLE_TEAM, answers=said, followed=own) for said in ((), (left,)))
    assert [verdict.streak for verdict in tried] == [1, 2, 3, 3, 3, 4, 5]
    assert [verdict.streak for verdict in returned] == [1, 2, 3, 3, 3, 1, 2]
    assert (tried[-1].state, returned[-1].state) == (State.SWITCH, State.WATCH)


def test_a_return_can_be_declined_until_it_would_save_a_quarter_more() -> None:
    """February loses 500 a month; asked again from 625 on."""
    no = answer(AnswerKind.DECLINED, (2026, 3, 10))
    short, enough = ("10624", "10000"), ("10626", "10000")
    assert [v.state for v in judge(*row(DEAR, DEAR, short), answers=(no,))][1:] == [State.STAY] * 2
    assert judge(*row(DEAR, DEAR, enough), answers=(no,))[-1].state is State.RETURN
