"""A Slack incoming webhook keeps the promises of a channel, against a server that answers as Slack's does."""

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
from tests.http_server import HttpServer, Reply, http_server

PATH = "services/T0/B0/canary"


class TestSlackWebhook(ChannelKit):
    wrong_bodies = ("plain text", "[]", "{}", '{"text": "x", "blocks": ["x"]}', '{"text": " ", "blocks": []}', "null")
    secrets = ("canary",)
    http: HttpServer

    @pytest.fixture(autouse=True)
    def _listening(self) -> Iterator[None]:
        with http_server() as self.http:
            self.http.on(PATH, Reply(body="ok", headers={"Content-Type": "text/html"}))
            yield

    def channel(self) -> Channel:
        table = {"kind": "slack-webhook", "name": "finops", "url": {"env": "HOOK"}}
        return registry.build_channel(table, Path(), {"HOOK": self.http.base_url + PATH})

    def body(self, text: str) -> str:
        return json.dumps({"text": text, "blocks": [{"type": "section", "text": {"type": "plain_text", "text": text}}]})

    def arrived(self) -> list[tuple[str, str]]:
        # Slack's webhook knows no identity of a message: the text is all there is.
        return [(one.body["text"], one.body["blocks"][0]["text"]["text"]) for one in self.http.asked(PATH)]

    @pytest.mark.parametrize("case", CASES)
    def test_every_report_is_posted_as_it_was_rendered(self, case: str) -> None:
        message = message_for(CASES[case](), "finops", "slack", "report")
        self.channel().deliver(message, AT)
        (asked,) = self.http.asked(PATH)
        assert {"text": asked.body["text"], "blocks": asked.body["blocks"]} == json.loads(message.body)
