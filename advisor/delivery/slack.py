"""Slack: one `chat.postMessage` a message, and an exact reading of what the answer, or its absence, means."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING, ClassVar

from advisor.contract.channel import Channel, Format, OutcomeUnknownError
from advisor.contract.endpoint import Endpoint
from advisor.contract.settings import SecretRef
from advisor.delivery.blocks import read_blocks
from advisor.domain.report import Message, Receipt
from advisor.errors import DeliveryError

if TYPE_CHECKING:
    from slack_sdk.web import SlackResponse

TIMEOUT_SECONDS = 10
EVENT_TYPE = "advisor_notification"

_CHECK_TOKEN = "check the bot token: it starts with xoxb- and belongs to an app that is still installed"
_HINTS = {
    "not_in_channel": "invite the bot: /invite it in the channel",
    "channel_not_found": "check the channel's id, and invite the bot if it is private",
    "is_archived": "unarchive the channel, or name another one",
    "invalid_auth": _CHECK_TOKEN,
    "not_authed": _CHECK_TOKEN,
    "token_revoked": _CHECK_TOKEN,
    "token_expired": _CHECK_TOKEN,
    "account_inactive": _CHECK_TOKEN,
    "missing_scope": "give the app the scope chat:write and install it again",
    "restricted_action": "a workspace setting forbids the bot to post there; ask a workspace owner",
    "ekm_access_denied": "an administrator has suspended posting; ask them",
}
_TRY_LATER = frozenset({"ratelimited", "rate_limited", "message_limit_exceeded"})
_MAYBE_POSTED = frozenset({"fatal_error", "internal_error", "service_unavailable", "request_timeout"})


class Slack(Channel):
    """Posts as a bot. `channel` is the channel's id; `token` refers to a bot token with the scope chat:write."""

    format: ClassVar[Format] = "slack"
    channel: str
    token: SecretRef
    base_url: Endpoint = "https://slack.com/api/"

    def deliver(self, message: Message, at: datetime) -> Receipt:
        """See `Channel`. The receipt's id is the message's `ts`, which is also when Slack took it."""
        from http.client import HTTPException

        from slack_sdk import WebClient
        from slack_sdk.errors import SlackApiError, SlackClientError

        text, blocks = read_blocks(message)
        # The client's default handlers send again after a dropped connection: a second message people see.
        client = WebClient(
            token=self.token.reveal(), base_url=self.base_url, timeout=TIMEOUT_SECONDS, retry_handlers=[]
        )
        try:
            answer = client.chat_postMessage(
                channel=self.channel,
                text=text,
                blocks=blocks,
                unfurl_links=False,
                unfurl_media=False,
                metadata={"event_type": EVENT_TYPE, "event_payload": {"dedup_key": message.dedup_key}},
            )
            ts = str(answer["ts"])
            return Receipt(provider_id=ts, delivered_at=datetime.fromtimestamp(float(ts), UTC))
        except SlackApiError as error:
            raise _refused(error.response) from error
        except (OSError, HTTPException, SlackClientError, ValueError, KeyError) as error:
            raise _broken(error) from error


def _refused(answer: SlackResponse) -> DeliveryError | OutcomeUnknownError:
    """What an answer other than `ok` means. Slack's own word decides; without it, the HTTP status does."""
    status = answer.status_code
    body = answer.data if isinstance(answer.data, dict) else {}
    code = str(body.get("error", ""))
    if status == 429 or code in _TRY_LATER:
        wait = answer.headers.get("Retry-After")
        return DeliveryError("Slack asks to slow down" + (f", and to wait {wait} s" if wait else ""), "run again later")
    if status >= 500 or status == 408 or code in _MAYBE_POSTED:
        return OutcomeUnknownError(f"Slack failed while it took the message (HTTP {status})")
    if not code.replace("_", "").isalnum():  # the client puts whatever else came, a page for example, in its place
        if status == 200:
            return OutcomeUnknownError("Slack's answer cannot be read")
        return DeliveryError(
            f"what answers at the address is not Slack (HTTP {status})", "check base_url and any proxy", permanent=True
        )
    return DeliveryError(
        f"Slack refuses the message: {code}",
        _HINTS.get(code, f"see {code} at https://docs.slack.dev/reference/methods/chat.postMessage"),
        permanent=True,
    )


def _broken(error: Exception) -> DeliveryError | OutcomeUnknownError:
    """What no answer means: nothing arrived if the connection was never made, else it may have."""
    from urllib.error import URLError

    if isinstance(error, URLError):
        # urllib wraps what fails before the request is out, and only that; a connection that breaks is left out,
        # since it may have broken after the last byte.
        reason = error.reason
        if not isinstance(reason, ConnectionResetError | ConnectionAbortedError | BrokenPipeError):
            return DeliveryError(f"Slack cannot be reached: {reason}", "check the network, base_url and any proxy")
    return OutcomeUnknownError(f"the connection to Slack broke before it answered ({type(error).__name__})")
