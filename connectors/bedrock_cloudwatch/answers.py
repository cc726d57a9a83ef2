"""Asks CloudWatch for the counts of some models, and merges the pages of its answer."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from advisor.contract.aws import NoAccessError, asking
from advisor.contract.source import Lost, Record, Warned
from advisor.errors import SourceError

from .spans import Span

QUERIES_PER_CALL = 500


@dataclass(frozen=True, slots=True, kw_only=True)
class Namespace:
    """Where one of Bedrock's endpoints counts. `metrics` are names by what they count; summed over one dimension."""

    name: str
    dimension: str
    metrics: Mapping[str, str]


# The second counts the OpenAI-compatible endpoint at four levels: only the one by model is read.
NAMESPACES = (
    Namespace(
        name="AWS/Bedrock",
        dimension="ModelId",
        metrics={
            "input": "InputTokenCount",
            "output": "OutputTokenCount",
            "cache_read": "CacheReadInputTokenCount",
            "cache_write": "CacheWriteInputTokenCount",
            "requests": "Invocations",
        },
    ),
    Namespace(
        name="AWS/BedrockMantle",
        dimension="Model",
        metrics={"input": "TotalInputTokens", "output": "TotalOutputTokens", "requests": "Inferences"},
    ),
)
TOKENS = ("input", "output", "cache_read", "cache_write")


@dataclass(frozen=True, slots=True, kw_only=True)
class Answers:
    """What CloudWatch says of some models in one span: values by model and count, and how far each series came.

    `status` is AWS's own word, `Complete` where all is there.
    """

    namespace: Namespace
    span: Span
    region: str
    values: Mapping[tuple[str, str], Mapping[datetime, float]]
    status: Mapping[tuple[str, str], str]
    messages: Sequence[str]

    def said(self) -> Iterator[Warned | Lost]:
        """What to know beside the values. Raises SourceError where CloudWatch refuses or fails."""
        for (model, count), status in self.status.items():
            if status == "Complete":
                continue
            what = f"{self.region}: {self.namespace.metrics[count]} of {model} from {self.span.start:%Y-%m-%d %H:%M}"
            if status == "Forbidden":
                raise NoAccessError(f"{what}: no access", "allow cloudwatch:GetMetricData to this profile or role")
            if status == "InternalError":
                raise SourceError(f"{what}: CloudWatch failed", "try again later", transient=True)
            yield Lost(message=f"{what} is not complete: {status}")
        yield from (Warned(message=f"{self.region}: CloudWatch says {message}") for message in self.messages)


def ask(client: Any, namespace: Namespace, models: Sequence[str], span: Span, region: str) -> Answers:
    """Ask for all counts of *models*, at most `QUERIES_PER_CALL`. Raises SourceError where CloudWatch does not answer.

    A series may be spread over pages: it is `PartialData` on all but the last of them.
    """
    asked = {f"q{n}": pair for n, pair in enumerate((m, c) for m in models for c in namespace.metrics)}
    values: dict[tuple[str, str], dict[datetime, float]] = defaultdict(dict)
    status = dict.fromkeys(asked.values(), "no answer")
    messages: list[str] = []
    request = {
        "MetricDataQueries": [_query(name, namespace, *pair, span.period) for name, pair in asked.items()],
        "StartTime": span.start,
        "EndTime": span.end,
        "ScanBy": "TimestampAscending",
    }
    seen: set[str] = set()
    while True:
        with asking("cloudwatch:GetMetricData", region):
            page = client.get_metric_data(**request)
        for result in page["MetricDataResults"]:
            pair = asked[result["Id"]]
            moments = [moment.astimezone(UTC) for moment in result.get("Timestamps", ())]
            if len(moments) != len(result.get("Values", ())):
                what = f"{namespace.metrics[pair[1]]} of {pair[0]} with {len(moments)} times"
                raise SourceError(f"{region}: CloudWatch gives {what} and not as many values", "run again later")
            for moment, value in zip(moments, result.get("Values", ()), strict=True):
                if moment in values[pair]:
                    what = f"{namespace.metrics[pair[1]]} of {pair[0]} twice at {moment:%Y-%m-%d %H:%M}"
                    raise SourceError(f"{region}: CloudWatch gives {what}", "run again later", transient=True)
                values[pair][moment] = value
            status[pair] = result.get("StatusCode", "Complete")
        messages += [f"{one.get('Code')}: {one.get('Value')}" for one in page.get("Messages", ())]
        cursor = page.get("NextToken")
        if not cursor:
            break
        if cursor in seen:
            raise SourceError(f"{region}: the pages of CloudWatch lead in a circle", "run again later", transient=True)
        seen.add(cursor)
        request["NextToken"] = cursor
    return Answers(namespace=namespace, span=span, region=region, values=values, status=status, messages=messages)


def _query(name: str, namespace: Namespace, model: str, count: str, period: int) -> dict[str, Any]:
    metric = {
        "Namespace": namespace.name,
        "MetricName": namespace.metrics[count],
        "Dimensions": [{"Name": namespace.dimension, "Value": model}],
    }
    # No unit: with one that differs from what is stored, CloudWatch gives nothing.
    return {"Id": name, "MetricStat": {"Metric": metric, "Period": period, "Stat": "Sum"}}


def records(answers: Answers, model: str, name: str) -> Iterator[Record]:
    """A record for each bucket of a model that has tokens. A count without any value in the span is not counted at all.

    Calls without tokens are those that failed, and those that make images.
    """
    series = {count: answers.values.get((model, count), {}) for count in (*TOKENS, "requests")}
    without_tokens = 0.0
    for moment in sorted({moment for values in series.values() for moment in values}):
        counts = {count: values.get(moment, 0.0) if values else None for count, values in series.items()}
        if not any(counts[count] for count in TOKENS):
            without_tokens += counts["requests"] or 0
            continue
        yield {
            "region": answers.region,
            "model": name,
            "at": moment.isoformat(),
            "width": answers.span.period,
            **counts,
            "input": counts["input"] or 0.0,
            "output": counts["output"] or 0.0,
        }
    if without_tokens:
        day = f"{answers.span.start:%Y-%m-%d}"
        calls = f"{without_tokens:,.0f} calls of {name} in the days from {day} used no tokens"
        yield {"said": Warned(message=f"{answers.region}: {calls}: failed ones or images, counted apart")}
