"""How sure an explanation is: where the answer would turn, the odds, the payback."""

from __future__ import annotations

import math
from collections.abc import Iterator
from decimal import Decimal

from advisor.domain.assumptions import FleetAssumptions
from advisor.domain.comparison import Comparison
from advisor.domain.facts import Basis
from advisor.domain.units import Money
from advisor.projection.policies import bought_together, whole
from advisor.projection.probability import probability_cheaper
from advisor.projection.uncertainty import Hidden
from advisor.projection.uncertainty_draws import (
    BURST_SIGMA,
    ENGINEERING_RANGE,
    GPU_PRICE_RANGE,
    PEAK_TO_MEAN_SIGMA,
)
from advisor.reporting import words
from advisor.reporting.explain_figures import amount, figure, percentage, rate, share_of_month, tokens_carried
from advisor.reporting.odds_words import NAMES, spread, turning, value

INTERVALS_SHOWN = 5
TIE = 1 + 1e-9


def break_evens(found: Comparison, fleet: FleetAssumptions) -> Iterator[str]:
    """What would have to change for the rule's whole GPUs and the invoice to cost the same, one axis at a time."""
    even, usage, rule = found.break_even, found.usage, found.equivalent
    assert usage.price_per_million is not None, "a comparison has tokens and a cost"
    tokens, bill = figure(usage.tokens.total), rate(usage.price_per_million)
    if even.never:
        yield f"volume: none is large enough, {words.plain(even.never_because)}"
    else:
        yield from _volumes(found, fleet)
    if even.price_per_million:
        yield (
            f"token price: {amount(rule.cost.total)} / {tokens} tokens x 1,000,000 = {rate(even.price_per_million)} "
            f"a million, now {bill}"
        )
    offered = rule.offer.price_per_gpu_hour
    paid = f"({amount(found.serverless)} - {amount(rule.cost.fixed)} fixed) / {figure(rule.gpu_hours)} GPU-hours"
    if even.gpu_hour_price:
        yield f"GPU price: {paid} = {rate(even.gpu_hour_price)} an hour, now {rate(offered)}"
    else:
        yield f"GPU price: none is low enough, the fixed cost alone is {amount(rule.cost.fixed)}"
    together = bought_together(rule.profile.tensor_parallel, rule.offer.gpus)
    if together and even.throughput_tokens_per_second is not None and even.utilization is not None:
        replica = "" if together == (1, 1) else f" x {together[0]} / {together[1]}"
        speed = usage.tokens.total / rule.demand.replica_seconds
        yield (
            f"throughput, fixed costs aside: {rate(offered)}{replica} x 1,000,000 / (3,600 x "
            f"{figure(fleet.utilization)} x {bill}) = {figure(even.throughput_tokens_per_second)} tokens/s a replica, "
            f"now {figure(speed)}"
        )
        yield (
            f"utilization, fixed costs aside: {rate(offered)}{replica} x 1,000,000 / (3,600 x {figure(speed)} x "
            f"{bill}) = {percentage(even.utilization)}, target {percentage(fleet.utilization)}"
        )
    if even.distance:
        yield f"smallest bill that could meet the savings gates at this mix: {amount(even.distance)}"
    else:
        yield "smallest bill that could meet the savings gates at this mix: none is large enough"


def _volumes(found: Comparison, fleet: FleetAssumptions) -> Iterator[str]:
    """The volumes between which the answer flips, each with both sides of it."""
    even, usage = found.break_even, found.usage
    assert even.first_tokens is not None, "it is not never"
    assert even.permanent_tokens is not None, "it is not never"
    yield from _crossing("first cheaper at", even.first_tokens, found, fleet)
    if even.permanent_tokens > even.first_tokens * TIE:
        yield from _crossing("always cheaper from", even.permanent_tokens, found, fleet)
        spans = [
            f"{words.tokens(start)} to {words.tokens(end)}" if math.isfinite(end) else f"{words.tokens(start)} and more"
            for start, end in even.winning_intervals
        ]
        yield f"in between every further step of GPUs turns it back: cheaper at {words.listed(spans, INTERVALS_SHOWN)}"
    yield f"now: {figure(usage.tokens.total)} tokens in the days covered"


