"""Vertex AI's metrics: tokens by hour and model, from points that stand at the end of their hour."""

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
from advisor.errors import ConfigError, SourceError
from advisor.ingest.runner import pull
from tests.http_server import HttpServer, Request, http_server, refuses

SERIES = "v3/projects/acme-prod/timeSeries"
DAY = yesterday()
NOON = DAY.start + timedelta(hours=12)
GEMINI = {"model_user_id": "gemini-2.0-flash-001", "publisher": "google", "location": "us-central1"}


def series(kind: str, points: dict[datetime, int], labels: dict[str, str] = GEMINI) -> dict[str, Any]:
    """A series of Cloud Monitoring: newest first, counts as text, stamped at the end of the hour that begins then."""
    return {
        "metric": {"type": "aiplatform.googleapis.com/x", "labels": {"type": kind} if kind else {}},
        "resource": {"type": "aiplatform.googleapis.com/PublisherModel", "labels": labels},
        "points": [
            {
                "interval": {"startTime": stamp(at), "endTime": stamp(at + timedelta(hours=1))},
                "value": {"int64Value": str(n)},
            }
            for at, n in sorted(points.items(), reverse=True)
        ],
    }


def answers(tokens: list[dict[str, Any]], requests: list[dict[str, Any]]) -> Any:
    """Pages of one series each, by the metric that is asked for."""

    def answer(request: Request) -> Any:
        found = requests if "model_invocation_count" in request.params["filter"] else tokens
        page = int(request.params.get("pageToken", "0"))
        more = {"nextPageToken": str(page + 1)} if page + 1 < len(found) else {}
        return {"timeSeries": found[page : page + 1], **more} if found else {}

    return answer


GOOD = answers(
    [series("input", {NOON: 1000, NOON + timedelta(hours=1): 10}), series("output", {NOON: 50})],
    [series("", {NOON: 9})],
)


def vertex(base_url: str, **settings: Any) -> Records:
    table = {"name": "vertex", "kind": "vertex", "base_url": base_url, "project": "acme-prod", **settings}
    source = registry.build_source(table, Path(), {"TOKEN": "ya29-secret"})
    assert isinstance(source, Records)
    return source


@pytest.fixture
def server() -> Iterator[HttpServer]:
    with http_server() as running:
        running.on(SERIES, GOOD)
        yield running


def read(server: HttpServer) -> Pull:
    return pull(vertex(server.base_url, token={"env": "TOKEN"}), DAY, datetime.now(UTC))


class TestVertex(RecordsKit):
    window = DAY
    secrets = ("ya29-secret",)

    @pytest.fixture(autouse=True)
    def _served(self, server: HttpServer) -> None:
        self.http = server

    def source(self) -> Records:
        return vertex(self.http.base_url, token={"env": "TOKEN"})

    def records(self) -> Iterable[Record]:
        return list(self.source().pull(self.window))


def test_input_output_and_requests_on_several_pages_are_one_row_of_the_hour_before_their_stamp(
    server: HttpServer,
) -> None:
    busy, quiet = read(server).usage
    assert (busy.start, busy.width_seconds, busy.model_raw) == (NOON, 3600, "gemini-2.0-flash-001")
    assert (busy.tokens.input, busy.tokens.output, busy.requests) == (1000, 50, 9)
    assert (quiet.start, quiet.tokens.input, quiet.tokens.output) == (NOON + timedelta(hours=1), 10, 0)
    assert quiet.requests is None, "not counted is not zero"


def test_regions_of_a_model_are_added_up(server: HttpServer) -> None:
    elsewhere = series("input", {NOON: 7}, {**GEMINI, "location": "europe-west4"})
    server.on(SERIES, answers([series("input", {NOON: 1000}), elsewhere], []))
    assert sum(fact.tokens.input for fact in read(server).usage) == 1007


def test_the_query_asks_for_sums_of_whole_hours(server: HttpServer) -> None:
    read(server)
    asked = server.requests[0]
    assert asked.params["filter"] == 'metric.type="aiplatform.googleapis.com/publisher/online_serving/token_count"'
    assert (asked.params["aggregation.perSeriesAligner"], asked.params["aggregation.alignmentPeriod"]) == (
        "ALIGN_SUM", "3600s"
    )  # fmt: skip
    assert (asked.params["interval.startTime"], asked.params["interval.endTime"]) == (stamp(DAY.start), stamp(DAY.end))
    assert asked.headers["authorization"] == "Bearer ya29-secret"


def test_a_kind_of_token_that_is_not_known_is_refused_by_name_and_never_dropped(server: HttpServer) -> None:
    server.on(SERIES, answers([series("input", {NOON: 10}), series("cached", {NOON: 99})], []))
    found = read(server)
    assert found.status is PullStatus.PARTIAL
    assert "'cached'" in str(found.problems[0])
    assert "99 tokens" in str(found.problems[0])


def test_a_model_that_counts_no_tokens_is_told(server: HttpServer) -> None:
    server.on(
        SERIES, answers([series("input", {NOON: 10})], [series("", {NOON: 3}, {**GEMINI, "model_user_id": "imagen"})])
    )
    found = read(server)
    assert [fact.model_raw for fact in found.usage] == ["gemini-2.0-flash-001"]
    assert any("imagen was called and counted no tokens" in line for line in found.warnings)


@pytest.mark.parametrize(
    ("answer", "why"),
    [
        (refuses(403, "denied"), "no access"),
        ({"timeSeries": [], "executionErrors": [{"code": 4}]}, "only a part"),
        ({"timeSeries": [{"points": []}]}, "not as documented"),
        ([], "no JSON object"),
    ],
)
def test_an_answer_that_is_not_whole_fails_the_read(server: HttpServer, answer: Any, why: str) -> None:
    server.on(SERIES, answer)
    found = read(server)
    assert (found.status, found.usage) == (PullStatus.FAILED, ())
    assert why in found.warnings[0]


def test_a_project_without_any_model_is_read_and_says_so(server: HttpServer) -> None:
    server.on(SERIES, {})
    found = read(server)
    assert (found.status, found.usage_days) == (PullStatus.OK, frozenset())


def test_check_names_the_role_that_is_missing(server: HttpServer) -> None:
    server.on(SERIES, refuses(403))
    with pytest.raises(SourceError, match="no access") as failure:
        vertex(server.base_url, token={"env": "TOKEN"}).check()
    assert "Monitoring Viewer" in failure.value.hint


def test_without_a_token_the_missing_client_is_named_with_its_extra(
    server: HttpServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "google.auth", None)
    with pytest.raises(SourceError) as failure:
        vertex(server.base_url).check()
    assert "inference-advisor[vertex]" in failure.value.hint


def test_a_project_that_could_leave_its_path_is_refused() -> None:
    with pytest.raises(ConfigError, match="project"):
        vertex("https://monitoring.googleapis.com", project="../other")
