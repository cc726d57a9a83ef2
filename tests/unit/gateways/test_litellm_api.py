"""LiteLLM's daily activity over HTTP: pages, providers, refusals."""

from __future__ import annotations

from collections.abc import Iterator
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from advisor import registry
from advisor.contract.source import Source
from advisor.domain.facts import Pull, PullStatus
from advisor.domain.units import Month
from advisor.errors import SourceError
from advisor.ingest.runner import pull
from tests.conftest import NOW
from tests.http_server import HttpServer, http_server, refuses

OCTOBER = Month(2026, 10).window
ACTIVITY = "user/daily/activity"


def metrics(prompt: int, completion: int = 10, **more: Any) -> dict[str, Any]:
    counts = {"prompt_tokens": prompt, "completion_tokens": completion, "spend": 0.1, "successful_requests": 1}
    return {"metrics": {**counts, "cache_read_input_tokens": 0, "cache_creation_input_tokens": 0, **more}}


def day(
    date: str, models: dict[str, Any], providers: tuple[str, ...] = ("bedrock",), beside: int = 0
) -> dict[str, Any]:
    prompt = sum(entry["metrics"]["prompt_tokens"] for entry in models.values()) + beside
    completion = sum(entry["metrics"]["completion_tokens"] for entry in models.values())
    breakdown = {"models": models, "providers": {name: metrics(1) for name in providers}}
    return {"date": date, "metrics": metrics(prompt, completion)["metrics"], "breakdown": breakdown}


def page(number: int, of: int, *days: dict[str, Any]) -> dict[str, Any]:
    return {"results": list(days), "metadata": {"page": number, "total_pages": of, "has_more": number < of}}


@pytest.fixture
def server() -> Iterator[HttpServer]:
    with http_server() as running:
        yield running


def source(server: HttpServer) -> Source:
    table = {"name": "gateway", "kind": "litellm", "base_url": server.base_url, "api_key": {"env": "KEY"}}
    return registry.build_source(table, Path(), {"KEY": "sk-secret"})


def read(server: HttpServer) -> Pull:
    return pull(source(server), OCTOBER, NOW)


def test_a_day_that_is_split_over_pages_is_added_up(server: HttpServer) -> None:
    server.on(
        ACTIVITY,
        page(1, 2, day("2026-10-05", {"m": metrics(100)})),
        page(2, 2, day("2026-10-05", {"m": metrics(30)}), day("2026-10-06", {"m": metrics(7)})),
    )
    found = read(server)
    assert {(fact.start.day, fact.tokens.input, fact.requests) for fact in found.usage} == {(5, 100 + 30, 2), (6, 7, 1)}
    assert {(cost.start.day, cost.amount.amount) for cost in found.costs} == {
        (5, 2 * Decimal("0.1")),
        (6, Decimal("0.1")),
    }
    assert [request.params["page"] for request in server.requests] == ["1", "2"]
    assert server.requests[0].params["start_date"] == "2026-10-01"
    assert server.requests[0].params["end_date"] == "2026-10-31", "the last day is inside, there"
    assert server.requests[0].headers["authorization"] == "Bearer sk-secret"


def test_the_provider_is_the_days_only_one_or_the_one_in_the_models_name(server: HttpServer) -> None:
    models = {"groq/llama-3.1-8b": metrics(1), "gpt-oss-120b": metrics(2)}
    server.on(
        ACTIVITY, page(1, 1, day("2026-10-05", models, ("groq", "bedrock")), day("2026-10-06", {"m": metrics(3)}))
    )
    assert {fact.tokens.input: fact.provider for fact in read(server).usage} == {1: "groq", 2: "", 3: "bedrock"}


def test_tokens_that_belong_to_no_model_are_named_and_block_a_clean_read(server: HttpServer) -> None:
    server.on(ACTIVITY, page(1, 1, day("2026-10-05", {"m": metrics(100)}, beside=40)))
    found = read(server)
    assert found.status is PullStatus.PARTIAL
    assert "2026-10-05, beside its models" in found.problems[0].where


def test_a_key_that_may_not_read_is_no_access_and_never_zero(server: HttpServer) -> None:
    server.on(ACTIVITY, refuses(403, "Only proxy admins"))
    found = read(server)
    assert (found.status, found.usage) == (PullStatus.FAILED, ())
    assert "no access" in found.warnings[0]
    assert "proxy_admin_viewer" in found.warnings[1]
    with pytest.raises(SourceError, match="no access"):
        source(server).check()


def test_check_asks_for_one_page(server: HttpServer) -> None:
    server.on(ACTIVITY, page(1, 50))
    source(server).check()
    assert len(server.requests) == 1


def test_an_answer_of_something_else_is_refused(server: HttpServer) -> None:
    server.on(ACTIVITY, {"message": "welcome"})
    found = read(server)
    assert found.status is PullStatus.FAILED
    assert "without results" in found.warnings[0]


def test_a_page_that_fails_midway_gives_no_half_of_the_month(server: HttpServer) -> None:
    server.on(ACTIVITY, page(1, 2, day("2026-10-05", {"m": metrics(100)})), refuses(400, "no"))
    assert (read(server).status, read(server).usage) == (PullStatus.FAILED, ())
