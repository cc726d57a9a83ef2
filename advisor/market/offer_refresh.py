"""Brings the kept offers up to date with what their providers list now, without losing what could not be read."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from decimal import Decimal

from advisor.domain.fleet import Offer
from advisor.market.offer_rules import implausible


@dataclass(frozen=True, slots=True, kw_only=True)
class Reading:
    """What one feed lists of one provider. `skipped` counts rows that are no offer of a GPU known here, by reason.

    Every row's source starts with the name of its feed.
    """

    provider: str
    feed: str
    rows: tuple[Offer, ...]
    skipped: Mapping[str, int] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class Unread:
    """A provider that a feed could not read, and why."""

    provider: str
    feed: str
    reason: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Change:
    """What a refresh did to the offers of one provider. `failed` says why it changed nothing."""

    provider: str
    feed: str
    new: int = 0
    changed: int = 0
    same: int = 0
    gone: int = 0
    refused: tuple[tuple[Offer, str], ...] = ()
    skipped: Mapping[str, int] = field(default_factory=dict)
    failed: str = ""


def merged(kept: Sequence[Offer], readings: Iterable[Reading | Unread]) -> tuple[tuple[Offer, ...], tuple[Change, ...]]:
    """The offers to keep from now on, and what changed, one for each reading.

    A reading replaces what the same feed listed of the provider before, with the cheapest instance of each node. Rows
    whose price cannot be believed are refused, and the row they would have replaced stays; so does everything of a
    provider that could not be read, that lists nothing, or of which no row can be believed.
    """
    offers, changes = tuple(kept), []
    for reading in readings:
        offers, change = _one(offers, reading)
        changes.append(change)
    return offers, tuple(changes)


def _one(offers: tuple[Offer, ...], reading: Reading | Unread) -> tuple[tuple[Offer, ...], Change]:
    if isinstance(reading, Unread):
        return offers, Change(provider=reading.provider, feed=reading.feed, failed=reading.reason)
    refused = tuple((offer, reason) for offer in reading.rows if (reason := implausible(offer)))
    outcome = Change(provider=reading.provider, feed=reading.feed, refused=refused, skipped=reading.skipped)
    believed = [offer for offer in reading.rows if not implausible(offer)]
    if not believed:
        why = "none of its prices can be believed" if refused else "it lists no GPU known here"
        return offers, replace(outcome, failed=why)
    found = _cheapest(believed)
    old = _cheapest(offer for offer in offers if _is_of(offer, reading))
    doubted = {_node(offer) for offer, _ in refused} - set(found)
    staying = [offer for node, offer in old.items() if node in doubted]
    others = [offer for offer in offers if not _is_of(offer, reading)]
    again = [node for node in found if node in old]
    changed = sum(found[node].price_per_gpu_hour != old[node].price_per_gpu_hour for node in again)
    return (*others, *staying, *found.values()), replace(
        outcome,
        new=len(found) - len(again),
        changed=changed,
        same=len(again) - changed,
        gone=len(old) - len(again) - len(staying),
    )


def _is_of(offer: Offer, reading: Reading) -> bool:
    return offer.provider == reading.provider and offer.source.startswith(reading.feed)


def _cheapest(rows: Iterable[Offer]) -> dict[tuple[object, ...], Offer]:
    """The cheapest instance of each node, by node."""
    return {_node(offer): offer for offer in sorted(rows, key=_dearest_first)}


def _node(offer: Offer) -> tuple[object, ...]:
    """What is bought, beside its price and the name of the instance."""
    return (offer.gpu, offer.gpus, offer.commitment, offer.tier, offer.region)


def _dearest_first(offer: Offer) -> tuple[Decimal, str]:
    return -offer.price_per_gpu_hour.amount, offer.instance
