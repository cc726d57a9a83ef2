"""The plans in an explanation: replicas from demand, then the cost line by line, and who lost by how much."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator

from advisor.domain.assumptions import FleetAssumptions
from advisor.domain.comparison import Comparison
from advisor.domain.fleet import Infeasible, Offer, Plan
from advisor.domain.units import Money
from advisor.projection.cost import engineering_hours
from advisor.projection.policies import bought_together
from advisor.reporting import words
from advisor.reporting.explain_figures import (
    amount,
    figure,
    percentage,
    rate,
    share_of_month,
    sourced,
    tokens_per_second,
)
from advisor.reporting.lost import lost_because


def plans(found: Comparison, fleet: FleetAssumptions) -> Iterator[str]:
    """Every policy: the chosen one first, with its lines; then the others, and the figure that nobody sells."""
    unbuilt: dict[str, list[str]] = defaultdict(list)
    for plan in (found.chosen, *(plan for plan in found.plans if plan is not found.chosen)):
        if isinstance(plan, Infeasible):
            unbuilt[words.plain(plan.reason)].append(plan.policy)
        else:
            yield _titled(plan, found)
            yield from (f"  {line}" for line in (*_sized(plan, fleet), *_costed(plan, fleet)))
    for reason, policies in unbuilt.items():
        yield f"{', '.join(policies)}: no plan, {reason}"
    rule = found.equivalent
    yield (
        f"not buyable: {figure(rule.demand.replica_seconds)} replica-seconds / 3,600 / {figure(fleet.utilization)} x "
        f"{words.counted(rule.profile.tensor_parallel, 'GPU')} x {rate(rule.offer.price_per_gpu_hour)} = "
        f"{amount(found.not_buyable)}, as if fractions of a replica were sold; never compared with anything"
    )


def _titled(plan: Plan, found: Comparison) -> str:
    title = f"{plan.policy}, {_offered(plan.offer)}"
    if plan is found.chosen:
        return f"{title}: chosen, the cheapest realistic plan"
    if plan.policy == "equivalent":
        return f"{title}: the rule's lower bound, never chosen"
    more = amount(plan.cost.total - found.chosen.cost.total)
    return f"{title}: not chosen, {more} dearer; {lost_because(plan, found)}"


def _offered(offer: Offer) -> str:
    operated = ", operated by the vendor" if offer.operated_by == "vendor" else ""
    together = f", sold by {offer.gpus}" if offer.gpus > 1 else ""
    return words.plain(
        f"{offer.gpu} at {offer.provider} ({offer.region or 'any region'}), {rate(offer.price_per_gpu_hour)} an hour "
        f"{offer.commitment}{together}{operated} ({'your own quote: ' if offer.own else ''}"
        f"{sourced(offer.source, offer.checked_on)})"
    )


def _sized(plan: Plan, fleet: FleetAssumptions) -> Iterator[str]:
    """Replicas, GPUs and how busy they are."""
    needed, target = plan.demand, figure(plan.utilization_target)
    if plan.policy == "equivalent":
        sized = f"max({fleet.min_replicas}, ceil({figure(needed.mean_replicas)} mean / {target}))"
        yield f"replicas: {sized} = {plan.replicas}"
    elif plan.policy == "static":
        sized = f"max({fleet.min_replicas}, ceil({figure(needed.peak_replicas)} peak / {target}))"
        yield f"replicas: {sized} + {fleet.redundancy} spare = {plan.replicas}"
    else:
        yield from _moving(plan)
        return
    together = bought_together(plan.profile.tensor_parallel, plan.offer.gpus)
    if together and together != (plan.profile.tensor_parallel, 1):
        gpus, replicas = together
        yield f"nodes: ceil({plan.replicas} replicas / {replicas} a node) x {gpus} GPUs = {plan.gpus}"
    elif plan.profile.tensor_parallel > 1:
        yield f"GPUs: {plan.replicas} replicas x {plan.profile.tensor_parallel} = {plan.gpus}"
    mean, peak = figure(needed.mean_replicas), figure(needed.peak_replicas)
    yield f"utilization of the month: {mean} / {plan.replicas} = {percentage(plan.utilization)}"
    yield f"utilization of the busiest bin: {peak} / {plan.replicas} = {percentage(plan.utilization_peak)}"


def _moving(plan: Plan) -> Iterator[str]:
    """A fleet whose size follows the demand, or that leaves a part of it to serverless tokens."""
    mean, size = plan.demand.mean_replicas, plan.replicas
    if plan.policy == "hybrid":
        carried = plan.utilization * size
        yield f"replicas: {size} all month, each added while it pays for itself; serverless carries what is above them"
        yield f"carried: {figure(mean)} mean - {figure(mean - carried)} spilled = {figure(carried)} replicas"
        yield f"utilization of the month: {figure(carried)} / {size} = {percentage(plan.utilization)}"
    else:
        running = mean / plan.utilization
        kept = f", {plan.committed_replicas} of them committed all month" if plan.committed_replicas else ""
        yield f"replicas: at most {size} at once{kept}, {figure(running)} on average; they follow the demand"
        yield f"utilization of the month: {figure(mean)} / {figure(running)} = {percentage(plan.utilization)}"
    yield f"busiest bin: {percentage(plan.utilization_peak)} utilized, sized for {figure(plan.utilization_target)}"


def _rented(plan: Plan) -> str:
    """GPU-hours times their prices: all of them on demand, or a committed base and the rest."""
    price, cost = rate(plan.offer.price_per_gpu_hour), amount(plan.cost.gpu)
    if not plan.beside:
        if plan.policy == "autoscaled":
            return f"GPUs: {figure(plan.gpu_hours)} GPU-hours x {price} = {cost}"
        return f"GPUs: {words.counted(plan.gpus, 'GPU')} x {figure(plan.demand.hours)} h x {price} = {cost}"
    term, *spot = plan.beside
    together = bought_together(plan.profile.tensor_parallel, plan.offer.gpus)
    assert together, "what was planned can be bought"
    kept = plan.committed_replicas // together[1] * together[0] * plan.demand.hours
    rest = spot[0] if spot else plan.offer
    base = f"{figure(kept)} GPU-hours x {rate(term.price_per_gpu_hour)}"
    above = f"{figure(plan.gpu_hours - kept)} GPU-hours x {rate(rest.price_per_gpu_hour)}"
    return f"GPUs: {base} + {above} = {cost}, {term.commitment} and {rest.commitment}"


def _costed(plan: Plan, fleet: FleetAssumptions) -> Iterator[str]:
    """The cost line by line, with the arithmetic of each."""
    over, cost, usage = fleet.overheads, plan.cost, plan.demand.usage
    currency, days = cost.gpu.currency, share_of_month(usage)
    price, hourly = rate(plan.offer.price_per_gpu_hour), amount(Money(over.engineering_hourly_rate, currency))
    yield _rented(plan)
    if cost.staging.amount:
        staged = f"{figure(over.staging_replica_hours)} h x {words.counted(plan.profile.tensor_parallel, 'GPU')}"
        yield f"staging: {staged} x {price}{days} = {amount(cost.staging)}"
    for name, monthly, paid in (
        ("egress", over.egress_per_month, cost.egress),
        ("storage", over.storage_per_month, cost.storage),
    ):
        if paid.amount:
            yield f"{name}: {amount(Money(monthly, currency))}{days or ' a month'} = {amount(paid)}"
    yield (
        f"engineering: {figure(engineering_hours(plan.offer, fleet))} h x {hourly}{days} = {amount(cost.engineering)}, "
        "the whole fleet's, as if this workload moved alone"
    )
    once = f"({figure(over.migration_hours)} h x {hourly} + {amount(Money(over.migration_one_off, currency))})"
    yield f"migration: {once} / {over.migration_months} months{days} = {amount(cost.migration)}"
    if cost.serverless.amount:
        yield f"serverless for the spill: {amount(cost.serverless)}"
    parts = (cost.gpu, cost.staging, cost.egress, cost.storage, cost.engineering, cost.migration, cost.serverless)
    yield f"total: {' + '.join(amount(part) for part in parts if part.amount)} = {amount(cost.total)}"
    if plan.price_per_million:
        tokens = f"{figure(usage.tokens.total)} tokens"
        yield f"price: {amount(cost.total)} / {tokens} x 1,000,000 = {rate(plan.price_per_million)} a million"
    yield f"idle: {amount(cost.gpu)} x (1 - {figure(plan.utilization)}) = {amount(plan.idle_cost)} paid for waiting"


def runners_up(found: Comparison) -> Iterator[str]:
    """The chosen policy on other GPUs or at other providers, and by how much each lost."""
    for plan in (*found.alternatives, *([found.unmeasured] if found.unmeasured else [])):
        profile = plan.profile
        yield (
            f"{_offered(plan.offer)}: {words.counted(plan.replicas, 'replica')} on {words.counted(plan.gpus, 'GPU')}, "
            f"{tokens_per_second(profile)} ({profile.grade.value}: {sourced(profile.source, profile.checked_on)})"
        )
        more = plan.cost.total - found.chosen.cost.total
        if plan is found.unmeasured:
            saved = -more
            by = f"{amount(found.chosen.cost.total)} - {amount(plan.cost.total)} = {amount(saved)}"
            yield f"  not taken: {by} cheaper, but by an estimate, and the chosen one is measured"
            continue
        because = lost_because(plan, found)
        lost = f"{amount(more)} dearer than the chosen; {because}" if more.amount > 0 else because
        yield f"  lost: {amount(plan.cost.total)} - {amount(found.chosen.cost.total)} = {lost}"
