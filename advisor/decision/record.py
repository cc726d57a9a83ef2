"""A verdict as it is kept: with everything that it assumed, and a digest of that."""

from __future__ import annotations

import hashlib
import json
from dataclasses import asdict, dataclass
from datetime import datetime
from typing import Any

from advisor.contract.store import Decision
from advisor.domain.assumptions import FleetAssumptions, SwitchPolicy, Team
from advisor.domain.verdict import Verdict


@dataclass(frozen=True, slots=True, kw_only=True)
class Rules:
    """What a run judges by, as configured."""

    fleet: FleetAssumptions
    policy: SwitchPolicy
    team: Team | None


def decision_of(verdict: Verdict, rules: Rules, at: datetime) -> Decision:
    """The decision that a verdict is recorded as."""
    assumed = assumed_by(verdict, rules)
    return Decision(
        month=verdict.usage.month,
        workload=verdict.usage.workload.name,
        state=verdict.state.value,
        reason=verdict.reason.value,
        digest=hashlib.sha256(json.dumps(assumed, sort_keys=True).encode()).hexdigest(),
        assumed=assumed,
        decided_at=at,
    )


def assumed_by(verdict: Verdict, rules: Rules) -> dict[str, Any]:
    """Values of the configuration, the data and the catalog behind a verdict, as they come back from a store."""
    assumed: dict[str, Any] = {
        "fleet": asdict(rules.fleet),
        "policy": asdict(rules.policy),
        "team": asdict(rules.team) if rules.team else None,
        "closed": verdict.usage.closed,
        "tokens": asdict(verdict.usage.tokens),
        "reason_text": verdict.reason_text,
    }
    if cost := verdict.usage.cost:
        assumed["currency"] = cost.currency
        assumed["serverless"] = cost.cents()
        assumed["basis"] = verdict.usage.cost_basis
    if verdict.advised:
        assumed["advised"] = verdict.advised.value
    if comparison := verdict.comparison:
        assumed["offer"] = asdict(comparison.chosen.offer)
        assumed["profile"] = asdict(comparison.chosen.profile)
        assumed["dedicated"] = comparison.chosen.cost.total.cents()
        assumed["saved_today"] = comparison.savings_today.cents() if comparison.savings_today else None
    found: dict[str, Any] = json.loads(json.dumps(assumed, default=str))
    return found
