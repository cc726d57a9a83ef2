"""A rendered message as an email: text and HTML side by side, and headers that nobody's names can add to."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Sequence
from datetime import datetime
from email.message import EmailMessage
from email.policy import SMTP

from advisor.domain.report import Message
from advisor.errors import DeliveryError

_POLICY = SMTP.clone(cte_type="7bit")  # every server takes it, whatever it says of 8BITMIME


def compose(message: Message, sender: str, recipients: Sequence[str], at: datetime) -> bytes:
    """The email's bytes. Raises a permanent DeliveryError where the body is not JSON of subject, text and html."""
    try:
        body = json.loads(message.body)
        mail = EmailMessage(policy=_POLICY)
        mail["From"] = sender
        mail["To"] = ", ".join(recipients)
        mail["Subject"] = _one_line(body["subject"])
        mail["Date"] = at
        mail["Message-ID"] = message_id(message, sender)
        mail["Auto-Submitted"] = "auto-generated"
        mail["X-Advisor-Dedup-Key"] = _one_line(message.dedup_key)
        mail.set_content(body["text"])
        mail.add_alternative(body["html"], subtype="html")
        return mail.as_bytes()
    except (ValueError, TypeError, KeyError, AttributeError) as error:
        raise DeliveryError(
            "the message is not rendered for email: no JSON of subject, text and html", permanent=True
        ) from error


def message_id(message: Message, sender: str) -> str:
    """The same for the same news, so that clients fold what a server delivers twice."""
    return f"<{hashlib.sha256(message.dedup_key.encode()).hexdigest()[:32]}@{sender.rpartition('@')[2]}>"


def _one_line(text: str) -> str:
    """*text* without line breaks and control characters: a header ends where it is meant to."""
    return "".join(letter for letter in " ".join(text.split()) if letter.isprintable())
