"""Small values for tests: a workload's month, an offer, a profile."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any

import numpy as np

from advisor.domain.assumptions import FleetAssumptions, Overheads, SwitchPolicy, Team, Workload
from advisor.domain.comparison import Comparison, Elsewhere, Missing, NotCompared
from advisor.domain.facts import Basis, Tokens
from advisor.domain.fleet import Grade, Offer, Profile
from advisor.domain.units import Money, Month
from advisor.domain.usage import Reconciliation, Shape, UsageLine, WorkloadUsage
from advisor.projection.compare import compare

OCTOBER = Month(2026, 10)
A100 = "A100-80GB-SXM"
NOTHING_ELSE = Overheads(
    staging_replica_hours=Decimal(0),
    engineering_hours_per_month=Decimal(0),
    migration_hours=Decimal(0),
)
"""A fleet that costs its GPUs alone."""
ABLE_TEAM = Team(engineering_hours_available=40, on_call_engineers=2)


def usd(amount: str | Decimal | float) -> Money:
    return Money(Decimal(str(amount)), "USD")


def shape(
    width_seconds: int,
    uncached_input: Sequence[float],
    output: Sequence[float] | None = None,
    cache_read: Sequence[float] | None = None,
    cache_write: Sequence[float] | None = None,
    start: datetime = OCTOBER.start,
) -> Shape:
    """Consecutive bins of one width."""
    bins = len(uncached_input)
    starts = int(start.timestamp()) + width_seconds * np.arange(bins, dtype=np.int64)
    return Shape(
        width_seconds=width_seconds,
        starts=starts,
        uncached_input=np.asarray(uncached_input, dtype=np.float64),
        cache_read=np.asarray(cache_read if cache_read is not None else [0.0] * bins, dtype=np.float64),
        cache_write=np.asarray(cache_write if cache_write is not None else [0.0] * bins, dtype=np.float64),
        output=np.asarray(output if output is not None else [0.0] * bins, dtype=np.float64),
    )


def month_usage(
    *shapes: Shape,
    cost: str | Decimal | float | None = "1000",
    month: Month = OCTOBER,
    requests: int | None = None,
    closed: bool = True,
    workload: Workload | None = None,
    models_raw: tuple[str, ...] = ("meta.llama3-1-8b-instruct-v1:0",),
    **changes: Any,
) -> WorkloadUsage:
    """A closed, billed month with these shapes."""
    tokens = Tokens(
        uncached_input=round(sum(float(s.uncached_input.sum()) for s in shapes)),
        output=round(sum(float(s.output.sum()) for s in shapes)),
        cache_read=round(sum(float(s.cache_read.sum()) for s in shapes)),
        cache_write=round(sum(float(s.cache_write.sum()) for s in shapes)),
    )
    money = None if cost is None else usd(cost)
    line = UsageLine(
        source="logs", provider="aws", model_raw=models_raw[0] if models_raw else "", tier="on_demand", tokens=tokens,
        requests=requests, billed=money, estimated=money, price_source="a test", price_checked_on=date(2026, 11, 1),
    )  # fmt: skip
    values: dict[str, Any] = {
        "workload": workload or Workload(name="chat", serve="llama-3.1-8b"),
        "month": month,
        "models_raw": models_raw,
        "tokens": tokens,
        "requests": requests,
        "shapes": shapes,
        "lines": (line,),
        "days_covered": month.day_count,
        "missing_days": (),
        "cost": money,
        "cost_basis": None if money is None else Basis.BILLED,
        "cost_problem": "" if money else "no price is known: add [[prices]]",
        "cost_today": money,
        "billed": money,
        "estimated": money,
        "closed": closed,
        "open_because": "" if closed else "tokens are missing on 4 of 31 days",
    }
    return WorkloadUsage(**{**values, **changes})


def flat_month(
    tokens: float, cost: str | Decimal | float | None, *, month: Month = OCTOBER, **more: Any
) -> WorkloadUsage:
    """Input tokens spread evenly over the hours of a month."""
    return month_usage(
        shape(3600, [tokens / month.hours] * month.hours, start=month.start), cost=cost, month=month, **more
    )


def offer(price: str = "2.49", gpu: str = A100, gpus: int = 1, **changes: Any) -> Offer:
    values: dict[str, Any] = {
        "provider": "runpod", "gpu": gpu, "gpus": gpus, "price_per_gpu_hour": usd(price), "commitment": "on-demand",
        "region": "us", "operated_by": "you", "tier": "standard", "source": "a quote", "checked_on": date(2026, 11, 2),
    }  # fmt: skip
    return Offer(**{**values, **changes})


def profile(
    total: float | None = None,
    *,
    prefill: float | None = None,
    decode: float | None = None,
    gpu: str = A100,
    tensor_parallel: int = 1,
    grade: Grade = Grade.OWN,
) -> Profile:
    return Profile(
        model="llama-3.1-8b", gpu=gpu, tensor_parallel=tensor_parallel, precision="bf16", grade=grade,
        source="a load test", total_tokens_per_second=total, prefill_tokens_per_second=prefill,
        decode_tokens_per_second=decode,
    )  # fmt: skip


def fleet(**changes: Any) -> FleetAssumptions:
    """The worked examples' fleet: 720 hours, GPUs alone, provider cache hits carried over whole."""
    values: dict[str, Any] = {
        "hours_per_month": Decimal(720), "overheads": NOTHING_ELSE, "cache_carry_over": 1.0,
        "policies": ("equivalent", "static"),
    }  # fmt: skip
    return FleetAssumptions(**{**values, **changes})


