"""The whole line in one place: source, facts, usage, demand, plans, comparison, verdict, report, message, receipt."""

from __future__ import annotations

import hashlib
import json
from collections import defaultdict
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

from advisor import registry
from advisor.config import Config
from advisor.contract.channel import Channel, News
from advisor.contract.source import Source
from advisor.contract.store import Decision, Delivery, Store
from advisor.domain.facts import PullStatus
from advisor.domain.report import Findings, Issue, Severity
from advisor.domain.units import Month, Window
from advisor.errors import ConfigError, SourceError, UsageError

if TYPE_CHECKING:
    from advisor.domain.comparison import Comparison, NotCompared
    from advisor.domain.usage import UsageAnswer
    from advisor.domain.verdict import Verdict
    from advisor.ingest.usage import Book
    from advisor.projection.weigh import Scales

FIRST_SYNC_MONTHS = 13
Progress = Callable[[str], None]


@dataclass(frozen=True, slots=True, kw_only=True)
class Desk:
    """What one run works with: the configuration, the store, its sources and the time. Made by `wire`."""

    config: Config
    store: Store
    sources: tuple[Source, ...]
    environ: Mapping[str, str]
    now: datetime

    @property
    def last_full_month(self) -> Month:
        return Month.of(self.now).plus(-1)

    def channels(self) -> dict[str, Channel]:
        """The configured channels by name. Raises ConfigError where there is none."""
        if not self.config.channels:
            raise ConfigError("there is no [[channels]] table to deliver to", 'add one, for example kind = "file"')
        found = [registry.build_channel(table, self.config.folder, self.environ) for table in self.config.channels]
        return {channel.name: channel for channel in found}


@contextmanager
def wire(config: Config, environ: Mapping[str, str], now: datetime) -> Iterator[Desk]:
    """Open everything that a run needs, and close it again."""
    from advisor.storage import open_store

    sources = tuple(registry.build_source(table, config.folder, environ) for table in config.sources)
    names = {source.name for source in sources}
    for source in sources:
        if unknown := sorted(set(source.overlaps) - names):
            raise ConfigError(
                f"sources.{source.name}.overlaps names {unknown[0]!r}, which is no source",
                f"sources: {', '.join(sorted(names))}",
            )
    store = open_store(config.state)
    try:
        yield Desk(config=config, store=store, sources=sources, environ=environ, now=now)
    finally:
        store.close()


def sync(desk: Desk, start: datetime | None, progress: Progress, *, only: str | None = None) -> None:
    """Read every source from *start* (13 months ago at the latest) until now, and store what it said.

    One source failing does not hide the others: its failure is stored and marks its data. Raises SourceError where
    none could be read.
    """
    from advisor.ingest.runner import pull

    first = Month.of(desk.now).plus(-FIRST_SYNC_MONTHS).start
    today = desk.now.astimezone(UTC).replace(hour=0, minute=0, second=0, microsecond=0)
    window = Window(min(first, start) if start else first, today + timedelta(days=1))
    pulls = []
    for source in _named(desk.sources, only):
        progress(source.name)
        pulls.append(pull(source, window, desk.now))
        desk.store.replace(pulls[-1])
    if pulls and all(pull.status is PullStatus.FAILED for pull in pulls):
        message, _, hint = "; ".join(f"{pull.source}: {' '.join(pull.warnings)}" for pull in pulls).partition("\n")
        raise SourceError(f"no source could be read: {message}", hint)


def check(desk: Desk, month: Month | None = None) -> Findings:
    """The line: judge the last full month, or *month*, from what is stored."""
    from advisor.decision.states import fold

    month = month or desk.last_full_month
    if month > Month.of(desk.now):
        raise UsageError(f"{month} has not begun", f"the last full month is {desk.last_full_month}")
    with desk.store.snapshot() as store:
        book = open_book(desk, store)
    scales = scales_for(desk, month)
    past: dict[str, list[Comparison | NotCompared]] = defaultdict(list)
    for earlier in book.months_until(month):
        for weighed in scales.weigh(book.usage(earlier)):
            past[weighed.usage.workload.name].append(weighed)
    verdicts = [fold(history, desk.config.policy, desk.config.team, desk.config.fleet)[-1] for history in past.values()]
    return findings(desk, book, month, [verdict for verdict in verdicts if verdict.usage.month == month])


