"""One month's findings for every verdict, made by the real projection and decision: what every golden file shows."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any

from advisor.decision.states import fold
from advisor.domain.answers import Answer, AnswerKind
from advisor.domain.assumptions import FleetAssumptions, SwitchPolicy, Team, Workload
from advisor.domain.change import Variance
from advisor.domain.comparison import Comparison, Elsewhere, NotCompared
from advisor.domain.correction import Correction
from advisor.domain.facts import Basis, PullStatus
from advisor.domain.fleet import Grade
from advisor.domain.report import Findings, Issue, Severity
from advisor.domain.usage import Reconciliation, SourceReport, WorkloadUsage
from advisor.domain.verdict import Verdict
from advisor.projection.compare import compare
from advisor.projection.eligibility import served
from advisor.projection.outlook import outlooks
from tests.unit import builders as a
from tests.unit import own_fleets as own

RULE = SwitchPolicy()
FLEET = FleetAssumptions(policies=("equivalent", "static"))
HOSTILE = (
    "<!channel> & <script>alert(1)</script>",
    "a|b `code` *bold* _it_ [x](https://example.com)",
    "@here {{ 7 * 7 }}\x1b[31m\u202ered\r\n# heading",
    "漢字の作業負荷" * 8,
    "🚀👩‍💻" * 30,
    "n" * 200,
)


def findings(*verdicts: Verdict, **changes: Any) -> Findings:
    """October 2026 with one source that was read whole."""
    values: dict[str, Any] = {
        "month": a.OCTOBER,
        "generated_at": a.NOW,
        "currency": "USD",
        "timezone": "UTC",
        "verdicts": verdicts,
        "sources": (source(),),
        "issues": (),
        "fleet": FLEET,
        "policy": RULE,
        "team": a.ABLE_TEAM,
    }
    return Findings(**{**values, **changes})


def source(name: str = "logs", **changes: Any) -> SourceReport:
    values: dict[str, Any] = {
        "name": name,
        "kind": "request-log",
        "status": PullStatus.OK,
        "complete_through": datetime(2026, 11, 1, tzinfo=UTC),
        "missing_days": (),
        "rows": 1_234_567,
        "rejected": 0,
    }
    return SourceReport(**{**values, **changes})


def judged(
    name: str,
    cost: str | None,
    tokens: float = 70e9,
    *,
    months: int = 3,
    team: Team | None = a.ABLE_TEAM,
    closed: bool = True,
    grade: Grade = Grade.OWN,
    offers: tuple[Any, ...] = (a.offer(),),
    profiled: bool = True,
    elsewhere: tuple[Elsewhere, ...] = (),
    answers: tuple[Answer, ...] = (),
    own_gpus: tuple[str, str] = ("", ""),
    growth: float = 1.0,
    **usage: Any,
) -> Verdict:
    """The verdict on October after *months* equal months of a Llama 3.1 8B at 12,977 tokens/s a replica; on *own_gpus*
    where it is given what they cost and what serverless would ask. With *growth* the volume, and the bill with it,
    rises to October's by that factor a month, and a forecast is made of it."""
    usage = {"workload": Workload(name=name, serve="llama-3.1-8b"), "requests": 50_000_000, **usage}
    history: list[Comparison | NotCompared] = []
    for back in reversed(range(months)):
        month = a.OCTOBER.plus(-back)
        bill = cost if growth == 1.0 or cost is None else f"{float(cost) / growth**back:.2f}"
        of_month = a.flat_month(tokens / growth**back, bill, month=month, closed=closed or back > 0, **usage)
        history.append(
            compare(
                of_month,
                offers=offers,
                profiles=[a.profile(12_977, grade=grade)] if profiled else [],
                fleet=FLEET,
                policy=RULE,
                elsewhere=elsewhere,
            )
        )
    dated = [month.usage.month for month in history] if all(own_gpus) else []
    seen = {month: own.followed(month, *own_gpus, running_cost=a.usd(3000)) for month in dated}
    ahead = outlooks(history, FLEET, RULE, a.NOW) if growth != 1.0 else None
    return fold(history, RULE, team, answers=answers, followed=seen, forecasts=ahead)[-1]


def barred(name: str, cost: str, serve: str, model_raw: str, tokens: float = 2.4e9) -> Verdict:
    """The verdict on a workload that can never be compared, or whose model nobody knows."""
    usage = a.flat_month(tokens, cost, workload=Workload(name=name, serve=serve), models_raw=(model_raw,))
    barrier = served(usage)
    assert isinstance(barrier, NotCompared), name
    return fold([barrier], RULE, a.ABLE_TEAM)[-1]


