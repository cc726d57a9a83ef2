"""How long an HTTP answer asks its client to wait before it tries again."""

from __future__ import annotations

import time
from collections.abc import Mapping
from email.utils import parsedate_to_datetime


def asked_wait(headers: Mapping[str, str]) -> float | None:
    """Seconds that an answer asks to wait; None where it does not, or not in a way that can be read."""
    try:
        if milliseconds := headers.get("retry-after-ms"):
            return _not_negative(float(milliseconds) / 1000)
        text = headers.get("retry-after", "")
        if not text:
            return None
        if text.strip().replace(".", "", 1).isdigit():
            return float(text)
        # Against the answer's own date where it has one: this machine's clock may be off.
        sent = headers.get("date")
        at = parsedate_to_datetime(sent).timestamp() if sent else time.time()
        return _not_negative(parsedate_to_datetime(text).timestamp() - at)
    except ValueError:
        return None


def _not_negative(seconds: float) -> float | None:
    return max(0.0, seconds) if seconds < float("inf") else None
