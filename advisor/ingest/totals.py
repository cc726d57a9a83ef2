"""Sums stored buckets exactly: once by UTC day, then over any days of a month."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date
from typing import Any

import numpy as np
from numpy.typing import NDArray

from advisor.domain.facts import Tokens, plus_known
from advisor.domain.units import DAY_SECONDS, Month
from advisor.domain.usage import UNREPORTED, Counts, Shape, UsageSeries

EPOCH = date(1970, 1, 1).toordinal()
SAFE = 2.0**62
"""Sums below this fit int64 with room for the error of a float64 estimate."""
Mask = NDArray[np.bool_]


@dataclass(frozen=True, slots=True, kw_only=True)
class Count:
    """Tokens and requests. `requests` is None where the source does not count them in every bucket."""

    tokens: Tokens
    requests: int | None

    def __add__(self, other: Count) -> Count:
        both = self.requests is not None and other.requests is not None
        return Count(
            tokens=self.tokens + other.tokens, requests=plus_known(self.requests, other.requests) if both else None
        )


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Lane:
    """A series with its sums by the UTC day on which its buckets start.

    `model` is the canonical id, else the raw one; `seller` the host that its provider or id names, else empty; `span`
    how many days a bucket covers. `days` (rows,) are days since 1970-01-01, ascending. `counts` (rows, 5) are
    requests, uncached input, cache read, cache write and output: int64, or Python ints where a sum could pass 63
    bits. `said` (rows, 3) tells whether all buckets count requests, any counts cache reads, any cache writes.
    """

    series: UsageSeries
    model: str
    seller: str
    span: int
    days: Counts
    counts: NDArray[Any]
    said: Mask

    @property
    def source(self) -> str:
        return self.series.source

    def covering(self) -> Counts:
        """Every day that a bucket of this lane covers, ascending, within the month in which the bucket starts."""
        if self.span == 1:
            return self.days
        return np.unique(np.concatenate([np.arange(day, _end(day, self.span)) for day in self.days.tolist()]))

    def count(self, first: int, covered: Mask) -> Count | None:
        """What was used on the *covered* days of a month whose first day is *first*; None if there is no bucket.

        A bucket wider than a day counts by the share of its days that are covered, rounded down.
        """
        low, high = np.searchsorted(self.days, [first, first + len(covered)])
        share, whole = shares(self.days[low:high] - first, self.span, covered)
        taken = share > 0
        if not taken.any():
            return None
        counts = self.counts[low:high][taken]
        if (share < whole).any() and self.span > 1:
            counts = counts.astype(object) * share[taken, None] // whole[taken, None]
        requests, uncached, read, written, output = (int(number) for number in column_sums(counts))
        said = self.said[low:high][taken]
        return Count(
            tokens=Tokens(
                uncached_input=uncached,
                output=output,
                cache_read=read if said[:, 1].any() else None,
                cache_write=written if said[:, 2].any() else None,
            ),
            requests=requests if said[:, 0].all() else None,
        )


def day_number(day: date) -> int:
    """Days since 1970-01-01."""
    return day.toordinal() - EPOCH


def lane_of(series: UsageSeries, model: str, seller: str) -> Lane:
    """Sum a series by day. Counts that are unreported are left out of the sums, never taken for numbers."""
    optional = np.column_stack([series.requests, series.cache_read, series.cache_write])
    reported = optional != UNREPORTED
    known = np.where(reported, optional, 0)
    counts = np.column_stack([known[:, 0], series.uncached_input, known[:, 1], known[:, 2], series.output])
    days, firsts = np.unique(series.starts // DAY_SECONDS, return_index=True)
    said = np.empty((len(days), 3), np.bool_)
    if len(days):
        said[:, 0] = np.logical_and.reduceat(reported[:, 0], firsts)
        said[:, 1:] = np.logical_or.reduceat(reported[:, 1:], firsts, axis=0)
    return Lane(
        series=series,
        model=model,
        seller=seller,
        span=max(1, -(-series.width_seconds // DAY_SECONDS)),
        days=days,
        counts=run_sums(counts, firsts),
        said=said,
    )


def run_sums(values: NDArray[Any], firsts: NDArray[np.intp]) -> NDArray[Any]:
    """The sums of the runs of rows that begin at *firsts*, exact; shape (runs, columns)."""
    return np.add.reduceat(_roomy(values), firsts, axis=0) if len(firsts) else values[:0]


def column_sums(values: NDArray[Any]) -> NDArray[Any]:
    """The sum of each column, exact."""
    return np.asarray(_roomy(values).sum(axis=0))


def _roomy(values: NDArray[Any]) -> NDArray[Any]:
    """The same numbers, as Python ints if int64 might overflow when they are summed."""
    if values.dtype == object or float(values.max(initial=0)) * len(values) < SAFE:
        return values
    return values.astype(object)


def shares(indices: Counts, span: int, covered: Mask) -> tuple[Counts, Counts]:
    """How many of the *span* days from each index are covered, and how many there are inside the month."""
    running = np.concatenate([[0], np.cumsum(covered)])
    ends = np.minimum(indices + span, len(covered))
    return running[ends] - running[indices], ends - indices


def shapes_of(lanes: Iterable[Lane], first: int, covered: Mask) -> tuple[Shape, ...]:
    """The bins of *lanes* on the covered days of a month, summed over lanes of one width; narrowest first."""
    parts: dict[int, list[NDArray[np.float64]]] = {}
    for lane in lanes:
        series = lane.series
        low, high = np.searchsorted(series.starts, [first * DAY_SECONDS, (first + len(covered)) * DAY_SECONDS])
        starts = series.starts[low:high]
        share, whole = shares(starts // DAY_SECONDS - first, lane.span, covered)
        taken = share > 0
        columns = [
            np.maximum(column[low:high][taken], 0) * (share[taken] / whole[taken])
            for column in (series.uncached_input, series.cache_read, series.cache_write, series.output)
        ]
        if taken.any():
            parts.setdefault(series.width_seconds, []).append(np.column_stack([starts[taken], *columns]))
    return tuple(_shape(width, np.concatenate(parts[width])) for width in sorted(parts))


def _shape(width_seconds: int, bins: NDArray[np.float64]) -> Shape:
    starts, where = np.unique(bins[:, 0].astype(np.int64), return_inverse=True)
    uncached, read, written, output = (
        np.bincount(where, weights=bins[:, column]).astype(np.float64) for column in range(1, 5)
    )
    return Shape(
        width_seconds=width_seconds,
        starts=starts,
        uncached_input=uncached,
        cache_read=read,
        cache_write=written,
        output=output,
    )


def _end(day: int, span: int) -> int:
    """The first day after a bucket of *span* days, or after the month in which it starts."""
    return min(day + span, day_number(Month.of(date.fromordinal(day + EPOCH)).end.date()))
