"""How unattended runs are doing: what was done, what is owed, what could not be read or delivered."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta
from decimal import Decimal, InvalidOperation

from advisor.config import Config
from advisor.contract.period import Period, PeriodState
from advisor.contract.store import Decision, Delivery, Store
from advisor.domain.facts import PullStatus
from advisor.service.reconcile import CHECK, REPORT, check_due, last_seen, next_due, owed

LATE = timedelta(hours=26)
"""What is owed for longer is late: whoever runs `run-due` once a day comes by within 24 hours, or 25."""
STUCK = (Delivery.DEAD, Delivery.HELD)
REMEMBERED = timedelta(days=35)
"""A message that never arrived is a problem until the next month's report has had its turn."""


@dataclass(frozen=True, slots=True, kw_only=True)
class OwedPeriod:
    """A period that is due and not done; `late` where that has lasted longer than any way to run explains."""

    job: str
    key: str
    since: datetime
    late: bool
    state: str
    because: str


@dataclass(frozen=True, slots=True, kw_only=True)
class JobHealth:
    """One job: the last period done, and when the next is due."""

    job: str
    last_done: str | None
    last_done_at: datetime | None
    note: str
    next_due: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class SourceHealth:
    """One configured source. `status` is None where it was never read; the ages are in hours."""

    name: str
    kind: str
    status: str | None
    read_at: datetime | None
    succeeded_at: datetime | None
    complete_through: datetime | None
    problem: str

    def age_hours(self, now: datetime) -> float | None:
        """Since when nothing is known of it."""
        return None if self.complete_through is None else (now - self.complete_through) / timedelta(hours=1)


@dataclass(frozen=True, slots=True, kw_only=True)
class StuckMessage:
    """A message that did not arrive, or of which nobody knows, and that no run sends again."""

    channel: str
    kind: str
    subject: str
    state: str
    enqueued_at: datetime
    error: str


@dataclass(frozen=True, slots=True, kw_only=True)
class WorkloadHealth:
    """The last decision told on a workload; `bill` is None where it is unknown."""

    name: str
    month: str
    state: str
    bill: Decimal | None
    currency: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Status:
    """Everything at one time. It is healthy where `problems` is empty."""

    at: datetime
    last_run_at: datetime | None
    jobs: tuple[JobHealth, ...]
    owed: tuple[OwedPeriod, ...]
    sources: tuple[SourceHealth, ...]
    outbox: Mapping[str, int]
    stuck: tuple[StuckMessage, ...]
    workloads: tuple[WorkloadHealth, ...]
    problems: tuple[str, ...]

    @property
    def healthy(self) -> bool:
        return not self.problems


def status_of(config: Config, store: Store, now: datetime) -> Status:
    """How it stands at *now*; reads the store and nothing else."""
    with store.snapshot() as still:
        ledger, last, good = still.periods(), still.pulls(), still.pulls(PullStatus.OK)
        outbox, decisions = still.outbox(), still.decisions()
    coming = next_due(config.schedule, now)
    sources = []
    for table in config.sources:
        pull, success = last.get(table["name"]), good.get(table["name"])
        failed = pull is not None and pull.status is not PullStatus.OK
        sources.append(
            SourceHealth(
                name=table["name"],
                kind=table["kind"],
                status=pull.status.value if pull else None,
                read_at=pull.pulled_at if pull else None,
                succeeded_at=success.pulled_at if success else None,
                complete_through=success.complete_through if success else None,
                problem=next(iter((*pull.warnings, *pull.problems)), "") if pull and failed else "",
            )
        )
    found = Status(
        at=now,
        last_run_at=last_seen(ledger),
        jobs=tuple(_job(job, ledger, coming[job]) for job in (REPORT, CHECK)),
        owed=tuple(_owed(config, ledger, now)),
        sources=tuple(sources),
        outbox=dict(Counter(out.state.value for out in outbox)),
        stuck=tuple(
            StuckMessage(
                channel=out.message.channel,
                kind=out.message.kind,
                subject=out.message.subject,
                state=out.state.value,
                enqueued_at=out.enqueued_at,
                error=out.last_error,
            )
            for out in outbox
            if out.state in STUCK and now - out.enqueued_at < REMEMBERED
        ),
        workloads=tuple(_workloads(decisions)),
        problems=(),
    )
    return _with_problems(found)


def _job(job: str, ledger: list[Period], coming: datetime) -> JobHealth:
    done = [row for row in ledger if row.job == job and row.state is PeriodState.DONE]
    last = max(done, key=lambda row: row.key, default=None)
    return JobHealth(
        job=job,
        last_done=last.key if last else None,
        last_done_at=last.updated_at if last else None,
        note=last.note if last else "",
        next_due=coming,
    )


def _owed(config: Config, ledger: list[Period], now: datetime) -> Iterator[OwedPeriod]:
    """What is due of the reports and the checks. A first run still to come owes nothing."""
    for one in owed(config.schedule, ledger, now) if ledger else ():
        if one.job in (REPORT, CHECK):
            since = _unchecked_since(config, ledger) or one.since if one.job == CHECK else one.since
            yield OwedPeriod(
                job=one.job,
                key=one.key,
                since=since,
                late=now - (one.deadline if one.row and one.job == REPORT else since) > LATE,
                state=one.row.state.value if one.row else "due",
                because=one.row.last_error if one.row else "",
            )


def _unchecked_since(config: Config, ledger: list[Period]) -> datetime | None:
    """When the first check after the last one done was due: of those missed only the newest is still owed."""
    done = [row.key for row in ledger if row.job == CHECK and row.state is PeriodState.DONE]
    if not done:
        return None
    schedule, day = config.schedule, date.fromisoformat(max(done)) + timedelta(days=1)
    while not schedule.daily.on(day):
        day += timedelta(days=1)
    return check_due(schedule, day)


def _workloads(decisions: list[Decision]) -> Iterator[WorkloadHealth]:
    last: dict[str, Decision] = {}
    for decision in reversed(decisions):
        if decision.workload not in last or decision.month >= last[decision.workload].month:
            last[decision.workload] = decision
    for name, decision in sorted(last.items()):
        try:
            bill = Decimal(str(decision.assumed["serverless"]))
        except (KeyError, InvalidOperation):
            bill = None
        currency = str(decision.assumed.get("currency") or "")
        yield WorkloadHealth(name=name, month=str(decision.month), state=decision.state, bill=bill, currency=currency)


def _with_problems(found: Status) -> Status:
    problems = []
    if found.last_run_at is None:
        problems.append("nothing has run unattended on this store yet: start advisor serve, or advisor run-due by cron")
    for one in found.owed:
        if one.late:
            problems.append(f"{one.job} {one.key} is late: due since {one.since:%Y-%m-%d %H:%M} UTC")
    for source in found.sources:
        if source.status == PullStatus.FAILED:
            problems.append(f"source {source.name} failed: {source.problem}")
    for stuck in found.stuck:
        outcome = "was not delivered" if stuck.state == Delivery.DEAD else "may or may not have arrived"
        problems.append(f"{stuck.channel}: {stuck.kind} of {stuck.enqueued_at:%Y-%m-%d} {outcome}: {stuck.error}")
    return replace(found, problems=tuple(problems))
