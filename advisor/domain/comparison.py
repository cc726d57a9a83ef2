"""The invoice weighed against the fleets, or the reason why it cannot be."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from enum import StrEnum

from advisor.domain.fleet import Infeasible, Plan
from advisor.domain.odds import Odds
from advisor.domain.terms import Term
from advisor.domain.units import Money
from advisor.domain.usage import WorkloadUsage


@dataclass(frozen=True, slots=True, kw_only=True)
class BreakEven:
    """Where the rented fleet and the invoice cost the same, the workload's own mix held fixed.

    `first_tokens` and `permanent_tokens` are tokens in the days covered; between them the answer flips with every
    added step of what is bought together: a replica, or a node of several. Both are None where `never` holds, and
    `never_because` then says what would have to change. `utilization` and `throughput_tokens_per_second` (of one
    replica, at the target utilization) are marginal: they ignore fixed costs, and are None where nothing is billed.
    `price_per_million` and `gpu_hour_price` include them, at the current replicas. `distance` is the smallest bill at
    which this workload could meet the savings gates; None where no bill is large enough.
    """

    never: bool
    never_because: str
    first_tokens: float | None
    permanent_tokens: float | None
    price_per_million: Money | None
    utilization: float | None
    throughput_tokens_per_second: float | None
    gpu_hour_price: Money | None
    distance: Money | None
    winning_intervals: tuple[tuple[float, float], ...] = ()


class Missing(StrEnum):
    """Why a workload could not be compared."""

    CLOSED_WEIGHTS = "closed weights"
    NOT_MODELLED = "not modelled"
    UNKNOWN_MODEL = "unknown model"
    NO_USAGE = "no usage"
    NO_COST = "no cost"
    NO_PROFILE = "no throughput profile"
    NO_OFFER = "no GPU offer"
    NO_EXCHANGE_RATE = "no exchange rate"
    SLO_INFEASIBLE = "latency target out of reach"


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class NotCompared:
    """A month of a workload that cannot be weighed; *detail* says what is missing and what supplies it."""

    usage: WorkloadUsage
    missing: Missing
    detail: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Elsewhere:
    """The covered days' tokens bought serverless at another host's list price, or in another tier.

    `allowed` says that a move to own GPUs has to beat it: a host among `allowed_hosts` (by default those already paid),
    on demand, or in batch for a workload that may wait.
    """

    host: str
    tier: str
    model_raw: str
    cost: Money
    allowed: bool
    source: str
    checked_on: date | None


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Comparison:
    """A month of a workload, its invoice beside every plan.

    `serverless` is the gross invoice, `avoidable` what leaving would save of it. `plans` holds one entry for each
    configured policy, and for `equivalent` and `static`, which are weighed in any case; `chosen` is the cheapest
    feasible realistic one, `equivalent` the 70 % rule, a lower bound. `not_buyable` is the fractional GPU-hour figure,
    information only. `savings` = avoidable - chosen total. `savings_ratio` is over the gross invoice, -inf where that
    is nothing. `low_end_savings` is `savings` at the low end of the throughput band, `savings_today` at today's token
    prices. `probability_cheaper` is that of `odds`, in which the month is costed many times over. `payback_months` is
    infinite where nothing is saved. `elsewhere` is the same traffic at other hosts, cheapest first. `unmeasured` is a
    plan on an estimated throughput that would cost less than the chosen, measured one: it carries nothing until it is
    measured. `cash_from` is the first day on which leaving would save the whole invoice, None where it does already.
    `terms` is the chosen fleet on demand and for every term it is sold for.
    """

    usage: WorkloadUsage
    serverless: Money
    avoidable: Money
    plans: tuple[Plan | Infeasible, ...]
    alternatives: tuple[Plan, ...]
    equivalent: Plan
    chosen: Plan
    not_buyable: Money
    savings: Money
    savings_ratio: float
    low_end_savings: Money
    savings_today: Money | None
    payback_months: float
    probability_cheaper: float
    engineering_hours: Decimal
    break_even: BreakEven
    odds: Odds
    elsewhere: tuple[Elsewhere, ...] = ()
    unmeasured: Plan | None = None
    cash_from: date | None = None
    terms: tuple[Term, ...] = ()

    @property
    def cheaper_serverless(self) -> Elsewhere | None:
        """The cheapest allowed host that asks less than the bill, None where there is none."""
        return next((one for one in self.elsewhere if one.allowed and one.cost < self.serverless), None)
