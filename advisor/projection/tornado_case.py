"""A chosen plan beside what its saving has to be, so that any assumption can be moved and judged again."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta
from decimal import Decimal

import numpy as np
from numpy.typing import NDArray

from advisor.domain.assumptions import Commitment, FleetAssumptions, SwitchPolicy
from advisor.domain.fleet import Plan
from advisor.domain.units import Money
from advisor.domain.usage import WorkloadUsage
from advisor.projection.avoidable import bills_of, floors
from advisor.projection.uncertainty_draws import Floats
from advisor.projection.uncertainty_plan import Assumed, Factor, Replanned


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Case:
    """A plan, its month and its invoice, of which `left` is avoidable.

    The savings gates ask for `needed` at least, in the invoice's currency, and for `ratio` of the invoice.
    """

    base: Replanned
    left: Money
    ratio: float
    needed: float
    commitments: Sequence[Commitment]
    bills: Mapping[str, Money]

    @classmethod
    def of(
        cls,
        chosen: Plan,
        fleet: FleetAssumptions,
        policy: SwitchPolicy,
        left: Money,
        commitments: Sequence[Commitment] = (),
        bills: Mapping[str, Money] | None = None,
    ) -> Case:
        """Of an open month the covered share of `min_savings` is asked."""
        usage = chosen.demand.usage
        share = Decimal(1) if usage.closed else Decimal(usage.days_covered) / usage.month.day_count
        return cls(
            base=Replanned(plan=chosen, demand=chosen.demand, fleet=fleet),
            left=left,
            ratio=policy.min_savings_ratio,
            needed=float(policy.min_savings * share),
            commitments=commitments,
            bills=bills or {},
        )

    @property
    def usage(self) -> WorkloadUsage:
        return self.base.demand.usage

    @property
    def saving(self) -> float:
        """What the plan saves as everything is."""
        return float((self.left - self.base.plan.cost.total).amount)

    @property
    def holds(self) -> bool:
        """Whether the saving as it is meets the savings gates."""
        return bool(self.met(np.array([self.saving]), 1.0)[0])

    def met(self, savings: Floats, bill: Factor) -> NDArray[np.bool_]:
        """Whether *savings* meet the savings gates, the invoice being *bill* times as large."""
        invoice = self.base.bill * np.asarray(bill)
        good: NDArray[np.bool_] = (invoice > 0) & (savings >= self.needed) & (savings >= self.ratio * invoice)
        return good

    def savings(self, assumed: Assumed) -> Floats:
        """What the plan saves at each value, the invoice moving with its price and volume."""
        bill = np.atleast_1d(np.asarray(assumed.serverless_price * np.asarray(assumed.volume), dtype=np.float64))
        saved: Floats = self.avoidable(bill) - self.base.total(assumed)
        return saved

    def avoidable(self, bills: Floats) -> Floats:
        """What leaving saves of an invoice that is so many times as large; see `avoidable.avoidable`, whose
        commitments and other bills stay as they are."""
        usage, cost = self.usage, self.base.bill
        if self.left == usage.cost:
            return cost * bills
        last_day = usage.month.end.date() - timedelta(days=1)
        share, promised = Decimal(usage.days_covered) / usage.month.day_count, floors(self.commitments, last_day)
        left = cost * bills
        for seller, part in bills_of(usage).items():
            others = self.bills.get(seller, part) - part
            due = float(max(Decimal(0), promised.get(seller, Decimal(0)) * share - others.amount))
            left = left - np.minimum(float(part.amount) * bills, due)
        rest: Floats = np.maximum(0.0, left)
        return rest
