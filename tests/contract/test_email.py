"""Email keeps the promises of a channel, against a real SMTP server."""

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
from tests.servers import MailServer, mail_server


class TestEmail(ChannelKit):
    wrong_bodies = ("plain text", "[]", "{}", '{"subject": "x", "text": "x"}', '{"subject": 1, "text": 2, "html": 3}')
    secrets = ("right",)
    mail: MailServer

    @pytest.fixture(autouse=True)
    def _listening(self) -> Iterator[None]:
        with mail_server(auth=True) as self.mail:
            yield

    def channel(self) -> Channel:
        table = {
            "kind": "email",
            "name": "finops",
            "host": "127.0.0.1",
            "port": self.mail.port,
            "security": "none",
            "username": "advisor",
            "password": {"env": "SMTP_PASSWORD"},
            "from": "advisor@example.com",
            "to": ["finops@example.com"],
        }
        return registry.build_channel(table, Path(), {"SMTP_PASSWORD": "right"})

    def body(self, text: str) -> str:
        return json.dumps({"subject": text, "text": text, "html": f"<pre>{text}</pre>"})

    def arrived(self) -> list[tuple[str, str]]:
        texts = []
        for mail in self.mail.mails:
            text = mail.get_body(("plain",))
            assert text is not None
            texts.append((str(mail["Message-ID"]), str(text.get_content())))
        return texts

    @pytest.mark.parametrize("case", CASES)
    def test_every_report_arrives_as_it_was_rendered(self, case: str) -> None:
        message = message_for(CASES[case](), "finops", "email", "report")
        self.channel().deliver(message, AT)
        (mail,), rendered = self.mail.mails, json.loads(message.body)
        text, html = mail.get_body(("plain",)), mail.get_body(("html",))
        assert text is not None
        assert html is not None
        assert str(mail["Subject"]).split() == rendered["subject"].split()  # folding may double a space
        assert text.get_content().splitlines() == rendered["text"].splitlines()
        assert html.get_content().splitlines() == rendered["html"].splitlines()
