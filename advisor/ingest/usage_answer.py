"""The answer to `advisor usage`: exact sums of what the sources said, nothing converted."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterator, Mapping, Sequence
from datetime import UTC, datetime
from typing import Any

import numpy as np

from advisor.contract.store import Coverage, PullRecord
from advisor.domain.facts import Basis, CostFact, Tokens, plus_known
from advisor.domain.units import DAY_SECONDS, FIVE_MINUTES, HOUR_SECONDS, Money, Window
from advisor.domain.usage import UNREPORTED, Counts, UsageAnswer, UsageSeries, UsageTotal
from advisor.errors import UsageError
from advisor.ingest.coverage import source_reports
from advisor.ingest.totals import run_sums
from advisor.market.models import canonical

GRAINS = {"5min": FIVE_MINUTES, "hour": HOUR_SECONDS, "day": DAY_SECONDS, "month": 31 * DAY_SECONDS}
"""Seconds of the widest bucket that fits a period."""
WIDTHS = {HOUR_SECONDS: "hour", DAY_SECONDS: "day"}
Key = tuple[int, str, str, str]
"""Period start in Unix seconds, source, raw model id, tier."""
Cells = tuple[int | None, int, int | None, int | None, int]
"""Requests, uncached input, cache read, cache write, output."""


def usage_answer(
    by: str,
    window: Window,
    series: Sequence[UsageSeries],
    costs: Sequence[CostFact],
    coverage: Mapping[str, Coverage],
    pulls: Mapping[str, PullRecord],
    now: datetime,
    *,
    sources: Collection[str] = (),
) -> UsageAnswer:
    """Sum by period (*by* month, day, hour or 5min, UTC), source, raw model id and tier.

    A charge is placed by the start of its period. A bucket wider than the period keeps its own start, and its source
    says so once. *sources* are those to report on beside the ones that have facts. Raises UsageError for another *by*.
    """
    if by not in GRAINS:
        raise UsageError(f"usage cannot be summed by {by!r}", f"one of {', '.join(GRAINS)}")
    counted: dict[Key, Cells] = {}
    wide: dict[str, int] = {}
    for one in series:
        if one.width_seconds > GRAINS[by]:
            wide[one.source] = max(one.width_seconds, wide.get(one.source, 0))
        for start, cells in _summed(one, by):
            key = (start, one.source, one.model_raw, one.tier)
            counted[key] = _plus(counted[key], cells) if key in counted else cells
    charged: dict[Key, dict[tuple[str, Basis], Money]] = defaultdict(dict)
    for cost in costs:
        start = int(_floor(np.array([int(cost.start.timestamp())]), by)[0])
        amounts = charged[start, cost.source, cost.model_raw, cost.tier]
        kind = (cost.amount.currency, cost.basis)
        amounts[kind] = amounts[kind] + cost.amount if kind in amounts else cost.amount
    names = {*sources, *pulls, *coverage, *(one.source for one in series), *(cost.source for cost in costs)}
    notes = {
        name: (f"it counts by the {WIDTHS.get(width, 'month')}, which is wider than {by}: rows keep their own start",)
        for name, width in wide.items()
    }
    rows = (_row(key, counted.get(key), charged.get(key, {})) for key in sorted({*counted, *charged}))
    return UsageAnswer(
        by=by,
        window=window,
        sources=source_reports(names, window, coverage, pulls, now, notes),
        rows=tuple(rows),
    )


def _summed(series: UsageSeries, by: str) -> Iterator[tuple[int, Cells]]:
    """The exact sums of each period; a count that no bucket of the period reports stays unreported."""
    periods = series.starts if series.width_seconds > GRAINS[by] else _floor(series.starts, by)
    starts, firsts = np.unique(periods, return_index=True)
    if not len(starts):
        return
    columns = np.column_stack(
        [series.requests, series.uncached_input, series.cache_read, series.cache_write, series.output]
    )
    known = columns != UNREPORTED
    known[:, [1, 4]] = True
    sums = run_sums(np.where(known, columns, 0), firsts).tolist()
    reported = np.logical_or.reduceat(known, firsts, axis=0).tolist()
    for start, row, said in zip(starts.tolist(), sums, reported, strict=True):
        requests, uncached, read, written, output = row
        yield (
            start,
            (requests if said[0] else None, uncached, read if said[2] else None, written if said[3] else None, output),
        )


def _floor(starts: Counts, by: str) -> Counts:
    """The start of the UTC period in which each moment lies, in Unix seconds."""
    if by == "month":
        months: Any = starts.astype("datetime64[s]").astype("datetime64[M]")
        seconds: Counts = months.astype("datetime64[s]").astype(np.int64)
        return seconds
    return starts - starts % GRAINS[by]


def _plus(left: Cells, right: Cells) -> Cells:
    return (
        plus_known(left[0], right[0]),
        left[1] + right[1],
        plus_known(left[2], right[2]),
        plus_known(left[3], right[3]),
        left[4] + right[4],
    )


def _row(key: Key, cells: Cells | None, amounts: Mapping[tuple[str, Basis], Money]) -> UsageTotal:
    start, source, model_raw, tier = key
    known = canonical(model_raw) if model_raw else None
    requests, uncached, read, written, output = cells or (None, 0, None, None, 0)
    return UsageTotal(
        period_start=datetime.fromtimestamp(start, UTC),
        source=source,
        model_raw=model_raw,
        model=known.id if known else None,
        tier=tier,
        requests=requests,
        tokens=Tokens(uncached_input=uncached, output=output, cache_read=read, cache_write=written) if cells else None,
        costs=tuple((amounts[kind], kind[1]) for kind in sorted(amounts)),
    )
