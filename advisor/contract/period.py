"""What unattended runs owe: one period of one job, and the lease under which one run works on it."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from advisor.errors import StorageError


class PeriodState(StrEnum):
    """Where a period stands. DONE and SKIPPED are for good."""

    WAITING = "waiting"
    RUNNING = "running"
    DONE = "done"
    SKIPPED = "skipped"


@dataclass(frozen=True, slots=True, kw_only=True)
class Period:
    """One job's period, named by the calendar (`2026-10`, `2026-10-06`), never by an instant.

    `epoch` numbers the claims: whatever an earlier one writes is refused. `note` is what the job left to know.
    """

    job: str
    key: str
    state: PeriodState
    epoch: int
    attempts: int
    lease_owner: str
    lease_until: datetime | None
    not_before: datetime | None
    last_error: str
    note: str
    updated_at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class PeriodClaim:
    """The right to do a period, as long as nobody has claimed it after."""

    job: str
    key: str
    epoch: int


class LeaseLostError(StorageError):
    """Another run has taken the period over: what this one found out is dropped."""
