"""Fireworks AI: daily tokens and daily billed costs of serverless models, from the billing of an account."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import timedelta
from decimal import Decimal
from typing import Any, ClassVar, Literal

from advisor.contract.api_fields import (
    OddFieldError,
    amount,
    at_most,
    below,
    count,
    currency,
    moment,
    named,
    or_unused,
    part,
    seconds,
    span,
    stamp,
    text,
    translated,
    unused,
    where,
    whole_days,
    yesterday,
)
from advisor.contract.endpoint import Endpoint
from advisor.contract.http import Http
from advisor.contract.paging import by, once, outside, pages, rows
from advisor.contract.settings import SecretRef
from advisor.contract.source import Lost, Parsed, Record, Records, Terms, UsageRow
from advisor.domain.facts import Basis, CostFact, InputIncludes, RowProblem
from advisor.domain.units import Money, Window
from advisor.errors import SourceError

PROVIDER = "fireworks"
# https://docs.fireworks.ai/api-reference/get-billing-usage: a query spans at most 31 days.
LONGEST = timedelta(days=31)
ONE_DAY = timedelta(days=1)
NANO = Decimal(10) ** -9
USED = by("startTime", "modelName", "usageType", "apiKeyId", "group")
CHARGED = by("dimensions", "subtotal.currencyCode")


class Fireworks(Records):
    """Quantities and money come from two queries. Prompt tokens hold cached ones, which are not told apart.

    Without `account_id` the key's only account is read.
    """

    terms: ClassVar[Terms | None] = Terms(
        tokens="as delivered",
        cost="day",
        freshness="a day or more",
        polling="free",
        permission="an administrator of the account",
    )
    incremental: ClassVar[bool] = True
    api_key: SecretRef
    base_url: Endpoint = "https://api.fireworks.ai/"
    account_id: str = ""
    # Every query answers for whole days, so a day without rows between two others had no use.
    empty_days: Literal["missing", "zero"] = "zero"

    def pull(self, window: Window) -> Iterator[Record]:
        return or_unused(self._records(window))

    def parse(self, record: Record) -> list[Parsed]:
        if nothing := unused(record):
            return nothing
        place = where(record, "stream", "startTime", "modelName", "dimensions")
        match record.get("stream"):
            case "lost":
                return [Lost(message=f"the costs of the account could not be read: {record.get('why')}")]
            case "usage":
                return translated(place, lambda: _usage(record, place))
            case "costs":
                return translated(place, lambda: _cost(record))
        return [RowProblem(where=place, why="it is no record of Fireworks' usage or costs")]

    def check(self) -> None:
        with self._http() as http:
            account = self._account(http)
            self._usage_rows(http, account, yesterday())
            for _ in self._costs(http, account, yesterday()):
                pass

    def _records(self, window: Window) -> Iterator[Record]:
        with self._http() as http:
            account = self._account(http)
            for days in at_most(whole_days(window), LONGEST):
                yield from self._read(http, account, days)

    def _http(self) -> Http:
        headers = {"Authorization": f"Bearer {self.api_key.reveal()}"}
        return Http(self.base_url, headers, permission="of an administrator of the account")

    def _path(self, path: str) -> str:
        return below(self.base_url, "v1/") + path

    def _account(self, http: Http) -> str:
        if self.account_id:
            return self.account_id.removeprefix("accounts/")
        found = rows(http.get(self._path("accounts")), "accounts", "accounts")
        names = [str(one.get("name", "")).removeprefix("accounts/") for one in found]
        if len(names) != 1 or not names[0]:
            raise SourceError(
                f"the key sees {len(names)} accounts: {', '.join(sorted(names)) or 'none'}", "name one as account_id"
            )
        return names[0]

    def _read(self, http: Http, account: str, days: Window) -> Iterator[Record]:
        for row in once(self._usage_rows(http, account, days), "billingUsage", USED):
            if not outside(row, "startTime", days):
                yield {"stream": "usage", **row}
        try:
            for row in once(self._costs(http, account, days), "usageCosts", CHARGED):
                dimensions = row.get("dimensions")
                if not isinstance(dimensions, Mapping) or not outside(dimensions, "startTime", days):
                    yield {"stream": "costs", **row}
        except SourceError as error:
            # Tokens may be read by keys that costs are closed to; half of the account's money would mislead.
            if error.transient:
                raise
            yield {"stream": "lost", "why": f"{error.message} ({error.hint})"}

    def _usage_rows(self, http: Http, account: str, days: Window) -> list[Record]:
        path = self._path(f"accounts/{account}/billingUsage")
        query = {
            "startTime": stamp(days.start),
            "endTime": stamp(days.end),
            "usageType": "SERVERLESS",
            "groupBy": "model_name",
            "timezone": "UTC",
        }
        return rows(http.get(path, query), "serverlessCosts", path)

    def _costs(self, http: Http, account: str, days: Window) -> Iterator[Record]:
        path = self._path(f"accounts/{account}/usageCosts:query")
        query = {
            "scope": "ACCOUNT",
            "startTime": stamp(days.start),
            "endTime": stamp(days.end),
            "groupBy": ["DAY", "MODEL"],
        }

        def ask(page: str) -> Any:
            return http.post(path, {**query, **({"pageToken": page} if page else {})})

        for page in pages(ask, lambda page: str(page.get("nextPageToken") or ""), path):
            yield from rows(page, "rows", path)


def _usage(record: Record, place: str) -> Iterator[Parsed]:
    start, end = span(record, "startTime", "endTime")
    group = part(record, "group") if record.get("group") else {}
    yield UsageRow(
        provider=PROVIDER,
        model_raw=text(group, "model_name") or named(record, "modelName"),
        start=start,
        width_seconds=seconds(start, end),
        input_tokens=count(record, "promptTokens"),
        output_tokens=count(record, "completionTokens"),
        input_includes=InputIncludes.CACHE_READ,
        where=place,
    )


def _cost(record: Record) -> Iterator[Parsed]:
    dimensions, subtotal = part(record, "dimensions"), part(record, "subtotal")
    start = moment(dimensions, "startTime")
    code = currency(subtotal, "currencyCode")
    if subtotal.get("units") is None and subtotal.get("nanos") is None:
        raise OddFieldError("subtotal has neither units nor nanos")
    # A part of google.type.Money that is zero is left out.
    units, nanos = (
        amount(subtotal, key) if subtotal.get(key) is not None else Decimal(0) for key in ("units", "nanos")
    )
    yield CostFact(
        provider=PROVIDER,
        model_raw=text(dimensions, "model"),
        start=start,
        end=start + ONE_DAY,
        amount=Money(units + nanos * NANO, code),
        basis=Basis.BILLED,
    )
