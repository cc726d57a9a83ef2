"""A chosen plan under other assumptions: sized anew in whole replicas and costed, for many values at once."""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import cached_property, lru_cache

import numpy as np
from numpy.typing import NDArray

from advisor.domain.assumptions import FleetAssumptions, PolicyName
from advisor.domain.fleet import Demand, Plan, Resolution
from advisor.domain.usage import WorkloadUsage
from advisor.market.latency import POOLED_REPLICAS, SloInfeasible
from advisor.projection.committed import SPOT_INTERRUPTED, TERMS
from advisor.projection.demand import demand, resolution_of
from advisor.projection.load_duration import busy_duration, load_duration
from advisor.projection.policies import node_for
from advisor.projection.series import series
from advisor.projection.sizing import Node
from advisor.projection.slo import target_of
from advisor.projection.uncertainty_draws import Floats
from advisor.projection.uncertainty_fleets import AlwaysOn, Rented, Sizes, Sizing, WithSpill
from advisor.projection.uncertainty_waves import Autoscaled, Committed, Wave

Factor = Floats | float


@dataclass(frozen=True, slots=True, kw_only=True)
class Assumed:
    """What is assumed beside the shape of the month; numbers or arrays of one shape, 1.0 (or None) for as it is.

    Factors on the throughput, on every GPU price, on the serverless price of a token, on all volumes, on the busiest
    five minutes (`peaks`), on the monthly engineering hours and on the migration. `utilization` is the target itself.
    """

    throughput: Factor = 1.0
    gpu_price: Factor = 1.0
    serverless_price: Factor = 1.0
    volume: Factor = 1.0
    peaks: Factor = 1.0
    engineering: Factor = 1.0
    migration: Factor = 1.0
    utilization: Factor | None = None


def grains(usage: WorkloadUsage) -> frozenset[Resolution]:
    """The resolutions of the bins in which there is any traffic."""
    return frozenset(
        resolution_of(shape.width_seconds)
        for shape in usage.shapes
        if any(tokens.any() for tokens in (shape.uncached_input, shape.cache_read, shape.cache_write, shape.output))
    )


