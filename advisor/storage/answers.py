"""Answers to recommendations, as they are kept."""

from __future__ import annotations

from datetime import date

from sqlalchemy import Connection, insert, select

from advisor.domain.answers import Answer, AnswerKind
from advisor.domain.units import Month
from advisor.storage import schema
from advisor.storage.times import epoch, moment


def keep(connection: Connection, answer: Answer) -> None:
    """Add an answer."""
    connection.execute(
        insert(schema.answer).values(
            workload=answer.workload,
            kind=answer.kind.value,
            month=str(answer.month) if answer.month else None,
            until=answer.until.isoformat() if answer.until else None,
            reason=answer.reason,
            who=answer.who,
            answered_at=epoch(answer.at),
        )
    )


def kept(connection: Connection, workload: str) -> list[Answer]:
    """The answers on one workload, or on all, in the order in which they were given."""
    table = schema.answer
    query = select(table).order_by(table.c.id)
    if workload:
        query = query.where(table.c.workload == workload)
    return [
        Answer(
            workload=row.workload,
            kind=AnswerKind(row.kind),
            at=moment(row.answered_at),
            month=Month.parse(row.month) if row.month else None,
            until=date.fromisoformat(row.until) if row.until else None,
            reason=row.reason,
            who=row.who,
        )
        for row in connection.execute(query)
    ]
