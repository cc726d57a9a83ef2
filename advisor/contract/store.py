"""What a store promises: facts that can be re-read any number of times, decisions, and an outbox that sends once."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass
from datetime import date, datetime
from enum import StrEnum
from typing import Any, Protocol

from advisor.contract.period import Period, PeriodClaim, PeriodState
from advisor.domain.answers import Answer
from advisor.domain.facts import CostFact, Pull, PullStatus
from advisor.domain.report import Message, Receipt
from advisor.domain.units import Month, Window
from advisor.domain.usage import UsageSeries


@dataclass(frozen=True, slots=True, kw_only=True)
class Replaced:
    """What storing a pull changed, in rows of usage and cost together."""

    added: int
    changed: int
    removed: int
    unchanged: int


@dataclass(frozen=True, slots=True, kw_only=True)
class PullRecord:
    """The last read of a source, as stored."""

    source: str
    kind: str
    window: Window
    pulled_at: datetime
    status: PullStatus
    complete_through: datetime | None
    rows: int
    rejected: int
    problems: tuple[str, ...]
    warnings: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Coverage:
    """The days a source speaks for."""

    usage_days: frozenset[date]
    cost_days: frozenset[date]


@dataclass(frozen=True, slots=True, kw_only=True)
class Decision:
    """A closed month's verdict on one workload, with a digest and the values of what it assumed."""

    month: Month
    workload: str
    state: str
    reason: str
    digest: str
    assumed: Mapping[str, Any]
    decided_at: datetime


class Delivery(StrEnum):
    """Where a message stands."""

    PENDING = "pending"
    SENDING = "sending"
    SENT = "sent"
    UNKNOWN = "unknown"  # sent, answer lost; not sent again before it was looked up
    HELD = "held"  # may or may not have arrived, and nothing proves either: a person has to look
    DEAD = "dead"  # refused for good
    STANDBY = "standby"  # waits for the message that it stands in for to fail
    SPARED = "spared"  # that message arrived


@dataclass(frozen=True, slots=True, kw_only=True)
class Outgoing:
    """A message in the outbox. `attempts` numbers the last attempt: no outcome of an earlier one is taken any more."""

    id: int
    message: Message
    state: Delivery
    attempts: int
    last_error: str
    receipt: Receipt | None
    enqueued_at: datetime
    claimed_at: datetime | None = None  # of the last attempt
    not_before: datetime | None = None  # of the next one


class Store(Protocol):
    """Facts, decisions and the outbox. Every method is one transaction."""

    def replace(self, pull: Pull) -> Replaced:
        """Store a pull: facts are replaced by (source, scope, bucket), so that any re-read is idempotent.

        With status OK, stored buckets of the source inside the pull's window that the pull does not hold vanish, and
        so does their coverage. A PARTIAL pull replaces only what it holds; a FAILED one only records that it failed.
        A changed or vanished bucket keeps its former values in the history, with the time they were replaced.
        Raises StorageError where a count does not fit 63 bits.
        """

    def usage(self, window: Window) -> list[UsageSeries]:
        """All stored buckets that start inside *window*, one series for each source, provider, model, tier, width."""

    def costs(self, window: Window) -> list[CostFact]:
        """All stored charges whose period starts inside *window*, `source` filled in."""

    def coverage(self, window: Window) -> dict[str, Coverage]:
        """For each source, the days inside *window* that it speaks for."""

    def pulls(self, status: PullStatus | None = None) -> dict[str, PullRecord]:
        """The last pull of each source; of those that ended with *status*, where one is given."""

    def months(self) -> tuple[Month, ...]:
        """Every month that holds usage, oldest first."""

    def decide(
        self,
        decisions: Sequence[Decision],
        messages: Sequence[Message],
        at: datetime,
        *,
        done: Mapping[PeriodClaim, str] | None = None,
    ) -> int:
        """Record decisions and enqueue messages in one transaction; a message that stands in for another is on STANDBY.

        A decision that says the same as the last one on its month and workload is not a revision, and is dropped. So
        is a message whose dedup key exists, unless that one is DEAD: it never arrived, so it is replaced and sent.
        The periods *done* are DONE with their notes in the same transaction. Raises LeaseLostError, and records
        nothing, where one of them was taken over. Returns how many messages are new.
        """

    def decisions(self, workload: str = "", *, standing: bool = False) -> list[Decision]:
        """Recorded decisions, newest first: all revisions, or the *standing* one on each month and workload."""

    def answer(self, answer: Answer) -> None:
        """Keep an answer to a recommendation. Answers are only ever added."""

    def answers(self, workload: str = "") -> list[Answer]:
        """The answers kept, of one workload or of all, in the order in which they were given."""

    def outbox(self, *states: Delivery) -> list[Outgoing]:
        """Messages in any of *states* (all, if none is given), oldest first."""

    def claim(self, outgoing_id: int, at: datetime) -> int:
        """Take a pending message for sending: the number of this attempt, 0 if somebody else has it."""

    def settle(
        self,
        outgoing_id: int,
        attempt: int,
        state: Delivery,
        at: datetime,
        *,
        error: str = "",
        receipt: Receipt | None = None,
        not_before: datetime | None = None,
    ) -> bool:
        """Record what became of a claimed message. PENDING gives it back for another attempt, not before that time.

        What stands in for it is then PENDING if it is DEAD or HELD, and SPARED if it is SENT. Returns False, and
        changes nothing, unless the message is SENDING, or UNKNOWN and now known, and *attempt* is its last one:
        whoever woke late has no say.
        """

    def periods(self, job: str = "") -> list[Period]:
        """What unattended runs owe and have done, of one job or of all, by job and key."""

    def begin_periods(self, job: str, key: str, at: datetime, why: str) -> bool:
        """Give a job its first period, SKIPPED with *why* as its note; False, and nothing, where it has one."""

    def claim_period(self, job: str, key: str, owner: str, at: datetime, until: datetime) -> PeriodClaim | None:
        """Take a period whose time has come, until then; None where another run has it, or it is DONE or SKIPPED.

        A period that is not there yet is added. A lease that is over can be taken over, and so can one that ends after
        *until*: it was taken by a clock that has been set back since.
        """

    def renew_period(self, held: PeriodClaim, until: datetime) -> bool:
        """Keep a claimed period until then; False where it was taken over."""

    def settle_period(
        self,
        held: PeriodClaim,
        state: PeriodState,
        at: datetime,
        *,
        error: str = "",
        note: str = "",
        not_before: datetime | None = None,
    ) -> bool:
        """Record what became of a claimed period. WAITING gives it back for another attempt, not before that time.

        Returns False, and changes nothing, where it was taken over.
        """

    def snapshot(self) -> AbstractContextManager[Store]:
        """A view in which every read sees the same state, however long it lasts."""

    def close(self) -> None:
        """Release files and connections."""
