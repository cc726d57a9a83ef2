"""Settings of channels: what cannot work, or would send secrets in the clear, is refused with its key named."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from advisor import registry
from advisor.delivery.email import Email
from advisor.errors import ConfigError

MAIL = {"kind": "email", "name": "mail", "host": "mail.example.com", "from": "a@example.com", "to": ["b@example.com"]}
SLACK = {"kind": "slack", "name": "finops", "channel": "C01", "token": {"env": "TOKEN"}}
FILE = {"kind": "file", "name": "folder", "path": "messages"}


def fault(table: dict[str, Any], **changes: Any) -> str:
    with pytest.raises(ConfigError) as refused:
        registry.build_channel({**table, **changes}, Path("/etc/advisor"), {})
    return f"{refused.value.message} {refused.value.hint}"


@pytest.mark.parametrize("address", ["o'brien@example.com", "finops+advisor@mail.example.co.uk", "a@b"])
def test_a_plain_address_is_taken(address: str) -> None:
    assert isinstance(registry.build_channel({**MAIL, "to": [address]}, Path(), {}), Email)


@pytest.mark.parametrize(
    "address",
    [
        "", "finops", "@example.com", "finops@", "a@b@example.com", "Ann <ann@example.com>",
        "a@example.com, b@example.com",
        "a@example.com\nBcc: all@example.com", "team:a@example.com;", "(x)a@example.com", 'a"b"@example.com',
        "a\\b@example.com", "ä@example.com", "a@[127.0.0.1]",
    ],
)  # fmt: skip
def test_what_is_more_or_less_than_an_address_is_refused(address: str) -> None:
    assert "channels.mail" in fault(MAIL, to=[address])
    assert "channels.mail.from" in fault(MAIL, **{"from": address})


def test_a_mail_without_recipients_or_host_is_refused() -> None:
    assert "channels.mail.to" in fault(MAIL, to=[])
    assert "channels.mail.host" in fault(MAIL, host="")


def test_mail_in_the_clear_is_for_this_machine_only() -> None:
    assert "this machine only" in fault(MAIL, security="none")
    registry.build_channel({**MAIL, "security": "none", "host": "localhost"}, Path(), {})


def test_a_username_needs_a_password_and_a_password_a_username() -> None:
    assert "go together" in fault(MAIL, username="advisor")
    assert "go together" in fault(MAIL, password={"env": "PASSWORD"})


def test_slack_in_the_clear_is_for_this_machine_only() -> None:
    assert "use https" in fault(SLACK, base_url="http://proxy.example.com/api/")
    registry.build_channel({**SLACK, "base_url": "http://127.0.0.1:8080/api"}, Path(), {})


@pytest.mark.parametrize("table", [MAIL, SLACK, FILE])
def test_a_misspelt_key_is_named_with_the_nearest_known_one(table: dict[str, Any]) -> None:
    assert f"channels.{table['name']}.nmae: unknown key did you mean 'name'?" in fault(table, nmae="x")


@pytest.mark.parametrize("table", [MAIL, SLACK, FILE])
def test_news_that_there_is_not_cannot_be_asked_for(table: dict[str, Any]) -> None:
    assert f"channels.{table['name']}.on" in fault(table, on=["gossip"])


def test_a_folder_is_on_this_machine() -> None:
    assert "no folder on this machine" in fault(FILE, path="s3://bucket/messages")


def test_a_secret_is_looked_up_only_when_a_message_is_sent() -> None:
    registry.build_channel(SLACK, Path(), {})
