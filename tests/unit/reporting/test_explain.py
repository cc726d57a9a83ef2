"""`advisor explain` finds one workload, says what is missing, and prints any name safely."""

from __future__ import annotations

from dataclasses import replace
from decimal import Decimal

import pytest
from rich.cells import cell_len

from advisor.domain.assumptions import FleetAssumptions
from advisor.domain.facts import PullStatus
from advisor.domain.fleet import Plan
from advisor.domain.report import Findings
from advisor.domain.units import Money
from advisor.domain.usage import WorkloadUsage
from advisor.errors import UsageError
from advisor.reporting.explain import explain
from advisor.reporting.explain_figures import amount, figure, percentage, rate
from tests.golden import cases, explain_cases


def flat(text: str) -> str:
    """The text as if it had not been broken into lines."""
    return " ".join(text.split())


def section(text: str, heading: str) -> str:
    return flat(text.partition(f"\n{heading}\n")[2].partition("\n\n")[0])


@pytest.mark.parametrize("case", cases.CASES)
def test_every_workload_of_every_case_can_be_explained(case: str) -> None:
    findings = cases.CASES[case]()
    for verdict in findings.verdicts:
        text = explain(findings, verdict.usage.workload.name)
        assert text.endswith("\n")
        assert not text.endswith("\n\n")
        lines = text.splitlines()
        assert max(map(cell_len, lines)) <= 100
        assert all(line == line.rstrip() for line in lines)
        assert "".join(lines).replace("\u200d", "").isprintable()
        assert f"{verdict.state}: " in section(text, "Verdict")


def test_an_unknown_workload_is_a_usage_error_that_names_the_nearest_first() -> None:
    with pytest.raises(UsageError) as error:
        explain(cases.switch(), "rags")
    assert error.value.message == "there is no workload 'rags' in 2026-10"
    assert error.value.hint.startswith("workloads: rag, ")
    assert {"extract", "support-chat", "copilot"} <= set(error.value.hint.replace(",", " ").split())


def test_a_month_without_usage_has_nothing_to_explain() -> None:
    with pytest.raises(UsageError, match="no workload has usage in 2026-10"):
        explain(cases.findings(), "chat")


def test_an_explanation_prints_the_figures_that_the_verdict_rests_on() -> None:
    findings = explain_cases.switch()
    found = findings.verdicts[0].comparison
    assert found is not None
    text = explain(findings, "chat")
    rest = section(text, "Plans")
    for plan in found.plans:
        if isinstance(plan, Plan):
            assert f"= {amount(plan.cost.total)}" in rest
            assert f"= {percentage(plan.utilization)}" in rest
            assert f"= {amount(plan.idle_cost)} paid for waiting" in rest
    assert f"= {amount(found.savings)}" in section(text, "Invoice")
    assert f"= {figure(found.chosen.demand.replica_seconds)} replica-seconds" in section(text, "Demand on it")
    assert f"= {figure(found.chosen.demand.peak_replicas)} replicas" in section(text, "Demand on it")
    assert f"= {amount(found.low_end_savings)} saved" in section(text, "How sure")
    assert f"= {amount(found.not_buyable)}, as if fractions" in rest
    assert all(f"= {amount(p.cost.total - found.chosen.cost.total)} dearer" in flat(text) for p in found.alternatives)


@pytest.mark.parametrize("case", ["watch", "nodes", "two_widths_in_euros", "staircase"])
def test_the_peak_that_is_shown_is_the_peak_that_the_fleet_is_sized_for(case: str) -> None:
    findings = explain_cases.CASES[case]()
    found = findings.verdicts[0].comparison
    assert found is not None
    assert f"= {figure(found.chosen.demand.peak_replicas)} replicas" in flat(explain(findings, "chat"))


def test_gates_are_shown_met_or_not_with_their_figures() -> None:
    findings = explain_cases.watch()
    shown = section(explain(findings, "chat"), "Gates")
    for gate in findings.verdicts[0].gates:
        assert f"{'met' if gate.met else 'NOT MET'} · {gate.gate}: {gate.detail}" in shown


def test_what_cannot_be_compared_says_what_is_missing_and_what_supplies_it() -> None:
    text = explain(explain_cases.insufficient(), "chat")
    assert "no cost: no price is known: add [[prices]]" in section(text, "What is missing")
    assert "next: add [[prices]]" in section(text, "Verdict")
    assert "cost: unknown" in section(text, "Invoice")
    assert "$" not in section(text, "Invoice")
    assert "Plans" not in text


def test_the_rows_behind_it_are_named_with_every_reason_to_doubt_them() -> None:
    doubted = replace(
        explain_cases.LOGS,
        status=PullStatus.PARTIAL,
        rejected=7,
        problems=tuple(f"log.csv:{line}: no model" for line in range(7)),
        warnings=("log-09.csv is damaged",),
    )
    other = replace(explain_cases.LOGS, name="elsewhere")
    findings = replace(explain_cases.stay(), sources=(doubted, other))
    rows = section(explain(findings, "chat"), "Rows")
    assert "logs: request-log partial, 1,234,567 rows, 7 rejected, complete through 2026-11-01 00:00 UTC" in rows
    assert "warning: log-09.csv is damaged" in rows
    assert "rejected log.csv:4: no model and 2 more" in rows
    assert "elsewhere" not in rows
    assert "advisor usage --by day --from 2026-10-01 --to 2026-11-01" in rows


def test_a_bill_of_nothing_divides_by_nothing() -> None:
    text = explain(explain_cases.judged(lambda back: explain_cases.daily(300e6, "0", back=back)), "chat")
    assert "P(cheaper): 0, as nothing of the invoice is avoidable" in text
    assert "payback: never" in text
    assert "ratio:" not in text


def test_a_part_of_the_bill_that_is_on_no_line_is_a_term_of_its_own() -> None:
    def more(back: int) -> WorkloadUsage:
        return replace(explain_cases.daily(300e6, "30", back=back), cost=Money(Decimal(35), "USD"))

    assert "$30.00 + $5.00 on no line = $35.00" in section(explain(explain_cases.judged(more), "chat"), "Invoice")


def test_the_target_is_named_as_it_is_configured() -> None:
    findings: Findings = explain_cases.judged(
        lambda back: explain_cases.daily(70e9, "40000", back=back), fleet=FleetAssumptions(utilization=1.0, burst=1.0)
    )
    assert "dedicated at 100 %" in explain(findings, "chat")


@pytest.mark.parametrize(
    ("value", "written"),
    [
        (70_000_000_000, "70,000,000,000"),
        (2.013948, "2.01395"),
        (0.7, "0.7"),
        (5394159.24, "5,394,159"),
        (0.0000123456789, "0.0000123457"),
        (0, "0"),
        (Decimal("744.0"), "744"),
        (-1.5, "-1.5"),
        (float("inf"), "-"),
    ],
)
def test_figures_have_the_digits_that_repeating_a_sum_takes(value: float | Decimal, written: str) -> None:
    assert figure(value) == written


def test_money_is_written_to_the_cent_and_a_price_with_its_digits() -> None:
    assert amount(Money(Decimal("3705.125"), "USD")) == "$3,705.12"
    assert amount(Money(Decimal("-40"), "EUR")) == "-EUR 40.00"
    assert rate(Money(Decimal("2.49"), "USD")) == "$2.49"
    assert rate(Money(Decimal("0.4315434"), "USD")) == "$0.431543"
    assert rate(Money(Decimal("12"), "USD")) == "$12.00"
