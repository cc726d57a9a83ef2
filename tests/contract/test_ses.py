"""SES keeps the promises of a channel, against a server that takes its one call."""

from __future__ import annotations

import base64
import json
from collections.abc import Iterator
from email import message_from_bytes, policy
from email.message import EmailMessage
from pathlib import Path

import pytest

from advisor import registry
from advisor.contract.channel import Channel
from advisor.contract.testing.channel import AT, ChannelKit
from tests.http_server import HttpServer, Request, http_server

CALL = "v2/email/outbound-emails"


def mail(request: Request) -> EmailMessage:
    parsed = message_from_bytes(base64.b64decode(request.body["Content"]["Raw"]["Data"]), policy=policy.SMTP)
    assert isinstance(parsed, EmailMessage)
    return parsed


class TestSes(ChannelKit):
    wrong_bodies = ("plain text", "[]", "{}", '{"subject": "x", "text": "x"}', '{"subject": 1, "text": 2, "html": 3}')
    http: HttpServer

    @pytest.fixture(autouse=True)
    def _listening(self, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
        monkeypatch.setenv("AWS_ACCESS_KEY_ID", "testing")
        monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "testing")
        with http_server() as self.http:
            self.http.on(CALL, {"MessageId": "0100-ses"})
            yield

    def channel(self) -> Channel:
        table = {
            "kind": "ses", "name": "finops", "region": "eu-west-1", "from": "advisor@example.com",
            "to": ["finops@example.com", "cto@example.com"], "endpoint_url": self.http.base_url,
        }  # fmt: skip
        return registry.build_channel(table, Path(), {})

    def body(self, text: str) -> str:
        return json.dumps({"subject": text, "text": text, "html": f"<pre>{text}</pre>"})

    def arrived(self) -> list[tuple[str, str]]:
        found = []
        for request in self.http.asked(CALL):
            text = mail(request).get_body(("plain",))
            assert text is not None
            found.append((str(mail(request)["Message-ID"]), str(text.get_content())))
        return found

    def test_everybody_is_named_and_the_receipt_is_sess_own(self) -> None:
        receipt = self.channel().deliver(self.message(), AT)
        (asked,) = self.http.asked(CALL)
        assert receipt.provider_id == "0100-ses"
        assert asked.body["Destination"] == {"ToAddresses": ["finops@example.com", "cto@example.com"]}
        assert asked.body["FromEmailAddress"] == "advisor@example.com"
        assert mail(asked)["X-Advisor-Dedup-Key"] == "news"
