"""Findings on one workload for explanations: a case for each verdict, and for each way in which figures come about."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any

from advisor.decision.states import fold
from advisor.domain.assumptions import Commitment, FleetAssumptions, Overheads, PolicyName, SwitchPolicy, Workload
from advisor.domain.comparison import Comparison, NotCompared
from advisor.domain.facts import Basis, PullStatus, Tokens
from advisor.domain.fleet import Grade
from advisor.domain.report import Findings
from advisor.domain.units import Money
from advisor.domain.usage import Reconciliation, SourceReport, WorkloadUsage
from advisor.projection.compare import compare
from tests.unit import builders as a

DAY = [
    0.2,
    0.2,
    0.3,
    0.6,
    1.0,
    1.4,
    1.9,
    2.2,
    2.1,
    1.8,
    1.5,
    1.2,
    1.1,
    1.0,
    1.0,
    1.1,
    1.3,
    1.2,
    0.9,
    0.7,
    0.5,
    0.4,
    0.2,
    0.2,
]
ALWAYS_ON: tuple[PolicyName, ...] = ("equivalent", "static")
LOGS = SourceReport(
    name="logs", kind="request-log", status=PullStatus.OK, complete_through=datetime(2026, 11, 1, tzinfo=UTC),
    missing_days=(), rows=1_234_567, rejected=0,
)  # fmt: skip


def daily(tokens: float, cost: str | None, *, back: int = 0, width: int = 3600, **more: Any) -> WorkloadUsage:
    """A month of days that are all alike: input, a fifth of it read from the cache, a tenth as much output."""
    month = a.OCTOBER.plus(-back)
    hours = [weight * tokens / sum(DAY) / month.day_count for weight in DAY]
    bins = hours if width == 3600 else [sum(hours)]
    shapes = a.shape(
        width,
        [0.8 / 1.1 * count for count in bins] * month.day_count,
        [0.1 / 1.1 * count for count in bins] * month.day_count,
        [0.2 / 1.1 * count for count in bins] * month.day_count,
        start=month.start,
    )
    return a.month_usage(shapes, cost=cost, month=month, **{"requests": 40_000_000, **more})


def judged(
    usage: Callable[[int], WorkloadUsage],
    *,
    months: int = 3,
    fleet: FleetAssumptions | None = None,
    currency: str = "USD",
    **given: Any,
) -> Findings:
    """October's findings on one workload after *months* months of *usage*, which takes how many months ago."""
    fleet = fleet or FleetAssumptions(policies=ALWAYS_ON)
    assumed: dict[str, Any] = {"offers": [a.offer()], "profiles": [a.profile(12_977)], "fleet": fleet}
    history: list[Comparison | NotCompared] = [
        compare(usage(back), policy=SwitchPolicy(), **{**assumed, **given}) for back in reversed(range(months))
    ]
    verdict = fold(history, SwitchPolicy(), a.ABLE_TEAM)[-1]
    return Findings(
        month=a.OCTOBER, generated_at=a.NOW, currency=currency, timezone="UTC", verdicts=(verdict,), sources=(LOGS,),
        issues=(), fleet=fleet, policy=SwitchPolicy(), team=a.ABLE_TEAM,
    )  # fmt: skip


def switch() -> Findings:
    """Prefill and decode apart, runners-up, a commitment that keeps a part of the invoice."""
    return judged(
        lambda back: daily(70e9, "40000", back=back),
        offers=[a.offer(), a.offer("1.99", provider="lambda"), a.offer("3.49", gpu="H100-80GB-SXM")],
        profiles=[
            replace(a.profile(prefill=22_000, decode=2_400), checked_on=date(2026, 10, 30), input_length=1_600.0,
                    output_length=160.0),
            replace(a.profile(21_500, gpu="H100-80GB-SXM", grade=Grade.PUBLISHED), note="vLLM 0.11"),
        ],
        commitments=[Commitment(provider="aws", floor_per_month=Decimal(2000), until=date(2027, 3, 31))],
    )  # fmt: skip


def watch() -> Findings:
    """Cheaper, but not by enough; a day is left out, two sources drift apart, the bill is estimated."""
    covered: dict[str, Any] = {"days_covered": 30, "missing_days": (date(2026, 10, 17),), "cost_basis": Basis.ESTIMATED}
    drift = Reconciliation(
        billed_source="bill", counted_source="logs", billed_tokens=70_300_000_000, counted_tokens=70_000_000_000
    )
    return judged(
        lambda back: daily(70e9, "23000", back=back, reconciliation=drift, **({} if back else covered)),
        profiles=[a.profile(12_977, grade=Grade.PUBLISHED)],
        fleet=FleetAssumptions(
            policies=ALWAYS_ON,
            overheads=Overheads(
                egress_per_month=Decimal(120), storage_per_month=Decimal(45), migration_one_off=Decimal(500)
            ),
        ),
    )


def every_policy() -> Findings:
    """Five policies side by side, three of which follow the demand, lean on a commitment, or on serverless tokens."""
    return judged(
        lambda back: daily(300e9, "80000", back=back),
        offers=[
            a.offer(),
            a.offer("1.60", commitment="1-year", source="quote 4711"),
            a.offer("0.99", commitment="spot"),
        ],
        fleet=FleetAssumptions(),
    )


def stay() -> Findings:
    """The article's own volume: 300 million tokens for $30."""
    return judged(lambda back: daily(300e6, "30", back=back))


def insufficient() -> Findings:
    return judged(lambda back: daily(70e9, None, back=back))


def nodes() -> Findings:
    """Replicas of two GPUs sold by eight, a fixed month of 720 hours, only days known, a stand-in model."""
    workload = Workload(name="chat", serve="llama-3.1-8b", token_ratio=1.1, approved_by="Ada")
    return judged(
        lambda back: daily(900e9, "300000", back=back, width=86400, workload=workload),
        offers=[a.offer("2.19", gpus=8, operated_by="vendor")],
        profiles=[a.profile(9_500, tensor_parallel=2)],
        fleet=FleetAssumptions(policies=ALWAYS_ON, hours_per_month=Decimal(720)),
    )


def two_widths_in_euros() -> Findings:
    """Hours from one source and a day from another; the fleet never wins."""
    usage = daily(2e9, None, requests=None)
    day = a.shape(86400, [4e8])
    mixed = replace(
        usage,
        shapes=(*usage.shapes, day),
        tokens=usage.tokens + Tokens(uncached_input=400_000_000, output=0),
        cost=Money(Decimal("123.45"), "EUR"),
        cost_basis=Basis.BILLED,
        cost_problem="",
    )
    return judged(
        lambda _: mixed,
        months=1,
        currency="EUR",
        offers=[replace(a.offer(), price_per_gpu_hour=Money(Decimal("2.31"), "EUR"))],
    )


def staircase() -> Findings:
    """The rule wins only at some volumes: a low price, and no cost beside GPUs and $165."""
    return judged(
        lambda back: daily(30e9, "3000", back=back),
        fleet=a.fleet(overheads=replace(a.NOTHING_ELSE, egress_per_month=Decimal(165))),
    )


CASES: dict[str, Callable[[], Findings]] = {
    "switch": switch,
    "watch": watch,
    "every_policy": every_policy,
    "stay": stay,
    "insufficient_data": insufficient,
    "nodes": nodes,
    "staircase": staircase,
    "two_widths_in_euros": two_widths_in_euros,
}
