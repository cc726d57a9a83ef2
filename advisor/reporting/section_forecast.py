"""Where each workload's volume is heading, in words: the month in which its fleet would pay, and how likely that is."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from advisor.domain.forecast import Forecast, RunRate
from advisor.domain.units import rounded_down
from advisor.domain.verdict import Verdict
from advisor.reporting import words

EARLY_DAYS = 5
"""Before so many complete days a month's run-rate errs as much as last month's figure, which stands beside it."""


def forecasts(verdicts: Iterable[Verdict]) -> Iterator[str]:
    """One line for each workload of which something can be said."""
    for verdict in verdicts:
        if verdict.forecast is not None:
            name = words.name(verdict.usage.workload.name)
            yield from (words.plain(f"{name}: {line}") for line in _lines(verdict.forecast))


def _lines(found: Forecast) -> Iterator[str]:
    if found.run_rate:
        yield run_rate(found.run_rate)
    if not found.points:
        yield found.method
        return
    yield f"{volume(found)}; {crossing(found)}"


def volume(found: Forecast) -> str:
    """The volume six months on, or as far as it goes, with its interval."""
    point = found.points[min(5, len(found.points) - 1)]
    shift = f", its level shifted in {found.level_shift.title}" if found.level_shift else ""
    return (
        f"{words.tokens(point.tokens)} tokens in {point.month.title}, 8 in 10 between {words.tokens(point.low)} and "
        f"{words.tokens(point.high)}{shift}"
    )


def crossing(found: Forecast) -> str:
    """When the savings gates are met, at the prices and the mix of now."""
    if found.crossed:
        return "the savings gates are met already"
    if found.probability_within_6_months is None:
        return "when the savings gates would be met cannot be said"
    if found.crossing_tokens is None:
        return "no volume in reach meets the savings gates at today's prices"
    needed = f"the savings gates need {words.tokens(found.crossing_tokens)} a month"
    likely = f"P within 6 months {rounded_down(found.probability_within_6_months, 2):.2f}"
    if found.crossing_month is None:
        return f"{needed}: not reached within 18 months by half of the paths, {likely}"
    ends = [month.title if month else "beyond 18 months" for month in (found.crossing_from, found.crossing_to)]
    return f"{needed}: reached by {found.crossing_month.title} (8 in 10: {ends[0]} to {ends[1]}), {likely}"


def run_rate(found: RunRate) -> str:
    """What a running month comes to."""
    how = "by day of week" if found.by_day_of_week else "at the recent level"
    said = (
        f"{found.month.title} runs at {words.tokens(found.tokens)} tokens {how}, from "
        f"{words.counted(found.complete_days, 'complete day')}"
    )
    if found.complete_days < EARLY_DAYS and found.last_month_tokens is not None:
        said += f"; last month had {words.tokens(found.last_month_tokens)}"
    return said
