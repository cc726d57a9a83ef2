"""The document for programs: valid under the shipped schema, exact, and with nothing left out."""

from __future__ import annotations

import json
import math
from dataclasses import replace
from decimal import Decimal
from typing import Any

import pytest
from jsonschema import Draft202012Validator

from advisor.domain.fleet import Grade
from advisor.domain.units import Money
from advisor.domain.verdict import Gate, Reason, State
from advisor.reporting.compose import compose
from advisor.reporting.fields import exact, finite, total
from advisor.reporting.render import render
from advisor.reporting.schemas import schema
from tests.golden.cases import CASES, findings, judged
from tests.unit import builders as a

CHECK = Draft202012Validator(schema("check"))


def document(case: str) -> Any:
    return json.loads(render(CASES[case](), "json"))


@pytest.mark.parametrize("name", ["check", "usage", "history"])
def test_the_shipped_schemas_are_valid_themselves(name: Any) -> None:
    Draft202012Validator.check_schema(schema(name))
    assert schema(name)["properties"]["schema"]["const"] == f"advisor.{name}/1"


@pytest.mark.parametrize("case", CASES)
def test_every_document_is_valid(case: str) -> None:
    assert [error.message for error in CHECK.iter_errors(document(case))] == []


def paths(node: Any, at: tuple[Any, ...] = ()) -> list[tuple[Any, ...]]:
    """Every place in a document that holds a value."""
    if isinstance(node, dict):
        return [at, *(path for key, value in node.items() for path in paths(value, (*at, key)))][1 if not at else 0 :]
    if isinstance(node, list):
        return [at, *(path for key, value in enumerate(node[:1]) for path in paths(value, (*at, key)))]
    return [at]


def put(node: Any, at: tuple[Any, ...], value: Any) -> Any:
    """A copy of the document with another value in one place."""
    copy = json.loads(json.dumps(node))
    target = copy
    for key in at[:-1]:
        target = target[key]
    target[at[-1]] = value
    return copy


class Odd:
    """What no field of a document may hold."""

    text, number, listed = "?", -0.5, [{"?": None}]


@pytest.mark.parametrize("case", ["switch", "no_cost", "sources_in_trouble"])
def test_a_wrong_type_is_caught_in_every_field(case: str) -> None:
    right = document(case)
    free = {"points"}
    for at in paths(right):
        if at[-1] in free:
            continue
        was = right
        for key in at:
            was = was[key]
        wrong = Odd.listed if not isinstance(was, list) else Odd.text
        assert not CHECK.is_valid(put(right, at, wrong)), at
        if isinstance(was, str):
            assert not CHECK.is_valid(put(right, at, Odd.number)), at
        if isinstance(was, bool | int | float):
            assert not CHECK.is_valid(put(right, at, Odd.text)), at


REQUIRED = {
    (): "schema generated_at month month_closed currency headline sources workloads portfolio issues",
    ("sources", 0): "name kind status complete_through missing_days rows rejected warnings",
    ("workloads", 0): "name serve serving eligible bill_share usage serverless not_buyable plans alternatives "
    "chosen_policy savings payback_months probability_cheaper tornado break_even forecast verdict",
    ("workloads", 0, "usage"): "requests input_tokens cache_read_tokens cache_write_tokens output_tokens days_covered "
    "days_in_month",
    ("workloads", 0, "serverless"): "cost avoidable basis price_per_million_tokens reconciliation alternatives",
    ("workloads", 0, "serverless", "reconciliation"): "billed estimated drift_ratio",
    ("workloads", 0, "plans", 0): "policy feasible reason offer profile demand replicas committed_replicas gpus "
    "gpu_hours utilization utilization_peak idle_cost cost price_per_million_tokens",
    (
        "workloads",
        0,
        "plans",
        0,
        "offer",
    ): "provider gpu gpus price_per_gpu_hour commitment operated_by source checked_on",
    ("workloads", 0, "plans", 0, "profile"): "model gpu tensor_parallel precision grade prefill_tokens_per_second "
    "decode_tokens_per_second total_tokens_per_second low high source",
    ("workloads", 0, "plans", 0, "demand"): "replica_seconds peak_to_mean resolution",
    ("workloads", 0, "plans", 0, "cost"): "gpu staging egress storage engineering migration serverless total",
    ("workloads", 0, "savings"): "money ratio p10 p90",
    ("workloads", 0, "tornado", 0): "assumption unit current low high savings_low savings_high flips_at",
    ("workloads", 0, "break_even"): "never first_tokens permanent_tokens price_per_million_tokens utilization "
    "throughput gpu_hour_price distance",
    ("workloads", 0, "forecast"): "method crossing_month probability_within_6_months points",
    ("workloads", 0, "verdict"): "state previous reason streak leaning blocked_by next_action",
    ("portfolio",): "move_together savings engineering_hours addressable_ratio",
    ("issues", 0): "severity source message",
}


@pytest.mark.parametrize("at", REQUIRED, ids=str)
def test_every_promised_field_is_there_and_missed_where_it_is_not(at: tuple[Any, ...]) -> None:
    right = document("sources_in_trouble")
    node = right
    for key in at:
        node = node[key]
    for field in REQUIRED[at].split():
        assert field in node
        without = {key: value for key, value in node.items() if key != field}
        assert not CHECK.is_valid(put(right, at, without) if at else without), field


def test_fields_may_be_added() -> None:
    assert CHECK.is_valid({**document("switch"), "new": 1})


@pytest.mark.parametrize("case", CASES)
def test_both_kinds_of_plan_have_the_same_fields_for_every_configured_policy(case: str) -> None:
    found = CASES[case]()
    for workload in document(case)["workloads"]:
        assert [plan["policy"] for plan in workload["plans"]] == list(found.fleet.policies)
        assert len({tuple(plan) for plan in [*workload["plans"], *workload["alternatives"]]}) <= 1
        for plan in workload["plans"]:
            assert plan["feasible"] == (plan["cost"] is not None)
            assert plan["feasible"] == (plan["reason"] is None)


