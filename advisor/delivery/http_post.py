"""One POST, once: what the answer means, and whether the other side can have taken the message without one."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from http import HTTPStatus
from typing import TYPE_CHECKING

from advisor.contract.channel import OutcomeUnknownError
from advisor.errors import DeliveryError

if TYPE_CHECKING:
    import httpx2

TIMEOUT_SECONDS = 10
LATER = frozenset({HTTPStatus.TOO_EARLY, HTTPStatus.TOO_MANY_REQUESTS})
"""Statuses that say that the request was not handled."""
MAYBE_TAKEN = frozenset({HTTPStatus.REQUEST_TIMEOUT})
QUOTED = 200


@dataclass(frozen=True, slots=True, kw_only=True)
class Answered:
    """A 2xx answer: its first characters on one line, and the headers."""

    text: str
    headers: Mapping[str, str]


def post_once(
    url: str, content: bytes, headers: Mapping[str, str], receiver: str, hints: Mapping[str, str] | None = None
) -> Answered:
    """Send *content* to *url*, without retries and without following redirects.

    *receiver* names the other side in messages: *url* may be a secret and is never quoted. *hints* give the fix for a
    refusal whose text begins with a key. Raises DeliveryError where nothing was taken (not connected, asked to come
    later, refused), and OutcomeUnknownError where something may have been: 5xx, a timeout, a broken answer.
    """
    import httpx2

    # On this machine nothing may come between: a proxy would see the secret in the clear.
    secure = url.startswith("https:")
    try:
        with httpx2.Client(follow_redirects=False, trust_env=secure, timeout=TIMEOUT_SECONDS) as client:
            answer = client.post(url, content=content, headers=dict(headers))
    except (httpx2.ConnectError, httpx2.ConnectTimeout, httpx2.PoolTimeout, httpx2.ProxyError) as error:
        raise DeliveryError(
            f"{receiver} cannot be reached ({type(error).__name__})", "check the network, the address and any proxy"
        ) from None
    except (httpx2.InvalidURL, httpx2.UnsupportedProtocol):
        raise DeliveryError(f"the address of {receiver} is none", "write it as https://...", permanent=True) from None
    except httpx2.HTTPError as error:
        raise OutcomeUnknownError(f"no whole answer of {receiver} arrived ({type(error).__name__})") from None
    if answer.is_success:
        return Answered(text=_line(answer), headers=answer.headers)
    raise _refused(answer, receiver, hints or {})


def _refused(answer: httpx2.Response, receiver: str, hints: Mapping[str, str]) -> DeliveryError | OutcomeUnknownError:
    status, said = answer.status_code, _line(answer)
    if status in LATER:
        wait = answer.headers.get("Retry-After", "")
        seconds = float(wait) if wait.isascii() and wait.isdigit() else None
        asked = "" if seconds is None else f", and to wait {wait} s"
        return DeliveryError(f"{receiver} asks to slow down{asked}", "run again later", retry_after=seconds)
    if status >= HTTPStatus.INTERNAL_SERVER_ERROR or status in MAYBE_TAKEN:
        return OutcomeUnknownError(f"{receiver} failed while it took the message (HTTP {status})")
    if answer.is_redirect:
        hint = "name the address that it leads to: a message is never sent on to another place"
        return DeliveryError(f"{receiver} points elsewhere (HTTP {status})", hint, permanent=True)
    hint = next((fix for code, fix in hints.items() if said.startswith(code)), "check the address and its permissions")
    quoted = f": {said}" if said else ""
    return DeliveryError(f"{receiver} refuses the message: HTTP {status}{quoted}", hint, permanent=True)


def _line(answer: httpx2.Response) -> str:
    """The beginning of an answer's text, on one line, without what could steer a terminal; nothing of a page."""
    text = " ".join(answer.content[: 4 * QUOTED].decode(errors="replace").split())
    if text.startswith("<"):  # whatever its type says: Slack's own "ok" comes as text/html
        return ""
    return "".join(letter for letter in text if letter.isprintable())[:QUOTED]
