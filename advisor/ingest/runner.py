"""Reads one source of either port: what it brought, what could not be used, and which days it speaks for."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field, replace
from datetime import UTC, date, datetime, timedelta

from advisor.contract.gather import addressed
from advisor.contract.source import Lost, Parsed, PassedOver, Records, Relation, Source, UsageRow, Warned
from advisor.domain.facts import CostFact, Pull, PullStatus, RowProblem, UsageFact
from advisor.domain.units import Window
from advisor.errors import AdvisorError, ConfigError, SourceError
from advisor.ingest.tokens import disjoint, fitting

PROBLEMS_KEPT = 20
ROWS_PER_REJECTION = 1000
ONE_DAY = timedelta(days=1)
Span = tuple[datetime, datetime]


def pull(source: Source, window: Window, now: datetime) -> Pull:
    """Read *source* for *window*. Facts that start outside it are dropped, those that start after *now* are rejected.

    OK, unless something was lost or more than 0.1 % of the rows were rejected (PARTIAL), or no row could be read
    (FAILED): an empty answer is not zero traffic, and must not replace what an earlier read brought. So is a read that
    breaks off, whatever it brought before: a bucket may be on two pages. What a source does wrong is never raised, nor
    that its secret is not set: the warnings of a FAILED pull are what happened, and a hint. Raises AdvisorError where a
    count does not fit.
    """
    found = Found(window=window, now=now)
    try:
        if isinstance(source, Records):
            for record in source.pull(window):
                found.add(source.parse(record))
        elif isinstance(source, Relation):
            _scan(source, found)
        else:
            raise TypeError("it is neither a Records nor a Relation source")
    except (SourceError, ConfigError) as error:
        passing = isinstance(error, SourceError) and error.transient
        again = "try again later" if passing else "correct the source's settings, and run again"
        return _failed(source, found, error.message, error.hint or again)
    except AdvisorError:
        raise
    except Exception as error:  # a third party's source may raise anything, and must not stop the others
        message = f"the source kind {source.kind!r} failed: {type(error).__name__}: {error}"
        return _failed(source, found, message, "this is a fault of the source, not of what it read: report it there")
    if found.rejected >= found.rows and not (found.passed_over and not found.rows):
        return _failed(source, found, *_nothing_read(found))
    return _read(source, found)


@dataclass(slots=True, kw_only=True)
class Found:
    """What a read has brought so far. `rows` are all: kept, outside the window (`outside`: first, last), rejected.

    `passed_over` are rows about something else: they show that there was something to read, and no more.
    """

    window: Window
    now: datetime
    usage: list[UsageFact] = field(default_factory=list)
    costs: list[CostFact] = field(default_factory=list)
    rows: int = 0
    rejected: int = 0
    passed_over: int = 0
    problems: list[RowProblem] = field(default_factory=list)
    warnings: list[str] = field(default_factory=list)
    lost: list[str] = field(default_factory=list)
    inconsistent: int = 0
    outside: Span | None = None

    def add(self, record: Iterable[Parsed]) -> None:
        """Take in what one record holds. Tokens and money of the same thing are one row."""
        usage: list[UsageRow] = []
        costs: list[CostFact] = []
        rejected = self.rejected
        for parsed in record:
            match parsed:
                case UsageRow():
                    usage.append(parsed)
                case CostFact():
                    costs.append(parsed)
                case RowProblem():
                    self.reject(parsed)
                case Warned():
                    self.warnings.append(parsed.message)
                case Lost():
                    self.lost.append(parsed.message)
                case PassedOver():
                    self.passed_over += parsed.rows
        for row in usage:
            if self.takes(row.start, row.where) and not self.negative(row):
                self.usage.append(self.counted(row))
        counted = {row.start for row in usage}
        for cost in costs:
            # The charge of a row whose tokens lie in the future is no second problem.
            rejected_above = cost.start > self.now and cost.start in counted
            if not rejected_above and self.takes(cost.start, f"a charge for {cost.model_raw or 'no model'}"):
                self.costs.append(cost)
        self.rows += max(len(usage), len(costs), self.rejected - rejected)

    def reject(self, problem: RowProblem) -> None:
        """Count a row that cannot be used; the first ones are kept by name."""
        self.rejected += 1
        if len(self.problems) < PROBLEMS_KEPT:
            self.problems.append(problem)

    def takes(self, start: datetime, where: str) -> bool:
        """Whether a fact that starts then is kept; a start in the future is a problem *where* it says."""
        if start > self.now:
            self.reject(RowProblem(where=where, why=f"{start.astimezone(UTC):%Y-%m-%d %H:%M} UTC is in the future"))
            return False
        if start in self.window:
            return True
        first, last = self.outside or (start, start)
        self.outside = (min(first, start), max(last, start))
        return False

    def negative(self, row: UsageRow) -> bool:
        """Whether a count of *row* is below zero, which rejects it."""
        for name in ("input_tokens", "output_tokens", "cache_read_tokens", "cache_write_tokens", "requests"):
            count = getattr(row, name)
            if count is not None and count < 0:
                self.reject(RowProblem(where=row.where, why=f"{name} is {count}: a count cannot be negative"))
                return True
        return False

    def counted(self, row: UsageRow) -> UsageFact:
        """The row with disjoint tokens. Raises AdvisorError where a count does not fit 63 bits."""
        what = row.where or f"{row.model_raw} at {row.start}"
        found = disjoint(
            row.input_includes,
            input_tokens=fitting(row.input_tokens, f"{what}: input_tokens"),
            output_tokens=fitting(row.output_tokens, f"{what}: output_tokens"),
            cache_read_tokens=_fitting(row.cache_read_tokens, f"{what}: cache_read_tokens"),
            cache_write_tokens=_fitting(row.cache_write_tokens, f"{what}: cache_write_tokens"),
        )
        self.inconsistent += not found.consistent
        return UsageFact(
            provider=row.provider,
            model_raw=row.model_raw,
            start=row.start,
            width_seconds=row.width_seconds,
            tokens=found.tokens,
            requests=_fitting(row.requests, f"{what}: requests"),
            tier=row.tier,
            scope=row.scope,
        )


def _fitting(count: int | None, what: str) -> int | None:
    return None if count is None else fitting(count, what)


def _scan(source: Relation, found: Found) -> None:
    from advisor.ingest.scan import scan

    scanned = scan(source.scan(found.window), found.window)
    found.rows, found.rejected = scanned.rows, scanned.rejected
    found.problems += scanned.problems[:PROBLEMS_KEPT]
    found.warnings += scanned.warnings
    found.lost += scanned.lost
    found.usage = [fact for fact in scanned.usage if found.takes(fact.start, source.name)]
    found.costs = [fact for fact in scanned.costs if found.takes(fact.start, source.name)]


def _read(source: Source, found: Found) -> Pull:
    warnings = [*found.lost, *found.warnings]
    if found.inconsistent:
        rows = "1 row states" if found.inconsistent == 1 else f"{found.inconsistent} rows state"
        warnings.append(f"{rows} more cached tokens than input that includes them: the counts are kept as stated")
    if found.outside and not found.usage and not found.costs:
        first, last = (moment.astimezone(UTC).date() for moment in found.outside)
        asked = f"{found.window.start:%Y-%m-%d} to {found.window.end:%Y-%m-%d}"
        warnings.append(f"every row lies outside {asked}: the first is of {first}, the last of {last}")
    usage = {(fact.start, fact.start + timedelta(seconds=fact.width_seconds)) for fact in found.usage}
    costs = {(fact.start, fact.end) for fact in found.costs}
    partial = bool(found.lost) or found.rejected * ROWS_PER_REJECTION > found.rows
    return Pull(
        source=source.name,
        kind=source.kind,
        window=found.window,
        pulled_at=found.now,
        status=PullStatus.PARTIAL if partial else PullStatus.OK,
        usage=found.usage,
        costs=found.costs,
        usage_days=_days(usage, source, found.now),
        cost_days=_days(costs, source, found.now),
        complete_through=_complete_through(usage, costs, found.now),
        rows=found.rows + found.passed_over,
        rejected=found.rejected,
        problems=_problems(found),
        warnings=tuple(dict.fromkeys(map(addressed, warnings))),
    )


def _complete_through(usage: set[Span], costs: set[Span], now: datetime) -> datetime | None:
    """Until when both tokens and money, where there are any, are delivered: the end of the last bucket that is over."""
    over = [[end for _, end in spans if end <= now] for spans in (usage, costs) if spans]
    return min(map(max, over)) if over and all(over) else None


def _days(spans: Iterable[Span], source: Source, now: datetime) -> frozenset[date]:
    """The UTC days that buckets or charges speak for: those they cover, or the day on which they start.

    Today is none of them, whatever it has brought: should this be the last read, its rest would pass for known.
    With `empty_days = "zero"` also the days between the first and the last; not beyond, where a log that has not been
    shipped yet looks just like no traffic.
    """
    days: set[date] = set()
    yesterday = now.astimezone(UTC).date() - ONE_DAY
    for start, end in spans:
        day = start.astimezone(UTC).date()
        last = day if end - start <= ONE_DAY else (end - timedelta(microseconds=1)).astimezone(UTC).date()
        days |= _between(day, min(last, yesterday))
    if days and source.empty_days == "zero":
        days |= _between(min(days), max(days))
    return frozenset(days)


def _between(first: date, last: date) -> set[date]:
    return {first + n * ONE_DAY for n in range((last - first).days + 1)}


def _nothing_read(found: Found) -> tuple[str, str]:
    why = [*found.lost, *found.warnings]
    if found.problems:
        why.append(f"none of the {found.rows} rows can be used; the first: {found.problems[0]}")
    return "; ".join(dict.fromkeys(why)) or "there was nothing to read", "check what the source's settings point to"


def _failed(source: Source, found: Found, message: str, hint: str) -> Pull:
    return replace(
        failed(source, found.window, found.now, message, hint),
        rows=found.rows,
        rejected=found.rejected,
        problems=_problems(found),
    )


def failed(source: Source, window: Window, now: datetime, message: str, hint: str) -> Pull:
    """A read that brought nothing, with what happened and what to do about it."""
    return Pull(
        source=source.name,
        kind=source.kind,
        window=window,
        pulled_at=now,
        status=PullStatus.FAILED,
        warnings=(addressed(message), addressed(hint)),
    )


def _problems(found: Found) -> tuple[RowProblem, ...]:
    return tuple(RowProblem(where=addressed(one.where), why=addressed(one.why)) for one in found.problems)
