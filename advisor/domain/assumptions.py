"""What the user states about workloads, fleet, rule and team. The defaults here are the documented ones.

The configuration validates straight into these values, so each setting and its default exists once.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import date
from decimal import Decimal
from typing import Annotated, ClassVar, Literal

from annotated_types import Ge, Gt, Le

from advisor.domain.units import Month

PolicyName = Literal["equivalent", "static", "autoscaled", "committed", "hybrid"]
ALL_POLICIES: tuple[PolicyName, ...] = ("equivalent", "static", "autoscaled", "committed", "hybrid")
Share = Annotated[float, Ge(0), Le(1)]
Amount = Annotated[Decimal, Ge(0)]


class Strict:
    """Unknown keys are refused where a value is read from a settings file."""

    __pydantic_config__: ClassVar[dict[str, object]] = {"extra": "forbid"}
    __slots__ = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Workload(Strict):
    """Traffic that would move, or stay, as one. `models` are globs over raw or canonical ids; none means *this id*."""

    name: str
    models: tuple[str, ...] = ()
    sources: tuple[str, ...] = ()
    serve: str = ""
    token_ratio: Annotated[float, Gt(0)] = 1.0
    approved_by: str = ""
    slo: Literal["", "chat", "server", "interactive", "batch"] = ""
    serving: Literal["serverless", "dedicated"] = "serverless"
    dedicated_since: str = ""
    commitment_until: str = ""

    def __post_init__(self) -> None:
        for name in ("dedicated_since", "commitment_until"):
            if value := getattr(self, name):
                Month.parse(value)


@dataclass(frozen=True, slots=True, kw_only=True)
class Overheads(Strict):
    """What a fleet costs beside its GPUs. Amounts are in the configured currency."""

    egress_per_month: Amount = Decimal(0)
    storage_per_month: Amount = Decimal(0)
    staging_replica_hours: Amount = Decimal(220)
    engineering_hours_per_month: Amount = Decimal(30)
    engineering_hours_per_further_model: Amount = Decimal(5)
    engineering_hourly_rate: Amount = Decimal(100)
    migration_hours: Amount = Decimal(120)
    migration_one_off: Amount = Decimal(0)
    migration_months: Annotated[int, Ge(1)] = 12

    @property
    def migration_total(self) -> Decimal:
        """The one-off cost of moving: hours x rate + one-off."""
        return self.migration_hours * self.engineering_hourly_rate + self.migration_one_off


@dataclass(frozen=True, slots=True, kw_only=True)
class FleetOnly(Strict):
    """Restricts the search; an empty list does not restrict."""

    providers: tuple[str, ...] = ()
    gpus: tuple[str, ...] = ()
    regions: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class FleetAssumptions(Strict):
    """How demand becomes replicas and replicas become money (design section 3)."""

    utilization: Annotated[float, Gt(0), Le(1)] = 0.70
    hours_per_month: Literal["calendar"] | Annotated[Decimal, Gt(0), Le(744)] = "calendar"
    policies: tuple[PolicyName, ...] = ALL_POLICIES
    redundancy: Annotated[int, Ge(0)] = 1
    min_replicas: Annotated[int, Ge(1)] = 1
    peak_to_mean: Annotated[float, Ge(1)] = 3.0
    burst: Annotated[float, Ge(1)] = 1.35
    cached_input_weight: Share = 0.05
    cache_carry_over: Share = 0.70
    overheads: Overheads = field(default_factory=Overheads)
    only: FleetOnly = field(default_factory=FleetOnly)

    def hours(self, month: Month) -> Decimal:
        """H of a month: its own hours, or the configured number."""
        return Decimal(month.hours) if self.hours_per_month == "calendar" else self.hours_per_month


@dataclass(frozen=True, slots=True, kw_only=True)
class SwitchPolicy(Strict):
    """When a saving is a recommendation. `min_savings` is in the configured currency, a month."""

    months_in_a_row: Annotated[int, Ge(1)] = 3
    min_savings_ratio: Share = 0.20
    min_savings: Amount = Decimal(1000)
    min_probability: Share = 0.80
    max_payback_months: Annotated[float, Gt(0)] = 9
    return_months: Annotated[int, Ge(1)] = 2
    return_ratio: Annotated[float, Le(0), Ge(-1)] = -0.05
    allowed_hosts: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Team(Strict):
    """The capacity to run a fleet. There is no default: an unstated team blocks a move."""

    engineering_hours_available: Annotated[float, Ge(0)]
    on_call_engineers: Annotated[int, Ge(0)]


@dataclass(frozen=True, slots=True, kw_only=True)
class Commitment(Strict):
    """Money owed to a provider whether or not its tokens are used: leaving does not save it."""

    provider: str
    floor_per_month: Amount
    until: date


@dataclass(frozen=True, slots=True, kw_only=True)
class ExchangeRate(Strict):
    """One dated rate: an amount in *from* times *rate* is an amount in *to*."""

    from_currency: str
    to_currency: str
    rate: Annotated[Decimal, Gt(0)]
    date: date
    source: str


ON_CALL_NEEDED = 2
"""Engineers on call that a fleet needs (design section 3, team gate)."""
