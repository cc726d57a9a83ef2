"""The table for terminals: never wider than 100 columns, whatever is in it."""

from __future__ import annotations

import time
from dataclasses import replace
from decimal import Decimal

import pytest
from rich.cells import cell_len

from advisor.domain.assumptions import Workload
from advisor.domain.verdict import State
from advisor.reporting.compose import compose
from advisor.reporting.page import Page, Total
from advisor.reporting.render import render
from advisor.reporting.table import table
from tests.golden.cases import CASES, HOSTILE, findings, judged, source


def widest(text: str) -> int:
    return max(cell_len(line) for line in text.splitlines())


@pytest.mark.parametrize("case", CASES)
def test_no_line_is_wider_than_100_columns_or_ends_in_space(case: str) -> None:
    text = render(CASES[case](), "table")
    assert widest(text) <= 100
    assert [line for line in text.splitlines() if line != line.rstrip()] == []
    assert text.endswith("\n")
    assert not text.endswith("\n\n")


@pytest.mark.parametrize("name", [*HOSTILE, "漢" * 200, "🚀" * 200, "a" * 99 + "漢", " ".join("ab漢" * 60)])
def test_nasty_names_stay_within_the_width_everywhere(name: str) -> None:
    workload = Workload(name=name, serve=name[:150])
    found = findings(judged(name, "30240", workload=workload), sources=(source(name, kind=name, warnings=(name,)),))
    assert widest(render(found, "table")) <= 100


def test_a_megabyte_of_warning_is_cut_where_people_read_it() -> None:
    found = findings(judged("chat", "312"), sources=(source(warnings=("w" * 1_000_000,)),))
    text = render(found, "table")
    assert "…" in text
    assert len(text) < 10_000
    assert "w" * 1_000_000 in render(found, "json")


def test_every_column_at_its_widest_still_fits() -> None:
    page = compose(CASES["switch"]())
    wide = replace(
        page.rows[0], name="漢" * 60, model="m" * 60, bill="~EUR 9,999,999,999", tokens="9,223,372.0T",
        dedicated="~EUR 9,999,999,999", saves="100 %", state=State.INSUFFICIENT_DATA, why="w" * 300,
    )  # fmt: skip
    whole = Total(bill="~EUR 9,999,999,999", tokens="9,223,372.0T", note="n" * 300)
    page = replace(page, rows=(wide, *page.rows), total=whole)
    text = table(page)
    assert widest(text) <= 100
    assert text.count("~EUR 9,999,999,999") == 3
    assert "INSUFFICIENT_DATA" in text


def test_a_name_too_long_for_its_column_shows_where_it_was_cut() -> None:
    text = render(findings(judged("n" * 100 + "-tail", "30240")), "table")
    line = next(line for line in text.splitlines() if "SWITCH" in line and "$" in line)
    assert "…" in line
    assert "-tail" in line


def test_a_reason_is_whole_beside_or_below_its_row() -> None:
    for case in ("switch", "watch", "no_profile", "switch_blocked_too_small"):
        found = CASES[case]()
        flat = " ".join(render(found, "table").split())
        for verdict in found.verdicts:
            assert verdict.reason_text.split(";")[0] in flat


def test_a_percentage_is_never_torn_apart() -> None:
    for case in CASES:
        assert [line for line in render(CASES[case](), "table").splitlines() if line.lstrip().startswith("%")] == []


def test_figures_of_a_column_end_in_one_line() -> None:
    lines = render(CASES["switch"](), "table").splitlines()
    ends = {
        line.index(bill) + len(bill) for line in lines for bill in ("$30,240", "$17,100", "$61,097") if bill in line
    }
    assert len({end for end in ends if end < 50}) == 1


def test_five_hundred_workloads_take_less_than_two_seconds_in_every_format() -> None:
    one = judged("extract", "30240")
    many = [
        replace(one, basis=replace(one.basis, usage=replace(one.usage, workload=Workload(name=f"workload-{number}"))))
        for number in range(500)
    ]
    found = findings(*many)
    texts = []
    for format_name in ("table", "markdown", "html", "json"):
        started = time.perf_counter()
        texts.append(render(found, format_name))
        assert time.perf_counter() - started < 2, format_name
    assert all(f"workload-{number}" in text for text in texts for number in (0, 250, 499))
    assert widest(texts[0]) <= 100


def test_there_is_no_colour() -> None:
    assert "\x1b" not in "".join(render(CASES[case](), "table") for case in CASES)


def test_a_page_without_workloads_has_no_empty_table() -> None:
    text = render(CASES["nothing"](), "table")
    assert "workload  " not in text
    assert "NOTHING CAN BE SAID YET" in text


def test_an_unknown_format_is_refused_by_name() -> None:
    with pytest.raises(ValueError, match="'pdf' is no format"):
        render(CASES["stay"](), "pdf")


def test_amounts_of_any_size_stay_readable() -> None:
    page: Page = compose(findings(judged("vast", str(Decimal("123456789012.34")))))
    assert page.rows[0].bill == "$123.46B"
