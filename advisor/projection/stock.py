"""What is for rent, put together by what decides the size of a fleet: on one shelf, offers differ in price alone."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Hashable, Sequence
from dataclasses import dataclass, field
from functools import cached_property, lru_cache
from typing import NamedTuple

from advisor.domain.fleet import Offer
from advisor.market.gpus import same_gpu
from advisor.market.specs import family_of
from advisor.projection.committed import TERMS, beside


class Ranked(NamedTuple):
    """An offer at the lowest price per GPU and hour that a fleet on it pays, and its place among all offers."""

    rate: float
    place: int
    offer: Offer


@dataclass(frozen=True, kw_only=True, eq=False)
class Shelf:
    """On-demand offers of one GPU that are sold alike: nodes of one size, one operator, one currency; cheapest first.

    `places` are the offers' places in their list.
    """

    offers: tuple[Offer, ...]
    places: tuple[int, ...]

    @property
    def sample(self) -> Offer:
        """The cheapest offer; all of them have its GPU, node, operator and currency."""
        return self.offers[0]

    @cached_property
    def by_price(self) -> tuple[Ranked, ...]:
        """The cheapest offer of each provider, cheapest first: where only price counts, no other wins anything."""
        firsts: dict[str, Ranked] = {}
        for offer, place in zip(self.offers, self.places, strict=True):
            firsts.setdefault(offer.provider, Ranked(_price(offer), place, offer))
        return tuple(firsts.values())

    def by_lowest_rate(self, others: Stock) -> tuple[Ranked, ...]:
        """Every offer that *others* hold a commitment beside, by the lowest price of itself, its terms and its spot."""
        return _by_lowest_rate(self, others)


@dataclass(frozen=True, kw_only=True, eq=False)
class Stock:
    """A list of offers, put in order once for all workloads."""

    offers: tuple[Offer, ...]
    _of: dict[str, Stock] = field(default_factory=dict)

    def of(self, gpu: str) -> Stock:
        """The on-demand offers of a GPU, in the same order."""
        if gpu not in self._of:
            fitting = {name for name in self._on_demand if same_gpu(name, gpu)}
            on_demand = (offer for offer in self.offers if offer.commitment == "on-demand")
            self._of[gpu] = Stock(offers=tuple(offer for offer in on_demand if offer.gpu in fitting))
        return self._of[gpu]

    @cached_property
    def shelves(self) -> tuple[Shelf, ...]:
        """The offers, all of them on demand, by what they share."""
        alike = _grouped(self.offers, lambda offer: (*_sold_as(offer), offer.gpu, bool(offer.instance)))
        ranked = [sorted(group, key=lambda at: _cheapest_first(self.offers[at])) for group in alike.values()]
        return tuple(Shelf(offers=tuple(self.offers[at] for at in group), places=tuple(group)) for group in ranked)

    def beside(self, offer: Offer) -> list[Offer]:
        """The committed and spot offers that stand beside *offer*, in the list's order."""
        near = self._rates.get((offer.provider, family_of(offer.gpu), *_sold_as(offer)))
        return beside(offer, [self.offers[at] for at in near]) if near else []

    @cached_property
    def _on_demand(self) -> frozenset[str]:
        return frozenset(offer.gpu for offer in self.offers if offer.commitment == "on-demand")

    @cached_property
    def _rates(self) -> dict[Hashable, list[int]]:
        """The places of committed and spot offers, by provider, family of GPUs and how they are sold."""
        return _grouped(
            self.offers,
            lambda offer: (
                (offer.provider, family_of(offer.gpu), *_sold_as(offer)) if offer.commitment != "on-demand" else None
            ),
        )


def stock(offers: Sequence[Offer]) -> Stock:
    """The offers in order. For the very same tuple of them it is remembered; a list may have changed since."""
    return _remembered(_Same(offers)) if isinstance(offers, tuple) else Stock(offers=tuple(offers))


class _Same:
    """A tuple that equals itself alone: comparing thousands of offers would take longer than sorting them."""

    __slots__ = ("offers",)

    def __init__(self, offers: tuple[Offer, ...]) -> None:
        self.offers = offers

    def __hash__(self) -> int:
        return id(self.offers)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, _Same) and other.offers is self.offers


@lru_cache(maxsize=4)
def _remembered(same: _Same) -> Stock:
    return Stock(offers=same.offers)


@lru_cache(maxsize=1024)
def _by_lowest_rate(shelf: Shelf, others: Stock) -> tuple[Ranked, ...]:
    found = []
    for offer, place in zip(shelf.offers, shelf.places, strict=True):
        rates = others.beside(offer)
        if any(one.commitment in TERMS for one in rates):
            found.append(Ranked(min(map(_price, (offer, *rates))), place, offer))
    return tuple(sorted(found, key=lambda one: one[:2]))


def _grouped(offers: Sequence[Offer], key: Callable[[Offer], Hashable]) -> dict[Hashable, list[int]]:
    found: dict[Hashable, list[int]] = defaultdict(list)
    for at, offer in enumerate(offers):
        found[key(offer)].append(at)
    return found


def _sold_as(offer: Offer) -> tuple[Hashable, ...]:
    return offer.gpus, offer.operated_by, offer.unit, offer.price_per_gpu_hour.currency


def _price(offer: Offer) -> float:
    return float(offer.price_per_gpu_hour.amount)


def _cheapest_first(offer: Offer) -> tuple[object, ...]:
    return offer.price_per_gpu_hour.amount, offer.provider, offer.region
