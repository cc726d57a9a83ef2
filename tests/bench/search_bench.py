"""The search over 5,000 offers x 12 workloads x 8,760 hours beside straightforward NumPy and pandas, in one run.

The product goes through its own `pairs` and `cheapest`: every policy, the winner and five runners-up. NumPy works out
every pair of offer and profile over every hour, in chunks, and finds the same winners, or the run fails. pandas works
out pairs one by one, without `committed`, on a slice whose time is multiplied.
"""

from __future__ import annotations

import resource
import statistics
import subprocess
import sys
import time
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any
from unittest.mock import patch

import numpy as np
from numpy.typing import NDArray

from advisor.domain.assumptions import ALL_POLICIES, FleetAssumptions, PolicyName, Workload
from advisor.domain.facts import Basis, Tokens
from advisor.domain.fleet import Demand, Infeasible, Offer, Plan, Profile
from advisor.domain.units import Money, Month
from advisor.domain.usage import Shape, WorkloadUsage
from advisor.market.profiles import measured_models, profiles
from advisor.projection.autoscaled import DOWN, LAG, MAX_OVERLOAD
from advisor.projection.load_duration import load_duration
from advisor.projection.policies import node_for, plan
from advisor.projection.search import Candidates, cheapest, pairs

WORKLOADS, OFFERS, HOURS, ROUNDS = 12, 5_000, 8_760, 5
GOAL_MS, GOAL_RATIO, GOAL_MB = 250, 0.25, 200
CHUNK = 32
"""Pairs a chunk: 2 MB an array, found the fastest of 16 to 512 here."""
SLICE = 24
"""Pairs that pandas works out."""
FLEET = FleetAssumptions(redundancy=1, burst=1.35, utilization=0.70)
Floats = NDArray[np.float64]
Winner = tuple[str, str, int, str, str, int, str, float]


@dataclass(frozen=True, slots=True, kw_only=True)
class Case:
    usages: tuple[WorkloadUsage, ...]
    profiles: tuple[tuple[Profile, ...], ...]
    offers: tuple[Offer, ...]


def case(seed: int = 7) -> Case:
    """A year of twelve models with a day, a week, noise and idle hours, and offers of every GPU they are known on."""
    draw = np.random.default_rng(seed)
    models = measured_models()[:WORKLOADS]
    known = tuple(profiles(m, own=(), input_length=None, output_length=None, input_share=0.8) for m in models)
    return Case(
        usages=tuple(_year(model, draw, 10 ** draw.uniform(10, 13)) for model in models),
        profiles=known,
        offers=_offers(draw, sorted({one.gpu for some in known for one in some})),
    )


