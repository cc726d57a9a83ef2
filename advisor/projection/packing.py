"""Several workloads on the same GPUs: of one model on shared replicas, or small models side by side on one GPU.

Replicas of one model take the sum of the workloads' series, and peaks and whole replicas come after it: what does not
peak together needs fewer replicas together, and one spare. Different models on one GPU run separate engines, which
share its memory and its time but no batches: sum of (weights + cache floor) <= 0.9 x memory, and joint peak
<= U x (1 - 0.10) (fleet maths section 2, "Packing").
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Hashable, Iterable, Sequence
from dataclasses import dataclass, replace
from decimal import Decimal

import numpy as np
from numpy.typing import NDArray

from advisor.domain.assumptions import FleetAssumptions, Workload
from advisor.domain.comparison import Comparison
from advisor.domain.facts import Tokens
from advisor.domain.fleet import Plan
from advisor.domain.units import Money
from advisor.domain.usage import Counts, Shape, WorkloadUsage
from advisor.market.models import canonical
from advisor.projection.demand import demand
from advisor.projection.policies import plan

LORA_DERATE = 0.20
"""What several fine-tunes of one base, served as adapters on the same replicas, take of its throughput: the cautious
end of 10 to 20 %, a judgement. Workloads of the very same model lose nothing."""
SHARING_OVERHEAD = 0.10
"""What separate engines on one GPU take of its time, a judgement."""
USABLE_MEMORY = 0.9
"""What separate engines may fill of a GPU's memory together."""
COLUMNS = ("uncached_input", "cache_read", "cache_write", "output")


def pool_of(found: Comparison) -> Hashable:
    """Workloads of equal key can share replicas: the same model, offer, throughput, latency preset and days covered."""
    usage, chosen = found.usage, found.chosen
    return (chosen.profile, chosen.offer, usage.workload.slo, usage.missing_days, usage.days_covered)


def pooled(members: Sequence[Comparison], fleet: FleetAssumptions) -> Plan | None:
    """The cheapest plan of all *members* on shared replicas, under the policies that they chose alone; None where it
    would cost as much as serving each on its own.

    Staging, engineering and migration are in the plan once, as in every plan.
    """
    first = members[0].chosen
    usage = merged([found.usage for found in members])
    profile = first.profile.scaled(1 - LORA_DERATE) if _adapters(usage) else first.profile
    # The preset allows less to some mixes of lengths than to others: the pool is no fuller than any member may be.
    target = min([fleet.utilization, *(f.chosen.utilization_target for f in members if f.usage.workload.slo)])
    tighter = replace(fleet, utilization=target)
    needed = demand(usage, profile, tighter)
    rates = tuple(dict.fromkeys(other for found in members for other in found.chosen.beside))
    policies = dict.fromkeys(found.chosen.policy for found in members)
    tried = [plan(policy, needed, first.offer, tighter, rates) for policy in policies]
    plans = [one for one in tried if isinstance(one, Plan)]
    cheapest = min(plans, key=lambda one: variable(one).amount, default=None)
    apart = sum((variable(found.chosen).amount for found in members), Decimal(0))
    return cheapest if cheapest and variable(cheapest).amount < apart else None


def variable(found: Plan) -> Money:
    """What a plan pays for its own traffic: its GPUs and the tokens that it spills."""
    return found.cost.gpu + found.cost.serverless


def least(found: Comparison, rates: Iterable[Money], fleet: FleetAssumptions) -> Decimal:
    """A bound that no pool's share of this workload goes below: r tp g / (3600 U) at the lowest of *rates*, without
    whole replicas, peaks or spares; or its whole bill, where spilling everything costs less."""
    needed = found.chosen.demand
    hours = Decimal(repr(needed.replica_seconds / 3600 / fleet.utilization)) * needed.profile.tensor_parallel
    fluid = min(rate.amount for rate in rates) * hours
    return min(fluid, found.serverless.amount)


