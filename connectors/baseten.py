"""Baseten: daily tokens and billed costs of its Model APIs, from the billing summary of an organization."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any, ClassVar, Literal

from advisor.contract.api_fields import (
    OddFieldError,
    amount,
    at_most,
    below,
    count,
    count_said,
    day,
    named,
    or_unused,
    stamp,
    translated,
    unused,
    where,
    whole_days,
    yesterday,
)
from advisor.contract.endpoint import Endpoint
from advisor.contract.http import Http
from advisor.contract.paging import Once, by, outside, rows
from advisor.contract.settings import SecretRef
from advisor.contract.source import Parsed, PassedOver, Record, Records, Terms, UsageRow, Warned
from advisor.domain.facts import Basis, CostFact, InputIncludes, RowProblem
from advisor.domain.units import DAY_SECONDS, Money, Window
from advisor.errors import SourceError

PROVIDER = "baseten"
PATH = "billing/usage_summary"
# https://docs.baseten.co/reference/management-api/billing: at most 31 days at once, and none before 2026.
LONGEST = timedelta(days=31)
FIRST_DAY = datetime(2026, 1, 1, tzinfo=UTC)
ONE_DAY = timedelta(days=1)


class Baseten(Records):
    """What each model of the Model APIs used and cost by day, in dollars before credits.

    Whether input tokens hold the cached ones is not documented: once there are any, `input_includes_cache` has to say.
    """

    terms: ClassVar[Terms | None] = Terms(
        tokens="day",
        cost="day",
        freshness="daily",
        polling="free",
        permission="a key that may read billing",
    )
    incremental: ClassVar[bool] = True
    api_key: SecretRef
    base_url: Endpoint = "https://api.baseten.co/"
    input_includes_cache: bool | None = None
    # A summary answers for whole days, so a day without rows between two others had no use.
    empty_days: Literal["missing", "zero"] = "zero"

    def pull(self, window: Window) -> Iterator[Record]:
        return or_unused(self._records(window))

    def parse(self, record: Record) -> list[Parsed]:
        if nothing := unused(record):
            return nothing
        place = where(record, "stream", "date", "model_name", "name")
        match record.get("stream"):
            case "dedicated":
                return translated(place, lambda: _dedicated(record))
            case "model_apis":
                return translated(place, lambda: self._facts(record, place))
        return [RowProblem(where=place, why="it is no record of Baseten's billing summary")]

    def check(self) -> None:
        with self._http() as http:
            self._summary(http, yesterday())

    def _records(self, window: Window) -> Iterator[Record]:
        asked = whole_days(window)
        if asked.end <= FIRST_DAY:
            raise SourceError("Baseten's billing summary begins on 2026-01-01", "ask for later days")
        with self._http() as http:
            for days in at_most(Window(max(asked.start, FIRST_DAY), asked.end), LONGEST):
                yield from _records(self._summary(http, days), days)

    def _http(self) -> Http:
        headers = {"Authorization": f"Api-Key {self.api_key.reveal()}"}
        return Http(self.base_url, headers, permission="to read the billing of the organization")

    def _summary(self, http: Http, days: Window) -> Any:
        answer = http.get(
            below(self.base_url, "v1/") + PATH, {"start_date": stamp(days.start), "end_date": stamp(days.end)}
        )
        if not isinstance(answer, dict) or "model_apis_usage" not in answer:
            raise SourceError(f"{PATH} holds no model_apis_usage", "check base_url; the API may have changed")
        return answer

    def _facts(self, record: Record, place: str) -> Iterator[Parsed]:
        start, model = day(record, "date"), named(record, "model_name")
        cached = count_said(record, "cached_input_tokens")
        if cached and self.input_includes_cache is None:
            raise OddFieldError("it has cached tokens: set input_includes_cache = true, or false, for this source")
        yield UsageRow(
            provider=PROVIDER,
            model_raw=model,
            start=start,
            width_seconds=DAY_SECONDS,
            input_tokens=count(record, "input_tokens"),
            output_tokens=count(record, "output_tokens"),
            cache_read_tokens=cached,
            input_includes=InputIncludes.CACHE_READ if self.input_includes_cache else InputIncludes.NOTHING,
            where=place,
        )
        yield CostFact(
            provider=PROVIDER,
            model_raw=model,
            start=start,
            end=start + ONE_DAY,
            amount=Money(amount(record, "subtotal"), "USD"),
            basis=Basis.BILLED,
        )


def _records(summary: Any, days: Window) -> Iterator[Record]:
    """The days of each model, and the dedicated deployments of the whole summary. A part that is null was not used.

    Raises SourceError where a day of a model comes twice. A day that two summaries hold, as it is the end of one and
    the start of the next, is taken from the later one.
    """
    used = Once(PATH, by("date", "model_name", "model_family"))
    for model in _breakdown(summary, "model_apis_usage"):
        for one in rows(model, "daily", PATH):
            if not outside(one, "date", days):
                used.take({**model, **one})
                yield {"stream": "model_apis", "model_name": model.get("model_name"), **one}
    for deployment in _breakdown(summary, "dedicated_usage"):
        resource = deployment.get("billable_resource")
        name = resource.get("name") if isinstance(resource, dict) else None
        yield {"stream": "dedicated", "name": name, "minutes": deployment.get("minutes")}


def _breakdown(summary: Any, key: str) -> list[Record]:
    usage = summary.get(key)
    return [] if usage is None else rows(usage, "breakdown", f"{PATH} {key}")


def _dedicated(record: Record) -> Iterator[Parsed]:
    if amount(record, "minutes"):
        yield Warned(
            message=f"the deployment {record.get('name')!r} is dedicated capacity that is paid for already: "
            "it is in no serverless bill"
        )
    yield PassedOver(rows=1)
