"""Which workloads move together, as JSON values: null where nothing is known, an empty list where nothing pays."""

from __future__ import annotations

from advisor.domain.report import Findings
from advisor.reporting.fields import Json, finite, total


def portfolio(findings: Findings) -> dict[str, Json]:
    """`at_most` is what no other choice can exceed: `savings` where `proved`. `engineering_hours` are those a month.

    `without_hours_limit` is the best choice without the team's hours, where it is another one.
    """
    found = findings.portfolio
    best, beyond = (found.best, found.beyond) if found else (None, None)
    return {
        "move_together": list(best.names) if best else None,
        "savings": total(best.savings) if best else None,
        "engineering_hours": finite(best.engineering_hours) if best else None,
        "addressable_ratio": findings.addressable_ratio,
        "proved": found.proved if found else None,
        "at_most": total(found.at_most) if found else None,
        "low_end_savings": total(found.low_end) if found else None,
        "shared_replicas": [
            {
                "workloads": list(pool.names),
                "model": pool.plan.profile.model,
                "policy": pool.plan.policy,
                "replicas": pool.plan.replicas,
                "replicas_apart": pool.replicas_apart,
                "savings": total(pool.savings),
            }
            for pool in (found.shared if found else ())
        ],
        "side_by_side": [
            {
                "workloads": list(one.names),
                "gpu": one.gpu,
                "memory_gb": one.memory_gb,
                "usable_memory_gb": one.usable_memory_gb,
                "utilization_peak": one.peak,
                "allowed_utilization_peak": one.allowed_peak,
            }
            for one in (found.side_by_side if found else ())
        ],
        "held_back": [{"workload": name, "gate": gate.value} for name, gate in (found.held if found else ())],
        "team_able": found.able if found else None,
        "without_hours_limit": {
            "move_together": list(beyond.names),
            "savings": total(beyond.savings),
            "engineering_hours": finite(beyond.engineering_hours),
        }
        if beyond
        else None,
    }
