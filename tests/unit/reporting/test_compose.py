"""The page behind every format: its figures, its notes, and that nothing is left unsaid."""

from __future__ import annotations

from dataclasses import replace
from decimal import Decimal
from typing import Any

import pytest

from advisor.domain.assumptions import FleetAssumptions, Overheads, SwitchPolicy, Workload
from advisor.domain.fleet import Infeasible
from advisor.domain.verdict import State
from advisor.reporting import words
from advisor.reporting.compose import Page, compose
from advisor.reporting.sections import highest_gpu_price
from tests.golden.cases import CASES, HOSTILE, findings, judged
from tests.unit import builders as a


def items(page: Page, key: str) -> tuple[str, ...]:
    return next((section.items for section in page.sections if section.key == key), ())


def everything(page: Page) -> list[str]:
    rows = [
        text
        for row in page.rows
        for text in (row.name, row.model, row.why, row.next_action, row.fleet, row.confidence, *row.flips)
    ]
    below = [text for section in page.sections for text in section.items]
    return [
        *page.title,
        *page.sentences,
        *rows,
        *below,
        *(n.text for n in page.footnotes),
        *(i.text for i in page.issues),
    ]


@pytest.mark.parametrize("case", CASES)
def test_every_verdict_but_stay_has_a_next_step_that_is_listed(case: str) -> None:
    page = compose(CASES[case]())
    listed = " ".join(items(page, "next"))
    for row in page.rows:
        assert bool(row.next_action) == (row.state is not State.STAY)
        assert row.next_action in listed


def test_a_row_holds_the_figures_of_its_comparison() -> None:
    verdict = judged("extract", "30240")
    assert verdict.comparison
    row = compose(findings(verdict)).rows[0]
    assert row.bill == "$30,240"
    assert row.tokens == "70.0B"
    assert row.dedicated == words.money(verdict.comparison.chosen.cost.total)
    assert row.savings == words.money(a.usd(30_240) - verdict.comparison.chosen.cost.total)
    assert row.equivalent == words.money(verdict.comparison.equivalent.cost.total)
    assert row.change == "was WATCH"


def test_a_comparison_names_the_sources_and_dates_it_rests_on() -> None:
    plan = items(compose(CASES["switch"]()), "plans")[0]
    assert "$2.49 a GPU-hour on-demand (a quote, 2026-11-02)" in plan
    assert "12,977 tokens/s a replica (own benchmark, a load test, undated)" in plan


def test_prices_are_dated_in_the_title_by_the_oldest_used() -> None:
    page = compose(CASES["switch"]())
    assert page.title == ("October 2026", "closed, invoices final", "token prices 2026-11-01", "GPU 2026-11-02")


def test_an_open_month_is_provisional_in_the_title_with_its_leaning() -> None:
    page = compose(CASES["open_month"]())
    assert page.provisional
    assert page.title[1] == "provisional: not closed, leaning SWITCH 1, STAY 1"
    assert "leaning SWITCH" in page.rows[0].why
    mixed = findings(*CASES["open_month"]().verdicts, judged("tags", "312"))
    assert compose(mixed).title[1].startswith("provisional: not closed for 2 of 3, leaning")


def test_bills_that_are_not_invoices_are_marked_and_explained() -> None:
    page = compose(CASES["switch_two_estimated"]())
    assert page.title[1] == "closed, bills estimated"
    assert {row.bill for row in page.rows} == {"~$30,240", "~$29,000"}
    assert page.total.bill == "~$59,240"
    assert [note.text for note in page.footnotes if note.mark == "~"]


def test_what_is_unknown_is_neither_zero_nor_in_the_total() -> None:
    page = compose(CASES["no_exchange_rate"]())
    assert [row.bill for row in page.rows] == ["$30,240", "-"]
    assert page.total.bill == "$30,240"
    assert page.total.note == "100 % of the known bill could run on open-weight GPUs, 1 bill unknown"
    silent = compose(CASES["no_usage"]())
    assert (silent.rows[0].bill, silent.rows[0].tokens, silent.total.bill, silent.total.tokens) == ("-", "-", "-", "-")


