"""What a reader should know about the files of a bill, in words."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Sequence
from datetime import date
from decimal import Decimal
from itertools import groupby
from pathlib import Path
from typing import Any

from advisor.contract.bills.deliveries import Delivery
from advisor.contract.bills.gpus import gpus_in
from advisor.contract.bills.ledger import Superseded

NAMED = 3


def replaced_files(files: Sequence[Path]) -> str:
    verb = (
        "file is of an older version of its month and is" if len(files) == 1 else "files are of older versions and are"
    )
    return f"{len(files)} {verb} left out: {_some(map(str, files))}"


def superseded(found: Sequence[Superseded], deliveries: Sequence[Delivery]) -> Iterator[str]:
    """Which files count no more because a newer one covers the same account, month and days."""
    by_newer: dict[int, list[Superseded]] = defaultdict(list)
    for one in found:
        by_newer[one.newer].append(one)
    for newer, own in by_newer.items():
        first, last = min(one.first for one in own), max(one.last for one in own)
        older = [deliveries[number] for number in dict.fromkeys(one.older for one in own)]
        later = deliveries[newer].modified > max(one.modified for one in older)
        why = "was written later" if later else "has the same time and is last by name"
        yield (
            f"{deliveries[newer].name} {why}: it counts for {first} to {last} instead of "
            f"{_some(one.name for one in older)}, which has the same account and month; if both are parts of one "
            "delivery, number them -1 and -2 in one folder"
        )


def gpus_paid(rows: Sequence[tuple[Any, ...]]) -> Iterator[str]:
    """GPU instances that are on the bill already, by month; *rows* are month, instance, GPUs, currency, hours, cost."""
    for month, own in groupby(rows, key=lambda row: row[0]):
        yield f"GPU instances are on this bill already in {_month(month)}: " + "; ".join(
            _instance(instance, gpus, currency, hours, cost) for _, instance, gpus, currency, hours, cost in own
        )


def _instance(instance: str, gpus: str | None, currency: str, hours: Decimal | None, cost: Decimal | None) -> str:
    each = int(gpus) if gpus and gpus.isdigit() else gpus_in(instance)
    if hours is None:
        spent = "hours not said"
    elif each is None:
        spent = f"{hours.normalize():,f} instance-hours, GPUs in each unknown"
    else:
        spent = f"{(hours * each).normalize():,f} GPU-hours"
    return f"{instance} {spent}, {written(cost, currency) if cost is not None else 'cost not said'}"


def costs_differ(rows: Sequence[tuple[Any, ...]]) -> Iterator[str]:
    """Where the billed money is not the effective cost; *rows* are month, currency, billed, effective."""
    if rows:
        months = [
            f"{_month(month)} {written(billed, currency)} billed, {written(effective, currency)} effective"
            for month, currency, billed, effective in rows
        ]
        yield f"billed and effective cost of LLMs differ, and the billed one counts: {_some(months, '; ')}"


def written(amount: Decimal, currency: str) -> str:
    cents = amount.quantize(Decimal("0.01"))
    return f"${cents:,}" if currency == "USD" else f"{cents:,} {currency}"


def _month(day: date) -> str:
    return f"{day:%Y-%m}"


def _some(names: Any, separator: str = ", ") -> str:
    listed = list(names)
    more = f" and {len(listed) - NAMED} more" if len(listed) > NAMED else ""
    return separator.join(listed[:NAMED]) + more
