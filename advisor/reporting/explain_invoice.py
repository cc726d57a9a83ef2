"""The invoice in an explanation: every line of usage with its money, what leaving would save, the rule in one place."""

from __future__ import annotations

from collections.abc import Iterator

from advisor.domain.comparison import Comparison
from advisor.domain.facts import Tokens
from advisor.domain.fleet import Plan
from advisor.domain.units import Money
from advisor.domain.usage import UsageLine, WorkloadUsage
from advisor.reporting import words
from advisor.reporting.explain_figures import amount, figure, percentage, rate, sourced, tokens_carried

HOSTS_SHOWN = 8
ALMOST_NOTHING = 0.005
"""Half a cent: what rounding may leave between a sum and its parts."""


def invoice(usage: WorkloadUsage) -> Iterator[str]:
    """One entry for each source, provider, model and tier, then the days, the sum and the price of a million."""
    for line in usage.lines:
        yield from _line(line)
    month = usage.month
    days = f"days: {words.of(usage.days_covered, month.day_count)} counted, in tokens, money and fleet alike"
    yield f"{days}; left out {words.days(usage.missing_days)}" if usage.missing_days else days
    if drift := usage.reconciliation:
        yield (
            f"drift: ({figure(drift.billed_tokens)} billed by {words.plain(drift.billed_source)} - "
            f"{figure(drift.counted_tokens)} counted by {words.plain(drift.counted_source)}) / "
            f"{figure(drift.billed_tokens)} = {percentage(drift.drift_ratio)}"
        )
        if drift.worst_day:
            day, apart = words.day(drift.worst_day.day), percentage(drift.worst_day.ratio)
            yield f"furthest apart on {day}, by {apart} of that day"
    if usage.cost is None:
        yield f"cost: unknown, {words.plain(usage.cost_problem)}"
        return
    yield f"cost: {_sum_of_lines(usage, usage.cost)}{amount(usage.cost)}, {usage.cost_basis or 'basis unknown'}"
    if usage.price_per_million:
        yield (
            f"price: {amount(usage.cost)} / {figure(usage.tokens.total)} tokens x 1,000,000 = "
            f"{rate(usage.price_per_million)} a million, at this mix"
        )


def _line(line: UsageLine) -> Iterator[str]:
    names = (line.source, line.provider or "no provider", line.model_raw or "no model", line.tier)
    yield " · ".join(words.plain(name) for name in names)
    yield f"  {_counted(line.tokens)}; {_requests(line.requests)}"
    if line.billed is not None:
        yield f"  billed {amount(line.billed)}"
    if line.estimated is not None:
        origin = f", {sourced(line.price_source, line.price_checked_on)}" if line.price_source else ""
        yield f"  at list price {amount(line.estimated)}{origin}"
    elif line.price_problem:
        yield f"  at list price unknown: {words.plain(line.price_problem)}"
    if line.estimated_today is not None and line.estimated_today != line.estimated:
        yield f"  at today's list price {amount(line.estimated_today)}"


def _counted(tokens: Tokens) -> str:
    """The components that are reported, and their sum."""
    parts = [f"{tokens.uncached_input:,} uncached input"]
    for count, name in ((tokens.cache_read, "cache read"), (tokens.cache_write, "cache write")):
        if count is not None:
            parts.append(f"{count:,} {name}")
    unsaid = "" if tokens.cache_read is not None else ", cache not reported"
    return f"tokens: {' + '.join([*parts, f'{tokens.output:,} output'])} = {tokens.total:,}{unsaid}"


def _requests(requests: int | None) -> str:
    return "requests not reported" if requests is None else words.counted(requests, "request")


def _sum_of_lines(usage: WorkloadUsage, cost: Money) -> str:
    """The left side of the sum, with what is on no line as a term of its own."""
    parts = [part for line in usage.lines if (part := line.billed or line.estimated) is not None]
    if not parts or any(part.currency != cost.currency for part in parts):
        return ""
    rest = cost
    for part in parts:
        rest -= part
    terms = [amount(part) for part in parts]
    if abs(rest.amount) > ALMOST_NOTHING:
        terms.append(f"{amount(rest)} on no line")
    return f"{' + '.join(terms)} = " if len(terms) > 1 else ""


def saved(found: Comparison) -> Iterator[str]:
    """Gross and avoidable, what the chosen plan saves of them, and the same at today's token prices."""
    gross, left = found.serverless, found.avoidable
    kept = gross - left
    yield f"avoidable: {amount(gross)} - {amount(kept)} owed to commitments all the same = {amount(left)}"
    total = found.chosen.cost.total
    yield f"saved: {amount(left)} - {amount(total)} of the chosen plan = {amount(found.savings)}"
    if gross.amount > 0:
        yield f"ratio: {amount(found.savings)} / {amount(gross)} = {percentage(found.savings_ratio)}"
    if found.savings_today is None:
        yield "at today's token prices: unknown, no list price of today"
    else:
        yield f"at today's token prices: {amount(found.savings_today)} saved"


def elsewhere(found: Comparison) -> Iterator[str]:
    """Other hosts of the same model, cheapest first; those that are allowed gate a move."""
    for one in found.elsewhere[:HOSTS_SHOWN]:
        names = " · ".join(words.plain(name) for name in (one.host, one.model_raw, one.tier))
        gate = ", allowed" if one.allowed else ""
        yield f"{names}: {amount(one.cost)}{gate}, {sourced(one.source, one.checked_on)}"
    if (more := len(found.elsewhere) - HOSTS_SHOWN) > 0:
        yield f"and {more} dearer"


def equation(found: Comparison, utilization: float) -> Iterator[str]:
    """The article's rule with this month's numbers: an invoice that exceeds whole GPUs at the target utilization."""
    usage, rule = found.usage, found.equivalent
    assert usage.price_per_million is not None, "a comparison has tokens and a cost"
    yield (
        f"serverless: {figure(usage.tokens.total)} tokens x {rate(usage.price_per_million)} a million / 1,000,000 = "
        f"{amount(found.serverless)}"
    )
    yield (
        f"dedicated at {words.percent(utilization)}: {words.counted(rule.gpus, 'GPU')} x {figure(rule.demand.hours)} h "
        f"x {rate(rule.offer.price_per_gpu_hour)} = {amount(rule.cost.gpu)}, GPUs alone"
    )
    whole = rule.cost.gpu + rule.cost.fixed
    yield f"all in: {amount(rule.cost.gpu)} + {amount(rule.cost.fixed)} fixed = {amount(whole)}"
    yield from capacity(rule, utilization)


def capacity(rule: Plan, utilization: float) -> Iterator[str]:
    """What one replica carries in the month at the target, and how many such the traffic takes."""
    needed, tokens = rule.demand, rule.demand.usage.tokens.total
    per_second = tokens / needed.replica_seconds
    carried = tokens_carried(rule, utilization)
    yield (
        f"speed: {figure(tokens)} tokens / {figure(needed.replica_seconds)} replica-seconds = {figure(per_second)} "
        "tokens/s a replica, at this mix"
    )
    yield (
        f"capacity: {figure(per_second)} tokens/s x 3,600 x {figure(needed.hours)} h x {figure(utilization)} = "
        f"{figure(round(carried))} tokens a replica"
    )
    yield f"load: {figure(tokens)} tokens / {figure(round(carried))} = {figure(tokens / carried)} replicas"
