"""`advisor backtest` for people: one sentence first, then a line a workload and a line a change of advice."""

from __future__ import annotations

import csv
import io
from dataclasses import replace
from decimal import Decimal

from rich.cells import cell_len

from advisor.domain.backtest import Backtest
from advisor.domain.facts import Basis, PullStatus
from advisor.domain.report import Issue, Severity
from advisor.reporting.backtest_text import backtest_csv, backtest_table
from advisor.reporting.backtest_words import headline
from tests.unit import builders as a
from tests.unit.reporting.backtest_values import CLOSED_WEIGHTS, DEAR, DECLINING, GAP, RISING, backtest
from tests.unit.reporting.usage_values import source


def flowing(text: str) -> str:
    return " ".join(text.split())


def test_the_sentence_says_what_following_the_advice_would_have_saved() -> None:
    """3 x (7,200 - 5,040) - 3,000 = 3,480 of 43,200; own GPUs from the start cost 33,240, three months' saving less."""
    assert headline(backtest(("chat", RISING))) == (
        "Following the advice from January 2026 to June 2026 would have saved $3,480 (8 %) compared with staying "
        "serverless, and cost $6,480 more than own GPUs from the start; in hindsight $6,480 less was possible."
    )


def test_the_sentence_says_what_following_the_advice_would_have_cost() -> None:
    """3,000 + 2 x (7,920 - 7,200) = 4,440; hindsight moves for the first three months and saves 3 x 2,160 - 3,000."""
    said = headline(backtest(("chat", DECLINING)))
    assert "would have cost $4,440 more compared with staying serverless" in said
    assert f"in hindsight ${4440 + 3480:,} less was possible" in said


def test_without_a_move_the_sentence_says_so() -> None:
    assert headline(backtest(("rag", DEAR))) == (
        "No move was advised from January 2026 to June 2026: following that is staying serverless, which cost $46,200 "
        "less than own GPUs from the start; in hindsight nothing would have cost less."
    )


def test_a_move_advised_on_the_last_month_alone_is_not_said_to_be_none() -> None:
    found = backtest(("chat", RISING[:3]), last=2)
    assert headline(found).startswith("No advised move takes effect from January 2026 to March 2026: ")
    assert "2026-03  chat  SWITCH" in backtest_table(found)


def test_one_month_is_named_once() -> None:
    assert headline(backtest(("rag", DEAR[:1]), last=0)).startswith("No move was advised in January 2026: ")


def test_nothing_to_replay_is_said_and_shows_no_amounts() -> None:
    for found in (backtest(), backtest(("copilot", CLOSED_WEIGHTS))):
        page = flowing(backtest_table(found))
        assert (
            "NOTHING CAN BE REPLAYED: from January 2026 to June 2026 no month is closed and could be compared." in page
        )
        assert "$" not in page.partition("Assumed")[0]


def test_what_is_left_out_is_counted_in_the_first_lines_and_named_below() -> None:
    page = flowing(backtest_table(backtest(("chat", RISING), ("rag", GAP), ("copilot", CLOSED_WEIGHTS))))
    assert (
        "1 of 3 workloads could not be replayed: copilot. 1 of 12 workload months of the rest is not counted." in page
    )
    assert "rag 2026-06: tokens are missing on 4 of 31 days" in page
    assert "copilot 2026-01 to 2026-06: closed weights" in page


def test_a_move_that_the_team_held_back_is_stated_apart() -> None:
    said = headline(backtest(("chat", RISING), team=None))
    assert said.startswith("No move was advised")
    assert said.endswith(
        "The team alone stood against moving chat: with one, following the advice would have saved $3,480 there."
    )


def test_estimated_bills_and_sources_in_trouble_are_said_in_the_first_lines() -> None:
    months = [a.weighed("0.30", cost_basis=Basis.ESTIMATED)] * 6
    found = backtest(
        ("chat", [*months]), sources=(source("prod", status=PullStatus.FAILED), source("log"))
    )  # fmt: skip
    assert "from the start on estimated bills;" in headline(found)
    assert headline(found).endswith("1 of 2 sources failed: prod, so no move rests on it.")
    assert "estimated" not in headline(backtest(("chat", RISING)))


