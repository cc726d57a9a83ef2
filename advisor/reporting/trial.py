"""A message that says only that a channel works: what `advisor channels test` sends."""

from __future__ import annotations

import hashlib
import json
from datetime import datetime

from advisor.contract.channel import Format
from advisor.domain.report import Message
from advisor.reporting import words

SUBJECT = "Advisor can reach you here"
TEXT = "This is a test, asked for with `advisor channels test`. Nothing was decided, and there is nothing to do."


def trial(channel: str, format_name: Format, at: datetime) -> Message:
    """A test message in the channel's format; each minute's has a key of its own."""
    stamp = words.moment(at, "UTC")
    text = f"{TEXT} Sent {stamp}."
    body = {
        "slack": lambda: json.dumps(
            {"text": SUBJECT, "blocks": [{"type": "section", "text": _plain(f"{SUBJECT}\n{text}")}]}
        ),
        "email": lambda: json.dumps({"subject": SUBJECT, "text": f"{text}\n", "html": f"<p>{text}</p>"}),
        "json": lambda: json.dumps({"schema": "advisor.test/1", "message": SUBJECT, "sent_at": at.isoformat()}),
        "text": lambda: f"{SUBJECT}\n\n{text}\n",
    }[format_name]()
    key = hashlib.sha256(f"test {channel} {stamp}".encode()).hexdigest()
    return Message(dedup_key=key, channel=channel, kind="test", subject=SUBJECT, body=body)


def _plain(text: str) -> dict[str, object]:
    return {"type": "plain_text", "emoji": False, "text": text}
