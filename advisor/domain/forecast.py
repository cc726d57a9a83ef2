"""Where a workload's volume is heading, and when its fleet would become the cheaper one."""

from __future__ import annotations

from dataclasses import dataclass

from advisor.domain.units import Month


@dataclass(frozen=True, slots=True, kw_only=True)
class ForecastPoint:
    """One month to come: the expected tokens a month, and the ends of the interval that holds 80 % of the outcomes."""

    month: Month
    tokens: float
    low: float
    high: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Forecast:
    """Tokens a month of one workload, from its closed months on, at most 18 months ahead; the mix held fixed.

    `method` names what it was made with, or says why there is none; `points` is then empty. `crossing_month` is the
    median first month from which a fleet meets the savings gates, None where it is beyond 18 months or never.
    `probability_within_6_months` is that of a crossing in the six months to come, None where nothing can be said. A
    workload whose fleet is cheaper already has crossed: no month, probability 1.
    """

    method: str
    crossing_month: Month | None
    probability_within_6_months: float | None
    points: tuple[ForecastPoint, ...] = ()
    level_shift: Month | None = None
