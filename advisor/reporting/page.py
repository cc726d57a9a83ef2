"""The neutral value behind every format: what is said, in words and formatted figures, not yet shaped."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from advisor.domain.report import Severity
from advisor.domain.verdict import State

SectionKey = Literal[
    "corrected",
    "changed",
    "own",
    "elsewhere",
    "together",
    "forecast",
    "flips",
    "sure",
    "plans",
    "assumed",
    "data",
    "next",
]
ATTENTION = (State.SWITCH, State.RETURN, State.SWITCH_BLOCKED, State.WATCH, State.INSUFFICIENT_DATA)
"""States that ask something of the reader. INELIGIBLE may, but nothing is lost by waiting."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """One workload. Every text is on one line and free of control characters; `-` stands where nothing is known.

    `bill` begins with `~` where it is not billed but estimated or allocated. `dedicated` is the cheapest realistic
    plan's month, `saves` its share of the bill or `no`. `change` is `was WATCH` where the last month's verdict was
    another. `fleet` describes that plan with the sources of its price and throughput, `confidence` how sure the
    comparison is, `flips` what would turn it; empty where nothing was compared. `next_action` is empty for STAY only.
    """

    name: str
    model: str
    bill: str
    tokens: str
    dedicated: str
    saves: str
    state: State
    change: str
    leaning: str
    why: str
    next_action: str
    savings: str
    equivalent: str
    not_buyable: str
    fleet: str
    confidence: str
    flips: tuple[str, ...]

    @property
    def asks(self) -> bool:
        """Whether the reader has something to do or to watch."""
        return self.state in ATTENTION


@dataclass(frozen=True, slots=True, kw_only=True)
class Total:
    """The last line: known bills and tokens added up, and what share of the bill could run on open weights."""

    bill: str
    tokens: str
    note: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Footnote:
    """`mark` is what refers to it in the table: `¹` at *dedicated*, `~` at a bill; empty for a note on all of it."""

    text: str
    mark: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Section:
    """Something said below the table; `short` items may share a line. A section without items is left out."""

    key: SectionKey
    title: str
    items: tuple[str, ...]
    short: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Notice:
    """Something the reader has to know about the answer."""

    severity: Severity
    text: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Page:
    """One month's answer, said once for all formats.

    `title` are the parts of the first line, the month first. `sentences` make the headline; the first says what to do.
    `provisional` says that the month is not closed for every workload.
    """

    month: str
    title: tuple[str, ...]
    sentences: tuple[str, ...]
    provisional: bool
    rows: tuple[Row, ...]
    total: Total
    footnotes: tuple[Footnote, ...]
    sections: tuple[Section, ...]
    issues: tuple[Notice, ...]
    generated: str

    @property
    def headline(self) -> str:
        return " ".join(self.sentences)

    def section(self, key: SectionKey) -> Section | None:
        """One of the sections, None where it has nothing to say."""
        return next((section for section in self.sections if section.key == key), None)
