"""Stored months replayed: what was advised in each, what following it cost, and what else could have been done."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from advisor.domain.report import Issue
from advisor.domain.units import Money, Month
from advisor.domain.usage import SourceReport
from advisor.domain.verdict import State, Verdict

DELAY_MONTHS = 1
"""What is advised on a month is followed so many months later, from the first day on; see `decision.backtest`."""


class Place(StrEnum):
    """Where a workload runs in a month."""

    SERVERLESS = "serverless"
    DEDICATED = "dedicated"


@dataclass(frozen=True, slots=True, kw_only=True)
class Costed:
    """What a month costs in each place, over the same days.

    `serverless` is the gross invoice. `dedicated` is the month's chosen plan without its share of the migration, and
    what stays owed of the invoice to commitments.
    """

    serverless: Money
    dedicated: Money

    def at(self, place: Place) -> Money:
        return self.serverless if place is Place.SERVERLESS else self.dedicated


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class ReplayedMonth:
    """One month of one workload as the present, and what it then cost.

    `verdict` is None where the month had none. `cost` is None where the month does not count, for the reason in
    `not_counted`; `hindsight` is None there too. `followed` is where the advice of the months before put it.
    """

    month: Month
    verdict: Verdict | None
    followed: Place
    cost: Costed | None
    hindsight: Place | None = None
    not_counted: str = ""

    @property
    def state(self) -> State | None:
        return self.verdict.state if self.verdict else None


@dataclass(frozen=True, slots=True, kw_only=True)
class Courses:
    """What the counted months cost by each course, every one of which starts on serverless.

    Moving to own GPUs costs the whole one-off at once, each time; going back costs nothing. `hindsight` is the cheapest
    of all sequences of places.
    """

    following: Money
    serverless: Money
    dedicated: Money
    hindsight: Money

    @property
    def saved(self) -> Money:
        """By following the advice instead of staying; negative where it cost more."""
        return self.serverless - self.following

    @property
    def regret(self) -> Money:
        """What hindsight would have saved beside that; never negative."""
        return self.following - self.hindsight


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Replay:
    """One workload's months, oldest first. `courses` is None where no month counts.

    `blocked` are the months in which the team alone stood against a move; `with_team` is what following the advice
    would have cost had it not, None where it never did or nothing counts.
    """

    workload: str
    months: tuple[ReplayedMonth, ...]
    courses: Courses | None
    blocked: tuple[Month, ...] = ()
    with_team: Money | None = None

    @property
    def counted(self) -> tuple[ReplayedMonth, ...]:
        return tuple(one for one in self.months if one.cost is not None)

    @property
    def moves(self) -> tuple[tuple[Month, Place], ...]:
        """The months in which following the advice begins somewhere else."""
        before, found = Place.SERVERLESS, []
        for one in self.months:
            if one.followed is not before:
                found.append((one.month, one.followed))
                before = one.followed
        return tuple(found)

    @property
    def changes(self) -> tuple[ReplayedMonth, ...]:
        """The first month with a verdict, and every later one with another verdict than the one before it."""
        said: State | None = None
        found = []
        for one in self.months:
            if one.state is not None and one.state is not said:
                found.append(one)
                said = one.state
        return tuple(found)


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Backtest:
    """The months *first* to *last* replayed for every workload, dearest bill first.

    `migration` is the one-off of one move, `months_in_a_row` the policy's: the fewest months before a first advice.
    """

    first: Month
    last: Month
    generated_at: datetime
    currency: str
    migration: Money
    months_in_a_row: int
    replays: tuple[Replay, ...]
    sources: tuple[SourceReport, ...]
    issues: tuple[Issue, ...]

    @property
    def compared(self) -> tuple[Replay, ...]:
        """The workloads of which at least one month counts."""
        return tuple(replay for replay in self.replays if replay.courses is not None)

    @property
    def courses(self) -> Courses | None:
        """The sums over the workloads, each as if it moved alone; None where no month of any counts."""
        every = [replay.courses for replay in self.replays if replay.courses is not None]
        if not every:
            return None
        return Courses(
            following=self._sum(every, lambda one: one.following),
            serverless=self._sum(every, lambda one: one.serverless),
            dedicated=self._sum(every, lambda one: one.dedicated),
            hindsight=self._sum(every, lambda one: one.hindsight),
        )

    def _sum(self, every: Iterable[Courses], part: Callable[[Courses], Money]) -> Money:
        return sum(map(part, every), Money.zero(self.currency))
