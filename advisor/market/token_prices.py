"""What a million tokens cost: own prices first, then genai-prices, at the date of use."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from fnmatch import fnmatchcase

from advisor.domain.facts import ON_DEMAND, Tokens
from advisor.domain.units import Money
from advisor.market.models import canonical

MILLION = 1_000_000


@dataclass(frozen=True, slots=True, kw_only=True)
class OwnPrice:
    """A `[[prices]]` row, per million tokens. `model` is a canonical id or a glob over raw ids; days are inclusive."""

    model: str
    input: Decimal
    output: Decimal
    currency: str
    source: str
    provider: str = ""
    tier: str = ON_DEMAND
    cache_read: Decimal | None = None
    cache_write: Decimal | None = None
    start: date | None = None
    until: date | None = None


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


def charge(rates: Rates, tokens: Tokens) -> Money | Unpriced:
    """Tokens x rates, exactly. Cache tokens without a price of their own make the whole Unpriced."""
    total = tokens.uncached_input * rates.input + tokens.output * rates.output
    for what, count, rate in (
        ("cache read", tokens.cache_read, rates.cache_read),
        ("cache write", tokens.cache_write, rates.cache_write),
    ):
        if count and rate is None:
            return Unpriced(reason=f"{count:,} {what} tokens and no {what} price in {rates.source}")
        total += (count or 0) * (rate or 0)
    return Money(total / MILLION, rates.currency)


class TokenPrices:
    """Looks up prices; each provider and model is resolved once, into a schedule of dated rates."""

    def __init__(self, own: Sequence[OwnPrice] = ()) -> None:
        self._own = tuple(own)
        self._schedules: dict[tuple[str, str, str | None], Schedule | Unpriced] = {}

    def rates(self, *, provider: str, model_raw: str, model_id: str | None, tier: str, on: date) -> Rates | Unpriced:
        """The price of one model at one host on the day of use, per million tokens."""
        if own := self._own_rates(provider, model_raw, model_id, tier, on):
            return own
        if tier != ON_DEMAND:
            return Unpriced(reason=f"no {tier} price of {model_raw} is known")
        key = (provider, model_raw, model_id)
        if key not in self._schedules:
            from advisor.market.catalog import schedule

            self._schedules[key] = schedule(provider, model_raw, model_id)
        found = self._schedules[key]
        return found if isinstance(found, Unpriced) else found.on(on)

    def _own_rates(self, provider: str, model_raw: str, model_id: str | None, tier: str, on: date) -> Rates | None:
        """The most specific own price in force: one that names the provider wins, then the latest start."""
        matching = [
            price
            for price in self._own
            if price.tier == tier
            and price.provider in ("", provider)
            and (price.start is None or price.start <= on)
            and (price.until is None or on <= price.until)
            and _names(price.model, model_raw, model_id)
        ]
        if not matching:
            return None
        best = max(matching, key=lambda price: (bool(price.provider), price.start or date.min))
        return Rates(
            input=best.input,
            output=best.output,
            cache_read=best.cache_read,
            cache_write=best.cache_write,
            currency=best.currency,
            source=best.source,
            checked_on=None,
        )


def _names(pattern: str, model_raw: str, model_id: str | None) -> bool:
    if pattern == model_id or fnmatchcase(model_raw.lower(), pattern.lower()):
        return True
    named = canonical(pattern)
    return named is not None and named.id == model_id


@dataclass(frozen=True, slots=True)
class Schedule:
    """Rates by the day from which they are in force, oldest first."""

    starts: tuple[date, ...]
    rates: tuple[Rates, ...]

    def on(self, day: date) -> Rates:
        """The rates in force on *day*; before the first start, the oldest known."""
        return self.rates[max(0, bisect_right(self.starts, day) - 1)]
