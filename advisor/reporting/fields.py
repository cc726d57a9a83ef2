"""How values are written in the JSON documents: amounts, prices, times, sources."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from datetime import UTC, date, datetime
from decimal import Decimal
from typing import TypeAlias

from advisor.domain.units import Money
from advisor.domain.usage import SourceReport

Json: TypeAlias = "bool | int | float | str | Sequence[Json] | Mapping[str, Json] | None"


def total(amount: Money | None) -> Json:
    """An amount in half-even cents: `{"amount": "30.00", "currency": "USD"}`."""
    return None if amount is None else {"amount": f"{amount.cents():f}", "currency": amount.currency}


def exact(amount: Money | None) -> Json:
    """An amount with all its digits, two decimals at least, never an exponent: prices, and what `usage` adds up."""
    return None if amount is None else {"amount": digits(amount.amount), "currency": amount.currency}


def digits(amount: Decimal) -> str:
    """All digits, two decimals at least, never an exponent: `30.00`, `0.000000015`."""
    whole, _, decimals = f"{amount:f}".partition(".")
    return f"{whole}.{decimals.rstrip('0').ljust(2, '0')}"


def finite(value: float | Decimal | None) -> float | None:
    """A JSON number; what is infinite or not a number is null."""
    return float(value) if value is not None and math.isfinite(value) else None


def moment(when: datetime | None) -> str | None:
    """`2026-11-24T12:00:00Z`."""
    return None if when is None else when.astimezone(UTC).isoformat().replace("+00:00", "Z")


def day(when: date | None) -> str | None:
    """`2026-10-28`."""
    return None if when is None else when.isoformat()


def source(report: SourceReport) -> dict[str, Json]:
    """One entry of `sources`, the same in every document."""
    return {
        "name": report.name,
        "kind": report.kind,
        "status": report.status.value,
        "complete_through": moment(report.complete_through),
        "missing_days": [day(missing) for missing in report.missing_days],
        "rows": report.rows,
        "rejected": report.rejected,
        "problems": list(report.problems),
        "warnings": list(report.warnings),
    }
