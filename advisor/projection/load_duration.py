"""Demand by how long it lasts: which share of the month needs more than so many replicas."""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import lru_cache

import numpy as np

from advisor.domain.assumptions import FleetAssumptions
from advisor.domain.fleet import Demand, Grade, Profile
from advisor.domain.usage import WorkloadUsage
from advisor.projection.demand import Seconds
from advisor.projection.series import at_rates

BUSIEST = 1 / 12
"""The share of an hour that its busiest five minutes take."""


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class LoadDuration:
    """Demand by its level. `levels` ascend, shape (n,); `below` is what all lower levels come to together, `above` the
    share of the time at this level and higher, both of shape (n + 1,). `scale` of the arrays' units are one replica at
    100 %, so that profiles of one mix share the arrays; every argument and answer is in replicas."""

    levels: Seconds
    below: Seconds
    above: Seconds
    scale: float = 1.0

    @classmethod
    def of(cls, levels: Seconds, shares: Seconds) -> LoadDuration:
        """From levels in any order, each with its share of the time."""
        order = np.argsort(levels)
        levels, shares = levels[order], shares[order]
        return cls(
            levels=levels,
            below=np.concatenate([[0.0], np.cumsum(levels * shares)]),
            above=np.concatenate([np.cumsum(shares[::-1])[::-1], [0.0]]),
        )

    @property
    def highest(self) -> float:
        """The busiest level."""
        return float(self.levels[-1]) / self.scale

    @property
    def mean(self) -> float:
        return float(self.below[-1]) / self.scale

    def carried(self, capacity: float) -> float:
        """The mean of min(demand, *capacity*) over the month, in replicas at 100 %."""
        units = capacity * self.scale
        at = int(np.searchsorted(self.levels, units))
        return float(self.below[at] + units * self.above[at]) / self.scale

    def exceeding(self, capacities: Seconds) -> Seconds:
        """The share of the time with more demand than each of *capacities*."""
        found: Seconds = self.above[np.searchsorted(self.levels, capacities * self.scale, side="right")]
        return found

    def level_exceeded(self, share: float) -> float:
        """The highest level that demand reaches in at least *share* of the time, 0 where there is none."""
        reached = len(self.above) - int(np.searchsorted(self.above[::-1], share))
        return float(self.levels[min(reached, len(self.levels)) - 1]) / self.scale if reached else 0.0


def load_duration(demand: Demand, fleet: FleetAssumptions) -> LoadDuration:
    """The month's demand, each bin of it at two levels: its busiest five minutes, and the rest with the same mean."""
    mix, scale = _mix(demand.profile)
    return replace(_curves(demand.usage, fleet, mix)[0], scale=scale)


def busy_duration(demand: Demand, fleet: FleetAssumptions) -> LoadDuration:
    """The month's demand, each bin of it as in its busiest five minutes."""
    mix, scale = _mix(demand.profile)
    return replace(_curves(demand.usage, fleet, mix)[1], scale=scale)


def _mix(profile: Profile) -> tuple[float, float]:
    """What an output token takes of an input token's time, P / D or 1, and how many input tokens a second of a full
    replica is: g = (input + mix x output) / scale."""
    if profile.total_tokens_per_second is not None:
        return 1.0, profile.total_tokens_per_second
    assert profile.prefill_tokens_per_second is not None
    assert profile.decode_tokens_per_second is not None
    return (
        profile.prefill_tokens_per_second / profile.decode_tokens_per_second,
        profile.prefill_tokens_per_second,
    )


@lru_cache(maxsize=16)
def _curves(usage: WorkloadUsage, fleet: FleetAssumptions, mix: float) -> tuple[LoadDuration, LoadDuration]:
    """Both curves in input tokens a second, sorted once for all profiles on which an output token takes *mix*."""
    unit = Profile(
        model="", gpu="", tensor_parallel=1, precision="", grade=Grade.OWN, source="",
        prefill_tokens_per_second=1.0, decode_tokens_per_second=1 / mix,
    )  # fmt: skip
    wished = at_rates(usage, unit, fleet)
    high = np.minimum(wished.busy, wished.replicas / BUSIEST)
    low = (wished.replicas - BUSIEST * high) / (1 - BUSIEST)
    bins = len(low)
    shares = np.repeat([(1 - BUSIEST) / bins, BUSIEST / bins], bins)
    return (
        LoadDuration.of(np.concatenate([low, high]), shares),
        LoadDuration.of(wished.busy, np.full(bins, 1 / bins)),
    )
