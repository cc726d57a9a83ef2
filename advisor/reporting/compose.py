"""Findings to words: everything that a reader is told, said once for all formats."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Sequence
from datetime import date

from advisor.domain.comparison import Comparison
from advisor.domain.facts import Basis
from advisor.domain.fleet import Infeasible
from advisor.domain.report import Findings, Severity
from advisor.domain.verdict import State, Verdict
from advisor.reporting import words
from advisor.reporting.headline import sentences
from advisor.reporting.page import Footnote, Notice, Page, Row, Section, Total
from advisor.reporting.sections import confidence, described, flips, next_action, sections

__all__ = ["Footnote", "Notice", "Page", "Row", "Section", "Total", "compose"]


def compose(findings: Findings) -> Page:
    """Put one month's findings into words and formatted figures. Texts from outside are made safe to print here."""
    rows = tuple(_row(findings, verdict) for verdict in findings.verdicts)
    return Page(
        month=str(findings.month),
        title=tuple(_title(findings)),
        sentences=sentences(findings),
        provisional=not findings.month_closed,
        rows=rows,
        total=_total(findings),
        footnotes=tuple(_footnotes(findings, rows)),
        sections=sections(findings),
        issues=tuple(_issues(findings)),
        generated=words.moment(findings.generated_at, findings.timezone),
    )


def _title(findings: Findings) -> Iterator[str]:
    yield findings.month.title
    yield _status(findings)
    if findings.token_prices_on:
        yield f"token prices {words.day(findings.token_prices_on)}"
    if findings.gpu_prices_on:
        yield f"GPU {words.day(findings.gpu_prices_on)}"


def _status(findings: Findings) -> str:
    """Whether the month is closed and its money final; an open month says which way it leans."""
    verdicts = findings.verdicts
    if not verdicts:
        return "no usage"
    still_open = [verdict for verdict in verdicts if not verdict.usage.closed]
    if still_open:
        leanings = Counter(verdict.leaning.value for verdict in still_open if verdict.leaning)
        leaning = f", leaning {', '.join(f'{state} {count}' for state, count in leanings.items())}" if leanings else ""
        which = "" if len(still_open) == len(verdicts) else f" for {words.of(len(still_open), len(verdicts))}"
        return f"provisional: not closed{which}{leaning}"
    bases = {verdict.usage.cost_basis for verdict in verdicts if verdict.usage.cost_basis}
    if not bases:
        return "closed, no bill known"
    if bases == {Basis.BILLED}:
        return "closed, invoices final"
    return "closed, bills estimated" if Basis.BILLED not in bases else "closed, bills in part estimated"


def _row(findings: Findings, verdict: Verdict) -> Row:
    usage, own = verdict.usage, verdict.followed
    found = None if own else verdict.comparison
    share = findings.bill_share(verdict)
    return Row(
        name=words.plain(usage.workload.name),
        model=words.plain(usage.workload.serve or words.listed(usage.models_raw, 2)) or words.UNKNOWN,
        bill=_bill(verdict),
        tokens=words.tokens(usage.tokens.total) if usage.days_covered else words.UNKNOWN,
        dedicated=words.money(found.chosen.cost.total if found else own.cost if own else None),
        saves=_saves(found),
        state=verdict.state,
        change=f"was {verdict.previous.value}" if verdict.previous not in (None, verdict.state) else "",
        leaning=verdict.leaning.value if verdict.leaning else "",
        why=_why(verdict, share, findings.generated_at.date()),
        next_action=next_action(verdict),
        savings=words.money(found.savings) if found else words.UNKNOWN,
        equivalent=words.money(found.equivalent.cost.total) if found else words.UNKNOWN,
        not_buyable=words.money(found.not_buyable) if found else words.UNKNOWN,
        fleet=described(found.chosen) if found else "",
        confidence=confidence(found) if found else "",
        flips=flips(found, verdict.state, findings.fleet.utilization) if found else (),
    )


def _bill(verdict: Verdict) -> str:
    basis = verdict.usage.cost_basis
    return f"{'' if basis in (None, Basis.BILLED) else '~'}{words.money(verdict.usage.cost)}"


