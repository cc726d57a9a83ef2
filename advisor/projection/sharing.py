"""The best set where its members share replicas or a commitment: what one saves then depends on who comes along.

    V(S) = tree(S) + what the members of each pool save by sharing - what is owed more because they leave together

Up to 16 projects every set gets an upper bound, and sets are worked out from the highest bound on until none left can
beat the best: exact. Beyond that, or where too many sets would have to be worked out, the answer is the best found by
adding, dropping and swapping, and the bound says how much more there could be at most (fleet maths section 4).
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Callable, Hashable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from decimal import Decimal
from functools import cached_property
from itertools import product

import numpy as np
from numpy.typing import NDArray

from advisor.projection.subset import NOTHING, ZERO, Option, Tree, best

ENUMERATED = 16
"""Projects of which every set gets a bound: 65,536 sets."""
TRIED = 48
"""Sets that are sized on shared replicas at most: one takes milliseconds."""
CLOSE = 1e-6
Floats = NDArray[np.float64]
Shared = Callable[[Hashable, tuple[str, ...]], Decimal]


@dataclass(frozen=True, slots=True, kw_only=True)
class Floor:
    """What a host is owed all the same: `headroom` is how much may leave it before its floor is reached.

    `bills` are what each project pays there. Leaving with b of it, min(b, max(0, b - headroom)) stays owed.
    """

    headroom: Decimal
    bills: Mapping[str, Decimal]

    def owed(self, left: Decimal) -> Decimal:
        return min(left, max(ZERO, left - self.headroom))

    def more(self, names: Iterable[str]) -> Decimal:
        """What is owed beyond the sum of what each would owe if it left alone."""
        parts = [self.bills[name] for name in names if name in self.bills]
        return self.owed(sum(parts, ZERO)) - sum(map(self.owed, parts), ZERO)


@dataclass(kw_only=True)
class Sets:
    """What sets are worth with sharing and commitments; what was sized once is kept."""

    tree: Tree
    floors: Sequence[Floor]
    shared: Shared
    tried: int = TRIED
    known: dict[tuple[Hashable, tuple[str, ...]], Decimal] = field(default_factory=dict)

    def option(self, taken: Iterable[str]) -> Option:
        """A set's value. Once *tried* sets are sized, further ones count as not sharing: never too much."""
        found = self.tree.option(taken)
        pools: dict[Hashable, list[str]] = defaultdict(list)
        names = set(found.names)
        for one in self.tree.projects:
            if one.name in names:
                pools[one.pool].append(one.name)
        gained = sum((self._gain(pool, tuple(group)) for pool, group in pools.items() if pool in self.sharing), ZERO)
        owed = sum((floor.more(found.names) for floor in self.floors), ZERO)
        return Option(names=found.names, value=found.value + gained - owed, hours=found.hours)

    @cached_property
    def sharing(self) -> set[Hashable]:
        """The pools in which something could be saved by sharing."""
        return {one.pool for one in self.tree.projects if one.slack > 0}

    @property
    def spent(self) -> bool:
        return len(self.known) >= self.tried

    def _gain(self, pool: Hashable, group: tuple[str, ...]) -> Decimal:
        if len(group) < 2:
            return ZERO
        if (pool, group) not in self.known:
            if self.spent:
                return ZERO
            self.known[pool, group] = max(ZERO, self.shared(pool, group))
        return self.known[pool, group]


def solve(
    tree: Tree, cap: Decimal | None, *, floors: Sequence[Floor], shared: Shared, tried: int = TRIED
) -> tuple[Option, Decimal]:
    """The best set of at most *cap* hours, and a value that no set exceeds: the same where the best is proved."""
    sets = Sets(tree=tree, floors=[one for one in floors if one.more(one.bills) > 0], shared=shared, tried=tried)
    members = Counter(one.pool for one in tree.projects)
    if not sets.floors and not any(one.slack > 0 and members[one.pool] > 1 for one in tree.projects):
        found = best(tree.frontier(), cap)
        return found, found.value
    return _enumerated(sets, cap) if len(tree.projects) <= ENUMERATED else _swapped(sets, cap)


