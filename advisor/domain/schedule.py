"""When something is due: on days of one zone's calendar, at most once a day, so that no clock change doubles it."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

from advisor.domain.units import Month

WEEKDAYS = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
LAST = 0
"""The day that stands for the last of a month."""
LAST_SAFE_DAY = 28
YEARS_LOOKED_AT = range(2026, 2031)
SHAPE = "write five fields, minute hour day month weekday, such as {example!r}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Cron:
    """One time of day, on every day, one day of the month (1 to 28 or `LAST`), or some days of the week."""

    at: time
    day: int | None = None
    weekdays: frozenset[int] = frozenset(range(7))  # Monday is 0

    @classmethod
    def daily(cls, text: str) -> Cron:
        """Read `0 6 * * *` or `0 6 * * mon-fri`. Raises ValueError saying what to write."""
        at, day, weekday = _fields(text, "0 6 * * *")
        if day != "*":
            raise ValueError(f"{text!r} is not daily: its third field is '*'")
        return cls(at=at, weekdays=_weekdays(weekday))

    @classmethod
    def monthly(cls, text: str) -> Cron:
        """Read `0 9 6 * *` or `0 9 last * *`. Raises ValueError saying what to write."""
        at, day, weekday = _fields(text, "0 9 6 * *")
        if weekday != "*" or day == "*":
            raise ValueError(f"{text!r} is not once a month: its third field is a day, its fifth '*'")
        if day == "last":
            return cls(at=at, day=LAST)
        number = _number(day, 1, 31, "day")
        if number > LAST_SAFE_DAY:
            raise ValueError(f"day {number} is not in every month: write 1 to {LAST_SAFE_DAY}, or 'last'")
        return cls(at=at, day=number)

    def on(self, day: date) -> bool:
        """Whether it is due on a day of its zone's calendar."""
        if self.day is None:
            return day.weekday() in self.weekdays
        return day.day == (self.day or Month.of(day).day_count)

    def in_month(self, month: Month, zone: ZoneInfo) -> datetime:
        """When a monthly one is due in a month of its zone's calendar, in UTC."""
        return moment(date(month.year, month.month, self.day or month.day_count), self.at, zone)

    def last_day(self, now: datetime, zone: ZoneInfo) -> date:
        """The newest day on which a daily one was due at *now*."""
        day = now.astimezone(zone).date()
        while not self.on(day) or moment(day, self.at, zone) > now:
            day -= timedelta(days=1)
        return day

    def next_day(self, now: datetime, zone: ZoneInfo) -> date:
        """The first day on which a daily one is due after *now*."""
        day = self.last_day(now, zone) + timedelta(days=1)
        while not self.on(day):
            day += timedelta(days=1)
        return day


def moment(day: date, at: time, zone: ZoneInfo) -> datetime:
    """That time of that day, in UTC: the first of two, and the same distance from midnight where it is skipped."""
    return datetime.combine(day, at, zone).astimezone(UTC)


def skipped_on(at: time, zone: ZoneInfo) -> date | None:
    """The first day in the next years on which the clocks of *zone* leave out the time *at*."""
    if zone.key == "UTC":
        return None
    day, end = date(YEARS_LOOKED_AT.start, 1, 1), date(YEARS_LOOKED_AT.stop, 1, 1)
    while day < end:
        if moment(day, at, zone).astimezone(zone).time() != at:
            return day
        day += timedelta(days=1)
    return None


def _fields(text: str, example: str) -> tuple[time, str, str]:
    fields = text.lower().split()
    if len(fields) != 5:
        raise ValueError(f"{text!r} is no cron expression: {SHAPE.format(example=example)}")
    minute, hour, day, month, weekday = fields
    if month != "*":
        raise ValueError(f"{text!r} leaves months out: its fourth field is '*'")
    return time(_number(hour, 0, 23, "hour"), _number(minute, 0, 59, "minute")), day, weekday


def _number(text: str, low: int, high: int, what: str) -> int:
    if not (text.isascii() and text.isdigit()) or not low <= int(text) <= high:
        raise ValueError(f"{what} {text!r} is not one number from {low} to {high}: it is due at most once a day")
    return int(text)


def _weekdays(text: str) -> frozenset[int]:
    """Read `*`, `mon-fri` or `mon,thu`. Numbers are refused: cron and others disagree whether 0 is Sunday."""
    if text == "*":
        return frozenset(range(7))
    found: set[int] = set()
    for part in text.split(","):
        first, _, last = part.partition("-")
        for name in (first, last or first):
            if name not in WEEKDAYS:
                raise ValueError(f"weekday {name!r} is not a name: write mon, tue, wed, thu, fri, sat or sun")
        start, end = WEEKDAYS.index(first), WEEKDAYS.index(last or first)
        found |= {number % 7 for number in range(start, (end if end >= start else end + 7) + 1)}
    return frozenset(found)
