"""Looks a message up in a Slack channel's history, by the key that was posted with it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any

from advisor.errors import DeliveryError

if TYPE_CHECKING:
    from slack_sdk import WebClient

PAGE = 200
MOST_PAGES = 50
CLOCKS_APART = timedelta(minutes=5)
"""Slack's clock and this machine's may differ by so much."""
_HINTS = {
    "missing_scope": "give the app channels:history, for a private channel groups:history, and install it again",
    "not_in_channel": "invite the bot: /invite it in the channel",
    "channel_not_found": "check the channel's id, and invite the bot if it is private",
}


def posted(client: WebClient, channel: str, event_type: str, dedup_key: str, since: datetime) -> str | None:
    """The `ts` of the bot's own message with that key, posted at *since* or later; None if there is none.

    Anybody can post metadata that looks like this: only the bot's own messages count. Raises DeliveryError where the
    history cannot be read to its end.
    """
    from slack_sdk.errors import SlackApiError

    try:
        own = client.auth_test()
        identity = {own.get("bot_id"), own.get("user_id")} - {None}
        for message in _history(client, channel, since - CLOCKS_APART):
            said = message.get("metadata")
            if not isinstance(said, Mapping) or said.get("event_type") != event_type:
                continue
            payload = said.get("event_payload")
            key = payload.get("dedup_key") if isinstance(payload, Mapping) else None
            if key == dedup_key and identity & {message.get("bot_id"), message.get("user")}:
                return str(message["ts"])
    except SlackApiError as error:
        answer = error.response.data
        code = str(answer.get("error", "")) if isinstance(answer, dict) else ""
        code = code if code.replace("_", "").isalnum() else f"HTTP {error.response.status_code}"
        raise DeliveryError(f"Slack does not show the channel's history: {code}", _HINTS.get(code, "")) from error
    except DeliveryError:
        raise
    except Exception as error:  # the client fails in many ways on an answer that is not Slack's
        problem = f"Slack's history cannot be read ({type(error).__name__})"
        raise DeliveryError(problem, "check the network, base_url and any proxy") from error
    return None


def _history(client: WebClient, channel: str, oldest: datetime) -> Iterator[Mapping[str, Any]]:
    cursor = ""
    for _ in range(MOST_PAGES):
        page = client.conversations_history(
            channel=channel,
            oldest=f"{oldest.timestamp():.6f}",
            include_all_metadata=True,
            limit=PAGE,
            cursor=cursor or None,
        )
        messages = page.get("messages")
        if not isinstance(messages, list):
            raise DeliveryError("Slack's answer holds no history", "check base_url and any proxy")
        yield from (one for one in messages if isinstance(one, Mapping))
        following = (page.get("response_metadata") or {}).get("next_cursor") or ""
        if not page.get("has_more") and not following:
            return
        if not following or following == cursor:
            raise DeliveryError("Slack's history says that it goes on, and not where", "run again later")
        cursor = following
    raise DeliveryError(f"the channel holds more than {PAGE * MOST_PAGES:,} messages since", "look for the message")
