"""Azure OpenAI's metrics: tokens by hour and model, failures apart, nothing before what Azure keeps."""

from __future__ import annotations

import sys
from collections.abc import Iterable, Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from advisor import registry
from advisor.contract.api_fields import stamp, yesterday
from advisor.contract.source import Record, Records
from advisor.contract.testing.source import RecordsKit
from advisor.domain.facts import Pull, PullStatus
from advisor.domain.units import Window
from advisor.errors import ConfigError, SourceError
from advisor.ingest.runner import pull
from tests.http_server import HttpServer, Request, http_server, refuses

ACCOUNT = "/subscriptions/1/resourceGroups/g/providers/Microsoft.CognitiveServices/accounts/prod"
METRICS = f"{ACCOUNT}/providers/Microsoft.Insights/metrics"
DAY = yesterday()  # Azure keeps 93 days, so the time asked for is near
NOON = DAY.start + timedelta(hours=12)


def metric(name: str, *series: tuple[dict[str, str], dict[datetime, float | None]]) -> dict[str, Any]:
    """A metric as Azure Monitor answers it: the names of dimensions come in lower case."""
    return {
        "name": {"value": name, "localizedValue": name},
        "errorCode": "Success",
        "timeseries": [
            {
                "metadatavalues": [{"name": {"value": key}, "value": value} for key, value in labels.items()],
                "data": [
                    {"timeStamp": stamp(at), **({} if total is None else {"total": total})}
                    for at, total in points.items()
                ],
            }
            for labels, points in series
        ],
    }


GPT = {"modeldeploymentname": "prod-chat", "modelname": "gpt-4o"}
TOKENS = [
    metric("ProcessedPromptTokens", (GPT, {NOON: 1000.0, NOON + timedelta(hours=1): 0.0})),
    metric("GeneratedTokens", (GPT, {NOON: 50.0, NOON + timedelta(hours=1): None})),
]
REQUESTS = [
    metric(
        "AzureOpenAIRequests", ({**GPT, "statuscode": "200"}, {NOON: 9.0}), ({**GPT, "statuscode": "429"}, {NOON: 4.0})
    )
]


def answers(tokens: list[dict[str, Any]], requests: list[dict[str, Any]]) -> Any:
    def answer(request: Request) -> Any:
        asked = requests if "Requests" in request.params["metricnames"] else tokens
        inside = (
            request.params["timespan"].partition("/")[0] <= stamp(NOON) < request.params["timespan"].partition("/")[2]
        )
        return {"value": asked if inside else []}

    return answer


def azure(base_url: str, **settings: Any) -> Records:
    table = {"name": "azure", "kind": "azure-openai", "base_url": base_url, "resource_ids": [ACCOUNT], **settings}
    source = registry.build_source(table, Path(), {"TOKEN": "eyJ-secret"})
    assert isinstance(source, Records)
    return source


@pytest.fixture
def server() -> Iterator[HttpServer]:
    with http_server() as running:
        running.on(METRICS, answers(TOKENS, REQUESTS))
        yield running


def read(server: HttpServer, window: Window = DAY) -> Pull:
    return pull(azure(server.base_url, token={"env": "TOKEN"}), window, datetime.now(UTC))


class TestAzureOpenAi(RecordsKit):
    window = DAY
    secrets = ("eyJ-secret",)

    @pytest.fixture(autouse=True)
    def _served(self, server: HttpServer) -> None:
        self.http = server

    def source(self) -> Records:
        return azure(self.http.base_url, token={"env": "TOKEN"})

    def records(self) -> Iterable[Record]:
        return list(self.source().pull(self.window))


def test_tokens_and_requests_of_an_hour_and_model_are_one_row(server: HttpServer) -> None:
    busy, idle = read(server).usage
    assert (busy.start, busy.width_seconds, busy.model_raw, busy.scope) == (NOON, 3600, "gpt-4o", "prod")
    assert (busy.tokens.input, busy.tokens.output, busy.requests) == (1000, 50, 9)
    assert (idle.start, idle.tokens.total) == (NOON + timedelta(hours=1), 0), "Azure states the zero"
    assert busy.tokens.cache_read is None, "no metric counts cached tokens"


