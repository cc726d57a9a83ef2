"""Objects of S3 as the files of a source: which are read, how they reach the disk, and that they leave it."""

from __future__ import annotations

import json
import shutil
import tempfile
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from advisor.contract.aws import AwsSettings, connect
from advisor.contract.gather import gather
from advisor.contract.source import Source
from advisor.domain.facts import Pull, PullStatus
from advisor.domain.units import Month
from advisor.errors import SourceError
from advisor.ingest.runner import pull
from advisor.registry import build_source
from tests.aws_server import Aws
from tests.unit.bills import cur, focus, text

NOW = datetime(2026, 11, 24, 12, tzinfo=UTC)
OCTOBER = Month(2026, 10).window
OLD = OCTOBER.start - timedelta(days=3)
LOG = '{"at": "2026-10-05T08:00:00Z", "model": "m", "in": %d, "out": 1}\n'
COLUMNS = {"timestamp": "at", "model": "model", "input_tokens": "in", "output_tokens": "out"}


@pytest.fixture(autouse=True)
def scratch(tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """Where temporary files lie. A test that leaves one there fails."""
    folder = tmp_path_factory.mktemp("temporary")
    monkeypatch.setattr(tempfile, "tempdir", str(folder))
    yield folder
    assert list(folder.iterdir()) == []


def gathered(aws: Aws, *paths: str, **how: Any) -> dict[str, bytes]:
    """The content of what is gathered, by its place below the scratch folder."""
    with gather(paths, OCTOBER, access=AwsSettings(endpoint_url=aws.url), **how) as found:
        return {str(file.relative_to(found.scratch or "/")): file.read_bytes() for file in found.files}


def source_of(aws: Aws, kind: str, path: str, **settings: Any) -> Source:
    return build_source({"name": "s", "kind": kind, "path": path, "endpoint_url": aws.url, **settings}, Path(), {})


def read(aws: Aws, kind: str, path: str, **settings: Any) -> Pull:
    return pull(source_of(aws, kind, path, **settings), OCTOBER, NOW)


def tokens(found: Pull) -> int:
    return sum(fact.tokens.input for fact in found.usage)


@pytest.mark.parametrize(
    ("path", "keys"),
    [
        ("s3://trail", {"logs/a.jsonl", "logs/deep/b.jsonl", "logs-old/c.jsonl"}),
        ("s3://trail/logs", {"logs/a.jsonl", "logs/deep/b.jsonl"}),
        ("s3://trail/logs/", {"logs/a.jsonl", "logs/deep/b.jsonl"}),
        ("s3://trail/logs/a.jsonl", {"logs/a.jsonl"}),
        ("s3://trail/logs*/*.jsonl", {"logs/a.jsonl", "logs-old/c.jsonl"}),
        ("s3://trail/*/deep", {"logs/deep/b.jsonl"}),
    ],
)
def test_a_path_is_an_object_a_folder_or_a_glob_as_on_a_disk(aws: Aws, path: str, keys: set[str]) -> None:
    aws.keys_per_page = 1
    for key in ("logs/", "logs/a.jsonl", "logs/deep/b.jsonl", "logs-old/c.jsonl", "logs/_SUCCESS", "logs/.tmp/x"):
        aws.put("trail", key, key)
    assert gathered(aws, path) == {f"trail/{key}": key.encode() for key in keys}


def test_local_and_remote_paths_stand_side_by_side_and_none_counts_twice(aws: Aws, tmp_path: Path) -> None:
    (tmp_path / "here.jsonl").write_text("here")
    aws.put("trail", "a", "a")
    with gather(
        [str(tmp_path), "s3://trail", "s3://trail/a"], OCTOBER, access=AwsSettings(endpoint_url=aws.url)
    ) as found:
        assert [file.read_text() for file in found.files] == ["here", "a"]
    assert len(aws.of("GetObject")) == 1


@pytest.mark.parametrize("path", ["s3://", "s3:///key", "s3://tr*il/a", "s3://trail/**/a"])
def test_a_path_that_names_no_objects_is_refused(aws: Aws, path: str) -> None:
    with pytest.raises(SourceError, match="names no objects"):
        gathered(aws, path)


def test_nothing_behind_a_path_is_an_error_that_names_it(aws: Aws) -> None:
    aws.put("trail", "other/a", "a")
    with pytest.raises(SourceError, match="s3://trail/logs holds nothing"):
        gathered(aws, "s3://trail/logs")
    with pytest.raises(SourceError, match="no such bucket"):
        gathered(aws, "s3://elsewhere/logs")


def test_what_was_last_written_before_the_window_holds_nothing_of_it(aws: Aws) -> None:
    aws.put("trail", "old", "old", modified=OLD)
    aws.put("trail", "new", "new", modified=OCTOBER.start)
    assert gathered(aws, "s3://trail") == {"trail/new": b"new"}


@pytest.mark.parametrize(
    "key", ["../../../escape", "logs/../../escape", "/absolute", "logs//twice", "logs/" + "long" * 60, "logs/a\\..\\b"]
)
def test_no_key_leads_out_of_the_scratch_folder(aws: Aws, key: str, scratch: Path) -> None:
    aws.put("trail", key, "content")
    with gather(["s3://trail"], OCTOBER, access=AwsSettings(endpoint_url=aws.url)) as found:
        (file,) = found.files
        assert file.read_text() == "content"
        assert file.resolve().is_relative_to(scratch.resolve())


def test_a_key_that_is_also_a_folder_loses_neither_object(aws: Aws) -> None:
    aws.put("trail", "logs", "the object")
    aws.put("trail", "logs/a", "below it")
    assert sorted(gathered(aws, "s3://trail").values()) == [b"below it", b"the object"]


def test_a_download_that_breaks_off_is_begun_again(aws: Aws) -> None:
    aws.put("trail", "a", "content " * 1000)
    aws.breaks_off.add("a")
    assert gathered(aws, "s3://trail") == {"trail/a": b"content " * 1000}


def test_an_object_that_is_replaced_while_it_is_read_fails_and_may_be_tried_again(
    aws: Aws, monkeypatch: pytest.MonkeyPatch
) -> None:
    aws.put("trail", "a", "as listed")
    with gather(["s3://trail"], OCTOBER, access=AwsSettings(endpoint_url=aws.url), lazily=True) as found:
        aws.put("trail", "a", "something else")
        with pytest.raises(SourceError, match="s3://trail/a") as refusal:
            found.fetch(found.files)
    assert refusal.value.transient


def test_more_than_half_of_the_free_disk_is_not_taken(aws: Aws, monkeypatch: pytest.MonkeyPatch) -> None:
    aws.put("trail", "a", "x" * 1000)
    monkeypatch.setattr(shutil, "disk_usage", lambda folder: SimpleNamespace(free=1999))
    with pytest.raises(SourceError, match="of which half may be used") as refusal:
        gathered(aws, "s3://trail")
    assert "TMPDIR" in refusal.value.hint
    assert aws.of("GetObject") == []


def test_a_bucket_of_another_region_is_found(aws: Aws) -> None:
    """The stand-in has one address; what AWS itself answers is put between the client and the network."""
    from botocore.awsrequest import AWSResponse

    client = connect(AwsSettings(), "s3", "us-east-1")
    asked: list[str] = []

    class Body:
        def __init__(self, content: bytes) -> None:
            self.content = content

        def stream(self) -> Iterator[bytes]:
            yield self.content

    def answer(request: Any, **more: Any) -> Any:
        asked.append(request.url)
        if "eu-central-1" in request.url:
            return AWSResponse(request.url, 200, {}, Body(b"<ListBucketResult></ListBucketResult>"))
        headers = {"x-amz-bucket-region": "eu-central-1"}
        error = b"<Error><Code>PermanentRedirect</Code><Message>elsewhere</Message></Error>"
        return AWSResponse(request.url, 301, headers, Body(error))

    client.meta.events.register("before-send.s3", answer)
    assert client.list_objects_v2(Bucket="trail")["ResponseMetadata"]["HTTPStatusCode"] == 200
    assert "eu-central-1" in asked[-1]


def test_a_request_log_on_s3_is_read_and_its_bad_lines_are_named_by_address(aws: Aws) -> None:
    aws.put("trail", "logs/a.jsonl", LOG % 5 + "no record\n")
    aws.put("trail", "more/a.jsonl", LOG % 7)
    found = read(aws, "request-log", "s3://trail/*/a.jsonl", columns=COLUMNS, provider="aws")
    assert tokens(found) == 5 + 7
    assert [problem.where for problem in found.problems] == ["s3://trail/logs/a.jsonl:2"]


def test_an_invoice_on_s3_is_read(aws: Aws) -> None:
    aws.put("bills", "2026-10.csv", "day,model,in,out,usd\n2026-10-05,m,100,10,0.5\n")
    columns = {"date": "day", "model": "model", "input_tokens": "in", "output_tokens": "out", "amount": "usd"}
    assert tokens(read(aws, "invoice-csv", "s3://bills", columns=columns, currency="USD")) == 100


def test_a_focus_export_on_s3_is_read(aws: Aws) -> None:
    aws.put("bills", "focus/data/BILLING_PERIOD=2026-10/focus-00001.csv", text([focus()]))
    aws.put("bills", "focus/data/BILLING_PERIOD=2026-02/focus-00001.csv", "not even fetched")
    found = read(aws, "focus", "s3://bills/focus")
    assert (tokens(found), found.status) == (2000, PullStatus.OK)
    assert len(aws.of("GetObject")) == 1


def test_of_a_data_export_on_s3_only_what_its_manifest_names_is_fetched(aws: Aws) -> None:
    period = "export/{}/BILLING_PERIOD=2026-10/"
    older, newer = (period.format("data") + f"20261{day}T000000Z-x/cur-00001.csv" for day in ("101", "102"))
    for key, amount in ((older, "1"), (newer, "2")):
        aws.put("bills", key, text([cur(usage_amount=amount)]))
    manifest = json.dumps({"dataFiles": [f"s3://bills/{newer}"]})
    aws.put("bills", period.format("metadata") + "cur-Manifest.json", manifest)
    found = read(aws, "aws-cur", "s3://bills/export")
    assert tokens(found) == 2 * 1000
    assert [asked["Key"] for asked in aws.of("GetObject")] == [period.format("metadata") + "cur-Manifest.json", newer]
    assert any(f"s3://bills/{older}" in warning for warning in found.warnings)


@pytest.mark.parametrize("kind", ["request-log", "invoice-csv", "focus", "aws-cur", "bedrock-logs"])
def test_check_asks_s3_for_one_key(aws: Aws, kind: str) -> None:
    aws.put("trail", "logs/a", "a")
    more: dict[str, dict[str, Any]] = {"request-log": {"columns": COLUMNS}, "invoice-csv": {"preset": "fireworks"}}
    source = source_of(aws, kind, "s3://trail/logs", **more.get(kind, {}))
    source.check()
    assert [name for name, _ in aws.asked] == ["ListObjectsV2"]
    aws.refuse("ListObjectsV2", "AccessDenied", status=403)
    with pytest.raises(SourceError, match="no access: AWS refuses s3:ListBucket"):
        source.check()


def test_check_of_a_folder_looks_whether_it_is_there(aws: Aws) -> None:
    with pytest.raises(SourceError, match="no such file or folder"):
        source_of(aws, "focus", "nowhere").check()
