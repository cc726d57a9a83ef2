"""Tokens and calls of Bedrock from CloudWatch, in 5 minutes or hours, from both of its namespaces."""

from __future__ import annotations

from collections.abc import Collection, Iterator
from datetime import UTC, datetime, timedelta
from itertools import islice
from typing import Annotated, Any, ClassVar, Literal

from pydantic import Field, field_validator

from advisor.contract import aws
from advisor.contract.aws import AwsSettings, NoAccessError, Permission, connect
from advisor.contract.shown import shown
from advisor.contract.source import Lost, Parsed, Record, Records, Terms, UsageRow, Warned
from advisor.domain.facts import ON_DEMAND, InputIncludes, RowProblem
from advisor.domain.units import HOUR_SECONDS, Window

from .answers import NAMESPACES, QUERIES_PER_CALL, ask, records
from .models import LISTED, Known, hides_its_model, known_models, listed_models
from .spans import KEPT, Span, floor, spans

ACTIONS = (
    "cloudwatch:GetMetricData",
    "cloudwatch:ListMetrics",
    "bedrock:ListFoundationModels",
    "bedrock:ListInferenceProfiles",
)
Region = Annotated[str, Field(pattern=r"^[a-z]{2}(-[a-z]+)+-\d$")]


class BedrockCloudWatch(AwsSettings, Records):
    """All calls of an account in some regions, whoever made them. Batch jobs are not among them."""

    terms: ClassVar[Terms | None] = Terms(
        tokens="5 minutes",
        cost="-",
        freshness="15 minutes",
        polling="cents ($0.01 for 1,000 metrics)",
        permission="`cloudwatch:ListMetrics`, `cloudwatch:GetMetricData`, `bedrock:List*`",
    )
    incremental: ClassVar[bool] = True
    restates: ClassVar[Literal["hours", "days", "months"]] = "hours"
    keeps_days: ClassVar[int | None] = KEPT.days - 1
    regions: Annotated[tuple[Region, ...], Field(min_length=1)]
    # A complete answer without values says that there were no calls.
    empty_days: Literal["missing", "zero"] = "zero"

    @field_validator("regions")
    @classmethod
    def _each_once(cls, regions: tuple[str, ...]) -> tuple[str, ...]:
        if len(set(regions)) < len(regions):
            raise ValueError("it names a region twice, which would count its calls twice")
        return regions

    def permissions(self) -> Iterator[Permission]:
        yield from (Permission(action=action) for action in ACTIONS)

    def check(self) -> None:
        now = aws.utc_now()
        for region in self.regions:
            client = connect(self, "cloudwatch", region)
            listed_models(client, NAMESPACES[0], region)
            last_hour = Span(start=floor(now, HOUR_SECONDS) - timedelta(hours=1), end=now, period=HOUR_SECONDS)
            list(ask(client, NAMESPACES[0], ["-"], last_hour, region).said())

    def pull(self, window: Window) -> Iterator[Record]:
        """Yield a record for each model and bucket, and under `said` what there is to know beside them."""
        now = aws.utc_now()
        if window.start < now - KEPT:
            first = f"{now - KEPT:%Y-%m-%d}"
            yield {"said": Lost(message=f"CloudWatch keeps 455 days: nothing before {first} can be read")}
        for region in self.regions:
            yield from self._of_region(region, window, now)

    def _of_region(self, region: str, window: Window, now: datetime) -> Iterator[Record]:
        client = connect(self, "cloudwatch", region)
        listed = {namespace.name: listed_models(client, namespace, region) for namespace in NAMESPACES}
        known = Known(models=frozenset(), profiles={})
        unresolved = {model for models in listed.values() for model in models if hides_its_model(model)}
        backward = window.start < now - LISTED
        if backward or unresolved:
            try:
                known = known_models(connect(self, "bedrock", region), region)
            except NoAccessError as error:
                if backward:
                    why = "models without calls in the last two weeks cannot be found"
                    yield {"said": Lost(message=f"{error.message}: {why}; {error.hint}")}
        for model in sorted(unresolved - known.profiles.keys()):
            fix = "allow bedrock:ListInferenceProfiles, or say with [[workloads]] what it serves"
            yield {"said": Warned(message=f"{region}: the model behind inference profile {model} is unknown: {fix}")}
        for namespace in NAMESPACES:
            for span in spans(window, now):
                asked = set(listed[namespace.name]) | (known.models if span.start < now - LISTED else set())
                for models in _batches(sorted(asked), QUERIES_PER_CALL // len(namespace.metrics)):
                    answers = ask(client, namespace, models, span, region)
                    yield from ({"said": one} for one in answers.said())
                    for model in models:
                        yield from records(answers, model, known.profiles.get(model, model))

    def parse(self, record: Record) -> Iterator[Parsed]:
        said = record.get("said")
        if isinstance(said, Warned | Lost):
            yield said
            return
        where = f"{record.get('region')} {record.get('model')} at {record.get('at')}"
        try:
            model = str(record["model"] or "")
            if not model:
                raise ValueError("it names no model")
            yield UsageRow(
                provider="aws.bedrock",
                model_raw=model,
                start=datetime.fromisoformat(record["at"]).astimezone(UTC),
                width_seconds=int(record["width"]),
                input_tokens=_whole(record["input"]),
                output_tokens=_whole(record["output"]),
                cache_read_tokens=_maybe(record["cache_read"]),
                cache_write_tokens=_maybe(record["cache_write"]),
                requests=_maybe(record["requests"]),
                input_includes=InputIncludes.NOTHING,
                tier="provisioned" if "provisioned-model/" in model else ON_DEMAND,
                scope=str(record["region"]),
                where=where,
            )
        except (KeyError, TypeError, ValueError, OverflowError) as error:
            yield RowProblem(where=where, why=f"{type(error).__name__}: {error}")


def _batches(models: Collection[str], size: int) -> Iterator[list[str]]:
    rest = iter(models)
    while batch := list(islice(rest, size)):
        yield batch


def _whole(value: Any) -> int:
    """A count, which CloudWatch sends as a floating-point number: exact up to 2**53."""
    if isinstance(value, bool) or not isinstance(value, int | float) or value != int(value):
        raise ValueError(f"{shown(value)} is no whole number")
    return int(value)


def _maybe(value: Any) -> int | None:
    return None if value is None else _whole(value)
