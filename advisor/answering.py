"""Answers to recommendations: taken for a workload that is known, and told with what was said before."""

from __future__ import annotations

from datetime import UTC, date, datetime
from difflib import get_close_matches

from advisor.desk import Desk
from advisor.domain.answers import Answer, AnswerKind
from advisor.domain.assumptions import Workload
from advisor.domain.units import Month, Window
from advisor.domain.verdict import State
from advisor.errors import UsageError

SHOWN = 6


def workloads(desk: Desk) -> dict[str, Workload]:
    """Every workload by name: those configured, those that the stored traffic makes, those of former decisions."""
    from advisor.ingest.workloads import assign

    names = {source.name for source in desk.sources}
    stored = desk.store.usage(Window(datetime(1970, 1, 1, tzinfo=UTC), Month.of(desk.now).end))
    ids = {(one.source, one.model_raw) for one in stored if one.source in names}
    found = {decision.workload: Workload(name=decision.workload) for decision in desk.store.decisions()}
    found |= {workload.name: workload for workload in assign(desk.config.workloads, ids).of.values()}
    return found | {workload.name: workload for workload in desk.config.workloads}


def known(desk: Desk, name: str) -> Workload:
    """The workload of that name. Raises UsageError with the nearest where there is none."""
    every = workloads(desk)
    if name in every:
        return every[name]
    lower = {one.lower(): one for one in every}
    near = get_close_matches(name.lower(), lower, n=1, cutoff=0.4)
    more = ", ..." if len(every) > SHOWN else ""
    seen = f"workloads: {', '.join(sorted(every)[:SHOWN])}{more}" if every else "nothing is stored yet: advisor check"
    raise UsageError(f"there is no workload {name!r}", f"did you mean {lower[near[0]]!r}? {seen}" if near else seen)


def moving(desk: Desk, name: str, month: Month, reason: str) -> Answer:
    """It moves from *month* on: to own GPUs, or back to serverless where it runs on own GPUs already."""
    workload = known(desk, name)
    back = dedicated_in(workload, Month.of(desk.now)) or _told(desk, name) == State.RETURN
    return _keep(desk, name, AnswerKind.RETURNING if back else AnswerKind.MOVING, reason, month=month)


def declined(desk: Desk, name: str, reason: str) -> Answer:
    """No to the recommendation, until something material changes."""
    known(desk, name)
    return _keep(desk, name, AnswerKind.DECLINED, reason)


def snoozed(desk: Desk, name: str, until: date, reason: str) -> Answer:
    """No recommendation message before *until*. Raises UsageError for a day that is not to come."""
    known(desk, name)
    today = desk.now.astimezone(UTC).date()
    if until <= today:
        raise UsageError(
            f"--until {until} is not after today, {today}", "name the first day on which to be asked again"
        )
    return _keep(desk, name, AnswerKind.SNOOZED, reason, until=until)


def dedicated_in(workload: Workload, month: Month) -> bool:
    """Whether the configuration says that the workload runs on own GPUs in *month*."""
    since = workload.dedicated_since
    return workload.serving == "dedicated" and (not since or Month.parse(since) <= month)


def _told(desk: Desk, name: str) -> str:
    """The state of the last decision; empty where there is none."""
    return next((decision.state for decision in desk.store.decisions(name)), "")


def _keep(
    desk: Desk, name: str, kind: AnswerKind, reason: str, *, month: Month | None = None, until: date | None = None
) -> Answer:
    who = desk.environ.get("USER") or desk.environ.get("LOGNAME") or desk.environ.get("USERNAME") or ""
    answer = Answer(
        workload=name, kind=kind, at=desk.now, month=month, until=until, reason=" ".join(reason.split()), who=who
    )
    desk.store.answer(answer)
    return answer
