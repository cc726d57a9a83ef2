"""The document of `advisor usage --format json`: `advisor.usage/1`, exact and nothing converted."""

from __future__ import annotations

from advisor.domain.facts import Basis
from advisor.domain.units import Money
from advisor.domain.usage import UsageAnswer, UsageTotal
from advisor.reporting.fields import Json, digits, moment, source

SCHEMA = "advisor.usage/1"


def usage_document(answer: UsageAnswer) -> dict[str, Json]:
    """The answer as JSON values. `input_tokens` is all input; a count that no source reports is null, never 0.

    A row that holds money only has null in place of its tokens. `costs` is empty where no money is known.
    """
    return {
        "schema": SCHEMA,
        "by": answer.by,
        "sources": [source(report) for report in answer.sources],
        "rows": [_row(row) for row in answer.rows],
    }


def _row(row: UsageTotal) -> dict[str, Json]:
    tokens = row.tokens
    return {
        "period_start": moment(row.period_start),
        "source": row.source,
        "model_raw": row.model_raw,
        "model": row.model,
        "tier": row.tier,
        "requests": row.requests,
        "input_tokens": tokens.input if tokens else None,
        "cache_read_tokens": tokens.cache_read if tokens else None,
        "cache_write_tokens": tokens.cache_write if tokens else None,
        "output_tokens": tokens.output if tokens else None,
        "costs": [_cost(amount, basis) for amount, basis in row.costs],
    }


def _cost(amount: Money, basis: Basis) -> dict[str, Json]:
    return {"amount": digits(amount.amount), "currency": amount.currency, "basis": basis.value}
