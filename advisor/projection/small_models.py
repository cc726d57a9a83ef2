"""Small models that could run side by side on one GPU, each in an engine of its own: worth a test, counted nowhere."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Hashable, Sequence

from advisor.domain.assumptions import FleetAssumptions
from advisor.domain.comparison import Comparison
from advisor.domain.portfolio import SideBySide
from advisor.market.memory_fit import weight_bytes
from advisor.market.models import by_id
from advisor.market.specs import specs_of
from advisor.projection.packing import SHARING_OVERHEAD, USABLE_MEMORY, Tenant, pack
from advisor.projection.series import series

CACHE_GB = 6.0
"""Memory that an engine keeps for its cache at least, beside the weights: a judgement [pack-01]."""


def side_by_side(able: Sequence[Comparison], fleet: FleetAssumptions) -> tuple[SideBySide, ...]:
    """GPUs on which two workloads or more fit by memory and by their joint busiest bin.

    Only models whose size is known, planned on single GPUs of one offer for the same days and without a latency
    preset: what separate engines do to each other's latency is not known.
    """
    beside: dict[Hashable, list[Comparison]] = defaultdict(list)
    allowed = fleet.utilization * (1 - SHARING_OVERHEAD)
    for one in able:
        small = one.chosen.profile.tensor_parallel == 1 and one.chosen.demand.peak_replicas <= allowed
        if small and not one.usage.workload.slo and _weights_gb(one) is not None:
            beside[one.chosen.offer, one.usage.missing_days, series(one.chosen.demand, fleet).step_seconds].append(one)
    found = []
    for group in beside.values():
        gpu = group[0].chosen.offer.gpu
        specs = specs_of(gpu)
        if specs is None or len({one.chosen.profile.model for one in group}) < 2:
            continue
        tenants = [
            Tenant(
                name=one.usage.workload.name,
                memory_gb=(_weights_gb(one) or 0.0) + CACHE_GB,
                load=series(one.chosen.demand, fleet).busy,
            )
            for one in group
        ]
        found += [
            SideBySide(
                names=packed.names,
                gpu=gpu,
                memory_gb=packed.memory_gb,
                usable_memory_gb=specs.memory_gb * USABLE_MEMORY,
                peak=packed.peak,
                allowed_peak=allowed,
            )
            for packed in pack(tenants, specs.memory_gb, fleet.utilization)
            if len(packed.names) > 1
        ]
    return tuple(found)


def _weights_gb(one: Comparison) -> float | None:
    model = by_id(one.chosen.profile.model)
    weights = weight_bytes(model, one.chosen.profile.precision) if model else None
    return None if weights is None else weights / 1e9
