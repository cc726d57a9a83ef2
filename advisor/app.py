"""The whole line in one place: source, facts, usage, demand, plans, comparison, verdict, report, message, receipt."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import TYPE_CHECKING, Any

from advisor.contract.channel import Channel, News
from advisor.contract.period import PeriodClaim
from advisor.contract.rented import own_fleets
from advisor.contract.store import Decision, Delivery, Outgoing
from advisor.desk import Desk, open_book, scales_for, warning
from advisor.domain.facts import Pull, PullStatus
from advisor.domain.report import Findings, Issue, Message
from advisor.domain.units import Month, Window
from advisor.errors import SourceError, UsageError

if TYPE_CHECKING:
    from advisor.decision.record import Rules
    from advisor.decision.remembered import Remembered
    from advisor.domain.answers import Answer
    from advisor.domain.comparison import Comparison, NotCompared
    from advisor.domain.usage import UsageAnswer
    from advisor.domain.verdict import Verdict
    from advisor.ingest.book import Book
    from advisor.projection.weigh import Scales

Progress = Callable[[Iterator[Pull], int], Iterable[Pull]]
"""Passes on the reads of a sync, of which it is told how many there will be, and may show how far they are."""


def sync(desk: Desk, start: datetime | None, progress: Progress, *, only: str | None = None) -> None:
    """Read every source, as far back as it may have changed and at least from *start*, and store what it said.

    One source failing does not hide the others: its failure is stored and marks its data. Raises SourceError where
    none could be read.
    """
    from advisor.ingest.side_by_side import pulls
    from advisor.ingest.windows import window_for

    good = desk.store.pulls(PullStatus.OK)
    asked = [(source, window_for(source, good.get(source.name), start, desk.now)) for source in desk.named(only)]
    found_nothing = {}
    for pull in progress(pulls(asked, desk.now), len(asked)):
        desk.store.replace(pull)
        if pull.status is PullStatus.FAILED:
            found_nothing[pull.source] = pull
    if asked and len(found_nothing) == len(asked):
        failed = [found_nothing[source.name] for source, _ in asked]
        raise SourceError(
            "no source could be read: " + "; ".join(f"{pull.source}: {pull.warnings[0]}" for pull in failed),
            "; ".join(dict.fromkeys(hint for pull in failed for hint in pull.warnings[1:] if hint)),
        )


def check(desk: Desk, month: Month | None = None) -> Findings:
    """The line: judge the last full month, or *month*, from what is stored."""
    month = month or desk.last_full_month
    if month > Month.of(desk.now):
        raise UsageError(f"{month} has not begun", f"the last full month is {desk.last_full_month}")
    with desk.store.snapshot() as store:
        book, decisions, answers = open_book(desk, store), store.decisions(standing=True), store.answers()
    scales, left_out = scales_for(desk, month)
    past: dict[str, list[Comparison | NotCompared]] = defaultdict(list)
    for earlier in book.months_until(month):
        for weighed in scales.weigh(book.usage(earlier), shown=earlier == month):
            past[weighed.usage.workload.name].append(weighed)
    complete_through = {source.name: source.complete_through for source in book.sources(month.window)}
    judged = _remembered(desk, scales, decisions, answers, complete_through).judge(past, month)
    found = findings(desk, book, month, list(judged.verdicts), left_out)
    return replace(found, corrections=judged.corrections, restated=judged.restated)


def _remembered(
    desk: Desk,
    scales: Scales,
    decisions: list[Decision],
    answers: list[Answer],
    complete_through: dict[str, datetime | None],
) -> Remembered:
    """What stands beside the facts of a run."""
    from advisor.decision.remembered import Remembered
    from advisor.market.token_prices import TokenPrices
    from advisor.projection.follow import Follower

    fleets = own_fleets(desk.sources)
    return Remembered(
        rules=rules(desk),
        answers=answers,
        decisions=decisions,
        follower=Follower(scales=scales, fleets=fleets, currency=desk.config.advisor.currency),
        prices=TokenPrices(scales.own_prices, memo=scales.price_memo),
        now=desk.now,
        complete_through=complete_through,
    )


def rules(desk: Desk) -> Rules:
    """What every verdict of a run is decided by."""
    from advisor.decision.record import Rules

    return Rules(fleet=desk.config.fleet, policy=desk.config.policy, team=desk.config.team)


def usage(desk: Desk, by: str, window: Window, only: str | None = None) -> UsageAnswer:
    """What the sources said of a window, summed by *by* (month, day, hour or 5min), nothing converted."""
    from advisor.ingest.usage_answer import usage_answer

    names = {source.name for source in desk.named(only)}
    with desk.store.snapshot() as store:
        return usage_answer(
            by,
            window,
            [series for series in store.usage(window) if series.source in names],
            [cost for cost in store.costs(window) if cost.source in names],
            {name: days for name, days in store.coverage(window).items() if name in names},
            {name: record for name, record in store.pulls().items() if name in names},
            desk.now,
            sources=names,
        )


def usage_window(desk: Desk, start: datetime | None, end: datetime | None) -> Window:
    """The window asked for; without one, the last full month. Raises UsageError where it is empty."""
    start = start or (min(desk.last_full_month.start, end) if end else desk.last_full_month.start)
    end = end or max(desk.last_full_month.end, Month.of(start).end)
    if end <= start:
        raise UsageError(f"the window from {start:%Y-%m-%d} to {end:%Y-%m-%d} is empty", "--to is the first day after")
    return Window(start, end)


@dataclass(frozen=True, slots=True, kw_only=True)
class Notified:
    """What became of the messages of one run, one line each; `delivered` is False if any did not arrive."""

    lines: tuple[str, ...]
    delivered: bool


def notify(desk: Desk, found: Findings) -> Notified:
    """Record the verdicts, enqueue one message a channel, and deliver what is pending.

    The same news to the same channel is sent once, however often it is asked for. A channel gets the message if any
    of its news is on the channel's list; a report with a recommendation in it is one message. A recommendation that is
    snoozed is only reported. What was told otherwise before is told once more, as a correction.
    """
    from advisor.delivery.outbox import dispatch
    from advisor.reporting.news import told_once

    channels, news = desk.channels(), news_in(found, desk.now)
    messages = messages_for(found, channels, news)
    known = {out.message.dedup_key for out in desk.store.outbox() if out.state is not Delivery.DEAD}
    fresh = record(desk, found, told_once(messages, found, known))
    sent = dispatch(desk.store, channels, desk.now)
    lines = [str(one) for one in sent]
    told = {one.message.dedup_key for one in sent}
    waiting = [
        out for out in desk.store.outbox(Delivery.PENDING, Delivery.UNKNOWN) if out.message.dedup_key not in told
    ]
    lines += [f"{out.message.channel}: {out.message.kind} {_waits(out)}: {out.last_error}" for out in waiting]
    if messages and not fresh and not sent and not waiting:
        lines.append("nothing to send: every channel has this news already")
    if not messages:
        lines.append(f"nothing to send: no channel takes {' or '.join(sorted(news))}")
    return Notified(lines=tuple(lines), delivered=all(one.delivered for one in sent) and not waiting)


def _waits(outgoing: Outgoing) -> str:
    """What a message waits for that this run has not sent."""
    if outgoing.state is Delivery.UNKNOWN:
        return "may or may not have arrived, a later run finds out"
    return f"is tried again from {outgoing.not_before:%H:%M} UTC on" if outgoing.not_before else "is tried again"


def news_in(found: Findings, now: datetime) -> set[News]:
    """What a channel may be waiting for, in some findings."""
    from advisor.decision.remembered import unmuted

    news: set[News] = {"report"}
    if unmuted(found.moves, now):
        news.add("recommendation")
    if any(source.status is not PullStatus.OK for source in found.sources):
        news.add("data-health")
    return news


def messages_for(found: Findings, channels: Mapping[str, Channel], news: Collection[News]) -> list[Message]:
    """One message for each channel that takes any of *news*, and those that stand in for one that fails."""
    from advisor.reporting.message import instead_of, message_for

    wanted = [channel for channel in channels.values() if {*news} & {*channel.on}]
    kind = next(name for name in ("recommendation", "report", "data-health") if name in news)
    messages = [message_for(found, channel.name, channel.format, kind) for channel in wanted]
    names = {channel.name for channel in wanted}
    for channel, message in zip(wanted, tuple(messages), strict=True):
        if (other := channels.get(channel.fallback)) and other.name not in names:
            messages.append(instead_of(message, found, other.name, other.format))
    return messages


def record(
    desk: Desk, found: Findings, messages: Sequence[Message], done: Mapping[PeriodClaim, str] | None = None
) -> int:
    """Record the verdicts, enqueue *messages* and settle the periods *done*, all or nothing; how many are new."""
    from advisor.decision.record import decision_of

    decided = [decision_of(verdict, rules(desk), desk.now) for verdict in (*found.restated, *found.verdicts)]
    return desk.store.decide(decided, messages, desk.now, done=done)


def findings(
    desk: Desk, book: Book, month: Month, verdicts: list[Verdict], left_out: tuple[Issue, ...] = ()
) -> Findings:
    """One month's verdicts, dearest bill first, with how the sources did and what the reader has to know."""
    from advisor.decision.gates import NEVER_IN_A_MOVE
    from advisor.projection.portfolio import portfolio

    ordered = sorted(verdicts, key=_dearest_first)
    issues = [*left_out, *(warning(note) for note in desk.config.not_yet())]
    if not verdicts and (months := book.months()):
        issues.append(
            warning(f"there is no usage in {month}; stored are {months[0]} to {months[-1]}: name one with --month")
        )
    return Findings(
        month=month,
        generated_at=desk.now,
        currency=desk.config.advisor.currency,
        timezone=desk.config.advisor.timezone,
        verdicts=tuple(ordered),
        sources=book.sources(month.window),
        issues=(*book.issues(month), *issues),
        fleet=desk.config.fleet,
        policy=desk.config.policy,
        team=desk.config.team,
        portfolio=portfolio(ordered, desk.config.fleet, desk.config.team, desk.config.commitments, NEVER_IN_A_MOVE),
    )


def _dearest_first(verdict: Verdict) -> tuple[bool, Any, str]:
    cost = verdict.usage.cost
    return (cost is None, -cost.amount if cost else 0, verdict.usage.workload.name)
