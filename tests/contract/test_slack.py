"""Slack keeps the promises of a channel, against a server that speaks `chat.postMessage`."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import pytest

from advisor import registry
from advisor.contract.channel import Channel
from advisor.contract.testing.channel import AT, ChannelKit
from advisor.reporting.message import message_for
from tests.golden.cases import CASES
from tests.servers import SlackServer, slack_server


class TestSlack(ChannelKit):
    wrong_bodies = ("plain text", "[]", "{}", '{"text": "x", "blocks": ["x"]}', '{"text": " ", "blocks": []}', "null")
    secrets = ("xoxb-canary",)
    slack: SlackServer

    @pytest.fixture(autouse=True)
    def _listening(self) -> Iterator[None]:
        with slack_server() as self.slack:
            yield

    def channel(self) -> Channel:
        table = {
            "kind": "slack",
            "name": "finops",
            "channel": "C0123456789",
            "token": {"env": "SLACK_BOT_TOKEN"},
            "base_url": self.slack.base_url,
        }
        return registry.build_channel(table, Path(), {"SLACK_BOT_TOKEN": "xoxb-canary"})

    def body(self, text: str) -> str:
        section = {"type": "section", "text": {"type": "plain_text", "text": text}}
        return json.dumps({"text": text, "blocks": [section]})

    def arrived(self) -> list[tuple[str, str]]:
        return [
            (posted["metadata"]["event_payload"]["dedup_key"], posted["blocks"][0]["text"]["text"])
            for posted in self.slack.posted
        ]

    @pytest.mark.parametrize("case", CASES)
    def test_every_report_is_posted_as_it_was_rendered(self, case: str) -> None:
        message = message_for(CASES[case](), "finops", "slack", "report")
        self.channel().deliver(message, AT)
        (posted,) = self.slack.posted
        assert {"text": posted["text"], "blocks": posted["blocks"]} == json.loads(message.body)
