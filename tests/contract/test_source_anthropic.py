"""Anthropic's reports keep the promises of an API source, and the sample answers add up to their known totals."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any, ClassVar

from advisor.domain.facts import PullStatus
from advisor.domain.units import Window
from advisor.ingest.runner import pull
from tests.contract.apis import ApiKit, api_source
from tests.http_server import HttpServer, http_server

NOW = datetime(2026, 11, 24, 12, tzinfo=UTC)
USAGE, COSTS = "v1/organizations/usage_report/messages", "v1/organizations/cost_report"


def page(ending_at: str, *results: dict[str, Any]) -> dict[str, Any]:
    bucket = {"starting_at": "2026-10-01T00:00:00Z", "ending_at": ending_at, "results": list(results)}
    return {"data": [bucket], "has_more": False, "next_page": None}


class TestAnthropic(ApiKit):
    kind = "anthropic"
    paths = (USAGE, COSTS)

    def serve(self, http: HttpServer) -> None:
        used = {
            "uncached_input_tokens": 1500, "cache_read_input_tokens": 200, "output_tokens": 500,
            "cache_creation": {"ephemeral_5m_input_tokens": 500, "ephemeral_1h_input_tokens": 1000},
            "server_tool_use": {"web_search_requests": 10}, "api_key_id": None, "workspace_id": "wrkspc_a",
            "model": "claude-sonnet-5", "service_tier": "standard", "context_window": "0-200k",
        }  # fmt: skip
        charged = {
            "currency": "USD", "amount": "123.45", "workspace_id": "wrkspc_a", "description": "Claude Sonnet 5 Usage",
            "cost_type": "tokens", "model": "claude-sonnet-5", "service_tier": "standard",
            "token_type": "uncached_input_tokens",
        }  # fmt: skip
        http.on(USAGE, page("2026-10-01T01:00:00Z", used))
        http.on(COSTS, page("2026-10-02T00:00:00Z", charged))


class TestAnthropicWorkspace(TestAnthropic):
    settings: ClassVar = {"workspace_ids": ["wrkspc_a"]}


def test_sample_reports_add_up(samples: Path) -> None:
    folder = samples / "generated" / "anthropic_usage"
    answers = {
        path: [json.loads(file.read_text()) for file in sorted(folder.glob(pattern))]
        for path, pattern in ((USAGE, "messages_page_*.json"), (COSTS, "cost_report_page_*.json"))
    }
    with http_server() as http:
        for path, pages in answers.items():
            http.on(path, *pages)
        window = Window(datetime(2025, 6, 1, tzinfo=UTC), datetime(2025, 7, 1, tzinfo=UTC))
        found = pull(api_source("anthropic", http), window, NOW)
        asked = [request.params.get("page") for request in http.asked(USAGE)]
    assert (found.status, found.rejected, found.warnings) == (PullStatus.OK, 0, ())
    assert asked == [None, answers[USAGE][0]["next_page"]]
    assert sum(fact.tokens.uncached_input for fact in found.usage) == 33_163_583
    assert sum(fact.tokens.cache_read or 0 for fact in found.usage) == 15_865_027
    assert sum(fact.tokens.output for fact in found.usage) == 1_274_811
    assert {fact.width_seconds for fact in found.usage} == {60}, "as delivered, not as asked for"
    assert {fact.requests for fact in found.usage} == {None}
    # 33,163,583 uncached at $3, 15,865,027 read at $0.30 and 1,274,811 out at $15 a million.
    dollars = Decimal(33_163_583 * 3) + Decimal(15_865_027) * Decimal("0.30") + Decimal(1_274_811 * 15)
    assert sum(cost.amount.amount for cost in found.costs) == dollars / 1_000_000
    assert [cost.component for cost in found.costs] == ["input", "cache_read", "output"]
