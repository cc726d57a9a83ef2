"""A message: the same news has the same key, what does not fit is counted, and data is never markup."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from dataclasses import replace
from html import unescape
from time import perf_counter
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from advisor.contract import slack_limits as limits
from advisor.contract.channel import Format
from advisor.delivery.blocks import read_blocks
from advisor.domain.comparison import Comparison
from advisor.domain.facts import PullStatus
from advisor.domain.report import Findings, Issue, Message, Severity
from advisor.domain.units import rounded_down
from advisor.domain.verdict import State, Verdict
from advisor.reporting.compose import compose
from advisor.reporting.message import message_for
from advisor.reporting.message_email import email_body
from advisor.reporting.message_fit import cut, first, fitted
from advisor.reporting.message_slack import slack_body
from tests.golden import cases
from tests.unit import builders as a

LABELS = {
    "Assumed, not measured", "Bill", "Corrected", "Data", "How sure", "Next", "Notes", "On own GPUs", "Others",
    "Own GPUs", "Saves", "To know", "Total", "What changed", "What would flip it", "Workloads",
}  # fmt: skip
MOST_HTML = 80_000  # bytes; Gmail hides what comes after about 102,000


def told(findings: Findings, format_name: Format = "slack", kind: str = "report", channel: str = "finops") -> Message:
    return message_for(findings, channel, format_name, kind)


def renamed(verdict: Verdict, name: str) -> Verdict:
    usage = replace(verdict.usage, workload=replace(verdict.usage.workload, name=name))
    return replace(verdict, basis=replace(verdict.basis, usage=usage))


def crowd(size: int = 500, width: int = 200) -> Findings:
    """As many workloads, in every state there is, with long names that try to be markup."""
    models = [
        verdict
        for case in ("switch", "no_cost", "switch_blocked_not_stated")
        for verdict in cases.CASES[case]().verdicts
    ]
    verdicts = []
    for number in range(size):
        trick = cases.HOSTILE[number % len(cases.HOSTILE)]
        verdict = renamed(models[number % len(models)], f"w{number} {trick * width}"[:width])
        verdicts.append(replace(verdict, reason_text="&<>" * width))
    issues = tuple(Issue(severity=Severity.WARNING, source=f"w{n}", message="&<>" * 200) for n in range(size))
    sources = tuple(cases.source(f"source {n}", warnings=("&<>" * 200,)) for n in range(size))
    return cases.findings(*verdicts, issues=issues, sources=sources)


def texts(node: Any) -> Iterator[tuple[str, str]]:
    """Each text object inside blocks: its type and what it says."""
    if isinstance(node, dict):
        if isinstance(node.get("text"), str):
            yield node["type"], node["text"]
        for value in node.values():
            yield from texts(value)
    elif isinstance(node, list):
        for value in node:
            yield from texts(value)


def test_other_figures_are_the_same_news() -> None:
    month = cases.findings(cases.judged("extract", "30240"))
    restated = cases.findings(cases.judged("extract", "30241.07"))
    assert told(month).dedup_key == told(restated).dedup_key


def test_the_order_of_workloads_and_the_time_of_the_run_are_no_news() -> None:
    findings = cases.switch()
    later = replace(findings, verdicts=findings.verdicts[::-1], generated_at=findings.generated_at.replace(year=2027))
    assert told(findings).dedup_key == told(later).dedup_key


def test_another_verdict_month_channel_or_kind_is_other_news() -> None:
    findings = cases.switch()
    stayed = replace(findings.verdicts[0], state=State.STAY)
    keys = [
        told(findings).dedup_key,
        told(replace(findings, verdicts=(stayed, *findings.verdicts[1:]))).dedup_key,
        told(replace(findings, verdicts=findings.verdicts[1:])).dedup_key,
        told(replace(findings, verdicts=(renamed(findings.verdicts[0], "x"), *findings.verdicts[1:]))).dedup_key,
        told(replace(findings, month=a.OCTOBER.plus(1))).dedup_key,
        told(findings, channel="platform").dedup_key,
        told(findings, kind="recommendation").dedup_key,
    ]
    assert len(set(keys)) == len(keys)


def test_a_source_that_fails_is_news_of_the_datas_health_alone() -> None:
    whole = cases.stay()
    broken = replace(whole, sources=(cases.source(status=PullStatus.FAILED),))
    assert told(whole).dedup_key == told(broken).dedup_key
    assert told(whole, kind="data-health").dedup_key != told(broken, kind="data-health").dedup_key


def test_the_key_shows_nothing_to_those_who_can_read_it() -> None:
    assert re.fullmatch(r"[0-9a-f]{64}", told(cases.switch()).dedup_key)


@pytest.mark.parametrize("case", cases.CASES)
def test_the_subject_is_one_short_line_that_names_the_month(case: str) -> None:
    subject = told(cases.CASES[case](), "email").subject
    assert subject.isprintable() or "\u200d" in subject
    assert len(subject) <= 240
    assert "October 2026" in subject


def test_the_subject_of_an_open_month_says_that_it_is_provisional() -> None:
    assert told(cases.open_month()).subject.endswith("October 2026, provisional")
    assert "provisional" not in told(cases.switch()).subject


def test_every_channel_begins_with_what_to_do_and_what_it_saves() -> None:
    findings = cases.switch()
    said = "move extract to your own GPUs: saves $16,429 a month (54 %)"
    _, blocks = read_blocks(told(findings))
    mail = json.loads(told(findings, "email").body)
    assert said in told(findings).subject
    assert said in blocks[0]["text"]["text"]
    assert said in mail["text"].splitlines()[0]
    assert said in unescape(re.findall(r"<h1[^>]*>(.*?)</h1>", mail["html"])[0])
    assert said in " ".join(told(findings, "text").body.split())


def test_slack_reads_no_markup_in_anything_that_comes_from_data() -> None:
    text, blocks = read_blocks(told(cases.hostile()))
    assert {said for kind, said in texts(blocks) if kind == "mrkdwn"} <= {f"*{label}*" for label in LABELS}
    assert any("<!channel>" in said for kind, said in texts(blocks) if kind == "plain_text")
    assert not set(text) & set("<>")
    assert "&lt;!channel&gt; &amp; &lt;script&gt;" in text


@pytest.mark.parametrize("size", [1, 7, 60, 500])
def test_slack_takes_any_number_of_workloads_with_any_names(size: int) -> None:
    _, blocks = read_blocks(told(crowd(size)))
    assert len(blocks) <= limits.MAX_BLOCKS


def test_what_slack_has_no_room_for_is_counted_and_its_place_named() -> None:
    _, blocks = read_blocks(told(crowd(500)))
    headings = [block.get("text", {}).get("text") for block in blocks]
    others = blocks[headings.index("*Others*") + 1]["text"]["text"].split("\n")
    cards = [block for block in blocks if block["type"] == "section" and "fields" in block]
    more = re.fullmatch(r"and (\d+) more: advisor check --month 2026-10", others[-1])
    assert more is not None
    assert len(cards) + len(others) - 1 + int(more[1]) == 500
    assert len(cards) >= 2


def test_the_most_urgent_workload_comes_first_however_small_its_bill() -> None:
    stay, watch = cases.judged("rag", "3857", 18e9), cases.judged("support-chat", "17100")
    move = cases.judged("extract", "16000", tokens=30e9)
    assert [verdict.state for verdict in (stay, watch, move)] == [State.STAY, State.WATCH, State.SWITCH]
    _, blocks = read_blocks(told(cases.findings(watch, move, stay)))
    cards = [block["text"]["text"].split(":")[0] for block in blocks if "fields" in block]
    assert cards == ["extract", "support-chat"]


def test_a_card_shows_bill_fleet_saving_confidence_and_what_would_flip_it() -> None:
    move = cases.judged("extract", "30240")
    found = move.basis
    assert isinstance(found, Comparison)
    _, blocks = read_blocks(told(cases.findings(move)))
    (fields,) = [block["fields"] for block in blocks if "fields" in block]
    said = [field["text"] for field in fields]
    shown = dict(zip(said[::2], said[1::2], strict=True))
    assert shown["*Bill*"] == "$30,240 for 70.0B tokens of llama-3.1-8b"
    assert shown["*Own GPUs*"].startswith(f"${found.chosen.cost.total.amount:,.0f} all in")
    assert shown["*Saves*"] == f"${found.savings.amount:,.0f} a month ({found.savings_ratio * 100:.0f} %)"
    sure = rounded_down(found.probability_cheaper, 2)
    assert shown["*How sure*"].startswith(f"P(cheaper) {sure:.2f}, in 8 of 10 draws")
    assert "the plan is cheaper up to" in shown["*What would flip it*"]


def test_a_bill_that_nobody_knows_is_no_zero() -> None:
    mail = json.loads(told(cases.no_cost(), "email").body)
    assert "Bill: not known, for 70.0B tokens" in mail["text"]
    assert "$0" not in mail["text"].split("Assumed")[0]


@pytest.mark.parametrize("case", cases.CASES)
def test_text_and_html_of_an_email_say_the_same(case: str) -> None:
    mail = json.loads(told(cases.CASES[case](), "email").body)
    html = " ".join(unescape(re.sub(r"<[^>]+>", " ", mail["html"])).split())
    for line in mail["text"].splitlines():
        for part in line.removeprefix("  - ").split(": "):
            assert " ".join(part.split()) in html


def test_an_email_loads_nothing_and_runs_nothing() -> None:
    html = json.loads(told(cases.hostile(), "email").body)["html"]
    assert re.findall(r"<(script|img|link|iframe|a|style|form|object)\b", html, re.IGNORECASE) == []
    assert re.findall(r"\b(src|href|srcset|background)=", html.replace("://example.com", "")) == []
    assert "url(" not in html
    assert "&lt;script&gt;alert(1)&lt;/script&gt;" in html


@pytest.mark.parametrize(("size", "width"), [(20, 200), (100, 200), (500, 200), (500, 6)])
def test_an_email_of_many_workloads_is_not_clipped_and_counts_what_it_leaves_out(size: int, width: int) -> None:
    mail = json.loads(told(crowd(size, width), "email").body)
    assert len(mail["html"].encode()) < MOST_HTML
    for part in (mail["text"], mail["html"]):
        assert re.search(r"and \d+ more: advisor check --month 2026-10", part)


def test_a_page_of_500_workloads_becomes_a_message_in_half_a_second() -> None:
    page = compose(crowd(500))
    start = perf_counter()
    assert slack_body(page)
    assert email_body(page, "subject")
    assert perf_counter() - start < 0.5


@given(st.text(), st.integers(4, 60))
def test_a_cut_text_fits_and_shows_that_it_was_cut(text: str, limit: int) -> None:
    short = cut(text, limit)
    assert limits.length(short) <= limit
    assert short == text or "…" in short


@given(st.lists(st.text(alphabet="ab🚀 ", max_size=60), max_size=40), st.integers(60, 300))
def test_fitted_lines_and_those_counted_are_all_lines(lines: list[str], limit: int) -> None:
    text = fitted(lines, limit, "elsewhere")
    assert limits.length(text) <= limit
    *shown, last = text.split("\n")
    more = re.fullmatch(r"and (\d+) more: elsewhere", last)
    assert (len(shown) + int(more[1]) if more else len(shown) + 1) == (len(lines) or 1)


def test_lines_that_fit_are_shown_whole_and_the_others_counted() -> None:
    lines = ["a" * 50, "&" * 50, "c" * 50]
    assert first(lines, 1000, "elsewhere") == lines
    assert first(lines, 62 + 262, "elsewhere") == [*lines[:2], "and 1 more: elsewhere"]
    assert first(lines, 62 + 261, "elsewhere") == [lines[0], "and 2 more: elsewhere"]
