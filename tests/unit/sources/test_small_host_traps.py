"""What is easy to get wrong about the usage APIs of DeepInfra, Baseten and Langfuse."""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest

from advisor.domain.facts import Basis, Pull, PullStatus, Tokens
from advisor.domain.units import Month, Window
from advisor.ingest.runner import pull
from tests.contract import test_source_baseten as baseten
from tests.contract import test_source_deepinfra as deepinfra
from tests.contract import test_source_langfuse as langfuse
from tests.contract.apis import api_source
from tests.http_server import HttpServer, Request, http_server

NOW = datetime(2026, 11, 24, 12, tzinfo=UTC)
OCTOBER = Month(2026, 10).window
KEYS = {"public_key": "pk-lf-1"}


@pytest.fixture
def http() -> Iterator[HttpServer]:
    with http_server() as server:
        yield server


def read(http: HttpServer, kind: str, window: Window = OCTOBER, **settings: Any) -> Pull:
    return pull(api_source(kind, http, **settings), window, NOW)


def test_deepinfra_months_are_as_wide_as_delivered_and_cost_is_in_cents(http: HttpServer) -> None:
    items = [
        deepinfra.item("input_tokens", 1000, 311), deepinfra.item("cached_input_tokens", 400, 20),
        deepinfra.item("output_tokens", 200, 69),
    ]  # fmt: skip
    http.on(deepinfra.USAGE, {"months": [deepinfra.month("2026.10", "in_1", *items)]})
    found = read(http, "deepinfra")
    (usage,) = found.usage
    assert usage.tokens == Tokens(uncached_input=1000, cache_read=400, output=200)
    assert usage.width_seconds == 31 * 24 * 3600
    assert sum((cost.amount.amount for cost in found.costs), Decimal(0)) == Decimal("3.11") + Decimal("0.89")
    assert http.requests[0].params == {"from": "2026.10", "to": "current"}


@pytest.mark.parametrize(("invoice", "final"), [("in_1", True), ("NOT_FINAL", False), ("EMPTY", None)])
def test_deepinfra_says_when_an_invoice_is_final(http: HttpServer, invoice: str, final: bool | None) -> None:
    http.on(deepinfra.USAGE, {"months": [deepinfra.month("2026.10", invoice, deepinfra.item("output_tokens", 1, 1))]})
    assert [cost.final for cost in read(http, "deepinfra").costs] == [final]


@pytest.mark.parametrize("sort", ["tokens", "time", "input_output_tokens"])
def test_deepinfra_units_of_an_unknown_type_are_left_out_and_their_money_is_not(http: HttpServer, sort: str) -> None:
    items = [deepinfra.item("output_tokens", 200, 69), deepinfra.item(sort, 5000, 100)]
    http.on(deepinfra.USAGE, {"months": [deepinfra.month("2026.10", "in_1", *items)]})
    found = read(http, "deepinfra")
    assert [fact.tokens.total for fact in found.usage] == [200]
    assert [(cost.component, cost.amount.amount) for cost in found.costs] == [
        ("output", Decimal("0.69")),
        ("other", Decimal(1)),
    ]
    assert repr(sort) in found.warnings[0]


def test_deepinfra_months_without_use_are_read_well(http: HttpServer) -> None:
    http.on(deepinfra.USAGE, {"months": [deepinfra.month("2026.10", "EMPTY")]})
    assert read(http, "deepinfra").status is PullStatus.OK


def test_baseten_needs_to_be_told_what_its_input_holds_once_tokens_are_cached(http: HttpServer) -> None:
    http.on(baseten.SUMMARY, baseten.summary(baseten.used()))
    silent = read(http, "baseten")
    assert silent.status is PullStatus.FAILED
    assert "input_includes_cache" in silent.warnings[0]
    assert [fact.tokens for fact in read(http, "baseten", input_includes_cache=True).usage] == [
        Tokens(uncached_input=1000 - 400, cache_read=400, output=200)
    ]
    assert [fact.tokens for fact in read(http, "baseten", input_includes_cache=False).usage] == [
        Tokens(uncached_input=1000, cache_read=400, output=200)
    ]
    http.on(baseten.SUMMARY, baseten.summary(baseten.used(cached=0)))
    assert read(http, "baseten").status is PullStatus.OK


