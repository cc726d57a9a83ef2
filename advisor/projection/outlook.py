"""A workload's months to its forecast: volume to come, when its fleet pays, and what a running month comes to."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import datetime

import numpy as np

from advisor.domain.assumptions import FleetAssumptions, SwitchPolicy
from advisor.domain.comparison import Comparison, Missing, NotCompared
from advisor.domain.forecast import HORIZON, Forecast, ForecastPoint, RunRate
from advisor.domain.units import Month
from advisor.domain.usage import WorkloadUsage
from advisor.projection.crossing import crossing, highest
from advisor.projection.forecast import FEWEST, Trend, closed_months, months_between, trend
from advisor.projection.run_rate import run_rate
from advisor.projection.volume_needed import crossed, volume_needed

STALE = 2
"""Months without figures after the last closed one, beyond which it says nothing of the months to come."""
AVERAGE_DAYS = 365.25 / 12
INELIGIBLE = (Missing.CLOSED_WEIGHTS, Missing.NOT_MODELLED, Missing.UNKNOWN_MODEL)


def outlooks(
    history: Sequence[Comparison | NotCompared],
    fleet: FleetAssumptions,
    policy: SwitchPolicy,
    now: datetime,
    complete_through: Mapping[str, datetime | None] | None = None,
) -> dict[Month, Forecast]:
    """The forecasts at the month shown, the last of *history*, and at the closed month before it, whose verdict it is
    compared with; a month without one is left out."""
    closed = [position for position, month in enumerate(history[:-1]) if month.usage.closed]
    found = {}
    for position in (*closed[-1:], len(history) - 1):
        if made := outlook(history[: position + 1], fleet, policy, now, complete_through):
            found[history[position].usage.month] = made
    return found


def outlook(
    history: Sequence[Comparison | NotCompared],
    fleet: FleetAssumptions,
    policy: SwitchPolicy,
    now: datetime,
    complete_through: Mapping[str, datetime | None] | None = None,
) -> Forecast | None:
    """The forecast of one workload from its *history*, oldest first, the month shown last.

    None for a workload that is ineligible or dedicated already. *complete_through* says until when each source has
    delivered; a day that is not over by then is none of a running month's complete days.
    """
    shown = history[-1]
    if shown.usage.workload.serving == "dedicated":
        return None
    if isinstance(shown, NotCompared) and shown.missing in INELIGIBLE:
        return None
    usages = [month.usage for month in history]
    running = _running(usages, now, complete_through or {})
    past = closed_months(usages)
    if len(past.months) < FEWEST:
        known = f"{len(past.months)} closed month{'' if len(past.months) == 1 else 's'}"
        return _none(f"{known} with traffic, {FEWEST} are needed", running)
    # An open month is itself a month to come.
    passed = months_between(past.months[-1], shown.usage.month) - (not shown.usage.closed)
    if passed > STALE:
        return _none(f"the last closed month is {past.months[-1]}", running)
    ahead = trend(past, HORIZON + policy.months_in_a_row - 1)
    assert ahead is not None, "there are months enough"
    made = Forecast(
        method=_method(ahead),
        crossing_month=None,
        probability_within_6_months=None,
        points=_points(ahead, passed),
        level_shift=ahead.level_shift,
        variance=ahead.variance,
        changes=ahead.changes,
        run_rate=running,
    )
    weighed = next(month for month in history if month.usage.month == ahead.last)
    return _with_crossing(made, weighed, ahead, passed, fleet, policy) if isinstance(weighed, Comparison) else made


def _none(why: str, running: RunRate | None) -> Forecast:
    return Forecast(
        method=f"no forecast: {why}", crossing_month=None, probability_within_6_months=None, run_rate=running
    )


def _running(
    usages: Sequence[WorkloadUsage], now: datetime, complete_through: Mapping[str, datetime | None]
) -> RunRate | None:
    """The run-rate of the month shown, where it is not over."""
    usage = usages[-1]
    if now not in usage.month.window:
        return None
    delivered = [complete_through.get(line.source) for line in usage.lines]
    return run_rate(usages, min([now, *filter(None, delivered)]))


def _method(ahead: Trend) -> str:
    since = f" since the level shift of {ahead.level_shift}" if ahead.level_shift else ""
    months = f"{ahead.months} closed month{'' if ahead.months == 1 else 's'}{since}"
    if ahead.months < FEWEST:
        return f"naive, as the last month: {months}"
    return f"median of naive, damped Theil-Sen and damped Holt over {months}"


def _points(ahead: Trend, passed: int) -> tuple[ForecastPoint, ...]:
    """The months from the one shown, or after it, to 18 months after the last closed one."""
    wide = ahead.half_width()
    found = []
    for h in range(passed, HORIZON):
        month = ahead.last.plus(h + 1)
        ends = (float(np.exp(ahead.centre[h] + side * wide[h])) * month.day_count for side in (0, -1, 1))
        found.append(ForecastPoint(month=month, **dict(zip(("tokens", "low", "high"), ends, strict=True))))
    return tuple(found)


def _with_crossing(
    made: Forecast, last: Comparison, ahead: Trend, passed: int, fleet: FleetAssumptions, policy: SwitchPolicy
) -> Forecast:
    if crossed(last, policy):
        return replace(
            made,
            crossed=True,
            probability_within_3_months=1.0,
            probability_within_6_months=1.0,
            probability_within_12_months=1.0,
        )
    needed = volume_needed(last, fleet, policy, highest(ahead) * last.usage.days_covered)
    a_day = None if needed is None else needed / last.usage.days_covered
    paths = crossing(ahead, a_day, policy.months_in_a_row)

    def month(share: float) -> Month | None:
        h = paths.quantile(share)
        return None if h is None else ahead.last.plus(max(h, passed + 1))

    return replace(
        made,
        crossing_tokens=None if a_day is None else a_day * AVERAGE_DAYS,
        crossing_month=month(0.5),
        crossing_from=month(0.1),
        crossing_to=month(0.9),
        probability_within_3_months=paths.within(passed + 3),
        probability_within_6_months=paths.within(passed + 6),
        probability_within_12_months=paths.within(passed + 12),
    )
