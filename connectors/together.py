"""Together AI: hourly tokens and what was billed for them, from the billing usage of an organization."""

from __future__ import annotations

import re
from collections import Counter, defaultdict
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime
from typing import Any, ClassVar, Literal

from advisor.contract.api_fields import (
    OddFieldError,
    amount,
    below,
    count,
    currency,
    named,
    or_unused,
    part,
    seconds,
    span,
    text,
    translated,
    unused,
    where,
)
from advisor.contract.endpoint import Endpoint
from advisor.contract.http import Http
from advisor.contract.paging import Once, all_but, outside, pages, rows
from advisor.contract.settings import SecretRef
from advisor.contract.source import Parsed, Record, Records, Terms, UsageRow, Warned
from advisor.domain.facts import ON_DEMAND, Basis, CostFact, InputIncludes
from advisor.domain.units import Money, Month, Window

PROVIDER = "together"
PATH = "billing/usage"
WINDOWS_A_PAGE = 1000
# Product names are display names and may change, so only these words of them are relied upon, the first that fits:
# https://docs.together.ai/reference/billing-usage
KINDS = (
    ("cache_write", re.compile(r"cache[\s-]*(write|creation)", re.IGNORECASE)),
    ("cache_read", re.compile(r"cache(d|[\s-]*(read|hit))", re.IGNORECASE)),
    ("output", re.compile(r"\b(output|completion|generated)\b", re.IGNORECASE)),
    ("input", re.compile(r"\b(input|prompt)\b", re.IGNORECASE)),
)
TOKENS = re.compile(r"\btokens?\b", re.IGNORECASE)
BATCH = re.compile(r"\bbatch\b", re.IGNORECASE)
# Fine-tuning counts tokens as well, and serves nothing.
NOT_SERVING = re.compile(r"fine[\s-]*tun|training", re.IGNORECASE)
MODEL_KEYS = ("model", "model_name", "model_id")


class Together(Records):
    """The billed line items of an organization by hour: each kind of tokens is an item of its own, with its money.

    The API is in beta, and enabled by Together for each organization.
    """

    terms: ClassVar[Terms | None] = Terms(
        tokens="hour",
        cost="hour",
        freshness="an hour",
        polling="free",
        permission="any key, and access to the beta",
    )
    incremental: ClassVar[bool] = True
    api_key: SecretRef
    base_url: Endpoint = "https://api.together.ai/v1/"
    organization_id: str = ""
    # A bill without items between two others: nothing was used.
    empty_days: Literal["missing", "zero"] = "zero"

    def pull(self, window: Window) -> Iterator[Record]:
        return or_unused(self._records(window))

    def parse(self, record: Record) -> list[Parsed]:
        if nothing := unused(record):
            return nothing
        place = where(record, "start_time")
        return translated(place, lambda: _facts(record, place))

    def check(self) -> None:
        with self._http() as http:
            rows(self._ask(http, self._query(Month.of(datetime.now(UTC)), "day", 1), ""), "data", PATH)

    def _records(self, window: Window) -> Iterator[Record]:
        sold = Once(PATH, all_but("quantity", "cost"))
        with self._http() as http:
            for month in window.months():
                for page in self._pages(http, month):
                    for one in rows(page, "data", PATH):
                        if not outside(one, "start_time", month.window):
                            yield from _with_items(one, page, sold)

    def _http(self) -> Http:
        headers = {"Authorization": f"Bearer {self.api_key.reveal()}"}
        return Http(self.base_url, headers, permission="to read the billing of the organization")

    def _pages(self, http: Http, month: Month) -> Iterator[Record]:
        query = self._query(month, "hour", WINDOWS_A_PAGE)
        return pages(lambda after: self._ask(http, query, after), lambda page: str(page.get("next_cursor") or ""), PATH)

    def _query(self, month: Month, granularity: str, limit: int) -> dict[str, Any]:
        organization = self.organization_id or None
        return {"month": str(month), "granularity": granularity, "limit": limit, "organization_id": organization}

    def _ask(self, http: Http, query: Mapping[str, Any], after: str) -> Any:
        return http.get(below(self.base_url, "v1/") + PATH, {**query, "after": after or None})


def _with_items(hour: Record, page: Record, sold: Once) -> Iterator[Record]:
    """An hour that has line items, each of them once: which of their fields are dimensions is not documented."""
    items = hour.get("line_items")
    if items == []:
        return
    for item in items if isinstance(items, list) else [items]:
        sold.take({"start_time": hour.get("start_time"), **(item if isinstance(item, Mapping) else {"item": item})})
    yield {"currency": page.get("currency"), **hour}


def _facts(record: Record, place: str) -> Iterator[Parsed]:
    start, end = span(record, "start_time", "end_time")
    code = currency(record, "currency")
    sold: dict[tuple[str, str], Counter[str]] = defaultdict(Counter)
    items = record.get("line_items")
    if not isinstance(items, list) or not all(isinstance(item, Mapping) for item in items):
        raise OddFieldError("line_items is no list of objects")
    for item in items:
        product, model = named(item, "product_name"), _model(item)
        kind = _kind(product)
        tier = "batch" if BATCH.search(product) else ON_DEMAND
        if kind and model:
            sold[model, tier][kind] += count(item, "quantity")
        elif _serves(product):
            lacks = "the kind of its tokens" if model else "a model"
            yield Warned(message=f"{product!r} does not name {lacks}: its money counts, its tokens are left out")
        if item.get("applied_credit"):
            yield Warned(message="a credit was applied to some items: they count at the cost that Together states")
        yield CostFact(
            provider=PROVIDER,
            model_raw=model if _serves(product) else "",
            start=start,
            end=end,
            amount=Money(amount(item, "cost"), code),
            basis=Basis.BILLED,
            tier=tier,
            component=kind or "other",
        )
    for (model, tier), tokens in sold.items():
        yield UsageRow(
            provider=PROVIDER,
            model_raw=model,
            start=start,
            width_seconds=seconds(start, end),
            # A kind without a line item was not used: an invoice leaves out nothing that was.
            input_tokens=tokens["input"],
            output_tokens=tokens["output"],
            cache_read_tokens=tokens.get("cache_read"),
            cache_write_tokens=tokens.get("cache_write"),
            input_includes=InputIncludes.NOTHING,
            tier=tier,
            where=f"{place} {model}",
        )


def _serves(product: str) -> bool:
    """Whether a product is tokens that a model serves: GPUs, images and training are money of no model."""
    return bool(TOKENS.search(product)) and not NOT_SERVING.search(product)


def _kind(product: str) -> str:
    return next((kind for kind, words in KINDS if words.search(product)), "") if _serves(product) else ""


def _model(item: Record) -> str:
    """The model of a line item, by the keys of its dimensions that are known to name one."""
    dimensions = part(item, "pricing_dimensions") if item.get("pricing_dimensions") is not None else {}
    return next((name for key in MODEL_KEYS if (name := text(dimensions, key))), "")
