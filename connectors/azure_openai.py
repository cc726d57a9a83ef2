"""Azure OpenAI: hourly tokens and requests of its accounts, from the metrics of Azure Monitor. It states no money."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Annotated, Any, ClassVar, Literal

from pydantic import Field, field_validator

from advisor.contract.api_fields import (
    OddFieldError,
    at_most,
    count,
    count_said,
    moment,
    named,
    translated,
    where,
    whole_hours,
    yesterday,
)
from advisor.contract.endpoint import Endpoint
from advisor.contract.http import Http
from advisor.contract.paging import Once, by, outside, rows
from advisor.contract.settings import SecretRef
from advisor.contract.source import Parsed, PassedOver, Record, Records, Terms, UsageRow, Warned
from advisor.domain.facts import InputIncludes, RowProblem
from advisor.domain.units import HOUR_SECONDS, Window
from advisor.errors import SourceError

PROVIDER = "azure.ai.openai"
ACCOUNT = "/providers/microsoft.cognitiveservices/accounts/"
PERMISSION = "Microsoft.Insights/metrics/read, which the role Monitoring Reader has"
# https://learn.microsoft.com/azure/ai-services/openai/monitor-openai-reference
TOKENS = {"ProcessedPromptTokens": "input", "GeneratedTokens": "output"}
REQUESTS = "AzureOpenAIRequests"
VERSION = "2023-10-01"
KEPT = timedelta(days=93)
"""How long Azure Monitor keeps metrics."""
AT_ONCE = timedelta(days=7)
SERIES_AT_ONCE = 1_000
"""Left out, Azure returns ten series and says nothing of the others."""


class AzureOpenAi(Records):
    """The accounts' own counts, by deployment and model. The prompt holds cached tokens, which no metric counts."""

    terms: ClassVar[Terms | None] = Terms(
        tokens="hour",
        cost="-",
        freshness="minutes; 93 days are kept",
        polling="free",
        permission="Monitoring Reader",
    )
    incremental: ClassVar[bool] = True
    restates: ClassVar[Literal["hours", "days", "months"]] = "hours"
    resource_ids: Annotated[tuple[str, ...], Field(min_length=1)]
    token: SecretRef | None = None
    base_url: Endpoint = "https://management.azure.com/"

    @field_validator("resource_ids")
    @classmethod
    def _accounts(cls, ids: tuple[str, ...]) -> tuple[str, ...]:
        for one in ids:
            if not one.startswith("/subscriptions/") or ACCOUNT not in one.lower():
                raise ValueError(
                    f"{one!r} is no account; write it as /subscriptions/ID/resourceGroups/GROUP/providers/"
                    "Microsoft.CognitiveServices/accounts/NAME"
                )
        return tuple(one.rstrip("/") for one in ids)

    def check(self) -> None:
        """Ask for the requests of yesterday, account by account."""
        with self._http() as http:
            for resource in self.resource_ids:
                list(_series(http, resource, yesterday(), (REQUESTS,), ("ModelName",)))

    def pull(self, window: Window) -> Iterator[Record]:
        hours = whole_hours(window)
        oldest = whole_hours(Window(datetime.now(UTC) - KEPT, datetime.now(UTC))).start + timedelta(hours=1)
        if hours.start < oldest:
            yield {"said": f"Azure Monitor keeps {KEPT.days} days: nothing before {oldest:%Y-%m-%d} can be read"}
            hours = Window(oldest, max(oldest, hours.end))
        found, failed = False, 0
        with self._http() as http:
            for resource in self.resource_ids:
                for part in at_most(hours, AT_ONCE):
                    for record in _hours(http, resource, part):
                        found = True
                        failed += record["failed"]
                        yield record
        if failed:
            yield {"said": f"{failed:,} requests failed or were refused: they need no GPU and are left out"}
        if not found:
            yield {"said": "Azure Monitor has no series of a model in this time", "read": True}

    def parse(self, record: Record) -> Iterator[Parsed]:
        if isinstance(record.get("said"), str):
            yield Warned(message=record["said"])
            if record.get("read") is True:
                yield PassedOver(rows=1)
            return
        if not record.get("model"):
            yield RowProblem(where=where(record, "start", "account"), why="it names neither model nor deployment")
            return
        yield from translated(where(record, "start", "model"), lambda: self._rows(record))

    def _rows(self, record: Record) -> Iterator[Parsed]:
        yield UsageRow(
            provider=PROVIDER,
            model_raw=named(record, "model"),
            start=moment(record, "start"),
            width_seconds=HOUR_SECONDS,
            input_tokens=count(record, "input"),
            output_tokens=count(record, "output"),
            input_includes=InputIncludes.CACHE_READ,
            requests=count_said(record, "requests"),
            scope=named(record, "account"),
            where=where(record, "start", "model"),
        )

    def _http(self) -> Http:
        token = self.token.reveal() if self.token else _own_token(self.base_url)
        return Http(self.base_url, {"Authorization": f"Bearer {token}"}, permission=PERMISSION)


