"""Leaves out regions that no search would take: a refresh brings dozens for every node."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from decimal import Decimal

from advisor.domain.fleet import CommitmentTerm, Offer


def without_dearer_regions(rows: Sequence[Offer]) -> Iterator[Offer]:
    """*rows* in their order: own quotes as they are, of each other node the regions that no other undercuts.

    A region undercuts another where it sells the node for no more at every commitment that the other sells it at.
    """
    nodes: dict[tuple[object, ...], dict[str, dict[CommitmentTerm, Offer]]] = defaultdict(lambda: defaultdict(dict))
    for offer in rows:
        if offer.own:
            continue
        currency = offer.price_per_gpu_hour.currency
        sold = nodes[offer.provider, offer.tier, offer.gpu, offer.gpus, offer.operated_by, currency][offer.region]
        if _amount(offer) < _amount(sold.setdefault(offer.commitment, offer)):
            sold[offer.commitment] = offer
    kept: set[int] = set()
    for regions in nodes.values():
        # Whoever undercuts another comes before it in this order, so one pass over those that stay is enough.
        staying: list[dict[CommitmentTerm, Offer]] = []
        for region in sorted(regions.values(), key=lambda sold: (-len(sold), sum(map(_amount, sold.values())))):
            if not any(_undercuts(other, region) for other in staying):
                staying.append(region)
        kept |= {id(offer) for region in staying for offer in region.values()}
    return (offer for offer in rows if offer.own or id(offer) in kept)


def _undercuts(other: Mapping[CommitmentTerm, Offer], region: Mapping[CommitmentTerm, Offer]) -> bool:
    return all(term in other and _amount(other[term]) <= _amount(offer) for term, offer in region.items())


def _amount(offer: Offer) -> Decimal:
    return offer.price_per_gpu_hour.amount
