"""`advisor backtest --format json` keeps to its schema; what does not count is null, never 0."""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import date
from typing import Any

import pytest
from jsonschema import Draft202012Validator

from advisor.domain.backtest import Backtest
from advisor.domain.facts import PullStatus
from advisor.domain.report import Issue, Severity
from advisor.reporting.backtest_json import backtest_document
from advisor.reporting.render import dumps
from advisor.reporting.schemas import schema
from tests.unit.reporting.backtest_values import CLOSED_WEIGHTS, DEAR, DECLINING, GAP, RISING, backtest
from tests.unit.reporting.usage_values import source

SCHEMA = Draft202012Validator(schema("backtest"))
CASES = {
    "nothing": backtest(),
    "rising": backtest(("chat", RISING)),
    "declining": backtest(("chat", DECLINING)),
    "blocked": backtest(("chat", RISING), team=None),
    "two": backtest(
        ("chat", DECLINING),
        ("rag", GAP),
        sources=(source("prod", missing_days=(date(2026, 5, 3),), problems=("log:3: no model",), warnings=("old",)),),
        issues=(Issue(severity=Severity.WARNING, source="prod", message="something"),),
    ),
    "everything": backtest(
        ("chat", DECLINING),
        ("rag", GAP),
        ("copilot", CLOSED_WEIGHTS),
        ("dear", DEAR),
        sources=(source("prod", status=PullStatus.PARTIAL, complete_through=None),),
        issues=(Issue(severity=Severity.WARNING, source="", message="something"),),
    ),
}


def document(found: Backtest) -> Any:
    return json.loads(dumps(backtest_document(found)))


def usd(amount: str) -> dict[str, str]:
    return {"amount": amount, "currency": "USD"}


def test_the_shipped_schema_is_valid_itself() -> None:
    Draft202012Validator.check_schema(schema("backtest"))
    assert schema("backtest")["properties"]["schema"]["const"] == "advisor.backtest/1"


@pytest.mark.parametrize("case", CASES)
def test_every_document_is_valid(case: str) -> None:
    assert [error.message for error in SCHEMA.iter_errors(document(CASES[case]))] == []


def paths(node: Any, at: tuple[Any, ...] = ()) -> Iterator[tuple[Any, ...]]:
    """Every place in a document, of a list its first and its last."""
    ends = {0: node[0], len(node) - 1: node[-1]} if isinstance(node, list) and node else {}
    inside = node.items() if isinstance(node, dict) else ends.items()
    for key, value in inside:
        yield (*at, key)
        yield from paths(value, (*at, key))


def put(node: Any, at: tuple[Any, ...], *value: Any) -> Any:
    """A copy of the document with another value in one place, or without it."""
    copy = json.loads(json.dumps(node))
    target = copy
    for key in at[:-1]:
        target = target[key]
    if value:
        target[at[-1]] = value[0]
    else:
        del target[at[-1]]
    return copy


def test_a_wrong_type_is_caught_in_every_field_and_so_is_a_missing_one() -> None:
    right = document(CASES["two"])
    places = list(paths(right))
    assert len(places) > 150
    for at in places:
        assert not SCHEMA.is_valid(put(right, at, [{"?": None}])), at
        if isinstance(at[-1], str) and at[-1] not in ("problems",):
            assert not SCHEMA.is_valid(put(right, at)), at


def test_a_month_that_does_not_count_is_null_and_the_schema_refuses_a_zero_there() -> None:
    right = document(CASES["everything"])
    gap = right["workloads"][1]["months"][5]
    assert gap == {
        "month": "2026-06",
        "state": "INSUFFICIENT_DATA",
        "reason": "NO_CLOSED_MONTH",
        "reason_text": "tokens are missing on 4 of 31 days",
        "counted": False,
        "not_counted_because": "tokens are missing on 4 of 31 days",
        "serverless": None,
        "dedicated": None,
        "followed": "serverless",
        "hindsight": None,
    }
    assert not SCHEMA.is_valid(put(right, ("workloads", 1, "months", 5, "serverless"), usd("0.00")))
    assert not SCHEMA.is_valid(put(right, ("workloads", 1, "months", 4, "serverless"), None))
    assert set(right["workloads"][2]["courses"].values()) == {None}


def test_the_courses_are_amounts_and_what_they_differ_by() -> None:
    """Three months on serverless, a move of 3,000, two months at 7,920 on own GPUs, and one back on serverless."""
    (one,) = document(CASES["declining"])["workloads"]
    assert one["courses"] == {
        "following": usd(f"{4 * 7200 + 3000 + 2 * 7920}.00"),
        "always_serverless": usd(f"{6 * 7200}.00"),
        "always_dedicated": usd(f"{3000 + 3 * 5040 + 3 * 7920}.00"),
        "hindsight": usd(f"{3000 + 3 * 5040 + 3 * 7200}.00"),
        "saved": usd(f"{-3000 - 2 * 720}.00"),
        "regret": usd(f"{3000 + 2 * 720 + 3 * 2160 - 3000}.00"),
    }
    assert one["moves"] == [{"month": "2026-04", "to": "dedicated"}, {"month": "2026-06", "to": "serverless"}]
    assert [(change["month"], change["state"]) for change in one["changes"]] == [
        ("2026-01", "WATCH"),
        ("2026-03", "SWITCH"),
        ("2026-05", "STAY"),
    ]
    assert [month["followed"] for month in one["months"]].count("dedicated") == 2


def test_what_the_team_stood_against_is_apart_from_what_was_followed() -> None:
    (one,) = document(CASES["blocked"])["workloads"]
    assert one["blocked"] == {
        "months": ["2026-03", "2026-04", "2026-05", "2026-06"],
        "following_with_team": usd(f"{3 * 7200 + 3000 + 3 * 5040}.00"),
    }
    assert one["courses"]["following"] == one["courses"]["always_serverless"]
    assert one["moves"] == []


def test_the_sums_are_of_the_workloads_that_were_compared() -> None:
    found = document(CASES["everything"])
    assert found["courses"]["always_serverless"] == usd(f"{6 * 7200 + 5 * 7200 + 6 * 7200}.00")
