"""Hourly tokens and requests of a project's models, from Cloud Monitoring: counts, and no money."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

from advisor.contract.api_fields import (
    Answer,
    OddFieldError,
    count,
    count_said,
    moment,
    named,
    part,
    stamp,
    translated,
    where,
    whole_hours,
    yesterday,
)
from advisor.contract.http import Http
from advisor.contract.paging import Once, by, pages, rows
from advisor.contract.source import Parsed, PassedOver, Record, UsageRow, Warned
from advisor.domain.facts import InputIncludes, RowProblem
from advisor.domain.units import HOUR_SECONDS, Window
from advisor.errors import SourceError

PROVIDER = "gcp.vertex_ai"
PERMISSION = "monitoring.timeSeries.list, which the role Monitoring Viewer has"
SCOPE = "https://www.googleapis.com/auth/monitoring.read"
# https://cloud.google.com/monitoring/api/metrics_gcp_a_b: each metric holds what happened since its last point.
METRIC = "aiplatform.googleapis.com/publisher/online_serving/"
TOKENS, REQUESTS = "token_count", "model_invocation_count"
KINDS = ("input", "output")
HOUR = timedelta(seconds=HOUR_SECONDS)
POINT = by("end", "resource.labels", "metric", "counts")
"""A series may go on on the next page, and a metric may have more labels than are read: each hour comes once."""
PAGE = 10_000


def check(http: Http, project: str) -> None:
    """Ask for the requests of yesterday. Raises SourceError."""
    next(_pages(http, project, REQUESTS, yesterday()), None)


def records(http: Http, project: str, window: Window) -> Iterator[Record]:
    """One record for each model, location and hour; one for each unknown kind of tokens. Raises SourceError."""
    hours = whole_hours(window)
    this_hour = whole_hours(Window(datetime.now(UTC), datetime.now(UTC) + HOUR)).start + HOUR
    hours = Window(hours.start, max(hours.start, min(hours.end, this_hour)))
    found: dict[tuple[str, str, str], dict[str, Any]] = defaultdict(dict)
    odd: dict[str, int] = defaultdict(int)
    counted = Once("Cloud Monitoring", POINT)
    for metric in (TOKENS, REQUESTS):
        for series in _series(http, project, metric, hours):
            _add(metric, series, found, odd, counted)
    for (start, model, location), counts in sorted(found.items()):
        yield {"start": start, "model": model, "location": location, **counts}
    for kind, tokens in sorted(odd.items()):
        yield {"kind": kind, "tokens": tokens}
    if not found:
        yield {"said": "no model has served this project in this time"}


def facts(record: Record, project: str) -> Iterator[Parsed]:
    """Translate one of `records`. Pure."""
    if isinstance(record.get("kind"), str):
        why = f"{record.get('tokens')} tokens are neither input nor output: this kind is not known here"
        yield RowProblem(where=f"tokens of the type {record['kind']!r}", why=why)
    else:
        yield from translated(where(record, "start", "model"), lambda: _rows(record, project))


def _rows(record: Record, project: str) -> Iterator[Parsed]:
    # A model that took input and gave no output has no series of output, and the reverse: here that is zero.
    counts = {kind: count_said(record, kind) for kind in KINDS}
    if all(tokens is None for tokens in counts.values()):
        asked = count(record, "requests")
        yield PassedOver(rows=1)
        if asked:
            yield Warned(message=f"{named(record, 'model')} was called and counted no tokens: it is left out")
        return
    yield UsageRow(
        provider=PROVIDER,
        model_raw=named(record, "model"),
        start=moment(record, "start"),
        width_seconds=HOUR_SECONDS,
        input_tokens=counts["input"] or 0,
        output_tokens=counts["output"] or 0,
        input_includes=InputIncludes.CACHE_READ,
        requests=count_said(record, "requests"),
        scope=project,
        where=where(record, "start", "model"),
    )


def _series(http: Http, project: str, metric: str, window: Window) -> Iterator[Answer]:
    for page in _pages(http, project, metric, window):
        if page.get("executionErrors"):
            raise SourceError("Cloud Monitoring could read only a part", "try again later", transient=True)
        # An answer without any series leaves the list out.
        yield from rows(page, "timeSeries", "Cloud Monitoring's answer") if "timeSeries" in page else ()


def _pages(http: Http, project: str, metric: str, window: Window) -> Iterator[Answer]:
    query = {
        "filter": f'metric.type="{METRIC}{metric}"',
        "interval.startTime": stamp(window.start),
        "interval.endTime": stamp(window.end),
        "aggregation.alignmentPeriod": f"{HOUR_SECONDS}s",
        "aggregation.perSeriesAligner": "ALIGN_SUM",
        "view": "FULL",
        "pageSize": PAGE,
    }

    def ask(cursor: str) -> Any:
        return http.get(f"v3/projects/{project}/timeSeries", {**query, "pageToken": cursor or None})

    return pages(ask, lambda page: str(page.get("nextPageToken") or ""), "Cloud Monitoring's answer")


def _add(
    metric: str,
    series: Answer,
    found: dict[tuple[str, str, str], dict[str, Any]],
    odd: dict[str, int],
    counted: Once,
) -> None:
    """Add the points of a series to their hours. Raises SourceError where it is odd, or one was counted before."""
    try:
        labels = part(part(series, "resource"), "labels")
        model, location = named(labels, "model_user_id"), str(labels.get("location") or "")
        kind = "requests" if metric == REQUESTS else str(part(part(series, "metric"), "labels").get("type") or "")
        for point in rows(series, "points", "a series"):
            # A point of a sum stands at the end of its hour.
            start = (moment(part(point, "interval"), "endTime") - HOUR).isoformat()
            counted.take({**series, "counts": metric, "end": start})
            value = count(part(point, "value"), "int64Value")
            if kind in (*KINDS, "requests"):
                hour = found[start, model, location]
                hour[kind] = hour.get(kind, 0) + value
            else:
                odd[kind] += value
    except OddFieldError as error:
        raise SourceError(f"a series of {metric} is not as documented: {error}", "the API may have changed") from error
