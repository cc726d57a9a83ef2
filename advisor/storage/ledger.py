"""Decisions and the outbox: both are written in one transaction, so that neither exists without the other."""

from __future__ import annotations

import json
from collections.abc import Sequence
from datetime import datetime

from sqlalchemy import Connection, func, insert, select, update
from sqlalchemy.dialects import sqlite

from advisor.contract.store import Decision, Delivery, Outgoing
from advisor.domain.report import Message, Receipt
from advisor.domain.units import Month
from advisor.storage import schema
from advisor.storage.times import epoch, moment, optional_moment

_CLAIMED = (Delivery.SENDING.value, Delivery.UNKNOWN.value)
_OPEN = (Delivery.PENDING.value, *_CLAIMED)
_STANDBY_AFTER = {
    Delivery.SENT: Delivery.SPARED,
    Delivery.DEAD: Delivery.PENDING,
    Delivery.HELD: Delivery.PENDING,
}


def decide(connection: Connection, decisions: Sequence[Decision], messages: Sequence[Message], at: datetime) -> int:
    """Record what is new of *decisions* and enqueue what is new of *messages*; how many messages are."""
    for decision in decisions:
        _record(connection, decision)
    return sum(_enqueue(connection, message, epoch(at)) for message in messages)


def _record(connection: Connection, decision: Decision) -> None:
    """Store a decision, unless the last one on its month and workload says the same."""
    table = schema.decision
    row = {
        "month": str(decision.month),
        "workload": decision.workload,
        "state": decision.state,
        "reason": decision.reason,
        "digest": decision.digest,
        "assumed": json.dumps(dict(decision.assumed), sort_keys=True, default=str),
    }
    last = connection.execute(
        select(*(table.c[name] for name in row))
        .where(table.c.month == row["month"], table.c.workload == row["workload"])
        .order_by(table.c.id.desc())
        .limit(1)
    ).one_or_none()
    if last is None or tuple(last) != tuple(row.values()):
        connection.execute(insert(table).values(**row, decided_at=epoch(decision.decided_at)))


def _enqueue(connection: Connection, message: Message, at: int) -> int:
    """1 if the message will be sent that was not to be before. One that was refused for good gets another chance.

    One that stands in for another waits for it, and is left out where that one has its outcome already.
    """
    table = schema.outbox
    if (
        message.stands_in_for
        and not connection.execute(
            select(table.c.id).where(table.c.dedup_key == message.stands_in_for, table.c.state.in_(_OPEN))
        ).scalar()
    ):
        return 0
    frozen = {
        "channel": message.channel,
        "kind": message.kind,
        "subject": message.subject,
        "body": message.body,
        "stands_in_for": message.stands_in_for,
    }
    state = Delivery.STANDBY if message.stands_in_for else Delivery.PENDING
    new = sqlite.insert(table).values(
        dedup_key=message.dedup_key,
        **frozen,
        state=state.value,
        attempts=0,
        last_error="",
        note="",
        enqueued_at=at,
    )
    enqueued = connection.execute(
        new.on_conflict_do_update(
            index_elements=["dedup_key"],
            set_={**frozen, "state": state.value, "not_before": None, "enqueued_at": at},
            where=table.c.state == Delivery.DEAD.value,
        )
    ).rowcount
    return 0 if message.stands_in_for else enqueued


def decisions(connection: Connection, workload: str, *, standing: bool) -> list[Decision]:
    """All revisions, or the last of each month and workload, newest first."""
    table = schema.decision
    query = select(table).order_by(table.c.id.desc())
    if standing:
        query = query.where(table.c.id.in_(select(func.max(table.c.id)).group_by(table.c.workload, table.c.month)))
    if workload:
        query = query.where(table.c.workload == workload)
    return [
        Decision(
            month=Month.parse(row.month),
            workload=row.workload,
            state=row.state,
            reason=row.reason,
            digest=row.digest,
            assumed=json.loads(row.assumed),
            decided_at=moment(row.decided_at),
        )
        for row in connection.execute(query)
    ]


def outbox(connection: Connection, states: Sequence[Delivery]) -> list[Outgoing]:
    """Messages in any of *states*, or all, oldest first."""
    table = schema.outbox
    query = select(table).order_by(table.c.id)
    if states:
        query = query.where(table.c.state.in_([state.value for state in states]))
    return [
        Outgoing(
            id=row.id,
            message=Message(
                dedup_key=row.dedup_key,
                channel=row.channel,
                kind=row.kind,
                subject=row.subject,
                body=row.body,
                stands_in_for=row.stands_in_for,
            ),
            state=Delivery(row.state),
            attempts=row.attempts,
            last_error=row.last_error,
            receipt=None
            if row.provider_id is None
            else Receipt(provider_id=row.provider_id, delivered_at=moment(row.delivered_at), note=row.note),
            enqueued_at=moment(row.enqueued_at),
            claimed_at=optional_moment(row.claimed_at),
            not_before=optional_moment(row.not_before),
        )
        for row in connection.execute(query)
    ]


def claim(connection: Connection, outgoing_id: int, at: datetime) -> int:
    """Move a pending message to SENDING: the number of the attempt, 0 if it is not pending."""
    table = schema.outbox
    taken = connection.execute(
        update(table)
        .where(table.c.id == outgoing_id, table.c.state == Delivery.PENDING.value)
        .values(state=Delivery.SENDING.value, attempts=table.c.attempts + 1, claimed_at=epoch(at))
        .returning(table.c.attempts)
    ).scalar()
    return taken or 0


def settle(
    connection: Connection,
    outgoing_id: int,
    attempt: int,
    state: Delivery,
    at: datetime,
    error: str,
    receipt: Receipt | None,
    not_before: datetime | None,
) -> bool:
    """Record the outcome of a claimed message, and of what stands in for it; False where it is another attempt's.

    UNKNOWN is an outcome that proof may still replace.
    """
    table = schema.outbox
    key = connection.execute(
        update(table)
        .where(table.c.id == outgoing_id, table.c.attempts == attempt, table.c.state.in_(_CLAIMED))
        .values(
            state=state.value,
            last_error=error,
            settled_at=epoch(at),
            not_before=epoch(not_before) if not_before else None,
            provider_id=receipt.provider_id if receipt else None,
            delivered_at=epoch(receipt.delivered_at) if receipt else None,
            note=receipt.note if receipt else "",
        )
        .returning(table.c.dedup_key)
    ).scalar()
    if key is not None and state in _STANDBY_AFTER:
        connection.execute(
            update(table)
            .where(table.c.stands_in_for == key, table.c.state == Delivery.STANDBY.value)
            .values(state=_STANDBY_AFTER[state].value)
        )
    return key is not None