def test_a_bill_of_nothing_has_no_shares() -> None:
    page = compose(findings(judged("free", "0")))
    assert (page.rows[0].bill, page.rows[0].saves, page.total.note) == ("$0", "no", "")


def test_the_lower_bound_and_the_fractions_are_labelled_and_apart() -> None:
    verdict = judged("extract", "30240")
    assert verdict.comparison
    notes = [note.text for note in compose(findings(verdict)).footnotes]
    lower = words.money(verdict.comparison.equivalent.cost.total)
    assert f"70 % rule (whole GPUs, lower bound): extract {lower}" in notes
    fraction = words.money(verdict.comparison.not_buyable)
    assert f"not buyable (fractions of a GPU, never compared): extract {fraction}" in notes


def test_a_policy_without_a_plan_says_why_once_for_all_workloads() -> None:
    verdict = judged("extract", "30240")
    assert verdict.comparison
    refused = tuple(Infeasible(policy="committed", reason=why) for why in ("no offer of A", "no offer of B"))
    both = [replace(verdict, basis=replace(verdict.comparison, plans=(one,))) for one in refused]
    notes = [note.text for note in compose(findings(*both)).footnotes]
    assert "without a plan: committed (no offer of A; and 1 more)" in notes


def test_every_default_in_force_is_printed_as_assumed() -> None:
    assumed = items(compose(replace(CASES["switch"](), fleet=FleetAssumptions())), "assumed")
    for phrase in (
        "utilization 70 %", "redundancy 1", "peak to mean 3", "burst 1.35", "cached input weight 0.05",
        "cache carry-over 0.7", "egress $0", "storage $0", "staging 220 replica-hours",
        "engineering 30 h a month x $100", "5 h more a further model", "migration 120 h + $0 over 12 months",
        "3 months in a row", "saving 20 % and $1,000 a month", "P(cheaper) 0.8", "payback 9 months",
        "return at -5 % for 2 months", "2 on call needed",
    ):  # fmt: skip
        assert phrase in assumed
    assert not [phrase for phrase in assumed if "(set)" in phrase]


def test_what_the_user_set_is_told_from_a_default() -> None:
    fleet = FleetAssumptions(
        utilization=0.6, hours_per_month=Decimal(720), overheads=Overheads(engineering_hourly_rate=Decimal("72.50"))
    )
    found = replace(CASES["switch"](), fleet=fleet, policy=SwitchPolicy(months_in_a_row=1))
    marked = [phrase for phrase in items(compose(found), "assumed") if phrase.endswith("(set)")]
    assert marked == [
        "utilization 60 % (set)",
        "720 h a month (set)",
        "engineering 30 h a month x $72 (set)",
        "1 month in a row (set)",
    ]


def test_an_accepted_substitute_is_an_assumption_with_a_name_to_it() -> None:
    stand_in = Workload(name="copilot", serve="llama-3.1-8b", token_ratio=1.2, approved_by="M. Curie")
    assumed = items(compose(findings(judged("copilot", "30240", workload=stand_in))), "assumed")
    assert "copilot on llama-3.1-8b: 1.2 tokens for one, approved by M. Curie" in assumed


def test_sources_say_how_they_did_and_what_they_lack() -> None:
    read = items(compose(CASES["sources_in_trouble"]()), "data")
    assert read[0] == (
        "logs: request-log partial, 28 of 31 days known, 1,234,567 rows, 4,321 rejected, "
        "missing 2026-10-09 to 2026-10-10, 2026-10-30, complete until 2026-11-01 00:00 UTC"
    )
    assert "logs: rejected logs/2026-10-05.jsonl:17: no model" in read
    assert f"logs: and {4_321 - 5:,} more rejected rows" in read
    assert "bedrock: access denied" in read
    assert "extract: invoice bills 70.3B, logs counts 70.0B tokens, drift 0.4 %" in read


