"""What can be rented, how fast it runs a model, and the plans sized from both."""

from __future__ import annotations

import math
from dataclasses import dataclass, replace
from datetime import date
from decimal import Decimal
from enum import StrEnum
from typing import Literal

from advisor.domain.assumptions import PolicyName
from advisor.domain.units import Money
from advisor.domain.usage import WorkloadUsage

CommitmentTerm = Literal["on-demand", "1-year", "3-year", "spot"]
Operator = Literal["you", "vendor"]
Unit = Literal["gpu", "throughput-unit"]
BAND_Z = 1.28
"""The ends of a throughput band: the 10th and the 90th percentile, x e^(-+1.28 sigma) (design section 3)."""


class Grade(StrEnum):
    """How a throughput is known, best first (design section 3)."""

    OWN = "own benchmark"
    PUBLISHED = "published measurement"
    ESTIMATE = "estimate"

    @property
    def sigma(self) -> float:
        """The standard deviation of ln(throughput) at this grade (design section 3)."""
        return {"own benchmark": 0.10, "published measurement": 0.30, "estimate": 0.40}[self.value]


class Resolution(StrEnum):
    """The finest time grain that the usage facts have, finest first."""

    FIVE_MINUTES = "5min"
    HOUR = "hour"
    DAY = "day"
    MONTH = "month"


@dataclass(frozen=True, slots=True, kw_only=True)
class Offer:
    """GPUs somebody rents out, *gpus* of them together, at one price per GPU and hour.

    `gpu` is a canonical name of `market.gpus`. `tier` is "standard" or "community" (third-party hosts, no SLA).
    `checked_on` is None where the price carries no date. `own` marks the user's own quote. `instance` is what the
    provider calls it. With `unit` "throughput-unit", a vendor's unit stands wherever a GPU does: `gpu` names it and its
    model, and the price is that of one unit and hour.
    """

    provider: str
    gpu: str
    gpus: int
    price_per_gpu_hour: Money
    commitment: CommitmentTerm
    region: str
    operated_by: Operator
    tier: str
    source: str
    checked_on: date | None
    own: bool = False
    unit: Unit = "gpu"
    instance: str = ""

    @property
    def weakness(self) -> str:
        """Why this offer can never carry a SWITCH, or an empty text."""
        if self.tier == "community":
            return "a community offer without an SLA"
        if not self.source:
            return "an offer without a source"
        if self.checked_on is None and not self.own:
            return "an offer without a date"
        return ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Profile:
    """Tokens per second of ONE replica: a whole tensor-parallel group of one GPU type, saturated.

    Either `total_tokens_per_second` (input + output at the mix it was measured at) or both of
    `prefill_tokens_per_second` and `decode_tokens_per_second` (each alone). `input_length` and `output_length` are
    the mean lengths of the measurement, None where unknown. `note` says how a published figure was adjusted. `low` and
    `high` are factors on every rate at the ends of its band, where they are not e^(-+1.28 sigma) of the grade.
    """

    model: str
    gpu: str
    tensor_parallel: int
    precision: str
    grade: Grade
    source: str
    checked_on: date | None = None
    total_tokens_per_second: float | None = None
    prefill_tokens_per_second: float | None = None
    decode_tokens_per_second: float | None = None
    input_length: float | None = None
    output_length: float | None = None
    note: str = ""
    low: float | None = None
    high: float | None = None

    def __post_init__(self) -> None:
        rates = (self.prefill_tokens_per_second, self.decode_tokens_per_second)
        if (self.total_tokens_per_second is None) == (None in rates) or (None in rates) != (rates == (None, None)):
            raise ValueError(
                f"profile of {self.model} on {self.gpu}: give total_tokens_per_second, or both "
                "prefill_tokens_per_second and decode_tokens_per_second"
            )

    @property
    def sigma(self) -> float:
        """The standard deviation of ln(rate): the stated low end's, such that low = e^(-1.28 sigma), or the grade's."""
        return self.grade.sigma if self.low is None else -math.log(self.low) / BAND_Z

    @property
    def band(self) -> tuple[float, float]:
        """Factors on every rate at the low and the high end of the band, the 10th and 90th percentile unless stated."""
        low = math.exp(-BAND_Z * self.grade.sigma)
        return (low if self.low is None else self.low, 1 / low if self.high is None else self.high)

    def scaled(self, factor: float) -> Profile:
        """The same profile with every rate times *factor*; used for the ends of the throughput band."""
        return replace(
            self,
            total_tokens_per_second=_times(self.total_tokens_per_second, factor),
            prefill_tokens_per_second=_times(self.prefill_tokens_per_second, factor),
            decode_tokens_per_second=_times(self.decode_tokens_per_second, factor),
        )


def _times(rate: float | None, factor: float) -> float | None:
    return None if rate is None else rate * factor


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Demand:
    """A workload's month in replica-seconds at saturated throughput of one profile (design section 3, "Demand").

    `peak_replicas` is the demand of the busiest bin in replicas at 100 %, peak factors applied; `mean_replicas` the
    month's mean. `hours` is H over the covered days; bin demand is already scaled by calendar hours / H.
    """

    usage: WorkloadUsage
    profile: Profile
    replica_seconds: float
    peak_replicas: float
    resolution: Resolution
    hours: Decimal

    @property
    def mean_replicas(self) -> float:
        return self.replica_seconds / (3600.0 * float(self.hours))

    @property
    def peak_to_mean(self) -> float:
        return self.peak_replicas / self.mean_replicas if self.mean_replicas else 1.0


@dataclass(frozen=True, slots=True, kw_only=True)
class PlanCost:
    """A plan's month, line by line."""

    gpu: Money
    staging: Money
    egress: Money
    storage: Money
    engineering: Money
    migration: Money
    serverless: Money

    @property
    def total(self) -> Money:
        return self.fixed + self.gpu + self.serverless

    @property
    def fixed(self) -> Money:
        """What does not grow with replicas or spilled tokens."""
        return self.staging + self.egress + self.storage + self.engineering + self.migration


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Plan:
    """A fleet of whole replicas on whole GPUs that carries the demand under one policy.

    `gpus` are those bought (whole nodes), `gpu_hours` those paid; utilizations are demanded over provisioned
    replica-seconds: of the month, and of the busiest bin. `utilization_target` is what the policy was sized for: of the
    month for `equivalent`, of the busiest bin for the others. `offer` is the on-demand one; `beside` are those that a
    committed base, and spot above it, are rented at.
    """

    policy: PolicyName
    offer: Offer
    demand: Demand
    replicas: int
    committed_replicas: int
    gpus: int
    gpu_hours: Decimal
    utilization: float
    utilization_peak: float
    utilization_target: float
    cost: PlanCost
    beside: tuple[Offer, ...] = ()

    @property
    def profile(self) -> Profile:
        return self.demand.profile

    @property
    def idle_cost(self) -> Money:
        """GPU cost x (1 - utilization): what is paid for replicas that wait."""
        return self.cost.gpu * (1 - Decimal(repr(min(1.0, self.utilization))))

    @property
    def price_per_million(self) -> Money | None:
        tokens = self.demand.usage.tokens.total
        return self.cost.total * 1_000_000 / tokens if tokens else None


@dataclass(frozen=True, slots=True, kw_only=True)
class Infeasible:
    """A policy without a plan, and why. `latency` says that only the workload's latency target stands against it."""

    policy: PolicyName
    reason: str
    latency: bool = False
