"""Reads the fields of an API's answers strictly: what is not as documented is said by name, never guessed."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

from advisor.contract.shown import shown
from advisor.contract.source import Parsed, PassedOver
from advisor.domain.facts import RowProblem
from advisor.domain.units import Money, Window

Answer = Mapping[str, Any]
DAY = timedelta(days=1)
FIRST_UNIX = datetime(2000, 1, 1, tzinfo=UTC).timestamp()
LATEST_UNIX = datetime(2100, 1, 1, tzinfo=UTC).timestamp()
UNNAMED = "model not stated"
"""The model of tokens that an answer counts without naming a model: they are kept, under a name that says so."""
NAMELESS = "some tokens are counted without a model: they can be priced and projected for none"
"""The warning that goes with them."""
UNUSED: Answer = {"unused": True}
"""The one record of a read that found nothing used: it tells this from a read that found nothing to read."""
NUMBER = re.compile(r"-?\d+(\.\d*)?([eE][+-]?\d{1,3})?", re.ASCII)
DIGITS = 60
"""No count or amount has as many; a larger exponent would only cost time."""
MIDNIGHT = re.compile(r"(\d{4}-\d\d-\d\d)(?:[T ]00:00(?::00(?:\.0+)?)?)?", re.ASCII)
CURRENCY = re.compile(r"[A-Z]{3}")


class OddFieldError(ValueError):
    """A field of a record is missing, or is not what the API documents."""


def below(base_url: str, prefix: str) -> str:
    """The path prefix that still has to stand before a call: none where *base_url* ends with its version already.

    >>> below("https://proxy.example/", "api/v1/"), below("https://openrouter.ai/api/v1/", "api/v1/")
    ('api/v1/', '')
    """
    version = prefix.rstrip("/").rpartition("/")[2]
    return "" if base_url.rstrip("/").endswith(f"/{version}") else prefix


def translated(where: str, rows: Callable[[], Iterable[Parsed]]) -> list[Parsed]:
    """What *rows* gives for one record; all of it is refused, by name, where one of its fields is odd."""
    try:
        return list(rows())
    except OddFieldError as error:
        return [RowProblem(where=where, why=str(error))]


def count(record: Answer, key: str) -> int:
    """A count that has to be there, as a whole number or its digits. Raises OddFieldError."""
    if (found := count_said(record, key)) is None:
        raise OddFieldError(f"{key} is missing")
    return found


def count_said(record: Answer, key: str) -> int | None:
    """A count, or None where the record does not say, which is not zero. Raises OddFieldError."""
    value = record.get(key)
    if value is None:
        return None
    # Writers of JSON spell whole numbers as 182000, "182000", 182000.0 or 1.82e5.
    found = _number(value)
    if found is None or found != found.to_integral_value():
        raise _odd(record, key, "a whole number")
    return int(found)


def amount(record: Answer, key: str) -> Decimal:
    """An exact amount that has to be there, as a number or its text. Raises OddFieldError."""
    found = _number(record.get(key))
    if found is None:
        raise _odd(record, key, "an amount")
    return found


def money(record: Answer, key: str, currency_key: str = "currency") -> Money:
    """An amount in whole units of the currency that the record names. Raises OddFieldError."""
    return Money(amount(record, key), currency(record, currency_key))


def currency(record: Answer, key: str) -> str:
    """The ISO-4217 code of a currency, in any case. Raises OddFieldError."""
    code = text(record, key).upper()
    if not CURRENCY.fullmatch(code):
        raise _odd(record, key, "a currency")
    return code


def text(record: Answer, key: str) -> str:
    """A text, empty where the record does not say. Raises OddFieldError."""
    value = record.get(key)
    if value is None:
        return ""
    if not isinstance(value, str):
        raise _odd(record, key, "text")
    return value.strip()


def named(record: Answer, key: str) -> str:
    """A text that has to be there. Raises OddFieldError."""
    if not (found := text(record, key)):
        raise OddFieldError(f"{key} is missing")
    return found


def part(record: Answer, key: str) -> Answer:
    """An object inside the record that has to be there. Raises OddFieldError."""
    value = record.get(key)
    if not isinstance(value, Mapping):
        raise _odd(record, key, "an object")
    return value


def moment(record: Answer, key: str) -> datetime:
    """A time with its zone, a date (its start in UTC), or whole Unix seconds, in UTC. Raises OddFieldError."""
    value = record.get(key)
    if isinstance(value, int) and not isinstance(value, bool) and FIRST_UNIX <= value < LATEST_UNIX:
        return datetime.fromtimestamp(value, UTC)
    if isinstance(value, str):
        try:
            found = datetime.fromisoformat(value)
        except ValueError:
            raise _odd(record, key, "a time") from None
        if found.tzinfo:
            return found.astimezone(UTC)
        if len(value) == len("2026-10-01"):
            return found.replace(tzinfo=UTC)
        raise _odd(record, key, "a time with a zone")
    raise _odd(record, key, "a time")


def day(record: Answer, key: str) -> datetime:
    """The start of the UTC day that a date, or a stamp at midnight without a zone, names. Raises OddFieldError."""
    found = MIDNIGHT.fullmatch(text(record, key))
    try:
        return datetime.fromisoformat(found[1]).replace(tzinfo=UTC) if found else moment(record, key)
    except ValueError:
        raise _odd(record, key, "a date") from None


def span(record: Answer, start_key: str, end_key: str) -> tuple[datetime, datetime]:
    """The half-open period between two fields. Raises OddFieldError where it is empty."""
    start, end = moment(record, start_key), moment(record, end_key)
    if end <= start:
        raise OddFieldError(f"{end_key} is not after {start_key}")
    return start, end


def seconds(start: datetime, end: datetime) -> int:
    """How wide a bucket is, as delivered."""
    return int((end - start).total_seconds())


def where(record: Answer, *keys: str) -> str:
    """The place of a record in an answer, by the fields that name it: `costs 2026-10-01T00:00:00Z gpt-4o, input`."""
    return " ".join(label(record[key]) for key in keys if record.get(key) not in (None, "", {}, [])) or "a record"


def label(value: Any) -> str:
    """A value that names a record: a Unix time as a time, and of a long name its beginning."""
    if isinstance(value, int) and not isinstance(value, bool) and FIRST_UNIX <= value < LATEST_UNIX:
        return stamp(datetime.fromtimestamp(value, UTC))
    return str(value)[:120]


def or_unused(records: Iterable[Answer]) -> Iterator[Answer]:
    """*records*, or `UNUSED` alone where there is none: an API that answers well and lists nothing says no use."""
    found = False
    for record in records:
        found = True
        yield record
    if not found:
        yield UNUSED


def unused(record: Answer) -> list[Parsed]:
    """What `UNUSED` stands for, or nothing for any other record."""
    return [PassedOver(rows=1)] if record.get("unused") is True else []


def yesterday() -> Window:
    """The last full UTC day: what a check asks for, as it is short and known everywhere."""
    today = datetime.now(UTC).replace(hour=0, minute=0, second=0, microsecond=0)
    return Window(today - DAY, today)


def whole_days(window: Window) -> Window:
    """The UTC days that *window* touches, as a window of its own."""
    start = window.start.astimezone(UTC).replace(hour=0, minute=0, second=0, microsecond=0)
    end = window.end.astimezone(UTC)
    midnight = end.replace(hour=0, minute=0, second=0, microsecond=0)
    return Window(start, midnight if midnight == end else midnight + DAY)


def at_most(window: Window, length: timedelta) -> Iterator[Window]:
    """*window* in consecutive parts of at most *length*, for APIs that refuse more at once."""
    start = window.start
    while start < window.end:
        end = min(start + length, window.end)
        yield Window(start, end)
        start = end


def whole_hours(window: Window) -> Window:
    """The UTC hours that *window* touches, as a window of its own."""
    start = window.start.astimezone(UTC).replace(minute=0, second=0, microsecond=0)
    end = window.end.astimezone(UTC)
    full = end.replace(minute=0, second=0, microsecond=0)
    return Window(start, full if full == end else full + timedelta(hours=1))


def stamp(when: datetime) -> str:
    """A time as APIs take it: `2026-10-01T00:00:00Z`."""
    return f"{when.astimezone(UTC):%Y-%m-%dT%H:%M:%SZ}"


def _number(value: Any) -> Decimal | None:
    """An exact finite number, or None for anything else."""
    if isinstance(value, bool) or not isinstance(value, int | float | str | Decimal):
        return None
    if isinstance(value, str) and not NUMBER.fullmatch(value):
        return None
    # A float's shortest text is what the API wrote; its binary value is not.
    found = Decimal(str(value))
    return found if found.is_finite() and abs(found.adjusted()) < DIGITS else None


def _odd(record: Answer, key: str, what: str) -> OddFieldError:
    if record.get(key) is None:
        return OddFieldError(f"{key} is missing")
    return OddFieldError(f"{key} is {shown(record[key])}, not {what}")
