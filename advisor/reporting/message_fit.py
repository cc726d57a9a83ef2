"""What of a page fits into a message: the most urgent first; whatever is left out is counted where people see it."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from html import escape
from itertools import accumulate

from advisor.contract.slack_limits import length
from advisor.reporting import words
from advisor.reporting.page import ATTENTION, Page, Row

LONGEST_NAME = 80
LONGEST_TEXT = 300
MARKUP = 4  # characters that Slack's markup adds to a label and a text
MARKUP_IN_HTML = 12  # bytes


@dataclass(frozen=True, slots=True, kw_only=True)
class Card:
    """A workload that asks something of the reader: what, why, and the figures behind it as labels and values."""

    title: str
    why: str
    figures: tuple[tuple[str, str], ...]
    flips: str

    @property
    def facts(self) -> tuple[tuple[str, str], ...]:
        """The figures, and what would turn them."""
        return (*self.figures, ("What would flip it", self.flips)) if self.flips else self.figures

    @property
    def size(self) -> int:
        facts = sum(length(name) + length(value) + MARKUP for name, value in self.facts)
        return length(self.title) + length(self.why) + MARKUP + facts


def cards(page: Page, most: int, room: int) -> tuple[list[Card], list[Row]]:
    """A card for each workload that asks something, the most urgent first, and the rows that have none.

    At most *most* cards of at most *room* characters together; the first is always there.
    """
    asking = sorted((row for row in page.rows if row.asks), key=lambda row: ATTENTION.index(row.state))
    made: list[Card] = []
    for row in asking[:most]:
        made.append(_card(row))
        room -= made[-1].size
        if room < 0 and len(made) > 1:
            made.pop()
            break
    return made, [*asking[len(made) :], *(row for row in page.rows if not row.asks)]


def _card(row: Row) -> Card:
    bill = "not known," if row.bill == words.UNKNOWN else row.bill
    figures = [("Bill", f"{bill} for {row.tokens} tokens of {row.model}")]
    if not row.fleet and row.dedicated != words.UNKNOWN:
        figures += [("Own GPUs", f"{row.dedicated} all in")]
    if row.fleet:
        figures += [
            ("Own GPUs", f"{row.dedicated} all in¹; {row.equivalent} by the utilization rule, a lower bound"),
            ("Saves", "no, they cost more" if row.saves == "no" else f"{row.savings} a month ({row.saves})"),
            ("How sure", row.confidence),
        ]
    change = f" ({row.change})" if row.change else ""
    return Card(
        title=f"{cut(row.name, LONGEST_NAME)}: {row.state.value}{change}",
        why=cut(row.why, LONGEST_TEXT),
        figures=tuple((name, cut(value, LONGEST_TEXT)) for name, value in figures),
        flips=cut("; ".join(row.flips), LONGEST_TEXT),
    )


def line(row: Row) -> str:
    """A workload without a card, on one line."""
    spent = f"bill {row.bill}" + ("" if row.dedicated == words.UNKNOWN else f", own GPUs {row.dedicated}")
    return f"{cut(row.name, LONGEST_NAME)}: {row.state.value}, {spent}; {cut(row.why, LONGEST_TEXT // 2)}"


def total(page: Page) -> str:
    """The bills and tokens added up; empty where there is no workload."""
    said = f"bill {page.total.bill}, {page.total.tokens} tokens{'; ' if page.total.note else ''}{page.total.note}"
    return said if page.rows else ""


def where(page: Page) -> str:
    """The command that shows what a message leaves out."""
    return f"advisor check --month {page.month}"


def cut(text: str, limit: int) -> str:
    """*text* in at most *limit* characters as Slack counts them, with `…` where something was left out."""
    short, keep = text, limit
    while (over := length(short) - limit) > 0:
        short = words.shorten(text, keep)
        keep -= max(1, over // 2)
    return short


def fitted(lines: Iterable[str], limit: int, elsewhere: str, between: str = "\n") -> str:
    """As many of *lines* as fit into *limit* characters, then `and 34 more: advisor check --month 2026-10`."""
    texts = [cut(text, limit // 2) for text in lines]
    if length(whole := between.join(texts)) <= limit:
        return whole
    room = limit - length(_more(len(texts), elsewhere))
    shown = sum(end <= room for end in accumulate(length(text) + len(between) for text in texts))
    return between.join([*texts[:shown], _more(len(texts) - shown, elsewhere)])


def first(lines: Sequence[str], room: int, elsewhere: str) -> list[str]:
    """As many of *lines* as fit into *room* bytes of HTML, then a line that says how many more there are, and where."""
    sizes = accumulate(len(escape(text).encode()) + MARKUP_IN_HTML for text in lines)
    shown = sum(size <= room for size in sizes)
    return [*lines[:shown], *([_more(len(lines) - shown, elsewhere)] if shown < len(lines) else [])]


def _more(count: int, elsewhere: str) -> str:
    return f"and {count:,} more: {elsewhere}"
