"""`advisor usage --format json` keeps to its schema: exact, nothing converted, and unknown is null."""

from __future__ import annotations

import importlib.resources
import json
from datetime import UTC, datetime
from typing import Any

import jsonschema
import pytest

from advisor.domain.facts import Basis, PullStatus, Tokens
from advisor.domain.usage import UsageAnswer
from advisor.reporting.usage_json import usage_document
from tests.unit.reporting.usage_values import PARTIAL, answer, cost, row, source

SCHEMA = importlib.resources.files("advisor.reporting") / "usage.schema.json"


def document(given: UsageAnswer) -> Any:
    """What a program reads, checked against the schema that ships."""
    found = json.loads(json.dumps(usage_document(given), allow_nan=False))
    jsonschema.validate(found, json.loads(SCHEMA.read_text()))
    return found


def test_a_row_says_what_was_used_in_the_words_of_the_schema() -> None:
    assert document(answer(row(cost("30"))))["rows"] == [
        {
            "period_start": "2026-10-01T00:00:00Z",
            "source": "prod",
            "model_raw": "meta.llama3-1-8b-instruct-v1:0",
            "model": "llama-3.1-8b",
            "tier": "on_demand",
            "requests": 10,
            "input_tokens": 1_000 + 200 + 50,
            "cache_read_tokens": 200,
            "cache_write_tokens": 50,
            "output_tokens": 300,
            "costs": [{"amount": "30.00", "currency": "USD", "basis": "billed"}],
        }
    ]


def test_what_is_not_reported_is_null_and_zero_is_zero() -> None:
    silent = row(requests=None, model=None, tokens=Tokens(uncached_input=5, output=0))
    zero = row(requests=0, tokens=Tokens(uncached_input=0, output=0, cache_read=0, cache_write=0))
    first, second = document(answer(silent, zero))["rows"]
    assert [first[key] for key in ("requests", "model", "cache_read_tokens", "cache_write_tokens")] == [None] * 4
    assert (first["input_tokens"], first["output_tokens"], first["costs"]) == (5, 0, [])
    assert [second[key] for key in ("requests", "input_tokens", "cache_read_tokens", "cache_write_tokens")] == [0] * 4


def test_a_row_of_money_alone_has_no_tokens() -> None:
    (found,) = document(answer(row(cost("1"), tokens=None, requests=None)))["rows"]
    counts = ("requests", "input_tokens", "cache_read_tokens", "cache_write_tokens", "output_tokens")
    assert [found[key] for key in counts] == [None] * 5


@pytest.mark.parametrize(
    ("amount", "written"),
    [
        ("1E+3", "1000.00"),
        ("0.000000001", "0.000000001"),
        ("1.5E-8", "0.000000015"),
        ("123456789.123456789", "123456789.123456789"),
        ("-12.3", "-12.30"),
        ("0", "0.00"),
        ("7.100000000", "7.10"),
    ],
)
def test_amounts_have_all_their_digits_and_no_exponent(amount: str, written: str) -> None:
    (found,) = document(answer(row(cost(amount))))["rows"]
    assert found["costs"][0]["amount"] == written


def test_currencies_and_bases_stay_apart() -> None:
    given = row(cost("1"), cost("2", "EUR"), cost("3", basis=Basis.ESTIMATED))
    assert document(answer(given))["rows"][0]["costs"] == [
        {"amount": "1.00", "currency": "USD", "basis": "billed"},
        {"amount": "2.00", "currency": "EUR", "basis": "billed"},
        {"amount": "3.00", "currency": "USD", "basis": "estimated"},
    ]


def test_counts_of_63_bits_stay_exact() -> None:
    most = 2**63 - 1
    (found,) = document(answer(row(requests=most, tokens=Tokens(uncached_input=most, output=most))))["rows"]
    assert (found["requests"], found["input_tokens"], found["output_tokens"]) == (most, most, most)


def test_a_source_says_how_far_it_can_be_trusted() -> None:
    never_read = source("new", status=PullStatus.FAILED, complete_through=None, rows=0)
    bill, new = document(answer(sources=(PARTIAL, never_read)))["sources"]
    expected = {
        "name": "bill",
        "kind": "invoice-csv",
        "status": "partial",
        "complete_through": "2026-10-30T12:00:00Z",
        "missing_days": ["2026-10-03", "2026-10-04", "2026-10-05", "2026-10-09"],
        "rows": 1_234,
        "rejected": 2,
        "warnings": ["bill-09.csv is damaged"],
    }
    assert {key: bill[key] for key in expected} == expected
    assert (new["status"], new["complete_through"]) == ("failed", None)


def test_the_period_is_named_and_its_start_is_utc() -> None:
    found = document(answer(row(period_start=datetime(2026, 10, 1, 13, 5, tzinfo=UTC)), by="5min"))
    assert (found["schema"], found["by"]) == ("advisor.usage/1", "5min")
    assert found["rows"][0]["period_start"] == "2026-10-01T13:05:00Z"
