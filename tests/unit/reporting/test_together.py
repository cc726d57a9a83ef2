"""What is said of moving together and of terms: in words, as JSON, and nothing where nothing is known."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import date
from decimal import Decimal
from typing import Any

import pytest
from jsonschema import Draft202012Validator

from advisor.decision.gates import NEVER_IN_A_MOVE
from advisor.decision.states import fold
from advisor.domain.assumptions import FleetAssumptions, Team, Workload
from advisor.domain.comparison import Comparison
from advisor.domain.facts import PullStatus
from advisor.domain.report import Findings
from advisor.projection.compare import compare
from advisor.projection.portfolio import portfolio
from advisor.reporting.explain import explain
from advisor.reporting.render import render
from advisor.reporting.schemas import schema
from advisor.reporting.section_together import together
from tests.golden.cases import findings
from tests.unit import builders as a

CHECK = Draft202012Validator(schema("check"))
FLEET = FleetAssumptions(policies=("equivalent", "static"))


def month(name: str, bill: float, model: str = "", **more: Any) -> Comparison:
    """Half a replica, and one to spare, of a $1 GPU: 2 x 744 h."""
    usage = a.flat_month(0.5 * 0.7 / 1.35 * 744 * 3600 * 1e6, bill, workload=Workload(name=name), **more)
    found = compare(
        usage,
        offers=[a.offer("1"), a.offer("0.60", commitment="1-year")],
        profiles=[replace(a.profile(1e6), model=model or name)],
        fleet=FLEET,
        policy=a.policy(),
    )
    assert isinstance(found, Comparison)
    return found


def found(*months: Comparison, team: Team | None = a.ABLE_TEAM, **changes: Any) -> Findings:
    verdicts = [fold([one], a.policy(), team)[-1] for one in months]
    joint = portfolio(verdicts, FLEET, team, (), NEVER_IN_A_MOVE)
    if joint:
        joint = replace(joint, **changes)
    return findings(*verdicts, fleet=FLEET, team=team, portfolio=joint)


def said(*months: Comparison, **more: Any) -> list[str]:
    return list(together(found(*months, **more)))


def document(whole: Findings) -> Any:
    parsed = json.loads(render(whole, "json"))
    assert [error.message for error in CHECK.iter_errors(parsed)] == []
    return parsed


LOSING = (month("chat", 5000), month("rag", 5200))


def test_what_pays_only_together_is_said_with_its_hours_and_that_verdicts_rest_on_each_alone() -> None:
    move, rests = said(*LOSING)
    saved = 5000 + 5200 - 2 * (2 * 744 + 220 + 5 * 100) - 25 * 100 - 120 * 100 // 12
    assert move.startswith(f"chat + rag save ${saved:,} a month with 35 h of engineering; each alone would not save")
    assert "at the low end of the throughput band" in move
    assert rests == "for information: each verdict rests on its workload alone, with the whole of the shared cost"


def test_what_each_saves_alone_stands_beside_what_they_save_together() -> None:
    one, other = month("chat", 9000), month("rag", 5200)
    [move, _] = said(one, other)
    assert f"; alone chat ${one.savings.amount:,.0f}, rag -$" in move


def test_nothing_that_pays_and_a_single_one_are_said_as_such() -> None:
    assert said(month("chat", 10), month("rag", 10)) == [
        "none of 2 pays within 40 h, even with what they share counted once"
    ]
    assert "; no other one adds to it" in said(month("chat", 9000), month("rag", 10))[0]


def test_with_fewer_than_two_there_is_nothing_to_share() -> None:
    assert said(month("chat", 9000)) == []
    assert said(month("chat", 9000, closed=False)) == []


def test_who_is_held_back_is_named_with_the_reason() -> None:
    lines = said(*LOSING, month("tags", 9000, source_status=PullStatus.PARTIAL), month("late", 9000, closed=False))
    assert lines[-1] == (
        "not counted, whatever they would save: tags (a source was not read whole), late (its month is not closed)"
    )


def test_the_teams_limit_says_what_more_hours_would_save() -> None:
    short = Team(engineering_hours_available=32.5, on_call_engineers=2)
    first, *rest = said(month("chat", 9000), month("rag", 9000), team=short)
    assert first.startswith("chat saves")
    assert any(line.startswith("the team's 32.5 h are the limit: chat + rag save") for line in rest)


@pytest.mark.parametrize(
    ("team", "line"),
    [
        (None, "the team is not stated: until then nothing moves"),
        (Team(engineering_hours_available=40, on_call_engineers=1), "2 on call are needed: until then nothing moves"),
    ],
)
def test_a_team_that_cannot_run_a_fleet_moves_nothing(team: Team | None, line: str) -> None:
    assert line in said(*LOSING, team=team)
    assert not any("until then" in line for line in said(*LOSING))


def test_shared_replicas_are_said_with_their_saving() -> None:
    lines = said(month("chat", 9000, "one"), month("rag", 9000, "one"))
    assert (
        f"chat + rag on the same replicas of one: static, 2 in place of 4 replicas, which is ${2 * 744:,} of it"
        in lines
    )


def test_an_answer_that_is_not_proved_says_what_no_other_could_exceed() -> None:
    assert "no choice can save more than" not in said(*LOSING)[0]
    assert said(*LOSING, at_most=a.usd(4321))[0].endswith("; no choice can save more than $4,321")


def test_the_report_has_the_section() -> None:
    assert "Together" in render(found(*LOSING), "table")
    assert "Together" not in render(found(month("chat", 9000)), "table")


def test_json_tells_nothing_known_from_nothing_that_pays() -> None:
    unknown = document(found(month("chat", 9000, closed=False)))["portfolio"]
    assert (unknown["move_together"], unknown["savings"], unknown["proved"]) == (None, None, None)
    nothing = document(found(month("chat", 10)))["portfolio"]
    assert nothing["move_together"] == []
    assert nothing["savings"] == {"amount": "0.00", "currency": "USD"}
    assert nothing["engineering_hours"] == 0


def test_json_holds_the_whole_portfolio() -> None:
    short = Team(engineering_hours_available=30, on_call_engineers=2)
    whole = document(
        found(
            month("chat", 9000, "one"), month("rag", 9000, "one"), month("tags", 9000),
            month("late", 9000, closed=False), team=short,
        )
    )["portfolio"]  # fmt: skip
    assert whole["move_together"] == ["chat", "rag"]
    assert whole["engineering_hours"] == 30
    assert whole["at_most"] == whole["savings"]
    assert whole["proved"] is whole["team_able"] is True
    assert whole["shared_replicas"] == [
        {
            "workloads": ["chat", "rag"],
            "model": "one",
            "policy": "static",
            "replicas": 2,
            "replicas_apart": 4,
            "savings": {"amount": f"{2 * 744}.00", "currency": "USD"},
        }
    ]
    assert whole["held_back"] == [{"workload": "late", "gate": "MONTH_OPEN"}]
    assert whole["without_hours_limit"]["move_together"] == ["chat", "rag", "tags"]


def test_terms_are_in_the_document_and_a_missing_one_is_null() -> None:
    on_demand, year, three = document(found(month("chat", 9000)))["workloads"][0]["terms"]
    assert on_demand["stable"]["gpu"] == {"amount": "1488.00", "currency": "USD"}
    assert year["stable"] == year["optimum"]
    assert year["optimum"]["savings"]["amount"] == f"{(1 - Decimal('0.60')) * 2 * 744:.2f}"
    assert (three["price_per_gpu_hour"], three["stable"], three["optimum"]) == (None, None, None)


def test_terms_are_explained_side_by_side() -> None:
    text = " ".join(explain(found(month("chat", 9000)), "chat").split())
    assert "Terms of its GPUs, side by side" in text
    assert "rented: 1,488 GPU-hours x $1.00 = $1,488.00" in text
    assert (
        "stable floor and optimum, 2 replicas, wanted 100.00 % of the time: 1,488 GPU-hours x $0.60 = $892.80 "
        "saved: $1,488.00 on demand - $892.80 = $595.20"
    ) in text
    assert "3-year: no offer of A100-80GB-SXM at runpod is known" in text


def test_a_date_is_said_where_a_commitment_holds_the_saving_back() -> None:
    held = replace(month("chat", 9000), avoidable=a.usd(0), savings=a.usd(-3000), cash_from=date(2027, 4, 1))
    assert "is cash from 2027-04-01 on" in " ".join(render(found(held), "table").split())
