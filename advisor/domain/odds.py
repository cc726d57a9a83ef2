"""How sure a saving is, and which single assumption would turn it."""

from __future__ import annotations

import math
from dataclasses import dataclass
from enum import StrEnum

from advisor.domain.units import Money


class Assumption(StrEnum):
    """What a comparison rests on, each of which is moved alone."""

    THROUGHPUT = "throughput"
    GPU_PRICE = "gpu_price"
    SERVERLESS_PRICE = "serverless_price"
    VOLUME = "volume"
    BURST = "burst"
    PEAK_TO_MEAN = "peak_to_mean"
    ENGINEERING_HOURS = "engineering_hours"
    MIGRATION = "migration"
    CACHE_CARRY_OVER = "cache_carry_over"
    UTILIZATION = "utilization"


@dataclass(frozen=True, slots=True, kw_only=True)
class Flip:
    """One assumption moved alone, the plan sized anew in whole replicas at each value.

    `low` and `high` are the ends of what is likely: one standard deviation, or the stated range. `flips_at` is the
    value nearest to `current` at which the savings gates change sides; None where none in a plausible range does it.
    """

    assumption: Assumption
    unit: str
    current: float
    low: float
    high: float
    savings_low: Money
    savings_high: Money
    flips_at: float | None

    @property
    def swing(self) -> Money:
        """How far the saving moves between both ends."""
        apart = self.savings_high - self.savings_low
        return apart if apart.amount >= 0 else -apart

    @property
    def change(self) -> float:
        """|ln(flips_at / current)|: how far the assumption is from turning the answer; infinite where it never does."""
        if self.flips_at is None or self.flips_at <= 0 or self.current <= 0:
            return math.inf
        return abs(math.log(self.flips_at / self.current))


@dataclass(frozen=True, slots=True, kw_only=True)
class Odds:
    """What *draws* draws of the uncertain assumptions say of a chosen plan.

    `probability_cheaper` is k / (draws + 1) for k draws in which it costs less than leaving saves: no number of draws
    makes it certain. `savings_p10` and `savings_p90` are the 10th and the 90th percentile. `met` says that the saving
    as it stands is large enough for the savings gates; `flips` are sorted by swing, widest first, and empty where
    nothing was asked of them.
    """

    probability_cheaper: float
    savings_p10: Money
    savings_p90: Money
    draws: int
    seed: int
    met: bool
    flips: tuple[Flip, ...] = ()

    def nearest_flips(self, limit: int) -> tuple[Flip, ...]:
        """The assumptions that turn the answer soonest, by how far each has to move."""
        able = [flip for flip in self.flips if math.isfinite(flip.change)]
        return tuple(sorted(able, key=lambda flip: flip.change)[:limit])
