"""What is worth saying about an export as a whole, though each of its rows is in order."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator

from .dates import names_no_date, span_of
from .files import Table
from .layouts import Layout
from .rows import Reading

DATE_LENGTH = len("2026-10-01")
Held = dict[tuple[str, ...], str]
"""What rows are for (date, model, tier, component), and the first file that holds such a row."""


def remarks(table: Table, name: str, layout: Layout, reading: Reading, held: Held) -> Iterator[str]:
    """Sentences on the file *name*, after which *held* knows its rows too."""
    left_out = Counter(row[next(iter(layout.only))] or "no type" for row in table.cells() if not layout.counts(row))
    if left_out:
        kinds = ", ".join(f"{count} {kind}" for kind, count in left_out.most_common(3))
        yield f"{name}: {left_out.total()} rows are left out, they are no tokens of serverless text ({kinds})"
    if reading.period == "day" and not layout.until and _only_firsts(table, layout, reading):
        yield f'{name}: every row is on the first of a month: set period = "month" if each covers its month'
    yield from _held_before(table, name, layout, held)


def _only_firsts(table: Table, layout: Layout, reading: Reading) -> bool:
    texts = {row[layout.date] for row in table.cells() if not names_no_date(row[layout.date])}
    try:
        starts = {span_of(text, reading.period, reading.date_format)[0] for text in texts}
    except ValueError:
        return False
    return len(starts) > 1 and all(start.day == 1 for start in starts)


def _held_before(table: Table, name: str, layout: Layout, held: Held) -> Iterator[str]:
    """Say it where another file has rows of the same days and models: exports of the last 30 days overlap."""
    same: dict[tuple[str, ...], str] = {}
    mine: set[tuple[str, ...]] = set()
    for row in table.cells():
        if names_no_date(row[layout.date]):
            continue
        # Events have a stamp of their own; whether two exports overlap shows in their days.
        date = row[layout.date][:DATE_LENGTH] if layout.until else row[layout.date]
        key: tuple[str, ...] = (
            layout.model,
            date,
            row[layout.model],
            row.get(layout.tier, ""),
            row.get(layout.component, ""),
        )
        mine.add(key)
        if key in held:
            same.setdefault(key, held[key])
    for key in mine:
        held.setdefault(key, name)
    if same:
        (_, date, model, *_), other = next(iter(same.items()))
        yield (
            f"{name} and {other} both have rows for {date} {model} and {len(same) - 1} more: they are added up; "
            "if the exports overlap, keep one of them"
        )
