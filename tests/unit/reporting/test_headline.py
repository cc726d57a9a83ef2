"""The one sentence for the whole portfolio: what to do, and what it does not cover."""

from __future__ import annotations

from dataclasses import replace

import pytest

from advisor.domain.facts import Basis, PullStatus
from advisor.domain.report import Findings
from advisor.domain.units import Money
from advisor.domain.verdict import Reason, State, Verdict
from advisor.reporting import words
from advisor.reporting.headline import sentences
from tests.golden import cases
from tests.golden.cases import CASES, findings, judged, source
from tests.unit import builders as a
from tests.unit.own_fleets import followed


def said(found: Findings) -> str:
    return " ".join(sentences(found))


def saved(*verdicts: Verdict) -> str:
    return words.money(sum((v.comparison.savings for v in verdicts if v.comparison), Money.zero("USD")))


def test_a_move_names_what_moves_what_it_saves_and_what_stays() -> None:
    moving = judged("extract", "30240")
    share = words.percent(float(moving.comparison.savings.amount / 30_240)) if moving.comparison else ""
    assert said(findings(moving, judged("rag", "3857", 18e9))) == (
        f"MOVE 1 OF 2: move extract to your own GPUs: saves {saved(moving)} a month ({share}). Keep the rest as is."
    )


def test_several_moves_save_at_least_the_sum_of_each_alone() -> None:
    moving = [judged(name, "30240") for name in ("a", "b", "c", "d", "e")]
    text = said(findings(*moving))
    assert text.startswith("MOVE 5 OF 5: move a, b, c and 2 more to your own GPUs: saves at least ")
    assert saved(*moving) in text
    assert "the rest" not in text


def test_a_move_on_an_estimate_says_so() -> None:
    text = said(findings(judged("extract", "30240", cost_basis=Basis.ESTIMATED)))
    assert text.startswith("MOVE 1 OF 1")
    assert text.endswith("on estimated bills.")


def test_a_vendors_endpoint_is_not_called_own_gpus() -> None:
    text = said(CASES["switch_to_a_vendor"]())
    assert "to a vendor's dedicated endpoint" in text
    assert "your own" not in text


def test_a_standing_recommendation_does_not_claim_a_saving_that_a_month_does_not_have() -> None:
    standing = replace(judged("rag", "3857", 18e9), state=State.SWITCH)
    assert standing.comparison
    more = words.money(-standing.comparison.savings)
    assert said(findings(standing)) == (
        f"MOVE 1 OF 1: move rag to your own GPUs: recommended before, though this month it would cost {more} more."
    )
    blocked = replace(standing, state=State.SWITCH_BLOCKED, reason=Reason.TEAM_NOT_STATED)
    assert f"would cost {more} more this month on your own GPUs, but the team is not stated" in said(findings(blocked))


def test_a_return_is_a_move_back() -> None:
    losing = replace(judged("rag", "3857", 18e9), state=State.RETURN, followed=followed(a.OCTOBER, "12100", "10000"))
    back = words.money(a.usd(12_100 - 10_000))
    assert said(findings(losing)) == f"MOVE 1 OF 1: move rag back to serverless: saves {back} a month."


def test_a_blocked_move_says_what_blocks_it() -> None:
    assert said(CASES["switch_blocked_not_stated"]()).endswith("but the team is not stated. Keep the rest as is.")
    small = said(CASES["switch_blocked_too_small"]())
    assert small.startswith("MOVE BLOCKED: extract (1 of 1) would save $")
    assert small.endswith("but the team is too small: 10 h a month and 1 on call, 30 h and 2 needed.")


def test_a_blocked_move_is_not_kept_as_is_beside_another_move() -> None:
    text = said(findings(judged("extract", "30240"), judged("chat", "30000", team=None)))
    assert text.startswith("MOVE 1 OF 2: move extract")
    assert "the rest" not in text
    assert "chat (1 of 2) would save" in text


def test_staying_names_the_nearest_and_how_far_it_is() -> None:
    nearest = judged("rag", "3857", 18e9)
    assert nearest.comparison
    ratio = float(nearest.comparison.chosen.cost.total.amount) / 3857
    assert said(CASES["stay"]()) == (
        f"STAY: keep all 2 as is. Nearest to a move is rag: own GPUs cost {words.times(ratio)} its bill."
    )


def test_a_watched_workload_is_named_with_what_holds_it_back() -> None:
    text = said(CASES["watch"]())
    assert text.startswith("STAY: keep all 2 as is. 1 of 2 is cheaper on own GPUs this month, but held back: ")
    assert "support-chat (saves 19.2 %, under 20 %)" in text


def test_a_workload_without_data_is_seen_beside_every_answer() -> None:
    lacking = CASES["no_cost"]().verdicts[0]
    for beside in (judged("x", "30240"), judged("x", "17100"), judged("x", "312"), judged("x", "30240", team=None)):
        assert "1 of 2 has not enough data: chat." in said(findings(beside, lacking))


@pytest.mark.parametrize("case", ["no_usage", "no_cost", "no_profile", "no_offer", "open_month", "nothing"])
def test_nothing_known_is_said_as_such(case: str) -> None:
    text = said(CASES[case]())
    assert text.startswith("NOTHING CAN BE SAID YET: ")
    assert "STAY" not in text
    assert "MOVE" not in text


def test_an_open_month_says_which_way_it_leans() -> None:
    assert said(CASES["open_month"]()).endswith("So far 1 of 2 leans to a move: extract.")


def test_only_ineligible_workloads_have_nothing_to_move() -> None:
    assert said(CASES["ineligible_all"]()).startswith("STAY: none of the 3 workloads can run on own GPUs")


@pytest.mark.parametrize("case", [case for case in CASES if case != "hostile"])
def test_a_failed_source_is_seen_beside_every_answer(case: str) -> None:
    found = replace(
        CASES[case](),
        sources=(source("a"), source("b", status=PullStatus.FAILED), source("c", status=PullStatus.PARTIAL)),
    )
    assert said(found).endswith("1 of 3 sources failed: b. 1 of 3 sources was read in part: c.")


@pytest.mark.parametrize("case", CASES)
def test_every_sentence_is_one_line_and_ends(case: str) -> None:
    for sentence in sentences(CASES[case]()):
        assert sentence.endswith(".")
        assert sentence.isprintable() or "👩" in sentence
        assert ".." not in sentence.removesuffix("...")


def test_a_wall_of_text_does_not_fill_the_headline() -> None:
    moving = [judged("n" * 5_000, "30240"), judged("m" * 5_000, "30240")]
    assert len(said(findings(*moving))) < 250


def test_a_bill_of_nothing_is_no_move() -> None:
    free = a.flat_month(70e9, "0")
    verdict = judged("free", "0")
    assert free.cost == a.usd(0)
    assert verdict.state is State.STAY
    assert said(cases.findings(verdict)) == "STAY: keep the one workload as is."
