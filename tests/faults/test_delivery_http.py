"""What each answer of a webhook, a Slack webhook and SES, or its absence, means for a message; each is asked once."""

from __future__ import annotations

import json
import socket
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from advisor import registry
from advisor.contract.channel import Channel, OutcomeUnknownError
from advisor.contract.testing.channel import AT
from advisor.delivery import http_post, ses
from advisor.domain.report import Message
from advisor.errors import ConfigError, DeliveryError
from tests.contract.test_ses import CALL
from tests.contract.test_webhook import SECRET
from tests.http_server import HttpServer, Reply, http_server

BLOCKS = {"text": "stay", "blocks": [{"type": "section", "text": {"type": "plain_text", "text": "stay"}}]}
BODIES = {
    "slack-webhook": json.dumps(BLOCKS),
    "webhook": json.dumps({"said": "stay"}),
    "ses": json.dumps({"subject": "stay", "text": "stay", "html": "<p>stay</p>"}),
}
PATHS = {"slack-webhook": "services/canary", "webhook": "hook", "ses": CALL}
MAIL = {"region": "eu-west-1", "from": "advisor@example.com", "to": ["finops@example.com"]}
every_kind = pytest.mark.parametrize("kind", BODIES)
Deliver = Callable[[str], object]


@pytest.fixture
def http(monkeypatch: pytest.MonkeyPatch) -> Iterator[HttpServer]:
    for name in ("HTTPS_PROXY", "https_proxy", "HTTP_PROXY", "http_proxy"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "testing")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "testing")
    with http_server() as server:
        yield server


def channel(kind: str, base_url: str, **environ: str) -> Channel:
    url = base_url + PATHS[kind]
    by_kind: dict[str, dict[str, object]] = {
        "slack-webhook": {"url": {"env": "HOOK"}},
        "webhook": {"url": url, "secret": {"env": "HOOK_SECRET"}},
        "ses": {**MAIL, "endpoint_url": base_url},
    }
    known = {"HOOK": url, "HOOK_SECRET": SECRET, **environ}
    return registry.build_channel({"kind": kind, "name": "finops", **by_kind[kind]}, Path(), known)


def news(kind: str) -> Message:
    return Message(dedup_key="key", channel="finops", kind="report", subject="stay", body=BODIES[kind])


def refusal(http: HttpServer, kind: str, reply: Reply) -> DeliveryError:
    http.on(PATHS[kind], reply)
    with pytest.raises(DeliveryError) as raised:
        channel(kind, http.base_url).deliver(news(kind), AT)
    assert len(http.requests) == 1
    assert "canary" not in f"{raised.value.message} {raised.value.hint}"
    return raised.value


@every_kind
@pytest.mark.parametrize("status", [500, 502, 503, 504])
def test_a_server_that_fails_may_have_taken_it_and_is_not_asked_twice(http: HttpServer, kind: str, status: int) -> None:
    http.on(PATHS[kind], Reply(status=status, body="<html>", headers={"Content-Type": "text/html"}))
    with pytest.raises(OutcomeUnknownError, match=str(status)):
        channel(kind, http.base_url).deliver(news(kind), AT)
    assert len(http.requests) == 1


@every_kind
def test_a_connection_that_breaks_may_have_taken_it(http: HttpServer, kind: str) -> None:
    http.on(PATHS[kind], Reply(breaks="before answering"))
    with pytest.raises(OutcomeUnknownError):
        channel(kind, http.base_url).deliver(news(kind), AT)
    assert len(http.requests) == 1


@every_kind
def test_no_answer_in_time_may_have_taken_it(http: HttpServer, kind: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(http_post, "TIMEOUT_SECONDS", 0.2)
    monkeypatch.setattr(ses, "TIMEOUT_SECONDS", 0.2)
    http.on(PATHS[kind], Reply(delay_seconds=0.6))
    with pytest.raises(OutcomeUnknownError):
        channel(kind, http.base_url).deliver(news(kind), AT)
    assert len(http.requests) == 1


@every_kind
def test_a_server_that_asks_to_slow_down_has_not_taken_it(http: HttpServer, kind: str) -> None:
    slow = Reply(status=429, body={"message": "slow down"}, headers={"Retry-After": "7"})
    refused = refusal(http, kind, slow)
    assert not refused.permanent
    assert "slow down" in refused.message
    assert kind == "ses" or "7 s" in refused.message


@every_kind
def test_a_refusal_is_for_good_and_says_why(http: HttpServer, kind: str) -> None:
    said = {"__type": "AccessDeniedException", "message": "not authorized"}
    body = "no_service" if kind == "slack-webhook" else said
    refused = refusal(http, kind, Reply(status=403, body=body))
    assert refused.permanent
    assert ("no_service" if kind == "slack-webhook" else "not authorized") in refused.message
    assert refused.hint


@pytest.mark.parametrize("kind", ["slack-webhook", "webhook"])
def test_a_redirect_is_not_followed(http: HttpServer, kind: str) -> None:
    http.on("elsewhere", {})
    refused = refusal(http, kind, Reply(status=307, headers={"Location": http.base_url + "elsewhere"}))
    assert refused.permanent
    assert "elsewhere" in refused.message
    assert http.asked("elsewhere") == []


@every_kind
def test_where_nobody_listens_nothing_was_taken(http: HttpServer, kind: str) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))  # bound and not listening: the port refuses
        base_url = f"http://127.0.0.1:{taken.getsockname()[1]}/"
        with pytest.raises(DeliveryError, match="cannot be reached") as raised:
            channel(kind, base_url).deliver(news(kind), AT)
    assert not raised.value.permanent
    assert "canary" not in raised.value.message


def test_a_page_where_slack_says_ok_is_not_taken_for_slack(http: HttpServer) -> None:
    http.on(PATHS["slack-webhook"], Reply(body="<html>ok</html>", headers={"Content-Type": "text/html"}))
    with pytest.raises(OutcomeUnknownError, match="not Slack's"):
        channel("slack-webhook", http.base_url).deliver(news("slack-webhook"), AT)


@pytest.mark.parametrize("address", ["hooks.slack.com/services/canary", "http://example.com/canary", "canary"])
def test_a_webhook_address_that_is_none_is_refused_without_showing_it(address: str) -> None:
    with pytest.raises(DeliveryError, match="https") as raised:
        channel("slack-webhook", "http://127.0.0.1/", HOOK=address).deliver(news("slack-webhook"), AT)
    assert "canary" not in f"{raised.value}{raised.value.hint}"


@pytest.mark.parametrize("secret", ["short", "whsec_short", "whsec_!!!", "whsec_" + "QUJD"])
def test_a_signing_secret_that_is_too_short_or_no_base64_signs_nothing(http: HttpServer, secret: str) -> None:
    with pytest.raises(DeliveryError, match="whsec_") as raised:
        channel("webhook", http.base_url, HOOK_SECRET=secret).deliver(news("webhook"), AT)
    assert secret not in raised.value.message.replace("whsec_", "", 1) or secret == "short"
    assert http.requests == []


def test_a_webhook_over_plain_http_to_another_machine_is_refused() -> None:
    table = {"kind": "webhook", "name": "w", "url": "http://example.com/hook", "secret": {"env": "S"}}
    with pytest.raises(ConfigError, match="in the clear"):
        registry.build_channel(table, Path(), {})
