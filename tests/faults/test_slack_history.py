"""A message whose outcome is unknown is looked up in the channel's history: found, certainly absent, or neither."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from advisor import registry
from advisor.contract.channel import Channel
from advisor.domain.report import Message
from advisor.errors import DeliveryError
from tests.servers import Answer, SlackServer, refuses, slack_server

AT = datetime(2026, 11, 24, 12, tzinfo=UTC)
BODY = json.dumps({"text": "stay", "blocks": [{"type": "section", "text": {"type": "plain_text", "text": "stay"}}]})
NEWS = Message(dedup_key="key", channel="finops", kind="report", subject="stay", body=BODY)


@pytest.fixture
def slack(monkeypatch: pytest.MonkeyPatch) -> Iterator[SlackServer]:
    for name in ("HTTPS_PROXY", "https_proxy", "HTTP_PROXY", "http_proxy"):
        monkeypatch.delenv(name, raising=False)
    with slack_server() as server:
        yield server


def channel(slack: SlackServer) -> Channel:
    table = {"kind": "slack", "name": "finops", "channel": "C01", "token": {"env": "TOKEN"}, "base_url": slack.base_url}
    return registry.build_channel(table, Path(), {"TOKEN": "xoxb-canary"})


def test_a_posted_message_is_found_with_the_receipt_it_would_have_had(slack: SlackServer) -> None:
    receipt = channel(slack).deliver(NEWS, AT)
    assert channel(slack).find(NEWS, AT) == receipt


def test_a_message_that_was_not_posted_is_certainly_absent(slack: SlackServer) -> None:
    channel(slack).deliver(replace(NEWS, dedup_key="other"), AT)
    assert channel(slack).find(NEWS, AT) is None


def test_every_page_is_read(slack: SlackServer) -> None:
    slack.history_page = 2
    for key in ("key", *"abcde"):
        channel(slack).deliver(replace(NEWS, dedup_key=key), AT)
    assert channel(slack).find(NEWS, AT) is not None


def test_what_somebody_else_posts_with_our_key_is_not_our_message(slack: SlackServer) -> None:
    channel(slack).deliver(NEWS, AT)
    slack.posted[0]["bot_id"] = "B0SOMEBODY"
    assert channel(slack).find(NEWS, AT) is None


def test_a_message_of_long_before_is_another_one(slack: SlackServer) -> None:
    channel(slack).deliver(NEWS, AT)
    assert channel(slack).find(NEWS, AT + timedelta(minutes=4)) is not None, "clocks may differ by minutes"
    assert channel(slack).find(NEWS, AT + timedelta(minutes=6)) is None


@pytest.mark.parametrize(
    ("answer", "said"),
    [
        (refuses("missing_scope"), "missing_scope"),
        (refuses("ratelimited", status=429), "ratelimited"),
        (Answer(status=500, body="<html>"), "HTTP 500"),
        (Answer(body="<html>"), "HTTP 200"),
        (Answer(body='{"ok": true}'), "no history"),
        (Answer(body='{"ok": true, "messages": [], "has_more": true}'), "not where"),
        (Answer(body='{"ok": true, "messages": []}', breaks="in the answer"), "cannot be read"),
    ],
)
def test_half_a_history_proves_nothing(slack: SlackServer, answer: Answer, said: str) -> None:
    slack.history_answers.append(answer)
    with pytest.raises(DeliveryError, match=said) as raised:
        channel(slack).find(NEWS, AT)
    assert not raised.value.permanent
    assert "xoxb" not in f"{raised.value}{raised.value.hint}"


def test_a_missing_scope_names_the_scope(slack: SlackServer) -> None:
    slack.history_answers.append(refuses("missing_scope"))
    with pytest.raises(DeliveryError) as raised:
        channel(slack).find(NEWS, AT)
    assert "channels:history" in raised.value.hint
