"""What a fleet of whole replicas costs in a month, line by line."""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal

from advisor.domain.assumptions import FleetAssumptions
from advisor.domain.fleet import Offer, PlanCost
from advisor.domain.units import Money

VENDOR_ENGINEERING_HOURS = Decimal(6)
"""Engineering hours a month for an endpoint that a vendor operates (design: offers)."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Period:
    """The part of a month that is costed: H of the covered days, and their share of the month."""

    hours: Decimal
    share: Decimal


def engineering_hours(offer: Offer, fleet: FleetAssumptions) -> Decimal:
    """Hours a month that the fleet takes: the vendor's few, or the configured number."""
    return VENDOR_ENGINEERING_HOURS if offer.operated_by == "vendor" else fleet.overheads.engineering_hours_per_month


def plan_cost(
    *,
    offer: Offer,
    gpu: Money,
    gpus_per_replica: int,
    period: Period,
    fleet: FleetAssumptions,
    serverless: Money | None = None,
) -> PlanCost:
    """GPUs + staging + egress + storage + engineering + migration / months, the whole of it on this workload.

    *gpu* is what the policy's GPUs cost in the period, *serverless* what its spilled tokens do, None without a spill.
    Monthly amounts are counted for the covered share of the month: a day left out on the invoice's side is left out
    here too.
    """
    over = fleet.overheads
    currency = offer.price_per_gpu_hour.currency

    def monthly(amount: Decimal) -> Money:
        return Money(amount * period.share, currency)

    staged = Decimal(0) if offer.operated_by == "vendor" else over.staging_replica_hours * gpus_per_replica
    return PlanCost(
        gpu=gpu,
        staging=offer.price_per_gpu_hour * (staged * period.share),
        egress=monthly(over.egress_per_month),
        storage=monthly(over.storage_per_month),
        engineering=monthly(engineering_hours(offer, fleet) * over.engineering_hourly_rate),
        migration=monthly(over.migration_total / over.migration_months),
        serverless=serverless or Money.zero(currency),
    )
