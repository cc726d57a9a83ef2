"""Charges: the days they are for, and the lines of usage that they pay for."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, date, timedelta
from decimal import Decimal
from itertools import combinations
from typing import Protocol

import numpy as np

from advisor.domain.facts import Basis, CostFact
from advisor.domain.units import Month, Window
from advisor.ingest.totals import EPOCH, Mask, day_number

ASPECTS = ("source", "seller", "model_raw", "tier")


@dataclass(frozen=True, slots=True, kw_only=True)
class Charge:
    """A cost fact, spread evenly over the UTC days of its period; `first` is a day since 1970-01-01.

    `model` is the canonical id, else the raw one, empty where the charge names none; `seller` is as in `Lane`.
    """

    fact: CostFact
    model: str
    seller: str
    first: int
    days: int

    @property
    def source(self) -> str:
        return self.fact.source

    @property
    def model_raw(self) -> str:
        return self.fact.model_raw

    @property
    def tier(self) -> str:
        return self.fact.tier

    @property
    def billed(self) -> bool:
        """Whether somebody asks for this money; else it is an estimate that came with the traffic."""
        return self.fact.basis is not Basis.ESTIMATED

    def within(self, first: int, covered: Mask) -> int:
        """How many of its days are covered days of the month that begins on day *first*."""
        low, high = max(0, self.first - first), max(0, self.first + self.days - first)
        return int(np.count_nonzero(covered[low:high]))

    def months(self) -> tuple[Month, ...]:
        """Every month that one of its days is in."""
        first, last = (Month.of(date.fromordinal(day + EPOCH)) for day in (self.first, self.first + self.days - 1))
        return (first,) if first == last else tuple(Window(first.start, last.end).months())


def charge_of(fact: CostFact, model: str, seller: str) -> Charge:
    """A period of up to a day belongs to the day on which it starts; a longer one to every day that it touches."""
    start, end = fact.start.astimezone(UTC), fact.end.astimezone(UTC)
    last = start if end - start <= timedelta(days=1) else end - timedelta(microseconds=1)
    first = day_number(start.date())
    return Charge(fact=fact, model=model, seller=seller, first=first, days=day_number(last.date()) - first + 1)


class Named(Protocol):
    """What charges and lines of usage both say of themselves."""

    @property
    def source(self) -> str: ...
    @property
    def seller(self) -> str: ...
    @property
    def model_raw(self) -> str: ...
    @property
    def tier(self) -> str: ...


def agreement(charges: Sequence[Named], lines: Sequence[Named]) -> tuple[str, ...]:
    """The most aspects in which charges and lines name exactly the same things.

    An invoice that says `Llama 3.1 8B` pays for every spelling of it in a log, and one without tiers for all tiers:
    charges are told apart only by what both sides tell apart.
    """
    for size in range(len(ASPECTS), 0, -1):
        for aspects in combinations(ASPECTS, size):
            if {named(one, aspects) for one in charges} == {named(one, aspects) for one in lines}:
                return aspects
    return ()


def named(one: Named, aspects: tuple[str, ...]) -> tuple[str, ...]:
    return tuple(getattr(one, aspect) for aspect in aspects)


def spread(amount: Decimal, weights: Sequence[Decimal]) -> list[Decimal]:
    """*amount* in parts as the weights, evenly where all are zero; the parts add up to it exactly."""
    whole = sum(weights, Decimal(0))
    parts = [amount * weight / whole if whole else amount / len(weights) for weight in weights[:-1]]
    return [*parts, amount - sum(parts, Decimal(0))]
