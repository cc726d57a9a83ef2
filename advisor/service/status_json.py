"""`advisor.status/1`: the status as a document, and as lines for people."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any

from advisor.service.health import Status

SCHEMA = "advisor.status/1"


def document(status: Status) -> dict[str, Any]:
    """The status as JSON values; times are UTC RFC 3339, what is not known is null."""
    return {
        "schema": SCHEMA,
        "generated_at": _moment(status.at),
        "healthy": status.healthy,
        "problems": list(status.problems),
        "last_run_at": _moment(status.last_run_at),
        "jobs": [
            {
                "job": one.job,
                "last_done": one.last_done,
                "last_done_at": _moment(one.last_done_at),
                "note": one.note or None,
                "next_due": _moment(one.next_due),
            }
            for one in status.jobs
        ],
        "owed": [
            {
                "job": one.job,
                "key": one.key,
                "due_since": _moment(one.since),
                "late": one.late,
                "state": one.state,
                "because": one.because or None,
            }
            for one in status.owed
        ],
        "sources": [
            {
                "name": one.name,
                "kind": one.kind,
                "status": one.status,
                "read_at": _moment(one.read_at),
                "succeeded_at": _moment(one.succeeded_at),
                "complete_through": _moment(one.complete_through),
                "age_hours": None if (age := one.age_hours(status.at)) is None else round(age, 2),
                "problem": one.problem or None,
            }
            for one in status.sources
        ],
        "outbox": dict(sorted(status.outbox.items())),
        "stuck": [
            {
                "channel": one.channel,
                "kind": one.kind,
                "subject": one.subject,
                "state": one.state,
                "enqueued_at": _moment(one.enqueued_at),
                "error": one.error,
            }
            for one in status.stuck
        ],
        "workloads": [
            {
                "name": one.name,
                "month": one.month,
                "state": one.state,
                "bill": None if one.bill is None else {"amount": str(one.bill), "currency": one.currency},
            }
            for one in status.workloads
        ],
    }


def lines(status: Status) -> Iterator[str]:
    """The status for people: the problems first."""
    from advisor.reporting.words import plain

    yield "healthy" if status.healthy else f"{len(status.problems)} to look at"
    yield from (f"  {plain(problem)}" for problem in status.problems)
    yield ""
    yield f"last run   {_minute(status.last_run_at)}"
    for job in status.jobs:
        done = f"{job.last_done} done {_minute(job.last_done_at)}" if job.last_done else "none done yet"
        yield f"{job.job:<10} {done}{f' ({plain(job.note)})' if job.note else ''}; next {_minute(job.next_due)}"
    for one in status.owed:
        because = f": {plain(one.because)}" if one.because else ""
        yield f"owed       {one.job} {one.key} since {_minute(one.since)}, {one.state}{because}"
    for source in status.sources:
        through = f", complete through {_minute(source.complete_through)}" if source.complete_through else ""
        read = f"{source.status} {_minute(source.read_at)}{through}" if source.status else "never read"
        yield f"source     {plain(source.name)}: {read}{f': {plain(source.problem)}' if source.problem else ''}"
    counts = ", ".join(f"{count} {state}" for state, count in sorted(status.outbox.items())) or "empty"
    yield f"outbox     {counts}"
    for workload in status.workloads:
        bill = f", {workload.bill:,} {workload.currency}" if workload.bill is not None else ", bill unknown"
        yield f"workload   {plain(workload.name)}: {workload.state} in {workload.month}{bill}"


def _moment(at: datetime | None) -> str | None:
    return None if at is None else f"{at.astimezone(UTC):%Y-%m-%dT%H:%M:%SZ}"


def _minute(at: datetime | None) -> str:
    return "never" if at is None else f"{at.astimezone(UTC):%Y-%m-%d %H:%M} UTC"