def merged(usages: Sequence[WorkloadUsage]) -> WorkloadUsage:
    """The traffic of several workloads of one model as one: the bins of each width summed, at their token ratios."""
    first = usages[0]
    by_width: dict[int, list[Shape]] = defaultdict(list)
    for usage in usages:
        for shape in usage.shapes:
            by_width[shape.width_seconds].append(_times(shape, usage.workload.token_ratio))
    requests = [usage.requests for usage in usages]
    costs = [usage.cost for usage in usages if usage.cost is not None]
    return replace(
        first,
        workload=Workload(
            name=" + ".join(usage.workload.name for usage in usages),
            serve=first.workload.serve,
            slo=first.workload.slo,
        ),
        models_raw=tuple(dict.fromkeys(raw for usage in usages for raw in usage.models_raw)),
        tokens=_sum(usages),
        requests=None if None in requests else sum(filter(None, requests)),
        shapes=tuple(_summed(width, shapes) for width, shapes in sorted(by_width.items())),
        lines=tuple(line for usage in usages for line in usage.lines),
        cost=sum(costs[1:], costs[0]) if costs else None,
        cost_today=None,
        billed=None,
        estimated=None,
        reconciliation=None,
    )


def _sum(usages: Sequence[WorkloadUsage]) -> Tokens:
    """All tokens at their ratios. What a source does not report of its cache is inside its uncached input."""

    def added(name: str) -> int:
        return sum(round((getattr(usage.tokens, name) or 0) * usage.workload.token_ratio) for usage in usages)

    return Tokens(**{name: added(name) for name in COLUMNS})


def _times(shape: Shape, ratio: float) -> Shape:
    return shape if ratio == 1 else replace(shape, **{name: getattr(shape, name) * ratio for name in COLUMNS})


def _summed(width: int, shapes: Sequence[Shape]) -> Shape:
    starts: Counts = np.unique(np.concatenate([shape.starts for shape in shapes]))
    columns = {name: np.zeros(len(starts)) for name in COLUMNS}
    for shape in shapes:
        where = np.searchsorted(starts, shape.starts)
        for name, total in columns.items():
            np.add.at(total, where, getattr(shape, name))
    return Shape(width_seconds=width, starts=starts, **columns)


def _adapters(usage: WorkloadUsage) -> bool:
    """Whether these are different fine-tunes of one base, or a fine-tune beside its base."""
    models = {raw: canonical(raw) for raw in usage.models_raw}
    served = {known.id if known else raw for raw, known in models.items()}
    return len(served) > 1 and any(known and known.base for known in models.values())


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Tenant:
    """A small model that may share a GPU: its weights and its cache floor in GB, and what part of the GPU's time it
    takes in each bin, at its busiest; shape (bins,)."""

    name: str
    memory_gb: float
    load: NDArray[np.float64]


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Packed:
    """The tenants of one GPU, the memory they fill and the highest joint demand in any bin."""

    names: tuple[str, ...]
    memory_gb: float
    peak: float


def pack(tenants: Sequence[Tenant], memory_gb: float, utilization: float) -> tuple[Packed, ...]:
    """First-fit decreasing by peak, then memory: each tenant on the first GPU that holds it beside those there.

    *memory_gb* is the whole of a GPU's. A tenant that fits none is on no GPU of the answer.
    """
    memory_gb, limit = memory_gb * USABLE_MEMORY, utilization * (1 - SHARING_OVERHEAD)
    gpus: list[list[Tenant]] = []
    for tenant in sorted(tenants, key=lambda one: (-float(one.load.max()), -one.memory_gb, one.name)):
        for held in [*gpus, []]:
            if _fits([*held, tenant], memory_gb, limit):
                held.append(tenant)
                if len(held) == 1:
                    gpus.append(held)
                break
    return tuple(
        Packed(names=tuple(one.name for one in held), memory_gb=sum(one.memory_gb for one in held), peak=_peak(held))
        for held in gpus
    )


def _fits(held: Sequence[Tenant], memory_gb: float, limit: float) -> bool:
    return sum(one.memory_gb for one in held) <= memory_gb + 1e-9 and _peak(held) <= limit + 1e-9


def _peak(held: Sequence[Tenant]) -> float:
    return float(np.sum([one.load for one in held], axis=0).max())
