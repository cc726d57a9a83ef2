"""What a reader is told about one month: verdicts, sources, assumptions and issues, in words and numbers."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import date, datetime
from enum import StrEnum

from advisor.domain.assumptions import FleetAssumptions, SwitchPolicy, Team
from advisor.domain.correction import Correction
from advisor.domain.portfolio import Portfolio
from advisor.domain.units import Money, Month
from advisor.domain.usage import SourceReport
from advisor.domain.verdict import State, Verdict


class Severity(StrEnum):
    WARNING = "warning"
    ERROR = "error"


@dataclass(frozen=True, slots=True, kw_only=True)
class Issue:
    """Something the reader has to know about the answer. `source` names a source or a workload, or is empty."""

    severity: Severity
    source: str
    message: str


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Findings:
    """Everything that the line decided for one month, not yet put into words.

    `moves` are the workloads to act on. `total_cost` is the sum of all known bills: a workload whose cost is unknown is
    not in it. `portfolio` says which would move together, None where no figures can carry a move. `token_prices_on` and
    `gpu_prices_on` are the oldest dates of the prices used. `corrections` are what was told otherwise before,
    `restated` the verdicts on earlier months whose data is another than the one that was decided on.
    """

    month: Month
    generated_at: datetime
    currency: str
    timezone: str
    verdicts: tuple[Verdict, ...]
    sources: tuple[SourceReport, ...]
    issues: tuple[Issue, ...]
    fleet: FleetAssumptions
    policy: SwitchPolicy
    team: Team | None
    portfolio: Portfolio | None = None
    corrections: tuple[Correction, ...] = ()
    restated: tuple[Verdict, ...] = ()
    total_cost: Money = field(init=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "total_cost", self._cost_of(self.verdicts))

    @property
    def month_closed(self) -> bool:
        return bool(self.verdicts) and all(verdict.usage.closed for verdict in self.verdicts)

    @property
    def moves(self) -> tuple[Verdict, ...]:
        return tuple(v for v in self.verdicts if v.state in (State.SWITCH, State.RETURN))

    def _cost_of(self, verdicts: Iterable[Verdict]) -> Money:
        return sum((v.usage.cost for v in verdicts if v.usage.cost is not None), Money.zero(self.currency))

    def bill_share(self, verdict: Verdict) -> float | None:
        cost = verdict.usage.cost
        return None if cost is None or self.total_cost.amount <= 0 else cost.over(self.total_cost)

    @property
    def addressable_ratio(self) -> float | None:
        """The share of the known bills that could run on open-weight GPUs: all but the ineligible workloads'."""
        part = self._cost_of(verdict for verdict in self.verdicts if verdict.state is not State.INELIGIBLE)
        return part.over(self.total_cost) if self.total_cost.amount > 0 else None

    @property
    def token_prices_on(self) -> date | None:
        dates = [line.price_checked_on for v in self.verdicts for line in v.usage.lines if line.price_checked_on]
        return min(dates, default=None)

    @property
    def gpu_prices_on(self) -> date | None:
        plans = [v.comparison.chosen for v in self.verdicts if v.comparison]
        return min((plan.offer.checked_on for plan in plans if plan.offer.checked_on), default=None)


@dataclass(frozen=True, slots=True, kw_only=True)
class Message:
    """One rendered message for one channel, frozen as it will be sent.

    `dedup_key` is the same for the same news to the same channel: whatever is enqueued twice is sent once. `body` is
    the channel's own form: Block Kit JSON for Slack, JSON of subject, html and text for email, text for a file.
    `stands_in_for` is the key of the same news to another channel: it is sent only if that one cannot be delivered.
    """

    dedup_key: str
    channel: str  # the channel's name in the configuration
    kind: str  # "report" | "recommendation" | "correction" | "data-health"
    subject: str
    body: str
    stands_in_for: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Receipt:
    """Proof of a delivery: the channel's own id of the message.

    `note` is what the sender has to know although it was delivered, such as the recipients that were refused.
    """

    provider_id: str
    delivered_at: datetime
    note: str = ""