def without(name: str, usage: WorkloadUsage, **changes: Any) -> Verdict:
    """The verdict on a month that lacks something."""
    given: dict[str, Any] = {"offers": [a.offer()], "profiles": [a.profile(12_977)], "fleet": FLEET, "policy": RULE}
    found = compare(usage, **{**given, **changes})
    assert isinstance(found, NotCompared), name
    return fold([found], RULE, a.ABLE_TEAM)[-1]


def copilot() -> Verdict:
    return barred("copilot", "9900", "gpt-4o", "gpt-4o-2024-11-20")


def switch() -> Findings:
    """A portfolio in which one workload should move."""
    return findings(
        judged("extract", "30240"),
        judged("support-chat", "17100"),
        copilot(),
        judged("rag", "3857", 18e9),
    )  # fmt: skip


def switch_two_estimated() -> Findings:
    """Two moves whose bills are estimated from list prices, of 30 days of 31."""
    missing: dict[str, Any] = {"days_covered": 30, "missing_days": (date(2026, 10, 17),), "cost_basis": Basis.ESTIMATED}
    return findings(judged("extract", "30240", **missing), judged("summaries", "29000", **missing))


def switch_to_a_vendor() -> Findings:
    """The cheapest fleet is a vendor's endpoint, so fewer hours are needed."""
    vendor = a.offer("3.10", provider="together", operated_by="vendor", source="quote 4711")
    return findings(judged("extract", "30240", offers=(vendor,)))


def cheaper_serverless() -> Findings:
    """One stays because a host that is paid already asks less; one moves although a host that is not would, too."""
    return findings(
        judged("extract", "30240", elsewhere=(a.elsewhere("2100"), a.elsewhere("12600", "together", allowed=True))),
        judged(
            "tags", "30240", elsewhere=(a.elsewhere("2100"), a.elsewhere("15120", "aws", allowed=False, tier="batch"))
        ),
    )


def stay() -> Findings:
    return findings(judged("rag", "3857", 18e9), judged("tags", "312.5", 1.2e9))


def watch() -> Findings:
    """Cheaper, but under several gates."""
    return findings(judged("support-chat", "17100"), judged("rag", "3857", 18e9))


def crossing() -> Findings:
    """One grows and will pay, one shrinks; of the last nobody knows enough."""
    return findings(
        judged("assistant", "13700", 57e9, months=12, growth=1.25),
        judged("rag", "3857", 18e9, months=8, growth=0.93),
        judged("pilot", "900", 3e9, months=2, growth=2.0),
    )


def switch_blocked_not_stated() -> Findings:
    return findings(judged("extract", "30240", team=None), judged("rag", "3857", 18e9), team=None)


def switch_blocked_too_small() -> Findings:
    small = Team(engineering_hours_available=10, on_call_engineers=1)
    return findings(judged("extract", "30240", team=small), team=small)


def ineligible_all() -> Findings:
    """Closed weights, a kind of model that is not covered, and a name that nobody knows."""
    return findings(
        copilot(),
        barred("search", "410", "bge-m3", "baai/bge-m3"),
        barred("house-model", "75", "", "acme-7b-tuned"),
    )


def no_usage() -> Findings:
    silent = a.month_usage(
        cost=None, days_covered=0, missing_days=a.OCTOBER.days(), closed=False, lines=(),
        workload=Workload(name="chat", serve="llama-3.1-8b"), open_because="tokens are missing on 31 of 31 days",
    )  # fmt: skip
    return findings(without("chat", silent), sources=(source(missing_days=a.OCTOBER.days(), rows=0),))


def no_cost() -> Findings:
    return findings(without("chat", a.flat_month(70e9, None)))


def no_profile() -> Findings:
    return findings(without("chat", a.flat_month(70e9, "15400"), profiles=[]))


def no_offer() -> Findings:
    return findings(without("chat", a.flat_month(70e9, "15400"), offers=[]))


def no_exchange_rate() -> Findings:
    """A euro invoice in a dollar report, beside a workload that is known."""
    problem = "no exchange rate EUR -> USD for 2026-10: add [[exchange_rates]]"
    euros = a.flat_month(
        70e9, None, cost_problem=problem, workload=Workload(name="euro-chat", serve="llama-3.1-8b"),
    )  # fmt: skip
    return findings(judged("extract", "30240"), without("euro-chat", euros))


