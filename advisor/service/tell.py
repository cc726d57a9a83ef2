"""What an unattended run sends: the report once a month, between reports only what has changed or is broken."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import replace

from advisor import app
from advisor.contract.channel import News
from advisor.contract.period import PeriodClaim
from advisor.contract.store import Decision, Delivery
from advisor.desk import Desk
from advisor.domain.facts import PullStatus
from advisor.domain.report import Findings, Message
from advisor.domain.units import Month
from advisor.domain.verdict import State, Verdict

RECOMMENDED = (State.SWITCH.value, State.RETURN.value)
Done = Mapping[PeriodClaim, str]


def report(desk: Desk, found: Findings, done: Done) -> int:
    """Enqueue the month's report and settle its periods; how many messages are new.

    It goes out although its verdicts were told on an earlier day, but not where they were today: report and
    recommendation of one day are one message.
    """
    from advisor.reporting.news import told_once

    known, today = _known(desk), _known(desk, today=True)
    messages = told_once(app.messages_for(found, desk.channels(), app.news_in(found, desk.now)), found, today)
    again = {one.dedup_key: _digest(one.dedup_key, "on its day") for one in messages if one.dedup_key in known - today}
    return app.record(desk, found, [_keyed(one, again) for one in messages], done)


def changes(desk: Desk, found: Findings, done: Done) -> int:
    """Enqueue what cannot wait for the report, and settle the day: how many messages are new.

    That is a recommendation that was not there before, or no longer is; a correction of what was told; a source that
    cannot be read, once a month for the same ones.
    """
    from advisor.reporting.news import told_once

    news: set[News] = set()
    if any(_changed(desk, verdict, _last(desk.store.decisions())) for verdict in found.verdicts):
        news.add("recommendation")
    if found.corrections:
        news.add("report")
    if news:
        messages = told_once(app.messages_for(found, desk.channels(), news), found, _known(desk))
        return app.record(desk, found, messages, done)
    broken = sorted((one.name, one.status.value) for one in found.sources if one.status is not PullStatus.OK)
    if not broken:
        return desk.store.decide([], [], desk.now, done=done)
    messages = app.messages_for(found, desk.channels(), {"data-health"})
    keys = {one.dedup_key: _digest(one.channel, "data-health", f"{desk.now:%Y-%m}", broken) for one in messages}
    return desk.store.decide([], [_keyed(one, keys) for one in messages], desk.now, done=done)


def final(desk: Desk, found: Findings, done: Done) -> int:
    """Enqueue what a month that was reported provisionally has come to, where that is another; settle its period."""
    from advisor.decision.corrections import corrections
    from advisor.reporting.news import told_once

    told: dict[tuple[str, Month], Decision] = {}
    for decision in desk.store.decisions():
        told.setdefault((decision.workload, decision.month), decision)
    provisional = {key: one for key, one in told.items() if key[1] == found.month and not one.assumed.get("closed")}
    other = corrections(found.verdicts, provisional, app.rules(desk))
    if not other:
        return app.record(desk, found, [], done)
    found = replace(found, corrections=(*other, *found.corrections))
    messages = told_once(app.messages_for(found, desk.channels(), {"report"}), found, _known(desk))
    return app.record(desk, found, messages, done)


def _changed(desk: Desk, verdict: Verdict, last: Mapping[str, Decision]) -> bool:
    """Whether a closed month's advice has become a recommendation, or is none any more, or is no longer snoozed."""
    if not verdict.usage.closed:
        return False
    today, snooze = desk.now.date(), verdict.snooze
    before = last.get(verdict.usage.workload.name)
    then = (before.assumed.get("advised") or before.state) in RECOMMENDED if before else False
    now = (verdict.advised or verdict.state).value in RECOMMENDED
    if snooze and snooze.until:
        if snooze.until > today:
            return False
        if now and before and before.decided_at.date() < snooze.until:
            return True
    return then != now


def _last(decisions: Sequence[Decision]) -> dict[str, Decision]:
    """The last decision on each workload, of decisions that come newest first."""
    return {one.workload: one for one in reversed(decisions)}


def _known(desk: Desk, *, today: bool = False) -> set[str]:
    """The keys of the messages that are sent, or will be; of those enqueued on this day of the schedule's zone."""
    zone = desk.config.schedule.zone
    day = desk.now.astimezone(zone).date()
    return {
        out.message.dedup_key
        for out in desk.store.outbox()
        if out.state is not Delivery.DEAD and (not today or out.enqueued_at.astimezone(zone).date() == day)
    }


def _keyed(message: Message, keys: Mapping[str, str]) -> Message:
    """The message with its own key, and that of the one that it stands in for, replaced."""
    return replace(
        message,
        dedup_key=keys.get(message.dedup_key, message.dedup_key),
        stands_in_for=keys.get(message.stands_in_for, message.stands_in_for),
    )


def _digest(*parts: object) -> str:
    return hashlib.sha256(json.dumps(parts).encode()).hexdigest()
