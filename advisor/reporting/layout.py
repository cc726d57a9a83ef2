"""Text in terminal cells: what fits a column, and paragraphs at most 100 cells wide, whatever the names in them."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence

from rich.cells import cell_len, set_cell_size

WIDTH = 100
GAP = 2
BREAK = re.compile(r" (?!%|x )")
"""Where a line may break: not within `70 %` or `5 x`."""


def fitted(text: str, width: int, *, right: bool = False) -> str:
    """*text* in exactly *width* cells; the middle of what is longer becomes `…`."""
    size = cell_len(text)
    if size <= width:
        space = " " * (width - size)
        return space + text if right else text + space
    tail = (width - 1) // 3
    ending = text[len(text) - tail :] if tail else ""
    while cell_len(ending) > tail:
        ending = ending[1:]
    return set_cell_size(text, width - 1 - cell_len(ending)) + "…" + ending


def wrapped(text: str, first: str = "", rest: str | None = None) -> list[str]:
    """*text* broken at spaces into lines of at most WIDTH cells; a longer word is broken where the line ends.

    The first line begins with *first*, the others with *rest*, which defaults to as much space.
    """
    rest = " " * cell_len(first) if rest is None else rest
    lines, line, start = [], "", first
    for word in BREAK.split(text):
        if line and cell_len(start) + cell_len(line) + 1 + cell_len(word) > WIDTH:
            lines.append(start + line)
            line, start = "", rest
        line = f"{line} {word}" if line else word
        while cell_len(start) + cell_len(line) > WIDTH:
            head = _beginning(line, WIDTH - cell_len(start))
            lines.append(start + head)
            line, start = line[len(head) :], rest
    return [*lines, start + line]


def _beginning(text: str, width: int) -> str:
    """As much of *text* as *width* cells hold, at least one character."""
    end = min(len(text), max(1, width))
    while end > 1 and cell_len(text[:end]) > width:
        end -= 1
    return text[:end]


def columns(rows: Iterable[Sequence[str]], widths: Sequence[int], right: frozenset[int], indent: str) -> list[str]:
    """Rows of cells as lines; *right* are the columns aligned to their right edge."""
    return [
        (
            indent
            + (" " * GAP).join(
                fitted(cell, width, right=column in right)
                for column, (cell, width) in enumerate(zip(row, widths, strict=True))
            )
        ).rstrip()
        for row in rows
    ]


def natural_widths(rows: Sequence[Sequence[str]]) -> list[int]:
    """The cells that the widest text of each column takes."""
    return [max(map(cell_len, column)) for column in zip(*rows, strict=True)]
