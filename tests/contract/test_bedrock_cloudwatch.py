"""Bedrock's metrics keep the promises of a records source, whatever CloudWatch does."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import UTC, datetime, timedelta
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest
from advisor.connectors.bedrock_cloudwatch.spans import spans

from advisor.contract.source import Record, Records
from advisor.contract.testing.source import RecordsKit
from advisor.domain.facts import Pull, PullStatus, Tokens
from advisor.domain.units import Window
from advisor.errors import ConfigError, SourceError
from advisor.ingest.runner import pull
from advisor.registry import build_source
from tests.aws_server import Aws
from tests.cloudwatch import Metrics

NOON = datetime.now(UTC).replace(hour=12, minute=0, second=0, microsecond=0)
YESTERDAY = NOON - timedelta(days=1)
LAST_WEEK = Window(YESTERDAY - timedelta(days=7), NOON)
LLAMA = "meta.llama3-1-70b-instruct-v1:0"
PROFILE = "arn:aws:bedrock:us-east-1:111122223333:application-inference-profile/ab12cd34ef56"


def source_of(aws: Aws, **settings: Any) -> Records:
    table = {"name": "aws", "kind": "bedrock-cloudwatch", "regions": ["us-east-1"], "endpoint_url": aws.url}
    source = build_source({**table, **settings}, Path(), {})
    assert isinstance(source, Records)
    return source


def read(aws: Aws, window: Window = LAST_WEEK, **settings: Any) -> Pull:
    return pull(source_of(aws, **settings), window, datetime.now(UTC))


@pytest.fixture
def metrics(aws: Aws) -> Metrics:
    metrics = Metrics(aws)
    aws.replies["ListFoundationModels"] = lambda asked: {"modelSummaries": [{"modelId": LLAMA, "modelArn": "arn"}]}
    aws.replies["ListInferenceProfiles"] = lambda asked: {"inferenceProfileSummaries": []}
    return metrics


def called(metrics: Metrics, at: datetime = YESTERDAY, model: str = LLAMA, **counts: float) -> None:
    names = {"input": "InputTokenCount", "output": "OutputTokenCount", "requests": "Invocations"}
    names |= {"cache_read": "CacheReadInputTokenCount", "cache_write": "CacheWriteInputTokenCount"}
    for count, value in {"input": 100, "output": 10, "requests": 1, **counts}.items():
        metrics.count(names[count], at, value, ModelId=model)


class TestBedrockCloudWatch(RecordsKit):
    window = LAST_WEEK

    @pytest.fixture(autouse=True)
    def _metrics(self, metrics: Metrics) -> None:
        self.metrics = metrics
        called(metrics, cache_read=7, cache_write=3)

    def source(self) -> Records:
        return source_of(self.metrics.aws)

    def records(self) -> Iterable[Record]:
        return self.source().pull(self.window)


def test_five_minutes_of_a_model_are_one_bucket_with_cached_tokens_beside_the_input(metrics: Metrics) -> None:
    called(metrics, YESTERDAY, input=2, output=200, cache_read=95_500, cache_write=40)
    called(metrics, YESTERDAY + timedelta(minutes=4), input=3)
    found = read(metrics.aws)
    (fact,) = found.usage
    assert fact.tokens == Tokens(uncached_input=2 + 3, cache_read=95_500, cache_write=40, output=200 + 10)
    assert (fact.start, fact.width_seconds, fact.requests) == (YESTERDAY, 300, 2)
    assert (fact.provider, fact.model_raw, fact.scope) == ("aws.bedrock", LLAMA, "us-east-1")
    assert (found.status, found.warnings) == (PullStatus.OK, ())


def test_a_model_that_never_cached_has_unknown_cached_tokens(metrics: Metrics) -> None:
    called(metrics)
    (fact,) = read(metrics.aws).usage
    assert (fact.tokens.cache_read, fact.tokens.cache_write) == (None, None)


def test_the_openai_compatible_endpoint_is_counted_at_one_of_its_four_levels(metrics: Metrics) -> None:
    called(metrics)
    for dimensions in (
        {},
        {"Project": "p"},
        {"Model": "openai.gpt-oss-120b"},
        {"Project": "p", "Model": "openai.gpt-oss-120b"},
    ):
        for metric, value in (("TotalInputTokens", 40), ("TotalOutputTokens", 4), ("Inferences", 2)):
            metrics.count(metric, YESTERDAY, value, namespace="AWS/BedrockMantle", **dimensions)
    counted = {fact.model_raw: (fact.tokens.total, fact.requests) for fact in read(metrics.aws).usage}
    assert counted == {LLAMA: (100 + 10, 1), "openai.gpt-oss-120b": (40 + 4, 2)}


def test_every_region_is_asked_and_kept_apart(metrics: Metrics) -> None:
    called(metrics)
    found = read(metrics.aws, regions=["us-east-1", "eu-central-1"])
    assert sorted(fact.scope for fact in found.usage) == ["eu-central-1", "us-east-1"]


def test_more_than_500_series_are_asked_for_in_several_calls(metrics: Metrics) -> None:
    metrics.metrics_per_page = 500
    for n in range(230):
        called(metrics, model=f"vendor.model-{n}", input=n + 1)
    found = read(metrics.aws)
    assert sum(fact.tokens.input for fact in found.usage) == sum(range(1, 231))
    asked = [len(call["MetricDataQueries"]) for call in metrics.aws.of("GetMetricData")]
    assert max(asked) == 500
    assert sum(asked) % (230 * 5) == 0


def test_a_series_that_breaks_off_between_pages_is_put_together(metrics: Metrics) -> None:
    for n in range(12):
        called(metrics, YESTERDAY + n * timedelta(minutes=5), input=2**n)
    metrics.points_per_page = 5
    found = read(metrics.aws)
    assert {fact.start: fact.tokens.input for fact in found.usage} == {
        YESTERDAY + n * timedelta(minutes=5): 2**n for n in range(12)
    }
    assert {fact.tokens.output for fact in found.usage} == {10}
    assert found.status is PullStatus.OK


def test_pages_that_lead_in_a_circle_end_the_read(metrics: Metrics) -> None:
    called(metrics)
    metrics.aws.replies["GetMetricData"] = lambda asked: {**metrics.data(asked), "NextToken": "0"}
    found = read(metrics.aws)
    assert (found.status, len(found.usage)) == (PullStatus.FAILED, 0)
    assert "lead in a circle" in found.warnings[0]


def test_data_that_stays_partial_makes_the_read_partial(metrics: Metrics) -> None:
    called(metrics)
    metrics.statuses["OutputTokenCount"] = "PartialData"
    found = read(metrics.aws)
    assert found.status is PullStatus.PARTIAL
    assert f"OutputTokenCount of {LLAMA}" in found.warnings[0]


@pytest.mark.parametrize(("status", "said"), [("Forbidden", "no access"), ("InternalError", "CloudWatch failed")])
def test_a_series_that_is_refused_fails_the_read(metrics: Metrics, status: str, said: str) -> None:
    called(metrics)
    metrics.statuses["InputTokenCount"] = status
    found = read(metrics.aws)
    assert (found.status, found.usage) == (PullStatus.FAILED, ())
    assert said in found.warnings[0]


@pytest.mark.parametrize("operation", ["ListMetrics", "GetMetricData"])
def test_a_missing_permission_is_no_access_and_never_zero(metrics: Metrics, operation: str) -> None:
    called(metrics)
    metrics.aws.refuse(operation, "AccessDeniedException", status=403)
    found = read(metrics.aws)
    assert found.status is PullStatus.FAILED
    assert f"us-east-1: no access: AWS refuses cloudwatch:{operation}" in found.warnings[0]
    assert found.warnings[1] == f"allow cloudwatch:{operation} to this profile or role"


def test_throttling_is_waited_out(metrics: Metrics) -> None:
    called(metrics)
    metrics.aws.refuse("GetMetricData", "ThrottlingException")
    assert read(metrics.aws).status is PullStatus.OK


def test_older_buckets_are_hours_because_nothing_finer_is_kept(metrics: Metrics) -> None:
    called(metrics)
    old = NOON - timedelta(days=90)
    for minutes in (5, 20):
        called(metrics, old + timedelta(minutes=minutes))
    found = read(metrics.aws, Window(NOON - timedelta(days=100), NOON))
    assert {(fact.start, fact.width_seconds): fact.requests for fact in found.usage} == {
        (YESTERDAY, 300): 1,
        (old, 3600): 2,
    }


def test_models_without_calls_for_two_weeks_are_found_all_the_same(metrics: Metrics) -> None:
    profile = f"us.{LLAMA}"
    summary = {"inferenceProfileId": profile, "inferenceProfileArn": "arn", "models": []}
    metrics.aws.replies["ListInferenceProfiles"] = lambda asked: {
        "inferenceProfileSummaries": [summary] if asked["type"] == "SYSTEM_DEFINED" else []
    }
    for model in (LLAMA, profile):
        called(metrics, NOON - timedelta(days=30), model=model)
    found = read(metrics.aws, Window(NOON - timedelta(days=40), NOON))
    assert sorted(fact.model_raw for fact in found.usage) == [LLAMA, profile]


def test_without_the_list_of_models_an_older_month_is_not_whole(metrics: Metrics) -> None:
    called(metrics)
    metrics.aws.refuse("ListFoundationModels", "AccessDeniedException", status=403)
    found = read(metrics.aws, Window(NOON - timedelta(days=40), NOON))
    assert found.status is PullStatus.PARTIAL
    assert "bedrock:ListFoundationModels" in found.warnings[0]
    assert sum(fact.requests or 0 for fact in found.usage) == 1


def test_calls_of_an_application_inference_profile_count_for_its_model(metrics: Metrics) -> None:
    called(metrics, model=PROFILE)
    called(metrics, model="ab12cd34ef57")
    models = [
        {"modelArn": f"arn:aws:bedrock:{region}::foundation-model/{LLAMA}"} for region in ("us-east-1", "us-west-2")
    ]

    def summaries(asked: dict[str, Any]) -> dict[str, Any]:
        if asked["type"] != "APPLICATION":
            return {"inferenceProfileSummaries": []}
        ids = ("ab12cd34ef56", PROFILE), ("ab12cd34ef57", PROFILE.replace("f56", "f57"))
        page = int(asked.get("nextToken", "0"))
        own = {"inferenceProfileId": ids[page][0], "inferenceProfileArn": ids[page][1], "models": models}
        return {"inferenceProfileSummaries": [own], **({} if page else {"nextToken": "1"})}

    metrics.aws.replies["ListInferenceProfiles"] = summaries
    found = read(metrics.aws)
    assert {fact.model_raw for fact in found.usage} == {LLAMA}
    assert sum(fact.requests or 0 for fact in found.usage) == 2


def test_a_profile_that_cannot_be_resolved_keeps_its_name_and_is_told(metrics: Metrics) -> None:
    called(metrics, model=PROFILE)
    metrics.aws.refuse("ListInferenceProfiles", "AccessDeniedException", status=403)
    found = read(metrics.aws)
    assert [fact.model_raw for fact in found.usage] == [PROFILE]
    assert "bedrock:ListInferenceProfiles" in found.warnings[0]
    assert found.status is PullStatus.OK


def test_calls_without_tokens_are_told_and_no_traffic(metrics: Metrics) -> None:
    called(metrics)
    metrics.count("Invocations", YESTERDAY, 4, ModelId="amazon.nova-canvas-v1:0")
    found = read(metrics.aws)
    assert [fact.model_raw for fact in found.usage] == [LLAMA]
    assert "4 calls of amazon.nova-canvas-v1:0" in found.warnings[0]


def test_a_bucket_that_still_fills_is_left_for_the_next_read(metrics: Metrics) -> None:
    called(metrics)
    now = datetime.now(UTC)
    called(metrics, now.replace(second=0, microsecond=0) - timedelta(minutes=1))
    found = read(metrics.aws, Window(LAST_WEEK.start, now))
    assert [fact.start for fact in found.usage] == [YESTERDAY]


def test_a_role_is_assumed_with_its_external_id(metrics: Metrics) -> None:
    called(metrics)
    role = "arn:aws:iam::444455556666:role/reader"
    assert read(metrics.aws, role_arn=role, external_id="agreed").status is PullStatus.OK
    (asked,) = metrics.aws.of("AssumeRole")
    assert (asked["RoleArn"], asked["ExternalId"]) == (role, "agreed")
    assert dict(metrics.aws.callers) == {
        "AssumeRole": "CALLERKEY",
        "ListMetrics": "ROLEKEY",
        "GetMetricData": "ROLEKEY",
    }


def test_check_asks_for_both_permissions_and_reads_no_model(metrics: Metrics) -> None:
    source = source_of(metrics.aws)
    source.check()
    assert [name for name, _ in metrics.aws.asked] == ["ListMetrics", "GetMetricData"]
    metrics.aws.refuse("GetMetricData", "AccessDeniedException", status=403)
    with pytest.raises(SourceError, match="cloudwatch:GetMetricData"):
        source.check()


NOW = datetime(2026, 11, 24, 12, 7, tzinfo=UTC)


def test_the_finest_period_that_is_kept_is_asked_for_in_calls_of_bounded_size() -> None:
    found = list(spans(Window(datetime(2026, 7, 1, 0, 30, tzinfo=UTC), NOW), NOW))
    assert all(one.end == two.start for one, two in pairwise(found)), "without a gap or overlap"
    assert (found[0].start, found[-1].end) == (
        datetime(2026, 7, 1, 1, tzinfo=UTC),
        datetime(2026, 11, 24, 11, 50, tzinfo=UTC),
    )
    assert {one.period for one in found if NOW - one.start > timedelta(days=63)} == {3600}
    assert {one.period for one in found if NOW - one.start < timedelta(days=62)} == {300}
    assert all(one.end - one.start <= timedelta(seconds=2016 * one.period) for one in found)


def test_what_is_no_longer_kept_is_not_asked_for() -> None:
    assert list(spans(Window(NOW - timedelta(days=500), NOW - timedelta(days=460)), NOW)) == []


@pytest.mark.parametrize("regions", [[], ["us-east-1", "us-east-1"], ["Virginia"], [""]])
def test_regions_are_named_once_each_as_aws_writes_them(regions: list[str]) -> None:
    with pytest.raises(ConfigError, match="regions"):
        build_source({"name": "aws", "kind": "bedrock-cloudwatch", "regions": regions}, Path(), {})
