"""The object `forecast` of `advisor.check/1`."""

from __future__ import annotations

from advisor.domain.forecast import Forecast
from advisor.domain.units import Month
from advisor.reporting.fields import Json


def forecast(found: Forecast | None) -> dict[str, Json]:
    """Where the volume is heading; all null where nothing is forecast. Points are tokens a month, with the interval
    that holds 80 % of the outcomes."""
    running = found.run_rate if found else None
    return {
        "method": found.method if found else None,
        "crossed": found.crossed if found else None,
        "crossing_month": _month(found.crossing_month) if found else None,
        "crossing_from": _month(found.crossing_from) if found else None,
        "crossing_to": _month(found.crossing_to) if found else None,
        "crossing_tokens": found.crossing_tokens if found else None,
        "probability_within_3_months": found.probability_within_3_months if found else None,
        "probability_within_6_months": found.probability_within_6_months if found else None,
        "probability_within_12_months": found.probability_within_12_months if found else None,
        "level_shift": _month(found.level_shift) if found else None,
        "points": [
            {"month": str(point.month), "tokens": point.tokens, "low": point.low, "high": point.high}
            for point in (found.points if found else ())
        ],
        "run_rate": {
            "month": str(running.month),
            "tokens": running.tokens,
            "tokens_so_far": running.tokens_so_far,
            "complete_days": running.complete_days,
            "by_day_of_week": running.by_day_of_week,
            "last_month_tokens": running.last_month_tokens,
        }
        if running
        else None,
    }


def _month(month: Month | None) -> str | None:
    return None if month is None else str(month)
