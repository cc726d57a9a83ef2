"""Decisions and answers in the order in which they were made: `advisor.history/1`."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from decimal import Decimal, InvalidOperation
from typing import Any

from advisor.contract.store import Decision
from advisor.domain.answers import Answer
from advisor.domain.units import Money
from advisor.reporting.fields import moment, total
from advisor.reporting.listing import Column, Listing
from advisor.reporting.words import UNKNOWN, money, plain

SCHEMA = "advisor.history/1"


def events(decisions: Sequence[Decision], answers: Sequence[Answer]) -> list[tuple[dict[str, Any], Decision | Answer]]:
    """Every decision and answer beside its fields, oldest first; *decisions* come newest first, as from a store.

    `month` is the month judged, or the one whose recommendation was answered. `revision` counts the decisions on one
    month and workload. What does not belong to an event, or is not known, is None.
    """
    told: list[tuple[datetime, dict[str, Any], Decision | Answer]] = []
    revisions: dict[tuple[str, str], int] = {}
    for decision in reversed(decisions):
        key = (decision.workload, str(decision.month))
        revisions[key] = revisions.get(key, 0) + 1
        told.append((decision.decided_at, _decision(decision, revisions[key]), decision))
    told += [(answer.at, _answer(answer), answer) for answer in answers]
    return [(fields, one) for _, fields, one in sorted(told, key=lambda each: each[0])]


def listing(decisions: Sequence[Decision], answers: Sequence[Answer], *, for_people: bool) -> Listing:
    """The events as a list: in words for people, with every field for programs."""
    found = events(decisions, answers)
    rows = (
        [row | {"what": _what(row), "why": _why(said)} for row, said in found] if for_people else [r for r, _ in found]
    )
    return Listing(
        name="history",
        schema=SCHEMA,
        columns=TABLE if for_people else tuple(Column(key=key) for key in (rows[0] if rows else ())),
        rows=rows,
        empty="nothing was decided or answered yet: decisions are recorded by advisor check --notify",
    )


def _decision(decision: Decision, revision: int) -> dict[str, Any]:
    return {
        "at": moment(decision.decided_at),
        "event": "decision",
        "workload": decision.workload,
        "month": str(decision.month),
        "state": decision.state,
        "reason": decision.reason,
        "revision": revision,
        "serverless": _stored(decision.assumed, "serverless"),
        "dedicated": _stored(decision.assumed, "dedicated"),
        "answer": None,
        "from_month": None,
        "until": None,
        "who": None,
        "digest": decision.digest,
    }


def _answer(answer: Answer) -> dict[str, Any]:
    return {
        "at": moment(answer.at),
        "event": "answer",
        "workload": answer.workload,
        "month": str(answer.asked_of),
        "state": None,
        "reason": answer.reason or None,
        "revision": None,
        "serverless": None,
        "dedicated": None,
        "answer": answer.kind.value,
        "from_month": str(answer.month) if answer.month else None,
        "until": answer.until.isoformat() if answer.until else None,
        "who": answer.who or None,
        "digest": None,
    }


def _stored(assumed: Mapping[str, Any], name: str) -> Any:
    """An amount that a decision rested on; None where it had none, or its currency was not kept."""
    try:
        return total(Money(Decimal(str(assumed[name])), str(assumed["currency"])))
    except (KeyError, InvalidOperation):
        return None


def _amount(value: Any) -> str:
    return money(Money(Decimal(value["amount"]), value["currency"])) if value else UNKNOWN


def _what(row: Mapping[str, Any]) -> str:
    if row["event"] == "decision":
        return f"{row['state']}{' (revised)' if row['revision'] > 1 else ''}"
    return " ".join(filter(None, [row["answer"], row["from_month"] or row["until"]]))


def _why(said: Decision | Answer) -> str:
    """What was printed with a decision, where that was kept, or given with an answer."""
    if isinstance(said, Decision):
        return plain(str(said.assumed.get("reason_text") or said.reason))
    return plain(said.reason) or UNKNOWN


TABLE = (
    Column(key="at", title="ON", cell=lambda at: str(at)[:10]),
    Column(key="workload", title="WORKLOAD", loose=True),
    Column(key="month", title="MONTH"),
    Column(key="what", title="WHAT"),
    Column(key="serverless", title="BILL", right=True, cell=_amount),
    Column(key="dedicated", title="DEDICATED", right=True, cell=_amount),
    Column(key="why", title="WHY", loose=True),
    Column(key="who", title="WHO", loose=True),
)
