"""Slack: one `chat.postMessage` a message, and an exact reading of what the answer, or its absence, means."""

from __future__ import annotations

import logging
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any, ClassVar

from advisor.contract.channel import Channel, Format, OutcomeUnknownError
from advisor.contract.endpoint import Endpoint
from advisor.contract.settings import SecretRef
from advisor.delivery.blocks import read_blocks
from advisor.domain.report import Message, Receipt
from advisor.errors import DeliveryError

if TYPE_CHECKING:
    from slack_sdk import WebClient
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

# The client logs each failure, which the outcome says already, and one of its lines quotes the token.
_quiet = logging.Logger(f"{__name__}.client", logging.CRITICAL + 1)


class Slack(Channel):
    """Posts as a bot. `channel` is the channel's id; `token` refers to a bot token with the scope chat:write.

    With channels:history, for a private channel groups:history, a message whose outcome is unknown is looked up.
    """

    format: ClassVar[Format] = "slack"
    settles_within: ClassVar[timedelta] = timedelta(seconds=TIMEOUT_SECONDS + 60)
    looks_up: ClassVar[bool] = True
    channel: str
    token: SecretRef
    base_url: Endpoint = "https://slack.com/api/"

    def deliver(self, message: Message, at: datetime) -> Receipt:
        """See `Channel`. The receipt's id is the message's `ts`, which is also when Slack took it."""
        from slack_sdk.errors import SlackApiError

        text, blocks = read_blocks(message)
        client = self._client()
        try:
            answer = client.chat_postMessage(
                channel=self.channel,
                text=text,
                blocks=blocks,
                mrkdwn=False,  # of the text alone; each text in a block says for itself
                unfurl_links=False,
                unfurl_media=False,
                metadata={"event_type": EVENT_TYPE, "event_payload": {"dedup_key": message.dedup_key}},
            )
        except SlackApiError as error:
            raise _refused(error.response) from error
        except Exception as error:  # the client fails in many ways on an answer that is not Slack's
            raise _broken(error) from error
        return _receipt(answer)

    def find(self, message: Message, since: datetime) -> Receipt | None:
        """See `Channel`: by the key in the metadata of the bot's own messages."""
        from advisor.delivery.slack_history import posted

        ts = posted(self._client(), self.channel, EVENT_TYPE, message.dedup_key, since)
        return None if ts is None else Receipt(provider_id=ts, delivered_at=datetime.fromtimestamp(float(ts), UTC))

    def _client(self) -> WebClient:
        from slack_sdk import WebClient

        # The client's default handlers send again after a dropped connection: a second message people see.
        return WebClient(
            token=self._bot_token(),
            base_url=self.base_url,
            timeout=TIMEOUT_SECONDS,
            retry_handlers=[],
            logger=_quiet,
        )

    def _bot_token(self) -> str:
        """The token, if it can be sent in a header. Raises ConfigError where it is not set."""
        token = self.token.reveal().strip()
        if not token.isascii() or not token.isprintable() or " " in token:
            raise DeliveryError("the bot token holds a line break, a space or a letter that no token has", _CHECK_TOKEN)
        return token


def _receipt(answer: SlackResponse) -> Receipt:
    try:
        ts = str(answer["ts"])
        return Receipt(provider_id=ts, delivered_at=datetime.fromtimestamp(float(ts), UTC))
    except (ValueError, OverflowError, OSError) as error:
        raise OutcomeUnknownError("Slack took the message, it says, but its answer has no time stamp") from error


def _refused(answer: SlackResponse) -> DeliveryError | OutcomeUnknownError:
    """What an answer other than `ok` means. Slack's own word decides; without it, the HTTP status does."""
    status = answer.status_code
    body: dict[str, Any] = answer.data if isinstance(answer.data, dict) else {}
    code = str(body.get("error", ""))
    if status == 429 or code in _TRY_LATER:
        wait = str(answer.headers.get("Retry-After") or "")
        return DeliveryError(
            "Slack asks to slow down" + (f", and to wait {wait} s" if wait else ""),
            "run again later",
            retry_after=float(wait) if wait.isascii() and wait.isdigit() else None,
        )
    if status >= 500 or status == 408 or code in _MAYBE_POSTED:
        return OutcomeUnknownError(f"Slack failed while it took the message (HTTP {status})")
    if not code.replace("_", "").isalnum():  # the client puts whatever else came, a page for example, in its place
        if status == 200:
            return OutcomeUnknownError("Slack's answer cannot be read")
        return DeliveryError(
            f"what answers at the address is not Slack (HTTP {status})", "check base_url and any proxy", permanent=True
        )
    return DeliveryError(
        f"Slack refuses the message: {code}{_details(body)}",
        _HINTS.get(code, f"see {code} at https://docs.slack.dev/reference/methods/chat.postMessage"),
        permanent=True,
    )


def _details(body: dict[str, Any]) -> str:
    """What Slack adds to an error such as `invalid_blocks`, which alone says nothing."""
    metadata = body.get("response_metadata")
    messages = metadata.get("messages") if isinstance(metadata, dict) else None
    return f" ({'; '.join(map(str, messages))})" if isinstance(messages, list) and messages else ""


def _broken(error: Exception) -> DeliveryError | OutcomeUnknownError:
    """What no answer means: nothing arrived if the connection was never made, else it may have."""
    from urllib.error import URLError

    if isinstance(error, URLError):
        # urllib wraps what fails until the request is out, and only that; a connection that breaks is left out,
        # since nobody here sees how much of the request was through by then.
        reason = error.reason
        if not isinstance(reason, ConnectionResetError | ConnectionAbortedError | BrokenPipeError):
            return DeliveryError(f"Slack cannot be reached: {reason}", "check the network, base_url and any proxy")
    return OutcomeUnknownError(f"no answer of Slack arrived that can be read ({type(error).__name__})")