def weighed(
    ratio: str = "0.30",
    *,
    month: Month = OCTOBER,
    bill: str = "7200",
    grain: int = 3600,
    offer_changes: dict[str, Any] | None = None,
    **usage_changes: Any,
) -> Comparison:
    """A month on one replica that costs (1 - ratio) x bill over the days covered, and nothing else."""
    hours = Decimal(720) * usage_changes.get("days_covered", month.day_count) / month.day_count
    price = Decimal(bill) * (1 - Decimal(ratio)) / hours
    bins = max(1, month.hours * 3600 // grain)
    usage = month_usage(shape(grain, [1e9 / bins] * bins, start=month.start), cost=bill, month=month, **usage_changes)
    found = compare(
        usage,
        offers=[offer(str(price), **(offer_changes or {}))],
        profiles=[profile(1e6)],
        fleet=fleet(redundancy=0),
        policy=SwitchPolicy(),
    )
    assert isinstance(found, Comparison)
    return found


def elsewhere(cost: str, host: str = "deepinfra", *, allowed: bool = False, tier: str = "on_demand") -> Elsewhere:
    """The same month at another host."""
    return Elsewhere(
        host=host, tier=tier, model_raw="a model", cost=usd(cost), allowed=allowed, source="a price list",
        checked_on=date(2026, 11, 1),
    )  # fmt: skip


def drift(billed: int, counted: int) -> Reconciliation:
    """So many tokens of the same traffic on the invoice, so many in the log."""
    return Reconciliation(billed_source="invoice", counted_source="logs", billed_tokens=billed, counted_tokens=counted)


def missing(what: Missing, *, month: Month = OCTOBER, closed: bool = True, **usage_changes: Any) -> NotCompared:
    """A month that could not be weighed."""
    return NotCompared(
        usage=flat_month(1e9, "7200", month=month, closed=closed, **usage_changes), missing=what, detail=what.value
    )


def open_month(ratio: str = "0.30", **changes: Any) -> Comparison:
    """A month with 27 of its days, not closed."""
    return weighed(ratio, closed=False, days_covered=27, **changes)


def consecutive(months: Sequence[Comparison | NotCompared]) -> list[Comparison | NotCompared]:
    """The same months, dated one after the other from January 2026."""
    january = Month(2026, 1)
    return [
        replace(month, usage=replace(month.usage, month=january.plus(position)))
        for position, month in enumerate(months)
    ]


def policy(**changes: Any) -> SwitchPolicy:
    return SwitchPolicy(**changes)


NOW = datetime(2026, 11, 24, 12, tzinfo=UTC)
