"""What a source said: tokens and money in buckets, and the rows that could not be read."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from enum import StrEnum

from advisor.domain.units import Money, Window

ON_DEMAND = "on_demand"


def tier_named(text: str | None) -> str:
    """The tier behind a source's own word for it: `Batch` is `batch`; none, `default` and `standard` are on demand."""
    word = (text or "").strip().lower().replace("-", "_").replace(" ", "_")
    return ON_DEMAND if word in ("", "default", "standard", "auto", "ondemand") else word


class InputIncludes(StrEnum):
    """What a source's own "input" count holds beside uncached input."""

    NOTHING = "nothing"  # cache reads and writes are counted apart
    CACHE_READ = "cache_read"
    CACHE = "cache"  # reads and writes


class Basis(StrEnum):
    """Where an amount of money comes from, best first."""

    BILLED = "billed"
    ESTIMATED = "estimated"  # tokens x list price, ours or a gateway's
    ALLOCATED = "allocated"  # a wider charge, spread


class PullStatus(StrEnum):
    OK = "ok"
    PARTIAL = "partial"  # some rows or files could not be read; blocks a move
    FAILED = "failed"  # nothing could be read; blocks a move


@dataclass(frozen=True, slots=True, kw_only=True)
class Tokens:
    """Disjoint token components. `None` means that the source does not say, which is not zero.

    A source that does not split its input reports all of it as `uncached_input`. Reasoning is inside `output`.
    """

    uncached_input: int
    output: int
    cache_read: int | None = None
    cache_write: int | None = None

    @property
    def input(self) -> int:
        """All input: uncached, cache read and cache write."""
        return self.uncached_input + (self.cache_read or 0) + (self.cache_write or 0)

    @property
    def total(self) -> int:
        return self.input + self.output

    def __add__(self, other: Tokens) -> Tokens:
        return Tokens(
            uncached_input=self.uncached_input + other.uncached_input,
            output=self.output + other.output,
            cache_read=plus_known(self.cache_read, other.cache_read),
            cache_write=plus_known(self.cache_write, other.cache_write),
        )


def plus_known(left: int | None, right: int | None) -> int | None:
    """Add two counts of which either may be unreported; unreported on both sides stays so."""
    if left is None:
        return right
    return left if right is None else left + right


@dataclass(frozen=True, slots=True, kw_only=True)
class UsageFact:
    """The tokens of one model, tier and bucket, as one source counted them.

    `width_seconds` is the width at which the source delivered the bucket: 300, 3600, 86400 or a whole month.
    `requests` is None where the source does not count them. `scope` tells apart parts of a source (an account, a
    project) whose buckets are restated independently.
    """

    provider: str
    model_raw: str
    start: datetime
    width_seconds: int
    tokens: Tokens
    requests: int | None = None
    tier: str = ON_DEMAND
    scope: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class CostFact:
    """Money charged for one model, tier and period, as one source stated it. No row means unknown, never zero."""

    provider: str
    model_raw: str
    start: datetime
    end: datetime
    amount: Money
    basis: Basis
    tier: str = ON_DEMAND
    component: str = ""
    final: bool | None = None  # None: the source does not say; final 3 days after the month
    scope: str = ""
    source: str = ""  # filled by the store


@dataclass(frozen=True, slots=True, kw_only=True)
class RowProblem:
    """A row that could not be used: where it is and why."""

    where: str  # "usage.csv:17"
    why: str

    def __str__(self) -> str:
        return f"{self.where}: {self.why}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Pull:
    """Everything one read of one source brought, ready to be stored as a whole.

    `usage_days` and `cost_days` are the days the source speaks for, so that a day without rows can be told from a day
    that was never delivered. `problems` holds the first rejected rows, `rejected` counts all of them.
    """

    source: str
    kind: str
    window: Window
    pulled_at: datetime
    status: PullStatus
    usage: Sequence[UsageFact] = ()
    costs: Sequence[CostFact] = ()
    usage_days: frozenset[date] = frozenset()
    cost_days: frozenset[date] = frozenset()
    complete_through: datetime | None = None
    rows: int = 0
    rejected: int = 0
    problems: tuple[RowProblem, ...] = ()
    warnings: tuple[str, ...] = ()
