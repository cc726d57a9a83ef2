"""What is said below the table: what would flip an answer, what it assumes, what it was read from, what comes next."""

from __future__ import annotations

import math
from collections import defaultdict
from collections.abc import Iterator
from dataclasses import replace
from decimal import Decimal
from shlex import quote

from advisor.domain.comparison import Comparison
from advisor.domain.facts import ON_DEMAND
from advisor.domain.fleet import Plan
from advisor.domain.report import Findings
from advisor.domain.units import Money, Month, rounded_down
from advisor.domain.usage import Reconciliation, SourceReport
from advisor.domain.verdict import State, Verdict
from advisor.market.recipe import recipe_command
from advisor.reporting import words
from advisor.reporting.assumed import assumed
from advisor.reporting.odds_words import probability, spread, would_have_to_be_true
from advisor.reporting.page import Section
from advisor.reporting.section_changed import changed, corrected
from advisor.reporting.section_forecast import forecasts
from advisor.reporting.section_own import on_own_gpus
from advisor.reporting.section_together import together

PROBLEMS_SHOWN = 5
ALWAYS_ON = ("equivalent", "static", "hybrid")
DRIFT_SHOWN = 0.0005
"""Two sources that agree better than this need no line of their own."""
MONEY_DRIFT_SHOWN = 0.02
"""A bill that agrees better than this with tokens x list price needs none either."""


def sections(findings: Findings) -> tuple[Section, ...]:
    """Every section that has something to say. Fleets are weighed against a serverless bill, not against own GPUs."""
    every = findings
    findings = replace(every, verdicts=tuple(one for one in every.verdicts if one.followed is None))
    found = (
        Section(key="corrected", title="Corrected", items=tuple(corrected(every))),
        Section(key="changed", title="What changed", items=tuple(changed(every))),
        Section(key="own", title="On own GPUs", items=tuple(on_own_gpus(every.verdicts))),
        Section(key="elsewhere", title="Cheaper serverless first", items=tuple(_elsewhere(findings))),
        Section(key="together", title="Together", items=tuple(together(every))),
        Section(key="forecast", title="Forecast", items=tuple(forecasts(findings.verdicts))),
        Section(key="flips", title="What would flip it", items=tuple(_all_flips(findings))),
        Section(key="sure", title="How sure", items=tuple(_how_sure(findings))),
        Section(key="plans", title="Dedicated plans", items=tuple(_plans(findings))),
        Section(key="assumed", title="Assumed, not measured", items=tuple(assumed(every)), short=True),
        Section(key="data", title="Data", items=tuple(_read_from(every))),
        Section(key="next", title="Next", items=tuple(_next_steps(every))),
    )
    return tuple(section for section in found if section.items)


def next_action(verdict: Verdict) -> str:
    """The verdict's next step; every verdict but STAY has one."""
    if verdict.next_action or verdict.state is State.STAY:
        return words.plain(verdict.next_action)
    return words.plain(f"advisor explain {verdict.usage.workload.name}")


def flips(comparison: Comparison, state: State, utilization: float) -> tuple[str, ...]:
    """What would turn the answer: prices side by side, then the distance to a move, or to staying."""
    even, usage, plan = comparison.break_even, comparison.usage, comparison.chosen
    span = "a month" if usage.closed else f"in {words.counted(usage.days_covered, 'day')}"
    sides = (
        f"the plan costs {words.price(plan.price_per_million)} per M tokens, "
        f"the bill {words.price(usage.price_per_million)}"
    )
    rule = f"the {words.percent(utilization)} rule"
    if even.never:
        return (sides, f"{rule} wins at no volume: {words.plain(even.never_because)}")
    volume = f"{words.tokens(even.first_tokens)} tokens {span}"
    if even.permanent_tokens is not None and even.permanent_tokens != even.first_tokens:
        volume += f", for good from {words.tokens(even.permanent_tokens)}"
    found = [sides]
    if (dearest := highest_gpu_price(comparison)) is not None:
        rented = words.quote(plan.offer.price_per_gpu_hour)
        found.append(f"the plan is cheaper up to {words.price(dearest)} a GPU-hour (now {rented})")
    found.append(f"{rule} wins from {volume} (now {words.tokens(usage.tokens.total)})")
    if state is not State.SWITCH and even.distance is not None and even.distance > comparison.serverless:
        found.append(f"too small to move below a bill of {words.money(even.distance)} {span}")
    return tuple(found)