def _year(model: str, draw: np.random.Generator, tokens: float) -> WorkloadUsage:
    hour = np.arange(HOURS)
    level = (1.2 + np.sin(hour / 24 * 2 * np.pi)) * np.where(hour // 24 % 7 < 5, 1.0, 0.4)
    level *= draw.lognormal(0, 0.1, HOURS) * (draw.random(HOURS) > draw.choice([0.0, 0.02, 0.3]))
    level *= tokens / level.sum()
    start = int(datetime(2025, 11, 1, tzinfo=UTC).timestamp())
    none = np.zeros(HOURS)
    read, written = np.round(level * 0.8), np.round(level * 0.2)
    shape = Shape(
        width_seconds=3600, starts=start + 3600 * np.arange(HOURS), uncached_input=read, cache_read=none,
        cache_write=none, output=written,
    )  # fmt: skip
    cost = Money(Decimal(round(tokens / 1e6 * draw.choice([0.1, 0.6, 3.0]))), "USD")
    return WorkloadUsage(
        workload=Workload(name=model, serve=model), month=Month(2026, 10), models_raw=(model,),
        tokens=Tokens(uncached_input=int(read.sum()), output=int(written.sum()), cache_read=0, cache_write=0),
        requests=None, shapes=(shape,), lines=(), days_covered=HOURS // 24, missing_days=(), cost=cost,
        cost_basis=Basis.BILLED, closed=True,
    )  # fmt: skip


def _offers(draw: np.random.Generator, gpus: Sequence[str]) -> tuple[Offer, ...]:
    """Four of five on demand, the rest a year's terms of nodes that are there on demand too."""
    usual = {gpu: draw.uniform(0.5, 5.0) for gpu in gpus}
    made = [
        Offer(
            provider=f"host-{draw.integers(20)}", gpu=(gpu := gpus[int(draw.integers(len(gpus)))]),
            gpus=int(draw.choice([1, 2, 4, 8])), commitment="on-demand", region=f"region-{draw.integers(12)}",
            price_per_gpu_hour=Money(Decimal(str(round(usual[gpu] * draw.lognormal(0, 0.25), 6))), "USD"),
            operated_by="you", tier="standard", source="made up", checked_on=None,
        )
        for _ in range(OFFERS * 4 // 5)
    ]  # fmt: skip
    terms = [
        replace(one, commitment="1-year", price_per_gpu_hour=one.price_per_gpu_hour * Decimal("0.62"))
        for one in draw.choice(np.array(made, dtype=object), OFFERS - len(made), replace=False)
    ]
    return (*made, *terms)


def by_product(on: Case) -> list[dict[PolicyName, Any]]:
    """What the product does."""
    return [
        {policy: cheapest(policy, candidates, FLEET, on.offers) for policy in ALL_POLICIES}
        for usage, known in zip(on.usages, on.profiles, strict=True)
        for candidates in [pairs(usage, on.offers, known, FLEET)]
    ]


def counted(on: Case) -> int:
    """How many plans the product works out for it."""
    tried = 0

    def counting(*args: Any) -> Plan | Infeasible:
        nonlocal tried
        tried += 1
        return plan(*args)

    with patch("advisor.projection.search.plan", counting):
        by_product(on)
    return tried


def named(offer: Offer, profile: Profile, total: float) -> Winner:
    at = (offer.provider, offer.gpu, offer.gpus, offer.region, profile.precision, profile.tensor_parallel)
    return (*at, profile.grade.value, round(total, 2))


@dataclass(frozen=True, slots=True, kw_only=True)
class Pairs:
    """Every pair of one workload as columns."""

    rows: list[tuple[Offer, Demand]]
    price: Floats
    rate: Floats
    node_gpus: Floats
    node_replicas: Floats
    term: Floats
    fixed: Floats

    @classmethod
    def of(cls, candidates: Candidates, offers: Sequence[Offer]) -> Pairs:
        terms: dict[tuple[Any, ...], float] = {}
        for one in offers:
            if one.commitment != "on-demand":
                key = (one.provider, one.gpu, one.gpus, one.region)
                terms[key] = min(terms.get(key, np.inf), float(one.price_per_gpu_hour.amount))
        rows = [(o, d) for o, d in candidates if node_for(d.profile.tensor_parallel, o)]
        nodes = [node_for(d.profile.tensor_parallel, o) for o, d in rows]
        price = np.array([float(o.price_per_gpu_hour.amount) for o, _ in rows])
        over, share = FLEET.overheads, HOURS / 744
        size = np.array([d.profile.tensor_parallel for _, d in rows], dtype=float)
        monthly = over.engineering_hours_per_month * over.engineering_hourly_rate + over.migration_total / 12
        return cls(
            rows=rows,
            price=price,
            rate=np.array([d.profile.total_tokens_per_second for _, d in rows], dtype=float),
            node_gpus=np.array([n.gpus for n in nodes if n], dtype=float),
            node_replicas=np.array([n.replicas for n in nodes if n], dtype=float),
            term=np.array([terms.get((o.provider, o.gpu, o.gpus, o.region), np.inf) for o, _ in rows]),
            fixed=(float(monthly) + price * size * float(over.staging_replica_hours)) * share,
        )


def by_numpy(usage: WorkloadUsage, every: Pairs) -> dict[PolicyName, Winner]:
    """The totals of every pair over every hour, and the lowest of them."""
    tokens = (usage.shapes[0].uncached_input + usage.shapes[0].output) / 3600
    totals = {policy: np.full(len(every.rows), np.inf) for policy in ALL_POLICIES}
    mean, peak, u = tokens.mean() / every.rate, tokens.max() * FLEET.burst / every.rate, FLEET.utilization
    node_year = every.price * every.node_gpus * HOURS
    steady: tuple[tuple[PolicyName, Floats], ...] = (
        ("equivalent", np.maximum(1, np.ceil(mean / u - 1e-9))),
        ("static", np.maximum(1, np.ceil(peak / u - 1e-9)) + FLEET.redundancy),
    )
    for policy, replicas in steady:
        totals[policy] = every.fixed + node_year * np.ceil(replicas / every.node_replicas)
    _hybrid(usage, every, mean, node_year, totals["hybrid"])
    for first in range(0, len(every.rows), CHUNK):
        part = slice(first, first + CHUNK)
        _follow(tokens, every, part, totals)
    winners: dict[PolicyName, Winner] = {}
    for policy, found in totals.items():
        best = int(np.argmin(found))
        if np.isfinite(found[best]):
            winners[policy] = named(every.rows[best][0], every.rows[best][1].profile, float(found[best]))
    return winners


def _follow(tokens: Floats, every: Pairs, part: slice, totals: dict[PolicyName, Floats]) -> None:
    """`autoscaled` and `committed`: of an hour's twelve bins three see the hour before, four itself, five both."""
    assert (LAG, DOWN) == (3, 6)
    demand = tokens / every.rate[part, None]
    wanted = np.maximum(1, np.ceil(demand * FLEET.burst / FLEET.utilization - 1e-9)) + FLEET.redundancy
    before = np.roll(wanted, 1, axis=1)
    late = 3 * np.maximum(0.0, demand - before).sum(axis=1) / (12 * demand.sum(axis=1))
    size = every.node_replicas[part, None]
    nodes, both = np.ceil(wanted / size), np.ceil(np.maximum(wanted, before) / size)
    running = (7 * nodes.sum(axis=1) + 5 * both.sum(axis=1)) / (12 * HOURS)
    node_year = every.price[part] * every.node_gpus[part] * HOURS
    totals["autoscaled"][part] = np.where(late > MAX_OVERLOAD, np.inf, every.fixed[part] + node_year * running)
    for row in np.flatnonzero(np.isfinite(every.term[part])):
        at, ratio = part.start + row, every.term[part][row] / every.price[part][row]
        levels, bins = np.concatenate([nodes[row], both[row]]), np.repeat([7, 5], HOURS)
        if late[row] > MAX_OVERLOAD:
            most = max(1.0, np.ceil(tokens.max() * FLEET.burst / every.rate[at] / FLEET.utilization - 1e-9))
            levels, bins = np.array([np.ceil((most + FLEET.redundancy) / every.node_replicas[at])]), np.array([1])
        order = np.argsort(-levels)
        reached = np.cumsum(bins[order])
        if ratio > 1:
            continue
        kept = levels[order][np.searchsorted(reached, np.ceil(ratio * reached[-1] - 1e-9))]
        above = float((np.maximum(0, levels - kept) * bins).sum() / bins.sum())
        totals["committed"][at] = every.fixed[at] + node_year[row] * (kept * ratio + above)


def _hybrid(usage: WorkloadUsage, every: Pairs, mean: Floats, node_year: Floats, into: Floats) -> None:
    """The base on either side of where a node pays, on the sorted demand."""
    assert usage.cost
    curve = load_duration(every.rows[0][1], FLEET)
    levels = curve.levels
    hour = float(usage.cost.amount) / (mean * HOURS)
    step = every.node_replicas * FLEET.utilization

    def cost(nodes: Floats) -> Floats:
        units = nodes * step * every.rate
        at = np.searchsorted(levels, units)
        carried = (curve.below[at] + units * curve.above[at]) / every.rate
        total: Floats = every.fixed + node_year * nodes + hour * HOURS * np.maximum(0.0, mean - carried)
        return total

    pays = every.price * every.node_gpus / (hour * step)
    reached = len(curve.above) - np.searchsorted(curve.above[::-1], pays)
    level = np.where(reached > 0, levels[np.minimum(reached, len(levels)) - 1], 0.0) / every.rate / step
    nothing = cost(np.zeros_like(mean))
    for nodes in (np.floor(level), np.ceil(level)):
        base = np.maximum(1.0, nodes)
        into[:] = np.minimum(into, np.where(cost(base) < nothing, cost(base), np.inf))


def by_pandas(usage: WorkloadUsage, offer: Offer, needed: Demand) -> float:
    """`static`, `autoscaled` and `hybrid` of one pair the plain way; the seconds it took."""
    import pandas as pd

    started = time.perf_counter()
    shape, rate = usage.shapes[0], needed.profile.total_tokens_per_second
    node = node_for(needed.profile.tensor_parallel, offer)
    assert rate
    assert node
    hours = pd.Series(shape.uncached_input + shape.output, index=pd.to_datetime(shape.starts, unit="s")) / 3600 / rate
    bins = hours.repeat(12).reset_index(drop=True)
    wanted = (bins * FLEET.burst / FLEET.utilization - 1e-9).apply(np.ceil).clip(lower=1)
    running = wanted.rolling(DOWN).max().shift(LAG).bfill() + FLEET.redundancy
    ((bins - running).clip(lower=0).sum() / bins.sum(), np.ceil(running / node.replicas).sum() / 12)
    for nodes in range(1, int(np.ceil(hours.max() / FLEET.utilization / node.replicas)) + 1):
        spilled = (bins - nodes * node.replicas * FLEET.utilization).clip(lower=0).mean()
        if spilled <= 0 or nodes > 8:
            break
    return time.perf_counter() - started


def main() -> None:
    if "--memory" in sys.argv:
        on = case()
        before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
        by_product(on)
        print(before / 1024, resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024)
        return
    product = []
    for _ in range(ROUNDS):
        on = case()  # new values: nothing of them is remembered
        started = time.perf_counter()
        found = by_product(on)
        product.append(time.perf_counter() - started)
    columns = [
        Pairs.of(pairs(usage, on.offers, known, FLEET), on.offers)
        for usage, known in zip(on.usages, on.profiles, strict=True)
    ]
    started = time.perf_counter()
    numpy = [by_numpy(usage, every) for usage, every in zip(on.usages, columns, strict=True)]
    theirs = time.perf_counter() - started
    winners = [
        {policy: named(best.offer, best.profile, float(best.cost.total.amount))
         for policy, (best, _) in answers.items() if isinstance(best, Plan)}
        for answers in found
    ]  # fmt: skip
    assert winners == numpy, [
        (left.get(policy), right.get(policy))
        for left, right in zip(winners, numpy, strict=True)
        for policy in ALL_POLICIES
        if left.get(policy) != right.get(policy)
    ]
    count = sum(len(every.rows) for every in columns)
    rows = columns[0].rows
    some = [by_pandas(on.usages[0], *rows[at]) for at in range(0, len(rows), len(rows) // SLICE)]
    pandas = statistics.mean(some) * count
    memory = subprocess.run([sys.executable, __file__, "--memory"], check=True, capture_output=True, text=True).stdout
    mine = statistics.median(product)
    worked_out = counted(on)
    print(f"search: {OFFERS:,} offers x {WORKLOADS} workloads x {HOURS:,} hours, {count:,} pairs of offer and profile")
    loaded, most = (float(figure) for figure in memory.split())
    for label, amount, said in (
        (f"product, five policies, median of {ROUNDS}", f"{mine * 1e3:,.0f} ms", f"(goal {GOAL_MS})"),
        ("NumPy in chunks, the same winners", f"{theirs * 1e3:,.0f} ms", f"product {mine / theirs:.3f}x of it "
         f"(goal {GOAL_RATIO}x)"),
        (f"pandas, {len(some)} pairs, extrapolated", f"{pandas * 1e3:,.0f} ms", f"product {mine / pandas:.5f}x of it"),
        ("plans worked out", f"{worked_out:,}", f"of {count * len(ALL_POLICIES):,}"),
        ("peak memory of the product", f"{most:,.0f} MB", f"(goal {GOAL_MB}; {loaded:,.0f} before it searches)"),
    ):  # fmt: skip
        print(f"  {label:<40} {amount:>12}  {said}")


if __name__ == "__main__":
    main()
