"""The store on SQLite: each method is one transaction on one file."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import datetime

from advisor.contract.period import Period, PeriodClaim, PeriodState
from advisor.contract.store import Coverage, Decision, Delivery, Outgoing, PullRecord, Replaced, Store
from advisor.domain.answers import Answer
from advisor.domain.facts import CostFact, Pull, PullStatus
from advisor.domain.report import Message, Receipt
from advisor.domain.units import Month, Window
from advisor.domain.usage import UsageSeries
from advisor.storage import answers, facts, ledger, periods, reads
from advisor.storage.database import BUSY_TIMEOUT_MS, Database, Transactions, create, path_of
from advisor.storage.migrate import to_head


def open_store(url: str, *, busy_timeout_ms: int = BUSY_TIMEOUT_MS) -> Store:
    """Open, and where needed create or migrate, the store at *url*: a path or `sqlite:///path`.

    A transaction waits *busy_timeout_ms* for those of other programs. Raises StorageError with what to do where the
    file cannot be used.
    """
    path = path_of(url)
    create(path)
    database = Database(path, busy_timeout_ms)
    try:
        to_head(database)
    except BaseException:
        database.close()
        raise
    return SqliteStore(database)


class SqliteStore:
    """See `advisor.contract.store.Store` for what each method promises."""

    def __init__(self, transactions: Transactions) -> None:
        self._in = transactions

    def replace(self, pull: Pull) -> Replaced:
        with self._in.writing() as connection:
            return facts.replace(connection, pull)

    def usage(self, window: Window) -> list[UsageSeries]:
        with self._in.reading() as connection:
            return reads.usage(connection, window)

    def costs(self, window: Window) -> list[CostFact]:
        with self._in.reading() as connection:
            return reads.costs(connection, window)

    def coverage(self, window: Window) -> dict[str, Coverage]:
        with self._in.reading() as connection:
            return reads.coverage(connection, window)

    def pulls(self, status: PullStatus | None = None) -> dict[str, PullRecord]:
        with self._in.reading() as connection:
            return reads.pulls(connection, status)

    def months(self) -> tuple[Month, ...]:
        with self._in.reading() as connection:
            return reads.months(connection)

    def decide(
        self,
        decisions: Sequence[Decision],
        messages: Sequence[Message],
        at: datetime,
        *,
        done: Mapping[PeriodClaim, str] | None = None,
    ) -> int:
        with self._in.writing() as connection:
            periods.finish(connection, done or {}, at)
            return ledger.decide(connection, decisions, messages, at)

    def decisions(self, workload: str = "", *, standing: bool = False) -> list[Decision]:
        with self._in.reading() as connection:
            return ledger.decisions(connection, workload, standing=standing)

    def answer(self, answer: Answer) -> None:
        with self._in.writing() as connection:
            answers.keep(connection, answer)

    def answers(self, workload: str = "") -> list[Answer]:
        with self._in.reading() as connection:
            return answers.kept(connection, workload)

    def outbox(self, *states: Delivery) -> list[Outgoing]:
        with self._in.reading() as connection:
            return ledger.outbox(connection, states)

    def claim(self, outgoing_id: int, at: datetime) -> int:
        with self._in.writing() as connection:
            return ledger.claim(connection, outgoing_id, at)

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
        with self._in.writing() as connection:
            return ledger.settle(connection, outgoing_id, attempt, state, at, error, receipt, not_before)

    def periods(self, job: str = "") -> list[Period]:
        with self._in.reading() as connection:
            return periods.periods(connection, job)

    def begin_periods(self, job: str, key: str, at: datetime, why: str) -> bool:
        with self._in.writing() as connection:
            return periods.begin(connection, job, key, at, why)

    def claim_period(self, job: str, key: str, owner: str, at: datetime, until: datetime) -> PeriodClaim | None:
        with self._in.writing() as connection:
            return periods.claim(connection, job, key, owner, at, until)

    def renew_period(self, held: PeriodClaim, until: datetime) -> bool:
        with self._in.writing() as connection:
            return periods.renew(connection, held, until)

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
        with self._in.writing() as connection:
            return periods.settle(connection, held, state, at, error, note, not_before)

    @contextmanager
    def snapshot(self) -> Iterator[Store]:
        with self._in.pinned() as transactions:
            yield SqliteStore(transactions)

    def close(self) -> None:
        self._in.close()
