"""What is easy to get wrong about Anthropic's reports."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import pytest

from advisor.domain.facts import Pull, PullStatus, Tokens
from advisor.domain.units import Month
from advisor.ingest.runner import pull
from tests.contract.apis import api_source
from tests.contract.test_source_anthropic import COSTS, NOW, USAGE, page
from tests.http_server import http_server

USED = {
    "uncached_input_tokens": 1500, "cache_read_input_tokens": 200, "output_tokens": 500, "model": "claude-sonnet-5",
    "cache_creation": {"ephemeral_5m_input_tokens": 500, "ephemeral_1h_input_tokens": 1000},
    "service_tier": "standard", "workspace_id": None,
}  # fmt: skip
CHARGED = {
    "currency": "USD", "amount": "123.45", "cost_type": "tokens", "model": "claude-sonnet-5", "workspace_id": None,
    "service_tier": "standard", "token_type": "uncached_input_tokens",
}  # fmt: skip
HOUR, DAY = "2026-10-01T01:00:00Z", "2026-10-02T00:00:00Z"


def read(used: list[dict[str, Any]], charged: list[dict[str, Any]], **settings: Any) -> Pull:
    with http_server() as http:
        http.on(USAGE, page(HOUR, *used))
        http.on(COSTS, page(DAY, *charged))
        return pull(api_source("anthropic", http, **settings), Month(2026, 10).window, NOW)


def test_all_counts_are_disjoint_and_both_lifetimes_of_the_cache_are_written() -> None:
    found = read([USED], [])
    assert [fact.tokens for fact in found.usage] == [
        Tokens(uncached_input=1500, cache_read=200, cache_write=500 + 1000, output=500)
    ]
    assert [fact.requests for fact in found.usage] == [None], "the report does not count them"


def test_an_amount_is_in_cents_and_keeps_their_fractions() -> None:
    assert [cost.amount.amount for cost in read([USED], [CHARGED]).costs] == [Decimal("1.2345")]


@pytest.mark.parametrize(
    ("kind", "component"),
    [
        ({"token_type": "cache_creation.ephemeral_5m_input_tokens"}, "cache_write_5m"),
        ({"token_type": "cache_creation.ephemeral_1h_input_tokens"}, "cache_write_1h"),
        ({"token_type": "cache_read_input_tokens"}, "cache_read"),
        ({"token_type": "tokens of a new kind"}, "other"),
        ({"token_type": None, "cost_type": "web_search"}, "web_search"),
        ({"token_type": None, "cost_type": "code_execution", "model": None, "service_tier": None}, "code_execution"),
    ],
)
def test_money_keeps_what_it_was_for(kind: dict[str, Any], component: str) -> None:
    found = read([USED], [{**CHARGED, **kind}])
    assert [cost.component for cost in found.costs] == [component]
    assert found.status is PullStatus.OK


def test_the_priority_tier_has_tokens_and_a_price_that_is_unknown() -> None:
    found = read([USED, {**USED, "service_tier": "priority"}], [CHARGED])
    assert [fact.tier for fact in found.usage] == ["on_demand", "priority"]
    assert [cost.tier for cost in found.costs] == ["on_demand"], "no cost of 0 is made up"
    assert any("priority tier" in warning and "unknown, not zero" in warning for warning in found.warnings)
    assert read([USED], [CHARGED]).warnings == ()


def test_an_amount_in_another_currency_is_refused_since_its_lowest_unit_is_not_known() -> None:
    found = read([USED], [CHARGED, {**CHARGED, "currency": "JPY"}])
    assert len(found.costs) == 1
    assert "JPY" in found.problems[0].why


def test_workspaces_are_told_apart_and_the_default_one_has_a_name() -> None:
    other = {"workspace_id": "wrkspc_b"}
    rows = [USED, {**USED, **other}], [CHARGED, {**CHARGED, **other, "amount": "700"}]
    assert [fact.scope for fact in read(*rows).usage] == ["", "wrkspc_b"]
    only = read(*rows, workspace_ids=["default"])
    assert ([fact.scope for fact in only.usage], [cost.scope for cost in only.costs]) == ([""], [""])
    assert [cost.amount.amount for cost in read(*rows, workspace_ids=["wrkspc_b"]).costs] == [7]


def test_a_record_without_its_cache_is_refused_by_place_and_nothing_is_guessed() -> None:
    found = read([{**USED, "cache_creation": None}], [CHARGED])
    assert found.usage == []
    assert str(found.problems[0]) == "usage 2026-10-01T00:00:00Z claude-sonnet-5: cache_creation is missing"


def test_tokens_without_a_model_are_counted_under_a_name_that_says_so() -> None:
    found = read([{**USED, "model": None}], [{**CHARGED, "model": None, "token_type": None, "cost_type": None}])
    assert [fact.model_raw for fact in found.usage] == ["model not stated"]
    assert [(cost.model_raw, cost.component) for cost in found.costs] == [("", "")]
    assert "without a model" in found.warnings[0]
