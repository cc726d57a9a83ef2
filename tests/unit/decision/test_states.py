"""The fold over months: what makes a recommendation, what ends it, and what counts for nothing."""

from __future__ import annotations

from dataclasses import replace
from decimal import Decimal
from typing import Any

import pytest

from advisor.decision.states import fold
from advisor.domain.assumptions import Team, Workload
from advisor.domain.comparison import Comparison, Missing, NotCompared
from advisor.domain.facts import PullStatus
from advisor.domain.units import DAY_SECONDS, Month
from advisor.domain.verdict import Gate, Reason, State, Verdict
from advisor.projection.compare import compare
from tests.unit import builders as a

JANUARY = Month(2026, 1)
Judged = Comparison | NotCompared
GOOD, POOR, LOSING = "0.30", "0.10", "-0.10"
DEDICATED = Workload(name="chat", serve="llama-3.1-8b", serving="dedicated", dedicated_since="2026-01")


def judge(*months: Judged | str, team: Team | None = a.ABLE_TEAM, **policy: Any) -> tuple[Verdict, ...]:
    """Verdicts on consecutive months; a text is a closed month that saves this share of its bill."""
    weighed = [a.weighed(month) if isinstance(month, str) else month for month in months]
    return fold(a.consecutive(weighed), a.policy(**policy), team)


def states(*months: Judged | str, **more: Any) -> list[State]:
    return [verdict.state for verdict in judge(*months, **more)]


def unmet(verdict: Verdict) -> set[Gate]:
    return {gate.gate for gate in verdict.gates if not gate.met}


def test_three_good_months_in_a_row_make_a_switch() -> None:
    verdicts = judge(GOOD, GOOD, GOOD)
    assert [verdict.state for verdict in verdicts] == [State.WATCH, State.WATCH, State.SWITCH]
    assert [verdict.streak for verdict in verdicts] == [1, 2, 3]
    assert [verdict.previous for verdict in verdicts] == [None, State.WATCH, State.WATCH]
    assert verdicts[0].blocked_by == (Gate.STREAK,)
    assert verdicts[2].reason is Reason.ALL_GATES_MET


@pytest.mark.parametrize("months", [1, 2, 5])
def test_the_number_of_months_in_a_row_is_the_policys(months: int) -> None:
    found = states(*[GOOD] * 5, months_in_a_row=months)
    assert found.index(State.SWITCH) == months - 1


def test_a_closed_month_that_misses_a_gate_starts_the_count_again() -> None:
    verdicts = judge(GOOD, GOOD, POOR, GOOD, GOOD, GOOD)
    assert [verdict.streak for verdict in verdicts] == [1, 2, 0, 1, 2, 3]
    assert [verdict.state for verdict in verdicts].index(State.SWITCH) == 5


def test_a_switch_stands_between_entry_and_exit() -> None:
    verdicts = judge(GOOD, GOOD, GOOD, POOR, "-0.04", POOR)
    assert [verdict.state for verdict in verdicts[2:]] == [State.SWITCH] * 4
    assert [verdict.reason for verdict in verdicts[3:]] == [Reason.STANDING] * 3


def test_a_switch_ends_after_two_closed_losing_months_in_a_row() -> None:
    found = states(GOOD, GOOD, GOOD, LOSING, POOR, LOSING, LOSING, POOR)
    assert found[2:] == [State.SWITCH] * 4 + [State.STAY, State.WATCH]


def test_the_exit_rule_is_met_at_its_own_figure() -> None:
    assert states(GOOD, GOOD, GOOD, "-0.05", "-0.05")[-1] is State.STAY
    assert states(GOOD, GOOD, GOOD, "-0.049", "-0.049")[-1] is State.SWITCH


def test_after_an_exit_a_switch_is_earned_anew() -> None:
    found = states(*[GOOD] * 3, LOSING, LOSING, GOOD, GOOD, GOOD)
    assert found[5:] == [State.WATCH, State.WATCH, State.SWITCH]


def test_an_open_month_is_insufficient_says_why_and_leans() -> None:
    verdict = judge(GOOD, GOOD, a.open_month())[-1]
    assert verdict.state is State.INSUFFICIENT_DATA
    assert verdict.reason is Reason.NO_CLOSED_MONTH
    assert verdict.reason_text == "tokens are missing on 4 of 31 days"
    assert verdict.leaning is State.SWITCH
    assert verdict.streak == 2
    assert Gate.MONTH_OPEN in verdict.blocked_by


@pytest.mark.parametrize(("ratio", "leaning"), [(GOOD, State.SWITCH), (POOR, State.WATCH), (LOSING, State.STAY)])
def test_an_open_month_leans_as_its_own_figures_say(ratio: str, leaning: State) -> None:
    assert judge(a.open_month(ratio))[-1].leaning is leaning