def rows(page: str) -> list[list[str]]:
    return [line.split() for line in page.splitlines()]


def test_a_line_a_workload_and_their_sum() -> None:
    page = rows(backtest_table(backtest(("chat", RISING), ("rag", DEAR))))
    assert ["chat", "6", "of", "6", "$43,200", "$33,240", "$39,720", "$33,240", "$3,480", "$6,480"] in page
    assert ["rag", "6", "of", "6", "$43,200", "$89,400", "$43,200", "$43,200", "$0", "$0"] in page
    assert ["total", "$86,400", "$122,640", "$82,920", "$76,440", "$3,480", "$6,480"] in page


def test_a_line_a_change_of_advice_with_its_month_and_where_it_led() -> None:
    page = backtest_table(backtest(("chat", DECLINING)))
    advice = page.partition("Advice, where it changed\n")[2].partition("\n\n")[0]
    assert rows(advice) == [
        ["2026-01", "chat", "WATCH", "month", "1", "of", "3", "in", "a", "row"],
        ["2026-03", "chat", "SWITCH", "month", "3", "of", "3,", "all", "gates", "met"],
        ["2026-05", "chat", "STAY", "dedicated", "costs", "1.1x"],
    ]
    assert (
        "chat: own GPUs from 2026-04, serverless from 2026-06; in hindsight own GPUs from 2026-01, serverless from "
        "2026-04"
    ) in flowing(page)


def test_every_rule_of_the_replay_is_printed() -> None:
    page = flowing(backtest_table(backtest(("chat", RISING))))
    assert "judged from the months up to it alone" in page
    assert "followed from the first day of the next month on, the first after 3 months at the earliest" in page
    assert "a move to own GPUs costs $3,000 once, whole" in page


def test_no_line_is_wider_than_100_whatever_the_names_and_amounts() -> None:
    huge = [a.weighed("0.30", bill="7200000000")] * 6
    found = backtest(
        ("名" * 60, [*huge]),
        ("a\x1b[31m workload\nwith a very long name " * 3, RISING),
        ("copilot", CLOSED_WEIGHTS),
        issues=(Issue(severity=Severity.WARNING, source="x" * 80, message="nothing " * 40),),
    )
    page = backtest_table(found)
    assert max(map(cell_len, page.splitlines())) <= 100
    assert "\x1b" not in page


def test_the_csv_has_a_row_for_each_month_and_nothing_where_nothing_is_known() -> None:
    found = list(csv.DictReader(io.StringIO(backtest_csv(backtest(("rag", GAP), ("chat", RISING))))))
    assert len(found) == 12
    assert found[4] == {
        "workload": "rag", "month": "2026-05", "verdict": "STAY", "followed": "serverless", "hindsight": "serverless",
        "serverless": "7200", "dedicated": found[4]["dedicated"], "not_counted": "", "currency": "USD",
    }  # fmt: skip
    assert Decimal(found[4]["dedicated"]) == 2 * 7200
    gap = found[5]
    assert (gap["serverless"], gap["dedicated"], gap["hindsight"]) == ("", "", "")
    assert gap["not_counted"] == "tokens are missing on 4 of 31 days"


def test_another_currency_is_written_as_such() -> None:
    assert "$" not in backtest_table(_in_euros(backtest(("chat", RISING)))).partition("Advice")[0]


def _in_euros(found: Backtest) -> Backtest:
    (one,) = found.replays
    assert one.courses
    euros = {
        name: replace(getattr(one.courses, name), currency="EUR")
        for name in ("following", "serverless", "dedicated", "hindsight")
    }
    return replace(found, currency="EUR", replays=(replace(one, courses=replace(one.courses, **euros)),))
