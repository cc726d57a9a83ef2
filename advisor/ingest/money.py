"""What tokens cost at list price, and amounts in one currency."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from datetime import date

import numpy as np

from advisor.domain.assumptions import ExchangeRate
from advisor.domain.facts import Tokens
from advisor.domain.units import Money, Month
from advisor.ingest.totals import EPOCH, Lane, Mask, day_number
from advisor.market.token_prices import Rates, Unpriced, charge

RatesOn = Callable[[date], Rates | Unpriced]


@dataclass(frozen=True, slots=True, kw_only=True)
class NoRate:
    """No exchange rate is configured, and which."""

    reason: str


Unknown = Unpriced | NoRate


def converted(amount: Money, currency: str, month: Month, rates: Sequence[ExchangeRate]) -> Money | NoRate:
    """*amount* in *currency*, at the latest rate that is not after the month's end, else at the earliest after it."""
    if amount.currency == currency:
        return amount
    pair = (amount.currency, currency)
    known = sorted(
        (rate for rate in rates if (rate.from_currency, rate.to_currency) == pair),
        key=lambda rate: (rate.date, rate.rate),
    )
    if not known:
        return NoRate(reason=f"no exchange rate {pair[0]} -> {pair[1]} for {month}: add [[exchange_rates]]")
    until = [rate for rate in known if rate.date < month.end.date()]
    return Money(amount.amount * (until[-1] if until else known[0]).rate, currency)


@dataclass(frozen=True, slots=True, kw_only=True)
class Exchange:
    """The currency that a month is added up in, and the rates into it."""

    currency: str
    month: Month
    rates: Sequence[ExchangeRate]

    def total(self, amounts: Iterable[Money | Unknown]) -> Money | Unknown:
        """The sum in that currency, or the first reason why it is unknown."""
        total = Money.zero(self.currency)
        for amount in amounts:
            own = converted(amount, self.currency, self.month, self.rates) if isinstance(amount, Money) else amount
            if not isinstance(own, Money):
                return own
            total += own
        return total


@dataclass(frozen=True, slots=True, kw_only=True)
class Listed:
    """Tokens at list price, with the source and date of the latest price used."""

    amount: Money | Unknown
    price_source: str = ""
    checked_on: date | None = None


def at_list_price(lanes: Sequence[Lane], month: Month, covered: Mask, rates_on: RatesOn, exchange: Exchange) -> Listed:
    """The tokens of the covered days, each at the price of its day: the sum of tokens x rates / 1e6."""
    first = day_number(month.start.date())
    by_rates: dict[Rates | Unpriced, Mask] = {}
    for index in np.flatnonzero(covered).tolist():
        rates = rates_on(date.fromordinal(first + index + EPOCH))
        if rates not in by_rates:
            by_rates[rates] = np.zeros_like(covered)
        by_rates[rates][index] = True
    amounts: list[Money | Unknown] = []
    last: Rates | None = None
    for rates, days in by_rates.items():
        tokens = tokens_of(lanes, first, days)
        if not tokens.total:
            continue
        amounts.append(rates if isinstance(rates, Unpriced) else charge(rates, tokens))
        last = rates if isinstance(rates, Rates) else last
    return Listed(
        amount=exchange.total(amounts),
        price_source=last.source if last else "",
        checked_on=last.checked_on if last else None,
    )


def tokens_of(lanes: Iterable[Lane], first: int, covered: Mask) -> Tokens:
    """The tokens of several lanes on the covered days of the month that begins on day *first*."""
    tokens = Tokens(uncached_input=0, output=0)
    for lane in lanes:
        if count := lane.count(first, covered):
            tokens += count.tokens
    return tokens


def written(amount: Money) -> str:
    """`$12.00`, or `12.00 EUR`."""
    return f"${amount.cents():,}" if amount.currency == "USD" else f"{amount.cents():,} {amount.currency}"
