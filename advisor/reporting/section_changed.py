"""What is different from what was said before: corrections of told months, then each bill since the month before."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator

from advisor.domain.change import Variance
from advisor.domain.correction import Correction
from advisor.domain.report import Findings
from advisor.domain.units import Money
from advisor.domain.verdict import State, Verdict
from advisor.reporting import words

ORDINALS = {1: "st", 2: "nd", 3: "rd"}


def corrected(findings: Findings) -> Iterator[str]:
    """One line for each month and workload that was told otherwise: both verdicts, both bills, and the cause."""
    for one in findings.corrections:
        verdict = one.verdict
        said = [f"{words.name(one.workload)} in {one.month.title}, as told on {words.day(one.told_at.date())}"]
        if one.state_before != verdict.state.value:
            said.append(f"{one.state_before} is now {verdict.state.value}: {words.plain(verdict.reason_text)}")
        else:
            said.append(f"still {verdict.state.value}")
        said += _amounts(one, findings.currency)
        said += [words.plain(cause) for cause in one.causes]
        yield "; ".join(said)


def changed(findings: Findings) -> Iterator[str]:
    """Each workload's bill since its last closed month, in parts that add up to the cent, and how its streak stands;
    then settings and prices that are not as they were when that month was decided."""
    for verdict in findings.verdicts:
        said = []
        if verdict.variance:
            said.append(_bill(verdict.variance))
        if streak := _streak(verdict, findings.policy.months_in_a_row):
            said.append(streak)
        if said:
            yield f"{words.name(verdict.usage.workload.name)}: {'; '.join(said)}"
    different: dict[str, list[str]] = defaultdict(list)
    for verdict in findings.verdicts:
        for difference in verdict.differences:
            different[words.plain(difference)].append(words.name(verdict.usage.workload.name))
    for difference, names in different.items():
        yield difference if len(names) == len(findings.verdicts) else f"{words.listed(names)}: {difference}"


def _bill(found: Variance) -> str:
    """`$19,284.83 after $18,192.04 in September 2026: volume +$1,091.52, price $0.00, mix +$1.27`"""
    parts = ", ".join(
        f"{name} {signed(amount)}"
        for name, amount in (("volume", found.volume), ("price", found.price), ("mix", found.mix))
    )
    return f"{cents(found.after)} after {cents(found.before)} in {found.since.title}: {parts}"


def _streak(verdict: Verdict, months_in_a_row: int) -> str:
    """`2nd month of 3`; of own GPUs the streak stands still."""
    if verdict.state in (State.INELIGIBLE, State.INSUFFICIENT_DATA) or not verdict.streak:
        return ""
    if verdict.followed is not None:
        return f"the streak stands at {words.counted(verdict.streak, 'month')}"
    reached = min(verdict.streak, months_in_a_row)
    return f"{reached}{_ordinal(reached)} month of {months_in_a_row}"


def _ordinal(number: int) -> str:
    return "th" if number % 100 in (11, 12, 13) else ORDINALS.get(number % 10, "th")


def _amounts(one: Correction, currency: str) -> Iterator[str]:
    found = one.verdict.comparison
    bill = one.verdict.usage.cost
    for name, before, after in (
        ("bill", one.bill_before, bill),
        ("dedicated plan", one.dedicated_before, found.chosen.cost.total if found else None),
    ):
        if before != (after.cents() if after else None):
            old = cents(Money(before, currency)) if before is not None else "not known"
            yield f"{name} {old}, now {cents(after) if after else 'not known'}"


def cents(amount: Money) -> str:
    """`$1,091.54`, `-$3.20`, `EUR 4.00`: to the cent, so that printed parts add up."""
    sign = "$" if amount.currency == "USD" else f"{amount.currency} "
    value = amount.cents()
    return f"{'-' if value < 0 else ''}{sign}{abs(value):,}"


def signed(amount: Money) -> str:
    """The same with its sign: `+$1,091.54`."""
    return f"{'+' if amount.cents() > 0 else ''}{cents(amount)}"
