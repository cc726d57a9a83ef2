"""Who asks AWS, and what a refusal tells the reader to do."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from advisor.contract.aws import AwsSettings, NoAccessError, asking, connect
from advisor.errors import SourceError
from tests.aws_server import Aws

ROLE = "arn:aws:iam::111122223333:role/reader"


def ask(aws: Aws, **settings: Any) -> None:
    access = AwsSettings.model_validate({"endpoint_url": aws.url, **settings})
    with asking("s3:ListBucket", "s3://trail"):
        connect(access, "s3").list_objects_v2(Bucket="trail")


def test_without_settings_the_caller_is_the_one_of_the_environment(aws: Aws) -> None:
    aws.put("trail", "a", "")
    ask(aws)
    assert aws.callers == [("ListObjectsV2", "CALLERKEY")]


def test_a_profile_is_that_of_the_config_file(aws: Aws, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    credentials = tmp_path / "credentials"
    credentials.write_text("[finops]\naws_access_key_id = PROFILEKEY\naws_secret_access_key = s\n")
    monkeypatch.setenv("AWS_SHARED_CREDENTIALS_FILE", str(credentials))
    aws.put("trail", "a", "")
    ask(aws, profile="finops")
    assert aws.callers == [("ListObjectsV2", "PROFILEKEY")]


def test_a_role_is_assumed_by_the_profile_and_asked_for_once(aws: Aws) -> None:
    aws.put("trail", "a", "")
    access = AwsSettings.model_validate({"endpoint_url": aws.url, "role_arn": ROLE, "external_id": "agreed"})
    client = connect(access, "s3")
    assert aws.asked == [], "nothing is sent before it is needed"
    for _ in range(3):
        client.list_objects_v2(Bucket="trail")
    assert [name for name, _ in aws.callers] == ["AssumeRole"] + 3 * ["ListObjectsV2"]
    assert aws.of("AssumeRole")[0]["ExternalId"] == "agreed"


def test_a_role_without_external_id_sends_none(aws: Aws) -> None:
    aws.put("trail", "a", "")
    ask(aws, role_arn=ROLE)
    assert "ExternalId" not in aws.of("AssumeRole")[0]


def test_an_unknown_profile_is_named(aws: Aws) -> None:
    with pytest.raises(SourceError, match="finops") as refusal:
        ask(aws, profile="finops")
    assert "`profile`" in refusal.value.hint


@pytest.mark.parametrize("settings", [{}, {"role_arn": ROLE}])
def test_a_machine_without_credentials_is_told_where_to_put_them(
    aws: Aws, monkeypatch: pytest.MonkeyPatch, settings: dict[str, str]
) -> None:
    monkeypatch.delenv("AWS_ACCESS_KEY_ID")
    with pytest.raises(SourceError, match="there are no credentials for AWS") as refusal:
        ask(aws, **settings)
    assert "`profile`" in refusal.value.hint


def test_a_role_that_may_not_be_assumed_names_sts_and_not_the_call(aws: Aws) -> None:
    aws.refuse("AssumeRole", "AccessDenied", status=403)
    with pytest.raises(NoAccessError, match="AWS refuses sts:AssumeRole") as refusal:
        ask(aws, role_arn=ROLE)
    assert "external_id" in refusal.value.hint


@pytest.mark.parametrize(
    ("code", "status", "said", "hint", "transient"),
    [
        ("AccessDenied", 403, "no access: AWS refuses s3:ListBucket", "allow s3:ListBucket", False),
        ("ExpiredToken", 400, "does not accept the credentials", "renew", False),
        ("NoSuchBucket", 404, "no such bucket", "`path`", False),
        ("InvalidRequest", 400, "AWS answers InvalidRequest", "s3:ListBucket", False),
    ],
)
def test_a_refusal_says_what_to_do(aws: Aws, code: str, status: int, said: str, hint: str, transient: bool) -> None:
    aws.refuse("ListObjectsV2", code, times=8, status=status, message="by policy p-1")
    with pytest.raises(SourceError, match=said) as refusal:
        ask(aws)
    assert refusal.value.message.startswith("s3://trail: ")
    assert "by policy p-1" in refusal.value.message, "AWS's own reason names the policy or the key"
    assert hint in refusal.value.hint
    assert refusal.value.transient is transient


def test_a_busy_service_is_asked_again(aws: Aws) -> None:
    aws.put("trail", "a", "")
    aws.refuse("ListObjectsV2", "SlowDown", status=503)
    ask(aws)
    assert len(aws.of("ListObjectsV2")) == 2


def test_the_secret_of_the_caller_is_in_no_error(aws: Aws) -> None:
    aws.refuse("ListObjectsV2", "AccessDenied", status=403)
    with pytest.raises(SourceError) as refusal:
        ask(aws)
    assert "the caller's secret" not in repr(refusal.value) + refusal.value.hint
