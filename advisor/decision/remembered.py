"""Every workload's months judged with what was answered and decided before: verdicts, and what they correct."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime

from advisor.contract.store import Decision
from advisor.decision.corrections import causes, corrections, last_told, restated
from advisor.decision.record import Rules, assumed_by
from advisor.decision.stages import Plan, plan_for
from advisor.decision.states import fold
from advisor.domain.answers import Answer
from advisor.domain.comparison import Comparison, Missing, NotCompared
from advisor.domain.correction import Correction
from advisor.domain.dedicated import Followed, on_own_gpus
from advisor.domain.facts import Tokens
from advisor.domain.units import Month
from advisor.domain.usage import WorkloadUsage
from advisor.domain.verdict import Verdict
from advisor.market.hosts import host
from advisor.market.token_prices import TokenPrices
from advisor.projection.follow import NOT_SEEN, Follower
from advisor.projection.outlook import outlooks
from advisor.projection.variance import variance

Judged = Comparison | NotCompared


@dataclass(frozen=True, slots=True, kw_only=True)
class Remembered:
    """What stands beside the facts: the rules, the answers, former decisions (newest first), and what months on own
    GPUs, changes of a bill and forecasts are worked out with: `complete_through` says until when each source has
    delivered."""

    rules: Rules
    answers: Sequence[Answer]
    decisions: Sequence[Decision]
    follower: Follower
    prices: TokenPrices
    now: datetime
    complete_through: Mapping[str, datetime | None] = field(default_factory=dict)

    def judge(self, past: Mapping[str, Sequence[Judged]], month: Month) -> JudgedMonth:
        """The verdicts on *month* of every workload in *past*, which holds its months up to then, oldest first."""
        told = last_told(self.decisions)
        shown: list[Verdict] = []
        again: list[Verdict] = []
        plans = {name: plan_for(own[-1].usage.workload, self.answers) for name, own in past.items()}
        whole = {name: _with_moved(own, plans[name], month, self.now) for name, own in past.items()}
        on_own = Counter(
            one.usage.month for name, own in whole.items() for one in own if _served(one.usage, plans[name])
        )
        for name, history in whole.items():
            followed = self._followed(history, plans[name], on_own)
            verdicts = fold(
                history,
                self.rules.policy,
                self.rules.team,
                answers=self.answers,
                followed=followed,
                forecasts=outlooks(history, self.rules.fleet, self.rules.policy, self.now, self.complete_through),
            )
            again += restated(verdicts[:-1] if history[-1].usage.month == month else verdicts, told, self.rules)
            if history[-1].usage.month == month:
                shown.append(self._beside_the_last(verdicts[-1], history, told))
        return JudgedMonth(
            verdicts=tuple(shown),
            restated=tuple(again),
            corrections=corrections((*shown, *again), told, self.rules),
        )

    def _followed(self, history: Sequence[Judged], plan: Plan, on_own: Mapping[Month, int]) -> dict[Month, Followed]:
        """What own GPUs did, for each month that they serve, as is said or seen; *on_own* counts their workloads."""
        usages = [month.usage for month in history]
        if not any(_served(usage, plan) for usage in usages):
            return {}
        hosts = {host(line.provider) for usage in usages for line in usage.lines if not on_own_gpus(line)}
        until = usages[-1].workload.commitment_until
        found, last = {}, None
        for month in history:
            usage = month.usage
            if _served(usage, plan):
                committed, beside = bool(until) and usage.month <= Month.parse(until), on_own[usage.month] - 1
                found[usage.month] = self.follower.follow(usage, last, hosts, committed=committed, beside=beside)
            elif usage.closed and isinstance(month, Comparison):
                last = month
        return found

    def _beside_the_last(
        self, verdict: Verdict, history: Sequence[Judged], told: Mapping[tuple[str, Month], Decision]
    ) -> Verdict:
        """The verdict with why its bill is another than in the last closed month, and what else is not as it was."""
        usage = verdict.usage
        earlier = [month.usage for month in history[:-1] if month.usage.closed]
        known = variance(earlier[-1], usage, self.prices) if earlier and usage.closed else None
        before = [told[key] for key in told if key[0] == usage.workload.name and key[1] < usage.month]
        last = max(before, key=lambda decision: decision.month, default=None)
        differences = causes(last.assumed, assumed_by(verdict, self.rules), data=False) if last else ()
        return replace(verdict, variance=known, differences=tuple(differences))


@dataclass(frozen=True, slots=True, kw_only=True)
class JudgedMonth:
    """The verdicts on a month; those on earlier months whose data was restated; and what of all that has to be told
    again."""

    verdicts: tuple[Verdict, ...]
    restated: tuple[Verdict, ...]
    corrections: tuple[Correction, ...]


def _served(usage: WorkloadUsage, plan: Plan) -> bool:
    """Whether own GPUs serve the workload in the month, as is said or seen."""
    return plan.on_own_gpus(usage.month) or any(on_own_gpus(line) for line in usage.lines)


def _with_moved(history: Sequence[Judged], plan: Plan, month: Month, now: datetime) -> Sequence[Judged]:
    """The history, to its last month. A workload that moved leaves no token behind where its fleet is not read, and
    must not vanish from the report."""
    last = history[-1].usage
    if last.month >= month or not plan.on_own_gpus(month):
        return history
    gone = replace(
        last,
        month=month,
        tokens=Tokens(uncached_input=0, output=0),
        requests=None,
        shapes=(),
        lines=(),
        days_covered=0,
        missing_days=(),
        cost=None,
        cost_basis=None,
        cost_problem=NOT_SEEN,
        cost_today=None,
        billed=None,
        estimated=None,
        reconciliation=None,
        closed=month.end <= now,
        open_because="" if month.end <= now else "the month is not over",
    )
    return [*history, NotCompared(usage=gone, missing=Missing.NO_USAGE, detail=NOT_SEEN)]


def unmuted(verdicts: Iterable[Verdict], now: datetime) -> tuple[Verdict, ...]:
    """Those of some recommendations that no snooze keeps from being sent today."""
    today = now.date()
    return tuple(
        verdict
        for verdict in verdicts
        if verdict.snooze is None or verdict.snooze.until is None or verdict.snooze.until <= today
    )
