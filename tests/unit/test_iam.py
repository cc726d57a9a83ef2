"""The policy that is printed is what sources call on AWS, and on what: no action fewer, and none more."""

from __future__ import annotations

import json
import re
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from botocore.client import BaseClient

from advisor.contract.source import Source
from advisor.domain.facts import PullStatus
from advisor.domain.units import Month, Window
from advisor.iam import ANYONE, Policy, policy_for
from advisor.ingest.runner import pull
from advisor.registry import SOURCES, build_source, kinds
from tests.aws_server import Aws
from tests.cloudwatch import Metrics
from tests.unit.bills import cur, focus, text

ROLE = "arn:aws:iam::111122223333:role/finance/reader"
NOW = datetime(2026, 11, 24, 12, tzinfo=UTC)
OCTOBER = Month(2026, 10).window
ACTIONS = {"s3:ListObjectsV2": "s3:ListBucket", "s3:HeadObject": "s3:GetObject"}  # all others are named as the call is
LOG = '{"at": "2026-10-05T08:00:00Z", "model": "m", "in": 100, "out": 10}\n'
CALL = {
    "timestamp": "2026-10-05T08:00:00Z",
    "requestId": "a",
    "modelId": "m",
    "input": {"inputTokenCount": 100},
    "output": {"outputTokenCount": 10},
}
SPENT: dict[str, Any] = {
    "request_id": "a",
    "startTime": "2026-10-05T08:00:00Z",
    "model": "m",
    "custom_llm_provider": "bedrock",
}
SPENT |= {"prompt_tokens": 100, "completion_tokens": 10, "spend": 0.5, "metadata": {}}
COLUMNS = {"timestamp": "at", "model": "model", "input_tokens": "in", "output_tokens": "out"}
FILES: dict[str, tuple[str, dict[str, Any]]] = {
    "request-log": (LOG, {"columns": COLUMNS, "provider": "aws"}),
    "invoice-csv": (
        "day,model,in,out,usd\n2026-10-05,m,100,10,0.5\n",
        {
            "columns": {"date": "day", "model": "model", "input_tokens": "in", "output_tokens": "out", "amount": "usd"},
            "currency": "USD",
        },
    ),
    "focus": (text([focus()]), {}),
    "aws-cur": (text([cur()]), {}),
    "bedrock-logs": (json.dumps(CALL), {}),
}

Call = tuple[str, str, dict[str, Any]]


@pytest.fixture
def calls(monkeypatch: pytest.MonkeyPatch) -> list[Call]:
    """Every call that goes through botocore: its action, who asks, and its parameters."""
    made: list[Call] = []
    real = BaseClient._make_api_call

    def spy(self: Any, operation: str, parameters: dict[str, Any]) -> Any:
        service = self.meta.service_model.service_name
        named = f"{service}:{operation}"
        credentials = self._request_signer._credentials
        who = ANYONE if operation == "AssumeRole" or credentials.method != "assume-role-of-a-source" else ROLE
        made.append((ACTIONS.get(named, named), who, parameters))
        return real(self, operation, parameters)

    monkeypatch.setattr(BaseClient, "_make_api_call", spy)
    return made


def source_of(aws: Aws, kind: str, **settings: Any) -> Source:
    return build_source({"name": "one", "kind": kind, "endpoint_url": aws.url, **settings}, Path(), {})


def policy_of(*sources: Source, partition: str = "aws") -> Policy:
    policy = policy_for(sources, partition)
    assert policy is not None
    return policy


def held_by(policy: Policy, who: str) -> list[dict[str, Any]]:
    return [one for one in policy.document["Statement"] if one["Sid"] in policy.sids.get(who, ())]


def granted(policy: Policy) -> set[tuple[str, str]]:
    """What is allowed, with to whom."""
    return {
        (action, who)
        for who in policy.sids
        for one in held_by(policy, who)
        if one["Effect"] == "Allow"
        for action in one["Action"]
    }


def matches(pattern: str, value: str) -> bool:
    """As IAM matches: `*` is anything, slashes too, `?` one character, and `${$}` a dollar."""
    spelt = re.escape(pattern.replace("${$}", "$")).replace(r"\*", ".*").replace(r"\?", ".")
    return re.fullmatch(spelt, value) is not None