def highest_gpu_price(comparison: Comparison) -> Money | None:
    """The GPU price at which the chosen plan costs what leaving saves: price x (1 + saving / (GPUs + staging)).

    None where it costs more than that at any price.
    """
    cost = comparison.chosen.cost
    rented = cost.gpu + cost.staging
    if not rented.amount or (rented + comparison.savings).amount <= 0:
        return None
    return comparison.chosen.offer.price_per_gpu_hour * (1 + comparison.savings.amount / rented.amount)


def described(plan: Plan) -> str:
    """A plan, with where its price and its throughput are from."""
    offer, profile = plan.offer, plan.profile
    if profile.total_tokens_per_second is not None:
        rates = f"{words.number(profile.total_tokens_per_second)} tokens/s"
    else:
        read, written = profile.prefill_tokens_per_second or 0.0, profile.decode_tokens_per_second or 0.0
        rates = f"{words.number(read)} prefill and {words.number(written)} decode tokens/s"
    price = f"{words.quote(offer.price_per_gpu_hour)} a GPU-hour {offer.commitment}"
    for other in plan.beside:
        price += f", {words.quote(other.price_per_gpu_hour)} {other.commitment}"
    if plan.committed_replicas:
        price += f" for {plan.committed_replicas:,} committed"
    spill = f", and {words.money(plan.cost.serverless)} of serverless tokens" if plan.cost.serverless.amount else ""
    size = "" if plan.policy in ALWAYS_ON else "up to "
    return words.plain(
        f"{plan.policy}, {size}{words.counted(plan.replicas, 'replica')} on {plan.gpus:,} x {offer.gpu} at "
        f"{offer.provider}{spill}, {price} ({words.origin(offer.source)}, {words.day(offer.checked_on)}); "
        f"{rates} a replica ({profile.grade.value}, {words.origin(profile.source)}, {words.day(profile.checked_on)}); "
        f"{words.percent(plan.utilization)} utilized, {words.money(plan.idle_cost)} of GPUs idle"
    )


def confidence(comparison: Comparison) -> str:
    """How sure it is that the chosen plan is cheaper, and how soon moving would pay back."""
    least = comparison.low_end_savings
    ending = f"saves {words.money(least)}" if least.amount > 0 else f"costs {words.money(-least)} more"
    said = f"P(cheaper) {probability(comparison):.2f}, {spread(comparison)}"
    said += f"; at the low end of the throughput band it {ending}"
    if math.isfinite(comparison.payback_months):
        said += f"; pays back in {-rounded_down(-comparison.payback_months, 1):.1f} months"
    return said


def _elsewhere(findings: Findings) -> Iterator[str]:
    """The cheapest host that asks less than the bill, and the cheapest allowed one where that is another."""
    hosts = findings.policy.allowed_hosts
    barred = f"not in allowed_hosts = [{', '.join(hosts)}]" if hosts else "not among the hosts already paid"
    for verdict in findings.verdicts:
        found = verdict.comparison
        if found is None:
            continue
        cheaper = [one for one in found.elsewhere if one.cost < found.serverless * Decimal("0.995")]
        for one in dict.fromkeys((*cheaper[:1], *[one for one in cheaper if one.allowed][:1])):
            tier = "" if one.tier == ON_DEMAND else f" in {one.tier}"
            why = (
                "allowed" if one.allowed else barred if one.tier == ON_DEMAND else "another good than an answer at once"
            )
            yield words.plain(
                f"{_name(verdict)} on {one.host}{tier} {words.money(one.cost)} instead of "
                f"{words.money(found.serverless)}: {why} ({words.origin(one.source)}, {words.day(one.checked_on)})"
            )


def _name(verdict: Verdict) -> str:
    return words.name(verdict.usage.workload.name)


def _all_flips(findings: Findings) -> Iterator[str]:
    for verdict in findings.verdicts:
        if verdict.comparison:
            found = flips(verdict.comparison, verdict.state, findings.fleet.utilization)
            yield f"{_name(verdict)}: {'; '.join(found)}"
            yield f"{_name(verdict)}: {would_have_to_be_true(verdict.comparison)}"


