"""The work of one run: read the sources once, then the months and the day that it has claimed, each to its outcome."""

from __future__ import annotations

import logging
from collections import Counter
from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta

from advisor import app
from advisor.contract.period import LeaseLostError, PeriodState
from advisor.desk import Desk, warning
from advisor.domain.report import Findings, Issue
from advisor.domain.units import Month
from advisor.errors import AdvisorError, SourceError
from advisor.service import tell
from advisor.service.lease import Clock, Leases
from advisor.service.reconcile import CHECK, FINAL, PROVISIONAL, REPORT, next_due

LOG = logging.getLogger("advisor.service")
ASKED_AGAIN = timedelta(hours=6)
"""Between two looks whether a month has closed: a look reads every source, and some charge for it."""
TRIED_AGAIN = timedelta(minutes=15)
FINAL_WITHIN = timedelta(days=60)
Judged = Callable[[Month], Findings]


def do(desk: Desk, leases: Leases, clock: Clock, stopping: Callable[[], bool]) -> bool:
    """Everything that is claimed; False where something failed and will be tried again."""
    whole = _read(desk)
    desk = replace(desk, now=clock())
    judged: dict[Month, Findings] = {}

    def judge(month: Month) -> Findings:
        if month not in judged:
            judged[month] = app.check(desk, month)
        return judged[month]

    for job, work in ((REPORT, _report), (FINAL, _final), (CHECK, _check)):
        if stopping():
            leases.give_back("the daemon was stopped")
            break
        try:
            if leases.of(job):
                work(desk, leases, judge)
        except LeaseLostError as error:
            LOG.warning("%s", error)
            leases.drop(*leases.of(job))
        except Exception as error:  # whatever it is must not stop the other jobs, nor the next run
            said = str(error) if isinstance(error, AdvisorError) else f"{type(error).__name__}: {error}"
            LOG.error("%s failed: %s", job, said, exc_info=not isinstance(error, AdvisorError))
            leases.put_off_all(job, said, TRIED_AGAIN)
            whole = False
        judged.clear()  # what was recorded now is what the next job compares with
    return whole


def _read(desk: Desk) -> bool:
    """Read the sources. One that fails is marked in its data; that none could be read stops no report either."""
    try:
        app.sync(desk, None, lambda pulls, _: pulls)
    except SourceError as error:
        LOG.error("%s%s", error, f" ({error.hint})" if error.hint else "")
        return False
    return True


def _report(desk: Desk, leases: Leases, judge: Judged) -> None:
    """Report the newest month that is closed, or whose time is up, with the older ones that are owed beside it."""
    ready = {}
    for claim, owed in leases.of(REPORT).items():
        month = Month.parse(claim.key)
        try:
            found = judge(month)
        except AdvisorError as error:  # one month must not keep the others from being told
            LOG.error("report %s failed: %s", month, error)
            leases.put_off(claim, str(error), desk.now + TRIED_AGAIN)
            continue
        if found.month_closed or desk.now >= owed.deadline:
            ready[month] = claim
        else:
            why = _open_because(found)
            LOG.info("report %s waits: %s", month, why)
            leases.put_off(claim, f"not closed: {why}", min(desk.now + ASKED_AGAIN, owed.deadline))
    if not ready:
        return
    newest = max(ready)
    older = [judge(month) for month in sorted(ready) if month != newest]
    found = judge(newest)
    found = replace(
        found,
        issues=(*map(_in_short, older), *found.issues),
        restated=(*found.restated, *(verdict for one in older for verdict in one.verdicts)),
    )
    done = {
        claim: "; ".join(
            [
                *([] if judge(month).month_closed else [PROVISIONAL]),
                *([] if month == newest else [f"told with {newest}"]),
            ]
        )
        for month, claim in ready.items()
    }
    fresh = tell.report(desk, found, done)
    leases.drop(*ready.values())
    LOG.info("report %s: %d new messages", ", ".join(map(str, sorted(ready))), fresh)


def _in_short(found: Findings) -> Issue:
    """A month that was not reported on its day, in one line of a later report."""
    states = Counter(verdict.state.value for verdict in found.verdicts)
    said = ", ".join(f"{state} {count}" for state, count in states.most_common()) or "no usage"
    moves = ", ".join(verdict.usage.workload.name for verdict in found.moves)
    closed = "" if found.month_closed else ", not closed"
    return warning(
        f"{found.month.title} was not reported on its day, Advisor did not run then: {said}"
        f"{f' ({moves})' if moves else ''}{closed}; advisor report --month {found.month}"
    )


def _final(desk: Desk, leases: Leases, judge: Judged) -> None:
    for claim in leases.of(FINAL):
        month = Month.parse(claim.key)
        found = judge(month)
        if found.month_closed:
            LOG.info("%s has closed: %d corrections", month, tell.final(desk, found, {claim: ""}))
            leases.drop(claim)
        elif desk.now - month.end > FINAL_WITHIN:
            leases.settle(claim, PeriodState.SKIPPED, note=f"never closed: {_open_because(found)}")
        else:
            leases.put_off(claim, f"not closed: {_open_because(found)}", None)


def _check(desk: Desk, leases: Leases, judge: Judged) -> None:
    """The daily look. On the day of the report it leaves everything to that, so that a day has one message."""
    claims = dict.fromkeys(leases.of(CHECK), "")
    if _report_today(desk):
        desk.store.decide([], [], desk.now, done=dict.fromkeys(claims, "left to the report of the day"))
    else:
        LOG.info("check: %d new messages", tell.changes(desk, judge(desk.last_full_month), claims))
    leases.drop(*claims)


def _report_today(desk: Desk) -> bool:
    """Whether a report has gone out today, or still will."""
    schedule = desk.config.schedule
    today = desk.now.astimezone(schedule.zone).date()
    if next_due(schedule, desk.now)[REPORT].astimezone(schedule.zone).date() == today:
        return True
    return any(
        row.state is PeriodState.DONE and row.updated_at.astimezone(schedule.zone).date() == today
        for row in desk.store.periods(REPORT)
    )


def _open_because(found: Findings) -> str:
    still_open = [verdict.usage for verdict in found.verdicts if not verdict.usage.closed]
    if not still_open:
        return f"there is no usage in {found.month}"
    more = f", and {len(still_open) - 1} more" if len(still_open) > 1 else ""
    return f"{still_open[0].workload.name}: {still_open[0].open_because}{more}"
