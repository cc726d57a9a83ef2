"""A Slack incoming webhook: one post a message. It gives no id back, so nothing can be looked up or updated later."""

from __future__ import annotations

import json
from datetime import datetime, timedelta
from typing import ClassVar

from advisor.contract.channel import Channel, Format, OutcomeUnknownError
from advisor.contract.endpoint import checked
from advisor.contract.settings import SecretRef
from advisor.delivery.blocks import read_blocks
from advisor.delivery.http_post import TIMEOUT_SECONDS, post_once
from advisor.domain.report import Message, Receipt
from advisor.errors import DeliveryError

RECEIVER = "the Slack webhook"
HINTS = {
    "no_service": "the webhook was removed or its app disabled: make a new one",
    "no_team": "the workspace is gone: make a webhook in another one",
    "no_active_hooks": "the app was disabled: enable it, or make a new webhook",
    "invalid_token": "the address is incomplete: copy the whole webhook URL",
    "channel_is_archived": "unarchive the channel, or make a webhook for another one",
    "channel_not_found": "the webhook's channel is gone: make a new webhook",
    "action_prohibited": "a workspace setting forbids the webhook to post; ask a workspace owner",
    "posting_to_general_channel_denied": "only owners may post there: make a webhook for another channel",
}


class SlackWebhook(Channel):
    """Posts to the incoming webhook that `url` refers to. The address is a secret: whoever knows it can post."""

    settles_within: ClassVar[timedelta] = timedelta(seconds=TIMEOUT_SECONDS + 60)
    format: ClassVar[Format] = "slack"
    url: SecretRef

    def deliver(self, message: Message, at: datetime) -> Receipt:
        """See `Channel`. The receipt's id is the message's own key: the webhook gives none."""
        text, blocks = read_blocks(message)
        content = json.dumps({"text": text, "blocks": blocks, "unfurl_links": False, "unfurl_media": False}).encode()
        answer = post_once(self._address(), content, {"Content-Type": "application/json"}, RECEIVER, HINTS)
        if answer.text != "ok":
            raise OutcomeUnknownError(f"{RECEIVER} gives an answer that is not Slack's")
        return Receipt(provider_id=message.dedup_key, delivered_at=at)

    def _address(self) -> str:
        """The address. Raises ConfigError where it is not set, DeliveryError where it is none."""
        try:
            return checked(self.url.reveal().strip()).rstrip("/")
        except ValueError:  # its text quotes the address
            raise DeliveryError(
                "the Slack webhook's address is no https address", "copy the whole webhook URL, https://hooks..."
            ) from None
