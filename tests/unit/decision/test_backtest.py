"""A replay: every month judged from its own past, its advice followed a month later, and all courses costed alike."""

from __future__ import annotations

from dataclasses import replace
from decimal import Decimal
from itertools import product
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from advisor.decision.backtest import NO_TRAFFIC, cheapest_course, course_cost
from advisor.decision.backtest import replay as replay_of
from advisor.decision.gates import NEVER_ABOVE_WATCH
from advisor.domain.assumptions import Team, Workload
from advisor.domain.backtest import Costed, Courses, Place, Replay
from advisor.domain.comparison import Comparison, Missing, NotCompared
from advisor.domain.facts import PullStatus
from advisor.domain.units import Money, Month
from advisor.domain.verdict import Gate, State
from tests.unit import builders as a

JANUARY = Month(2026, 1)
Judged = Comparison | NotCompared
GOOD, POOR, LOSING = "0.30", "0.10", "-0.10"
BILL = 7200
ON_GPUS = 5040
"""0.70 x 7,200: what the fleet of a GOOD month costs."""
S, D = Place.SERVERLESS, Place.DEDICATED


def month(number: int) -> Month:
    """The month of 2026 at this position, from 0."""
    return JANUARY.plus(number)


def replayed(
    *months: Judged | str,
    migration: int = 3000,
    first: int = 0,
    last: int | None = None,
    team: Team | None = a.ABLE_TEAM,
    **policy: Any,
) -> Replay:
    """Consecutive months from January 2026; a text is a closed month of a $7,200 bill that saves this share of it."""
    weighed = [a.weighed(one) if isinstance(one, str) else one for one in months]
    found = replay_of(
        a.consecutive(weighed),
        first=month(first),
        last=month(len(months) - 1 if last is None else last),
        policy=a.policy(**policy),
        team=team,
        migration=a.usd(migration),
    )
    assert found is not None
    return found


def courses(found: Replay) -> Courses:
    assert found.courses is not None
    return found.courses


def places(found: Replay) -> list[Place]:
    return [one.followed for one in found.months]


def hindsight(found: Replay) -> list[Place | None]:
    return [one.hindsight for one in found.months]


def test_a_step_up_in_volume_is_followed_once_three_months_have_shown_it() -> None:
    small = a.weighed("-1", bill="1000")
    found = replayed(*[small] * 3, *[GOOD] * 6)
    assert [one.state for one in found.months] == [State.STAY] * 3 + [State.WATCH] * 2 + [State.SWITCH] * 4
    assert places(found) == [S] * 6 + [D] * 3
    assert hindsight(found) == [S] * 3 + [D] * 6
    assert courses(found) == Courses(
        following=a.usd(3 * 1000 + 3 * BILL + 3000 + 3 * ON_GPUS),
        serverless=a.usd(3 * 1000 + 6 * BILL),
        dedicated=a.usd(3000 + 3 * 2000 + 6 * ON_GPUS),
        hindsight=a.usd(3 * 1000 + 3000 + 6 * ON_GPUS),
    )
    assert courses(found).saved == a.usd(3 * (BILL - ON_GPUS) - 3000)
    assert courses(found).regret == a.usd(3 * (BILL - ON_GPUS))


