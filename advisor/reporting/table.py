"""A page as text for a terminal, at most 100 columns wide, whatever the names in it."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence

from rich.cells import cell_len, set_cell_size

from advisor.reporting.page import Page, Row

WIDTH = 100
INDENT = "  "
GAP = 2
LABEL = 26
HEADINGS = ("workload", "model", "bill", "tokens", "dedicated¹", "saves", "verdict", "why")
RIGHT_ALIGNED = frozenset({2, 3, 4})
LONGEST = (28, 20, 18, 12, 18, 8, 17)
"""The most cells of each column before *why*."""
NARROWEST_WHY = 18
"""With less than this left beside the figures, every reason goes below its row."""
MOST_LINES_BESIDE = 2
WORD = re.compile(r" (?!%|x )")
"""Where a line may break: not within `70 %` or `5 x`."""


def table(page: Page) -> str:
    """The whole page; ends with a newline."""
    blocks = [
        _wrapped(f"advisor check · {' · '.join(page.title)}", "", INDENT),
        _wrapped(page.headline, INDENT, INDENT),
        list(_grid(page)),
        [line for note in page.footnotes for line in _wrapped(f"{note.mark} {note.text}".strip(), INDENT, INDENT * 2)],
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
            yield from _wrapped(reason, below, below)
    figures, note = _line(total, widths), page.total.note
    if cell_len(figures) + GAP + cell_len(note) <= WIDTH:
        yield f"{figures}{' ' * GAP}{note}".rstrip()
    else:
        yield figures
        yield from _wrapped(note, INDENT, INDENT)


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
    lines = _wrapped(reason, " " * start, " " * start)
    return lines if len(lines) <= MOST_LINES_BESIDE else []


def _cells(row: Row) -> tuple[str, ...]:
    return (row.name, row.model, row.bill, row.tokens, row.dedicated, row.saves, row.state.value)


def _line(cells: Sequence[str], widths: Sequence[int]) -> str:
    shaped = [
        _fitted(cell, width, right=column in RIGHT_ALIGNED)
        for column, (cell, width) in enumerate(zip(cells, widths, strict=False))
    ]
    return (INDENT + (" " * GAP).join([*shaped, *cells[len(widths) :]])).rstrip()


def _fitted(text: str, width: int, *, right: bool = False) -> str:
    """*text* in exactly *width* cells; the middle of what is longer becomes `…`."""
    size = cell_len(text)
    if size <= width:
        space = " " * (width - size)
        return space + text if right else text + space
    tail = (width - 1) // 3
    ending = _last_cells(text, tail)
    return set_cell_size(text, width - 1 - cell_len(ending)) + "…" + ending


def _last_cells(text: str, width: int) -> str:
    ending = text[len(text) - width :] if width else ""
    while cell_len(ending) > width:
        ending = ending[1:]
    return ending


def _labelled(label: str, items: Iterable[str]) -> Iterator[str]:
    """A label on the left, its items on the right, each beginning on a line of its own."""
    first = INDENT + _fitted(label, LABEL - GAP) + " " * GAP
    for item in items:
        yield from _wrapped(item, first, " " * len(first), hanging=INDENT)
        first = " " * len(first)


def _wrapped(text: str, first: str, rest: str, *, hanging: str = "") -> list[str]:
    """*text* broken at spaces into lines of at most WIDTH cells; a longer word is broken where the line ends."""
    lines, line, start = [], "", first
    for word in WORD.split(text):
        if line and cell_len(start) + cell_len(line) + 1 + cell_len(word) > WIDTH:
            lines.append(start + line)
            line, start = "", rest + hanging
        line = f"{line} {word}" if line else word
        while cell_len(start) + cell_len(line) > WIDTH:
            head = _first_cells(line, WIDTH - cell_len(start))
            lines.append(start + head)
            line, start = line[len(head) :], rest + hanging
    return [*lines, start + line]


def _first_cells(text: str, width: int) -> str:
    """As much of the beginning of *text* as *width* cells hold, at least one character."""
    end = min(len(text), width)
    while end > 1 and cell_len(text[:end]) > width:
        end -= 1
    return text[:end]
