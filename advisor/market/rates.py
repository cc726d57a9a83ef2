"""What tokens cost on a day: rates, the days from which they are in force, and the reason where there are none."""

from __future__ import annotations

from bisect import bisect_right
from dataclasses import dataclass
from datetime import date
from decimal import Decimal


@dataclass(frozen=True, slots=True, kw_only=True)
class Rates:
    """Prices per million tokens in force on one day. A cache part without a price is None, never the input price."""

    input: Decimal
    output: Decimal
    cache_read: Decimal | None
    cache_write: Decimal | None
    currency: str
    source: str
    checked_on: date | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Unpriced:
    """No price is known, and why."""

    reason: str


@dataclass(frozen=True, slots=True)
class Schedule:
    """Rates, or why there are none, by the day from which they hold. Oldest first; the first day is `date.min`."""

    starts: tuple[date, ...]
    rates: tuple[Rates | Unpriced, ...]

    @classmethod
    def never(cls, reason: str) -> Schedule:
        """No price on any day."""
        return cls((date.min,), (Unpriced(reason=reason),))

    def on(self, day: date) -> Rates | Unpriced:
        """What holds on *day*."""
        return self.rates[bisect_right(self.starts, day) - 1]
