"""A plan against the demand that came: demanded and provisioned replicas in every five minutes of a month."""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal

import numpy as np

from advisor.domain.assumptions import FleetAssumptions, PolicyName
from advisor.domain.fleet import Demand, Offer, Plan
from advisor.domain.units import FIVE_MINUTES, Money
from advisor.projection.autoscaled import Replicas, following, overload, running, wanted
from advisor.projection.demand import Seconds
from advisor.projection.policies import node_for
from advisor.projection.series import series
from advisor.projection.sizing import ROUNDING


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Replay:
    """A month of one fleet in bins of five minutes; arrays of one length, demand in replicas at 100 %.

    `demanded` came, `spilled` of it went to serverless (0 in every bin unless the policy is `hybrid`), and
    `provisioned` replicas ran. `target` is the cap that the plan was sized for: of the busiest bin, or for `equivalent`
    of the month. `gpu` is what the GPUs cost.
    """

    policy: PolicyName
    demanded: Seconds
    spilled: Seconds
    provisioned: Replicas
    target: float
    gpu: Money

    @property
    def utilizations(self) -> Seconds:
        """Demanded over provisioned replica-seconds of each bin, above 1 where the fleet falls behind."""
        shares: Seconds = (self.demanded - self.spilled) / self.provisioned
        return shares

    @property
    def utilization_peak(self) -> float:
        """The utilization of the busiest bin."""
        return float(self.utilizations.max())

    @property
    def over_cap(self) -> float:
        """The share of the bins that are fuller than the target."""
        return float((self.utilizations > self.target + ROUNDING).mean())

    @property
    def overload(self) -> float:
        """The share of the demand that exceeds the replicas of its bin, each at 100 %: it waits."""
        return overload(self.demanded - self.spilled, self.provisioned) if self.demanded.any() else 0.0

    @property
    def utilization(self) -> float:
        """Demanded over provisioned replica-seconds of the month."""
        return float((self.demanded - self.spilled).sum() / self.provisioned.sum())

    @property
    def idle_cost(self) -> Money:
        """GPU cost x (1 - utilization), as a plan states it."""
        return self.gpu * (1 - Decimal(repr(min(1.0, self.utilization))))

    @property
    def spilled_share(self) -> float:
        """The share of the demand that went to serverless."""
        return float(self.spilled.sum() / self.demanded.sum()) if self.demanded.any() else 0.0


def replay(plan: Plan, came: Demand, fleet: FleetAssumptions) -> Replay:
    """*plan* with the replicas that it was sized to run, against the demand that *came*.

    *came* is the same month on the same profile from finer facts than the plan was sized on; beside the plan's own
    demand the replay shows what the plan states. An hour's demand is repeated in its twelve bins. `hybrid` carries up
    to its target and spills what lies above. Raises ValueError where the two do not cover the same days.
    """
    demanded = five_minutes(came, fleet)
    replicas = planned(plan, fleet)
    if len(replicas) != len(demanded):
        raise ValueError(f"the plan covers {len(replicas)} bins of five minutes, the demand {len(demanded)}")
    room = plan.utilization_target * replicas
    return Replay(
        policy=plan.policy,
        demanded=demanded,
        spilled=np.maximum(0.0, demanded - room) if plan.policy == "hybrid" else np.zeros_like(demanded),
        provisioned=replicas,
        target=plan.utilization_target,
        gpu=plan.cost.gpu,
    )


def followed(came: Demand, offer: Offer, fleet: FleetAssumptions, target: float) -> Replay:
    """`autoscaled` as it would run: its replicas follow the demand that *came*, whatever a plan was sized on.

    n_t = spare + max over the window of max(n_min, ceil(d / U)) (`autoscaled.following`), without `burst`: what runs
    sees the minutes themselves. It runs where no plan would stand, too. Raises ValueError where no replica fits the
    offer's nodes.
    """
    node = node_for(came.profile.tensor_parallel, offer)
    if node is None:
        raise ValueError(f"a replica of {came.profile.tensor_parallel} GPUs does not fit nodes of {offer.gpus}")
    demanded = five_minutes(came, fleet)
    replicas = following(wanted(demanded, target, fleet.min_replicas), spare=fleet.redundancy)
    nodes = -(-replicas // node.replicas)
    gpu_hours = came.hours * node.gpus * Decimal(int(nodes.sum())) / len(nodes)
    return Replay(
        policy="autoscaled",
        demanded=demanded,
        spilled=np.zeros_like(demanded),
        provisioned=replicas,
        target=target,
        gpu=offer.price_per_gpu_hour * gpu_hours,
    )


def five_minutes(demand: Demand, fleet: FleetAssumptions) -> Seconds:
    """The mean demand of each five minutes of the covered days, in replicas at 100 %."""
    found = series(demand, fleet)
    return np.repeat(found.replicas, found.step_seconds // FIVE_MINUTES)


def planned(plan: Plan, fleet: FleetAssumptions) -> Replicas:
    """The replicas that a plan runs in each five minutes of its covered days.

    Constant for `equivalent`, `static` and `hybrid`; n_t for `autoscaled`; the larger of n_t and the base for
    `committed`, which is constant where scaling would be too late.
    """
    scaled = plan.policy in ("autoscaled", "committed")
    found = running(plan.demand, fleet, plan.utilization_target) if scaled else ""
    if isinstance(found, str):
        return np.full(len(five_minutes(plan.demand, fleet)), plan.replicas, dtype=np.int64)
    return np.maximum(found.replicas, plan.committed_replicas)
