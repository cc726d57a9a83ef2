"""What is printed with a verdict: the binding gate first, and one true next step."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from advisor.decision.states import fold
from advisor.decision.words import LIFTS, SUPPLIES
from advisor.domain.assumptions import Team, Workload
from advisor.domain.comparison import Comparison, Missing, NotCompared
from advisor.domain.facts import PullStatus
from advisor.domain.units import DAY_SECONDS
from advisor.domain.verdict import Gate, Reason, State, Verdict
from tests.unit import builders as a


def last(*months: Comparison | NotCompared, team: Team | None = a.ABLE_TEAM, **policy: Any) -> Verdict:
    return fold(a.consecutive(months), a.policy(**policy), team)[-1]


def test_every_gate_says_what_lifts_it_and_everything_missing_what_supplies_it() -> None:
    assert set(LIFTS) == set(Gate)
    assert set(SUPPLIES) == set(Missing)
    assert all(LIFTS.values())
    assert all(SUPPLIES.values())


def test_a_watch_names_every_gate_of_the_month_and_lifts_the_first() -> None:
    verdict = last(a.weighed("0.10"), team=None)
    assert verdict.state is State.WATCH
    assert verdict.blocked_by == (
        Gate.SAVINGS_RATIO, Gate.MIN_SAVINGS, Gate.PRICE_TODAY, Gate.STREAK, Gate.TEAM,
    )  # fmt: skip
    assert verdict.reason_text == "saves 10 %, under 20 %; saves $720 a month, under $1,000"
    assert verdict.next_action == LIFTS[Gate.SAVINGS_RATIO]


def test_a_watch_that_only_waits_says_so() -> None:
    verdict = last(a.weighed("0.30"), a.weighed("0.30"))
    assert verdict.reason_text == "month 2 of 3 in a row"
    assert verdict.next_action == "wait for the next closed month"


@pytest.mark.parametrize(
    ("month", "step"),
    [
        (a.weighed(source_status=PullStatus.PARTIAL), LIFTS[Gate.SOURCE]),
        (a.weighed(reconciliation=a.drift(1000, 880)), LIFTS[Gate.DRIFT]),
        (a.weighed(grain=31 * DAY_SECONDS), LIFTS[Gate.MONTHLY_SHAPE]),
        (a.weighed(offer_changes={"tier": "community"}), LIFTS[Gate.WEAK_OFFER]),
        (replace(a.weighed(), probability_cheaper=0.5), f"{LIFTS[Gate.PROBABILITY]}: advisor profiles recipe chat"),
        (replace(a.weighed(), payback_months=20.0), LIFTS[Gate.PAYBACK]),
    ],
)
def test_the_next_step_lifts_the_binding_gate(month: Comparison, step: str) -> None:
    assert last(month).next_action == step


def test_a_switch_is_explained_before_it_is_made() -> None:
    workload = Workload(name="my chat", serve="llama-3.1-8b")
    verdict = last(*[a.weighed(workload=workload)] * 3)
    assert verdict.reason_text == "month 3 of 3, all gates met"
    assert verdict.next_action == "plan the move; every figure: advisor explain 'my chat'"


def test_a_standing_switch_says_when_it_would_end() -> None:
    verdict = last(*[a.weighed()] * 3, a.weighed("0.10"))
    assert verdict.reason_text == "recommended before; stands until savings fall to -5 %"


def test_a_blocked_switch_asks_for_the_team() -> None:
    months = [a.weighed()] * 3
    assert last(*months, team=None).next_action == "state the team: [team]"
    small = last(*months, team=Team(engineering_hours_available=90, on_call_engineers=1))
    assert small.next_action.startswith("free the hours and people")


@pytest.mark.parametrize("what", [Missing.CLOSED_WEIGHTS, Missing.NOT_MODELLED, Missing.UNKNOWN_MODEL])
def test_the_ineligible_have_a_step_too(what: Missing) -> None:
    verdict = last(a.missing(what))
    assert verdict.state is State.INELIGIBLE
    assert "serve" in verdict.next_action
    assert verdict.streak == 0


@pytest.mark.parametrize(
    ("what", "step"),
    [
        (Missing.NO_COST, "add [[prices]], or an invoice as a source"),
        (Missing.NO_PROFILE, "add [[fleet.profiles]] with your own benchmark"),
        (Missing.NO_OFFER, "add [[fleet.offers]] with a quote"),
        (Missing.NO_EXCHANGE_RATE, "add [[exchange_rates]]"),
    ],
)
def test_insufficient_data_names_the_table_that_supplies_it(what: Missing, step: str) -> None:
    verdict = last(a.missing(what))
    assert verdict.state is State.INSUFFICIENT_DATA
    assert verdict.reason is Reason.MISSING
    assert verdict.next_action == step


def test_a_month_that_was_not_delivered_waits_for_its_days() -> None:
    verdict = last(_undelivered(None))
    assert verdict.reason is Reason.NO_CLOSED_MONTH
    assert verdict.next_action == LIFTS[Gate.MONTH_OPEN]


def test_a_month_that_was_billed_but_not_counted_wants_a_count() -> None:
    assert last(_undelivered("100")).next_action == "add a source that counts its tokens"


def _undelivered(cost: str | None) -> NotCompared:
    return NotCompared(usage=a.flat_month(0, cost, closed=False), missing=Missing.NO_USAGE, detail="nothing came")


def test_a_commitment_that_leaves_nothing_to_save_is_the_reason() -> None:
    month = replace(a.weighed("-0.10"), avoidable=a.usd(0))
    assert last(month).reason_text == "nothing of the invoice is avoidable"


def test_a_bill_of_nothing_is_the_reason() -> None:
    month = replace(a.weighed("-0.10"), avoidable=a.usd(0), serverless=a.usd(0))
    assert last(month).reason_text == "there is no bill to save from"
