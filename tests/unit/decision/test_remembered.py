"""All workloads judged with what was answered and told before: own GPUs are shared, and nothing vanishes."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

from advisor.contract.store import Decision
from advisor.decision.record import Rules, decision_of
from advisor.decision.remembered import JudgedMonth, Remembered
from advisor.decision.states import fold
from advisor.domain.answers import Answer, AnswerKind
from advisor.domain.assumptions import Workload
from advisor.domain.comparison import Comparison, NotCompared
from advisor.domain.dedicated import OwnFleet
from advisor.domain.units import Month
from advisor.domain.verdict import Reason, State
from advisor.market.token_prices import TokenPrices
from advisor.projection.follow import Follower
from advisor.projection.weigh import Scales
from tests.unit import builders as a
from tests.unit.own_fleets import answer

SEPTEMBER = Month(2026, 9)
RULES = Rules(fleet=a.fleet(), policy=a.policy(), team=a.ABLE_TEAM)
Judged = Comparison | NotCompared


def judge(
    past: dict[str, Sequence[Judged]],
    answers: Sequence[Answer] = (),
    decisions: Sequence[Decision] = (),
    rules: Rules = RULES,
) -> JudgedMonth:
    scales = Scales(
        fleet=rules.fleet, policy=rules.policy, commitments=(), offers=(a.offer(),), own_profiles=(a.profile(12_000.0),)
    )
    fleet = OwnFleet(source="fleet", gpu=a.A100, gpus=1, price_per_gpu_hour=a.usd(1))
    beside = Remembered(
        rules=rules, answers=answers, decisions=decisions, prices=TokenPrices(), now=datetime(2026, 11, 24, tzinfo=UTC),
        follower=Follower(scales=scales, fleets={"fleet": fleet}, currency="USD"),
    )  # fmt: skip
    return beside.judge(past, a.OCTOBER)


def months(name: str, *dated: Month, own: bool = False, **workload: Any) -> list[Judged]:
    """Good months of a workload; the last of them on own GPUs where it is said."""
    stated = Workload(name=name, serve="llama-3.1-8b", **workload)
    found = [a.weighed("0.30", month=month, workload=stated) for month in dated]
    if own:
        usage = found[-1].usage
        line = replace(usage.lines[0], source="fleet", provider="self", billed=a.usd(744))
        found[-1] = replace(found[-1], usage=replace(usage, lines=(line,)))
    return list(found)


def test_workloads_on_own_gpus_in_one_month_share_what_runs_them() -> None:
    hours = RULES.fleet.overheads.engineering_hours_per_further_model * RULES.fleet.overheads.engineering_hourly_rate
    own = judge({name: months(name, SEPTEMBER, a.OCTOBER, own=True) for name in ("chat", "tags")})
    alone = judge({"chat": months("chat", SEPTEMBER, a.OCTOBER, own=True), "tags": months("tags", a.OCTOBER)})
    shared = [verdict.followed.running_cost for verdict in own.verdicts if verdict.followed]
    assert shared == [a.usd(hours / 2)] * 2, "this fleet takes hours for a further model alone"
    assert [one.followed.running_cost for one in alone.verdicts if one.followed] == [a.usd(0)]


def test_the_last_month_on_serverless_alone_is_what_predicted() -> None:
    past = months("chat", Month(2026, 8), SEPTEMBER, a.OCTOBER, own=True)
    (verdict,) = judge({"chat": past}).verdicts
    assert isinstance(past[1], Comparison)
    assert verdict.followed
    assert verdict.followed.predicted_from == SEPTEMBER
    assert verdict.followed.predicted_gpu_cost == past[1].chosen.cost.gpu
    assert verdict.followed.utilization is not None


def test_a_workload_that_moved_and_is_not_measured_is_still_in_the_report() -> None:
    gone = months("chat", SEPTEMBER, serving="dedicated", dedicated_since="2026-10")
    assert judge({"chat": months("chat", SEPTEMBER)}).verdicts == (), "what merely ended is not"
    (verdict,) = judge({"chat": gone}).verdicts
    assert (verdict.state, verdict.reason, verdict.usage.cost) == (State.STAY, Reason.DEDICATED, None)
    assert "what its own GPUs did is not known" in verdict.reason_text
    moving = answer(AnswerKind.MOVING, (2026, 9, 10), month=a.OCTOBER)
    (answered,) = judge({"chat": months("chat", SEPTEMBER)}, [moving]).verdicts
    assert (answered.state, answered.reason) == (State.STAY, Reason.MOVING)


def test_settings_that_are_not_as_they_were_a_month_ago_are_named() -> None:
    past = months("chat", SEPTEMBER, a.OCTOBER)
    before = replace(RULES, policy=a.policy(min_savings=Decimal(500)))
    september = fold(past[:1], before.policy, a.ABLE_TEAM)[-1]
    told = decision_of(september, before, datetime(2026, 10, 6, tzinfo=UTC))
    (verdict,) = judge({"chat": past}, decisions=[told]).verdicts
    assert verdict.differences == ("config: [policy] min_savings 500 became 1000",)
    assert verdict.variance
    assert verdict.variance.since == SEPTEMBER
