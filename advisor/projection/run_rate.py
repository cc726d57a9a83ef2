"""What a month that is still running comes to, by day of week."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from datetime import UTC, date, datetime, timedelta
from statistics import median

import numpy as np

from advisor.domain.forecast import RunRate
from advisor.domain.units import DAY_SECONDS
from advisor.domain.usage import WorkloadUsage

INDEXED = timedelta(weeks=8)
"""So far back the days of a week are compared (fleet-math section 5)."""
LEVEL = timedelta(days=14)
"""So far back the level of traffic is taken."""
AROUND = tuple(timedelta(days=away) for away in range(-3, 4))


def daily(usage: WorkloadUsage) -> dict[date, float] | None:
    """Tokens of each covered day, a day without traffic as 0; None where a source gives no days."""
    if any(shape.width_seconds > DAY_SECONDS for shape in usage.shapes):
        return None
    first = int(usage.month.start.timestamp()) // DAY_SECONDS
    tokens = np.zeros(usage.month.day_count)
    for shape in usage.shapes:
        counts = shape.uncached_input + shape.cache_read + shape.cache_write + shape.output
        day = np.clip(shape.starts // DAY_SECONDS - first, 0, len(tokens) - 1)
        tokens += np.bincount(day, weights=counts, minlength=len(tokens))
    left_out = set(usage.missing_days)
    return {day: amount for day, amount in zip(usage.month.days(), tokens.tolist(), strict=True) if day not in left_out}


def week_index(days: Mapping[date, float]) -> tuple[float, ...] | None:
    """Monday to Sunday: the median of a day over the mean of the seven around it; None where a weekday has none."""
    ratios: dict[int, list[float]] = defaultdict(list)
    for day, tokens in days.items():
        week = [days.get(day + away) for away in AROUND]
        known = [amount for amount in week if amount is not None]
        if len(known) == len(week) and sum(known) > 0:
            ratios[day.weekday()].append(tokens * len(week) / sum(known))
    return tuple(median(ratios[weekday]) for weekday in range(7)) if len(ratios) == 7 else None


def projected(
    month_days: Sequence[date],
    known: Mapping[date, float],
    index: Sequence[float],
    recent: Mapping[date, float] | None = None,
) -> float | None:
    """The month's total: its *known* days, and every other one at level x index of its weekday [fc-04].

    The level is tokens over indices of *recent*, by default of the month's own known days. None without a level.
    """
    recent = known if recent is None else recent
    indices = sum(index[day.weekday()] for day in recent)
    if not indices:
        return None
    level = sum(recent.values()) / indices
    return sum(known.values()) + sum(level * index[day.weekday()] for day in month_days if day not in known)


def run_rate(months: Sequence[WorkloadUsage], until: datetime) -> RunRate | None:
    """The expected total of the last of *months*, which is running; the earlier ones show its days of the week.

    A day that is not over at *until* is left out, since its tokens are a part of it. A day that is missing counts at
    its expected level, never as nothing. None where no complete day is known.
    """
    usage = months[-1]
    open_days = daily(usage)
    if open_days is None:
        return None
    today = until.astimezone(UTC).date()
    before = {day: tokens for month in months[:-1] for day, tokens in (daily(month) or {}).items()}
    known = {day: tokens for day, tokens in open_days.items() if day < today}
    history = {day: tokens for day, tokens in (before | known).items() if today - INDEXED <= day}
    index = week_index(history)
    recent = {day: tokens for day, tokens in history.items() if today - LEVEL <= day}
    total = projected(
        usage.month.days(),
        known,
        index or (1.0,) * 7,
        recent if any(day in before for day in history) else None,
    )
    if not known or total is None:
        return None
    last = months[-2] if len(months) > 1 else None
    closed = last is not None and last.closed and last.month == usage.month.plus(-1)
    return RunRate(
        month=usage.month,
        tokens=total,
        tokens_so_far=sum(known.values()),
        complete_days=len(known),
        by_day_of_week=index is not None,
        last_month_tokens=float(last.tokens.total) if last and closed else None,
    )
