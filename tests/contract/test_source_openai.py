"""OpenAI's usage and costs keep the promises of an API source, and the sample answers add up to their known totals."""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any, ClassVar

import pytest

from advisor.domain.facts import PullStatus
from advisor.domain.units import Month, Window
from advisor.ingest.runner import pull
from tests.contract.apis import ApiKit, api_source
from tests.http_server import HttpServer, http_server

NOW = datetime(2026, 11, 24, 12, tzinfo=UTC)
COMPLETIONS, EMBEDDINGS, COSTS = (
    f"v1/organization/{path}" for path in ("usage/completions", "usage/embeddings", "costs")
)
OCTOBER = int(Month(2026, 10).start.timestamp())
EMPTY = {"object": "page", "data": [], "has_more": False, "next_page": None}


def page(start: int, width: int, *results: dict[str, Any]) -> dict[str, Any]:
    bucket = {"object": "bucket", "start_time": start, "end_time": start + width, "results": list(results)}
    return {**EMPTY, "data": [bucket]}


class TestOpenAi(ApiKit):
    kind = "openai"
    paths = (COMPLETIONS, EMBEDDINGS, COSTS)

    def serve(self, http: HttpServer) -> None:
        used = {
            "object": "organization.usage.completions.result", "model": "gpt-4o-mini-2024-07-18", "batch": False,
            "service_tier": "default", "project_id": "proj_a", "num_model_requests": 5, "input_tokens": 1000,
            "input_cached_tokens": 800, "input_cache_write_tokens": 50, "output_tokens": 500,
        }  # fmt: skip
        embedded = {
            "object": "organization.usage.embeddings.result", "model": "text-embedding-3-small", "project_id": "proj_a",
            "num_model_requests": 2, "input_tokens": 70,
        }  # fmt: skip
        charged = {
            "object": "organization.costs.result", "amount": {"value": 1.5e-3, "currency": "usd"},
            "line_item": "gpt-4o-mini-2024-07-18, input_tokens", "project_id": "proj_a",
        }  # fmt: skip
        http.on(COMPLETIONS, page(OCTOBER, 3600, used))
        http.on(EMBEDDINGS, page(OCTOBER, 3600, embedded))
        http.on(COSTS, page(OCTOBER, 86400, charged))


class TestOpenAiProject(TestOpenAi):
    settings: ClassVar = {"project_ids": ["proj_a"]}


@pytest.fixture
def http() -> Iterator[HttpServer]:
    with http_server() as server:
        for path in (COMPLETIONS, EMBEDDINGS, COSTS):
            server.on(path, EMPTY)
        yield server


def pages_in(folder: Path, pattern: str) -> list[Any]:
    return [json.loads(file.read_text()) for file in sorted(folder.glob(pattern))]


def test_sample_of_hourly_usage_adds_up(samples: Path, http: HttpServer) -> None:
    http.on(COMPLETIONS, *pages_in(samples / "generated" / "openai_usage_hourly", "page_*.json"))
    window = Window(datetime(2025, 6, 23, tzinfo=UTC), datetime(2025, 7, 7, tzinfo=UTC))
    found = pull(api_source("openai", http), window, NOW)
    assert (found.status, found.rejected, found.warnings) == (PullStatus.OK, 0, ())
    assert sum(fact.tokens.input for fact in found.usage) == 73_422_849_769
    assert sum(fact.tokens.output for fact in found.usage) == 9_136_292_889
    assert sum(fact.requests or 0 for fact in found.usage) == 613_549_778
    assert {fact.width_seconds for fact in found.usage} == {3600}
    assert {fact.tier for fact in found.usage} == {"on_demand", "batch"}
    assert len(found.usage_days) == 14
    assert found.complete_through == datetime(2025, 7, 7, tzinfo=UTC)
    first, second = http.asked(COMPLETIONS)
    assert "page" not in first.params
    assert (
        second.params["page"]
        == pages_in(samples / "generated" / "openai_usage_hourly", "page_001.json")[0]["next_page"]
    )


def test_sample_of_costs_adds_up_to_the_published_dollars(samples: Path, http: HttpServer) -> None:
    http.on(COSTS, *pages_in(samples / "openai", "costs_page_*.json"))
    window = Window(datetime(2025, 1, 11, tzinfo=UTC), datetime(2025, 1, 25, tzinfo=UTC))
    found = pull(api_source("openai", http), window, NOW)
    assert found.status is PullStatus.OK
    dollars = sum((cost.amount.amount for cost in found.costs), Decimal(0))
    assert dollars.quantize(Decimal("0.01")) == Decimal("199.18")
    assert {cost.amount.currency for cost in found.costs} == {"USD"}
    assert {cost.model_raw for cost in found.costs} == {""}, "they are not grouped by line item"
    assert len(found.cost_days) == 14


def test_sample_without_models_is_counted_and_said_to_have_none(samples: Path, http: HttpServer) -> None:
    http.on(COMPLETIONS, *pages_in(samples / "openai", "usage_completions_page_*.json"))
    window = Window(datetime(2025, 1, 11, tzinfo=UTC), datetime(2025, 1, 25, tzinfo=UTC))
    found = pull(api_source("openai", http), window, NOW)
    assert (found.status, found.rejected) == (PullStatus.OK, 0)
    assert sum(fact.requests or 0 for fact in found.usage) == 13_160
    assert sum(fact.tokens.input for fact in found.usage) == 15_582_279
    assert sum(fact.tokens.output for fact in found.usage) == 356_640
    assert {fact.model_raw for fact in found.usage} == {"model not stated"}
    assert "without a model" in found.warnings[0]
    assert found.usage[0].width_seconds == 1736640000 - 1736616660, "the first bucket is as wide as delivered"
