"""The plans of one workload as JSON values: feasible ones in full, others with the reason."""

from __future__ import annotations

from collections.abc import Sequence

from advisor.domain.assumptions import PolicyName
from advisor.domain.comparison import Comparison
from advisor.domain.fleet import Demand, Infeasible, Offer, Plan, PlanCost, Profile
from advisor.domain.verdict import Verdict
from advisor.reporting.fields import Json, day, exact, finite, total
from advisor.reporting.lost import lost_because


def plans(policies: Sequence[PolicyName], verdict: Verdict) -> list[Json]:
    """One plan a configured policy. Where nothing was compared none is feasible, for the verdict's reason."""
    if verdict.comparison is None:
        return [infeasible(policy, verdict.reason_text) for policy in policies]
    return [
        infeasible(plan.policy, plan.reason) if isinstance(plan, Infeasible) else feasible(plan, verdict.comparison)
        for plan in verdict.comparison.plans
    ]


def infeasible(policy: PolicyName, reason: str) -> dict[str, Json]:
    """A policy without a plan: every field of a plan, null."""
    return {
        "policy": policy,
        "feasible": False,
        "reason": reason,
        "offer": None,
        "profile": None,
        "demand": None,
        "replicas": None,
        "committed_replicas": None,
        "gpus": None,
        "gpu_hours": None,
        "utilization": None,
        "utilization_peak": None,
        "utilization_target": None,
        "idle_cost": None,
        "cost": None,
        "price_per_million_tokens": None,
        "dearer_by": None,
        "lost_because": None,
    }


def feasible(plan: Plan, found: Comparison) -> dict[str, Json]:
    """A plan; `utilization` is of the month, `utilization_peak` of its busiest bin. `dearer_by` is what it costs more
    than the chosen plan, and `lost_because` the main reason; both are null for that plan itself."""
    lost = lost_because(plan, found)
    return {
        "policy": plan.policy,
        "feasible": True,
        "reason": None,
        "offer": _offer(plan.offer),
        "profile": _profile(plan.demand),
        "demand": {
            "replica_seconds": finite(plan.demand.replica_seconds),
            "peak_to_mean": finite(plan.demand.peak_to_mean),
            "resolution": plan.demand.resolution.value,
        },
        "replicas": plan.replicas,
        "committed_replicas": plan.committed_replicas,
        "gpus": plan.gpus,
        "gpu_hours": finite(plan.gpu_hours),
        "utilization": finite(plan.utilization),
        "utilization_peak": finite(plan.utilization_peak),
        "utilization_target": finite(plan.utilization_target),
        "idle_cost": total(plan.idle_cost),
        "cost": _cost(plan.cost),
        "price_per_million_tokens": exact(plan.price_per_million),
        "dearer_by": total(plan.cost.total - found.chosen.cost.total) if lost else None,
        "lost_because": lost,
    }


def _offer(offer: Offer) -> dict[str, Json]:
    return {
        "provider": offer.provider,
        "gpu": offer.gpu,
        "gpus": offer.gpus,
        "price_per_gpu_hour": exact(offer.price_per_gpu_hour),
        "commitment": offer.commitment,
        "region": offer.region or None,
        "tier": offer.tier,
        "operated_by": offer.operated_by,
        "source": offer.source or None,
        "checked_on": day(offer.checked_on),
    }


def _profile(demand: Demand) -> dict[str, Json]:
    """Rates of one replica. `low` and `high` are the ends of the band of the total rate, or, where prefill and decode
    are known instead, of the rate at the workload's own mix: tokens / replica-seconds."""
    profile: Profile = demand.profile
    low, high = profile.band
    rate = profile.total_tokens_per_second
    if rate is None and demand.replica_seconds:
        rate = demand.usage.tokens.total / demand.replica_seconds
    return {
        "model": profile.model,
        "gpu": profile.gpu,
        "tensor_parallel": profile.tensor_parallel,
        "precision": profile.precision,
        "grade": profile.grade.value,
        "prefill_tokens_per_second": finite(profile.prefill_tokens_per_second),
        "decode_tokens_per_second": finite(profile.decode_tokens_per_second),
        "total_tokens_per_second": finite(profile.total_tokens_per_second),
        "low": None if rate is None else rate * low,
        "high": None if rate is None else rate * high,
        "source": profile.source or None,
        "checked_on": day(profile.checked_on),
    }


def _cost(cost: PlanCost) -> dict[str, Json]:
    return {
        "gpu": total(cost.gpu),
        "staging": total(cost.staging),
        "egress": total(cost.egress),
        "storage": total(cost.storage),
        "engineering": total(cost.engineering),
        "migration": total(cost.migration),
        "serverless": total(cost.serverless),
        "total": total(cost.total),
    }
