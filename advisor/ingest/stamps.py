"""Time stamps in SQL: text with or without a zone, Unix time, and time since an origin, as UTC seconds."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import UTC, datetime, timedelta
from typing import Literal
from zoneinfo import ZoneInfo

FIRST_YEAR, LAST_YEAR = 2000, 2100
EARLIEST = int(datetime(FIRST_YEAR, 1, 1, tzinfo=UTC).timestamp())
LATEST = int(datetime(LAST_YEAR, 1, 1, tzinfo=UTC).timestamp())
SHAPE = (
    r"(\d{4}[-/]\d{1,2}(?:[-/]\d{1,2})?)"
    r"(?:[T ]+(\d{1,2}:\d{2}(?::\d{2})?)(?:[.,]\d*)?)?"
    r"\s*(?i:(Z|UTC|GMT|[+-]\d{2}(?::?\d{2})?))?"
)
SECONDS = {"s": "1", "ms": "0.001", "h": "3600"}
Unit = Literal["", "s", "ms", "h"]
Period = tuple[int, int | None, str]


def wall_sql(raw: str, unit: Unit, origin: datetime | None) -> tuple[str, str]:
    """SQL of a stamp's wall-clock time (seconds as if it were UTC; NULL if unreadable) and of its zone ('' if none).

    Numbers are decimal arithmetic, not floating point, so that 0.7 h is 2,520 s and not a second less; 15 digits
    before the point keep every product and sum inside 63 bits.
    """
    if unit:
        start = int(origin.timestamp()) if origin else 0
        return f"floor(TRY_CAST({raw} AS DECIMAL(24, 9)) * {SECONDS[unit]})::BIGINT + {start}", "'Z'"
    parts = f"regexp_extract({raw}, '^{SHAPE}$', ['day', 'time', 'zone'])"
    day = f"({parts}).day"
    date = f"CASE WHEN length({day}) <= 7 THEN {day} || {day}[5] || '01' ELSE {day} END"
    stamp = f"rtrim({date} || ' ' || ({parts}).time)"
    return f"epoch_us(TRY_CAST({stamp} AS TIMESTAMP)) // 1000000", f"upper(({parts}).zone)"


def offset_sql(zone: str, local_offset: str) -> str:
    """SQL of the offset from UTC in seconds; *local_offset* is the expression for stamps without a zone."""
    digits = f"replace({zone}[2:], ':', '')"
    minutes = f"({digits}[1:2]::BIGINT * 60 + coalesce(TRY_CAST(nullif({digits}[3:4], '') AS BIGINT), 0))"
    signed = f"CASE WHEN {minutes} <= 900 THEN {minutes} * CASE {zone}[1] WHEN '-' THEN -60 ELSE 60 END END"
    return f"CASE WHEN {zone} = '' THEN {local_offset} WHEN {zone} IN ('Z', 'UTC', 'GMT') THEN 0 ELSE {signed} END"


def local_sql(wall: str, periods: Sequence[Period]) -> tuple[str, str]:
    """SQL of the offset of a wall-clock time in a zone, and of what ails that time: 'gap', 'overlap' or ''.

    A tree of comparisons: a year has two changes and a century four hundred periods, so nine comparisons find one.
    """
    return (
        _search(wall, [(start, "NULL" if offset is None else str(offset)) for start, offset, _ in periods]),
        _search(wall, [(start, f"'{doubt}'") for start, _, doubt in periods]),
    )


def _search(wall: str, values: Sequence[tuple[int, str]]) -> str:
    if len(values) == 1:
        return values[0][1]
    middle = len(values) // 2
    below, above = _search(wall, values[:middle]), _search(wall, values[middle:])
    return f"CASE WHEN {wall} < {values[middle][0]} THEN {below} ELSE {above} END"


def wall_periods(timezone: str) -> Iterator[Period]:
    """When, in wall-clock seconds, which offset from UTC begins to hold in *timezone*, in order.

    The offset is None inside a `gap` (a time that no clock showed) and an `overlap` (a time that clocks showed twice).
    """
    changes = list(_changes(ZoneInfo(timezone)))
    yield EARLIEST - 86_400, changes[0][1] if changes else _offset(ZoneInfo(timezone), EARLIEST), ""
    for at, before, after in changes:
        yield at + min(before, after), None, "gap" if after > before else "overlap"
        yield at + max(before, after), after, ""


def _changes(zone: ZoneInfo) -> Iterator[tuple[int, int, int]]:
    """Each change of the offset: the UTC second at which it happens, the offset before and after."""
    step = int(timedelta(days=1).total_seconds())
    before = _offset(zone, EARLIEST)
    for day in range(EARLIEST, LATEST, step):
        after = _offset(zone, day + step)
        if after == before:
            continue
        low, high = day, day + step
        while high - low > 1:
            middle = (low + high) // 2
            low, high = (low, middle) if _offset(zone, middle) == after else (middle, high)
        yield high, before, after
        before = after


def _offset(zone: ZoneInfo, second: int) -> int:
    offset = datetime.fromtimestamp(second, zone).utcoffset()
    return int(offset.total_seconds()) if offset else 0
