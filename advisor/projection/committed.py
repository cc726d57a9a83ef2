"""Replicas that run most of the time under a commitment, the rest on demand or, above that base, on spot."""

from __future__ import annotations

from collections.abc import Sequence
from decimal import Decimal
from functools import lru_cache

import numpy as np

from advisor.domain.assumptions import FleetAssumptions
from advisor.domain.fleet import Demand, Infeasible, Offer
from advisor.market.gpus import same_gpu
from advisor.projection.autoscaled import Levels, Replicas, running
from advisor.projection.sizing import ROUNDING, Node, Sized, whole

TERMS = ("1-year", "3-year")
SPOT_INTERRUPTED = 0.10
"""The share of the time that a spot replica is away, a judgement: 1 / (1 - it) times as many are rented."""


def beside(offer: Offer, others: Sequence[Offer]) -> list[Offer]:
    """The committed and spot offers of *others* that stand beside an on-demand one: the same nodes at one provider."""
    return [
        other
        for other in others
        if other.commitment != "on-demand"
        and same_gpu(other.gpu, offer.gpu)
        and (other.provider, other.gpus, other.unit, other.operated_by) == _sold_as(offer)
        and (other.region == offer.region or not (other.region and offer.region))
        and other.price_per_gpu_hour.currency == offer.price_per_gpu_hour.currency
    ]


def _sold_as(offer: Offer) -> tuple[str, int, str, str]:
    return offer.provider, offer.gpus, offer.unit, offer.operated_by


def base(nodes: Replicas, ratio: float, bins: Replicas | None = None) -> int:
    """c* = max {k : F(k) >= ratio}, F(k) the share of the bins in which at least k run [policy-d]; 0 where none does.

    So many *nodes* run in *bins* bins each, by default in one. *ratio* is the committed price over the price of what is
    rented else. F(k) >= ratio holds for every k up to the count that is reached in ceil(ratio x all bins) of them.
    """
    most_first = np.argsort(-nodes)
    reached = np.cumsum(np.ones_like(nodes) if bins is None else bins[most_first])
    needed = max(1, whole(ratio * int(reached[-1])))
    return 0 if needed > reached[-1] else int(nodes[most_first][np.searchsorted(reached, needed)])


def committed(
    demand: Demand, offer: Offer, node: Node, fleet: FleetAssumptions, target: float, others: Sequence[Offer]
) -> Sized | Infeasible:
    """The cheapest base and rest over a provider's terms: C = H c r_commit + sum of max(0, n_t - c) dt r_rest.

    The replicas are those of `autoscaled`, or of `static` where scaling would be too late. The base is that of the
    month as it was: a volume that falls later leaves a part of it unused until the term ends.
    """
    rates = beside(offer, others)
    terms = [one for one in rates if one.commitment in TERMS]
    if not terms:
        reason = f'no committed offer of {offer.gpu} at {offer.provider}: add [[fleet.offers]] with its "1-year" price'
        return Infeasible(policy="committed", reason=reason)
    found = _levels(demand, fleet, target)
    rests = [offer, *(one for one in rates if one.commitment == "spot")]
    fleets = [
        _rented(found, demand, node, term, rest, kept)
        for term in terms
        if (kept := _base(found, node, term, offer))
        for rest in rests
    ]
    if not fleets:
        reason = f"a commitment for {offer.gpu} at {offer.provider} costs more than the same hours on demand"
        return Infeasible(policy="committed", reason=reason)
    return min(fleets, key=lambda sized: sized.gpu.amount)


@lru_cache(maxsize=64)
def _levels(demand: Demand, fleet: FleetAssumptions, target: float) -> Levels:
    scaled = running(demand, fleet, target)
    if not isinstance(scaled, str):
        return scaled.levels
    most = max(fleet.min_replicas, whole(demand.peak_replicas / target)) + fleet.redundancy
    return Levels.of([(np.array([most]), 1)], np.array([demand.peak_replicas]))


def _base(found: Levels, node: Node, term: Offer, offer: Offer) -> int:
    """The nodes to commit to, against the on-demand price whatever the rest is rented at: spot may be gone."""
    ratio = float(term.price_per_gpu_hour.amount / offer.price_per_gpu_hour.amount)
    return base(-(-found.replicas // node.replicas), ratio, found.bins)


def _rented(found: Levels, demand: Demand, node: Node, term: Offer, rest: Offer, kept: int) -> Sized:
    """*kept* nodes at one term all month, and what runs beyond them at the price of the rest."""
    spot = rest.commitment == "spot"
    above = np.maximum(0, -(-found.replicas // node.replicas) - kept)
    if spot:
        above = np.ceil(above / (1 - SPOT_INTERRUPTED) - ROUNDING).astype(np.int64)
    hourly, bins = demand.hours * node.gpus, int(found.bins.sum())
    base_hours, rest_hours = hourly * kept, hourly * Decimal(int((above * found.bins).sum())) / bins
    provisioned = np.maximum(found.replicas, kept * node.replicas)
    return Sized(
        replicas=int(provisioned.max()),
        fewest=int(provisioned.min()),
        committed_replicas=kept * node.replicas,
        gpus=(kept + int(above.max())) * node.gpus,
        gpu_hours=base_hours + rest_hours,
        gpu=term.price_per_gpu_hour * base_hours + rest.price_per_gpu_hour * rest_hours,
        utilization=demand.mean_replicas * bins / float((provisioned * found.bins).sum()),
        utilization_peak=float((found.busiest / provisioned).max()),
        beside=(term, rest) if spot else (term,),
    )
