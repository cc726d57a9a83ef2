"""What tokens cost at a host on the day they were used: own prices first, then the shipped catalog."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from fnmatch import fnmatchcase
from pathlib import Path
from typing import TYPE_CHECKING

from advisor.domain.facts import ON_DEMAND, Tokens
from advisor.domain.units import Money
from advisor.market.hosts import host, host_of
from advisor.market.models import canonical
from advisor.market.rates import Rates, Schedule, Unpriced

if TYPE_CHECKING:
    from advisor.market.memo import Memo

__all__ = ["OwnPrice", "Rates", "TokenPrices", "Unpriced", "charge"]

MILLION = 1_000_000


@dataclass(frozen=True, slots=True, kw_only=True)
class OwnPrice:
    """A `[[prices]]` row, per million tokens. `model` is a raw id, a canonical id or a glob; days are inclusive."""

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

    def in_force(self, day: date) -> bool:
        return (self.start is None or self.start <= day) and (self.until is None or day <= self.until)

    @property
    def rates(self) -> Rates:
        return Rates(
            input=self.input,
            output=self.output,
            cache_read=self.cache_read,
            cache_write=self.cache_write,
            currency=self.currency,
            source=self.source,
            checked_on=None,
        )


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
    """Looks prices up; a host's model is resolved once, into a schedule by date, so that a lookup takes microseconds.

    *memo* is a file that keeps what the catalog answered between runs, because importing the catalog takes longer
    than everything else that pricing does; see `market.memo`.
    """

    def __init__(self, own: Sequence[OwnPrice] = (), memo: Path | None = None) -> None:
        self._own = tuple(own)
        self._memo_path = memo
        self._memo: Memo | None = None
        self._candidates: dict[tuple[str, str, str | None, str], tuple[OwnPrice, ...]] = {}
        self._schedules: dict[tuple[str, str, str | None, str], Schedule] = {}

    def rates(self, *, provider: str, model_raw: str, model_id: str | None, tier: str, on: date) -> Rates | Unpriced:
        """The price of a model at a host on the day of use, per million tokens, or why there is none.

        *provider* may be empty where the source does not say; then the id itself has to tell the host. An own price
        wins over the catalog: of several, the one that names the model most closely, then one that names the
        provider, then the latest start. The price of another tier is never taken.
        """
        key = (host(provider) or host_of(model_raw), model_raw, model_id, tier)
        if key not in self._candidates:
            self._candidates[key] = self._own_prices(*key)
        candidates = self._candidates[key]
        for price in candidates:
            if price.in_force(on):
                return price.rates
        if key not in self._schedules:
            self._schedules[key] = self._resolve(*key)
        found = self._schedules[key].on(on)
        if isinstance(found, Unpriced) and candidates:
            return Unpriced(reason=f"{found.reason}; the [[prices]] of it do not cover {on}")
        return found

    def _own_prices(self, named: str, model_raw: str, model_id: str | None, tier: str) -> tuple[OwnPrice, ...]:
        """The own prices of one model, host and tier on any day, best first."""
        ranked = [
            ((*close, bool(price.provider), price.start or date.min), price)
            for price in self._own
            if price.tier == tier
            and host(price.provider) in ("", named)
            and (close := closeness(price.model, model_raw, model_id))
        ]
        return tuple(price for _, price in sorted(ranked, key=lambda item: item[0], reverse=True))

    def _resolve(self, named: str, model_raw: str, model_id: str | None, tier: str) -> Schedule:
        from advisor.market.memo import Memo

        if self._memo is None and self._memo_path is not None:
            self._memo = Memo(self._memo_path)
        key = " ".join((named or "-", model_raw, model_id or "-", tier))
        if self._memo is not None and (remembered := self._memo.get(key)):
            return remembered
        from advisor.market.catalog import schedule

        found = schedule(named, model_raw, model_id, tier)
        if self._memo is not None:
            self._memo.put(key, found)
        return found


def closeness(pattern: str, model_raw: str, model_id: str | None) -> tuple[int, int] | None:
    """How closely a pattern names a model: its raw id, its canonical id, a glob by the letters it fixes, and last
    another spelling of the same model."""
    wanted, raw = pattern.lower(), model_raw.lower()
    if wanted == raw:
        return (3, 0)
    if wanted == model_id:
        return (2, 0)
    if fnmatchcase(raw, wanted) or (model_id and fnmatchcase(model_id, wanted)):
        return (1, len(wanted.replace("*", "")))
    known = canonical(pattern)
    return (0, 0) if known and known.id == model_id else None