def _how_sure(findings: Findings) -> Iterator[str]:
    for verdict in findings.verdicts:
        if verdict.comparison and verdict.comparison.savings.amount > 0:
            yield f"{_name(verdict)}: {confidence(verdict.comparison)}"


def _plans(findings: Findings) -> Iterator[str]:
    for verdict in findings.verdicts:
        if verdict.comparison:
            yield f"{_name(verdict)}: {described(verdict.comparison.chosen)}"
            if cheaper := verdict.comparison.unmeasured:
                fleet = f"{cheaper.gpus:,} x {words.plain(cheaper.offer.gpu)} at {words.name(cheaper.offer.provider)}"
                yield (
                    f"{_name(verdict)}: by an estimate, {words.counted(cheaper.replicas, 'replica')} on {fleet} would "
                    f"cost {words.money(cheaper.cost.total)}; measure it: {recipe_command(verdict.usage.workload.name)}"
                )
            bill, left = verdict.comparison.serverless, verdict.comparison.avoidable
            if left != bill:
                yield f"{_name(verdict)}: leaving saves {words.money(left)} of its bill of {words.money(bill)}"


def _read_from(findings: Findings) -> Iterator[str]:
    """How every source did, where two of them differ, and which workloads are counted over fewer days."""
    for source in findings.sources:
        name = words.name(source.name)
        yield f"{name}: {_how_it_did(source, findings.month)}"
        yield from (f"{name}: {words.brief(text)}" for text in source.warnings)
        yield from (f"{name}: rejected {words.brief(text)}" for text in source.problems[:PROBLEMS_SHOWN])
        if source.rejected > PROBLEMS_SHOWN:
            yield f"{name}: and {source.rejected - PROBLEMS_SHOWN:,} more rejected rows"
    for verdict in findings.verdicts:
        usage = verdict.usage
        if (drift := usage.reconciliation) and (abs(drift.drift_ratio) >= DRIFT_SHOWN or _worst(drift)):
            yield (
                f"{_name(verdict)}: {words.name(drift.billed_source)} bills {words.tokens(drift.billed_tokens)}, "
                f"{words.name(drift.counted_source)} counts {words.tokens(drift.counted_tokens)} tokens, "
                f"drift {words.percent(drift.drift_ratio)}{_worst(drift)}"
            )
        if usage.billed and usage.estimated and usage.billed.amount > 0:
            apart = (usage.billed - usage.estimated).over(usage.billed)
            if abs(apart) > MONEY_DRIFT_SHOWN:
                yield (
                    f"{_name(verdict)}: billed {words.money(usage.billed)}, at list price "
                    f"{words.money(usage.estimated)}, drift {words.percent(apart)}"
                )
        if usage.days_covered < usage.month.day_count:
            yield (
                f"{_name(verdict)}: {words.of(usage.days_covered, usage.month.day_count, 'days')} counted, "
                "in bill, tokens and fleet alike"
            )


def _worst(drift: Reconciliation) -> str:
    """The day on which two sources differ most, where that is more than the month's drift would suggest."""
    day = drift.worst_day
    if day is None or abs(day.ratio) < MONEY_DRIFT_SHOWN:
        return ""
    return f", {words.percent(day.ratio)} on {words.day(day.day)}"


def _how_it_did(source: SourceReport, month: Month) -> str:
    missing = [day for day in source.missing_days if Month.of(day) == month]
    said = [
        f"{words.name(source.kind)} {source.status.value}",
        f"{words.of(month.day_count - len(missing), month.day_count, 'days')} known",
        words.counted(source.rows, "row"),
    ]
    if source.rejected:
        said.append(f"{source.rejected:,} rejected")
    if missing:
        said.append(f"missing {words.days(missing)}")
    if source.complete_through:
        said.append(f"complete until {words.moment(source.complete_through, 'UTC')}")
    return ", ".join(said)


def _next_steps(findings: Findings) -> Iterator[str]:
    """One line for each different step, with the workloads that it is for, in the order of the table."""
    steps: dict[str, list[str]] = defaultdict(list)
    for verdict in findings.verdicts:
        if step := next_action(verdict):
            steps[step].append(_name(verdict))
    for step, names in steps.items():
        yield f"{words.listed(names)}: {step}"
    if moves := findings.moves:
        first = quote(words.plain(moves[0].usage.workload.name))
        yield f"and answer: advisor ack {first} --moving {findings.month.plus(2)}, or --declined"