def open_month() -> Findings:
    """Day 27 of the month: nothing counts yet, and one workload leans to a move."""
    missing: dict[str, Any] = {"closed": False, "days_covered": 27, "missing_days": a.OCTOBER.days()[27:]}
    return findings(
        judged("extract", "30240", months=3, **missing),
        judged("rag", "3857", 18e9, months=3, **missing),
        sources=(source(missing_days=a.OCTOBER.days()[27:], complete_through=datetime(2026, 10, 28, tzinfo=UTC)),),
    )


def sources_in_trouble() -> Findings:
    """One source failed, one was read in part, two overlap, and rows were rejected."""
    drift = Reconciliation(
        billed_source="invoice", counted_source="logs", billed_tokens=70_281_124_498, counted_tokens=70_000_000_000
    )
    return findings(
        judged("extract", "30240", reconciliation=drift, source_status=PullStatus.PARTIAL),
        judged("rag", "3857", 18e9),
        sources=(
            source(
                "logs", status=PullStatus.PARTIAL, rejected=4_321,
                problems=tuple(f"logs/2026-10-{day:02d}.jsonl:17: no model" for day in range(1, 9)),
                warnings=("logs/2026-10-09.jsonl.gz ends in the middle of a file",),
                missing_days=(date(2026, 10, 9), date(2026, 10, 10), date(2026, 10, 30)),
            ),
            source("invoice", kind="invoice-csv", rows=31),
            source(
                "bedrock", kind="aws-cur", status=PullStatus.FAILED, rows=0, complete_through=None,
                missing_days=a.OCTOBER.days(), warnings=("access denied", "check the role of this machine"),
            ),
        ),
        issues=(
            Issue(severity=Severity.WARNING, source="extract", message="2 model ids match no glob"),
            Issue(severity=Severity.ERROR, source="", message="$12.00 in 2026-10 is in no workload's bill"),
        ),
    )  # fmt: skip


def returned() -> Findings:
    """Own GPUs that cost more than serverless for two months, beside some that save."""
    return findings(
        judged("extract", "7440", own_gpus=("9400", "11000")), judged("tags", "9000", own_gpus=("5000", "12000"))
    )


def answered() -> Findings:
    """One is on its way, one was declined, one is snoozed; a bill that changed; and a month told otherwise before."""
    at = datetime(2026, 11, 10, 9, tzinfo=UTC)
    moving = Answer(workload="extract", kind=AnswerKind.MOVING, at=at, month=a.OCTOBER.plus(3), reason="GPUs ordered")
    no = Answer(workload="tags", kind=AnswerKind.DECLINED, at=at, reason="no GPUs this year")
    later = Answer(workload="chat", kind=AnswerKind.SNOOZED, at=at, until=date(2027, 1, 15), reason="budget round")
    grown = Variance(
        since=a.OCTOBER.plus(-1), before=a.usd("28100.00"), after=a.usd("30240.00"), volume=a.usd("2010.07"),
        price=a.usd("-20.10"), mix=a.usd("150.03"),
    )  # fmt: skip
    rag = judged("rag", "3857", 18e9)
    corrected = Correction(
        verdict=rag, state_before="WATCH", bill_before=Decimal("8900.00"), dedicated_before=None, told_at=at,
        causes=("data: the bill $8,900.00 became $3,857.00",),
    )  # fmt: skip
    found = findings(
        replace(judged("extract", "30240", answers=(moving,)), variance=grown),
        judged("tags", "30240", answers=(no,)),
        judged("chat", "30240", answers=(later,)),
        replace(rag, differences=("config: [policy] months_in_a_row 2 became 3",)),
    )
    return replace(found, corrections=(corrected,))


def nothing() -> Findings:
    """A month without any usage."""
    return findings(sources=())


def hostile() -> Findings:
    """Names that try to be markup, commands, colours and walls of text."""
    named = [judged(name, str(30_240 - index)) for index, name in enumerate(HOSTILE)]
    return findings(
        *named,
        sources=(source(HOSTILE[0], kind=HOSTILE[1], warnings=HOSTILE),),
        issues=tuple(Issue(severity=Severity.WARNING, source=name, message=name) for name in HOSTILE),
    )


CASES: dict[str, Callable[[], Findings]] = {
    case.__name__: case
    for case in (
        switch, switch_two_estimated, switch_to_a_vendor, cheaper_serverless, stay, watch, crossing,
        switch_blocked_not_stated, switch_blocked_too_small, ineligible_all, no_usage, no_cost, no_profile, no_offer,
        no_exchange_rate, open_month, sources_in_trouble, returned, answered, nothing, hostile,
    )
}  # fmt: skip
"""Every case by name; one golden file each and format."""
