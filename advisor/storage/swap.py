"""Makes a table hold a given set of rows: what differs or vanishes becomes history, what is the same is not touched."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import (
    Column,
    ColumnElement,
    Connection,
    MetaData,
    Table,
    and_,
    delete,
    false,
    func,
    insert,
    literal,
    or_,
    select,
    tuple_,
)

from advisor.contract.store import Replaced
from advisor.domain.facts import Pull, PullStatus
from advisor.storage import schema
from advisor.storage.times import epoch

Row = tuple[Any, ...]

_temporary = MetaData()


@dataclass(frozen=True, slots=True, kw_only=True)
class Swapped:
    """A table of facts, where its former values go, and the temporary copy that a pull's rows are laid out in."""

    stored: Table
    history: Table
    fresh: Table


def _swapped(stored: Table, history: Table) -> Swapped:
    columns = [Column(column.name, column.type, primary_key=column.primary_key) for column in stored.columns]
    name = f"fresh_{stored.name}"
    fresh = Table(name, _temporary, *columns, prefixes=["TEMPORARY"], sqlite_with_rowid=False)
    return Swapped(stored=stored, history=history, fresh=fresh)


USAGE = _swapped(schema.usage_fact, schema.usage_history)
COST = _swapped(schema.cost_fact, schema.cost_history)


def swap(
    connection: Connection, pull: Pull, tables: Swapped, rows: Sequence[Row], of_source: ColumnElement[bool]
) -> Replaced:
    """Make the stored rows *of_source* be *rows*, which are in column order, one for each primary key.

    A stored row that differs moves to the history. So does one inside the pull's window that is not among *rows*, if
    the pull is OK.
    """
    stored, history, fresh = tables.stored, tables.history, tables.fresh
    keys = [column.name for column in stored.primary_key]
    values = [column.name for column in stored.columns if column.name not in keys]
    same_bucket = and_(*(stored.c[name] == fresh.c[name] for name in keys))
    is_held = fresh.c[keys[0]].is_not(None)
    differs = or_(*(stored.c[name].is_distinct_from(fresh.c[name]) for name in values))
    start, end = epoch(pull.window.start), epoch(pull.window.end)
    vanishes = (
        and_(~is_held, stored.c.start >= start, stored.c.start < end) if pull.status is PullStatus.OK else false()
    )

    fresh.create(connection)
    if rows:
        marks = ", ".join("?" * len(fresh.columns))
        connection.exec_driver_sql(f"INSERT INTO {fresh.name} VALUES ({marks})", list(rows))
    former = connection.execute(select(func.coalesce(func.max(history.c.id), 0))).scalar_one()
    replaced = connection.execute(
        insert(history).from_select(
            [*keys, *values, "replaced_at"],
            select(*(stored.c[name] for name in (*keys, *values)), literal(epoch(pull.pulled_at)))
            .select_from(stored.outerjoin(fresh, same_bucket))
            .where(of_source, or_(and_(is_held, differs), vanishes)),
        )
    ).rowcount
    removed = 0
    if replaced:
        gone = select(*(history.c[name] for name in keys)).where(history.c.id > former)
        connection.execute(delete(stored).where(tuple_(*(stored.c[name] for name in keys)).in_(gone)))
        still = and_(*(history.c[name] == fresh.c[name] for name in keys))
        removed = connection.execute(
            select(func.count()).where(history.c.id > former, ~select(literal(1)).where(still).exists())
        ).scalar_one()
    inserted = connection.execute(
        insert(stored).from_select(
            [*keys, *values],
            select(*(fresh.c[name] for name in (*keys, *values))).where(
                ~select(literal(1)).where(same_bucket).correlate(fresh).exists()
            ),
        )
    ).rowcount
    fresh.drop(connection)
    changed = replaced - removed
    return Replaced(added=inserted - changed, changed=changed, removed=removed, unchanged=len(rows) - inserted)
