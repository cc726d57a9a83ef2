"""Every host that sells a model, with its price: what else the same tokens could cost."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from functools import cache
from pathlib import Path

from advisor.domain.facts import ON_DEMAND, Tokens
from advisor.domain.units import Money
from advisor.market.hosts import host
from advisor.market.rates import Rates, Unpriced
from advisor.market.supplement import Listed
from advisor.market.token_prices import OwnPrice, charge, closeness


@dataclass(frozen=True, slots=True, kw_only=True)
class HostPrice:
    """What one host charges for a model in one tier on a day. `model_raw` is its own id of it, which says what variant
    it is: a "turbo" may answer in a lower precision."""

    host: str
    tier: str
    rates: Rates
    model_raw: str


def host_prices(
    model_id: str,
    on: date,
    own: Sequence[OwnPrice] = (),
    memo: Path | None = None,
    tiers: Sequence[str] = (ON_DEMAND, "batch"),
) -> tuple[HostPrice, ...]:
    """What the hosts of a model charge on a day in the tiers asked for, cheapest first.

    An own price that names its provider replaces that host's in the same tier; one that names none says nothing of
    other hosts. Left out: free variants, which are limited in rate and no place for a workload; models that their host
    marks as deprecated; prices that depend on the time of day, are not by the token, or were taken from another host.
    *memo* is the file in which `TokenPrices` keeps the catalog's answers between runs, so that most runs never import
    it.
    """
    listings = _listings(model_id, memo)
    stated = {}
    for place in {(host(price.provider), price.tier) for price in own if price.provider and price.tier in tiers}:
        names = [model_id, *(one.model_raw for one in listings if (one.host, one.tier) == place)]
        if price := _closest(own, place, names, model_id, on):
            stated[place] = HostPrice(host=place[0], tier=place[1], rates=price.rates, model_raw=price.model)
    shipped = [
        HostPrice(host=one.host, tier=one.tier, rates=rates, model_raw=one.model_raw)
        for one in listings
        if one.tier in tiers and (one.host, one.tier) not in stated
        if isinstance(rates := one.schedule.on(on), Rates) and rates.input + rates.output
    ]
    return tuple(sorted((*stated.values(), *shipped), key=_cheapest_first))


def _closest(
    own: Sequence[OwnPrice], place: tuple[str, str], names: Sequence[str], model_id: str, on: date
) -> OwnPrice | None:
    """The own price of a model at a host and tier: the one that names it most closely, then the latest."""
    ranked = [
        ((close, price.start or date.min), price)
        for price in own
        if price.provider and (host(price.provider), price.tier) == place and price.in_force(on)
        for name in names
        if (close := closeness(price.model, name, model_id))
    ]
    return max(ranked, key=lambda item: item[0])[1] if ranked else None


def _cheapest_first(price: HostPrice) -> tuple[bool, object, str, str]:
    return (price.tier != ON_DEMAND, price.rates.input + price.rates.output, price.host, price.model_raw)


def priced(price: HostPrice, tokens: Tokens) -> Money | Unpriced:
    """What *tokens* would cost there. Cache tokens without a cache price of that host make the whole Unpriced."""
    return charge(price.rates, tokens)


@cache
def _listings(model_id: str, memo: Path | None) -> tuple[Listed, ...]:
    from advisor.market.memo import Memo

    remembered = Memo(memo) if memo else None
    if remembered is not None and (found := remembered.listings(model_id)) is not None:
        return found
    from advisor.market.listings import listings

    found = listings(model_id)
    if remembered is not None:
        remembered.put_listings(model_id, found)
    return found