def test_a_verdict_is_told_by_codes_with_its_gates() -> None:
    blocked = document("switch_blocked_too_small")["workloads"][0]["verdict"]
    assert blocked["state"] == State.SWITCH_BLOCKED.value
    assert blocked["reason"] == Reason.TEAM_TOO_SMALL.value
    assert blocked["blocked_by"] == [Gate.TEAM.value]
    assert [gate["gate"] for gate in blocked["gates"] if not gate["met"]] == ["TEAM"]
    assert blocked["next_action"]


def test_stay_has_no_next_action_and_every_other_state_has_one() -> None:
    for case in CASES:
        for workload in document(case)["workloads"]:
            verdict = workload["verdict"]
            assert (verdict["next_action"] is None) == (verdict["state"] == "STAY")


def test_what_cannot_be_compared_is_null_and_not_zero() -> None:
    lacking = document("no_cost")["workloads"][0]
    assert lacking["serverless"]["cost"] is None
    assert lacking["serverless"]["basis"] is None
    assert lacking["bill_share"] is None
    assert lacking["savings"] == {"money": None, "ratio": None, "p10": None, "p90": None}
    assert lacking["tornado"] == []
    assert lacking["chosen_policy"] is None
    assert lacking["usage"]["input_tokens"] == 70_000_000_000
    silent = document("no_usage")["workloads"][0]["usage"]
    assert (silent["input_tokens"], silent["output_tokens"], silent["requests"]) == (None, None, None)


def test_infinite_figures_are_null() -> None:
    free = json.loads(render(findings(judged("free", "0")), "json"))["workloads"][0]
    assert free["serverless"]["cost"] == {"amount": "0.00", "currency": "USD"}
    assert free["savings"]["ratio"] is None
    assert free["payback_months"] is None
    assert finite(math.nan) is None


def test_totals_are_half_even_cents_and_prices_keep_all_digits() -> None:
    assert total(Money(Decimal("2.675"), "USD")) == {"amount": "2.68", "currency": "USD"}
    assert total(Money(Decimal("2.665"), "EUR")) == {"amount": "2.66", "currency": "EUR"}
    assert exact(Money(Decimal("1.5E-8"), "USD")) == {"amount": "0.000000015", "currency": "USD"}
    assert exact(Money(Decimal("30"), "USD")) == {"amount": "30.00", "currency": "USD"}
    assert exact(Money(Decimal("1E+3"), "USD")) == {"amount": "1000.00", "currency": "USD"}


def test_the_throughput_band_is_the_grades() -> None:
    plan = json.loads(render(findings(judged("extract", "30240", grade=Grade.PUBLISHED)), "json"))
    rates = plan["workloads"][0]["plans"][0]["profile"]
    assert rates["grade"] == "published measurement"
    assert rates["low"] == pytest.approx(12_977 * math.exp(-1.28 * 0.30))
    assert rates["high"] == pytest.approx(12_977 * math.exp(1.28 * 0.30))


def test_the_drift_of_overlapping_sources_is_of_their_tokens() -> None:
    drift = document("sources_in_trouble")["workloads"][0]["serverless"]["reconciliation"]
    assert drift["drift_ratio"] == pytest.approx((70_281_124_498 - 70_000_000_000) / 70_281_124_498)
    assert drift["billed_source"] == "invoice"


def test_other_hosts_are_listed_cheapest_first_with_source_and_date() -> None:
    first, second = document("cheaper_serverless")["workloads"][0]["serverless"]["alternatives"]
    assert (first["host"], first["allowed"], first["cost"]["amount"]) == ("deepinfra", False, "2100.00")
    assert (second["host"], second["allowed"], second["checked_on"]) == ("together", True, "2026-11-01")


def test_what_this_version_does_not_compute_is_null() -> None:
    found = document("switch")
    assert found["portfolio"]["move_together"] is None
    assert found["portfolio"]["savings"] is None
    workload = found["workloads"][0]
    assert workload["forecast"].pop("points") == []
    assert set(workload["forecast"].values()) == {None}


def test_the_addressable_share_leaves_out_ineligible_bills() -> None:
    assert document("switch")["portfolio"]["addressable_ratio"] == pytest.approx(
        (30_240 + 17_100 + 3_857) / (30_240 + 17_100 + 9_900 + 3_857)
    )
    assert document("nothing")["portfolio"]["addressable_ratio"] is None


def test_the_document_says_what_the_page_says() -> None:
    for case in CASES:
        assert document(case)["headline"] == compose(CASES[case]()).headline


def test_names_are_kept_as_they_are_and_half_characters_do_not_break_the_text() -> None:
    found = findings(judged("half \ud83d <b>", "30240"))
    text = render(found, "json")
    text.encode("utf-8")
    assert json.loads(text)["workloads"][0]["name"] == "half \ud83d <b>"


def test_times_are_utc_and_offers_may_be_undated() -> None:
    undated = a.offer(checked_on=None, source="")
    found = json.loads(render(findings(judged("extract", "30240", offers=(undated,))), "json"))
    assert found["generated_at"] == "2026-11-24T12:00:00Z"
    assert found["workloads"][0]["plans"][0]["offer"]["checked_on"] is None
    assert found["workloads"][0]["plans"][0]["offer"]["source"] is None
    assert CHECK.is_valid(found)


def test_another_zone_changes_no_time_in_the_document() -> None:
    found = CASES["switch"]()
    assert render(replace(found, timezone="Asia/Tokyo"), "json") == render(found, "json")
