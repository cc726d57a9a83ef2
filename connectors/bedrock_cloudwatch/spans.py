"""Which time to ask CloudWatch for, in which period: the finest that it still keeps."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from advisor.domain.units import FIVE_MINUTES, HOUR_SECONDS, Window

# https://docs.aws.amazon.com/AmazonCloudWatch/latest/APIReference/API_GetMetricData.html
KEPT_FINE, KEPT = timedelta(days=63), timedelta(days=455)
SETTLING = timedelta(minutes=15)
POINTS_PER_CALL = 2_016  # of one metric: a week of 5 minutes


@dataclass(frozen=True, slots=True, kw_only=True)
class Span:
    """A time to ask for at once, and the width of its buckets in seconds."""

    start: datetime
    end: datetime
    period: int


def spans(window: Window, now: datetime) -> Iterator[Span]:
    """The parts of *window* in the finest period that CloudWatch still keeps at *now*, in calls of bounded size.

    A period finer than what is kept gives no values and no error. Buckets that are still filling are left out.
    """
    open_from = floor(now - SETTLING, FIVE_MINUTES)
    fine_from = _ceil(now - KEPT_FINE, HOUR_SECONDS) + timedelta(hours=1)
    kept_from = _ceil(now - KEPT, HOUR_SECONDS)
    coarse_end = min(_ceil(window.end, HOUR_SECONDS), fine_from)
    yield from _cut(max(_ceil(window.start, HOUR_SECONDS), kept_from), coarse_end, HOUR_SECONDS)
    yield from _cut(max(_ceil(window.start, FIVE_MINUTES), fine_from), min(window.end, open_from), FIVE_MINUTES)


def _cut(start: datetime, end: datetime, period: int) -> Iterator[Span]:
    step = timedelta(seconds=POINTS_PER_CALL * period)
    while start < end:
        yield Span(start=start, end=min(start + step, end), period=period)
        start += step


def floor(moment: datetime, seconds: int) -> datetime:
    return datetime.fromtimestamp(moment.timestamp() // seconds * seconds, UTC)


def _ceil(moment: datetime, seconds: int) -> datetime:
    return datetime.fromtimestamp(-(-moment.timestamp() // seconds) * seconds, UTC)