@pytest.mark.parametrize(("estimated", "drift"), [("33264", "drift -10 %"), ("30240", ""), ("30800", ""), (None, "")])
def test_a_bill_that_drifts_from_the_list_price_by_more_than_2_percent_is_shown(
    estimated: str | None, drift: str
) -> None:
    """30,240 x 1.1 = 33,264 at list price is a drift of -10 % of the bill; 30,800 is one of -1.9 %."""
    usage: dict[str, Any] = {"billed": a.usd("30240"), "estimated": a.usd(estimated) if estimated else None}
    read = items(compose(findings(judged("extract", "30240", **usage))), "data")
    shown = [f"extract: billed $30,240, at list price $33,264, {drift}"] if drift else []
    assert [line for line in read if "list price" in line] == shown


def test_a_month_with_days_left_out_says_how_many_are_counted() -> None:
    read = items(compose(CASES["switch_two_estimated"]()), "data")
    assert "extract: 30 of 31 days counted, in bill, tokens and fleet alike" in read


def test_errors_come_before_warnings() -> None:
    assert [issue.severity.value for issue in compose(CASES["sources_in_trouble"]()).issues] == ["error", "warning"]


def test_a_commitment_shows_what_leaving_saves_of_the_bill() -> None:
    verdict = judged("extract", "30240")
    assert verdict.comparison
    tied = replace(verdict, basis=replace(verdict.comparison, avoidable=a.usd(20_000)))
    assert "extract: leaving saves $20,000 of its bill of $30,240" in items(compose(findings(tied)), "plans")


def test_an_ineligible_workload_shows_its_share_of_the_bill() -> None:
    share = words.percent(9_900 / (9_900 + 410 + 75))
    assert compose(CASES["ineligible_all"]()).rows[0].why == f"gpt-4o has closed weights, {share} of the bill"


def test_the_break_evens_stand_beside_todays_figures() -> None:
    verdict = judged("rag", "3857", 18e9)
    assert verdict.comparison
    even = verdict.comparison.break_even
    text = items(compose(findings(verdict)), "flips")[0]
    assert f"the bill {words.price(a.usd(Decimal(3857) / 18_000))}" in text
    assert f"the 70 % rule wins from {words.tokens(even.first_tokens)} tokens a month (now 18.0B)" in text
    assert f"too small to move below a bill of {words.money(even.distance)} a month" in text


def test_a_volume_that_wins_and_loses_again_says_from_where_it_wins_for_good() -> None:
    verdict = judged("rag", "3857", 18e9)
    assert verdict.comparison
    even = replace(verdict.comparison.break_even, first_tokens=20e9, permanent_tokens=74e9)
    stairs = replace(verdict, basis=replace(verdict.comparison, break_even=even))
    text = items(compose(findings(stairs)), "flips")[0]
    assert "wins from 20.0B tokens a month, for good from 74.0B (now 18.0B)" in text


def test_the_highest_gpu_price_is_the_one_at_which_the_plan_costs_what_leaving_saves() -> None:
    found = judged("extract", "30240").comparison
    assert found
    highest = highest_gpu_price(found)
    assert highest
    cost, rented = found.chosen.cost, found.chosen.offer.price_per_gpu_hour
    dearer = (cost.gpu + cost.staging) * (highest.amount / rented.amount) + cost.total - cost.gpu - cost.staging
    assert dearer.cents() == found.avoidable.cents()
    hopeless = replace(found, savings=-(cost.gpu + cost.staging))
    assert highest_gpu_price(hopeless) is None, "free GPUs would not do"


def test_a_price_that_no_volume_beats_says_what_would_change_it() -> None:
    verdict = judged("cheap", "1000", 70e9)
    assert verdict.comparison
    assert verdict.comparison.break_even.never
    assert verdict.comparison.break_even.never_because in items(compose(findings(verdict)), "flips")[0]


def test_amounts_are_in_the_readers_currency() -> None:
    page = compose(replace(CASES["nothing"](), currency="EUR"))
    assert "engineering 30 h a month x EUR 100" in items(page, "assumed")
    assert not [text for text in everything(page) if "$" in text]


def test_names_from_outside_are_safe_to_print_in_every_text() -> None:
    page = compose(CASES["hostile"]())
    assert len(page.rows) == len(HOSTILE)
    for text in everything(page):
        assert not [mark for mark in text if not mark.isprintable() and mark not in words.JOINERS]
