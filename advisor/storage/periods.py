"""The ledger of unattended runs: claims are one conditional update, and every later write names its epoch."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, Connection, and_, or_, select, update
from sqlalchemy.dialects import postgresql, sqlite

from advisor.contract.period import LeaseLostError, Period, PeriodClaim, PeriodState
from advisor.storage import schema
from advisor.storage.times import epoch, moment, optional_moment

_TABLE = schema.period
_RUNNING, _WAITING = PeriodState.RUNNING.value, PeriodState.WAITING.value


def periods(connection: Connection, job: str) -> list[Period]:
    """The periods of a job, or of all, by job and key."""
    query = select(_TABLE).order_by(_TABLE.c.job, _TABLE.c.key)
    if job:
        query = query.where(_TABLE.c.job == job)
    return [
        Period(
            job=row.job,
            key=row.key,
            state=PeriodState(row.state),
            epoch=row.epoch,
            attempts=row.attempts,
            lease_owner=row.lease_owner,
            lease_until=optional_moment(row.lease_until),
            not_before=optional_moment(row.not_before),
            last_error=row.last_error,
            note=row.note,
            updated_at=moment(row.updated_at),
        )
        for row in connection.execute(query)
    ]


def begin(connection: Connection, job: str, key: str, at: datetime, why: str) -> bool:
    """Give a job its first period, which is SKIPPED; False where it has one."""
    if connection.execute(select(_TABLE.c.key).where(_TABLE.c.job == job).limit(1)).first():
        return False
    return _insert(connection, job, key, at, state=PeriodState.SKIPPED.value, note=why)


def claim(connection: Connection, job: str, key: str, owner: str, at: datetime, until: datetime) -> PeriodClaim | None:
    """Take a period that waits, or whose lease is over, until then; None where somebody has it, or it is done.

    A lease that ends after *until* was taken by a clock that has been set back since: it is over too.
    """
    _insert(connection, job, key, at, state=_WAITING)
    now = epoch(at)
    free = and_(_TABLE.c.state == _WAITING, or_(_TABLE.c.not_before.is_(None), _TABLE.c.not_before <= now))
    over = or_(_TABLE.c.lease_until <= now, _TABLE.c.lease_until > epoch(until))
    taken = connection.execute(
        update(_TABLE)
        .where(_TABLE.c.job == job, _TABLE.c.key == key, or_(free, and_(_TABLE.c.state == _RUNNING, over)))
        .values(
            state=_RUNNING,
            epoch=_TABLE.c.epoch + 1,
            attempts=_TABLE.c.attempts + 1,
            lease_owner=owner,
            lease_until=epoch(until),
            updated_at=now,
        )
        .returning(_TABLE.c.epoch)
    ).scalar()
    return PeriodClaim(job=job, key=key, epoch=taken) if taken else None


def renew(connection: Connection, held: PeriodClaim, until: datetime) -> bool:
    """Extend a lease; False where it was taken over."""
    result = connection.execute(update(_TABLE).where(_held(held)).values(lease_until=epoch(until)))
    return bool(result.rowcount)


def settle(
    connection: Connection,
    held: PeriodClaim,
    state: PeriodState,
    at: datetime,
    error: str,
    note: str,
    not_before: datetime | None,
) -> bool:
    """Record what became of a claimed period; False where it was taken over."""
    result = connection.execute(
        update(_TABLE)
        .where(_held(held))
        .values(
            state=state.value,
            lease_owner="",
            lease_until=None,
            not_before=epoch(not_before) if not_before else None,
            last_error=error,
            note=note,
            updated_at=epoch(at),
        )
    )
    return bool(result.rowcount)


def finish(connection: Connection, done: Mapping[PeriodClaim, str], at: datetime) -> None:
    """Settle periods as DONE, each with its note. Raises LeaseLostError where one of them was taken over."""
    for held, note in done.items():
        if not settle(connection, held, PeriodState.DONE, at, "", note, None):
            raise LeaseLostError(
                f"{held.job} {held.key} was taken over by another run", "nothing to do: that one sends"
            )


def _held(held: PeriodClaim) -> ColumnElement[bool]:
    table = _TABLE.c
    return and_(table.job == held.job, table.key == held.key, table.epoch == held.epoch, table.state == _RUNNING)


def _insert(connection: Connection, job: str, key: str, at: datetime, **values: Any) -> bool:
    """Add a period unless it is there, also where another program adds it at this moment."""
    insert = postgresql.insert if connection.dialect.name == "postgresql" else sqlite.insert
    row = {"epoch": 0, "attempts": 0, "lease_owner": "", "last_error": "", "note": "", "updated_at": epoch(at)}
    new = insert(_TABLE).values(job=job, key=key, **{**row, **values})
    return bool(connection.execute(new.on_conflict_do_nothing(index_elements=["job", "key"])).rowcount)
