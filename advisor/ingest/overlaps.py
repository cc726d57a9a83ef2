"""The same traffic seen by several sources: counted once where that is declared, refused where it is not."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from itertools import combinations
from typing import Any

import numpy as np
from numpy.typing import NDArray

from advisor.domain.usage import Counts, DayDrift, Reconciliation
from advisor.errors import ConfigError
from advisor.ingest.charges import Charge
from advisor.ingest.money import tokens_of
from advisor.ingest.totals import EPOCH, Lane, Mask
from advisor.market.hosts import host, host_of

Overlaps = Mapping[str, frozenset[str]]
"""For each source, those of which it declares that they saw the same traffic; one side's word is enough."""


def seller(provider: str, model_raw: str) -> str:
    """The host that a provider's name stands for, else the one that the id can only come from, else empty."""
    return host(provider) or host_of(model_raw)


def may_be_same(one: str, other: str) -> bool:
    """Whether two sellers may be one: an unknown seller may be any."""
    return one == other or not one or not other


def declared(overlaps: Overlaps, one: str, other: str) -> bool:
    return other in overlaps.get(one, ()) or one in overlaps.get(other, ())


def refuse_doubles(lanes: Iterable[Lane], charges: Iterable[Charge], overlaps: Overlaps) -> None:
    """Raise ConfigError where two sources count, bill or estimate one model at one seller on one UTC day.

    Sources that declare the overlap may; a source of money alone and a source of tokens alone never double anything.
    """
    seen: dict[tuple[str, str], dict[tuple[str, str], list[Counts]]] = defaultdict(lambda: defaultdict(list))
    for lane in lanes:
        seen[lane.model, "count tokens of"][lane.source, lane.seller].append(lane.covering())
    for charge in charges:
        if charge.model:
            days = np.arange(charge.first, charge.first + charge.days)
            seen[charge.model, "bill" if charge.billed else "price"][charge.source, charge.seller].append(days)
    for (model, what), by_source in sorted(seen.items()):
        whole = {key: np.unique(np.concatenate(days)) for key, days in sorted(by_source.items())}
        for (one, here), (other, there) in combinations(whole, 2):
            if one == other or declared(overlaps, one, other) or not may_be_same(here, there):
                continue
            if len(both := np.intersect1d(whole[one, here], whole[other, there], assume_unique=True)):
                raise _doubled(one, other, what, model, here or there, both)


def _doubled(one: str, other: str, what: str, model: str, at: str, days: Counts) -> ConfigError:
    first = date.fromordinal(int(days[0]) + EPOCH)
    where = f" at {at}" if at else ""
    return ConfigError(
        f"the sources {one!r} and {other!r} both {what} {model}{where} on {len(days)} days, the first {first}",
        f'if they saw the same traffic, write overlaps = ["{other}"] in source {one!r}; if they did not, '
        "read both paths as one source, or give them different names with `provider`",
    )


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Traffic:
    """One model at one seller in a month: the lanes that are counted, and those that saw the same once more."""

    model: str
    counted: tuple[Lane, ...]
    passed_over: tuple[Lane, ...] = ()

    @property
    def sources(self) -> frozenset[str]:
        return frozenset(lane.source for lane in (*self.counted, *self.passed_over))


def traffics(lanes: Sequence[Lane], rank: Callable[[Sequence[Lane]], Any], overlaps: Overlaps) -> tuple[Traffic, ...]:
    """Group a month's lanes by what they saw; of sources that overlap, the one of the lowest *rank* counts.

    A lane without a seller may be of any, so it joins all sellers of its model into one.
    """
    groups: dict[tuple[str, str], list[Lane]] = defaultdict(list)
    unknown = {lane.model for lane in lanes if not lane.seller}
    for lane in lanes:
        groups[lane.model, "" if lane.model in unknown else lane.seller].append(lane)
    found = []
    for (model, _), group in sorted(groups.items()):
        by_source: dict[str, list[Lane]] = defaultdict(list)
        for lane in group:
            by_source[lane.source].append(lane)
        chosen = without_doubles(sorted(by_source, key=lambda name: (rank(by_source[name]), name)), overlaps)
        found.append(
            Traffic(
                model=model,
                counted=tuple(lane for lane in group if lane.source in chosen),
                passed_over=tuple(lane for lane in group if lane.source not in chosen),
            )
        )
    return tuple(found)


def without_doubles(best_first: Iterable[str], overlaps: Overlaps) -> frozenset[str]:
    """Of sources in order of preference, those that overlap no better one."""
    chosen: list[str] = []
    for name in best_first:
        if not any(declared(overlaps, name, better) for better in chosen):
            chosen.append(name)
    return frozenset(chosen)


def reconciliation(
    traffic: Traffic, payers: frozenset[str], first: int, covered: Callable[[str], Mask]
) -> Reconciliation | None:
    """The tokens of the source that bills against those of another that counts, on the days that both cover."""
    counted, seen_again = ({lane.source for lane in part} for part in (traffic.counted, traffic.passed_over))
    if not seen_again:
        return None
    billing = min(payers & seen_again or payers & counted or seen_again)
    counting = min(counted if billing in seen_again else seen_again)
    days = covered(billing) & covered(counting)
    lanes = (*traffic.counted, *traffic.passed_over)
    billed, other = (
        tokens_of([lane for lane in lanes if lane.source == name], first, days).total for name in (billing, counting)
    )
    return Reconciliation(
        billed_source=billing,
        counted_source=counting,
        billed_tokens=billed,
        counted_tokens=other,
        worst_day=_worst_day(lanes, billing, counting, first, days),
    )


def _worst_day(lanes: Sequence[Lane], billing: str, counting: str, first: int, days: Mask) -> DayDrift | None:
    """The day on which the two sources differ most; None where either counts by more than a day, or nothing."""
    both = [[lane for lane in lanes if lane.source == name] for name in (billing, counting)]
    if any(lane.span > 1 for own in both for lane in own):
        return None
    billed, counted = (np.where(days, _by_day(own, first, len(days)), 0.0) for own in both)
    larger = np.maximum(billed, counted)
    ratios = np.divide(billed - counted, larger, out=np.zeros_like(larger), where=larger > 0)
    worst = int(np.argmax(np.abs(ratios)))
    return DayDrift(day=date.fromordinal(first + worst + EPOCH), ratio=float(ratios[worst])) if larger.any() else None


def _by_day(lanes: Iterable[Lane], first: int, length: int) -> NDArray[np.float64]:
    """Tokens of each day of a month; shape (length,)."""
    tokens = np.zeros(length)
    for lane in lanes:
        inside = (lane.days >= first) & (lane.days < first + length)
        np.add.at(tokens, lane.days[inside] - first, lane.counts[inside][:, 1:].astype(np.float64).sum(axis=1))
    return tokens
