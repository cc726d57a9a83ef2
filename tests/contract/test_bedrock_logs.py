"""Bedrock's invocation logs keep the promises of a relation, from a folder and from S3."""

from __future__ import annotations

import gzip
import json
from collections.abc import Iterable, Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from advisor.contract.source import Relation
from advisor.contract.testing.source import RelationKit
from advisor.domain.facts import Pull, PullStatus, Tokens
from advisor.domain.units import Month, Window
from advisor.errors import ConfigError
from advisor.ingest.runner import pull
from advisor.registry import build_source
from tests.aws_server import Aws

NOW = datetime(2026, 11, 24, 12, tzinfo=UTC)
OCTOBER = Month(2026, 10).window
LOGS = "logs/AWSLogs/111122223333/BedrockModelInvocationLogs"
CANARY = "the prompt of a customer"


def call(request_id: str, at: str = "2026-10-05T08:00:00Z", **counts: int) -> dict[str, Any]:
    own = {"inputTokenCount": 100, "outputTokenCount": 10, **counts}
    written = {"outputTokenCount": own.pop("outputTokenCount")} if own["outputTokenCount"] >= 0 else {}
    return {
        "schemaType": "ModelInvocationLog",
        "timestamp": at,
        "requestId": request_id,
        "modelId": "us.meta.llama3-1-70b-instruct-v1:0",
        "input": {"inputContentType": "application/json", "inputBodyJson": {"prompt": CANARY}, **own},
        "output": {"outputContentType": "application/json", "outputBodyJson": [CANARY], **written},
    }


def failed(request_id: str, at: str = "2026-10-05T08:00:00Z") -> dict[str, Any]:
    return {
        "timestamp": at,
        "requestId": request_id,
        "modelId": "meta.llama3-1-70b-instruct-v1:0",
        "errorCode": "ThrottlingException",
        "input": {"inputContentType": "application/json"},
    }


def packed(records: Iterable[Mapping[str, Any]]) -> bytes:
    return gzip.compress("".join(json.dumps(record) + "\n" for record in records).encode())


def key(hour: str, region: str = "us-east-1") -> str:
    return f"{LOGS}/{region}/{hour}/20261005T080000000Z_0a1b.json.gz"


def logs(path: str, folder: Path = Path(), **settings: Any) -> Relation:
    source = build_source({"name": "calls", "kind": "bedrock-logs", "path": path, **settings}, folder, {})
    assert isinstance(source, Relation)
    return source


def read(aws: Aws, path: str = "s3://trail/logs", window: Window = OCTOBER) -> Pull:
    return pull(logs(path, endpoint_url=aws.url), window, NOW)


class TestBedrockLogs(RelationKit):
    window = OCTOBER
    record = call("a", cacheReadInputTokenCount=7, cacheWriteInputTokenCount=3)

    def source(self) -> Relation:
        return logs("s3://trail/logs", role_arn="arn:aws:iam::111122223333:role/reader", external_id="x")


def test_cached_tokens_are_beside_the_input_and_bodies_are_nowhere(tmp_path: Path) -> None:
    file = tmp_path / key("2026/10/05/08")
    file.parent.mkdir(parents=True)
    file.write_bytes(packed([call("a", cacheReadInputTokenCount=900, cacheWriteInputTokenCount=50), call("b")]))
    found = pull(logs(str(tmp_path)), OCTOBER, NOW)
    (fact,) = found.usage
    assert fact.tokens == Tokens(uncached_input=2 * 100, cache_read=900, cache_write=50, output=2 * 10)
    assert (fact.requests, fact.width_seconds, fact.provider) == (2, 300, "aws.bedrock")
    assert found.status is PullStatus.OK
    assert CANARY not in repr(found)


def test_records_of_older_bedrock_without_cache_counts_are_read(tmp_path: Path) -> None:
    (tmp_path / "a.json.gz").write_bytes(packed([call("a")]))
    (fact,) = pull(logs(str(tmp_path)), OCTOBER, NOW).usage
    assert (fact.tokens.cache_read, fact.tokens.cache_write) == (None, None), "not said is not zero"


def test_failed_calls_are_counted_apart_and_are_no_bad_rows(tmp_path: Path) -> None:
    outside = failed("x", "2026-09-05T08:00:00Z")
    (tmp_path / "a.json").write_text("\n".join(map(json.dumps, [call("a"), failed("b"), failed("c"), outside])))
    found = pull(logs(str(tmp_path)), OCTOBER, NOW)
    assert (found.status, found.rejected, found.problems) == (PullStatus.OK, 0, ())
    assert sum(fact.requests or 0 for fact in found.usage) == 1
    assert found.warnings == ("2 of 3 requests failed and used no tokens: they are counted apart",)


def test_a_failed_call_that_used_tokens_counts(tmp_path: Path) -> None:
    broken_off = {**call("a"), "errorCode": "ModelStreamErrorException"}
    (tmp_path / "a.json").write_text(json.dumps(broken_off))
    (fact,) = pull(logs(str(tmp_path)), OCTOBER, NOW).usage
    assert fact.tokens.output == 10


def test_an_embedding_puts_out_nothing(tmp_path: Path) -> None:
    (tmp_path / "a.json").write_text(json.dumps(call("a", outputTokenCount=-1)))
    (fact,) = pull(logs(str(tmp_path)), OCTOBER, NOW).usage
    assert fact.tokens == Tokens(uncached_input=100, output=0)


