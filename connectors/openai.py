"""OpenAI: hourly tokens and daily billed costs of an organization, from its usage and costs APIs."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, ClassVar, Literal

from advisor.contract.api_fields import (
    NAMELESS,
    UNNAMED,
    below,
    count,
    count_said,
    money,
    or_unused,
    part,
    seconds,
    span,
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
from advisor.domain.facts import ON_DEMAND, Basis, CostFact, InputIncludes, RowProblem, tier_named
from advisor.domain.units import Window
from advisor.errors import SourceError

PROVIDER = "openai"
# https://platform.openai.com/docs/api-reference/usage: `limit` counts buckets, and is lowest where it is left out.
HOURS_A_PAGE, DAYS_A_PAGE = 168, 180
COMPLETIONS = ("model", "project_id", "batch", "service_tier")
EMBEDDINGS = ("model", "project_id")
# Its other dimensions are null unless they are grouped by; a bucket has one result for each combination of them all.
DIMENSIONS = (
    "project_id", "model", "line_item", "batch", "service_tier", "user_id", "api_key_id", "api_source",
    "amount.currency",
)  # fmt: skip
PATHS = {
    "completions": "organization/usage/completions",
    "embeddings": "organization/usage/embeddings",
    "costs": "organization/costs",
}
COMPONENTS = {
    "input": "input",
    "uncached input": "input",
    "cached input": "cache_read",
    "input cached": "cache_read",
    "input cache read": "cache_read",
    "cache write": "cache_write",
    "input cache write": "cache_write",
    "output": "output",
}
TIERS = ("batch", "flex", "priority")


class OpenAi(Records):
    """The usage and the costs of an organization, or of some of its projects.

    `input_tokens` holds cached tokens and cache writes. Costs are what the invoice is made of; OpenAI says that usage
    and costs need not reconcile.
    """

    terms: ClassVar[Terms | None] = Terms(
        tokens="hour",
        cost="day",
        freshness="tokens minutes, costs a day",
        polling="free",
        permission="`api.usage.read`, an admin key",
    )
    incremental: ClassVar[bool] = True
    api_key: SecretRef
    base_url: Endpoint = "https://api.openai.com/v1/"
    project_ids: tuple[str, ...] = ()
    # Every bucket is listed, also those without use, so a day between two others is known.
    empty_days: Literal["missing", "zero"] = "zero"

    def pull(self, window: Window) -> Iterator[Record]:
        return or_unused(self._records(window))

    def parse(self, record: Record) -> list[Parsed]:
        place = where(record, "stream", "start_time", "project_id", "model", "line_item")
        if nothing := unused(record):
            return nothing
        match record.get("stream"):
            case "costs":
                return translated(place, lambda: self._cost(record))
            case "embeddings" if "unread" in record:
                lacking = f"embeddings are left out, their money has no tokens: {record['unread']}"
                return [Warned(message=lacking), PassedOver(rows=1)]
            case "completions" | "embeddings":
                return translated(place, lambda: self._usage(record, place))
        return [RowProblem(where=place, why="it is no record of OpenAI's usage or costs")]

    def check(self) -> None:
        with self._http() as http:
            for stream in ("completions", "costs"):
                path = self._path(stream)
                rows(http.get(path, self._query(yesterday(), "1d", 1, ())), "data", path)

    def _records(self, window: Window) -> Iterator[Record]:
        hours, days = whole_hours(window), whole_days(window)
        costs = self._query(days, "1d", DAYS_A_PAGE, ("line_item", "project_id"))
        with self._http() as http:
            yield from self._results(http, "completions", self._query(hours, "1h", HOURS_A_PAGE, COMPLETIONS))
            yield from self._embeddings(http, self._query(hours, "1h", HOURS_A_PAGE, EMBEDDINGS))
            yield from self._results(http, "costs", costs)

    def _http(self) -> Http:
        return Http(
            self.base_url,
            {"Authorization": f"Bearer {self.api_key.reveal()}"},
            permission="api.usage.read, as an admin key (sk-admin-...) of the organization has it",
        )

    def _path(self, stream: str) -> str:
        return below(self.base_url, "v1/") + PATHS[stream]

    def _results(self, http: Http, stream: str, query: list[tuple[str, Any]]) -> Iterator[Record]:
        path = self._path(stream)

        def ask(page: str) -> Any:
            return http.get(path, [*query, ("page", page or None)])

        for record in buckets(ask, path, "start_time", "end_time", DIMENSIONS):
            yield {"stream": stream, **record}

    def _embeddings(self, http: Http, query: list[tuple[str, Any]]) -> Iterator[Record]:
        """Embeddings never move to own GPUs here: where a proxy forwards no such path, the rest still counts."""
        try:
            yield from list(self._results(http, "embeddings", query))
        except SourceError as error:
            if error.transient:
                raise
            yield {"stream": "embeddings", "unread": error.message}

    def _query(self, window: Window, width: str, limit: int, dimensions: tuple[str, ...]) -> list[tuple[str, Any]]:
        return [
            ("start_time", int(window.start.timestamp())),
            ("end_time", int(window.end.timestamp())),
            ("bucket_width", width),
            ("limit", limit),
            *(("group_by[]", name) for name in dimensions),
            *(("project_ids[]", project) for project in self.project_ids),
        ]

    def _usage(self, record: Record, place: str) -> Iterator[Parsed]:
        start, end = span(record, "start_time", "end_time")
        if self._foreign(record):
            yield PassedOver(rows=1)
            return
        yield UsageRow(
            provider=PROVIDER,
            model_raw=text(record, "model") or UNNAMED,
            start=start,
            width_seconds=seconds(start, end),
            input_tokens=count(record, "input_tokens"),
            # An embedding has no output; an answer of completions has to say how much.
            output_tokens=0 if record["stream"] == "embeddings" else count(record, "output_tokens"),
            cache_read_tokens=count_said(record, "input_cached_tokens"),
            cache_write_tokens=count_said(record, "input_cache_write_tokens"),
            input_includes=InputIncludes.CACHE,
            requests=count_said(record, "num_model_requests"),
            tier="batch" if record.get("batch") is True else tier_named(text(record, "service_tier")),
            scope=text(record, "project_id"),
            where=place,
        )
        if not text(record, "model"):
            yield Warned(message=NAMELESS)

    def _cost(self, record: Record) -> Iterator[Parsed]:
        start, end = span(record, "start_time", "end_time")
        if self._foreign(record):
            yield PassedOver(rows=1)
            return
        model, tier, component = _sold(text(record, "line_item"))
        yield CostFact(
            provider=PROVIDER,
            model_raw=model,
            start=start,
            end=end,
            amount=money(part(record, "amount"), "value"),
            basis=Basis.BILLED,
            tier=tier,
            component=component,
            scope=text(record, "project_id"),
        )

    def _foreign(self, record: Record) -> bool:
        """Whether a record is of a project that is not asked for."""
        return bool(self.project_ids) and text(record, "project_id") not in self.project_ids


def _sold(line_item: str) -> tuple[str, str, str]:
    """The model, the tier and the component of tokens behind a line item, such as `gpt-4o-2024-08-06, input_tokens`.

    What names no kind of tokens is `other`; where no comma sets a model apart, the money belongs to no model.
    """
    model, comma, kind = line_item.rpartition(", ")
    words = kind.lower().replace("_", " ").replace("(", " ").replace(")", " ").split()
    tier = next((word for word in words if word in TIERS), ON_DEMAND)
    component = COMPONENTS.get(" ".join(word for word in words if word not in (*TIERS, "tokens")), "")
    if not comma or not line_item:
        return "", ON_DEMAND, "other" if line_item else ""
    return model.strip(), tier, component or "other"
