"""The volume from which a workload's fleet meets the savings gates, prices and mix as they are.

Volume alone moves, and the invoice with it at one price a token: it is never extrapolated by itself.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from decimal import Decimal

from advisor.domain.assumptions import FleetAssumptions, SwitchPolicy
from advisor.domain.comparison import Comparison
from advisor.domain.facts import Tokens
from advisor.domain.fleet import Plan
from advisor.domain.units import Money
from advisor.domain.usage import Shape, WorkloadUsage
from advisor.projection.demand import demand
from advisor.projection.policies import bought_together, plan
from advisor.projection.staircase import Staircase

HALVINGS = 6
"""How often the span of volumes is halved in which another plan than a static one comes to pay."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Margins:
    """What a saving has to reach in the days covered, and what of the bill leaving does not save."""

    ratio: float
    least: float
    kept: float

    def met(self, bill: float, dedicated: float) -> bool:
        saved = bill - self.kept - dedicated
        return saved >= self.ratio * bill and saved >= self.least


def crossed(found: Comparison, policy: SwitchPolicy) -> bool:
    """Whether a month meets the savings gates already."""
    return found.savings_ratio >= policy.min_savings_ratio and float(found.savings.amount) >= _least(found, policy)


def _least(found: Comparison, policy: SwitchPolicy) -> float:
    """`min_savings` of the days covered."""
    return float(policy.min_savings) * found.usage.days_covered / found.usage.month.day_count


def volume_needed(found: Comparison, fleet: FleetAssumptions, policy: SwitchPolicy, reach: float) -> float | None:
    """Tokens in the days covered from which on the fleet meets the savings gates; None where no volume does.

    The cheapest realistic plan has to save both margins of what leaving avoids, and the rule's fewest whole replicas
    have to be cheaper for good, not between two steps. A token is priced as it is today, or as the cheapest allowed
    host asks, where that is less. A static fleet grows by its steps, redundancy included; the chosen plan, where it is
    another, is sized anew. That is done for volumes up to *reach* only: None where nothing is met below it, either.
    """
    usage, cheaper = found.usage, found.cheaper_serverless
    bills = [usage.cost_today or found.serverless, *([cheaper.cost] if cheaper else [])]
    price = float(min(bills).amount) / usage.tokens.total
    if found.break_even.never or price <= 0:
        return None
    margins = Margins(
        ratio=policy.min_savings_ratio,
        least=_least(found, policy),
        kept=float((found.serverless - found.avoidable).amount),
    )
    rule = _permanent(found.equivalent, price, margins.kept, fleet)
    static = (one for one in found.plans if isinstance(one, Plan) and one.policy == "static")
    ways = [_static(one, price, margins, fleet) for one in static]
    if found.chosen.policy != "static":
        ways.append(_sized_anew(found.chosen, price, margins, fleet, min([reach, *filter(None, ways)])))
    met = min(filter(None, ways), default=None)
    volume = None if rule is None or met is None else max(rule, met)
    return volume if volume is not None and volume <= reach else None


def _static(found: Plan, price: float, margins: Margins, fleet: FleetAssumptions) -> float | None:
    """The volume from which a static fleet keeps both margins, whatever step it is on."""
    by_ratio = _permanent(found, price * (1 - margins.ratio), margins.kept, fleet)
    by_saving = _permanent(found, price, margins.kept + margins.least, fleet)
    return None if by_ratio is None or by_saving is None else max(by_ratio, by_saving)


def _sized_anew(found: Plan, price: float, margins: Margins, fleet: FleetAssumptions, most: float) -> float | None:
    """The volume, between now and *most*, at which the plan's policy comes to meet the margins on its offer."""
    usage = found.demand.usage
    now = float(usage.tokens.total)

    def met(volume: float) -> bool:
        bill = price * volume
        grown = _grown(usage, volume / now, bill)
        again = plan(found.policy, demand(grown, found.profile, fleet), found.offer, fleet, found.beside)
        return isinstance(again, Plan) and margins.met(bill, float(again.cost.total.amount))

    if most <= now or not met(most):
        return None
    low, high = now, most
    for _ in range(HALVINGS):
        middle = (low * high) ** 0.5
        low, high = (low, middle) if met(middle) else (middle, high)
    return high


def _grown(usage: WorkloadUsage, factor: float, bill: float) -> WorkloadUsage:
    """The same month with *factor* times the tokens in every bin."""
    columns = ("uncached_input", "cache_read", "cache_write", "output")
    known = {name: getattr(usage.tokens, name) for name in columns}
    tokens: dict[str, int] = {name: round(count * factor) for name, count in known.items() if count is not None}

    def shape(one: Shape) -> Shape:
        return replace(one, **{name: getattr(one, name) * factor for name in columns})

    assert usage.cost is not None, "it was weighed"
    return replace(
        usage,
        tokens=Tokens(**tokens),
        shapes=tuple(shape(one) for one in usage.shapes),
        cost=Money(Decimal(repr(bill)), usage.cost.currency),
    )


def _permanent(plan: Plan, price: float, beside: float, fleet: FleetAssumptions) -> float | None:
    """From which volume V on, price x V never falls below the cost of an always-on fleet and *beside*.

    With m replicas in a node, C tokens a replica and r spare ones, nodes are ceil((V / C + r) / m): a staircase in
    V + r C, whose fixed cost is larger by price x r C.
    """
    needed, offer = plan.demand, plan.offer
    together = bought_together(needed.profile.tensor_parallel, offer.gpus)
    assert together, "the plan was built on this offer"
    gpus, replicas = together
    sized_for, spare = needed.peak_replicas, fleet.redundancy
    if plan.policy == "equivalent":
        sized_for, spare = needed.mean_replicas, 0
    carried = needed.usage.tokens.total * plan.utilization_target / sized_for
    stairs = Staircase(
        price_per_token=price,
        cost_per_step=float(offer.price_per_gpu_hour.amount * needed.hours) * gpus,
        capacity_tokens=carried * replicas,
        fixed=float(plan.cost.fixed.amount) + beside + price * spare * carried,
        min_steps=-(-(fleet.min_replicas + spare) // replicas),
    )
    tokens = stairs.permanent()
    return None if tokens is None else max(0.0, tokens - spare * carried)
