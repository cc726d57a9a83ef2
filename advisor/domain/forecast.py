"""Where a workload's volume is heading, and when its fleet would become the cheaper one."""

from __future__ import annotations

from dataclasses import dataclass

from advisor.domain.units import Month

HORIZON = 18
"""Months ahead beyond which nothing is forecast."""
LIKELY = 0.5
"""The probability of a crossing within 6 months from which it is watched (design section 3)."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ForecastPoint:
    """One month to come: the expected tokens a month, and the ends of the interval that holds 80 % of the outcomes."""

    month: Month
    tokens: float
    low: float
    high: float


@dataclass(frozen=True, slots=True, kw_only=True)
class RunRate:
    """What a month that is still running comes to: its complete days, and every other day at the recent level.

    `tokens_so_far` are those of the `complete_days` that are known. `by_day_of_week` is False where too little is known
    to tell the days of a week apart. `last_month_tokens` is None where the month before is not closed.
    """

    month: Month
    tokens: float
    tokens_so_far: float
    complete_days: int
    by_day_of_week: bool
    last_month_tokens: float | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Forecast:
    """Tokens a month of one workload, from its closed months on, at most 18 months ahead; the mix held fixed.

    `method` names what it was made with, or says why there is none; `points` is then empty. `crossing_tokens` is the
    volume a month (one of average length) from which its fleet meets the savings gates at today's prices; None where
    no volume within reach does, or nothing can be said. `crossing_month` is the median first month from which they are
    met, None where it is beyond 18 months or never; the months `crossing_from` and `crossing_to` hold the middle 80 %
    of the outcomes, None beyond 18 months. The probabilities are those of a crossing in the months to come, None where
    nothing can be said. A workload that meets the gates already has `crossed`: no month, probability 1. `variance` is
    that of a month's change of ln(tokens), and `changes` how many changes it is known from.
    """

    method: str
    crossing_month: Month | None
    probability_within_6_months: float | None
    points: tuple[ForecastPoint, ...] = ()
    level_shift: Month | None = None
    crossed: bool = False
    crossing_tokens: float | None = None
    crossing_from: Month | None = None
    crossing_to: Month | None = None
    probability_within_3_months: float | None = None
    probability_within_12_months: float | None = None
    variance: float | None = None
    changes: int = 0
    run_rate: RunRate | None = None

    @property
    def crosses_soon(self) -> bool:
        """Whether a crossing within 6 months is as likely as not (design section 3, WATCH)."""
        return not self.crossed and (self.probability_within_6_months or 0.0) >= LIKELY
