"""Stores a pull: the set of buckets that it holds replaces the set that is there, and what differs becomes history."""

from __future__ import annotations

import json
from decimal import InvalidOperation

from sqlalchemy import Connection, delete, func, insert, select
from sqlalchemy.dialects import sqlite

from advisor.contract.store import Replaced
from advisor.domain.facts import CostFact, Pull, PullStatus, UsageFact, plus_known
from advisor.storage import schema
from advisor.storage.swap import COST, USAGE, Row, swap
from advisor.storage.times import LIMIT, epoch, fitting


def replace(connection: Connection, pull: Pull) -> Replaced:
    """Store *pull* as the store's contract says. Needs a transaction that holds the write lock."""
    _record(connection, pull)
    if pull.status is PullStatus.FAILED:
        return Replaced(added=0, changed=0, removed=0, unchanged=0)
    own_series = select(schema.series.c.id).where(schema.series.c.source == pull.source)
    of_source = schema.usage_fact.c.series_id.in_(own_series)
    usage = swap(connection, pull, USAGE, _usage_rows(connection, pull), of_source)
    cost = swap(connection, pull, COST, _cost_rows(pull), schema.cost_fact.c.source == pull.source)
    _cover(connection, pull)
    return Replaced(
        added=usage.added + cost.added,
        changed=usage.changed + cost.changed,
        removed=usage.removed + cost.removed,
        unchanged=usage.unchanged + cost.unchanged,
    )


def _usage_rows(connection: Connection, pull: Pull) -> list[Row]:
    """The pull's buckets as rows of `usage_fact`; a bucket that it holds more than once is summed."""
    ids = _series_ids(connection, pull)
    rows: dict[tuple[int, int], Row] = {}
    for fact in pull.usage:
        tokens = fact.tokens
        key = (ids[_series_of(fact)], epoch(fact.start))
        counts: Row = (fact.requests, tokens.uncached_input, tokens.cache_read, tokens.cache_write, tokens.output)
        if key in rows:
            counts = tuple(map(plus_known, rows[key][2:], counts))
        for count in counts:
            if count is not None and not 0 <= count <= LIMIT:
                fitting(count, f"{pull.source}: {fact.model_raw} at {fact.start}")
        rows[key] = (*key, *counts)
    return list(rows.values())


def _series_of(fact: UsageFact) -> Row:
    return (fact.scope, fact.provider, fact.model_raw, fact.tier, fact.width_seconds)


def _series_ids(connection: Connection, pull: Pull) -> dict[Row, int]:
    """The id of each series that the pull holds; new ones are made."""
    columns = schema.series.c
    key = (columns.scope, columns.provider, columns.model_raw, columns.tier, columns.width_seconds)
    known = select(columns.id, *key).where(columns.source == pull.source)
    ids = {tuple(row[1:]): row[0] for row in connection.execute(known)}
    if new := sorted({_series_of(fact) for fact in pull.usage} - ids.keys()):
        names = [column.name for column in key]
        connection.execute(
            insert(schema.series),
            [{"source": pull.source, **dict(zip(names, values, strict=True))} for values in new],
        )
        ids = {tuple(row[1:]): row[0] for row in connection.execute(known)}
    return ids


def _cost_rows(pull: Pull) -> list[Row]:
    """The pull's charges as rows of `cost_fact`; charges for the same thing are summed."""
    rows: dict[Row, Row] = {}
    for fact in pull.costs:
        key = (
            pull.source,
            epoch(fact.start),
            epoch(fact.end),
            fact.scope,
            fact.provider,
            fact.model_raw,
            fact.tier,
            fact.component,
            fact.amount.currency,
            fact.basis.value,
        )
        nanos, final = _nanos(fact, pull.source), fact.final
        if key in rows:
            nanos, final = nanos + rows[key][-2], _both_final(final, rows[key][-1])
        what = f"{pull.source}: {fact.amount.amount} {fact.amount.currency} in billionths, for {fact.model_raw}"
        rows[key] = (*key, fitting(nanos, what, least=-LIMIT), None if final is None else int(final))
    return list(rows.values())


def _nanos(fact: CostFact, source: str) -> int:
    try:
        return fact.amount.nanos
    except InvalidOperation:  # more digits than decimal arithmetic carries
        return fitting(LIMIT + 1, f"{source}: {fact.amount.amount} {fact.amount.currency} for {fact.model_raw}")


def _both_final(left: bool | None, right: int | None) -> bool | None:
    """A sum is final if both are; not, if one is not; unsaid otherwise."""
    if left is False or right == 0:
        return False
    return None if left is None or right is None else True


def _cover(connection: Connection, pull: Pull) -> None:
    """Store the days that the pull speaks for. Where it is OK, the other days of its window vanish."""
    table = schema.coverage
    window_days = [day.isoformat() for day in pull.window.days()]
    if pull.status is PullStatus.OK and window_days:
        within = table.c.day.between(window_days[0], window_days[-1])
        connection.execute(delete(table).where(table.c.source == pull.source, within))
    if said := sorted(pull.usage_days | pull.cost_days):
        upsert = sqlite.insert(table)
        flags = {name: func.max(table.c[name], upsert.excluded[name]) for name in ("usage", "cost")}
        connection.execute(
            upsert.on_conflict_do_update(index_elements=["source", "day"], set_=flags),
            [
                {
                    "source": pull.source,
                    "day": day.isoformat(),
                    "usage": int(day in pull.usage_days),
                    "cost": int(day in pull.cost_days),
                }
                for day in said
            ],
        )


def _record(connection: Connection, pull: Pull) -> None:
    through = pull.complete_through
    connection.execute(
        insert(schema.pull).values(
            source=pull.source,
            kind=pull.kind,
            window_start=epoch(pull.window.start),
            window_end=epoch(pull.window.end),
            pulled_at=epoch(pull.pulled_at),
            status=pull.status.value,
            complete_through=None if through is None else epoch(through),
            rows=fitting(pull.rows, "rows"),
            rejected=fitting(pull.rejected, "rejected rows"),
            problems=json.dumps([str(problem) for problem in pull.problems]),
            warnings=json.dumps(list(pull.warnings)),
        )
    )
