"""The UTC day or month that a cell names; never guessed from a date that could be read two ways."""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta
from functools import lru_cache
from typing import Literal

from advisor.contract.shown import shown
from advisor.domain.units import Month

FIRST_YEAR, LAST_YEAR = 2000, 2099
Period = Literal["day", "month"]
MONTH = re.compile(r"(\d{4})[-/](\d{1,2})")
STAMP = re.compile(
    r"(\d{4})[-/](\d{1,2})[-/](\d{1,2})"
    r"(?:[T ]\s*(\d{1,2}):(\d{2})(?::(\d{2})(?:[.,]\d+)?)?\s*(?:(Z|UTC|GMT)|([+-])(\d{2}):?(\d{2})?)?)?",
    re.ASCII | re.IGNORECASE,
)


def names_no_date(text: str) -> bool:
    """Whether a cell cannot be meant as a date: it is empty, or a word such as `Total`."""
    return not any(letter.isdigit() for letter in text)


@lru_cache(maxsize=4096)  # an export repeats each of its dates for every model
def span_of(text: str, period: Period, date_format: str) -> tuple[datetime, datetime]:
    """The start and the end of the day or month in *text*. Raises ValueError with the reason and the setting.

    A stamp with a zone belongs to the UTC day on which it falls; one without is UTC.
    """
    month = None if date_format else MONTH.fullmatch(text)
    if month and period == "day":
        raise ValueError(f'{shown(text)} is a month: set period = "month"')
    start = _moment(f"{text}-01" if month else text, date_format).replace(hour=0, minute=0, second=0, microsecond=0)
    if period == "day":
        return start, start + timedelta(days=1)
    if start.day != 1:
        raise ValueError(
            f'{shown(text)} is within a month: with period = "month" write {start:%Y-%m}, or the month\'s first'
        )
    return start, Month.of(start).end


def moment_of(text: str) -> datetime:
    """The instant in *text*, UTC. Raises ValueError with the reason."""
    return _moment(text, "")


def _moment(text: str, date_format: str) -> datetime:
    moment = _formatted(text, date_format) if date_format else _iso(text)
    if not FIRST_YEAR <= moment.year <= LAST_YEAR:
        raise ValueError(f"{shown(text)} is not in {FIRST_YEAR} to {LAST_YEAR}")
    return moment


def _formatted(text: str, date_format: str) -> datetime:
    try:
        moment = datetime.strptime(text, date_format)  # noqa: DTZ007  # the zone is added where the format has none
    except ValueError:
        raise ValueError(f"{shown(text)} does not fit date_format = {date_format!r}") from None
    return moment.astimezone(UTC) if moment.tzinfo else moment.replace(tzinfo=UTC)


def _iso(text: str) -> datetime:
    found = STAMP.fullmatch(text)
    if not found:
        raise ValueError(f'{shown(text)} is no ISO date: set date_format, such as "%d/%m/%Y" or "%m/%d/%Y"')
    year, month, day, hour, minute, second, _, sign, zone_hours, zone_minutes = found.groups(default="0")
    try:
        moment = datetime(int(year), int(month), int(day), int(hour), int(minute), int(second), tzinfo=UTC)
    except ValueError as error:
        raise ValueError(f"{shown(text)} is no date: {error}") from None
    offset = timedelta(hours=int(zone_hours), minutes=int(zone_minutes))
    return moment + offset if sign == "-" else moment - offset
