"""A fleet in Prometheus: tokens from counters, cost from its hours, and silence that is never taken for no traffic."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from datetime import datetime, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from advisor import registry
from advisor.contract.source import Record, Records
from advisor.contract.testing.source import RecordsKit
from advisor.domain.facts import Basis, Pull, PullStatus
from advisor.domain.units import Month, Window
from advisor.errors import ConfigError, SourceError
from advisor.ingest.runner import pull
from tests.conftest import NOW
from tests.http_server import HttpServer, Request, http_server, refuses

OCTOBER = Month(2026, 10).window
HOUR = timedelta(hours=1)
RANGE = "api/v1/query_range"
FLEET = {"gpu": "H100", "gpus": 4, "price_per_gpu_hour": "2.50"}


def matrix(**models: dict[datetime, str]) -> dict[str, Any]:
    """An answer of a range query: for each model what its counter rose by in the step that *begins* at a time."""
    result = [
        {
            "metric": {"model_name": model},
            "values": [[int((at + HOUR).timestamp()), value] for at, value in rose.items()],
        }
        for model, rose in models.items()
    ]
    return {"status": "success", "data": {"resultType": "matrix", "result": result}}


NOTHING = matrix()


def answers(**counters: Any) -> Any:
    """A server's answer by the counter that a query names."""

    def answer(request: Request) -> Any:
        query = request.params["query"]
        return next((given for counter, given in counters.items() if f"vllm:{counter}{{" in query), NOTHING)

    return answer


def at(day: int, hour: int = 0) -> datetime:
    return OCTOBER.start + timedelta(days=day - 1, hours=hour)


@pytest.fixture
def server() -> Iterator[HttpServer]:
    with http_server() as running:
        yield running


def fleet(base_url: str, **settings: Any) -> Records:
    table = {"name": "fleet", "kind": "prometheus", "base_url": base_url, **FLEET, **settings}
    source = registry.build_source(table, Path(), {"PROM": "prom-token"})
    assert isinstance(source, Records)
    return source


def read(server: HttpServer, **settings: Any) -> Pull:
    return pull(fleet(server.base_url, **settings), OCTOBER, NOW)


GOOD = answers(
    prompt_tokens_total=matrix(llama={at(5, 8): "1000.4", at(5, 9): "0"}),
    prompt_tokens_cached_total=matrix(llama={at(5, 8): "600"}),
    generation_tokens_total=matrix(llama={at(5, 8): "99.6", at(5, 9): "0"}),
    request_success_total=matrix(llama={at(5, 8): "7", at(5, 9): "0"}),
)


class TestPrometheus(RecordsKit):
    window = OCTOBER
    secrets = ("prom-token",)

    @pytest.fixture(autouse=True)
    def _served(self) -> Iterator[None]:
        with http_server() as self.http:
            self.http.on(RANGE, GOOD)
            yield

    def source(self) -> Records:
        return fleet(self.http.base_url, token={"env": "PROM"})

    def records(self) -> Iterable[Record]:
        return list(self.source().pull(self.window))


def test_a_value_covers_the_step_before_its_stamp_and_the_prompt_holds_what_was_cached(server: HttpServer) -> None:
    server.on(RANGE, GOOD)
    busy, idle = read(server).usage
    assert (busy.start, busy.width_seconds, busy.requests) == (at(5, 8), 3600, 7)
    assert (busy.tokens.uncached_input, busy.tokens.cache_read, busy.tokens.output) == (1000 - 600, 600, 100)
    assert (idle.start, idle.tokens.total, idle.requests) == (at(5, 9), 0, 0), (
        "a fleet that idles was seen: zero is known"
    )


def test_the_fleet_costs_its_hours_whether_it_is_used_or_not(server: HttpServer) -> None:
    server.on(RANGE, GOOD)
    (cost,) = read(server).costs
    assert cost.amount.amount == 2 * 4 * Decimal("2.50"), "2 hours seen x 4 GPUs"
    assert (cost.basis, cost.start, cost.provider) == (Basis.ALLOCATED, at(5), "self")


def test_a_day_of_two_models_is_spread_over_them_by_tokens_and_adds_up_exactly(server: HttpServer) -> None:
    hours = {at(5, hour): "1" for hour in range(24)}
    server.on(
        RANGE,
        answers(
            prompt_tokens_total=matrix(big=dict.fromkeys(hours, "2"), small=hours),
            generation_tokens_total=matrix(big=dict.fromkeys(hours, "0"), small=dict.fromkeys(hours, "0")),
        ),
    )
    costs = {cost.model_raw: cost.amount.amount for cost in read(server).costs}
    assert sum(costs.values()) == 24 * 4 * Decimal("2.50")
    assert costs["small"] == Decimal(80), "one token of three, of 240"