def allows(policy: Policy, call: Call) -> bool:
    """Whether IAM would let that call pass."""
    action, who, asked = call
    on = "arn:aws:s3:::" + "/".join(str(asked[name]) for name in ("Bucket", "Key") if name in asked)
    on = asked.get("RoleArn", on)
    effects = {
        one["Effect"]
        for one in held_by(policy, who)
        if action in one["Action"]
        and any(matches(resource, on) for resource in one["Resource"])
        and all(
            any(matches(prefix, asked.get("Prefix", "")) for prefix in condition["s3:prefix"])
            for condition in one.get("Condition", {}).values()
        )
    }
    return effects == {"Allow"}


def asked_exactly(source: Source, calls: list[Call]) -> None:
    policy = policy_of(source)
    assert {(action, who) for action, who, _ in calls} == granted(policy)
    assert [call for call in calls if not allows(policy, call)] == []


@pytest.fixture
def services(aws: Aws) -> Aws:
    """CloudWatch with a call of yesterday, Bedrock with a model, and Cost Explorer with a charge."""
    yesterday = datetime.now(UTC) - timedelta(days=1)
    Metrics(aws).count("InputTokenCount", yesterday, 7, ModelId="m")
    aws.replies["ListFoundationModels"] = lambda asked: {"modelSummaries": [{"modelId": "m", "modelArn": "arn"}]}
    aws.replies["ListInferenceProfiles"] = lambda asked: {"inferenceProfileSummaries": []}
    aws.replies["GetDimensionValues"] = lambda asked: {
        "DimensionValues": [{"Value": "Amazon Bedrock", "Attributes": {}}],
        "ReturnSize": 1,
        "TotalSize": 1,
    }
    amounts = {"UnblendedCost": {"Amount": "7", "Unit": "USD"}, "UsageQuantity": {"Amount": "1", "Unit": "1K tokens"}}
    group = {"Keys": ["model$Llama 3.3 70B", "USE1-Llama3-3-70B-input-tokens"], "Metrics": amounts}
    period = {"Start": f"{yesterday:%Y-%m-%d}", "End": f"{datetime.now(UTC):%Y-%m-%d}"}
    aws.replies["GetCostAndUsage"] = lambda asked: {
        "ResultsByTime": [{"TimePeriod": period, "Total": {}, "Estimated": False, "Groups": [group]}]
    }
    return aws


@pytest.mark.parametrize("role", [{}, {"role_arn": ROLE, "external_id": "agreed"}])
@pytest.mark.parametrize(
    ("kind", "settings"), [("bedrock-cloudwatch", {"regions": ["us-east-1"]}), ("aws-cost-explorer", {})]
)
def test_an_api_calls_what_its_policy_allows_and_all_of_it(
    services: Aws, calls: list[Call], kind: str, settings: dict[str, Any], role: dict[str, str]
) -> None:
    source = source_of(services, kind, **settings, **role)
    source.check()
    now = datetime.now(UTC)
    assert pull(source, Window(now - timedelta(days=40), now), now).status is PullStatus.OK
    asked_exactly(source, calls)


@pytest.mark.parametrize("path", ["s3://trail", "s3://trail/l$gs", "s3://trail/l$gs/a.x", "s3://trail/l*s/[ab].x"])
@pytest.mark.parametrize("kind", FILES)
def test_files_on_s3_are_listed_and_read_as_their_policy_allows(
    aws: Aws, calls: list[Call], kind: str, path: str
) -> None:
    content, settings = FILES[kind]
    aws.put("trail", "l$gs/a.x", content)
    source = source_of(aws, kind, path=path, role_arn=ROLE, **settings)
    source.check()
    found = pull(source, OCTOBER, NOW)
    assert found.status is not PullStatus.FAILED, found.warnings
    asked_exactly(source, calls)


