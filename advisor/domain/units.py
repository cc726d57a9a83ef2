"""Money, months and windows: the units every other value is written in."""

from __future__ import annotations

import calendar
import math
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from decimal import ROUND_HALF_EVEN, Decimal
from functools import total_ordering

NANO = 10**9
CENT = Decimal("0.01")
HOUR_SECONDS = 3_600
DAY_SECONDS = 86_400
FIVE_MINUTES = 300


class CurrencyMismatchError(ValueError):
    """Two currencies met in one sum. Convert first, with a dated exchange rate."""


@total_ordering
@dataclass(frozen=True, slots=True)
class Money:
    """An exact amount in one ISO-4217 currency.

    >>> Money(Decimal("1.10"), "USD") + Money(Decimal("2.20"), "USD")
    Money(amount=Decimal('3.30'), currency='USD')
    """

    amount: Decimal
    currency: str

    @classmethod
    def zero(cls, currency: str) -> Money:
        return cls(Decimal(0), currency)

    @classmethod
    def from_nanos(cls, nanos: int, currency: str) -> Money:
        """The amount that the store holds as an integer of 1e-9 units."""
        return cls(Decimal(nanos) / NANO, currency)

    @property
    def nanos(self) -> int:
        """The amount in integer 1e-9 units, half-even, as the store holds it."""
        return int((self.amount * NANO).quantize(Decimal(1), rounding=ROUND_HALF_EVEN))

    def cents(self) -> Decimal:
        """The amount rounded half-even to hundredths, as reports print it."""
        return self.amount.quantize(CENT, rounding=ROUND_HALF_EVEN)

    def __add__(self, other: Money) -> Money:
        return Money(self.amount + self._same(other), self.currency)

    def __sub__(self, other: Money) -> Money:
        return Money(self.amount - self._same(other), self.currency)

    def __neg__(self) -> Money:
        return Money(-self.amount, self.currency)

    def __mul__(self, factor: Decimal | int) -> Money:
        return Money(self.amount * factor, self.currency)

    def __truediv__(self, divisor: Decimal | int) -> Money:
        return Money(self.amount / divisor, self.currency)

    def __lt__(self, other: Money) -> bool:
        return self.amount < self._same(other)

    def over(self, other: Money) -> float:
        """The ratio self / other; infinite where *other* is zero."""
        divisor = self._same(other)
        return float(self.amount / divisor) if divisor else math.inf

    def _same(self, other: Money) -> Decimal:
        if other.currency != self.currency:
            raise CurrencyMismatchError(f"{self.currency} and {other.currency} cannot be added or compared")
        return other.amount


@dataclass(frozen=True, slots=True, order=True)
class Month:
    """A UTC calendar month, the period in which everything is judged."""

    year: int
    month: int

    @classmethod
    def parse(cls, text: str) -> Month:
        """Read `2026-10`. Raises ValueError for anything else."""
        year, _, month = text.partition("-")
        if len(year) != 4 or len(month) != 2 or not (year + month).isdigit() or not 1 <= int(month) <= 12:
            raise ValueError(f"{text!r} is not a month; write it as YYYY-MM")
        return cls(int(year), int(month))

    @classmethod
    def of(cls, moment: date) -> Month:
        """The month of a date, or of an aware datetime in UTC."""
        if isinstance(moment, datetime):
            moment = moment.astimezone(UTC)
        return cls(moment.year, moment.month)

    def plus(self, months: int) -> Month:
        index = self.year * 12 + self.month - 1 + months
        return Month(index // 12, index % 12 + 1)

    @property
    def start(self) -> datetime:
        return datetime(self.year, self.month, 1, tzinfo=UTC)

    @property
    def end(self) -> datetime:
        """The first instant after the month."""
        return self.plus(1).start

    @property
    def window(self) -> Window:
        return Window(self.start, self.end)

    @property
    def day_count(self) -> int:
        return calendar.monthrange(self.year, self.month)[1]

    @property
    def hours(self) -> int:
        """Calendar hours, 672 to 744 [golden example hours-01]."""
        return self.day_count * 24

    def days(self) -> tuple[date, ...]:
        return tuple(date(self.year, self.month, day + 1) for day in range(self.day_count))

    def __str__(self) -> str:
        return f"{self.year:04d}-{self.month:02d}"

    @property
    def title(self) -> str:
        """`October 2026`."""
        return f"{calendar.month_name[self.month]} {self.year}"


@dataclass(frozen=True, slots=True)
class Window:
    """A half-open span of UTC time: *start* is inside, *end* is not."""

    start: datetime
    end: datetime

    def __post_init__(self) -> None:
        if self.start.tzinfo is None or self.end.tzinfo is None:
            raise ValueError("a window needs times with a zone")
        if self.end < self.start:
            raise ValueError(f"the window ends ({self.end}) before it starts ({self.start})")

    def __contains__(self, moment: datetime) -> bool:
        return self.start <= moment < self.end

    def days(self) -> Iterator[date]:
        """Every UTC day that the window touches."""
        day = self.start.astimezone(UTC).date()
        while datetime(day.year, day.month, day.day, tzinfo=UTC) < self.end:
            yield day
            day += timedelta(days=1)

    def months(self) -> Iterator[Month]:
        """Every UTC month that the window touches."""
        month = Month.of(self.start)
        while month.start < self.end:
            yield month
            month = month.plus(1)


def rounded_down(value: float, digits: int) -> float:
    """Rounded to the side of less, so that no figure reads as the threshold that it just misses."""
    scale: int = 10**digits
    return math.floor(value * scale + 1e-9) / scale
