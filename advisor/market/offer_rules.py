"""Which GPU prices can be true: a range for every GPU, taken from the shipped table."""

from __future__ import annotations

from decimal import Decimal
from functools import cache
from typing import NamedTuple

from advisor.domain.fleet import Offer
from advisor.market.gpus import GPUS
from advisor.market.offers import shipped
from advisor.market.specs import family_of

BELOW, ABOVE = Decimal("0.3"), Decimal(3)
"""How far a price may lie outside the dated standard rows: spot goes down to a third of on demand, and one GPU has been
sold at 4.6 times its lowest price. What lies further out is a wrong unit or another GPU, not a price."""


class Range(NamedTuple):
    """Dollars per GPU and hour between which a price is believed, and what that rests on."""

    low: Decimal
    high: Decimal
    basis: str


@cache
def plausible(gpu: str) -> Range | None:
    """The range of a canonical name: 0.3 x the lowest to 3 x the highest dated standard row of its family.

    A GPU without such a row is judged by its memory: the same factors on the dollars per GB of all GPUs that have one.
    None for a throughput unit, whose price says nothing of another's.
    """
    rows = [offer for offer in shipped() if not offer.weakness and offer.price_per_gpu_hour.currency == "USD"]
    prices = [offer.price_per_gpu_hour.amount for offer in rows if family_of(offer.gpu) == family_of(gpu)]
    if prices:
        return Range(BELOW * min(prices), ABOVE * max(prices), f"{family_of(gpu)} rows of the shipped table")
    memory = _memory_gb(gpu)
    if memory is None:
        return None
    per_gb = [offer.price_per_gpu_hour.amount / size for offer in rows if (size := _memory_gb(offer.gpu))]
    return Range(BELOW * min(per_gb) * memory, ABOVE * max(per_gb) * memory, "dollars per GB of memory")


def implausible(offer: Offer) -> str:
    """Why an offer's price cannot be believed, or an empty text. Only prices in dollars are judged."""
    price = offer.price_per_gpu_hour
    bounds = plausible(offer.gpu)
    if price.currency != "USD" or bounds is None or bounds.low <= price.amount <= bounds.high:
        return ""
    return f"outside ${bounds.low:.2f} to ${bounds.high:.2f} a GPU and hour ({bounds.basis}, x {BELOW} to x {ABOVE})"


def _memory_gb(gpu: str) -> int | None:
    """Of a GPU or of a family, whose members have the same."""
    return next((known.memory_gb for known in GPUS if gpu in (known.name, known.family)), None)
