"""The chosen fleet under every term, as JSON values; what nobody is known to sell has null for its figures."""

from __future__ import annotations

from advisor.domain.comparison import Comparison
from advisor.domain.terms import Commit
from advisor.reporting.fields import Json, day, exact, finite, total


def terms(found: Comparison | None) -> list[Json]:
    """One entry a term. `stable` commits to what runs in 95 % of the time, `optimum` to what costs least."""
    return [
        {
            "commitment": term.commitment,
            "price_per_gpu_hour": exact(term.offer.price_per_gpu_hour) if term.offer else None,
            "source": (term.offer.source or None) if term.offer else None,
            "checked_on": day(term.offer.checked_on) if term.offer else None,
            "stable": _commit(term.stable),
            "optimum": _commit(term.optimum),
        }
        for term in (found.terms if found else ())
    ]


def _commit(commit: Commit | None) -> dict[str, Json] | None:
    """`savings` are against everything on demand, below zero where it costs more."""
    if commit is None:
        return None
    return {
        "committed_replicas": commit.replicas,
        "committed_gpu_hours": finite(commit.committed_hours),
        "on_demand_gpu_hours": finite(commit.on_demand_hours),
        "utilization": finite(commit.utilization),
        "gpu": total(commit.gpu),
        "savings": total(commit.savings),
    }
