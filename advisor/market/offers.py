"""What GPUs rent for: a dated table, what a refresh read since, and the user's own quotes over both."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import replace
from datetime import date
from functools import cache
from importlib.resources import files
from typing import NamedTuple

from advisor.domain.assumptions import FleetOnly
from advisor.domain.fleet import Offer
from advisor.market.gpus import canonical_gpu, same_gpu
from advisor.market.offer_regions import without_dearer_regions
from advisor.market.offer_table import read_offers
from advisor.market.specs import family_of

STALE_DAYS = 30
"""GPU prices moved by 12 to 21 % within three months of 2026: an older row is worth a second look."""


@cache
def shipped() -> tuple[Offer, ...]:
    """Every row of the shipped table, superseded ones too."""
    text = files("advisor.market").joinpath("offers.csv").read_text(encoding="utf-8")
    return read_offers(text, "offers.csv of the installed package", "install it again")


def offers(own: Sequence[Offer], only: FleetOnly, refreshed: Sequence[Offer] = ()) -> tuple[Offer, ...]:
    """The offers that a search may use: own quotes, then the rows in force that *only* allows (design: offers).

    Community rows, and rows without a source or a date, count only where *only* names their provider, and where that
    provider has nothing sounder for the GPU: to name a provider is not to prefer its weakest offer. A node in a region
    is left out where another region that *only* allows sells the same node for no more at every commitment: no search
    would take it. Raises MarketError for a GPU name that is not known.
    """
    named = {_plain(provider) for provider in only.providers}
    gpus = [canonical_gpu(name) for name in only.gpus]
    every = in_force(own, refreshed)
    sound = [offer for offer in every if offer.own or not offer.weakness]
    weak = [
        offer
        for offer in every
        if offer.weakness
        and not offer.own
        and offer.provider in named
        and not any(_alike(better, offer) for better in sound)
    ]
    allowed = [
        offer
        for offer in (*sound, *weak)
        if (not named or offer.provider in named)
        and (not gpus or any(same_gpu(offer.gpu, gpu) for gpu in gpus))
        and (not only.regions or offer.region in only.regions)
    ]
    return tuple(without_dearer_regions(allowed))


def in_force(own: Sequence[Offer], refreshed: Sequence[Offer] = ()) -> tuple[Offer, ...]:
    """Every offer that stands, weak ones too: own quotes, then *refreshed* and shipped rows that nothing replaces.

    An own quote replaces every other row of the same provider, GPU and commitment. A row gives way to a newer one of
    the same provider, GPU, commitment and tier, whatever node it is of, where both are of one region or one of them
    states none: what a provider no longer lists is no longer its price. A family of GPUs and its members count as the
    same GPU. A weak row replaces no sound one. Raises MarketError for a GPU name that is not known.
    """
    quotes = [replace(offer, provider=_plain(offer.provider), gpu=canonical_gpu(offer.gpu)) for offer in own]
    rows: dict[tuple[object, ...], Offer] = {}
    priced: dict[tuple[object, ...], set[_Priced]] = defaultdict(set)
    for offer in (*refreshed, *shipped()):
        if not any(_alike(quote, offer) for quote in quotes):
            node = (*_rivals(offer), offer.instance, offer.gpu, offer.gpus, offer.region, offer.checked_on)
            rows.setdefault(node, offer)
            priced[_rivals(offer)].add(_priced(offer))
    return (*quotes, *(offer for offer in rows.values() if not _superseded(offer, priced[_rivals(offer)])))


class _Priced(NamedTuple):
    """What decides which of two rival rows counts; several nodes share one."""

    day: date
    gpu: str
    region: str
    weak: bool


def _priced(offer: Offer) -> _Priced:
    return _Priced(_day(offer), offer.gpu, offer.region, bool(offer.weakness))


def _rivals(offer: Offer) -> tuple[str, ...]:
    """What rows share of which the newer replaces the older, beside the form of the GPU and the region."""
    return (offer.provider, offer.commitment, offer.tier, family_of(offer.gpu))


def _superseded(offer: Offer, rivals: Iterable[_Priced]) -> bool:
    mine = _priced(offer)
    return any(
        other.day > mine.day
        and (mine.weak or not other.weak)
        and same_gpu(other.gpu, mine.gpu)
        and (other.region == mine.region or not (other.region and mine.region))
        for other in rivals
    )


def _alike(left: Offer, right: Offer) -> bool:
    return left.provider == right.provider and left.commitment == right.commitment and same_gpu(left.gpu, right.gpu)


def _plain(provider: str) -> str:
    return provider.strip().lower()


def _day(offer: Offer) -> date:
    return offer.checked_on or date.min


def age_days(offer: Offer, on: date) -> int | None:
    """How old an offer's price is; None where it carries no date."""
    return None if offer.checked_on is None else (on - offer.checked_on).days


def stale(offer: Offer, on: date) -> bool:
    """Whether an offer's price is older than 30 days. One without a date is not called stale: its age is not known."""
    age = age_days(offer, on)
    return age is not None and age > STALE_DAYS
