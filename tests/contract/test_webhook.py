"""A signed webhook keeps the promises of a channel, against a receiver that checks the signature."""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
from collections.abc import Iterator
from datetime import datetime
from pathlib import Path

import pytest

from advisor import registry
from advisor.contract.channel import Channel
from advisor.contract.testing.channel import AT, ChannelKit
from advisor.delivery.webhook import signature
from advisor.reporting.message import message_for
from tests.golden.cases import CASES
from tests.http_server import HttpServer, Request, http_server

KEY = b"a key of thirty-two bytes, sir. "
SECRET = "whsec_" + base64.b64encode(KEY).decode()


def signed(request: Request) -> bool:
    """As a receiver checks it, by the text of the specification."""
    said = request.headers
    content = f"{said['webhook-id']}.{said['webhook-timestamp']}.".encode() + request.raw
    expected = base64.b64encode(hmac.new(KEY, content, hashlib.sha256).digest()).decode()
    return f"v1,{expected}" in said["webhook-signature"].split(" ")


class TestWebhook(ChannelKit):
    wrong_bodies = ("plain text", "", "{")
    secrets = (base64.b64encode(KEY).decode(),)
    http: HttpServer

    @pytest.fixture(autouse=True)
    def _listening(self) -> Iterator[None]:
        with http_server() as self.http:
            self.http.on("hook", {})
            yield

    def channel(self) -> Channel:
        url = self.http.base_url + "hook"
        table = {"kind": "webhook", "name": "finops", "url": url, "secret": {"env": "HOOK_SECRET"}}
        return registry.build_channel(table, Path(), {"HOOK_SECRET": SECRET})

    def body(self, text: str) -> str:
        return json.dumps({"said": text})

    def arrived(self) -> list[tuple[str, str]]:
        asked = self.http.asked("hook")
        assert all(map(signed, asked))
        return [(one.headers["webhook-id"], one.body["data"]["said"]) for one in asked]

    @pytest.mark.parametrize("case", CASES)
    def test_every_report_arrives_as_the_document_of_a_check(self, case: str) -> None:
        message = message_for(CASES[case](), "finops", "json", "report")
        self.channel().deliver(message, AT)
        (asked,) = self.http.asked("hook")
        assert signed(asked)
        assert asked.body["type"] == "advisor.report"
        assert datetime.fromisoformat(asked.body["timestamp"]) == AT
        assert asked.body["data"] == json.loads(message.body)
        assert asked.body["data"]["schema"] == "advisor.check/1"

    def test_a_signature_is_that_of_the_specifications_own_example(self) -> None:
        # https://github.com/standard-webhooks/standard-webhooks, the known answer of its libraries' tests
        key = base64.b64decode("MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw")
        made = signature(key, "msg_p5jXN8AQM9LWM0D4loKWxJek", "1614265330", b'{"test": 2432232314}')
        assert made == "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE="
