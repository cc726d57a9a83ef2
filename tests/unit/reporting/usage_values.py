"""Small answers of `advisor usage`."""

from __future__ import annotations

from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any

from advisor.domain.facts import Basis, PullStatus, Tokens
from advisor.domain.units import Money, Month
from advisor.domain.usage import SourceReport, UsageAnswer, UsageTotal

OCTOBER = Month(2026, 10)
TOKENS = Tokens(uncached_input=1_000, output=300, cache_read=200, cache_write=50)


def cost(amount: str, currency: str = "USD", basis: Basis = Basis.BILLED) -> tuple[Money, Basis]:
    return (Money(Decimal(amount), currency), basis)


def row(*costs: tuple[Money, Basis], **changes: Any) -> UsageTotal:
    """A month of one model: 1,250 tokens in, of which 250 through the cache, and 300 out, in 10 requests."""
    values: dict[str, Any] = {
        "period_start": OCTOBER.start, "source": "prod", "model_raw": "meta.llama3-1-8b-instruct-v1:0",
        "model": "llama-3.1-8b", "tier": "on_demand", "requests": 10, "tokens": TOKENS,
    }  # fmt: skip
    return UsageTotal(**{**values, "costs": costs, **changes})


def source(name: str = "prod", **changes: Any) -> SourceReport:
    values: dict[str, Any] = {
        "kind": "request-log", "status": PullStatus.OK, "complete_through": OCTOBER.end, "missing_days": (),
        "rows": 1_234, "rejected": 0,
    }  # fmt: skip
    return SourceReport(**{**values, "name": name, **changes})


def answer(*rows: UsageTotal, by: str = "month", sources: tuple[SourceReport, ...] | None = None) -> UsageAnswer:
    reports = sources if sources is not None else tuple(source(name) for name in sorted({r.source for r in rows}))
    return UsageAnswer(by=by, window=OCTOBER.window, sources=reports, rows=rows)


PARTIAL = source(
    "bill",
    kind="invoice-csv",
    status=PullStatus.PARTIAL,
    complete_through=datetime(2026, 10, 30, 12, tzinfo=UTC),
    missing_days=tuple(date(2026, 10, day) for day in (3, 4, 5, 9)),
    rejected=2,
    problems=("bill.csv:17: no model", "bill.csv:18: negative tokens"),
    warnings=("bill-09.csv is damaged",),
)