def _saves(found: Comparison | None) -> str:
    if found is None:
        return words.UNKNOWN
    return words.percent(found.savings_ratio) if found.savings.amount > 0 else "no"


def _why(verdict: Verdict, share: float | None, today: date) -> str:
    """The reason as decided; with the share of the bill where nothing can be done about it."""
    said = [words.brief(verdict.reason_text)]
    if verdict.state is State.INELIGIBLE and share is not None:
        said.append(f"{words.percent(share)} of the bill")
    snooze = verdict.snooze
    if snooze and snooze.until and snooze.until > today:
        because = f" ({words.brief(snooze.reason)})" if snooze.reason else ""
        said.append(f"no message before {snooze.until}{because}")
    if verdict.leaning:
        said.append(f"provisional, leaning {verdict.leaning.value}")
    return ", ".join(said)


def _total(findings: Findings) -> Total:
    verdicts, whole = findings.verdicts, findings.total_cost
    unknown = sum(verdict.usage.cost is None for verdict in verdicts)
    estimated = any(verdict.usage.cost_basis not in (None, Basis.BILLED) for verdict in verdicts)
    counts = [verdict.usage.tokens.total for verdict in verdicts if verdict.usage.days_covered]
    said = []
    if findings.addressable_ratio is not None:
        known = "known bill" if unknown else "bill"
        said.append(f"{words.percent(findings.addressable_ratio)} of the {known} could run on open-weight GPUs")
    if unknown:
        said.append(f"{words.counted(unknown, 'bill')} unknown")
    return Total(
        bill=words.UNKNOWN if unknown == len(verdicts) else f"{'~' if estimated else ''}{words.money(whole)}",
        tokens=words.tokens(sum(counts) if counts else None),
        note=", ".join(said),
    )


def _footnotes(findings: Findings, rows: Sequence[Row]) -> Iterator[Footnote]:
    compared = [(words.name(row.name), row) for row in rows if row.fleet]
    if compared:
        lower = " · ".join(f"{name} {row.equivalent}" for name, row in compared)
        fractions = " · ".join(f"{name} {row.not_buyable}" for name, row in compared)
        yield Footnote(
            mark="¹",
            text="cheapest realistic plan, all in: GPUs, staging, egress, storage, engineering, migration. "
            "Each plan carries the fleet's whole engineering, as if its workload moved alone.",
        )
        rule = words.percent(findings.fleet.utilization)
        yield Footnote(text=f"{rule} rule (whole GPUs, lower bound): {lower}")
        yield Footnote(text=f"not buyable (fractions of a GPU, never compared): {fractions}")
        yield from _unsized(verdict.comparison for verdict in findings.verdicts if verdict.comparison)
    if any(verdict.followed and verdict.followed.cost for verdict in findings.verdicts):
        yield Footnote(
            mark="" if compared else "¹",
            text="of what is on own GPUs already: what they cost this month, engineering and other costs with it",
        )
    if any(verdict.usage.cost_basis not in (None, Basis.BILLED) for verdict in findings.verdicts):
        yield Footnote(mark="~", text="not billed but estimated: tokens x list price, or a share of a wider charge")


def _unsized(compared: Iterable[Comparison]) -> Iterator[Footnote]:
    """The configured policies that have no plan for some workload, and the first reason of each."""
    reasons: dict[str, dict[str, None]] = defaultdict(dict)
    for found in compared:
        for plan in found.plans:
            if isinstance(plan, Infeasible):
                reasons[plan.policy][words.plain(plan.reason)] = None
    policies: dict[str, list[str]] = defaultdict(list)
    for policy, found_reasons in reasons.items():
        first, *more = found_reasons
        policies[f"{first}{f'; and {len(more)} more' if more else ''}"].append(policy)
    for reason, names in policies.items():
        yield Footnote(text=f"without a plan: {', '.join(names)} ({reason})")


def _issues(findings: Findings) -> Iterator[Notice]:
    """Errors first."""
    for severity in (Severity.ERROR, Severity.WARNING):
        for issue in findings.issues:
            if issue.severity is severity:
                subject = f"{issue.source}: " if issue.source else ""
                yield Notice(severity=severity, text=words.brief(f"{subject}{issue.message}"))
