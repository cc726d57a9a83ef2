"""What holds for every history: open months change nothing, and no gate that forbids a move is ever passed over."""

from __future__ import annotations

from hypothesis import given, settings
from hypothesis import strategies as st

from advisor.decision.states import fold
from advisor.domain.assumptions import SwitchPolicy, Team
from advisor.domain.comparison import Comparison, Missing, NotCompared
from advisor.domain.facts import PullStatus
from advisor.domain.units import DAY_SECONDS
from advisor.domain.verdict import Gate, Reason, State, Verdict
from tests.unit import builders as a

Judged = Comparison | NotCompared
MOVING = (State.SWITCH, State.SWITCH_BLOCKED)
CLOSED = st.sampled_from(
    [
        a.weighed("0.30"),
        a.weighed("0.22"),
        a.weighed("0.10"),
        a.weighed("-0.02"),
        a.weighed("-0.10"),
        a.weighed("0.30", cost_today=a.usd(3000)),
        a.weighed("0.30", source_status=PullStatus.PARTIAL),
        a.weighed("0.30", reconciliation=a.drift(1000, 880)),
        a.weighed("0.30", offer_changes={"tier": "community"}),
        a.weighed("0.30", grain=31 * DAY_SECONDS),
        a.missing(Missing.NO_COST),
        a.missing(Missing.NO_USAGE),
        a.missing(Missing.CLOSED_WEIGHTS),
    ]
)
OPEN = st.sampled_from(
    [
        a.open_month(),
        a.open_month("-0.10"),
        a.missing(Missing.NO_USAGE, closed=False),
        a.missing(Missing.NO_COST, closed=False),
    ]
)
POLICIES = st.sampled_from([a.policy(), a.policy(months_in_a_row=1), a.policy(months_in_a_row=2, return_months=1)])
OF_WHAT_IS_KNOWN = {Gate.SOURCE, Gate.DRIFT, Gate.WEAK_OFFER, Gate.MONTHLY_SHAPE, Gate.MONTH_OPEN}
TEAMS = st.sampled_from([a.ABLE_TEAM, None, Team(engineering_hours_available=0, on_call_engineers=1)])


def unmet(verdict: Verdict) -> set[Gate]:
    return {gate.gate for gate in verdict.gates if not gate.met}


@settings(max_examples=150, deadline=None)
@given(
    closed=st.lists(CLOSED, min_size=1, max_size=8),
    opened=st.lists(st.tuples(st.integers(0, 8), OPEN), max_size=4),
    policy=POLICIES,
    team=TEAMS,
)
def test_open_months_change_no_verdict_on_a_closed_one(
    closed: list[Judged], opened: list[tuple[int, Judged]], policy: SwitchPolicy, team: Team | None
) -> None:
    mixed = list(closed)
    for position, month in opened:
        mixed.insert(min(position, len(mixed)), month)
    without = fold(a.consecutive(closed), policy, team)
    around = [verdict for verdict in fold(a.consecutive(mixed), policy, team) if verdict.usage.closed]

    def told(verdict: Verdict) -> tuple[object, ...]:
        return (
            verdict.state, verdict.previous, verdict.reason, verdict.reason_text, verdict.streak, verdict.gates,
            verdict.blocked_by, verdict.next_action,
        )  # fmt: skip

    assert list(map(told, around)) == list(map(told, without))


@settings(max_examples=200, deadline=None)
@given(months=st.lists(st.one_of(CLOSED, OPEN), min_size=1, max_size=10), policy=POLICIES, team=TEAMS)
def test_no_switch_without_enough_qualifying_closed_months_nor_with_a_gate_that_forbids_it(
    months: list[Judged], policy: SwitchPolicy, team: Team | None
) -> None:
    verdicts = fold(a.consecutive(months), policy, team)
    of_the_run = {Gate.STREAK, Gate.TEAM, Gate.PRICE_TODAY}
    row = earned = 0
    for verdict in verdicts:
        if not verdict.usage.closed:
            assert verdict.state not in MOVING
            continue
        row = row + 1 if verdict.gates and not unmet(verdict) - of_the_run else 0
        earned = max(earned, row)
        if verdict.state in MOVING:
            assert earned >= policy.months_in_a_row
            assert not unmet(verdict) & OF_WHAT_IS_KNOWN
        if verdict.state is State.SWITCH:
            assert Gate.TEAM not in unmet(verdict)
        if verdict.reason is Reason.ALL_GATES_MET:
            assert unmet(verdict) == set()


@settings(max_examples=100, deadline=None)
@given(months=st.lists(st.one_of(CLOSED, OPEN), min_size=1, max_size=10), policy=POLICIES, team=TEAMS)
def test_every_verdict_has_a_reason_and_all_but_stay_one_next_action(
    months: list[Judged], policy: SwitchPolicy, team: Team | None
) -> None:
    for verdict in fold(a.consecutive(months), policy, team):
        assert verdict.reason_text
        assert bool(verdict.next_action) is (verdict.state is not State.STAY)
        if verdict.state is State.WATCH:
            assert verdict.blocked_by
            assert set(verdict.blocked_by) == unmet(verdict)


@settings(max_examples=60, deadline=None)
@given(months=st.lists(CLOSED, min_size=2, max_size=8), cut=st.integers(1, 7))
def test_later_months_do_not_change_what_was_said_except_at_todays_prices(months: list[Judged], cut: int) -> None:
    """Only the last closed month is asked whether it holds at today's prices."""
    dated = a.consecutive([month for month in months if month.usage.cost_today == month.usage.cost])
    early, whole = fold(dated[:cut], a.policy(), a.ABLE_TEAM), fold(dated, a.policy(), a.ABLE_TEAM)
    assert [verdict.state for verdict in early] == [verdict.state for verdict in whole[:cut]]
    assert [verdict.streak for verdict in early] == [verdict.streak for verdict in whole[:cut]]