@pytest.mark.parametrize("inclusive", [True, False])
def test_baseten_counts_every_day_once_whether_or_not_the_last_is_inside(http: HttpServer, inclusive: bool) -> None:
    def answer(request: Request) -> Any:
        start, end = (datetime.fromisoformat(request.params[key]) for key in ("start_date", "end_date"))
        assert end - start <= timedelta(days=31)
        count = (end - start).days + inclusive
        dates = [f"{start + timedelta(days=number):%Y-%m-%d}" for number in range(count)]
        return baseten.summary(*(baseten.used(date, cached=0) for date in dates))

    http.on(baseten.SUMMARY, answer)
    found = read(http, "baseten", Window(OCTOBER.start, datetime(2026, 11, 24, tzinfo=UTC)))
    assert len(http.requests) == 2
    assert sum(fact.tokens.output for fact in found.usage) == 200 * (31 + 23)
    assert sum((cost.amount.amount for cost in found.costs), Decimal(0)) == Decimal("1.25") * (31 + 23)


def test_baseten_is_not_asked_for_days_before_its_summary_begins(http: HttpServer) -> None:
    http.on(baseten.SUMMARY, baseten.summary())
    read(http, "baseten", Window(datetime(2025, 10, 1, tzinfo=UTC), datetime(2026, 1, 3, tzinfo=UTC)))
    assert [one.params["start_date"] for one in http.requests] == ["2026-01-01T00:00:00Z"]
    assert read(http, "baseten", Month(2025, 10).window).status is PullStatus.FAILED


def test_baseten_dedicated_capacity_is_named_and_in_no_bill(http: HttpServer) -> None:
    deployment = {"billable_resource": {"name": "chat-h100"}, "minutes": 60, "subtotal": 9}
    http.on(baseten.SUMMARY, baseten.summary(baseten.used(cached=0), dedicated_usage={"breakdown": [deployment]}))
    found = read(http, "baseten")
    assert [cost.amount.amount for cost in found.costs] == [Decimal("1.25")]
    assert "'chat-h100' is dedicated capacity" in found.warnings[0]


def test_langfuse_costs_are_estimates_and_its_input_is_whole(http: HttpServer) -> None:
    http.on(langfuse.METRICS, {"data": [langfuse.row()]})
    found = read(http, "langfuse", Window(OCTOBER.start, OCTOBER.start + timedelta(days=1)), **KEYS)
    assert [fact.tokens for fact in found.usage] == [Tokens(uncached_input=1000, output=200)]
    assert [(fact.width_seconds, fact.requests) for fact in found.usage] == [(3600, 7)]
    assert [(cost.basis, cost.amount.amount) for cost in found.costs] == [(Basis.ESTIMATED, Decimal("0.25"))]


def test_langfuse_answers_that_reach_the_limit_are_asked_for_in_halves(http: HttpServer) -> None:
    def answer(request: Request) -> Any:
        asked = json.loads(request.params["query"])
        start, end = (datetime.fromisoformat(asked[key]) for key in ("fromTimestamp", "toTimestamp"))
        # The end counts as inside here: the hour that begins there must not be counted twice.
        hours = int((end - start) / timedelta(hours=1)) + 1
        at = [f"{start + timedelta(hours=number):%Y-%m-%dT%H:%M:%SZ}" for number in range(hours)]
        rows = [langfuse.row(hour, providedModelName=f"model-{number}") for hour in at for number in range(300)]
        return {"data": rows[: asked["config"]["row_limit"]]}

    http.on(langfuse.METRICS, answer)
    found = read(http, "langfuse", Window(OCTOBER.start, OCTOBER.start + timedelta(hours=9)), **KEYS)
    assert found.status is PullStatus.OK
    assert sum(fact.tokens.output for fact in found.usage) == 200 * 300 * 9


def test_langfuse_rows_with_other_names_are_refused_and_never_zero(http: HttpServer) -> None:
    other = {"providedModelName": "m", "time_dimension": "2026-10-01T08:00:00Z", "inputTokens_sum": 5}
    http.on(langfuse.METRICS, {"data": [other]})
    found = read(http, "langfuse", Window(OCTOBER.start, OCTOBER.start + timedelta(days=1)), **KEYS)
    assert found.status is PullStatus.FAILED
    assert "sum_inputTokens is missing" in found.warnings[0]


def test_langfuse_says_that_it_needs_both_keys(http: HttpServer) -> None:
    found = read(http, "langfuse")
    assert (found.status, http.requests) == (PullStatus.FAILED, [])
    assert "public_key" in found.warnings[1]
