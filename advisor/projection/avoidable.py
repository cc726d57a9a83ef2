"""What leaving would save of an invoice: commitments to a provider are owed whether or not its tokens are used."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date, timedelta
from decimal import Decimal

from advisor.domain.assumptions import Commitment
from advisor.domain.units import Money
from advisor.domain.usage import WorkloadUsage
from advisor.market.hosts import host


def bills_of(usage: WorkloadUsage) -> dict[str, Money]:
    """What a workload pays each host, as far as it is known."""
    bills: dict[str, Money] = {}
    for line in usage.lines:
        amount = line.billed or line.estimated
        if amount is not None:
            seller = host(line.provider)
            bills[seller] = bills[seller] + amount if seller in bills else amount
    return bills


def avoidable(usage: WorkloadUsage, commitments: Sequence[Commitment], bills: Mapping[str, Money]) -> Money:
    """The invoice less what stays owed: for each host min(b, max(0, floor - (B - b))), never below zero.

    B is the host's whole bill of the month, in *bills* by host, b this workload's part of it, floor the commitments
    that reach beyond the month, taken for the covered share of it.
    """
    assert usage.cost is not None
    left = usage.cost - _owed(usage, commitments, bills, usage.month.end.date() - timedelta(days=1))
    return left if left.amount > 0 else Money.zero(left.currency)


def cash_from(usage: WorkloadUsage, commitments: Sequence[Commitment], bills: Mapping[str, Money]) -> date | None:
    """The first day on which leaving saves the whole invoice: after the last commitment that still holds a part of it.

    None where nothing of it is owed.
    """
    assert usage.cost is not None
    last_day = usage.month.end.date() - timedelta(days=1)
    after = {one.until + timedelta(days=1) for one in commitments if one.until >= last_day}
    days = (day for day in sorted({last_day, *after}) if _owed(usage, commitments, bills, day).amount <= 0)
    first = next(days, last_day)
    return None if first == last_day else first


def floors(commitments: Sequence[Commitment], on: date) -> dict[str, Decimal]:
    """What is promised to each host for the month, by the commitments in force on a day."""
    promised: dict[str, Decimal] = {}
    for one in commitments:
        if one.until >= on:
            promised[host(one.provider)] = promised.get(host(one.provider), Decimal(0)) + one.floor_per_month
    return promised


def _owed(usage: WorkloadUsage, commitments: Sequence[Commitment], bills: Mapping[str, Money], on: date) -> Money:
    assert usage.cost is not None
    share = Decimal(usage.days_covered) / usage.month.day_count
    promised, owed = floors(commitments, on), Money.zero(usage.cost.currency)
    for seller, part in bills_of(usage).items():
        others = bills.get(seller, part) - part
        due = max(Decimal(0), promised.get(seller, Decimal(0)) * share - others.amount)
        owed += Money(min(part.amount, due), others.currency)
    return owed
