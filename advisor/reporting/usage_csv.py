"""The answer of `advisor usage` as CSV: one line for each row, nothing rounded and nothing converted."""

from __future__ import annotations

import csv
import io

from advisor.domain.usage import UsageAnswer, UsageTotal
from advisor.reporting.fields import digits, moment

FORMULA_STARTS = ("=", "+", "-", "@", "\t", "\r")


def usage_csv(answer: UsageAnswer) -> str:
    """The rows under the names of the JSON document; an empty cell is unknown, never 0.

    Money has one column for each basis and currency that occurs, such as `billed_cost_USD` and `estimated_cost_EUR`,
    so that a row stays one line. A name that a spreadsheet would run as a formula begins with an apostrophe.
    """
    kinds = sorted({(basis.value, amount.currency) for row in answer.rows for amount, basis in row.costs})
    out = io.StringIO()
    lines = csv.writer(out, lineterminator="\n")
    tokens = ("input_tokens", "cache_read_tokens", "cache_write_tokens", "output_tokens")
    money = [f"{basis}_cost_{currency}" for basis, currency in kinds]
    lines.writerow(["period_start", "source", "model_raw", "model", "tier", "requests", *tokens, *money])
    for row in answer.rows:
        amounts = {(basis.value, amount.currency): digits(amount.amount) for amount, basis in row.costs}
        names = [_inert(name) for name in (row.source, row.model_raw, row.model or "", row.tier)]
        counts = ["" if count is None else count for count in counts_of(row)]
        lines.writerow([moment(row.period_start), *names, *counts, *(amounts.get(kind, "") for kind in kinds)])
    return out.getvalue()


def counts_of(row: UsageTotal) -> tuple[int | None, ...]:
    """Requests, all input, cache read, cache write and output; None where it is not reported."""
    tokens = row.tokens
    if tokens is None:
        return (row.requests, None, None, None, None)
    return (row.requests, tokens.input, tokens.cache_read, tokens.cache_write, tokens.output)


def _inert(name: str) -> str:
    return f"'{name}" if name.startswith(FORMULA_STARTS) else name
