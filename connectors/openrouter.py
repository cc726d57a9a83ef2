"""OpenRouter: daily tokens and money of the last 30 full days, from the activity of an account."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from typing import ClassVar, Literal

from advisor.contract.api_fields import (
    amount,
    below,
    count,
    count_said,
    day,
    named,
    or_unused,
    translated,
    unused,
    where,
)
from advisor.contract.endpoint import Endpoint
from advisor.contract.http import Http
from advisor.contract.paging import by, once, rows
from advisor.contract.settings import SecretRef
from advisor.contract.source import Parsed, Record, Records, Terms, UsageRow, Warned
from advisor.domain.facts import Basis, CostFact, InputIncludes
from advisor.domain.units import DAY_SECONDS, Money, Window

PROVIDER = "openrouter"
ONE_DAY = timedelta(days=1)
ENDPOINT_DAY = by("date", "model", "provider_name", "model_permaslug", "endpoint_id", "workspace_id")
OWN_KEYS = (
    "BYOK usage is what OpenRouter estimates that the vendors of your own keys bill: if their invoices are sources "
    "too, that money is counted twice"
)


class OpenRouter(Records):
    """What an account used by day, model and endpoint; a credit is a dollar.

    Prompt tokens hold cached ones. Finer data than days is behind an analytics API that names its metrics only at run
    time, and whose names no documentation lists: it is not read.
    """

    terms: ClassVar[Terms | None] = Terms(
        tokens="day",
        cost="day",
        freshness="the day after; 30 days are kept",
        polling="free",
        permission="a management key",
    )
    incremental: ClassVar[bool] = True
    keeps_days: ClassVar[int | None] = 30
    api_key: SecretRef
    base_url: Endpoint = "https://openrouter.ai/api/v1/"
    # An answer holds all 30 days at once, so a day without rows between two others had no use.
    empty_days: Literal["missing", "zero"] = "zero"

    def pull(self, window: Window) -> Iterator[Record]:
        return or_unused(self._records())

    def parse(self, record: Record) -> list[Parsed]:
        if nothing := unused(record):
            return nothing
        place = where(record, "date", "model", "provider_name")
        return translated(place, lambda: _facts(record, place))

    def check(self) -> None:
        self._activity()

    def _records(self) -> Iterator[Record]:
        yield from once(self._activity(), "activity", ENDPOINT_DAY)

    def _activity(self) -> list[Record]:
        headers = {"Authorization": f"Bearer {self.api_key.reveal()}"}
        permission = "of a management key, which is made at openrouter.ai/settings/management-keys"
        with Http(self.base_url, headers, permission=permission) as http:
            return rows(http.get(below(self.base_url, "api/v1/") + "activity"), "data", "activity")


def _facts(record: Record, place: str) -> Iterator[Parsed]:
    start, model = day(record, "date"), named(record, "model")
    charges = {"": (amount(record, "usage"), Basis.BILLED)}
    if record.get("byok_usage_inference") is not None:
        own = amount(record, "byok_usage_inference")
        if own:
            charges["byok"] = (own, Basis.ALLOCATED)
            yield Warned(message=OWN_KEYS)
    yield UsageRow(
        provider=PROVIDER,
        model_raw=model,
        start=start,
        width_seconds=DAY_SECONDS,
        input_tokens=count(record, "prompt_tokens"),
        output_tokens=count(record, "completion_tokens"),
        cache_read_tokens=count_said(record, "cached_tokens"),
        input_includes=InputIncludes.CACHE_READ,
        requests=count_said(record, "requests"),
        where=place,
    )
    for component, (dollars, basis) in charges.items():
        yield CostFact(
            provider=PROVIDER,
            model_raw=model,
            start=start,
            end=start + ONE_DAY,
            amount=Money(dollars, "USD"),
            basis=basis,
            component=component,
        )
