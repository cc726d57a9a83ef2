"""One verdict walked backwards in plain text: gates, invoice, fleet, break-evens, odds, and the rows behind them."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from difflib import SequenceMatcher

from advisor.domain.comparison import Comparison, NotCompared
from advisor.domain.report import Findings
from advisor.domain.usage import SourceReport, WorkloadUsage
from advisor.domain.verdict import Verdict
from advisor.errors import UsageError
from advisor.reporting import words
from advisor.reporting.assumed import assumed
from advisor.reporting.explain_demand import demanded, throughput
from advisor.reporting.explain_figures import figure
from advisor.reporting.explain_forecast import forecast
from advisor.reporting.explain_invoice import elsewhere, equation, invoice, saved
from advisor.reporting.explain_odds import break_evens, odds
from advisor.reporting.explain_plans import plans, runners_up
from advisor.reporting.explain_terms import terms
from advisor.reporting.layout import wrapped
from advisor.reporting.section_own import on_own_gpus
from advisor.reporting.sections import next_action

INDENT = "  "
NAMED = 10
PROBLEMS_SHOWN = 5


def explain(findings: Findings, workload: str) -> str:
    """The verdict on *workload* with every figure it rests on, in lines of at most 100 columns.

    Arithmetic is shown as `what: a x b = c` with enough digits to repeat it; a line that begins deeper than its
    neighbours belongs to the one above. Raises UsageError where there is no such workload, naming those there are.
    """
    verdict = verdict_on(findings, workload)
    lines = wrapped(_title(findings, verdict), "", INDENT)
    for heading, items in _sections(findings, verdict):
        lines += ["", heading]
        for item in items:
            text = item.lstrip()
            first = INDENT + item[: len(item) - len(text)]
            lines += wrapped(text, first, first + INDENT * 2)
    return "\n".join(lines) + "\n"


def verdict_on(findings: Findings, workload: str) -> Verdict:
    """The verdict on *workload*. Raises UsageError where there is none, naming the nearest there are."""
    by_name = {verdict.usage.workload.name: verdict for verdict in findings.verdicts}
    if workload in by_name:
        return by_name[workload]
    if not by_name:
        raise UsageError(f"no workload has usage in {findings.month}", "advisor usage shows what the sources said")
    nearest = sorted(by_name, key=lambda name: -SequenceMatcher(None, workload, name).ratio())
    raise UsageError(
        f"there is no workload {workload!r} in {findings.month}",
        f"workloads: {words.listed([words.plain(name) for name in nearest], NAMED)}",
    )


def _title(findings: Findings, verdict: Verdict) -> str:
    usage = verdict.usage
    closed = "closed" if usage.closed else f"provisional: {words.plain(usage.open_because) or 'not closed'}"
    parts = [words.plain(usage.workload.name), findings.month.title, closed]
    return f"advisor explain · {' · '.join(parts)}"


def _sections(findings: Findings, verdict: Verdict) -> Iterator[tuple[str, Iterable[str]]]:
    """Headings with what stands below each, in the order in which the verdict came about, last first."""
    found = verdict.basis
    yield "Verdict", _verdict(verdict)
    if verdict.gates:
        yield "Gates", (f"{'met' if g.met else 'NOT MET'} · {g.gate}: {words.plain(g.detail)}" for g in verdict.gates)
    if verdict.followed:
        yield "On own GPUs", on_own_gpus([verdict])
        yield "Invoice", invoice(found.usage)
    elif isinstance(found, NotCompared):
        yield "What is missing", _missing(found)
        yield "Invoice", invoice(found.usage)
    else:
        yield from _compared(found, findings)
        yield "Assumed, not measured", [" · ".join(assumed(findings))]
    if verdict.forecast and not verdict.followed:
        yield "Forecast", forecast(verdict.forecast)
    yield "Rows", _rows(findings, verdict)


def _compared(found: Comparison, findings: Findings) -> Iterator[tuple[str, Iterable[str]]]:
    fleet, chosen = findings.fleet, found.chosen
    yield "The rule, with this month's numbers", equation(found, fleet.utilization)
    yield "Invoice", (*invoice(found.usage), *saved(found))
    if found.elsewhere:
        yield "The same tokens elsewhere, at list price", elsewhere(found)
    yield "Throughput of the chosen plan", throughput(chosen.profile, chosen.demand)
    yield "Demand on it", demanded(chosen.demand, fleet)
    if found.equivalent.profile is not chosen.profile:
        yield "Throughput of the rule's plan", throughput(found.equivalent.profile, found.equivalent.demand)
        yield "Demand on it", demanded(found.equivalent.demand, fleet)
    yield "Plans", plans(found, fleet)
    if found.alternatives or found.unmeasured:
        yield "Runners-up", runners_up(found)
    if found.terms:
        yield "Terms of its GPUs, side by side", terms(found)
    yield "What would turn it, for the rule's plan", break_evens(found, fleet)
    yield "How sure", odds(found, fleet)


def _verdict(verdict: Verdict) -> Iterator[str]:
    yield f"{verdict.state}: {words.plain(verdict.reason_text)}"
    if step := next_action(verdict):
        yield f"next: {step}"
    yield _hosted(verdict.usage)
    if verdict.leaning:
        yield f"leaning {verdict.leaning}, from the days that are known"
    if verdict.previous:
        yield f"the closed month before: {verdict.previous}"
    if verdict.gates:
        yield f"{words.counted(verdict.streak, 'closed month')} in a row met every gate of a month"


def _hosted(usage: WorkloadUsage) -> str:
    """Which model would be hosted, for which traffic, and who accepted that it stands in."""
    workload = usage.workload
    said = [f"traffic of {words.listed(usage.models_raw, NAMED)}" if usage.models_raw else "no traffic"]
    if workload.serve:
        said.append(f"{workload.serve} would be hosted")
    if workload.token_ratio != 1:
        said.append(f"at {figure(workload.token_ratio)} tokens for one")
    if workload.approved_by:
        said.append(f"accepted by {workload.approved_by}")
    return words.plain(", ".join(said))


def _missing(found: NotCompared) -> Iterator[str]:
    yield f"{found.missing}: {words.plain(found.detail)}"


def _rows(findings: Findings, verdict: Verdict) -> Iterator[str]:
    """Where the rows of this verdict are: its sources, how they were read, and the command that shows them."""
    usage = verdict.usage
    names = {line.source for line in usage.lines}
    if drift := usage.reconciliation:
        names |= {drift.billed_source, drift.counted_source}
    for report in findings.sources:
        if not names or report.name in names:
            yield from _source(report)
    yield f"advisor usage --by day --from {usage.month.start:%Y-%m-%d} --to {usage.month.end:%Y-%m-%d}"


def _source(report: SourceReport) -> Iterator[str]:
    said = [f"{words.plain(report.kind) or 'never read'} {report.status}", words.counted(report.rows, "row")]
    said.append(f"{report.rejected:,} rejected")
    if report.complete_through:
        said.append(f"complete through {words.moment(report.complete_through, 'UTC')}")
    if report.missing_days:
        said.append(f"missing {words.days(report.missing_days)}")
    yield f"{words.plain(report.name)}: {', '.join(said)}"
    yield from (f"  warning: {words.plain(text)}" for text in report.warnings)
    yield from (f"  rejected {words.plain(text)}" for text in report.problems[:PROBLEMS_SHOWN])
    if len(report.problems) > PROBLEMS_SHOWN:
        yield f"  and {len(report.problems) - PROBLEMS_SHOWN} more"
