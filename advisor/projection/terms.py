"""One fleet under every term that its GPUs are sold for, at the stable floor and at the optimum."""

from __future__ import annotations

from collections.abc import Sequence
from decimal import Decimal

import numpy as np

from advisor.domain.assumptions import FleetAssumptions
from advisor.domain.fleet import CommitmentTerm, Offer, Plan
from advisor.domain.terms import Commit, Term
from advisor.projection.autoscaled import Replicas, running
from advisor.projection.committed import base, beside
from advisor.projection.policies import node_for
from advisor.projection.sizing import Node

STABLE = 0.95
"""The stable floor is the 5th percentile of the load-duration curve: what runs in 95 % of the time at least."""
TERMS: tuple[CommitmentTerm, ...] = ("1-year", "3-year")


def terms(chosen: Plan, offers: Sequence[Offer], fleet: FleetAssumptions) -> tuple[Term, ...]:
    """The plan's provider and GPU on demand, then for 1 and 3 years, each at its cheapest offer among *offers*.

    C = H c r_term + sum of max(0, n_t - c) dt r_on-demand, with c = max {k : F(k) >= 0.95} or, at the optimum,
    max {k : F(k) >= r_term / r_on-demand} [policy-d]. n_t are the nodes that follow the demand, or the plan's own where
    its policy rents them all month. Both are those of this month: a volume that falls later leaves a part unused.
    """
    node = node_for(chosen.profile.tensor_parallel, chosen.offer)
    assert node is not None, "what was planned can be bought"
    nodes, bins = _nodes(chosen, node, fleet)
    sold = beside(chosen.offer, offers)
    nothing = _commit(0, chosen, chosen.offer, node, nodes, bins)
    found = [Term(commitment="on-demand", offer=chosen.offer, stable=nothing, optimum=nothing)]
    for term in TERMS:
        rates = [one for one in sold if one.commitment == term]
        offer = min(rates, key=lambda one: one.price_per_gpu_hour.amount, default=None)
        stable = optimum = None
        if offer is not None:
            ratio = float(offer.price_per_gpu_hour.amount / chosen.offer.price_per_gpu_hour.amount)
            stable = _commit(base(nodes, STABLE, bins), chosen, offer, node, nodes, bins)
            optimum = _commit(base(nodes, ratio, bins), chosen, offer, node, nodes, bins)
        found.append(Term(commitment=term, offer=offer, stable=stable, optimum=optimum))
    return tuple(found)


def _nodes(chosen: Plan, node: Node, fleet: FleetAssumptions) -> tuple[Replicas, Replicas]:
    """Nodes wanted, and in how many bins so many are; both of shape (counts,)."""
    if chosen.policy in ("autoscaled", "committed"):
        found = running(chosen.demand, fleet, chosen.utilization_target)
        if not isinstance(found, str):
            return -(-found.levels.replicas // node.replicas), found.levels.bins
    return np.array([node.count(chosen.replicas)]), np.array([1])


def _commit(kept: int, chosen: Plan, term: Offer, node: Node, nodes: Replicas, bins: Replicas) -> Commit:
    """*kept* nodes at the term's price all month, and what runs beyond them on demand."""
    hourly, every = chosen.demand.hours * node.gpus, int(bins.sum())
    wanted, above = int((nodes * bins).sum()), int((np.maximum(0, nodes - kept) * bins).sum())
    on_demand = chosen.offer.price_per_gpu_hour
    committed_hours, rest = hourly * kept, hourly * Decimal(above) / every
    gpu = term.price_per_gpu_hour * committed_hours + on_demand * rest
    return Commit(
        replicas=kept * node.replicas,
        committed_hours=committed_hours,
        on_demand_hours=rest,
        gpu=gpu,
        savings=on_demand * (hourly * Decimal(wanted) / every) - gpu,
        utilization=(wanted - above) / (kept * every) if kept else 0.0,
    )