def _enumerated(sets: Sets, cap: Decimal | None) -> tuple[Option, Decimal]:
    """Sets by their upper bound, highest first, until no bound left exceeds the best value found."""
    names = [one.name for one in sets.tree.projects]
    sure, upper, hours, members = _bounds(sets)
    allowed = np.flatnonzero(hours <= (np.inf if cap is None else float(cap) + CLOSE))
    first = allowed[sure[allowed] >= sure[allowed].max() - CLOSE]
    found = sets.option(_picked(names, int(first[np.argmin(members[first])])))
    found = max(NOTHING, found, key=lambda one: one.rank)
    left = allowed[upper[allowed] > float(found.value) + CLOSE]
    order = left[np.lexsort((members[left], -np.round(upper[left], 6)))]
    for at in order:
        if upper[at] <= float(found.value) + CLOSE:
            return found, found.value
        if sets.spent:
            return found, max(found.value, Decimal(repr(float(upper[at]))))
        found = max(found, sets.option(_picked(names, int(at))), key=lambda one: one.rank)
    return found, found.value


def _picked(names: Sequence[str], mask: int) -> list[str]:
    return [name for at, name in enumerate(names) if mask >> at & 1]


def _bounds(sets: Sets) -> tuple[Floats, Floats, Floats, Floats]:
    """Of every set, by its bits: value without sharing, with the most it may share, hours and members; shape (2^n,)."""
    projects, pools, platforms = sets.tree.projects, sets.tree.pools, sets.tree.platforms
    bits = (np.arange(1 << len(projects))[:, None] >> np.arange(len(projects)) & 1).astype(np.float64)
    place = {key: at for at, key in enumerate(pools)}
    pool = [place[one.pool] for one in projects]
    used = _used(bits, pool, len(pools))
    on = list(platforms)
    running = _used(used, [on.index(fixed.under) for fixed in pools.values()], len(on))
    moved = _used(running, [0] * len(on), 1)
    sure = bits @ _floats(one.value for one in projects)
    hours = bits @ _floats(one.hours for one in projects)
    for where, costs in ((used, pools.values()), (running, platforms.values()), (moved, (sets.tree.root,))):
        sure -= where @ _floats(cost.amount for cost in costs)
        hours += where @ _floats(cost.hours for cost in costs)
    for floor in sets.floors:
        parts = _floats(floor.bills.get(one.name, ZERO) for one in projects)
        sure -= _owed(bits @ parts, floor) - bits @ _owed(parts, floor)
    slack = _floats(one.slack for one in projects)
    upper = sure.copy()
    for key in sets.sharing:
        columns = np.flatnonzero(np.equal(pool, place[key]))
        among = bits[:, columns]
        upper += np.where(among.sum(axis=1) > 1, among @ slack[columns], 0.0)
    return sure, upper, hours, bits.sum(axis=1)


def _used(below: Floats, above: Sequence[int], count: int) -> Floats:
    """1 where a set uses any of what lies under each of *count* costs; *above* is the cost that each lies under."""
    used: Floats = (below @ np.eye(count)[list(above)] > 0).astype(np.float64)
    return used


def _floats(amounts: Iterable[Decimal]) -> Floats:
    return np.array([float(amount) for amount in amounts])


def _owed(left: Floats, floor: Floor) -> Floats:
    owed: Floats = np.minimum(left, np.maximum(0.0, left - float(floor.headroom)))
    return owed


def _swapped(sets: Sets, cap: Decimal | None) -> tuple[Option, Decimal]:
    """From the best set without sharing, add, drop and swap while it helps; the bound lets all share the most."""
    everyone = [one.name for one in sets.tree.projects]
    found = max(NOTHING, sets.option(best(sets.tree.frontier(), cap).names), key=lambda one: one.rank)
    while True:
        inside = set(found.names)
        outside = [name for name in everyone if name not in inside]
        moves = [inside ^ {name} for name in everyone]
        moves += [inside ^ {out, into} for out, into in product(found.names, outside)]
        tried = (sets.option(move) for move in moves)
        better = max((one for one in tried if cap is None or one.hours <= cap), key=lambda one: one.rank, default=found)
        if better.rank <= found.rank:
            return found, max(found.value, best(sets.tree.frontier(slack=True), cap).value)
        found = better
