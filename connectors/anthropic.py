"""Anthropic: hourly tokens and daily billed costs of an organization, from its usage and cost reports."""

from __future__ import annotations

from collections.abc import Iterator
from decimal import Decimal
from typing import Any, ClassVar, Literal

from advisor.contract.api_fields import (
    NAMELESS,
    UNNAMED,
    OddFieldError,
    amount,
    below,
    count,
    count_said,
    currency,
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
    whole_hours,
    yesterday,
)
from advisor.contract.endpoint import Endpoint
from advisor.contract.http import Http
from advisor.contract.paging import buckets, rows
from advisor.contract.settings import SecretRef
from advisor.contract.source import Parsed, PassedOver, Record, Records, Terms, UsageRow, Warned
from advisor.domain.facts import Basis, CostFact, InputIncludes, RowProblem, plus_known, tier_named
from advisor.domain.units import Money, Window

PROVIDER = "anthropic"
VERSION = "2023-06-01"
PATHS = {"usage": "organizations/usage_report/messages", "costs": "organizations/cost_report"}
# https://platform.claude.com/docs/en/api/admin: `limit` counts buckets.
HOURS_A_PAGE, DAYS_A_PAGE = 168, 31
# Those that are not grouped by are null; a bucket has one result for each combination of them all.
DIMENSIONS = (
    "workspace_id", "model", "service_tier", "description", "cost_type", "token_type", "context_window",
    "inference_geo", "speed", "api_key_id", "account_id", "service_account_id", "currency",
)  # fmt: skip
CENTS = Decimal(100)
COMPONENTS = {
    "uncached_input_tokens": "input",
    "cache_read_input_tokens": "cache_read",
    "cache_creation.ephemeral_5m_input_tokens": "cache_write_5m",
    "cache_creation.ephemeral_1h_input_tokens": "cache_write_1h",
    "output_tokens": "output",
}
DEFAULT_WORKSPACE = "default"
UNPRICED = (
    "tokens of the priority tier are counted, and no cost report has their price: it is unknown, not zero; "
    "add what you committed to as [[commitments]], or their price as [[prices]]"
)


class Anthropic(Records):
    """The usage and the costs of an organization of the Claude API, or of some of its workspaces.

    All counts are disjoint. There is no count of requests, and the priority tier is in no cost report. Models that
    are used through Bedrock or Vertex AI are in neither report.
    """

    terms: ClassVar[Terms | None] = Terms(
        tokens="hour",
        cost="day",
        freshness="minutes",
        polling="free",
        permission="an admin key",
    )
    incremental: ClassVar[bool] = True
    api_key: SecretRef
    base_url: Endpoint = "https://api.anthropic.com/v1/"
    workspace_ids: tuple[str, ...] = ()
    # Every bucket is listed, also those without use, so a day between two others is known.
    empty_days: Literal["missing", "zero"] = "zero"

    def pull(self, window: Window) -> Iterator[Record]:
        return or_unused(self._records(window))

    def parse(self, record: Record) -> list[Parsed]:
        place = where(record, "stream", "starting_at", "workspace_id", "model", "token_type")
        if nothing := unused(record):
            return nothing
        if record.get("stream") == "costs":
            return translated(place, lambda: self._cost(record))
        if record.get("stream") == "usage":
            return translated(place, lambda: self._usage(record, place))
        return [RowProblem(where=place, why="it is no record of Anthropic's usage or costs")]

    def check(self) -> None:
        with self._http() as http:
            for stream in PATHS:
                path = self._path(stream)
                rows(http.get(path, _query(yesterday(), "1d", 1, ())), "data", path)

    def _records(self, window: Window) -> Iterator[Record]:
        usage = _query(whole_hours(window), "1h", HOURS_A_PAGE, ("model", "service_tier", "workspace_id"))
        costs = _query(whole_days(window), "1d", DAYS_A_PAGE, ("description", "workspace_id"))
        with self._http() as http:
            yield from self._results(http, "usage", usage)
            yield from self._results(http, "costs", costs)

    def _http(self) -> Http:
        return Http(
            self.base_url,
            {"x-api-key": self.api_key.reveal(), "anthropic-version": VERSION},
            permission="of an admin key (sk-ant-admin01-...), which an admin of the organization makes in the Console",
        )

    def _path(self, stream: str) -> str:
        return below(self.base_url, "v1/") + PATHS[stream]

    def _results(self, http: Http, stream: str, query: list[tuple[str, Any]]) -> Iterator[Record]:
        path = self._path(stream)

        def ask(page: str) -> Any:
            return http.get(path, [*query, ("page", page or None)])

        for record in buckets(ask, path, "starting_at", "ending_at", DIMENSIONS):
            yield {"stream": stream, **record}

    def _usage(self, record: Record, place: str) -> Iterator[Parsed]:
        start, end = span(record, "starting_at", "ending_at")
        if self._foreign(record):
            yield PassedOver(rows=1)
            return
        written = part(record, "cache_creation")
        tier = tier_named(text(record, "service_tier"))
        yield UsageRow(
            provider=PROVIDER,
            model_raw=text(record, "model") or UNNAMED,
            start=start,
            width_seconds=seconds(start, end),
            input_tokens=count(record, "uncached_input_tokens"),
            output_tokens=count(record, "output_tokens"),
            cache_read_tokens=count_said(record, "cache_read_input_tokens"),
            cache_write_tokens=plus_known(
                count_said(written, "ephemeral_5m_input_tokens"), count_said(written, "ephemeral_1h_input_tokens")
            ),
            input_includes=InputIncludes.NOTHING,
            tier=tier,
            scope=text(record, "workspace_id"),
            where=place,
        )
        if tier == "priority":
            yield Warned(message=UNPRICED)
        if not text(record, "model"):
            yield Warned(message=NAMELESS)

    def _cost(self, record: Record) -> Iterator[Parsed]:
        start, end = span(record, "starting_at", "ending_at")
        if self._foreign(record):
            yield PassedOver(rows=1)
            return
        code = currency(record, "currency")
        if code != "USD":
            # The amount is in the currency's lowest unit, and how many of those make one differs by currency.
            raise OddFieldError(f"currency is {code!r}: this version knows the cents of USD")
        kind = text(record, "cost_type")
        yield CostFact(
            provider=PROVIDER,
            model_raw=text(record, "model"),
            start=start,
            end=end,
            amount=Money(amount(record, "amount") / CENTS, code),
            basis=Basis.BILLED,
            tier=tier_named(text(record, "service_tier")),
            component=COMPONENTS.get(text(record, "token_type"), "other") if kind == "tokens" else kind,
            scope=text(record, "workspace_id"),
        )

    def _foreign(self, record: Record) -> bool:
        """Whether a record is of a workspace that is not asked for."""
        return (
            bool(self.workspace_ids) and (text(record, "workspace_id") or DEFAULT_WORKSPACE) not in self.workspace_ids
        )


def _query(window: Window, width: str, limit: int, dimensions: tuple[str, ...]) -> list[tuple[str, Any]]:
    return [
        ("starting_at", stamp(window.start)),
        ("ending_at", stamp(window.end)),
        ("bucket_width", width),
        ("limit", limit),
        *(("group_by[]", name) for name in dimensions),
    ]