def test_an_open_month_leans_by_its_own_days_and_not_by_a_whole_months_saving() -> None:
    """Six days of 31 save 6/31 of what the month would; 1,000 a month is asked for in that share."""
    early = a.weighed(GOOD, bill="1200", closed=False, days_covered=6)
    assert early.savings < a.usd(1000)
    assert early.savings > a.usd(1000) * 6 / 31
    assert judge(early)[-1].leaning is State.SWITCH
    whole = a.weighed(GOOD, bill="1200")
    assert Gate.MIN_SAVINGS in unmet(judge(whole)[-1])


def test_a_streak_may_span_an_open_month() -> None:
    assert states(GOOD, GOOD, a.open_month(LOSING), GOOD)[-1] is State.SWITCH


def test_an_open_month_does_not_count_towards_the_exit() -> None:
    assert states(GOOD, GOOD, GOOD, LOSING, a.open_month(LOSING), POOR)[-1] is State.SWITCH


def test_without_a_team_every_economic_gate_makes_it_blocked_not_a_switch() -> None:
    verdict = judge(GOOD, GOOD, GOOD, team=None)[-1]
    assert verdict.state is State.SWITCH_BLOCKED
    assert verdict.reason is Reason.TEAM_NOT_STATED
    assert verdict.reason_text == "the team is not stated"
    assert verdict.blocked_by == (Gate.TEAM,)


@pytest.mark.parametrize(("hours", "on_call"), [(29.9, 2), (40.0, 1), (0.0, 0)])
def test_a_team_that_is_too_small_blocks(hours: float, on_call: int) -> None:
    needs = [replace(a.weighed(GOOD), engineering_hours=Decimal(30))] * 3
    verdict = judge(*needs, team=Team(engineering_hours_available=hours, on_call_engineers=on_call))[-1]
    assert verdict.state is State.SWITCH_BLOCKED
    assert verdict.reason is Reason.TEAM_TOO_SMALL
    assert "30 h and 2 needed" in verdict.reason_text


def test_a_team_of_exactly_the_hours_needed_is_enough() -> None:
    needs = [replace(a.weighed(GOOD), engineering_hours=Decimal(30))] * 3
    exact = Team(engineering_hours_available=30, on_call_engineers=2)
    assert judge(*needs, team=exact)[-1].state is State.SWITCH


def test_a_blocked_switch_does_not_stand_once_its_economics_are_gone() -> None:
    """Blocked means that every economic gate is met; only a SWITCH stands."""
    assert states(GOOD, GOOD, GOOD, POOR, team=None) == [State.WATCH] * 2 + [State.SWITCH_BLOCKED, State.WATCH]


def test_a_small_team_without_a_streak_is_watched_not_blocked() -> None:
    assert states(GOOD, GOOD, team=None) == [State.WATCH] * 2


@pytest.mark.parametrize(
    ("month", "gate"),
    [
        (a.weighed(GOOD, source_status=PullStatus.PARTIAL), Gate.SOURCE),
        (a.weighed(GOOD, source_status=PullStatus.FAILED), Gate.SOURCE),
        (a.weighed(GOOD, reconciliation=a.drift(1000, 880)), Gate.DRIFT),
        (a.weighed(GOOD, grain=31 * DAY_SECONDS), Gate.MONTHLY_SHAPE),
        (a.weighed(GOOD, offer_changes={"tier": "community"}), Gate.WEAK_OFFER),
        (a.weighed(GOOD, offer_changes={"source": ""}), Gate.WEAK_OFFER),
        (a.weighed(GOOD, offer_changes={"checked_on": None}), Gate.WEAK_OFFER),
    ],
    ids=["partial", "failed", "drift", "monthly", "community", "unsourced", "undated"],
)
def test_what_is_not_well_enough_known_never_gets_above_watch_however_often_it_is_cheaper(
    month: Comparison, gate: Gate
) -> None:
    verdicts = judge(*[month] * 6)
    assert {verdict.state for verdict in verdicts} == {State.WATCH}
    assert verdicts[-1].blocked_by[0] is gate
    standing = judge(GOOD, GOOD, GOOD, month, GOOD)
    assert [verdict.state for verdict in standing[2:]] == [State.SWITCH, State.WATCH, State.SWITCH]
    assert standing[-1].reason is Reason.STANDING


def test_an_own_quote_needs_no_date() -> None:
    quote = a.weighed(GOOD, offer_changes={"checked_on": None, "own": True})
    assert judge(*[quote] * 3)[-1].state is State.SWITCH


def test_a_fall_of_token_prices_withholds_a_switch_from_the_last_closed_month() -> None:
    """30 % of 7,200 at prices of use; at today's the bill is 6,000 and the saving 960: under 1,000 and under 20 %."""
    fallen = a.weighed(GOOD, cost_today=a.usd(6000))
    for before in (2, 5):
        verdict = judge(*[GOOD] * before, fallen)[-1]
        assert verdict.state is State.WATCH
        assert verdict.blocked_by == (Gate.PRICE_TODAY,)
        assert verdict.reason_text == "at today's token prices it saves $960 a month"


def test_a_fall_of_token_prices_that_leaves_the_margins_changes_nothing() -> None:
    assert states(GOOD, GOOD, a.weighed(GOOD, cost_today=a.usd(6800)))[-1] is State.SWITCH


