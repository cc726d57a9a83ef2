"""The month's verdicts to the set of workloads that should move together, what they share counted once.

A workload's own comparison carries the whole shared cost, as if it moved alone. Here v = avoidable bill - its GPUs and
its spill; staging and the further model's hours are paid once a pool (one model on one offer), engineering once an
operator, egress, storage and migration once. Where an allowed host asks less than that, a set is chosen by what it
saves against that host. The plans are those chosen alone: what a set saves is never overstated.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Hashable, Sequence
from dataclasses import dataclass, field
from datetime import timedelta
from decimal import Decimal

from advisor.domain.assumptions import ON_CALL_NEEDED, Commitment, FleetAssumptions, Team
from advisor.domain.comparison import Comparison
from advisor.domain.fleet import Plan
from advisor.domain.portfolio import Move, Portfolio, SharedReplicas
from advisor.domain.units import Money
from advisor.domain.verdict import Gate, Verdict
from advisor.projection.avoidable import bills_of, floors
from advisor.projection.compare import at_low_end
from advisor.projection.cost import engineering_hours
from advisor.projection.packing import least, pool_of, pooled, variable
from advisor.projection.sharing import TRIED, Floor, Shared, solve
from advisor.projection.small_models import side_by_side
from advisor.projection.subset import NOTHING, ZERO, Fixed, Option, Project, Tree


def portfolio(
    verdicts: Sequence[Verdict],
    fleet: FleetAssumptions,
    team: Team | None,
    commitments: Sequence[Commitment],
    barred: Collection[Gate],
    *,
    tried: int = TRIED,
) -> Portfolio | None:
    """The best set, or None where no workload's figures can carry a move.

    A workload that fails one of the *barred* gates never joins. *tried* limits how many sets are sized on shared
    replicas; see `sharing`.
    """
    held = [(v.usage.workload.name, gate) for v in verdicts if v.comparison and (gate := _against(v, barred))]
    out = {name for name, _ in held}
    judged = [v for v in verdicts if v.followed is None]  # own GPUs serve the others already
    compared = [v.comparison for v in judged if v.comparison and v.usage.workload.name not in out]
    able = [found for found in compared if found.usage.workload.serving != "dedicated"]
    if not able:
        return None
    cap = None if team is None else Decimal(repr(team.engineering_hours_available))
    choice = _Choice(able=able, fleet=fleet, floors=_floors(verdicts, able, commitments), tried=tried)
    beyond, at_most = choice.best(None)
    found = beyond
    if cap is not None and beyond.hours > cap:
        found, at_most = choice.best(cap)
    by_name = {one.usage.workload.name: one for one in able}
    return Portfolio(
        best=choice.move(found),
        at_most=choice.move(found).savings + choice.money(at_most - found.value),
        low_end=choice.at_low_end(found),
        alone=tuple(by_name[name].savings for name in choice.move(found).names),
        shared=choice.shared_by(found),
        side_by_side=side_by_side(able, fleet),
        considered=len(able),
        held=tuple(held),
        hours_available=team.engineering_hours_available if team else None,
        able=team is not None and team.on_call_engineers >= ON_CALL_NEEDED,
        beyond=choice.move(beyond) if beyond.value > found.value else None,
    )


def _against(verdict: Verdict, barred: Collection[Gate]) -> Gate | None:
    return next((gate.gate for gate in verdict.gates if gate.gate in barred and not gate.met), None)


def _floors(
    verdicts: Sequence[Verdict], able: Sequence[Comparison], commitments: Sequence[Commitment]
) -> tuple[Floor, ...]:
    """What each host is owed whoever leaves: bills that are alone avoidable may not be together."""
    if not commitments:
        return ()
    whole: dict[str, Decimal] = defaultdict(Decimal)
    for verdict in verdicts:
        for seller, amount in bills_of(verdict.usage).items():
            whole[seller] += amount.amount
    month = able[0].usage.month
    share = max(_share(found) for found in able)
    promised = floors(commitments, month.end.date() - timedelta(days=1))
    parts = {found.usage.workload.name: bills_of(found.usage) for found in able}
    return tuple(
        Floor(
            headroom=whole[seller] - floor * share,
            bills={name: bills[seller].amount for name, bills in parts.items() if seller in bills},
        )
        for seller, floor in promised.items()
    )


def _asked_less(found: Comparison) -> Decimal:
    """What the cheapest allowed host asks less than leaving would save: a fleet has to beat that host as well."""
    other = found.cheaper_serverless
    return max(ZERO, found.avoidable.amount - other.cost.amount) if other else ZERO


def _share(found: Comparison) -> Decimal:
    """The covered share of the month: monthly amounts are counted for it."""
    return Decimal(found.usage.days_covered) / found.usage.month.day_count


@dataclass(frozen=True, slots=True, kw_only=True)
class _Choice:
    """The workloads that may move, and what they would share."""

    able: Sequence[Comparison]
    fleet: FleetAssumptions
    floors: Sequence[Floor]
    tried: int
    sized: dict[tuple[str, ...], Plan | None] = field(default_factory=dict)

    def best(self, cap: Decimal | None) -> tuple[Option, Decimal]:
        """The best set and what none exceeds. What is paid once is paid for as many days as its members cover: one
        tree for each count of days, with those that cover no more."""
        found, at_most = NOTHING, ZERO
        for share in sorted({_share(one) for one in self.able}):
            some = [one for one in self.able if _share(one) <= share]
            option, bound = solve(
                self._tree(some, share), cap, floors=self.floors, shared=self._shared, tried=self.tried
            )
            found, at_most = max(found, option, key=lambda one: one.rank), max(at_most, bound)
        return found, at_most

    def _tree(self, some: Sequence[Comparison], share: Decimal) -> Tree:
        over = self.fleet.overheads
        pools, platforms = dict[Hashable, Fixed](), dict[Hashable, Fixed]()
        for one in some:
            base = engineering_hours(one.chosen.offer, self.fleet)
            further, operator = min(over.engineering_hours_per_further_model, base), one.chosen.offer.operated_by
            # The first model's hours are the base: what the fleet takes beside them is the rest of it.
            hourly = over.engineering_hourly_rate * share
            platforms[operator] = Fixed(amount=(base - further) * hourly, hours=base - further)
            staging = one.chosen.cost.staging.amount
            pools[pool_of(one)] = Fixed(amount=staging + further * hourly, hours=further, under=operator)
        once = over.egress_per_month + over.storage_per_month + over.migration_total / over.migration_months
        return Tree(
            projects=[self._project(one) for one in some],
            pools=pools,
            platforms=platforms,
            root=Fixed(amount=once * share),
        )

    def _project(self, one: Comparison) -> Project:
        pool = pool_of(one)
        mates = [other for other in self.able if pool_of(other) == pool]
        spent, slack = variable(one.chosen).amount, ZERO
        if len(mates) > 1:
            rates = [offer.price_per_gpu_hour for m in mates for offer in (m.chosen.offer, *m.chosen.beside)]
            slack = max(ZERO, spent - least(one, rates, self.fleet))
        value = one.avoidable.amount - _asked_less(one) - spent
        return Project(name=one.usage.workload.name, value=value, pool=pool, slack=slack)

    @property
    def _shared(self) -> Shared:
        return lambda pool, names: self._saved([one for one in self.able if one.usage.workload.name in names])

    def _together(self, members: Sequence[Comparison]) -> Plan | None:
        names = tuple(one.usage.workload.name for one in members)
        if names not in self.sized:
            self.sized[names] = pooled(members, self.fleet)
        return self.sized[names]

    def _saved(self, members: Sequence[Comparison]) -> Decimal:
        plan = self._together(members)
        apart = sum((variable(one.chosen).amount for one in members), ZERO)
        return apart - variable(plan).amount if plan else ZERO

    def shared_by(self, found: Option) -> tuple[SharedReplicas, ...]:
        """The pools of a set in which replicas are shared; what was not sized is in no figure, and not told."""
        pools: dict[Hashable, list[Comparison]] = defaultdict(list)
        for one in self.able:
            if one.usage.workload.name in found.names:
                pools[pool_of(one)].append(one)
        named = [(tuple(one.usage.workload.name for one in members), members) for members in pools.values()]
        return tuple(
            SharedReplicas(
                names=names,
                plan=plan,
                replicas_apart=sum(one.chosen.replicas for one in members),
                savings=self.money(sum((variable(one.chosen).amount for one in members), -variable(plan).amount)),
            )
            for names, members in named
            if (plan := self.sized.get(names))
        )

    def at_low_end(self, found: Option) -> Money:
        """What a set saves with throughput at the low end of its band, each plan in whole replicas again."""
        pools = self.shared_by(found)
        pooled_names = {name for pool in pools for name in pool.names}
        dearer = [at_low_end(pool.plan, self.fleet) - pool.plan.cost.total for pool in pools]
        dearer += [
            one.savings - one.low_end_savings
            for one in self.able
            if one.usage.workload.name in found.names and one.usage.workload.name not in pooled_names
        ]
        return self.move(found).savings - self.money(sum((more.amount for more in dearer), ZERO))

    def money(self, amount: Decimal) -> Money:
        return Money(amount, self.able[0].savings.currency)

    def move(self, found: Option) -> Move:
        """A set as it is told: its saving is of the bills, as every verdict's, whatever another host would ask."""
        moved = [one for one in self.able if one.usage.workload.name in found.names]
        saved = found.value + sum(map(_asked_less, moved), ZERO)
        return Move(
            names=tuple(one.usage.workload.name for one in moved),
            savings=self.money(saved),
            engineering_hours=found.hours,
        )
