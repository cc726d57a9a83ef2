"""What leaving would save of an invoice: commitments to a provider are owed whether or not its tokens are used."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import timedelta
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
    last_day = usage.month.end.date() - timedelta(days=1)
    share = Decimal(usage.days_covered) / usage.month.day_count
    left = usage.cost
    for seller, part in bills_of(usage).items():
        promised = [c.floor_per_month for c in commitments if host(c.provider) == seller and c.until >= last_day]
        others = bills.get(seller, part) - part
        owed = max(Decimal(0), sum(promised, Decimal(0)) * share - others.amount)
        left -= Money(min(part.amount, owed), others.currency)
    return left if left.amount > 0 else Money.zero(left.currency)
