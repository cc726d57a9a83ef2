"""What is easy to get wrong about OpenAI's usage and costs."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

import pytest

from advisor.domain.facts import Pull, PullStatus, Tokens
from advisor.domain.units import Month, Window
from advisor.ingest.runner import pull
from tests.contract.apis import api_source
from tests.contract.test_source_openai import COMPLETIONS, COSTS, EMBEDDINGS, EMPTY, NOW, OCTOBER, page
from tests.http_server import HttpServer, http_server, refuses

WHOLE_MONTH = Month(2026, 10).window
USED = {"model": "gpt-4o", "project_id": "proj_a", "input_tokens": 1000, "output_tokens": 500, "num_model_requests": 5}


@pytest.fixture
def http() -> Iterator[HttpServer]:
    with http_server() as server:
        for path in (COMPLETIONS, EMBEDDINGS, COSTS):
            server.on(path, EMPTY)
        yield server


def read(http: HttpServer, window: Window = WHOLE_MONTH, **settings: Any) -> Pull:
    return pull(api_source("openai", http, **settings), window, NOW)


def charge(line_item: str | None, value: Any = 1, currency: str = "usd", project: str = "proj_a") -> dict[str, Any]:
    return {"amount": {"value": value, "currency": currency}, "line_item": line_item, "project_id": project}


def test_cached_and_written_tokens_are_taken_out_of_the_input(http: HttpServer) -> None:
    cached = {**USED, "input_cached_tokens": 800, "input_cache_write_tokens": 50}
    http.on(COMPLETIONS, page(OCTOBER, 3600, cached))
    assert [fact.tokens for fact in read(http).usage] == [
        Tokens(uncached_input=1000 - 800 - 50, cache_read=800, cache_write=50, output=500)
    ]


def test_cached_tokens_that_are_not_reported_are_unknown_and_not_zero(http: HttpServer) -> None:
    http.on(COMPLETIONS, page(OCTOBER, 3600, USED))
    assert [fact.tokens for fact in read(http).usage] == [Tokens(uncached_input=1000, output=500)]


@pytest.mark.parametrize(
    ("said", "tier"),
    [
        ({"batch": True, "service_tier": "default"}, "batch"),
        ({"batch": False, "service_tier": "default"}, "on_demand"),
        ({"batch": None, "service_tier": None}, "on_demand"),
        ({"batch": False, "service_tier": "flex"}, "flex"),
    ],
)
def test_batches_and_service_tiers_stay_apart(http: HttpServer, said: dict[str, Any], tier: str) -> None:
    http.on(COMPLETIONS, page(OCTOBER, 3600, {**USED, **said}))
    assert [fact.tier for fact in read(http).usage] == [tier]


def test_whole_buckets_are_asked_for_with_the_largest_pages(http: HttpServer) -> None:
    read(http, Window(datetime(2026, 10, 1, 8, 31, tzinfo=UTC), datetime(2026, 10, 2, 9, 1, tzinfo=UTC)))
    hourly, daily = http.asked(COMPLETIONS)[0], http.asked(COSTS)[0]
    assert (hourly.params["start_time"], hourly.params["end_time"]) == (
        f"{OCTOBER + 8 * 3600}",
        f"{OCTOBER + (24 + 10) * 3600}",
    )
    assert (hourly.params["bucket_width"], hourly.params["limit"]) == ("1h", "168")
    assert hourly.all_params["group_by[]"] == ["model", "project_id", "batch", "service_tier"]
    assert (daily.params["start_time"], daily.params["end_time"]) == (f"{OCTOBER}", f"{OCTOBER + 2 * 86400}")
    assert (daily.params["bucket_width"], daily.params["limit"]) == ("1d", "180")


@pytest.mark.parametrize(
    ("line_item", "model", "tier", "component"),
    [
        ("gpt-6-astra, input_tokens", "gpt-6-astra", "on_demand", "input"),
        ("gpt-4o-2024-08-06, cached input", "gpt-4o-2024-08-06", "on_demand", "cache_read"),
        ("gpt-4o-2024-08-06, input_cache_write_tokens", "gpt-4o-2024-08-06", "on_demand", "cache_write"),
        ("gpt-4o-2024-08-06, output", "gpt-4o-2024-08-06", "on_demand", "output"),
        ("gpt-4o-2024-08-06, batch output", "gpt-4o-2024-08-06", "batch", "output"),
        ("gpt-4o-2024-08-06, audio minutes", "gpt-4o-2024-08-06", "on_demand", "other"),
        ("Code interpreter", "", "on_demand", "other"),
        (None, "", "on_demand", ""),
    ],
)
def test_a_line_item_is_a_model_and_a_component_and_never_loses_money(
    http: HttpServer, line_item: str | None, model: str, tier: str, component: str
) -> None:
    http.on(COSTS, page(OCTOBER, 86400, charge(line_item, 0.25)))
    (cost,) = read(http).costs
    assert (cost.model_raw, cost.tier, cost.component) == (model, tier, component)
    assert cost.amount.amount == Decimal("0.25")


@pytest.mark.parametrize("value", [1.5e-05, "1.5e-05", "0.000015"])
def test_an_amount_keeps_its_digits_however_it_is_spelt(http: HttpServer, value: Any) -> None:
    http.on(COSTS, page(OCTOBER, 86400, charge("gpt-4o, input", value, "eur")))
    (cost,) = read(http).costs
    assert (cost.amount.amount, cost.amount.currency) == (Decimal("0.000015"), "EUR")


def test_other_projects_are_left_out_on_both_sides(http: HttpServer) -> None:
    http.on(COMPLETIONS, page(OCTOBER, 3600, USED, {**USED, "project_id": "proj_b"}))
    http.on(COSTS, page(OCTOBER, 86400, charge("gpt-4o, input", 2), charge("gpt-4o, input", 5, project="proj_b")))
    found = read(http, project_ids=["proj_a"])
    assert [fact.scope for fact in found.usage] == ["proj_a"]
    assert [cost.amount.amount for cost in found.costs] == [2]
    assert http.asked(COMPLETIONS)[0].all_params["project_ids[]"] == ["proj_a"]


def test_an_organization_without_use_is_read_well(http: HttpServer) -> None:
    found = read(http)
    assert (found.status, found.usage, found.costs, found.warnings) == (PullStatus.OK, [], [], ())


@pytest.mark.parametrize(
    "second",
    [
        {**EMPTY, "has_more": True, "next_page": "page-1"},
        {**EMPTY, "has_more": True, "next_page": None},
        refuses(400, "bad cursor"),
        "<html>",
    ],
)
def test_half_an_answer_is_never_taken_for_all_of_it(http: HttpServer, second: Any) -> None:
    first = {**page(OCTOBER, 3600, USED), "has_more": True, "next_page": "page-1"}
    http.on(COMPLETIONS, first, second)
    found = read(http)
    assert (found.status, found.usage) == (PullStatus.FAILED, ())


def test_embeddings_that_cannot_be_read_do_not_hide_the_rest(http: HttpServer) -> None:
    http.on(COMPLETIONS, page(OCTOBER, 3600, USED))
    http.on(EMBEDDINGS, refuses(404, "no such path"))
    found = read(http)
    assert (found.status, len(found.usage)) == (PullStatus.OK, 1)
    assert "embeddings are left out" in found.warnings[0]


def test_an_embedding_has_no_output_and_a_completion_has_to_say(http: HttpServer) -> None:
    silent = {key: value for key, value in USED.items() if key != "output_tokens"}
    http.on(EMBEDDINGS, page(OCTOBER, 3600, {**silent, "model": "text-embedding-3-small"}))
    http.on(COMPLETIONS, page(OCTOBER, 3600, silent))
    found = read(http)
    assert [(fact.model_raw, fact.tokens.output) for fact in found.usage] == [("text-embedding-3-small", 0)]
    assert [str(one) for one in found.problems] == [
        "completions 2026-10-01T00:00:00Z proj_a gpt-4o: output_tokens is missing"
    ]
