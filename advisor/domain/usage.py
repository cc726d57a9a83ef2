"""What a workload used in a month: totals, shape over time, money and how complete it is."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime

import numpy as np
from numpy.typing import NDArray

from advisor.domain.assumptions import Workload
from advisor.domain.facts import Basis, PullStatus, Tokens
from advisor.domain.units import Money, Month, Window

Counts = NDArray[np.int64]
UNREPORTED = -1
"""In a `Counts` array: the source does not say. Never summed."""


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class UsageSeries:
    """The stored buckets of one source, provider, model, tier and width, in time order; all arrays are of one length.

    `starts` are Unix seconds (UTC); counts are int64; `requests`, `cache_read` and `cache_write` may hold UNREPORTED.
    """

    source: str
    provider: str
    model_raw: str
    tier: str
    width_seconds: int
    starts: Counts
    requests: Counts
    uncached_input: Counts
    cache_read: Counts
    cache_write: Counts
    output: Counts


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Shape:
    """A workload's token counts over the bins of one width, each of them a float64 array of one length.

    A month's usage may hold several shapes, one for each width that its sources deliver.
    """

    width_seconds: int
    starts: Counts
    uncached_input: NDArray[np.float64]
    cache_read: NDArray[np.float64]
    cache_write: NDArray[np.float64]
    output: NDArray[np.float64]


@dataclass(frozen=True, slots=True, kw_only=True)
class UsageLine:
    """One source, provider, model and tier inside a workload's month. Costs are None where nothing is known."""

    source: str
    provider: str
    model_raw: str
    tier: str
    tokens: Tokens
    requests: int | None
    billed: Money | None = None
    estimated: Money | None = None
    estimated_today: Money | None = None
    price_source: str = ""
    price_checked_on: date | None = None
    price_problem: str = ""


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class WorkloadUsage:
    """One workload in one month, over the days that are known on both sides (tokens and, where billed, money).

    `cost` is None where no money is known, with `cost_problem` saying why. A day missing on one side is left out of
    both and listed in `missing_days`; nothing is scaled up. `closed` is the rule of a closed month; `open_because`
    says why it is not.
    """

    workload: Workload
    month: Month
    models_raw: tuple[str, ...]
    tokens: Tokens
    requests: int | None
    shapes: tuple[Shape, ...]
    lines: tuple[UsageLine, ...]
    days_covered: int
    missing_days: tuple[date, ...]
    cost: Money | None
    cost_basis: Basis | None
    cost_problem: str = ""
    cost_today: Money | None = None
    billed: Money | None = None
    estimated: Money | None = None
    reconciliation: Reconciliation | None = None
    source_status: PullStatus = PullStatus.OK
    closed: bool
    open_because: str = ""

    @property
    def price_per_million(self) -> Money | None:
        """The blended price of a million tokens at this month's own mix."""
        if self.cost is None or not self.tokens.total:
            return None
        return self.cost * 1_000_000 / self.tokens.total


@dataclass(frozen=True, slots=True, kw_only=True)
class DayDrift:
    """One UTC day on which two sources of the same traffic differ: (billed - counted) / the larger of both."""

    day: date
    ratio: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Reconciliation:
    """Two views of the same traffic: the tokens one source bills against the tokens another counts."""

    billed_source: str
    counted_source: str
    billed_tokens: int
    counted_tokens: int
    worst_day: DayDrift | None = None

    @property
    def drift_ratio(self) -> float:
        """(billed - counted) / billed; 0 where both are zero."""
        return (self.billed_tokens - self.counted_tokens) / self.billed_tokens if self.billed_tokens else 0.0


@dataclass(frozen=True, slots=True, kw_only=True)
class SourceReport:
    """How one source's last read went, and what it covers of the window asked for."""

    name: str
    kind: str
    status: PullStatus
    complete_through: datetime | None
    missing_days: tuple[date, ...]
    rows: int
    rejected: int
    problems: tuple[str, ...] = ()
    warnings: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class UsageTotal:
    """One row of `advisor usage`: a source's model and tier in one period. `model` is None where the id is unknown."""

    period_start: datetime
    source: str
    model_raw: str
    model: str | None
    tier: str
    requests: int | None
    tokens: Tokens | None  # None: the row holds money only
    costs: tuple[tuple[Money, Basis], ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class UsageAnswer:
    """The answer to `advisor usage`: exact sums of what the sources said in a window, nothing converted."""

    by: str  # month | day | hour | 5min
    window: Window
    sources: tuple[SourceReport, ...]
    rows: tuple[UsageTotal, ...]