def test_todays_prices_are_asked_of_the_last_closed_month_alone() -> None:
    fallen = a.weighed(GOOD, cost_today=a.usd(6000))
    assert states(fallen, fallen, GOOD)[-1] is State.SWITCH
    assert states(GOOD, GOOD, fallen, a.open_month())[2] is State.WATCH


def test_a_switch_stands_in_the_dead_band_at_unchanged_prices() -> None:
    assert judge(GOOD, GOOD, GOOD, a.weighed(POOR))[-1].reason is Reason.STANDING


def test_without_a_price_of_today_the_bills_own_stands_and_says_so() -> None:
    verdict = judge(GOOD, GOOD, a.weighed(GOOD, cost_today=None))[-1]
    assert verdict.state is State.SWITCH
    assert "no price of today is known; the bill's own is used" in [gate.detail for gate in verdict.gates]


@pytest.mark.parametrize("what", [Missing.NO_COST, Missing.NO_PROFILE, Missing.NO_OFFER, Missing.NO_EXCHANGE_RATE])
def test_a_closed_month_without_figures_ends_a_streak_but_not_a_standing_switch(what: Missing) -> None:
    gap = a.missing(what)
    assert states(GOOD, GOOD, gap, GOOD)[2:] == [State.INSUFFICIENT_DATA, State.WATCH]
    assert states(GOOD, GOOD, GOOD, gap, POOR)[3:] == [State.INSUFFICIENT_DATA, State.SWITCH]
    assert states(GOOD, GOOD, GOOD, LOSING, gap, LOSING)[-1] is State.STAY


def test_what_became_ineligible_is_forgotten() -> None:
    found = states(GOOD, GOOD, GOOD, a.missing(Missing.CLOSED_WEIGHTS), POOR)
    assert found[3:] == [State.INELIGIBLE, State.WATCH]


def test_closed_months_without_traffic_are_losing_months() -> None:
    idle = a.missing(Missing.NO_USAGE)
    assert states(GOOD, GOOD, GOOD, idle, POOR)[-1] is State.SWITCH
    assert states(GOOD, GOOD, GOOD, idle, idle, POOR)[-1] is State.WATCH


def test_a_month_left_out_between_two_others_ends_a_streak() -> None:
    """Its sources counted no traffic of the workload: it is not in a row."""
    dated = [a.weighed(GOOD, month=Month(2026, number)) for number in (5, 6, 8)]
    found = fold(dated, a.policy(), a.ABLE_TEAM)
    assert [verdict.streak for verdict in found] == [1, 2, 1]
    assert found[-1].state is State.WATCH


def test_two_months_left_out_end_a_standing_switch() -> None:
    dated = [a.weighed(GOOD, month=Month(2026, number)) for number in (1, 2, 3)]
    one, two = (fold([*dated, a.weighed(POOR, month=Month(2026, later))], a.policy(), a.ABLE_TEAM) for later in (5, 6))
    assert one[-1].state is State.SWITCH
    assert two[-1].state is State.WATCH


def test_what_is_dedicated_already_is_not_told_to_move() -> None:
    verdicts = judge(*[a.weighed(GOOD, workload=DEDICATED)] * 4)
    assert {verdict.state for verdict in verdicts} == {State.STAY}
    assert verdicts[-1].reason is Reason.DEDICATED
    assert verdicts[-1].reason_text == "already on own GPUs since 2026-01"
    assert judge(a.open_month(workload=DEDICATED))[-1].leaning is State.STAY


def test_what_is_not_cheaper_stays_and_says_by_how_much() -> None:
    verdict = judge("-1.80")[-1]
    assert verdict.state is State.STAY
    assert verdict.reason_text == "dedicated costs 2.8x"
    assert verdict.next_action == ""


def test_history_without_months_has_no_verdicts() -> None:
    assert fold([], a.policy(), None) == ()


@pytest.mark.parametrize("rate", [12_977.0, 26_000.0])
def test_the_articles_own_volume_is_never_a_switch_although_fractions_of_a_gpu_would_be_cheaper(rate: float) -> None:
    """300 million tokens at $0.10 are $30; 6.4 hours of a current A100 at 70 % are $22.85, and cannot be bought."""
    months = [a.flat_month(300e6, "30.00", month=JANUARY.plus(position)) for position in range(12)]
    history = [
        compare(
            usage, offers=[a.offer("2.49")], profiles=[a.profile(rate)], fleet=a.fleet(hours_per_month="calendar"),
            policy=a.policy(),
        )
        for usage in months
    ]  # fmt: skip
    compared = [month for month in history if isinstance(month, Comparison)]
    assert len(compared) == 12
    assert all(month.not_buyable < month.serverless for month in compared)
    assert float(compared[0].not_buyable.amount) == pytest.approx(300e6 / rate / 3600 / 0.7 * 2.49)
    eager = a.policy(months_in_a_row=1, min_savings=0, min_savings_ratio=0.0, min_probability=0.0)
    for policy in (a.policy(), eager):
        assert {verdict.state for verdict in fold(history, policy, a.ABLE_TEAM)} == {State.STAY}
