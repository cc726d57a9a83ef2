"""What each answer of Slack, or its absence, means for a message: posted, refused, to be tried again, or unknown."""

from __future__ import annotations

import json
import logging
from collections.abc import Iterator
from datetime import UTC, datetime
from http.client import HTTPConnection
from pathlib import Path
from typing import Any

import pytest

from advisor import registry
from advisor.contract.channel import Channel, OutcomeUnknownError
from advisor.delivery import slack as slack_channel
from advisor.domain.report import Message
from advisor.errors import ConfigError, DeliveryError
from tests.servers import POSTED, Answer, Break, SlackServer, refuses, slack_server

AT = datetime(2026, 11, 24, 12, tzinfo=UTC)
BODY = json.dumps({"text": "stay", "blocks": [{"type": "section", "text": {"type": "plain_text", "text": "stay"}}]})
NEWS = Message(dedup_key="key", channel="finops", kind="report", subject="stay", body=BODY)
PROXIES = ("HTTPS_PROXY", "https_proxy", "HTTP_PROXY", "http_proxy")


@pytest.fixture(autouse=True)
def _no_proxy(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in PROXIES:
        monkeypatch.delenv(name, raising=False)


@pytest.fixture
def slack() -> Iterator[SlackServer]:
    with slack_server() as server:
        yield server


def channel(base_url: str, token: str = "xoxb-canary") -> Channel:
    table = {"kind": "slack", "name": "finops", "channel": "C01", "token": {"env": "TOKEN"}, "base_url": base_url}
    return registry.build_channel(table, Path(), {"TOKEN": token})


def refusal(slack: SlackServer, answer: Answer) -> DeliveryError:
    slack.answers.append(answer)
    with pytest.raises(DeliveryError) as raised:
        channel(slack.base_url).deliver(NEWS, AT)
    assert slack.requests == 1
    return raised.value


def unknown(slack: SlackServer, answer: Answer) -> str:
    slack.answers.append(answer)
    with pytest.raises(OutcomeUnknownError) as raised:
        channel(slack.base_url).deliver(NEWS, AT)
    assert slack.requests == 1
    return str(raised.value)


def test_a_posted_message_carries_its_text_and_its_key_without_markup_or_unfurling(slack: SlackServer) -> None:
    receipt = channel(slack.base_url).deliver(NEWS, AT)
    (posted,) = slack.posted
    assert receipt.provider_id == posted["ts"]
    assert receipt.delivered_at == datetime.fromtimestamp(1795521600, UTC)
    assert (posted["channel"], posted["text"]) == ("C01", "stay")
    assert (posted["mrkdwn"], posted["unfurl_links"], posted["unfurl_media"]) == (False, False, False)
    assert posted["metadata"] == {"event_type": "advisor_notification", "event_payload": {"dedup_key": "key"}}
    assert slack.tokens == ["xoxb-canary"]


@pytest.mark.parametrize(
    ("code", "hint"),
    [
        ("not_in_channel", "/invite"),
        ("channel_not_found", "channel's id"),
        ("is_archived", "unarchive"),
        ("invalid_auth", "xoxb-"),
        ("not_authed", "xoxb-"),
        ("token_revoked", "xoxb-"),
        ("token_expired", "xoxb-"),
        ("account_inactive", "xoxb-"),
        ("missing_scope", "chat:write"),
        ("restricted_action", "workspace owner"),
        ("ekm_access_denied", "administrator"),
        ("msg_too_long", "docs.slack.dev"),
        ("a_code_of_the_future", "docs.slack.dev"),
    ],
)
def test_a_refusal_is_permanent_and_its_hint_says_what_to_do(slack: SlackServer, code: str, hint: str) -> None:
    error = refusal(slack, refuses(code))
    assert error.permanent
    assert code in error.message
    assert hint in error.hint


def test_a_refusal_of_blocks_says_which_and_why(slack: SlackServer) -> None:
    said = "must be less than 151 characters [json-pointer:/blocks/0/text/text]"
    error = refusal(slack, refuses("invalid_blocks", response_metadata={"messages": [said]}))
    assert said in error.message


@pytest.mark.parametrize(
    "answer",
    [
        refuses("ratelimited", 429),
        refuses("rate_limited"),
        refuses("message_limit_exceeded"),
        Answer(status=429, body=""),
    ],
)
def test_a_rate_limit_is_tried_again_later(slack: SlackServer, answer: Answer) -> None:
    assert not refusal(slack, answer).permanent


def test_a_rate_limit_says_how_long_to_wait(slack: SlackServer) -> None:
    error = refusal(slack, Answer(status=429, body="", headers=(("Retry-After", "3600"),)))
    assert "3600 s" in error.message


@pytest.mark.parametrize(
    "answer",
    [
        Answer(status=500, body="oops"),
        Answer(status=500, body='{"ok": false, "error": "fatal_error"}', posts=True),
        Answer(status=503, body=""),
        Answer(status=408, body=""),
        refuses("internal_error"),
        refuses("service_unavailable"),
        Answer(body="<html>welcome to the hotel</html>", posts=True),
        Answer(body='{"ok": tru', posts=True),
        Answer(body="[1, 2]", posts=True),
        Answer(body="null", posts=True),
        Answer(body="", posts=True),
        Answer(body='{"ok": true}', posts=True),
        Answer(body='{"ok": true, "ts": "soon"}', posts=True),
        Answer(body='{"ok": true, "ts": "1e400"}', posts=True),
        Answer(headers=(("Content-Type", "application/gzip"),), posts=True),
    ],
    ids=lambda answer: f"{answer.status} {answer.body}",
)
def test_an_answer_that_may_follow_a_post_leaves_the_outcome_unknown(slack: SlackServer, answer: Answer) -> None:
    assert unknown(slack, answer)


@pytest.mark.parametrize("breaks", ["before reading", "after taking", "in the answer"])
def test_a_broken_connection_is_unknown_and_never_posts_again(slack: SlackServer, breaks: Break) -> None:
    unknown(slack, Answer(posts=True, breaks=breaks))
    assert len(slack.posted) == (0 if breaks == "before reading" else 1)


def test_an_answer_that_comes_too_late_is_unknown(slack: SlackServer, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(slack_channel, "TIMEOUT_SECONDS", 0.1)
    unknown(slack, Answer(posts=True, delay_seconds=0.4))


@pytest.mark.parametrize("broken", [ConnectionResetError, BrokenPipeError, ConnectionAbortedError])
def test_a_connection_that_breaks_while_the_message_goes_out_is_unknown(
    slack: SlackServer, monkeypatch: pytest.MonkeyPatch, broken: type[OSError]
) -> None:
    endheaders = HTTPConnection.endheaders

    def cut_off(self: HTTPConnection, *body: Any, **more: Any) -> None:
        endheaders(self, *body, **more)
        raise broken

    monkeypatch.setattr(HTTPConnection, "endheaders", cut_off)
    with pytest.raises(OutcomeUnknownError):
        channel(slack.base_url).deliver(NEWS, AT)


def test_a_page_in_place_of_slack_is_a_wrong_address(slack: SlackServer) -> None:
    error = refusal(slack, Answer(status=404, body="<h1>not here</h1>"))
    assert error.permanent
    assert "base_url" in error.hint


def test_slack_that_cannot_be_reached_is_tried_again() -> None:
    with slack_server() as gone:
        pass
    with pytest.raises(DeliveryError, match="cannot be reached") as raised:
        channel(gone.base_url).deliver(NEWS, AT)
    assert not raised.value.permanent


def test_a_server_without_tls_where_tls_is_asked_for_is_tried_again(slack: SlackServer) -> None:
    with pytest.raises(DeliveryError, match="cannot be reached") as raised:
        channel(slack.base_url.replace("http://", "https://")).deliver(NEWS, AT)
    assert not raised.value.permanent
    assert slack.posted == []


@pytest.mark.parametrize("token", ["xoxb-canary\nsecond line", "xoxb-cänary", "xoxb canary"])
def test_a_token_that_no_header_takes_is_never_sent_nor_shown(
    slack: SlackServer, token: str, caplog: pytest.LogCaptureFixture
) -> None:
    with pytest.raises(DeliveryError, match="token") as raised:
        channel(slack.base_url, token).deliver(NEWS, AT)
    assert not raised.value.permanent
    assert slack.requests == 0
    assert "nary" not in f"{raised.value} {raised.value.hint} {caplog.text}"


def test_a_line_break_after_the_token_is_no_part_of_it(slack: SlackServer) -> None:
    channel(slack.base_url, "xoxb-canary\n").deliver(NEWS, AT)
    assert slack.tokens == ["xoxb-canary"]


def test_a_token_that_is_not_set_names_its_variable(slack: SlackServer) -> None:
    with pytest.raises(ConfigError, match="TOKEN"):
        channel(slack.base_url, "").deliver(NEWS, AT)
    assert slack.requests == 0


def test_failures_are_said_once_and_logged_nowhere_else(slack: SlackServer, caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.DEBUG):
        unknown(slack, Answer(body="<html>", posts=True))
    assert caplog.text == ""


def test_the_next_message_goes_through_after_a_failure(slack: SlackServer) -> None:
    refusal(slack, refuses("ratelimited", 429))
    slack.answers.append(POSTED)
    channel(slack.base_url).deliver(NEWS, AT)
    assert len(slack.posted) == 1
