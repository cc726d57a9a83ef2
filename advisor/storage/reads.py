"""Reads facts back: usage as arrays, charges, the days that sources speak for, and how their last reads went."""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import date
from itertools import chain, groupby
from typing import Any

import numpy as np
from sqlalchemy import Connection, func, select

from advisor.contract.store import Coverage, PullRecord
from advisor.domain.facts import Basis, CostFact, PullStatus
from advisor.domain.units import Money, Month, Window
from advisor.domain.usage import UNREPORTED, Counts, UsageSeries
from advisor.errors import StorageError
from advisor.storage import schema
from advisor.storage.times import epoch, moment, optional_moment

# CROSS JOIN fixes the loop order: one range of the primary key for each series, already sorted.
_BUCKETS = f"""
    SELECT series_id, start, ifnull(requests, {UNREPORTED}), uncached_input,
           ifnull(cache_read, {UNREPORTED}), ifnull(cache_write, {UNREPORTED}), output
    FROM series CROSS JOIN usage_fact ON series_id = series.id AND start >= ? AND start < ?
    ORDER BY series.id, start
"""
_BUCKET_COLUMNS = 7


def usage(connection: Connection, window: Window) -> list[UsageSeries]:
    """The buckets of *window*, sorted by what they are of. A source's scopes become one series."""
    cursor = connection.connection.cursor()  # rows go from the driver to the array, none becomes an object
    numbers = cursor.execute(_BUCKETS, (epoch(window.start), epoch(window.end)))
    table = np.fromiter(chain.from_iterable(numbers), np.int64).reshape(-1, _BUCKET_COLUMNS)
    cursor.close()
    ids, firsts = np.unique(table[:, 0], return_index=True)
    parts = dict(zip(ids.tolist(), np.split(table[:, 1:], firsts[1:]), strict=True)) if len(table) else {}

    columns = schema.series.c
    key = (columns.source, columns.provider, columns.model_raw, columns.tier, columns.width_seconds)
    named = connection.execute(select(*key, columns.id).order_by(*key, columns.scope))
    return [
        _series(of, [parts[row.id] for row in rows if row.id in parts])
        for of, rows in ((of, list(rows)) for of, rows in groupby(named, key=lambda row: tuple(row[:-1])))
        if any(row.id in parts for row in rows)
    ]


def _series(of: tuple[Any, ...], parts: list[Counts]) -> UsageSeries:
    buckets = parts[0] if len(parts) == 1 else _merged(parts)
    source, provider, model_raw, tier, width_seconds = of
    starts, requests, uncached_input, cache_read, cache_write, output = (
        np.ascontiguousarray(column) for column in buckets.T
    )
    return UsageSeries(
        source=source,
        provider=provider,
        model_raw=model_raw,
        tier=tier,
        width_seconds=width_seconds,
        starts=starts,
        requests=requests,
        uncached_input=uncached_input,
        cache_read=cache_read,
        cache_write=cache_write,
        output=output,
    )


def _merged(parts: list[Counts]) -> Counts:
    """The sum of several scopes' buckets by start; a count is unreported where no scope reports it."""
    stacked = np.concatenate(parts)
    starts, where = np.unique(stacked[:, 0], return_inverse=True)
    known = stacked[:, 1:] != UNREPORTED
    counts = np.where(known, stacked[:, 1:], 0)
    rough = np.zeros((len(starts), counts.shape[1]))
    np.add.at(rough, where, counts)
    if rough.max(initial=0) >= 2.0**63:
        raise StorageError("the scopes of a source do not fit 63 bits together", "check the counts in that source")
    sums = np.zeros(rough.shape, np.int64)
    np.add.at(sums, where, counts)
    reported = np.zeros(rough.shape, np.bool_)
    np.logical_or.at(reported, where, known)
    return np.column_stack([starts, np.where(reported, sums, UNREPORTED)])


def costs(connection: Connection, window: Window) -> list[CostFact]:
    """The charges whose period starts inside *window*, by source and time."""
    table = schema.cost_fact
    inside = select(table).where(table.c.start >= epoch(window.start), table.c.start < epoch(window.end))
    return [
        CostFact(
            source=row.source,
            scope=row.scope,
            provider=row.provider,
            model_raw=row.model_raw,
            tier=row.tier,
            component=row.component,
            start=moment(row.start),
            end=moment(row.end),
            amount=Money.from_nanos(row.nanos, row.currency),
            basis=Basis(row.basis),
            final=None if row.final is None else bool(row.final),
        )
        for row in connection.execute(inside.order_by(*table.primary_key))
    ]


def coverage(connection: Connection, window: Window) -> dict[str, Coverage]:
    """For each source that covers any day of *window*, which."""
    days = [day.isoformat() for day in window.days()]
    if not days:
        return {}
    table = schema.coverage
    rows = connection.execute(
        select(table).where(table.c.day.between(days[0], days[-1])).order_by(table.c.source)
    ).all()
    return {
        source: Coverage(
            usage_days=frozenset(date.fromisoformat(row.day) for row in of_source if row.usage),
            cost_days=frozenset(date.fromisoformat(row.day) for row in of_source if row.cost),
        )
        for source, of_source in ((source, list(group)) for source, group in groupby(rows, key=lambda row: row.source))
    }


def pulls(connection: Connection, status: PullStatus | None = None) -> dict[str, PullRecord]:
    """The last pull of each source; of those that ended with *status*, where one is given."""
    table = schema.pull
    last = select(func.max(table.c.id)).group_by(table.c.source)
    if status is not None:
        last = last.where(table.c.status == status.value)
    return {
        row.source: PullRecord(
            source=row.source,
            kind=row.kind,
            window=Window(moment(row.window_start), moment(row.window_end)),
            pulled_at=moment(row.pulled_at),
            status=PullStatus(row.status),
            complete_through=optional_moment(row.complete_through),
            rows=row.rows,
            rejected=row.rejected,
            problems=tuple(json.loads(row.problems)),
            warnings=tuple(json.loads(row.warnings)),
        )
        for row in connection.execute(select(table).where(table.c.id.in_(last)).order_by(table.c.source))
    }


def months(connection: Connection) -> tuple[Month, ...]:
    """Every month that holds usage, oldest first."""
    return tuple(_months(connection))


def _months(connection: Connection) -> Iterator[Month]:
    """Seek from month to month, so that the number of buckets does not matter."""
    fact, series = schema.usage_fact.c, schema.series.c.id
    after = 0
    while True:
        of_series = select(func.min(fact.start)).where(fact.series_id == series, fact.start >= after)
        first = connection.execute(select(func.min(of_series.scalar_subquery())).select_from(schema.series)).scalar()
        if first is None:
            return
        month = Month.of(moment(first))
        yield month
        after = epoch(month.end)
