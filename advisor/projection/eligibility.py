"""Whether a workload's model could run on rented GPUs at all."""

from __future__ import annotations

from collections.abc import Collection

from advisor.domain.comparison import Missing, NotCompared
from advisor.domain.usage import WorkloadUsage
from advisor.market.models import Model, by_id, canonical


def served(usage: WorkloadUsage, by_unit: Collection[str] = ()) -> Model | NotCompared:
    """The open model that a fleet would run, or why there is none.

    A closed model is one if its id is among *by_unit*: those that a vendor's throughput units can be priced for. An
    unknown name is never taken for a known model, nor one of several for all of them.
    """
    if name := usage.workload.serve:
        model = by_id(name) or canonical(name)
    else:
        found = {raw: canonical(raw) for raw in usage.models_raw}
        if len(ids := sorted({known.id if known else raw for raw, known in found.items()})) > 1:
            if all(known and known.modelled and not known.open_weights for known in found.values()):
                return _closed(usage, f"{', '.join(ids)} have closed weights")
            return _unknown(usage, "are several models: say which one would be hosted")
        model = next(iter(found.values()), None)
    if model is None:
        return _unknown(usage, "is no model known here: name the open model it is")
    if not model.modelled and model.open_weights:
        return _unknown(usage, f"is {model.kind}: name the open model that it runs like")
    if not model.modelled:
        return NotCompared(
            usage=usage,
            missing=Missing.NOT_MODELLED,
            detail=f"{model.id} is {model.kind}, which the throughput model does not cover",
        )
    if not model.open_weights and model.id not in by_unit:
        return _closed(usage, f"{model.id} has closed weights")
    replaced = [
        known
        for raw in usage.models_raw
        if (known := canonical(raw)) and not known.open_weights and known.id != model.id
    ]
    if replaced and not usage.workload.approved_by:
        kind = "closed weights" if replaced[0].modelled else replaced[0].kind
        return _closed(
            usage, f"{model.id} would stand in for {replaced[0].id} ({kind}): name who accepted it with approved_by"
        )
    return model


def _closed(usage: WorkloadUsage, detail: str) -> NotCompared:
    return NotCompared(usage=usage, missing=Missing.CLOSED_WEIGHTS, detail=detail)


def _unknown(usage: WorkloadUsage, why: str) -> NotCompared:
    names = ", ".join(usage.models_raw) or usage.workload.serve
    detail = f'{usage.workload.serve or names} {why} with serve = "..." in its [[workloads]]'
    return NotCompared(usage=usage, missing=Missing.UNKNOWN_MODEL, detail=detail)
