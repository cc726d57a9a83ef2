"""What GPUs rent for: a dated table, and the user's own quotes over it."""

from __future__ import annotations

import csv
from collections.abc import Sequence
from dataclasses import replace
from datetime import date
from decimal import Decimal
from functools import cache
from importlib.resources import files
from typing import cast

from advisor.domain.assumptions import FleetOnly
from advisor.domain.fleet import CommitmentTerm, Offer
from advisor.domain.units import Money
from advisor.market.gpus import canonical_gpu, same_gpu


@cache
def shipped() -> tuple[Offer, ...]:
    """Every row of the shipped table, superseded ones too."""
    text = files("advisor.market").joinpath("offers.csv").read_text(encoding="utf-8")
    return tuple(
        Offer(
            provider=row["provider"],
            gpu=row["gpu"],
            gpus=int(row["gpus"]),
            price_per_gpu_hour=Money(Decimal(row["price_per_gpu_hour"]), row["currency"]),
            commitment=cast(CommitmentTerm, row["commitment"]),
            region=row["region"],
            operated_by="you",
            tier=row["tier"],
            source=row["source"],
            checked_on=date.fromisoformat(row["checked_on"]) if row["checked_on"] else None,
        )
        for row in csv.DictReader(text.splitlines())
    )


def offers(own: Sequence[Offer], only: FleetOnly) -> tuple[Offer, ...]:
    """The offers that a search may use: own quotes, then the shipped table (design: offers).

    An own quote replaces every shipped one of the same provider, GPU and commitment. Of the shipped rows of one
    provider, GPU, node size, commitment, tier and region only the newest counts. Community rows, and rows without a
    source or a date, count only where *only* names their provider, and where that provider has nothing sounder for the
    GPU: to name a provider is not to prefer its weakest offer. Raises MarketError for a GPU name that is not known.
    """
    quotes = [replace(offer, provider=_plain(offer.provider), gpu=canonical_gpu(offer.gpu)) for offer in own]
    named = {_plain(provider) for provider in only.providers}
    gpus = [canonical_gpu(name) for name in only.gpus]
    newest: dict[tuple[str, str, int, str, str, str], Offer] = {}
    for offer in shipped():
        key = (offer.provider, offer.gpu, offer.gpus, offer.commitment, offer.tier, offer.region)
        if not any(_alike(quote, offer) for quote in quotes) and (key not in newest or _day(newest[key]) < _day(offer)):
            newest[key] = offer
    sound = [offer for offer in newest.values() if not offer.weakness]
    weak = [
        offer
        for offer in newest.values()
        if offer.weakness and offer.provider in named and not any(_alike(better, offer) for better in sound)
    ]
    return tuple(
        offer
        for offer in (*quotes, *sound, *weak)
        if (not named or offer.provider in named)
        and (not gpus or any(same_gpu(offer.gpu, gpu) for gpu in gpus))
        and (not only.regions or offer.region in only.regions)
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
