"""Which workloads would move together, when what they share is counted once."""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal

from advisor.domain.fleet import Plan
from advisor.domain.units import Money
from advisor.domain.verdict import Gate


@dataclass(frozen=True, slots=True, kw_only=True)
class Move:
    """Workloads that move together, what they save a month and the engineering hours that they take."""

    names: tuple[str, ...]
    savings: Money
    engineering_hours: Decimal


@dataclass(frozen=True, slots=True, kw_only=True)
class SharedReplicas:
    """Workloads of one model on the same replicas: their plan, how many replicas they take apart, and what it saves."""

    names: tuple[str, ...]
    plan: Plan
    replicas_apart: int
    savings: Money


@dataclass(frozen=True, slots=True, kw_only=True)
class SideBySide:
    """Small models that would fit one GPU together: weights and cache floors in GB, and what part of its time they take
    in their joint busiest bin."""

    names: tuple[str, ...]
    gpu: str
    memory_gb: float
    usable_memory_gb: float
    peak: float
    allowed_peak: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Portfolio:
    """The best set of workloads to move in one month, each with its plan alone: engineering, egress, storage and
    migration once, staging once a model.

    `best` is empty where nothing pays. Savings are of the avoidable bills; a set is chosen by what it saves against the
    cheapest allowed host, where one asks less. `at_most` is `best.savings` and what any other set could add to it:
    nothing where the best is proved.
    `low_end` is what it saves with
    throughput at the low end of its band. `alone` is what each of its workloads saves by itself, with the whole of the
    shared cost. `side_by_side` is in no figure: no engine was measured that way. `hours_available` are the
    team's, None where it is not stated; `beyond` is the best set without that limit, where it is another one. `able`
    says whether the team has the engineers on call. `held` could not join, by the gate that stands against it:
    its verdict never exceeds WATCH. `considered` counts those that could.
    """

    best: Move
    at_most: Money
    low_end: Money
    alone: tuple[Money, ...]
    shared: tuple[SharedReplicas, ...]
    side_by_side: tuple[SideBySide, ...]
    considered: int
    held: tuple[tuple[str, Gate], ...]
    hours_available: float | None
    able: bool
    beyond: Move | None

    @property
    def proved(self) -> bool:
        return self.at_most <= self.best.savings