def test_an_export_of_a_gateway_on_s3_is_read_by_whoever_runs_this(
    aws: Aws, calls: list[Call], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("AWS_ENDPOINT_URL", aws.url)
    aws.put("trail", "spend/a.json", json.dumps([SPENT]))
    source = build_source({"name": "one", "kind": "litellm", "path": "s3://trail/spend"}, Path(), {})
    source.check()
    found = pull(source, OCTOBER, NOW)
    assert found.status is not PullStatus.FAILED, found.warnings
    asked_exactly(source, calls)


@pytest.mark.parametrize(
    ("call", "allowed"),
    [
        (("s3:GetObject", {"Bucket": "trail", "Key": "logs/2026/10/05/08/20261005T08Z_0a.json.gz"}), True),
        (("s3:GetObject", {"Bucket": "trail", "Key": "logs/2026/10/05/08/data/9f_input.json.gz"}), False),
        (("s3:GetObject", {"Bucket": "trail", "Key": "logs/2026/10/05/08/data/9f_output.png"}), False),
        (("s3:GetObject", {"Bucket": "trail", "Key": "logs-old/a.json.gz"}), False),
        (("s3:GetObject", {"Bucket": "trails", "Key": "logs/a.json.gz"}), False),
        (("s3:ListBucket", {"Bucket": "trail", "Prefix": "logs/2026/"}), True),
        (("s3:ListBucket", {"Bucket": "trail", "Prefix": "logs-old/"}), False),
        (("s3:ListBucket", {"Bucket": "trail"}), False),
        (("s3:PutObject", {"Bucket": "trail", "Key": "logs/a.json.gz"}), False),
    ],
)
def test_what_is_not_read_is_not_allowed(aws: Aws, call: tuple[str, dict[str, str]], allowed: bool) -> None:
    action, asked = call
    assert allows(policy_of(source_of(aws, "bedrock-logs", path="s3://trail/logs")), (action, ANYONE, asked)) is allowed


def test_sids_are_unique_words_and_each_belongs_to_one_identity(aws: Aws) -> None:
    content = {"regions": ["us-east-1"], "name": "the cloud-watch"}
    sources = [
        source_of(aws, "bedrock-cloudwatch", **content),
        source_of(aws, "bedrock-cloudwatch", **{**content, "name": "TheCloudWatch"}, profile="finops", role_arn=ROLE),
        source_of(aws, "bedrock-logs", name="größe", path=["s3://a", "s3://b"]),
    ]
    policy = policy_of(*sources)
    sids = [one["Sid"] for one in policy.document["Statement"]]
    assert len(set(sids)) == len(sids)
    assert all(re.fullmatch("[A-Za-z0-9]+", sid) for sid in sids)
    assert sorted(sids) == sorted(sid for held in policy.sids.values() for sid in held)
    assert policy.sids[ROLE] == ("TheCloudWatch2",)
    assert policy.sids["the profile finops"] == ("AssumeReader",)


def test_buckets_are_in_the_partition_of_the_role_else_in_the_one_that_is_named(aws: Aws) -> None:
    abroad = ROLE.replace("arn:aws:", "arn:aws-cn:")
    sources = [
        source_of(aws, "focus", path="s3://here"),
        source_of(aws, "focus", path="s3://there", role_arn=abroad),
    ]
    listed = [
        one["Resource"][0]
        for one in policy_of(*sources, partition="aws-us-gov").document["Statement"]
        if "s3:ListBucket" in one["Action"]
    ]
    assert listed == ["arn:aws-us-gov:s3:::here", "arn:aws-cn:s3:::there"]


def test_sources_that_ask_no_aws_need_no_policy(tmp_path: Path) -> None:
    tables: list[dict[str, Any]] = [
        {"kind": "request-log", "path": "log.jsonl", **FILES["request-log"][1]},
        {"kind": "litellm", "path": "spend.json"},
    ]
    assert policy_for((build_source({"name": "one", **table}, tmp_path, {}) for table in tables), "aws") is None


def test_every_kind_that_can_ask_aws_is_proven_above() -> None:
    from advisor.contract.aws import AwsSettings

    asking = {name for name, point in kinds(SOURCES).items() if issubclass(point.load(), AwsSettings)}
    assert asking == {"bedrock-cloudwatch", "aws-cost-explorer", *FILES}
