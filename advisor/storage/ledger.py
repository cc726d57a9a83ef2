"""Decisions and the outbox: both are written in one transaction, so that neither exists without the other."""

from __future__ import annotations

import json
from collections.abc import Sequence
from datetime import datetime

from sqlalchemy import Connection, insert, select, update
from sqlalchemy.dialects import sqlite

from advisor.contract.store import Decision, Delivery, Outgoing
from advisor.domain.report import Message, Receipt
from advisor.domain.units import Month
from advisor.errors import StorageError
from advisor.storage import schema
from advisor.storage.times import epoch, moment, optional_moment

_CLAIMED = (Delivery.SENDING.value, Delivery.UNKNOWN.value)


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
    """1 if the message will be sent that was not to be before. One that was refused for good gets another chance."""
    table = schema.outbox
    frozen = {"channel": message.channel, "kind": message.kind, "subject": message.subject, "body": message.body}
    new = sqlite.insert(table).values(
        dedup_key=message.dedup_key,
        **frozen,
        state=Delivery.PENDING.value,
        attempts=0,
        last_error="",
        note="",
        enqueued_at=at,
    )
    return connection.execute(
        new.on_conflict_do_update(
            index_elements=["dedup_key"],
            set_={**frozen, "state": Delivery.PENDING.value, "enqueued_at": at},
            where=table.c.state == Delivery.DEAD.value,
        )
    ).rowcount


def decisions(connection: Connection, workload: str) -> list[Decision]:
    """All revisions, newest first."""
    table = schema.decision
    query = select(table).order_by(table.c.id.desc())
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
                dedup_key=row.dedup_key, channel=row.channel, kind=row.kind, subject=row.subject, body=row.body
            ),
            state=Delivery(row.state),
            attempts=row.attempts,
            last_error=row.last_error,
            receipt=None
            if row.provider_id is None
            else Receipt(provider_id=row.provider_id, delivered_at=moment(row.delivered_at), note=row.note),
            claimed_at=optional_moment(row.claimed_at),
        )
        for row in connection.execute(query)
    ]


def claim(connection: Connection, outgoing_id: int, at: datetime) -> bool:
    """Move a pending message to SENDING and count the attempt; False if it is not pending."""
    table = schema.outbox
    taken = connection.execute(
        update(table)
        .where(table.c.id == outgoing_id, table.c.state == Delivery.PENDING.value)
        .values(state=Delivery.SENDING.value, attempts=table.c.attempts + 1, claimed_at=epoch(at))
    )
    return taken.rowcount == 1


def settle(
    connection: Connection, outgoing_id: int, state: Delivery, at: datetime, error: str, receipt: Receipt | None
) -> None:
    """Record the outcome of a claimed message. UNKNOWN is an outcome that proof may still replace."""
    table = schema.outbox
    settled = connection.execute(
        update(table)
        .where(table.c.id == outgoing_id, table.c.state.in_(_CLAIMED))
        .values(
            state=state.value,
            last_error=error,
            settled_at=epoch(at),
            provider_id=receipt.provider_id if receipt else None,
            delivered_at=epoch(receipt.delivered_at) if receipt else None,
            note=receipt.note if receipt else "",
        )
    )
    if settled.rowcount != 1:
        raise StorageError(f"message {outgoing_id} is not being sent, so it has no outcome", "run again")
