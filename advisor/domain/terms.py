"""The same replicas on demand, for a year and for three: what each term costs and saves."""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal

from advisor.domain.fleet import CommitmentTerm, Offer
from advisor.domain.units import Money


@dataclass(frozen=True, slots=True, kw_only=True)
class Commit:
    """So many replicas committed all month, the rest on demand.

    Hours are GPU-hours, `gpu` what both cost, `savings` what that is less than everything on demand, below zero where
    it is more. `utilization` is the share of the committed hours in which the replicas are wanted, 0 for none.
    """

    replicas: int
    committed_hours: Decimal
    on_demand_hours: Decimal
    gpu: Money
    savings: Money
    utilization: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Term:
    """One term of one plan's GPUs. `offer` is None where nobody is known to sell it, and so are the commitments.

    `stable` commits to what is needed in 95 % of the time, `optimum` to what costs least; on demand both commit to
    nothing.
    """

    commitment: CommitmentTerm
    offer: Offer | None
    stable: Commit | None
    optimum: Commit | None