def test_a_call_without_counts_and_without_an_error_is_refused_by_name(tmp_path: Path) -> None:
    bare = call("a")
    bare["input"].pop("inputTokenCount")
    bare["output"].pop("outputTokenCount")
    (tmp_path / "a.json").write_text("\n".join(map(json.dumps, [call("b"), bare])))
    found = pull(logs(str(tmp_path)), OCTOBER, NOW)
    assert found.status is PullStatus.PARTIAL
    assert [str(problem) for problem in found.problems] == ["a.json:2: input_tokens is missing"]


def test_s3_is_read_day_by_day_and_only_where_the_window_is(aws: Aws) -> None:
    days = {
        "2026/08/30": "2026-08-30T08:00:00Z",
        "2026/10/05": "2026-10-05T08:00:00Z",
        "2026/11/09": "2026-11-09T08:00:00Z",
    }
    for region in ("us-east-1", "eu-central-1"):
        for day, at in days.items():
            aws.put("trail", key(f"{day}/08", region), packed([call(region + day, at)]))
    found = read(aws)
    assert found.status is PullStatus.OK, found.warnings
    assert sum(fact.requests or 0 for fact in found.usage) == 2
    assert sorted(request["Key"] for request in aws.of("GetObject")) == [
        key("2026/10/05/08", region) for region in ("eu-central-1", "us-east-1")
    ]
    listed = {request["prefix"] for request in aws.of("ListObjectsV2")}
    assert not any("/2026/08/" in prefix or "/2026/11/09" in prefix for prefix in listed)


def test_a_record_that_was_delivered_on_the_next_day_still_counts(aws: Aws) -> None:
    aws.put("trail", key("2026/11/01/00"), packed([call("a", "2026-10-31T23:59:30Z")]))
    (fact,) = read(aws).usage
    assert fact.start == datetime(2026, 10, 31, 23, 55, tzinfo=UTC)


def test_a_record_that_was_delivered_twice_counts_once(aws: Aws) -> None:
    aws.put("trail", key("2026/10/05/08"), packed([call("a"), call("b")]))
    aws.put("trail", key("2026/10/05/09"), packed([call("b"), call("c")]))
    found = read(aws)
    assert sum(fact.requests or 0 for fact in found.usage) == 3
    assert any("1 record repeats a request_id" in warning for warning in found.warnings)


def test_payloads_and_the_proof_of_permission_are_never_fetched(aws: Aws) -> None:
    aws.put("trail", key("2026/10/05/08"), packed([call("a")]))
    payloads = f"{LOGS}/us-east-1/2026/10/05/08/data"
    for name in ("9f_input.json.gz", "9f_output.json.gz", "9f_output.png"):
        aws.put("trail", f"{payloads}/{name}", CANARY)
    aws.put("trail", f"{LOGS}/amazon-bedrock-logs-permission-check", "")
    assert read(aws).status is PullStatus.OK
    assert [request["Key"] for request in aws.of("GetObject")] == [key("2026/10/05/08")]


def test_silence_in_the_window_is_a_failure_and_not_zero(aws: Aws) -> None:
    aws.put("trail", key("2026/08/30/08"), packed([call("a", "2026-08-30T08:00:00Z")]))
    found = read(aws)
    assert found.status is PullStatus.FAILED
    assert "s3://trail/logs holds nothing that can be of 2026-10-01 to 2026-11-01" in found.warnings[0]


def test_a_bad_line_is_named_by_its_address(aws: Aws) -> None:
    aws.put("trail", key("2026/10/05/08"), packed([call("a"), {"timestamp": "yesterday", "requestId": "b"}]))
    (problem,) = read(aws).problems
    assert problem.where == "20261005T080000000Z_0a1b.json.gz:2"
    aws.put("trail", key("2026/10/05/09"), packed([{"timestamp": "yesterday", "requestId": "b"}]))
    assert [one.where for one in read(aws).problems] == [
        f"s3://trail/{key(hour)}:{line}" for hour, line in (("2026/10/05/08", 2), ("2026/10/05/09", 1))
    ]


def test_a_refused_object_fails_the_read_with_the_action_to_allow(aws: Aws) -> None:
    aws.put("trail", key("2026/10/05/08"), packed([call("a")]))
    aws.refuse("GetObject", "AccessDenied", status=403, message="not authorized to perform kms:Decrypt")
    found = read(aws)
    assert found.status is PullStatus.FAILED
    assert "no access: AWS refuses s3:GetObject" in found.warnings[0]
    assert "kms:Decrypt" in found.warnings[0]
    assert found.warnings[1] == "allow s3:GetObject to this profile or role"


def test_the_real_sample_adds_up(samples: Path) -> None:
    found = pull(logs(str(samples / "generated/bedrock_logs")), Window(datetime(2025, 6, 1, tzinfo=UTC), NOW), NOW)
    assert sum(fact.tokens.input for fact in found.usage) == 4_198_063
    assert sum(fact.tokens.output for fact in found.usage) == 50_659
    assert found.status is PullStatus.OK


@pytest.mark.parametrize(
    ("settings", "fault"),
    [
        ({"external_id": "x"}, "role_arn"),
        ({"role_arn": "reader"}, "role_arn"),
        ({"endpoint_url": "http://proxy.example"}, "in the clear"),
    ],
)
def test_settings_that_cannot_work_are_refused(settings: dict[str, Any], fault: str) -> None:
    with pytest.raises(ConfigError) as refusal:
        logs("s3://trail", **settings)
    assert fault in refusal.value.message
