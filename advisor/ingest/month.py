"""Totals one month: what every workload used, what that cost, and how complete both are."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import reduce
from operator import add, and_

import numpy as np

from advisor.domain.assumptions import Workload
from advisor.domain.facts import Basis, Tokens
from advisor.domain.report import Issue, Severity
from advisor.domain.units import Money, Month
from advisor.domain.usage import Reconciliation, WorkloadUsage
from advisor.ingest.charges import Charge
from advisor.ingest.coverage import MISSING_DAYS_ALLOWED, left_out, status_of, why_open, worst
from advisor.ingest.flows import Facts, Flow, Stray, everything, flows, nothing
from advisor.ingest.lines import BEST_FIRST, Line, Priced, lines_of, priced
from advisor.ingest.money import Exchange, Unknown, written
from advisor.ingest.overlaps import reconciliation
from advisor.ingest.totals import Count, day_number, shapes_of

NO_USE = Tokens(uncached_input=0, output=0)
NO_DAY_IN_COMMON = "no day is known of both its tokens and its money"


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class MonthTotal:
    """One month of all workloads, and the money in it that pays for no counted tokens."""

    usages: tuple[WorkloadUsage, ...]
    issues: tuple[Issue, ...]


def month_total(facts: Facts, month: Month) -> MonthTotal:
    """Total a month.

    A workload that was billed without any tokens being counted, or whose source is silent on the month, is there
    with no tokens and open: what is missing never looks like nothing.
    """
    found, strays = flows(facts, month)
    parts: dict[str, list[tuple[Flow, tuple[Line, ...]]]] = defaultdict(list)
    workloads: dict[str, Workload] = {}
    for flow in found:
        lines = lines_of(flow, facts.workload_of)
        for name in dict.fromkeys(line.workload.name for line in lines):
            parts[name].append((flow, lines))
        workloads |= {line.workload.name: line.workload for line in lines}
    usages = [_usage(facts, month, workloads[name], own) for name, own in parts.items()]
    silent = [*_billed_only(facts, month, strays, workloads), *_not_delivered(facts, month, workloads)]
    return MonthTotal(
        usages=(*usages, *{usage.workload.name: usage for usage in reversed(silent)}.values()),
        issues=tuple(_stray_issues(facts, month, strays)),
    )


def _usage(
    facts: Facts, month: Month, workload: Workload, parts: Sequence[tuple[Flow, tuple[Line, ...]]]
) -> WorkloadUsage:
    """One workload over the days that are known of every traffic in it, on both sides."""
    first = day_number(month.start.date())
    tokens_known = reduce(and_, (flow.tokens for flow, _ in parts))
    money_known = reduce(and_, (flow.money for flow, _ in parts))
    covered = tokens_known & money_known
    of_parts = [one for flow, lines in parts for one in priced(facts, month, flow, lines, covered)]
    own = sorted((one for one in of_parts if one.line.workload is workload), key=_line_order)
    lanes = [lane for _, lines in parts for line in lines if line.workload is workload for lane in line.lanes]
    cost, basis = _cost(facts, month, own)
    charges = [charge for flow, _ in parts for charge in flow.charges]
    because = why_open(
        month,
        facts.now,
        tokens=tokens_known,
        money=money_known,
        charges=charges,
        awaited=next((flow.awaited for flow, _ in parts if flow.awaited), ""),
    )
    count = reduce(add, (one.count for one in own)) if own else Count(tokens=NO_USE, requests=None)
    today = [one.cost_today for one in own]
    involved = {source for flow, _ in parts for source in (*flow.traffic.sources, *flow.payers)}
    return WorkloadUsage(
        workload=workload,
        month=month,
        models_raw=tuple(sorted({lane.series.model_raw for lane in lanes})),
        tokens=count.tokens,
        requests=count.requests,
        shapes=shapes_of(lanes, first, covered),
        lines=tuple(one.usage_line() for one in own),
        days_covered=int(np.count_nonzero(covered)),
        missing_days=left_out(covered, month),
        cost=cost if isinstance(cost, Money) else None,
        cost_basis=basis if isinstance(cost, Money) else None,
        cost_problem="" if isinstance(cost, Money) else cost,
        cost_today=_sum(facts.currency, today),
        billed=_sum(facts.currency, [one.charged if one.basis is not Basis.ESTIMATED else None for one in own]),
        estimated=_sum(facts.currency, [one.listed.amount for one in own]),
        reconciliation=_reconciled(facts, month, [flow for flow, _ in parts]),
        source_status=worst(status_of(source, facts.pulls) for source in involved),
        closed=not because,
        open_because=because,
    )


def _line_order(one: Priced) -> tuple[str, ...]:
    line = one.line
    return (line.source, line.seller, line.model_raw, line.tier)


def _cost(facts: Facts, month: Month, lines: Sequence[Priced]) -> tuple[Money | str, Basis]:
    """The sum of the lines, or why it is unknown, and the weakest basis in it."""
    if not lines:
        return NO_DAY_IN_COMMON, Basis.ESTIMATED
    exchange = Exchange(currency=facts.currency, month=month, rates=facts.exchange)
    total = exchange.total(one.cost for one in lines)
    return total if isinstance(total, Money) else total.reason, max((one.basis for one in lines), key=BEST_FIRST.index)


def _sum(currency: str, amounts: Sequence[Money | Unknown | None]) -> Money | None:
    """The sum, None where any part of it is unknown."""
    known = [amount for amount in amounts if isinstance(amount, Money)]
    return sum(known, Money.zero(currency)) if known and len(known) == len(amounts) else None


def _reconciled(facts: Facts, month: Month, of: Iterable[Flow]) -> Reconciliation | None:
    """Of the traffics that two sources saw, each pair of sources added up, the pair that differs most."""
    first = day_number(month.start.date())
    pairs: dict[tuple[str, str], Reconciliation] = {}
    for flow in of:
        one = reconciliation(flow.traffic, flow.payers, first, lambda source: facts.usage_days(source, month))
        if one is None:
            continue
        pair = (one.billed_source, one.counted_source)
        before = pairs.get(pair)
        days = [found.worst_day for found in (before, one) if found and found.worst_day]
        pairs[pair] = Reconciliation(
            billed_source=one.billed_source,
            counted_source=one.counted_source,
            billed_tokens=one.billed_tokens + (before.billed_tokens if before else 0),
            counted_tokens=one.counted_tokens + (before.counted_tokens if before else 0),
            worst_day=max(days, key=lambda day: abs(day.ratio), default=None),
        )
    return max(pairs.values(), key=lambda pair: abs(pair.drift_ratio), default=None)


def _billed_only(
    facts: Facts, month: Month, strays: Iterable[Stray], present: Mapping[str, Workload]
) -> Iterator[WorkloadUsage]:
    """Workloads that were charged in this month while no source counts any of their tokens."""
    charges: dict[str, list[Charge]] = defaultdict(list)
    for stray in strays:
        if stray.uncounted:
            name = facts.workload_of[stray.charge.source, stray.charge.model_raw].name
            if name not in present:
                charges[name].append(stray.charge)
    exchange = Exchange(currency=facts.currency, month=month, rates=facts.exchange)
    for own in charges.values():
        amount = exchange.total(_in_month(charge, month) for charge in own)
        yield _silent(
            facts,
            month,
            facts.workload_of[own[0].source, own[0].model_raw],
            sources={charge.source for charge in own},
            models_raw=tuple(sorted({charge.model_raw for charge in own})),
            because="it was billed, but no source counts its tokens",
            cost=amount,
        )


def _not_delivered(facts: Facts, month: Month, present: Mapping[str, Workload]) -> Iterator[WorkloadUsage]:
    """Workloads with traffic in an earlier month whose sources do not speak for this one."""
    first = day_number(month.start.date())
    sources: dict[str, set[str]] = defaultdict(set)
    ids: dict[str, set[str]] = defaultdict(set)
    workloads = {}
    for lane in facts.lanes:
        workload = facts.workload_of[lane.source, lane.series.model_raw]
        if workload.name not in present and len(lane.days) and lane.days[0] < first:
            workloads[workload.name] = workload
            sources[workload.name].add(lane.source)
            ids[workload.name].add(lane.series.model_raw)
    for name, workload in workloads.items():
        known = np.logical_or.reduce([facts.usage_days(source, month) for source in sources[name]])
        if len(left_out(known, month)) > MISSING_DAYS_ALLOWED:
            because = why_open(month, facts.now, tokens=known, money=everything(month), charges=())
            yield _silent(
                facts, month, workload, sources=sources[name], models_raw=tuple(sorted(ids[name])), because=because
            )


def _silent(
    facts: Facts,
    month: Month,
    workload: Workload,
    *,
    sources: Iterable[str],
    models_raw: tuple[str, ...],
    because: str,
    cost: Money | Unknown | None = None,
) -> WorkloadUsage:
    """A month without a counted token, and why that is not taken for none."""
    amount = cost if isinstance(cost, Money) else None
    return WorkloadUsage(
        workload=workload,
        month=month,
        models_raw=models_raw,
        tokens=NO_USE,
        requests=None,
        shapes=(),
        lines=(),
        days_covered=0,
        missing_days=left_out(nothing(month), month),
        cost=amount,
        cost_basis=None if amount is None else Basis.BILLED,
        cost_problem=because if amount is None else "",
        source_status=worst(status_of(source, facts.pulls) for source in sources),
        closed=False,
        open_because=because,
    )


def _in_month(charge: Charge, month: Month) -> Money:
    """The part of a charge that falls into the month, day by day."""
    days = charge.within(day_number(month.start.date()), everything(month))
    return charge.fact.amount * days / charge.days


def _stray_issues(facts: Facts, month: Month, strays: Iterable[Stray]) -> Iterator[Issue]:
    """One issue for each source and reason, with the money it is about, each currency apart."""
    amounts: dict[tuple[str, str, str], Money] = {}
    for stray in strays:
        if not stray.charge.billed:
            continue  # an estimate is no money that anybody asks for
        amount = _in_month(stray.charge, month)
        key = (stray.charge.source, stray.why, amount.currency)
        amounts[key] = amounts[key] + amount if key in amounts else amount
    for (source, why, _), amount in amounts.items():
        if amount.amount:
            message = f"{written(amount)} in {month} {why}: it is in no workload's bill"
            yield Issue(severity=Severity.WARNING, source=source, message=message)
