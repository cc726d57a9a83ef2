"""Which window of a source is read: everything once, and from then on what is new or may still have changed."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from advisor.contract.source import Source
from advisor.contract.store import PullRecord
from advisor.domain.units import Month, Window

FIRST_READ_MONTHS = 13
TOKENS_SETTLE = timedelta(hours=3)
MONEY_SETTLES = timedelta(days=3)
INVOICE_SETTLES = timedelta(days=10)  # after the end of its month
ONE_DAY = timedelta(days=1)


def window_for(source: Source, last: PullRecord | None, asked_from: datetime | None, now: datetime) -> Window:
    """The half-open window of whole UTC days, today among them, that a read at *now* covers.

    *last* is the last read of this source that was OK: after one that was partial or failed, all that is new since
    the last good one is read again. *asked_from* reaches further back, never less far.

    Files are read from 13 months ago. So is an API that has no good read yet, or whose kind has changed; afterwards it
    is read from where the last good read was complete, less what its `restates` says. A setting that widens what a
    source sees, such as a further project, does not show in what is stored: ask for the months before it once.
    """
    start = Month.of(now).plus(-FIRST_READ_MONTHS).start
    if source.incremental and last and last.complete_through and last.kind == source.kind:
        start = max(start, _resumed(source, last.complete_through, last.pulled_at, now))
    if asked_from:
        start = min(start, asked_from)
    if source.keeps_days is not None:
        # What the source has forgotten must not look like days that have vanished.
        start = max(start, _midnight(now) - source.keeps_days * ONE_DAY)
    # Whole days, or a day's bucket that starts before the window would be dropped, and its day forgotten.
    return Window(_midnight(start), _midnight(now) + ONE_DAY)


def _resumed(source: Source, complete_through: datetime, pulled_at: datetime, now: datetime) -> datetime:
    """Where the next read of an API starts.

    An invoice is final 10 days after its month. A month that the last good read saw before that is read again as a
    whole once it is over, however long ago that read was.
    """
    if source.restates == "hours":
        return complete_through - TOKENS_SETTLE
    start = complete_through - MONEY_SETTLES
    not_final, this = Month.of(pulled_at - INVOICE_SETTLES), Month.of(now)
    if not_final < this:
        start = min(start, not_final.start)
    return min(start, this.plus(-1).start) if source.restates == "months" else start


def _midnight(moment: datetime) -> datetime:
    return moment.astimezone(UTC).replace(hour=0, minute=0, second=0, microsecond=0)
