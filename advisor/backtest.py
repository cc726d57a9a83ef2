"""Replays the stored months as if each were the present: what would have been advised, and what it would have cost."""

from __future__ import annotations

from collections import defaultdict
from typing import TYPE_CHECKING

from advisor.desk import Desk, open_book, scales_for, warning
from advisor.domain.backtest import Backtest, Replay
from advisor.domain.units import Money, Month, Window
from advisor.errors import UsageError

if TYPE_CHECKING:
    from advisor.decision.backtest import Judged


def backtest(desk: Desk, first: Month | None = None, last: Month | None = None) -> Backtest:
    """Replay the stored months from *first*, by default all, to *last*, by default the last full one.

    Every month is weighed under this run's configuration, offers and throughput, at its own token prices and exchange
    rates, and judged from the months up to it alone, those before *first* among them. The facts are those stored now:
    what a source corrected since is in them. Raises UsageError where no month lies between, or one has not begun.
    """
    from advisor.decision.backtest import replay

    config, last = desk.config, last or desk.last_full_month
    if last > Month.of(desk.now):
        raise UsageError(f"{last} has not begun", f"the last full month is {desk.last_full_month}")
    with desk.store.snapshot() as store:
        book = open_book(desk, store)
    if first and last < first:
        raise UsageError(f"there is no month from {first} to {last}", "--to is the last month replayed")
    stored = min((*book.months()[:1], last))
    first = max(first or stored, stored)
    past: dict[str, list[Judged]] = defaultdict(list)
    issues = [warning(note) for note in config.not_yet()]
    for month in book.months_until(last):
        scales, left_out = scales_for(desk, month)
        for weighed in scales.weigh(book.usage(month), shown=False):
            past[weighed.usage.workload.name].append(weighed)
        if month >= first:
            issues += [*book.issues(month), *left_out]
    migration = Money(config.fleet.overheads.migration_total, config.advisor.currency)
    found = (
        replay(history, first=first, last=last, policy=config.policy, team=config.team, migration=migration)
        for history in past.values()
    )
    return Backtest(
        first=first,
        last=last,
        generated_at=desk.now,
        currency=config.advisor.currency,
        migration=migration,
        months_in_a_row=config.policy.months_in_a_row,
        replays=tuple(sorted((one for one in found if one), key=_dearest_first)),
        sources=book.sources(Window(first.start, last.end)),
        issues=tuple(dict.fromkeys(issues)),
    )


def _dearest_first(one: Replay) -> tuple[bool, Money | int, str]:
    return (one.courses is None, -one.courses.serverless if one.courses else 0, one.workload)