def test_hours_without_samples_have_neither_tokens_nor_cost_and_are_told(server: HttpServer) -> None:
    seen = {at(5, 0): "1", at(5, 9): "1"}
    server.on(RANGE, answers(prompt_tokens_total=matrix(m=seen), generation_tokens_total=matrix(m=seen)))
    found = read(server)
    assert len(found.usage) == 2
    assert [cost.amount.amount for cost in found.costs] == [2 * 4 * Decimal("2.50")]
    assert any("in 8 steps of 1h there are no samples" in line for line in found.warnings)


def test_older_engines_count_cached_tokens_under_another_name(server: HttpServer) -> None:
    seen = {at(5, 8): "100"}
    server.on(
        RANGE,
        answers(
            prompt_tokens_total=matrix(m=seen),
            generation_tokens_total=matrix(m=seen),
            prefix_cache_hits_total=matrix(m={at(5, 8): "30"}),
        ),
    )
    assert [fact.tokens.cache_read for fact in read(server).usage] == [30]


def test_an_engine_that_counts_no_cached_tokens_leaves_them_unknown(server: HttpServer) -> None:
    seen = {at(5, 8): "100"}
    server.on(RANGE, answers(prompt_tokens_total=matrix(m=seen), generation_tokens_total=matrix(m=seen)))
    (fact,) = read(server).usage
    assert (fact.tokens.cache_read, fact.requests) == (None, None)


def test_the_query_lets_prometheus_see_through_restarts_and_narrows_to_the_match(server: HttpServer) -> None:
    server.on(RANGE, GOOD)
    read(server, match='job="vllm"', token={"env": "PROM"})
    query = server.requests[0]
    assert query.params["query"] == 'sum by (model_name) (increase(vllm:prompt_tokens_total{job="vllm"}[1h]))'
    assert float(query.params["start"]) == (OCTOBER.start + HOUR).timestamp()
    assert float(query.params["end"]) == OCTOBER.end.timestamp()
    assert query.headers["authorization"] == "Bearer prom-token"


def test_a_long_time_in_short_steps_is_asked_in_parts_that_prometheus_answers(server: HttpServer) -> None:
    server.on(RANGE, GOOD)
    year = Window(Month(2025, 10).start, OCTOBER.end)
    list(fleet(server.base_url, step="5m").pull(year))
    assert len(server.requests) > 4
    for request in server.requests:
        points = (float(request.params["end"]) - float(request.params["start"])) / 300 + 1
        assert points <= 11_000


def test_no_series_is_an_error_and_never_zero_traffic(server: HttpServer) -> None:
    server.on(RANGE, NOTHING)
    server.on("api/v1/query", {"status": "success", "data": {"resultType": "vector", "result": []}})
    found = read(server, match='job="typo"')
    assert (found.status, found.usage) == (PullStatus.FAILED, ())
    assert 'vllm:generation_tokens_total{job="typo"}' in found.warnings[0]
    with pytest.raises(SourceError, match="has no series"):
        fleet(server.base_url).check()


def test_check_is_content_with_one_series(server: HttpServer) -> None:
    server.on("api/v1/query", {"status": "success", "data": {"resultType": "vector", "result": [{"value": [1, "2"]}]}})
    fleet(server.base_url).check()
    assert [request.params["query"] for request in server.requests] == ["count(vllm:generation_tokens_total{})"]


@pytest.mark.parametrize(
    ("answer", "why"),
    [
        (refuses(403), "no access"),
        (matrix(m={at(5, 8): "NaN"}), "a value that is none"),
        ({"status": "success", "data": {"result": [{"metric": {}, "values": []}]}}, "no label model_name"),
        ({"status": "error"}, "holds no list"),
    ],
)
def test_an_answer_that_is_none_fails_the_read(server: HttpServer, answer: Any, why: str) -> None:
    server.on(RANGE, answer)
    found = read(server)
    assert found.status is PullStatus.FAILED
    assert why in found.warnings[0]


@pytest.mark.parametrize(
    ("settings", "fault"),
    [
        ({"gpus": 0}, "gpus"),
        ({"price_per_gpu_hour": "0"}, "price_per_gpu_hour"),
        ({"match": '{job="vllm"}'}, "without braces"),
        ({"step": "1d"}, "step"),
        ({"base_url": "http://prometheus:9090"}, "in the clear"),
    ],
)
def test_prometheus_refuses_settings_that_cannot_be(settings: dict[str, Any], fault: str) -> None:
    with pytest.raises(ConfigError, match=fault):
        fleet(settings.pop("base_url", "https://prometheus.example"), **settings)