@dataclass(frozen=True, kw_only=True, eq=False)
class Replanned:
    """The policy and offer of *plan*, on the demand that *fleet* makes of its usage."""

    plan: Plan
    demand: Demand
    fleet: FleetAssumptions

    def under(self, fleet: FleetAssumptions) -> Replanned:
        """The same plan on the demand that other assumptions make of the same usage."""
        return Replanned(plan=self.plan, demand=demand(self.demand.usage, self.demand.profile, fleet), fleet=fleet)

    @cached_property
    def node(self) -> Node:
        found = node_for(self.plan.profile.tensor_parallel, self.plan.offer)
        assert found, "the plan was built on this offer"
        return found

    @property
    def node_month(self) -> float:
        """r tp H: a node that runs all the time."""
        return float(self.plan.offer.price_per_gpu_hour.amount * self.node.gpus * self.demand.hours)

    @property
    def bill(self) -> float:
        cost = self.plan.demand.usage.cost
        assert cost is not None, "a plan is weighed against a bill"
        return float(cost.amount)

    def total(self, assumed: Assumed) -> Floats:
        """What the plan costs in the covered days at each value, its spill included; the shape of the arrays given.

        Where the policy has no plan at a value, a static fleet carries the traffic, as in `compare.at_low_end`.
        """
        rented, sizes = self._rented(assumed)
        cost = self.plan.cost
        total: Floats = (
            (rented.gpu + float(cost.staging.amount)) * sizes.gpu_price
            + float((cost.egress + cost.storage).amount)
            + float(cost.engineering.amount) * assumed.engineering
            + float(cost.migration.amount) * assumed.migration
            + rented.spilled * self.bill * sizes.bill
        )
        return total

    def _rented(self, assumed: Assumed) -> tuple[Rented, Sizes]:
        fleet_target = self.fleet.utilization if assumed.utilization is None else assumed.utilization
        values = np.broadcast_arrays(
            assumed.volume / np.asarray(assumed.throughput),
            assumed.peaks,
            assumed.gpu_price,
            assumed.serverless_price * np.asarray(assumed.volume),
            fleet_target,
        )
        sizes = Sizes(
            **dict(zip(Sizes.__slots__, (np.atleast_1d(value).astype(float) for value in values), strict=True))
        )
        found = self._at_target(self.plan.policy, sizes)
        if not found.feasible.all():
            found = _where(found.feasible, found, self._at_target("static", sizes))
        return found, sizes

    def _at_target(self, policy: PolicyName, sizes: Sizes) -> Rented:
        """At the target of the policy; as `policies.plan`, a fleet that shrinks below POOLED_REPLICAS at that of one
        replica."""
        if policy == "equivalent":
            return self._sizing(policy)(sizes)
        alone, pooled = (np.minimum(sizes.target, cap) for cap in self._caps)
        peak = self.demand.peak_replicas * sizes.demand * sizes.peaks
        first = replace(sizes, target=np.where(peak / pooled > POOLED_REPLICAS - 1, pooled, alone))
        sizing = self._sizing(policy)
        found = sizing(first)
        fewer = found.feasible & (found.fewest < POOLED_REPLICAS) & (alone < first.target)
        return _where(~fewer, found, sizing(replace(sizes, target=alone))) if fewer.any() else found

    @cached_property
    def _caps(self) -> tuple[float, float]:
        """How full one replica may be whatever the target, and one of several."""
        full = [
            target_of(replicas, self.demand, replace(self.fleet, utilization=1.0)) for replicas in (1, POOLED_REPLICAS)
        ]
        one, several = (1.0 if isinstance(cap, SloInfeasible) else cap for cap in full)
        return one, several

    def _sizing(self, policy: PolicyName) -> Sizing:
        match policy:
            case "equivalent":
                return self._always_on(self.demand.mean_replicas, 0, of_peak=False)
            case "autoscaled":
                return Autoscaled(wave=self._wave, node_month=self.node_month)
            case "committed":
                return self._committed()
            case "hybrid":
                mixed = len(grains(self.demand.usage)) > 1
                return WithSpill(
                    busy=(load_duration if mixed else busy_duration)(self.demand, self.fleet),
                    burst=1.0 if mixed or self.demand.resolution is Resolution.FIVE_MINUTES else self.fleet.burst,
                    demand=self.demand,
                    node_month=self.node_month,
                    bill=self.bill,
                    node=self.node,
                    fleet=self.fleet,
                )
            case _:
                return self._always_on(self.demand.peak_replicas, self.fleet.redundancy, of_peak=True)

    def _always_on(self, load: float, spare: int, *, of_peak: bool) -> AlwaysOn:
        return AlwaysOn(
            load=load, spare=spare, node_month=self.node_month, node=self.node, fleet=self.fleet, of_peak=of_peak
        )

    @property
    def _wave(self) -> Wave:
        return _wave(self.demand, self.fleet, self.node)

    def _committed(self) -> Committed:
        """Terms and spot prices over the on-demand price, each with the other."""
        hour = self.plan.offer.price_per_gpu_hour.amount
        beside = [(offer, float(offer.price_per_gpu_hour.amount / hour)) for offer in self.plan.beside]
        terms = [rate for offer, rate in beside if offer.commitment in TERMS]
        rests = [(1.0, False), *((rate, True) for offer, rate in beside if offer.commitment == "spot")]
        return Committed(
            wave=self._wave,
            most=self._always_on(self.demand.peak_replicas, self.fleet.redundancy, of_peak=True),
            node_month=self.node_month,
            rates=[(term, rest, spot) for term in terms for rest, spot in rests],
            away=SPOT_INTERRUPTED,
        )


@lru_cache(maxsize=8)
def _wave(demand: Demand, fleet: FleetAssumptions, node: Node) -> Wave:
    """Kept, because a price changes none of it, and several are tried."""
    return Wave.of(series(demand, fleet), node, fleet)


def _where(which: NDArray[np.bool_], these: Rented, others: Rented) -> Rented:
    """Each size from one of two."""
    return Rented(
        gpu=np.where(which, these.gpu, others.gpu),
        spilled=np.where(which, these.spilled, others.spilled),
        fewest=np.where(which, these.fewest, others.fewest),
        feasible=np.where(which, these.feasible, others.feasible),
    )
