"""A webhook of the reader's own: the report as JSON, signed as the Standard Webhooks specification says."""

from __future__ import annotations

import base64
import binascii
import hmac
import json
from datetime import datetime, timedelta
from typing import Annotated, ClassVar

from pydantic import AfterValidator

from advisor.contract.channel import Channel, Format
from advisor.contract.endpoint import checked
from advisor.contract.settings import SecretRef
from advisor.delivery.http_post import TIMEOUT_SECONDS, post_once
from advisor.domain.report import Message, Receipt
from advisor.errors import DeliveryError

PREFIX = "whsec_"
SHORTEST_KEY = 24
"""Bytes, as the specification asks."""


def _address(url: str) -> str:
    checked(url)
    return url


class Webhook(Channel):
    """Posts `{"type", "timestamp", "data"}` to `url`, where `data` is the document of `advisor check --format json`.

    Its headers are those of https://www.standardwebhooks.com: `webhook-id` is the same for the same news, by which a
    receiver knows a repetition, and `webhook-signature` is made with `secret`, a text `whsec_` and base64.
    """

    settles_within: ClassVar[timedelta] = timedelta(seconds=TIMEOUT_SECONDS + 60)
    format: ClassVar[Format] = "json"
    url: Annotated[str, AfterValidator(_address)]
    secret: SecretRef

    def deliver(self, message: Message, at: datetime) -> Receipt:
        """See `Channel`. The receipt's id is the `webhook-id`."""
        try:
            document = json.loads(message.body)
        except ValueError:
            raise DeliveryError("the message is not rendered for a webhook: no JSON", permanent=True) from None
        sent = {"type": f"advisor.{message.kind}", "timestamp": at.isoformat(), "data": document}
        content = json.dumps(sent, ensure_ascii=False).encode(errors="backslashreplace")
        post_once(self.url, content, self._headers(message.dedup_key, at, content), "the webhook")
        return Receipt(provider_id=message.dedup_key, delivered_at=at)

    def _headers(self, key: str, at: datetime, content: bytes) -> dict[str, str]:
        """The key of the news is a digest; anything else is made one, since it becomes a header and is signed."""
        identity = key if key.isascii() and key.isalnum() else _digest(key)
        stamp = str(int(at.timestamp()))
        return {
            "Content-Type": "application/json",
            "webhook-id": identity,
            "webhook-timestamp": stamp,
            "webhook-signature": signature(self._key(), identity, stamp, content),
        }

    def _key(self) -> bytes:
        """The signing key. Raises ConfigError where it is not set, DeliveryError where it is none."""
        text = self.secret.reveal().strip()
        try:
            key = base64.b64decode(text.removeprefix(PREFIX), validate=True) if text.startswith(PREFIX) else b""
        except binascii.Error:
            key = b""
        if len(key) < SHORTEST_KEY:
            raise DeliveryError(
                f"the webhook's secret is not {PREFIX!r} and the base64 of at least {SHORTEST_KEY} bytes",
                f"make one: printf {PREFIX}; openssl rand -base64 32",
            )
        return key


def signature(key: bytes, identity: str, stamp: str, content: bytes) -> str:
    """`v1,` and the base64 of HMAC-SHA256(key, "identity.stamp.content"), as the specification has it."""
    signed = b".".join((identity.encode(), stamp.encode(), content))
    return "v1," + base64.b64encode(hmac.digest(key, signed, "sha256")).decode()


def _digest(key: str) -> str:
    import hashlib

    return hashlib.sha256(key.encode(errors="backslashreplace")).hexdigest()
