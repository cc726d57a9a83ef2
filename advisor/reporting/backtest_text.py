"""A replay for people: one sentence, a line a workload, a line a change of advice; and its months as CSV."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from advisor.domain.backtest import Backtest, Courses, Replay
from advisor.reporting import words
from advisor.reporting.backtest_words import assumptions, followed, headline, not_counted
from advisor.reporting.layout import GAP, WIDTH, columns, fitted, natural_widths, wrapped
from advisor.reporting.listing import Column, Listing, rendered

INDENT = "  "
LABEL = 13
HEADINGS = ("workload", "months", "serverless", "dedicated", "followed", "hindsight", "saved", "regret")
RIGHT = frozenset(range(1, len(HEADINGS)))
LONGEST_NAME = 28
NARROWEST_NAME = 8


def backtest_table(found: Backtest) -> str:
    """The whole page, at most 100 columns wide; ends with a newline."""
    title = f"advisor backtest · {found.first} to {found.last} · {words.counted(len(found.replays), 'workload')}"
    blocks = [
        wrapped(title, "", INDENT),
        wrapped(headline(found), INDENT, INDENT),
        _grid(found),
        _advice(found.replays),
        _labelled("Followed", [f"{_name(one)}: {text}" for one in found.compared if (text := followed(one))]),
        _labelled("Not counted", [line for one in found.replays for line in _left_out(one)]),
        _labelled("Warning", [words.brief(f"{issue.source}: {issue.message}".lstrip(": ")) for issue in found.issues]),
        _labelled("Assumed", assumptions(found)),
    ]
    return "\n\n".join("\n".join(lines) for lines in blocks if lines) + "\n"


def backtest_csv(found: Backtest) -> str:
    """A row for each workload and month; empty where nothing is known, never 0."""
    keys = ("workload", "month", "verdict", "followed", "hindsight", "serverless", "dedicated", "not_counted")
    rows = [
        {
            "workload": replay.workload,
            "month": str(one.month),
            "verdict": one.state.value if one.state else None,
            "followed": one.followed.value,
            "hindsight": one.hindsight.value if one.hindsight else None,
            "serverless": one.cost.serverless if one.cost else None,
            "dedicated": one.cost.dedicated if one.cost else None,
            "not_counted": one.not_counted or None,
        }
        for replay in found.replays
        for one in replay.months
    ]
    listing = Listing(name="months", schema="", columns=tuple(Column(key=key) for key in keys), rows=rows)
    return rendered(listing, "csv")


def _grid(found: Backtest) -> list[str]:
    """What the counted months of each workload cost by each course, and their sums."""
    if found.courses is None:
        return []
    rows = [
        (_name(one), words.of(len(one.counted), len(one.months)), *_figures(one.courses))
        for one in found.compared
        if one.courses
    ]
    lines = [HEADINGS, *rows, ("total", "", *_figures(found.courses))] if len(rows) > 1 else [HEADINGS, *rows]
    widths = natural_widths(lines)
    excess = max(0, len(INDENT) + sum(widths) + GAP * (len(widths) - 1) - WIDTH)
    widths[0] = max(NARROWEST_NAME, min(LONGEST_NAME, widths[0] - excess))
    return columns(lines, widths, RIGHT, INDENT)


def _figures(courses: Courses) -> tuple[str, ...]:
    amounts = (courses.serverless, courses.dedicated, courses.following, courses.hindsight)
    return tuple(map(words.money, (*amounts, courses.saved, courses.regret)))


def _advice(replays: Sequence[Replay]) -> list[str]:
    """Each change of a verdict, with the month it was said on and why."""
    changes = [(replay, one, one.verdict) for replay in replays for one in replay.changes if one.verdict]
    if not changes:
        return []
    heads = [(str(one.month), _name(replay), verdict.state.value) for replay, one, verdict in changes]
    widths = [min(LONGEST_NAME, width) for width in natural_widths(heads)]
    lines = [f"{INDENT}Advice, where it changed"]
    for head, (_, _, verdict) in zip(heads, changes, strict=True):
        cells = (" " * GAP).join(fitted(cell, width) for cell, width in zip(head, widths, strict=True))
        lines += wrapped(words.plain(verdict.reason_text), INDENT * 2 + cells + " " * GAP)
    return lines


def _left_out(replay: Replay) -> Iterator[str]:
    for span, reason in not_counted(replay):
        yield words.brief(f"{_name(replay)} {span}: {reason}")


def _labelled(label: str, items: Sequence[str]) -> list[str]:
    """A label on the left, its items on the right, each beginning on a line of its own."""
    lines: list[str] = []
    for item in items:
        first = INDENT + fitted("" if lines else label, LABEL)
        lines += wrapped(item, first, " " * len(first) + INDENT)
    return lines


def _name(replay: Replay) -> str:
    return words.name(replay.workload)
