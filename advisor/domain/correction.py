"""A month that was told once and is now judged otherwise."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal

from advisor.domain.units import Month
from advisor.domain.verdict import Verdict


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Correction:
    """A closed month's verdict beside the decision that was recorded on it at `told_at`.

    Amounts are in cents of the configured currency, None where none was known. `causes` are printed: what is different
    in the data, the configuration or the catalog.
    """

    verdict: Verdict
    state_before: str
    bill_before: Decimal | None
    dedicated_before: Decimal | None
    told_at: datetime
    causes: tuple[str, ...]

    @property
    def month(self) -> Month:
        return self.verdict.usage.month

    @property
    def workload(self) -> str:
        return self.verdict.usage.workload.name