def _hours(http: Http, resource: str, window: Window) -> Iterator[dict[str, Any]]:
    """The hours of an account and model: tokens, requests that succeeded and those that failed. A zero is a count."""
    found: dict[tuple[str, str], dict[str, Any]] = defaultdict(lambda: {"input": 0, "output": 0, "failed": 0})
    for metric, labels, point in _series(http, resource, window, tuple(TOKENS), ("ModelName",)):
        found[point["timeStamp"], _model(labels)][TOKENS[metric]] += _total(point)
    for _, labels, point in _series(http, resource, window, (REQUESTS,), ("ModelName", "StatusCode")):
        status = labels.get("statuscode", "")
        if status:  # without it, whether the request succeeded is not known
            hour = found[point["timeStamp"], _model(labels)]
            name = "requests" if status.startswith("2") else "failed"
            hour[name] = hour.get(name, 0) + _total(point)
    account = resource.rpartition("/")[2]
    for (start, model), counts in sorted(found.items()):
        yield {"start": start, "model": model, "account": account, **counts}


def _series(
    http: Http, resource: str, window: Window, metrics: tuple[str, ...], dimensions: tuple[str, ...]
) -> Iterator[tuple[str, dict[str, str], dict[str, Any]]]:
    """Each hour of each series that has a value: the metric, its dimensions by lower-case name, and the point.

    Raises SourceError where an hour of a series comes twice.
    """
    split = ("ModelDeploymentName", *dimensions)
    answer = http.get(
        f"{resource}/providers/Microsoft.Insights/metrics",
        {
            "api-version": VERSION,
            "metricnames": ",".join(metrics),
            "metricnamespace": "Microsoft.CognitiveServices/accounts",
            "timespan": f"{window.start:%Y-%m-%dT%H:%M:%SZ}/{window.end:%Y-%m-%dT%H:%M:%SZ}",
            "interval": "PT1H",
            "aggregation": "Total",
            "$filter": " and ".join(f"{name} eq '*'" for name in split),
            "top": SERIES_AT_ONCE,
        },
    )
    counted = Once("Azure Monitor", by("timeStamp", "metric", "labels"))
    for metric in rows(answer, "value", "Azure Monitor's answer"):
        name = metric.get("name")
        name = name.get("value") if isinstance(name, dict) else None
        if metric.get("errorCode") not in (None, "Success") or name not in (*TOKENS, REQUESTS):
            raise SourceError(f"Azure Monitor gives no {name}: {metric.get('errorMessage') or metric.get('errorCode')}")
        series = rows(metric, "timeseries", f"the metric {name}")
        if len(series) >= SERIES_AT_ONCE:
            raise SourceError(f"{name} has more series than Azure Monitor returns", "name fewer accounts at a time")
        for one in series:
            labels = {}
            for label in rows(one, "metadatavalues", f"a series of {name}"):
                key = label.get("name")
                labels[str(key.get("value") if isinstance(key, dict) else "").lower()] = str(label.get("value") or "")
            for point in rows(one, "data", f"a series of {name}"):
                if point.get("total") is None or not isinstance(point.get("timeStamp"), str):
                    continue
                if not outside(point, "timeStamp", window):
                    counted.take({**point, "metric": name, "labels": labels})
                    yield name, labels, dict(point)


def _model(labels: dict[str, str]) -> str:
    """The model, or the deployment where Azure does not say of which model it is."""
    model = labels.get("modelname", "")
    return model if model and model.lower() != "unknown" else labels.get("modeldeploymentname", "")


def _total(point: dict[str, Any]) -> int:
    try:
        return count(point, "total")
    except OddFieldError as error:
        raise SourceError(f"Azure Monitor gives a count that is none at {point['timeStamp']}: {error}") from error


def _own_token(base_url: str) -> str:
    """A token of whoever runs this, as azure-identity finds them: environment, managed identity, `az login`."""
    try:
        from azure.core.exceptions import ClientAuthenticationError
        from azure.identity import DefaultAzureCredential
    except ImportError as error:
        raise SourceError(
            "no token is given, and azure-identity, which would find one, is not installed",
            'pip install "inference-advisor[azure]", or set token = { env = "AZURE_TOKEN" }',
        ) from error
    try:
        return str(DefaultAzureCredential().get_token(f"{base_url}.default").token)
    except ClientAuthenticationError as error:
        raise SourceError(
            "Azure knows no credentials here", "run `az login`, or give this machine an identity"
        ) from error
