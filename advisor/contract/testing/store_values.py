"""Small pulls, decisions and messages for the tests of a store."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

from advisor.contract.store import Decision
from advisor.domain.answers import Answer, AnswerKind
from advisor.domain.facts import Basis, CostFact, Pull, PullStatus, Tokens, UsageFact
from advisor.domain.report import Message
from advisor.domain.units import HOUR_SECONDS, Money, Month, Window
from advisor.domain.usage import UsageSeries

OCTOBER = Month(2026, 10)
ALWAYS = Window(datetime(2020, 1, 1, tzinfo=UTC), datetime(2030, 1, 1, tzinfo=UTC))
AT = datetime(2026, 11, 2, 6, 0, tzinfo=UTC)
LATER = datetime(2026, 11, 3, 6, 0, tzinfo=UTC)


def october(day: int, hour: int = 0) -> datetime:
    return datetime(2026, 10, day, hour, tzinfo=UTC)


def bucket(output: int, start: datetime = OCTOBER.start, **changes: Any) -> UsageFact:
    """An hour of 1,000 uncached input tokens and *output*; nothing else is reported."""
    values: dict[str, Any] = {
        "provider": "aws",
        "model_raw": "llama",
        "start": start,
        "width_seconds": HOUR_SECONDS,
        "tokens": Tokens(uncached_input=1000, output=output),
    }
    return UsageFact(**{**values, **changes})


def charge(amount: str, start: datetime = OCTOBER.start, currency: str = "USD", **changes: Any) -> CostFact:
    """A billed amount for the day on which it starts."""
    values: dict[str, Any] = {
        "provider": "aws",
        "model_raw": "llama",
        "start": start,
        "end": start.replace(hour=23, minute=59),
        "amount": Money(Decimal(amount), currency),
        "basis": Basis.BILLED,
    }
    return CostFact(**{**values, **changes})


def pull_of(
    usage: Sequence[UsageFact] = (),
    costs: Sequence[CostFact] = (),
    *,
    status: PullStatus = PullStatus.OK,
    window: Window = OCTOBER.window,
    **changes: Any,
) -> Pull:
    """What a read of October brought: it speaks for the days of its facts."""
    values: dict[str, Any] = {
        "source": "prod",
        "kind": "request-log",
        "pulled_at": AT,
        "usage_days": frozenset(fact.start.date() for fact in usage),
        "cost_days": frozenset(fact.start.date() for fact in costs),
        "rows": len(usage) + len(costs),
    }
    return Pull(**{**values, "window": window, "status": status, "usage": usage, "costs": costs, **changes})


def outputs(series: Sequence[UsageSeries]) -> dict[tuple[str, str, datetime], int]:
    """Output tokens by source, raw model and bucket start."""
    return {
        (one.source, one.model_raw, datetime.fromtimestamp(start, UTC)): output
        for one in series
        for start, output in zip(one.starts.tolist(), one.output.tolist(), strict=True)
    }


def decision(state: str = "STAY", *, month: Month = OCTOBER, workload: str = "chat", **changes: Any) -> Decision:
    values: dict[str, Any] = {
        "reason": "SERVERLESS_CHEAPER",
        "digest": f"digest of {state}",
        "assumed": {"serverless": "12.50", "team": None},
        "decided_at": AT,
    }
    return Decision(**{**values, "month": month, "workload": workload, "state": state, **changes})


def answer(kind: AnswerKind = AnswerKind.DECLINED, *, workload: str = "chat", **changes: Any) -> Answer:
    values: dict[str, Any] = {"at": AT, "reason": "no GPUs this year", "who": "kim"}
    return Answer(**{**values, "workload": workload, "kind": kind, **changes})


def message(key: str = "2026-10/finops", body: str = "stay", **changes: Any) -> Message:
    values: dict[str, Any] = {"channel": "finops", "kind": "report", "subject": "October"}
    return Message(**{**values, "dedup_key": key, "body": body, **changes})
