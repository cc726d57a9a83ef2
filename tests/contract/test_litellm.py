"""LiteLLM keeps the promises of a source, by each of its three ways in, and refuses settings that would be a guess."""

from __future__ import annotations

import json
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import pytest

from advisor import registry
from advisor.contract.source import Record, Records
from advisor.contract.testing.source import RecordsKit
from advisor.domain.units import Month
from advisor.errors import ConfigError
from tests.http_server import http_server

REQUEST = {
    "request_id": "chatcmpl-1", "startTime": "2026-10-05T08:01:00Z", "model": "bedrock/meta.llama3-1-8b-instruct-v1:0",
    "custom_llm_provider": "bedrock", "status": "success", "cache_hit": "False", "prompt_tokens": 100,
    "completion_tokens": 20, "spend": 0.0000264,
}  # fmt: skip
METRICS = {
    "prompt_tokens": 100, "completion_tokens": 20, "cache_read_input_tokens": 0, "cache_creation_input_tokens": 0,
    "spend": 0.02, "api_requests": 3, "successful_requests": 3, "failed_requests": 0,
}  # fmt: skip
ACTIVITY = {
    "results": [
        {
            "date": "2026-10-05",
            "metrics": METRICS,
            "breakdown": {
                "models": {"gpt-oss-120b": {"metrics": METRICS}},
                "providers": {"groq": {"metrics": METRICS}},
            },
        }
    ],
    "metadata": {"page": 1, "total_pages": 1},
}


def litellm(folder: Path = Path("/srv"), **settings: Any) -> Records:
    table = {"name": "gateway", "kind": "litellm", **settings}
    source = registry.build_source(table, folder, {"LITELLM_KEY": "sk-secret", "LITELLM_DB": "postgresql://u:pw@h/d"})
    assert isinstance(source, Records)
    return source


class TestLiteLlmExport(RecordsKit):
    window = Month(2026, 10).window
    folder: Path

    @pytest.fixture(autouse=True)
    def _export(self, tmp_path: Path) -> None:
        self.folder = tmp_path
        (tmp_path / "logs.json").write_text(json.dumps([REQUEST]))

    def source(self) -> Records:
        return litellm(self.folder, path="logs.json")

    def records(self) -> Iterable[Record]:
        return list(self.source().pull(self.window))


class TestLiteLlmApi(RecordsKit):
    window = Month(2026, 10).window
    secrets = ("sk-secret",)
    read: list[Record]

    @pytest.fixture(autouse=True)
    def _answered(self) -> None:
        with http_server() as server:
            server.on("user/daily/activity", ACTIVITY)
            source = litellm(base_url=server.base_url, api_key={"env": "LITELLM_KEY"})
            self.read = list(source.pull(self.window))

    def source(self) -> Records:
        return litellm(base_url="https://litellm.example", api_key={"env": "LITELLM_KEY"})

    def records(self) -> Iterable[Record]:
        return self.read


@pytest.mark.parametrize(
    ("settings", "fault"),
    [
        ({}, "exactly one of database_url"),
        ({"path": "a.json", "database_url": {"env": "LITELLM_DB"}}, "exactly one of database_url"),
        ({"base_url": "https://litellm.example"}, "base_url and api_key go together"),
        ({"path": "a.json", "api_key": {"env": "LITELLM_KEY"}}, "base_url and api_key go together"),
        ({"base_url": "http://litellm.example", "api_key": {"env": "LITELLM_KEY"}}, "in the clear"),
        ({"path": "a.json", "detail": "request"}, "needs database_url"),
        ({"database_url": "postgresql://u:pw@h/d"}, "a secret is a reference"),
    ],
)
def test_litellm_refuses_settings_that_would_be_a_guess(settings: dict[str, Any], fault: str) -> None:
    with pytest.raises(ConfigError) as refusal:
        litellm(**settings)
    assert refusal.value.message.startswith("sources.gateway")
    assert fault in refusal.value.message
    assert "u:pw" not in refusal.value.message


def test_exports_are_read_again_as_a_whole_and_the_gateway_itself_from_where_the_last_read_ended() -> None:
    assert not litellm(path="logs.json").incremental
    assert litellm(database_url={"env": "LITELLM_DB"}).incremental
    assert litellm(base_url="https://litellm.example", api_key={"env": "LITELLM_KEY"}).incremental