def _crossing(what: str, volume: float, found: Comparison, fleet: FleetAssumptions) -> Iterator[str]:
    """A volume with the bill that it makes and the whole GPUs that carry it. It may be the end of what they carry."""
    rule, bill = found.equivalent, found.usage.price_per_million
    together = bought_together(rule.profile.tensor_parallel, rule.offer.gpus)
    assert bill is not None, "a comparison has tokens and a cost"
    assert together is not None, "the plan was built on this offer"
    capacity = tokens_carried(rule, fleet.utilization)
    replicas = max(fleet.min_replicas, whole(volume / capacity))
    gpus = math.ceil(replicas / together[1]) * together[0]
    price, hours = rule.offer.price_per_gpu_hour, rule.demand.hours
    tokens = Decimal(round(volume))
    yield f"{what}: {figure(tokens)} tokens x {rate(bill)} / 1,000,000 = {amount(bill * tokens / 1_000_000)} of bill"
    yield (
        f"  carried by: {words.counted(gpus, 'GPU')} x {figure(hours)} h x {rate(price)} + "
        f"{amount(rule.cost.fixed)} fixed = {amount(price * (gpus * hours) + rule.cost.fixed)}"
    )


def odds(found: Comparison, fleet: FleetAssumptions) -> Iterator[str]:
    """The probability that the chosen plan is cheaper, its low end, and the months that pay the move back."""
    plan, left = found.chosen, found.avoidable
    total, sigma = plan.cost.total, round(plan.profile.sigma, 4)
    if left.amount > 0:
        yield from _drawn_often(found, fleet)
        alone = probability_cheaper(float(left.amount), float(total.amount), 0.0, plan.profile.sigma)
        yield (
            f"  without whole steps, by throughput alone: Phi(ln({amount(left)} / {amount(total)}) / {sigma}) = "
            f"{alone:.4f}"
        )
    else:
        yield "P(cheaper): 0, as nothing of the invoice is avoidable"
    slow = left - found.low_end_savings
    yield (
        f"at the low end of the throughput band, x {plan.profile.band[0]:.4f}, in whole replicas again: "
        f"{amount(left)} - {amount(slow)} = {amount(found.low_end_savings)} saved"
    )
    yield from _alone(found)
    over = fleet.overheads
    once = Money(over.migration_total, total.currency)
    before = found.savings + plan.cost.migration
    if math.isfinite(found.payback_months) and before.amount > 0:
        yield (
            f"payback: {amount(once)} / ({amount(found.savings)} + {amount(plan.cost.migration)} of migration in it)"
            f"{share_of_month(found.usage)} = {figure(Decimal(repr(round(found.payback_months, 4))))} months"
        )
    else:
        yield f"payback: never, the move of {amount(once)} is not earned back"


def _drawn_often(found: Comparison, fleet: FleetAssumptions) -> Iterator[str]:
    """The draws: how many are cheaper, what differs between them, and what none of them moves."""
    drawn = found.odds
    cheaper = round(drawn.probability_cheaper * (drawn.draws + 1))
    yield (
        f"P(cheaper): {cheaper:,} / ({drawn.draws:,} + 1) = {drawn.probability_cheaper:.4f}, the month costed in "
        f"{drawn.draws:,} draws (seed {drawn.seed}), each in whole replicas again, and {cheaper:,} of them cheaper"
    )
    yield f"  drawn: {', '.join(_drawn(found, fleet))}"
    listed = " at list prices, whose error nobody states" if found.usage.cost_basis is Basis.ESTIMATED else ""
    yield f"  the bill is taken as it is{listed}; volumes and prices to come are not in it"
    yield f"  {spread(found)}"


def _drawn(found: Comparison, fleet: FleetAssumptions) -> Iterator[str]:
    """Everything that differs from draw to draw."""
    plan = found.chosen
    hidden = Hidden.of(found.usage, plan.policy, fleet)
    yield f"throughput (sigma of ln {round(plan.profile.sigma, 4)}, {plan.profile.grade.value})"
    yield f"GPU price ({_ends(GPU_PRICE_RANGE)} of it)"
    yield f"engineering hours ({_ends(ENGINEERING_RANGE)} of them)"
    if hidden.burst:
        yield f"burst (sigma of ln {BURST_SIGMA:.2f})"
    if hidden.peak:
        yield f"peak to mean (sigma of ln {PEAK_TO_MEAN_SIGMA:.2f})"
    if hidden.carry_over:
        yield "cache carry-over (0 to 1)"


def _ends(ends: tuple[float, float]) -> str:
    return f"{ends[0] * 100:.0f} to {ends[1] * 100:.0f} %"


def _alone(found: Comparison) -> Iterator[str]:
    """The saving at both ends of every assumption, moved alone, widest first."""
    if not found.odds.flips:
        return
    yield f"one assumption at a time, the savings gates being {'met' if found.odds.met else 'missed'} now:"
    for flip in found.odds.flips:
        turn = "turned by no plausible value" if flip.flips_at is None else f"turned at {turning(flip)}"
        yield (
            f"  {NAMES[flip.assumption]} from {value(flip, flip.low)} to {value(flip, flip.high)}, now "
            f"{value(flip, flip.current)}: saves {amount(flip.savings_low)} to {amount(flip.savings_high)}; {turn}"
        )
