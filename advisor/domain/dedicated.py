"""A workload on own GPUs: what they did in a month, beside what was projected and what serverless would ask."""

from __future__ import annotations

from dataclasses import dataclass

from advisor.domain.fleet import Profile
from advisor.domain.units import Money, Month
from advisor.domain.usage import UsageLine

OWN_PROVIDER = "self"
"""The provider of traffic that own GPUs served."""


def on_own_gpus(line: UsageLine) -> bool:
    """Whether own GPUs served a line of usage."""
    return line.provider == OWN_PROVIDER


@dataclass(frozen=True, slots=True, kw_only=True)
class OwnFleet:
    """The GPUs behind a source of own traffic, as its settings name them; they run around the clock."""

    source: str
    gpu: str
    gpus: int
    price_per_gpu_hour: Money


@dataclass(frozen=True, slots=True, kw_only=True)
class Followed:
    """One month of a workload that own GPUs serve, whole or in part, over the days covered.

    `own_tokens` are those that they served, `own_share` their part of all; None where no token is counted. `gpu_cost`
    is what their source says they cost, `running_cost` the part of engineering, egress and storage that is assumed
    beside, of which leaving would save `avoidable_running`: other workloads may need the rest all the same.
    `sunk` is what a commitment makes owed of `gpu_cost` whatever is done. `serverless` is what the cheapest host that
    may be used, `host`, asks for the same tokens; `still_serverless` the bill beside, which is paid twice while the
    move lasts. `utilization` is demanded over provisioned replica-seconds at `profile`. The predictions are those of
    the plan chosen for `predicted_from`, the last closed month on serverless alone; None where there is none. Whatever
    else is None is not known, and `missing` says why.
    """

    month: Month
    own_tokens: int
    own_share: float | None
    gpus: int | None
    gpu: str
    gpu_cost: Money | None
    running_cost: Money
    avoidable_running: Money
    sunk: Money | None
    serverless: Money | None
    host: str
    still_serverless: Money | None
    utilization: float | None
    profile: Profile | None
    predicted_from: Month | None
    predicted_gpu_cost: Money | None
    predicted_utilization: float | None
    commitment_until: Month | None
    missing: tuple[str, ...]

    @property
    def cost(self) -> Money | None:
        """Everything that own GPUs cost in the month; the one-off migration, which is spent, is not in it."""
        return None if self.gpu_cost is None else self.gpu_cost + self.running_cost

    @property
    def avoidable(self) -> Money | None:
        """What leaving the own GPUs would save."""
        if self.gpu_cost is None or self.sunk is None:
            return None
        return self.gpu_cost - self.sunk + self.avoidable_running

    @property
    def saved(self) -> Money | None:
        """What the own GPUs saved in the month against serverless; negative where they cost more."""
        return None if self.cost is None or self.serverless is None else self.serverless - self.cost

    @property
    def excess(self) -> Money | None:
        """What leaving would save over what serverless would ask."""
        return None if self.avoidable is None or self.serverless is None else self.avoidable - self.serverless

    @property
    def excess_ratio(self) -> float | None:
        """`excess` over serverless; infinite where serverless would ask nothing."""
        return None if self.excess is None or self.serverless is None else self.excess.over(self.serverless)

    @property
    def paid_twice(self) -> bool:
        """Whether both the own GPUs and serverless tokens are known to be paid."""
        both = (self.gpu_cost, self.still_serverless)
        return all(amount is not None and amount.amount > 0 for amount in both)

    @property
    def months_committed(self) -> int:
        """Whole months after this one in which the GPUs stay owed."""
        until = self.commitment_until
        return max(0, (until.year - self.month.year) * 12 + until.month - self.month.month) if until else 0

    @property
    def still_owed(self) -> Money | None:
        """What the commitment leaves to pay after this month, at this month's GPU cost."""
        return None if self.gpu_cost is None else self.gpu_cost * self.months_committed


@dataclass(frozen=True, slots=True, kw_only=True)
class Realized:
    """What own GPUs saved since `since`, over the closed months of which it is known: `months` of `of_months`. None
    where it is known of none."""

    since: Month
    saved: Money | None
    months: int
    of_months: int
