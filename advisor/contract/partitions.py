"""Which time the folders of AWS's own layouts hold, so that others need not be read."""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta

from advisor.domain.units import Month, Window

# A record may be delivered after the hour in which it happened, and a charge be corrected in the next month.
LATE = timedelta(days=1)
LATE_CHARGE = timedelta(days=28)
LOGS = re.compile(r"/BedrockModelInvocationLogs/[^/]+/(?P<year>\d{4})(?:/(?P<month>\d{2})(?:/(?P<day>\d{2}))?)?(?=/|$)")
BILLS = (
    re.compile(r"/billing_period=(?P<year>\d{4})-(?P<month>\d{2})(?=/|$)", re.IGNORECASE),
    re.compile(r"/(?P<year>\d{4})(?P<month>\d{2})01-\d{6}01(?=/|$)"),
)


def may_hold(folder: str, window: Window) -> bool:
    """Whether a folder can hold something of *window*; any can whose path does not say a time.

    >>> october = Month(2026, 10).window
    >>> logs = "AWSLogs/111122223333/BedrockModelInvocationLogs/us-east-1/2026/"
    >>> [may_hold(logs + day, october) for day in ("09/29", "09/30", "10/31", "11/01", "11/02")]
    [False, True, True, True, False]
    """
    for pattern, late in ((LOGS, LATE), *((bill, LATE_CHARGE) for bill in BILLS)):
        if found := pattern.search("/" + folder):
            span = _span(found.groupdict())
            return span is None or (span.start < window.end + late and window.start - late < span.end)
    return True


def is_a_day(folder: str) -> bool:
    """Whether the folder's path says the day, so that folders below it need not be looked at one by one."""
    found = LOGS.search("/" + folder)
    return bool(found and found["day"])


def _span(parts: dict[str, str | None]) -> Window | None:
    """The UTC time of a year, a month or a day; None where there is no such date."""
    year, month, day = (int(parts.get(name) or 0) for name in ("year", "month", "day"))
    try:
        if day:
            start = datetime(year, month, day, tzinfo=UTC)
            return Window(start, start + timedelta(days=1))
        first = Month(year, month or 1)
        return Window(first.start, first.plus(1 if month else 12).start)
    except (ValueError, OverflowError):
        return None
