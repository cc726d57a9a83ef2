"""Months on own GPUs for tests: what a fleet did, and answers."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

from advisor.domain.answers import Answer, AnswerKind
from advisor.domain.dedicated import Followed
from advisor.domain.units import Money, Month
from tests.unit import builders as a


def followed(month: Month, cost: str | None = "7000", serverless: str | None = "10000", **changes: Any) -> Followed:
    """A month that own GPUs served whole, for *cost* in GPUs and nothing else, beside serverless for *serverless*."""
    gpu_cost = None if cost is None else a.usd(cost)
    values: dict[str, Any] = {
        "month": month,
        "own_tokens": 1_000_000_000,
        "own_share": 1.0,
        "gpus": 4,
        "gpu": "H100",
        "gpu_cost": gpu_cost,
        "running_cost": a.usd(0),
        "avoidable_running": changes.get("running_cost", a.usd(0)),
        "sunk": None if cost is None else a.usd(0),
        "serverless": None if serverless is None else a.usd(serverless),
        "host": "aws",
        "still_serverless": a.usd(0),
        "utilization": 0.6,
        "profile": None,
        "predicted_from": Month(2025, 12),
        "predicted_gpu_cost": a.usd(6500),
        "predicted_utilization": 0.65,
        "commitment_until": None,
        "missing": () if cost and serverless else ("what its own GPUs cost is not known",),
    }
    return Followed(**{**values, **changes})


def committed(month: Month, until: Month, cost: str = "12000", serverless: str = "10000") -> Followed:
    """The same while a commitment makes the GPUs owed."""
    sunk: Money = a.usd(cost) if month <= until else a.usd(0)
    return followed(month, cost, serverless, sunk=sunk, commitment_until=until)


def answer(kind: AnswerKind, at: tuple[int, int, int], *, workload: str = "chat", **changes: Any) -> Answer:
    """An answer given at noon of a day."""
    return Answer(workload=workload, kind=kind, at=datetime(*at, 12, tzinfo=UTC), **changes)