def usage(desk: Desk, by: str, window: Window, only: str | None = None) -> UsageAnswer:
    """What the sources said of a window, summed by *by* (month, day, hour or 5min), nothing converted."""
    from advisor.ingest.answer import usage_answer

    names = {source.name for source in _named(desk.sources, only)}
    with desk.store.snapshot() as store:
        return usage_answer(
            by,
            window,
            [series for series in store.usage(window) if series.source in names],
            [cost for cost in store.costs(window) if cost.source in names],
            {name: days for name, days in store.coverage(window).items() if name in names},
            {name: record for name, record in store.pulls().items() if name in names},
            desk.now,
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


def notify(desk: Desk, found: Findings, *, also: frozenset[News] = frozenset()) -> Notified:
    """Record the closed verdicts, enqueue one message a channel, and deliver what is pending.

    The same news to the same channel is sent once, however often it is asked for.
    """
    from advisor.delivery.outbox import dispatch
    from advisor.reporting.render import message_for

    channels = desk.channels()
    kind: News = "recommendation" if found.moves else "report"
    news = {kind, *also} | ({"data-health"} if any(s.status is PullStatus.FAILED for s in found.sources) else set())
    wanted = [channel for channel in channels.values() if news & set(channel.on)]
    messages = [message_for(found, channel.name, channel.format, kind) for channel in wanted]
    fresh = desk.store.decide([_decision(desk, verdict) for verdict in found.verdicts], messages, desk.now)
    sent = dispatch(desk.store, channels, desk.now)
    lines = [f"{item.channel}: {item.state.value}{': ' + item.error if item.error else ''}" for item in sent]
    if wanted and not fresh and not sent:
        lines.append("nothing to send: every channel has this news already")
    if not wanted:
        lines.append(f"nothing to send: no channel takes {' or '.join(sorted(news))}")
    return Notified(lines=tuple(lines), delivered=all(item.state is Delivery.SENT for item in sent))


def open_book(desk: Desk, store: Store) -> Book:
    """Everything stored of the configured sources, ready to be totalled month by month."""
    from advisor.ingest.usage import Book
    from advisor.market.token_prices import OwnPrice, TokenPrices

    config, names = desk.config, {source.name for source in desk.sources}
    months = store.months()
    everything = Window(months[0].start, months[-1].end) if months else desk.last_full_month.window
    currency = config.advisor.currency
    prices = [{"currency": currency, **table.model_dump(exclude_none=True)} for table in config.prices]
    return Book(
        series=[series for series in store.usage(everything) if series.source in names],
        costs=[cost for cost in store.costs(everything) if cost.source in names],
        coverage={name: days for name, days in store.coverage(everything).items() if name in names},
        pulls={name: record for name, record in store.pulls().items() if name in names},
        overlaps={source.name: frozenset(source.overlaps) for source in desk.sources},
        workloads=config.workloads,
        prices=TokenPrices([OwnPrice(**price) for price in prices]),
        exchange=tuple(table.exchange_rate() for table in config.exchange_rates),
        currency=currency,
        now=desk.now,
    )


def scales_for(desk: Desk, month: Month) -> Scales:
    """The offers, own profiles and rules that every workload of this run is weighed by."""
    from advisor.ingest.money import converted
    from advisor.market.offers import offers
    from advisor.projection.weigh import Scales

    config = desk.config
    own = [table.offer(config.advisor.currency) for table in config.offers if table.unit == "gpu"]
    return Scales(
        fleet=config.fleet,
        policy=config.policy,
        commitments=config.commitments,
        offers=offers(own, config.fleet.only),
        own_profiles=tuple(table.profile() for table in config.profiles),
    )


def findings(desk: Desk, book: Book, month: Month, verdicts: list[Verdict]) -> Findings:
    """One month's verdicts, dearest bill first, with how the sources did and what the reader has to know."""
    sources = book.sources(month.window)
    issues = [Issue(severity=Severity.WARNING, source="", message=note) for note in desk.config.not_yet()]
    if not verdicts and (months := book.months()):
        issues.append(
            Issue(
                severity=Severity.WARNING,
                source="",
                message=f"there is no usage in {month}; stored are {months[0]} to {months[-1]}: name one with --month",
            )
        )
    return Findings(
        month=month,
        generated_at=desk.now,
        currency=desk.config.advisor.currency,
        timezone=desk.config.advisor.timezone,
        verdicts=tuple(sorted(verdicts, key=_dearest_first)),
        sources=sources,
        issues=(*book.issues(month), *issues),
        fleet=desk.config.fleet,
        policy=desk.config.policy,
        team=desk.config.team,
    )


def _dearest_first(verdict: Verdict) -> tuple[bool, Any, str]:
    cost = verdict.usage.cost
    return (cost is None, -cost.amount if cost else 0, verdict.usage.workload.name)


def _decision(desk: Desk, verdict: Verdict) -> Decision:
    """A verdict as it is kept: with everything it assumed, and a digest of that."""
    config = desk.config
    assumed: dict[str, Any] = {
        "fleet": asdict(config.fleet),
        "policy": asdict(config.policy),
        "team": asdict(config.team) if config.team else None,
        "closed": verdict.usage.closed,
        "tokens": asdict(verdict.usage.tokens),
    }
    if comparison := verdict.comparison:
        assumed["offer"] = asdict(comparison.chosen.offer)
        assumed["profile"] = asdict(comparison.chosen.profile)
        assumed["serverless"] = comparison.serverless.cents()
        assumed["dedicated"] = comparison.chosen.cost.total.cents()
    text = json.dumps(assumed, sort_keys=True, default=str)
    return Decision(
        month=verdict.usage.month,
        workload=verdict.usage.workload.name,
        state=verdict.state.value,
        reason=verdict.reason.value,
        digest=hashlib.sha256(text.encode()).hexdigest(),
        assumed=json.loads(text),
        decided_at=desk.now,
    )


def _named(sources: tuple[Source, ...], only: str | None) -> tuple[Source, ...]:
    """All sources, or the one named. Raises UsageError where there is none of that name."""
    chosen = tuple(source for source in sources if only in (None, source.name))
    if not chosen:
        raise UsageError(f"there is no source {only!r}", f"sources: {', '.join(source.name for source in sources)}")
    return chosen