def test_requests_that_were_refused_are_counted_apart(server: HttpServer) -> None:
    assert any("4 requests failed or were refused" in line for line in read(server).warnings)


def test_every_series_is_asked_for_and_not_only_the_first_ten(server: HttpServer) -> None:
    read(server)
    tokens = server.requests[0].params
    assert tokens["top"] == "1000"
    assert tokens["$filter"] == "ModelDeploymentName eq '*' and ModelName eq '*'"
    assert (tokens["interval"], tokens["aggregation"]) == ("PT1H", "Total")
    assert server.requests[0].headers["authorization"] == "Bearer eyJ-secret"


def test_deployments_of_one_model_are_added_up_and_one_without_a_model_keeps_its_own_name(server: HttpServer) -> None:
    other, bare = {**GPT, "modeldeploymentname": "b"}, {"modeldeploymentname": "mine", "modelname": ""}
    prompts = metric("ProcessedPromptTokens", (GPT, {NOON: 10.0}), (other, {NOON: 5.0}), (bare, {NOON: 1.0}))
    server.on(METRICS, answers([prompts], []))
    assert {fact.model_raw: fact.tokens.input for fact in read(server).usage} == {"gpt-4o": 15, "mine": 1}


def test_what_azure_no_longer_keeps_is_told_and_not_asked_for(server: HttpServer) -> None:
    found = read(server, Window(DAY.start - timedelta(days=400), DAY.end))
    assert any("keeps 93 days" in line for line in found.warnings)
    first = min(request.params["timespan"] for request in server.requests)
    assert first >= stamp(datetime.now(UTC) - timedelta(days=93))
    assert sum(fact.tokens.input for fact in found.usage) == 1000


def test_a_metric_that_azure_fails_to_give_fails_the_read(server: HttpServer) -> None:
    broken = {
        "name": {"value": "GeneratedTokens"},
        "errorCode": "InternalError",
        "errorMessage": "busy",
        "timeseries": [],
    }
    server.on(METRICS, answers([TOKENS[0], broken], REQUESTS))
    found = read(server)
    assert (found.status, found.usage) == (PullStatus.FAILED, ())
    assert "GeneratedTokens: busy" in found.warnings[0]


def test_a_fraction_of_a_token_is_refused(server: HttpServer) -> None:
    server.on(METRICS, answers([metric("ProcessedPromptTokens", (GPT, {NOON: 10.5}))], REQUESTS))
    assert "a count that is none" in read(server).warnings[0]


def test_an_account_without_any_series_is_read_and_says_so(server: HttpServer) -> None:
    server.on(METRICS, {"value": []})
    found = read(server)
    assert (found.status, found.usage_days) == (PullStatus.OK, frozenset())
    assert any("no series of a model" in line for line in found.warnings)


def test_a_reader_without_the_right_is_told_which(server: HttpServer) -> None:
    server.on(METRICS, refuses(403, "AuthorizationFailed"))
    with pytest.raises(SourceError, match="no access") as failure:
        azure(server.base_url, token={"env": "TOKEN"}).check()
    assert "Monitoring Reader" in failure.value.hint


def test_without_a_token_the_missing_client_is_named_with_its_extra(
    server: HttpServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "azure.identity", None)
    with pytest.raises(SourceError) as failure:
        azure(server.base_url).check()
    assert "inference-advisor[azure]" in failure.value.hint


@pytest.mark.parametrize("resource", ["prod", "/subscriptions/1/resourceGroups/g/providers/Microsoft.Web/sites/x"])
def test_a_resource_that_is_no_account_is_refused(resource: str) -> None:
    with pytest.raises(ConfigError, match="is no account"):
        azure("https://management.azure.com", resource_ids=[resource])
