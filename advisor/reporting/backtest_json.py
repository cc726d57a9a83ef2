"""The document of `advisor backtest --format json`: `advisor.backtest/1`."""

from __future__ import annotations

from advisor.domain.backtest import DELAY_MONTHS, Backtest, Courses, Replay, ReplayedMonth
from advisor.reporting.backtest_words import assumptions, headline
from advisor.reporting.fields import Json, moment, source, total

SCHEMA = "advisor.backtest/1"


def backtest_document(found: Backtest) -> dict[str, Json]:
    """The replay as JSON values. What does not count, or is not known, is null, never 0."""
    return {
        "schema": SCHEMA,
        "generated_at": moment(found.generated_at),
        "from": str(found.first),
        "to": str(found.last),
        "currency": found.currency,
        "headline": headline(found),
        "delay_months": DELAY_MONTHS,
        "migration": total(found.migration),
        "assumptions": list(assumptions(found)),
        "sources": [source(report) for report in found.sources],
        "courses": _courses(found.courses),
        "workloads": [_workload(replay) for replay in found.replays],
        "issues": [
            {"severity": issue.severity.value, "source": issue.source or None, "message": issue.message}
            for issue in found.issues
        ],
    }


def _courses(courses: Courses | None) -> dict[str, Json]:
    return {
        "following": total(courses.following) if courses else None,
        "always_serverless": total(courses.serverless) if courses else None,
        "always_dedicated": total(courses.dedicated) if courses else None,
        "hindsight": total(courses.hindsight) if courses else None,
        "saved": total(courses.saved) if courses else None,
        "regret": total(courses.regret) if courses else None,
    }


def _workload(replay: Replay) -> dict[str, Json]:
    """`moves` are what following the advice does, `changes` what it was, `blocked` what the team stood against."""
    return {
        "name": replay.workload,
        "months_counted": len(replay.counted),
        "courses": _courses(replay.courses),
        "moves": [{"month": str(month), "to": place.value} for month, place in replay.moves],
        "changes": [_said(one) for one in replay.changes],
        "blocked": {
            "months": [str(month) for month in replay.blocked],
            "following_with_team": total(replay.with_team),
        },
        "months": [_month(one) for one in replay.months],
    }


def _said(one: ReplayedMonth) -> dict[str, Json]:
    verdict = one.verdict
    return {
        "month": str(one.month),
        "state": verdict.state.value if verdict else None,
        "reason": verdict.reason.value if verdict else None,
        "reason_text": verdict.reason_text if verdict else None,
    }


def _month(one: ReplayedMonth) -> dict[str, Json]:
    return {
        **_said(one),
        "counted": one.cost is not None,
        "not_counted_because": one.not_counted or None,
        "serverless": total(one.cost.serverless) if one.cost else None,
        "dedicated": total(one.cost.dedicated) if one.cost else None,
        "followed": one.followed.value,
        "hindsight": one.hindsight.value if one.hindsight else None,
    }