def test_a_spike_of_one_month_is_never_followed_though_hindsight_would_have_caught_it() -> None:
    """Half of 7,200 is saved in the spike, 3,600, for a move of 3,000."""
    found = replayed("-1", "-1", "0.50", "-1", "-1")
    assert places(found) == [S] * 5
    assert hindsight(found) == [S, S, D, S, S]
    assert courses(found).following == courses(found).serverless == a.usd(5 * BILL)
    assert courses(found).regret == a.usd(BILL // 2 - 3000)
    assert found.moves == ()


def test_a_spike_that_is_not_worth_the_move_is_not_caught_in_hindsight_either() -> None:
    found = replayed("-1", "-1", "0.40", "-1", "-1")
    assert hindsight(found) == [S] * 5
    assert courses(found).regret == a.usd(0)


def test_after_a_decline_it_goes_back_by_the_exit_rule_a_month_later() -> None:
    """Two losing months in a row, 1.10 x 7,200 each on own GPUs; the third is on serverless again."""
    found = replayed(GOOD, GOOD, GOOD, GOOD, LOSING, LOSING, LOSING)
    assert places(found) == [S, S, S, D, D, D, S]
    assert found.moves == ((month(3), D), (month(6), S))
    losing = 7920
    assert courses(found).following == a.usd(3 * BILL + 3000 + ON_GPUS + 2 * losing + BILL)
    assert courses(found).hindsight == a.usd(3000 + 4 * ON_GPUS + 3 * BILL)
    assert hindsight(found) == [D] * 4 + [S] * 3


def test_a_month_between_entry_and_exit_leaves_it_where_it_is() -> None:
    assert places(replayed(GOOD, GOOD, GOOD, LOSING, POOR, LOSING, POOR, LOSING, POOR)) == [S] * 3 + [D] * 6


def test_a_source_in_trouble_withholds_the_advice_but_moves_nobody_back() -> None:
    damaged = a.weighed(GOOD, source_status=PullStatus.PARTIAL)
    found = replayed(GOOD, GOOD, GOOD, damaged, damaged, damaged)
    assert [one.state for one in found.months[3:]] == [State.WATCH] * 3
    assert places(found) == [S] * 3 + [D] * 3


def test_a_second_move_is_paid_again() -> None:
    found = replayed(*[GOOD] * 3, LOSING, LOSING, *[GOOD] * 4)
    assert found.moves == ((month(3), D), (month(5), S), (month(8), D))
    assert courses(found).following == a.usd(3 * BILL + 3000 + 2 * 7920 + 3 * BILL + 3000 + ON_GPUS)


def test_an_open_month_costs_nothing_on_any_side_and_says_why() -> None:
    found = replayed(GOOD, GOOD, GOOD, a.open_month(), GOOD)
    gap = found.months[3]
    assert (gap.cost, gap.hindsight, gap.followed) == (None, None, D)
    assert gap.not_counted == "tokens are missing on 4 of 31 days"
    assert len(found.counted) == 4
    assert courses(found) == Courses(
        following=a.usd(3 * BILL + 3000 + ON_GPUS),
        serverless=a.usd(4 * BILL),
        dedicated=a.usd(3000 + 4 * ON_GPUS),
        hindsight=a.usd(3000 + 4 * ON_GPUS),
    )


@pytest.mark.parametrize("what", [Missing.NO_COST, Missing.NO_PROFILE, Missing.NO_OFFER, Missing.NO_EXCHANGE_RATE])
def test_a_month_that_could_not_be_compared_is_named_and_never_zero(what: Missing) -> None:
    found = replayed(GOOD, a.missing(what), GOOD)
    assert [one.not_counted for one in found.months] == ["", what.value, ""]
    assert courses(found).serverless == a.usd(2 * BILL)
    assert courses(found).dedicated == a.usd(3000 + 2 * ON_GPUS)


def test_a_workload_of_which_nothing_can_be_compared_has_no_courses() -> None:
    found = replayed(a.missing(Missing.CLOSED_WEIGHTS), a.missing(Missing.CLOSED_WEIGHTS))
    assert found.courses is None
    assert found.counted == ()
    assert {one.not_counted for one in found.months} == {"closed weights"}


def test_months_without_traffic_are_named_and_lead_back_by_the_exit_rule() -> None:
    """Left out of the history altogether: the fold takes both for losing months, and April is not in a row."""
    dated = [a.weighed(GOOD, month=month(number)) for number in (0, 1, 2, 5, 6)]
    found = replay_of(
        dated, first=month(0), last=month(7), policy=a.policy(), team=a.ABLE_TEAM, migration=a.usd(3000)
    )  # fmt: skip
    assert found
    assert [one.not_counted for one in found.months] == ["", "", "", NO_TRAFFIC, NO_TRAFFIC, "", "", NO_TRAFFIC]
    assert [one.state for one in found.months[3:]] == [None, None, State.WATCH, State.WATCH, None]
    assert places(found) == [S, S, S, D, D, D, S, S]


def test_two_closed_months_without_a_token_lead_back_and_one_does_not() -> None:
    idle = a.missing(Missing.NO_USAGE)
    assert places(replayed(GOOD, GOOD, GOOD, idle, idle, GOOD)) == [S, S, S, D, D, S]
    assert places(replayed(GOOD, GOOD, GOOD, idle, POOR, idle, POOR)) == [S, S, S, D, D, D, D]


def test_what_became_ineligible_goes_back_at_once() -> None:
    assert places(replayed(GOOD, GOOD, GOOD, a.missing(Missing.CLOSED_WEIGHTS), GOOD)) == [S, S, S, D, S]


def test_a_move_in_a_month_that_does_not_count_is_paid_all_the_same() -> None:
    found = replayed(GOOD, GOOD, GOOD, a.missing(Missing.NO_COST), last=3)
    assert courses(found).following == a.usd(3 * BILL + 3000)


def test_the_plans_share_of_the_migration_gives_way_to_the_one_off() -> None:
    dear = a.weighed(GOOD)
    cost = replace(dear.chosen.cost, migration=a.usd(500))
    found = replayed(*[replace(dear, chosen=replace(dear.chosen, cost=cost))] * 2)
    assert cost.total == a.usd(ON_GPUS + 500)
    assert courses(found).dedicated == a.usd(3000 + 2 * ON_GPUS)


def test_what_stays_owed_to_a_commitment_is_paid_on_own_gpus_too() -> None:
    bound = replace(a.weighed(GOOD), avoidable=a.usd(BILL - 2000))
    (one,) = replayed(bound).months
    assert one.cost == Costed(serverless=a.usd(BILL), dedicated=a.usd(ON_GPUS + 2000))


def test_a_blocked_switch_is_not_followed_and_stated_apart() -> None:
    found = replayed(*[GOOD] * 5, team=None)
    assert found.blocked == (month(2), month(3), month(4))
    assert places(found) == [S] * 5
    assert courses(found).following == courses(found).serverless
    assert found.with_team == a.usd(3 * BILL + 3000 + 2 * ON_GPUS)
    able = replayed(*[GOOD] * 5)
    assert (able.blocked, able.with_team) == ((), None)
    assert courses(able).following == found.with_team


def test_a_replay_that_begins_later_knows_the_months_before_but_does_not_cost_them() -> None:
    found = replayed(GOOD, GOOD, GOOD, GOOD, first=2)
    assert [one.month for one in found.months] == [month(2), month(3)]
    assert [one.state for one in found.months] == [State.SWITCH, State.SWITCH]
    assert places(found) == [S, D]
    assert courses(found).following == a.usd(BILL + 3000 + ON_GPUS)


def test_the_advice_on_the_month_before_opens_the_replay() -> None:
    found = replayed(GOOD, GOOD, GOOD, GOOD, first=3)
    assert places(found) == [D]
    assert courses(found).following == a.usd(3000 + ON_GPUS)


def test_a_workload_is_replayed_from_its_first_month_on() -> None:
    found = replay_of(
        [a.weighed(GOOD, month=month(2))], first=month(0), last=month(2), policy=a.policy(), team=None,
        migration=a.usd(0),
    )  # fmt: skip
    assert found
    assert [one.month for one in found.months] == [month(2)]
    late = replay_of(
        [a.weighed(GOOD, month=month(5))], first=month(0), last=month(2), policy=a.policy(), team=None,
        migration=a.usd(0),
    )  # fmt: skip
    assert late is None


def test_what_has_moved_since_is_replayed_up_to_the_move() -> None:
    moved = Workload(name="chat", serve="llama-3.1-8b", serving="dedicated", dedicated_since="2026-05")
    found = replayed(*[a.weighed(GOOD, workload=moved)] * 6)
    assert [one.state for one in found.months[:4]] == [State.WATCH, State.WATCH, State.SWITCH, State.SWITCH]
    assert [bool(one.cost) for one in found.months] == [True] * 4 + [False] * 2
    assert "own GPUs" in found.months[4].not_counted
    assert found.moves == ((month(3), D),)


def test_todays_token_prices_do_not_enter_what_was_advised_then() -> None:
    """At today's 3,000 nothing would be saved; no month knew that."""
    fallen = a.weighed(GOOD, cost_today=a.usd(3000))
    assert places(replayed(*[fallen] * 5)) == [S] * 3 + [D] * 2


def test_advice_changes_are_the_months_where_the_verdict_differs_from_the_last_one_said() -> None:
    found = replayed(GOOD, GOOD, GOOD, LOSING, LOSING)
    assert [(one.month, one.state) for one in found.changes] == [
        (month(0), State.WATCH),
        (month(2), State.SWITCH),
        (month(4), State.STAY),
    ]


MONTHS = st.sampled_from(
    [
        a.weighed("0.50"),
        a.weighed("0.30"),
        a.weighed("0.22", bill="21000"),
        a.weighed("0.10"),
        a.weighed("-0.02"),
        a.weighed("-0.10"),
        a.weighed("-2", bill="1000"),
        a.weighed("0.30", cost_today=a.usd(3000)),
        a.weighed("0.30", source_status=PullStatus.PARTIAL),
        a.open_month(),
        a.open_month("-0.10"),
        a.missing(Missing.NO_COST),
        a.missing(Missing.NO_USAGE),
        a.missing(Missing.CLOSED_WEIGHTS),
    ]
)
HISTORIES = st.lists(MONTHS, min_size=1, max_size=9)
MIGRATIONS = st.sampled_from([0, 1, 3000, 12_000])


@settings(max_examples=120, deadline=None)
@given(months=HISTORIES, later=HISTORIES, cut=st.integers(0, 8), migration=MIGRATIONS)
def test_no_later_month_changes_what_was_advised_or_followed_before(
    months: list[Judged], later: list[Judged], cut: int, migration: int
) -> None:
    kept = months[: cut + 1]
    one, other = replayed(*months, migration=migration), replayed(*kept, *later, migration=migration)

    def told(found: Replay) -> list[tuple[object, ...]]:
        said = [(one.month, one.followed, one.cost, one.not_counted, one.verdict) for one in found.months[: len(kept)]]
        return [
            (*rest, verdict and (verdict.state, verdict.reason, verdict.reason_text, verdict.streak, verdict.gates))
            for *rest, verdict in said
        ]

    assert told(one) == told(other)


@settings(max_examples=150, deadline=None)
@given(months=HISTORIES, migration=MIGRATIONS, team=st.sampled_from([a.ABLE_TEAM, None]))
def test_hindsight_is_never_dearer_than_any_other_course(
    months: list[Judged], migration: int, team: Team | None
) -> None:
    found = replayed(*months, migration=migration, team=team)
    assert (found.courses is None) is (not found.counted)
    if not found.courses:
        return
    best = found.courses.hindsight
    assert best <= min(found.courses.serverless, found.courses.dedicated, found.courses.following)
    assert found.courses.serverless == sum((one.cost.serverless for one in found.counted if one.cost), a.usd(0))
    if found.with_team:
        assert best <= found.with_team


@settings(max_examples=100, deadline=None)
@given(
    costs=st.lists(st.tuples(st.integers(0, 9), st.integers(0, 9)), max_size=6),
    migration=st.integers(0, 8),
)
def test_the_cheapest_course_is_the_cheapest_of_all_of_them(costs: list[tuple[int, int]], migration: int) -> None:
    known = [Costed(serverless=a.usd(there), dedicated=a.usd(here)) for there, here in costs]
    once = Money(Decimal(migration), "USD")
    every = [course_cost(course, known, once) for course in product((S, D), repeat=len(known))]
    assert course_cost(cheapest_course(known, once), known, once) == min(every)


@settings(max_examples=150, deadline=None)
@given(months=HISTORIES)
def test_it_stays_on_own_gpus_just_as_long_as_the_recommendation_stands(months: list[Judged]) -> None:
    """Where every gate of what is known is met and no host is cheaper, a standing recommendation reads SWITCH."""
    found = replayed(*months, POOR)
    following = [*found.months[1:], None]
    for one, after in zip(found.months, following, strict=True):
        verdict = one.verdict
        if after is None or verdict is None or not verdict.comparison or not verdict.usage.closed:
            continue
        unmet = {gate.gate for gate in verdict.gates if not gate.met}
        if not unmet & (NEVER_ABOVE_WATCH | {Gate.CHEAPER_SERVERLESS}):
            assert (after.followed is D) is (verdict.state is State.SWITCH)
