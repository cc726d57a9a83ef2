"""Which days are known, whether a month is closed, and how the sources did."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import UTC, date, datetime, timedelta

import numpy as np

from advisor.contract.store import Coverage, PullRecord
from advisor.domain.facts import PullStatus
from advisor.domain.units import Month, Window
from advisor.domain.usage import SourceReport
from advisor.ingest.charges import Charge
from advisor.ingest.totals import Mask

MISSING_DAYS_ALLOWED = 2
FINAL_AFTER = timedelta(days=3)
DAYS_NAMED = 3
WORST_FIRST = (PullStatus.FAILED, PullStatus.PARTIAL, PullStatus.OK)


def mask(days: Iterable[date], month: Month) -> Mask:
    """Which days of the month are among *days*; shape (days of the month,)."""
    within = np.zeros(month.day_count, np.bool_)
    within[[day.day - 1 for day in days if (day.year, day.month) == (month.year, month.month)]] = True
    return within


def left_out(known: Mask, month: Month) -> tuple[date, ...]:
    """The days of the month that are not known."""
    return tuple(date(month.year, month.month, int(index) + 1) for index in np.flatnonzero(~known))


def why_open(
    month: Month, now: datetime, *, tokens: Mask, money: Mask, charges: Sequence[Charge], awaited: str = ""
) -> str:
    """Why a month does not count yet, in words, or an empty text where it is closed.

    It is closed once it is over, tokens and billed money are missing on at most 2 days each, and every billed amount
    is final: said to be so, or, where the source does not say, 3 days after the month's end (design: month).
    *awaited* names a source that billed this traffic in an earlier month and not in this one.
    """
    if now < month.end:
        return "the month is not over"
    reasons = [
        f"{what} missing on {len(days)} of {month.day_count} days: {_named(days)}"
        for what, known in (("tokens are", tokens), ("billed money is", money))
        if len(days := left_out(known, month)) > MISSING_DAYS_ALLOWED
    ]
    if awaited:
        reasons.append(f"{awaited!r} has no charge for it yet, as it had for an earlier month")
    said = [charge.fact.final for charge in charges if charge.billed]
    if False in said:
        reasons.append("the invoice is not final yet")
    elif None in said and now < month.end + FINAL_AFTER:
        reasons.append(f"the invoice is final on {(month.end + FINAL_AFTER).date()}")
    return "; ".join(reasons)


def _named(days: Sequence[date]) -> str:
    return ", ".join([*map(str, days[:DAYS_NAMED]), *(["..."] if len(days) > DAYS_NAMED else [])])


def worst(statuses: Iterable[PullStatus]) -> PullStatus:
    return min(statuses, key=WORST_FIRST.index, default=PullStatus.OK)


def status_of(source: str, pulls: Mapping[str, PullRecord]) -> PullStatus:
    """How the last read of a source went; one that was never read has failed."""
    return pulls[source].status if source in pulls else PullStatus.FAILED


def source_reports(
    names: Iterable[str],
    window: Window,
    coverage: Mapping[str, Coverage],
    pulls: Mapping[str, PullRecord],
    now: datetime,
    notes: Mapping[str, Sequence[str]] | None = None,
) -> tuple[SourceReport, ...]:
    """How each source's last read went, and which full days of the window it does not speak for.

    The days are those of usage, or of costs for a source that has only money. *notes* adds warnings by source.
    """
    today = now.astimezone(UTC).date()
    full = [day for day in window.days() if day < today]
    reports = []
    for name in sorted(set(names)):
        known = coverage.get(name, Coverage(usage_days=frozenset(), cost_days=frozenset()))
        days = known.usage_days or known.cost_days
        pull = pulls.get(name)
        warnings = pull.warnings if pull else ("it was never read: run without --no-sync",)
        reports.append(
            SourceReport(
                name=name,
                kind=pull.kind if pull else "",
                status=status_of(name, pulls),
                complete_through=pull.complete_through if pull else None,
                missing_days=tuple(day for day in full if day not in days),
                rows=pull.rows if pull else 0,
                rejected=pull.rejected if pull else 0,
                problems=pull.problems if pull else (),
                warnings=(*warnings, *(notes or {}).get(name, ())),
            )
        )
    return tuple(reports)
