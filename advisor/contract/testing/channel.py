"""What every channel promises, as tests: a test class inherits `ChannelKit` and says what arrived."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any, ClassVar

import pytest
from pydantic import ValidationError

from advisor.contract.channel import Channel
from advisor.domain.report import Message
from advisor.errors import DeliveryError

AT = datetime(2026, 11, 24, 12, tzinfo=UTC)
HOSTILE = (
    "<!channel> & <script>alert(1)</script>",
    "two\r\nBcc: everybody@example.com\r\n\r\nlines",
    "..\n.\nQUIT",
    "{{ 7 * 7 }} {% raw %}",
    "../../etc/passwd\u202e",
    "naïve 費用 🚀 " + "long " * 400,
)


class ChannelKit:
    """The promises of `advisor.contract.channel.Channel`.

        class TestMyChannel(ChannelKit):
            wrong_bodies = ("not my format",)
            secrets = ("the token's value",)

            def channel(self) -> Channel: ...
            def body(self, text: str) -> str: ...
            def arrived(self) -> list[tuple[str, str]]: ...

    `wrong_bodies` are bodies that no rendering for this channel has; `secrets` the values behind its references.
    """

    wrong_bodies: ClassVar[tuple[str, ...]] = ()
    secrets: ClassVar[tuple[str, ...]] = ()

    def channel(self) -> Channel:
        """The channel, pointed at something real on this machine."""
        raise NotImplementedError

    def body(self, text: str) -> str:
        """A body in the channel's format that says *text*."""
        raise NotImplementedError

    def arrived(self) -> list[tuple[str, str]]:
        """What reached people, oldest first: the identity by which a repetition is known, and the text."""
        raise NotImplementedError

    def message(self, text: str = "stay", **changes: str) -> Message:
        fields = {"dedup_key": "news", "channel": "finops", "kind": "report", "subject": text, "body": self.body(text)}
        return Message(**{**fields, **changes})

    def test_settings_refuse_an_unknown_key(self) -> None:
        channel = self.channel()
        with pytest.raises(ValidationError, match="surprise"):
            type(channel).model_validate({**_table(channel), "surprise": 1})

    def test_settings_refuse_a_secret_that_is_written_out(self) -> None:
        channel = self.channel()
        references = [name for name, value in _table(channel).items() if isinstance(value, Mapping) and "env" in value]
        assert len(references) >= len(self.secrets)
        for name in references:
            with pytest.raises(ValidationError, match="never a literal"):
                type(channel).model_validate({**_table(channel), name: "written out"})

    def test_secrets_never_show(self) -> None:
        channel = self.channel()
        shown = f"{channel!r} {channel} {channel.model_dump()} {channel.model_dump_json()}"
        assert [secret for secret in self.secrets if secret in shown] == []

    def test_deliver_returns_a_receipt_with_the_channels_own_id(self) -> None:
        receipt = self.channel().deliver(self.message(), AT)
        assert receipt.provider_id
        assert receipt.delivered_at.utcoffset() is not None
        assert len(self.arrived()) == 1

    def test_a_body_in_another_format_is_refused_for_good_and_nothing_arrives(self) -> None:
        for wrong in self.wrong_bodies:
            with pytest.raises(DeliveryError) as refusal:
                self.channel().deliver(self.message(body=wrong), AT)
            assert refusal.value.permanent, wrong
            assert refusal.value.message
        assert self.arrived() == []

    @pytest.mark.parametrize("text", HOSTILE)
    def test_hostile_text_arrives_as_text(self, text: str) -> None:
        self.channel().deliver(self.message(text, dedup_key=text), AT)
        assert [_lines(said) for _, said in self.arrived()] == [_lines(text)]

    def test_the_same_news_has_the_same_identity_and_other_news_another(self) -> None:
        channel = self.channel()
        channel.deliver(self.message("stay"), AT)
        channel.deliver(self.message("stay"), AT)
        channel.deliver(self.message("move", dedup_key="other news"), AT)
        *same, other = [identity for identity, _ in self.arrived()]
        assert len(set(same)) == 1
        assert other not in same


def _table(channel: Channel) -> dict[str, Any]:
    """The channel's settings as its table in `advisor.toml` states them."""
    return channel.model_dump(mode="json", by_alias=True, exclude_defaults=True)


def _lines(text: str) -> list[str]:
    """Text by lines: how a line ends is the transport's affair."""
    return text.rstrip().replace("\r\n", "\n").split("\n")
