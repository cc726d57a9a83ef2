"""Which messages are news: each is told once, and what was told otherwise before is told again as a correction."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Collection, Iterable, Sequence
from dataclasses import replace

from advisor.domain.correction import Correction
from advisor.domain.report import Findings, Message
from advisor.reporting.message import news_key


def told_once(messages: Iterable[Message], findings: Findings, known: Collection[str]) -> list[Message]:
    """*messages* without those that say less than one of the *known* keys did, and as corrections where they are.

    A report is no news where the same verdicts were sent as a recommendation, which an answer or a snooze now keeps
    from being one. A correction has the key of its verdicts where these were never told, so that they are not told
    again without it; else one of its own.
    """
    kept = [one for one in messages if one.kind != "report" or _louder(one, findings) not in known]
    if not findings.corrections:
        return kept
    keys = {one.dedup_key: _key(one.dedup_key, findings.corrections, known) for one in kept}
    return [
        replace(
            one,
            kind="correction",
            dedup_key=keys[one.dedup_key],
            subject=f"Correction: {one.subject}",
            stands_in_for=keys.get(one.stands_in_for, one.stands_in_for),
        )
        for one in kept
    ]


def _louder(message: Message, findings: Findings) -> str:
    return news_key(findings, message.channel, "recommendation")


def _key(ordinary: str, corrections: Sequence[Correction], known: Collection[str]) -> str:
    if ordinary not in known:
        return ordinary
    said = [
        [str(one.month), one.workload, one.state_before, one.told_at.isoformat(), one.verdict.state.value]
        for one in corrections
    ]
    return hashlib.sha256(json.dumps([ordinary, "correction", said]).encode()).hexdigest()
