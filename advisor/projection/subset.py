"""Which of several projects to take together, where some costs are paid once for all of a pool, a platform or a move.

    V = sum of v_m - sum of F_pool (pools used) - sum of F_platform (platforms used) - F_root (anything taken)

A tree of prerequisites: V_pool = max(0, sum of max(0, v_m) - F_pool) and so on upwards, exact in one pass [dec-04].
With a cap on hours every level keeps its frontier of hours against value, which is the knapsack on the same tree.
"""

from __future__ import annotations

from collections.abc import Hashable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal

ZERO = Decimal(0)


@dataclass(frozen=True, slots=True, kw_only=True)
class Option:
    """A set of projects, what it is worth and the hours it takes a month."""

    names: tuple[str, ...] = ()
    value: Decimal = ZERO
    hours: Decimal = ZERO

    @property
    def rank(self) -> tuple[Decimal, Decimal, int]:
        """Larger is better: more value, then fewer hours, then fewer names."""
        return self.value, -self.hours, -len(self.names)


NOTHING = Option()


@dataclass(frozen=True, slots=True, kw_only=True)
class Fixed:
    """What is paid once as soon as anything below is taken, and the hours it takes. `under` names a pool's platform."""

    amount: Decimal
    hours: Decimal = ZERO
    under: Hashable = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Project:
    """One thing to take or leave: `value` before every cost that is shared, its own `hours`, and its pool.

    `slack` is the most that it could save by sharing replicas with others of its pool.
    """

    name: str
    value: Decimal
    pool: Hashable
    hours: Decimal = ZERO
    slack: Decimal = ZERO


@dataclass(frozen=True, slots=True, kw_only=True)
class Tree:
    """Projects in pools, pools on platforms, platforms in one move."""

    projects: Sequence[Project]
    pools: Mapping[Hashable, Fixed]
    platforms: Mapping[Hashable, Fixed]
    root: Fixed

    def frontier(self, *, slack: bool = False) -> tuple[Option, ...]:
        """Nothing, and every set that no other beats in both value and hours; with *slack*, at the most it may save."""
        own: dict[Hashable, list[tuple[Option, ...]]] = {pool: [] for pool in self.pools}
        for one in self.projects:
            worth = one.value + one.slack if slack else one.value
            own[one.pool].append((NOTHING, Option(names=(one.name,), value=worth, hours=one.hours)))
        levels: dict[Hashable, list[tuple[Option, ...]]] = {platform: [] for platform in self.platforms}
        for pool, parts in own.items():
            levels[self.pools[pool].under].append(together(parts, self.pools[pool]))
        return together((together(parts, self.platforms[key]) for key, parts in levels.items()), self.root)

    def option(self, taken: Iterable[str]) -> Option:
        """What these projects are worth without sharing replicas."""
        names = set(taken)
        chosen = [one for one in self.projects if one.name in names]
        if not chosen:
            return NOTHING
        pools = [self.pools[key] for key in dict.fromkeys(one.pool for one in chosen)]
        fixed = [*pools, *(self.platforms[key] for key in dict.fromkeys(pool.under for pool in pools)), self.root]
        return Option(
            names=tuple(one.name for one in chosen),
            value=sum((one.value for one in chosen), ZERO) - sum((cost.amount for cost in fixed), ZERO),
            hours=sum((one.hours for one in chosen), ZERO) + sum((cost.hours for cost in fixed), ZERO),
        )


def together(parts: Iterable[Sequence[Option]], fixed: Fixed) -> tuple[Option, ...]:
    """Every combination of one option of each part, without those that another one beats in value and hours alike.

    *fixed* is paid by all of them but nothing, which stays the first.
    """
    kept: list[Option] = []
    for options in parts:
        kept = _unbeaten([*options[1:], *(_both(one, other) for one in kept for other in options)])
    paid = [Option(names=one.names, value=one.value - fixed.amount, hours=one.hours + fixed.hours) for one in kept]
    return (NOTHING, *paid)


def best(frontier: Iterable[Option], cap: Decimal | None = None) -> Option:
    """The most valuable option of at most *cap* hours; nothing where none is worth anything."""
    return max((one for one in frontier if cap is None or one.hours <= cap), key=lambda one: one.rank, default=NOTHING)


def _both(one: Option, other: Option) -> Option:
    return Option(names=(*one.names, *other.names), value=one.value + other.value, hours=one.hours + other.hours)


def _unbeaten(options: Iterable[Option]) -> list[Option]:
    """Options by hours, each worth more than all before it."""
    kept: list[Option] = []
    for one in sorted(options, key=lambda one: (one.hours, -one.value, len(one.names), one.names)):
        if not kept or one.value > kept[-1].value:
            kept.append(one)
    return kept
