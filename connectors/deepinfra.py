"""DeepInfra: monthly tokens and what was billed for them, from the usage of an account."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterator, Mapping
from decimal import Decimal
from typing import ClassVar, Literal

from advisor.contract.api_fields import (
    OddFieldError,
    amount,
    count,
    named,
    or_unused,
    part,
    seconds,
    text,
    translated,
    unused,
    where,
)
from advisor.contract.endpoint import Endpoint
from advisor.contract.http import Http
from advisor.contract.paging import Once, all_but, rows
from advisor.contract.settings import SecretRef
from advisor.contract.source import Parsed, Record, Records, Terms, UsageRow, Warned
from advisor.domain.facts import Basis, CostFact, InputIncludes
from advisor.domain.units import Money, Month, Window

PROVIDER = "deepinfra"
PATH = "payment/usage/tokens"
CENTS = Decimal(100)


class DeepInfra(Records):
    """What each month's invoice holds by model. The API knows no days: such a shape never exceeds WATCH.

    Amounts are cents. The words that name what an item counts are not documented: those that say input, output or
    cache are understood, and the money of all others is kept without their units.
    """

    terms: ClassVar[Terms | None] = Terms(
        tokens="month",
        cost="month",
        freshness="the month so far",
        polling="free",
        permission="a key that may read payments",
    )
    incremental: ClassVar[bool] = True
    restates: ClassVar[Literal["hours", "days", "months"]] = "months"
    api_key: SecretRef
    base_url: Endpoint = "https://api.deepinfra.com/"

    def pull(self, window: Window) -> Iterator[Record]:
        return or_unused(self._records(window))

    def parse(self, record: Record) -> list[Parsed]:
        if nothing := unused(record):
            return nothing
        place = where(record, "period")
        return translated(place, lambda: _facts(record, place))

    def check(self) -> None:
        self._months(None)

    def _records(self, window: Window) -> Iterator[Record]:
        sold = Once(PATH, all_but("units", "cost"))
        for month in self._months(Month.of(window.start)):
            items = month.get("items")
            for item in items if isinstance(items, list) else ():
                # Which of its fields are dimensions is not documented: an item may come once at each rate.
                sold.take({"period": month.get("period"), **(item if isinstance(item, Mapping) else {"item": item})})
            if items != []:
                yield month

    def _months(self, first: Month | None) -> list[Record]:
        """The months from *first*, or the current one alone, until the current one."""
        since = f"{first.year:04d}.{first.month:02d}" if first else "current"
        headers = {"Authorization": f"Bearer {self.api_key.reveal()}"}
        with Http(self.base_url, headers, permission="to read the payments of the account") as http:
            return rows(http.get(PATH, {"from": since, "to": "current"}), "months", PATH)


def _facts(record: Record, place: str) -> Iterator[Parsed]:
    month = _month(record)
    sold: dict[str, Counter[str]] = defaultdict(Counter)
    items = record.get("items")
    if not isinstance(items, list) or not all(isinstance(item, Mapping) for item in items):
        raise OddFieldError("items is no list of objects")
    for item in items:
        model, sort = named(part(item, "model"), "model_name"), text(item, "pricing_type")
        kind = _kind(sort)
        if kind:
            sold[model][kind] += count(item, "units")
        else:
            yield Warned(
                message=f"items of the type {sort!r} are no tokens that are known here: only their money counts"
            )
        yield CostFact(
            provider=PROVIDER,
            model_raw=model,
            start=month.start,
            end=month.end,
            amount=Money(amount(item, "cost") / CENTS, "USD"),
            basis=Basis.BILLED,
            component=kind or "other",
            final=_final(text(record, "invoice_id")),
        )
    for model, tokens in sold.items():
        yield UsageRow(
            provider=PROVIDER,
            model_raw=model,
            start=month.start,
            width_seconds=seconds(month.start, month.end),
            # A kind without an item was not used: an invoice leaves out nothing that was.
            input_tokens=tokens["input"],
            output_tokens=tokens["output"],
            cache_read_tokens=tokens.get("cache_read"),
            cache_write_tokens=tokens.get("cache_write"),
            input_includes=InputIncludes.NOTHING,
            where=f"{place} {model}",
        )


def _month(record: Record) -> Month:
    try:
        return Month.parse(named(record, "period").replace(".", "-"))
    except ValueError as error:
        raise OddFieldError(f"period: {error}") from None


def _final(invoice: str) -> bool | None:
    """Whether an amount is final: it is once there is an invoice; of an empty one nothing is said."""
    return None if invoice in ("", "EMPTY") else invoice != "NOT_FINAL"


def _kind(sort: str) -> str:
    """The kind of tokens that a pricing type names; empty where it names none, or both directions at once."""
    words = sort.lower().replace("-", "_")
    if "cache" in words:
        return "cache_write" if "write" in words else "cache_read"
    directions = [kind for kind in ("input", "output") if kind in words]
    return directions[0] if len(directions) == 1 else ""
