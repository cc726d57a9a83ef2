"""A page as text for a terminal, at most 100 columns wide, whatever the names in it."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence

from rich.cells import cell_len

from advisor.reporting.layout import GAP, WIDTH, fitted, wrapped
from advisor.reporting.page import Page, Row

INDENT = "  "
LABEL = 26
HEADINGS = ("workload", "model", "bill", "tokens", "dedicated¹", "saves", "verdict", "why")
RIGHT_ALIGNED = frozenset({2, 3, 4})
LONGEST = (28, 20, 18, 12, 18, 8, 17)
"""The most cells of each column before *why*."""
NARROWEST_WHY = 18
"""With less than this left beside the figures, every reason goes below its row."""
MOST_LINES_BESIDE = 2


def table(page: Page) -> str:
    """The whole page; ends with a newline."""
    blocks = [
        wrapped(f"advisor check · {' · '.join(page.title)}", "", INDENT),
        wrapped(page.headline, INDENT, INDENT),
        list(_grid(page)),
        [line for note in page.footnotes for line in wrapped(f"{note.mark} {note.text}".strip(), INDENT, INDENT * 2)],
        [line for notice in page.issues for line in _labelled(notice.severity.value.capitalize(), [notice.text])],
        [
            line
            for section in page.sections
            for line in _labelled(section.title, [" · ".join(section.items)] if section.short else section.items)
        ],
    ]
    return "\n\n".join("\n".join(lines) for lines in blocks if lines) + "\n"


def _grid(page: Page) -> Iterator[str]:
    """A line a workload, its reason beside it where that takes few lines, else below it; then the total."""
    if not page.rows:
        return
    rows = [_cells(row) for row in page.rows]
    total = ("total", "", page.total.bill, page.total.tokens, "", "", "")
    widths = _widths([HEADINGS[:-1], total, *rows])
    start = len(INDENT) + sum(widths) + GAP * len(widths)
    reasons = [f"{row.why} ({row.change})" if row.change else row.why for row in page.rows]
    beside = [_beside(reason, start) for reason in reasons]
    yield _line(HEADINGS if any(beside) else HEADINGS[:-1], widths)
    for cells, reason, lines in zip(rows, reasons, beside, strict=True):
        if lines:
            yield _line(cells, widths).ljust(start) + lines[0][start:]
            yield from lines[1:]
        else:
            below = " " * (len(INDENT) + widths[0] + GAP)
            yield _line(cells, widths)
            yield from wrapped(reason, below, below)
    figures, note = _line(total, widths), page.total.note
    if cell_len(figures) + GAP + cell_len(note) <= WIDTH:
        yield f"{figures}{' ' * GAP}{note}".rstrip()
    else:
        yield figures
        yield from wrapped(note, INDENT, INDENT)


def _widths(lines: Sequence[Sequence[str]]) -> list[int]:
    """The cells of each column before *why*: as many as needed, names less where the figures leave less."""
    widths = [min(most, max(cell_len(line[column]) for line in lines)) for column, most in enumerate(LONGEST)]
    while len(INDENT) + sum(widths) + GAP * (len(widths) - 1) > WIDTH:
        widths[0 if widths[0] >= widths[1] else 1] -= 1
    return widths


def _beside(reason: str, start: int) -> list[str]:
    """The lines of a reason in the last column; none where it does not fit there."""
    if WIDTH - start < NARROWEST_WHY:
        return []
    lines = wrapped(reason, " " * start, " " * start)
    return lines if len(lines) <= MOST_LINES_BESIDE else []


def _cells(row: Row) -> tuple[str, ...]:
    return (row.name, row.model, row.bill, row.tokens, row.dedicated, row.saves, row.state.value)


def _line(cells: Sequence[str], widths: Sequence[int]) -> str:
    shaped = [
        fitted(cell, width, right=column in RIGHT_ALIGNED)
        for column, (cell, width) in enumerate(zip(cells, widths, strict=False))
    ]
    return (INDENT + (" " * GAP).join([*shaped, *cells[len(widths) :]])).rstrip()


def _labelled(label: str, items: Iterable[str]) -> Iterator[str]:
    """A label on the left, its items on the right, each beginning on a line of its own."""
    first = INDENT + fitted(label, LABEL - GAP) + " " * GAP
    for item in items:
        yield from wrapped(item, first, " " * len(first) + INDENT)
        first = " " * len(first)
