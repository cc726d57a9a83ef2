"""Published traces of real traffic, read as request logs, add up to what their publishers say."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from advisor import registry
from advisor.contract.source import Relation
from advisor.domain.units import Window
from advisor.ingest.scan import Scanned, scan
from tests.unit.ingest.logs import EVER, at, totals

ORIGIN = datetime(2026, 10, 5, tzinfo=UTC)


def scanned(samples: Path, path: str, window: Window = EVER, **settings: Any) -> Scanned:
    source = registry.build_source({"name": "s", "kind": "request-log", "path": path, **settings}, samples, {})
    assert isinstance(source, Relation)
    return scan(source.scan(window), window)


def columns(timestamp: str, input_tokens: str, output_tokens: str, **more: str) -> Mapping[str, str]:
    return {"timestamp": timestamp, "input_tokens": input_tokens, "output_tokens": output_tokens, **more}


def clean(found: Scanned) -> bool:
    return (found.rejected, found.problems, found.warnings, found.lost) == (0, (), (), ())


def test_a_coding_service_of_azure_without_zones(samples: Path) -> None:
    found = scanned(
        samples,
        "traces/AzureLLMInferenceTrace_code.csv",
        columns=columns("TIMESTAMP", "ContextTokens", "GeneratedTokens"),
        timezone="UTC",
        model="gpt-4o",
    )
    assert totals(found) == (8_819, 18_059_974, 245_896)
    assert (found.usage[0].start, found.usage[-1].start) == (at("2023-11-16T18:15"), at("2023-11-16T19:10"))
    assert clean(found)


def test_a_chat_service_in_milliseconds_from_a_start(samples: Path) -> None:
    found = scanned(
        samples,
        "traces/mooncake_conversation_first_1200s.jsonl",
        columns=columns("timestamp", "input_length", "output_length"),
        timestamp_unit="ms",
        origin=ORIGIN,
        model="kimi-k2",
    )
    assert totals(found) == (3_658, 49_028_610, 1_274_811)
    assert [fact.start for fact in found.usage] == [ORIGIN + timedelta(minutes=5 * n) for n in range(20 // 5)]
    assert clean(found)


def test_clients_summed_by_the_hour_from_a_start(samples: Path) -> None:
    found = scanned(
        samples,
        "traces/servegen_m-small_hourly.csv",
        columns=columns("hour_offset", "input_tokens", "output_tokens", requests="requests"),
        timestamp_unit="h",
        origin=ORIGIN,
        model="qwen2.5-7b",
    )
    assert totals(found) == (613_549_778, 73_422_849_769, 9_136_292_889)
    assert {fact.width_seconds for fact in found.usage} == {3600}
    assert found.usage[-1].start == ORIGIN + timedelta(hours=14 * 24 - 1)
    assert clean(found)


@pytest.mark.parametrize("days", [1, 7])
def test_a_window_takes_its_own_days_of_a_trace(days: int, samples: Path) -> None:
    settings: dict[str, Any] = {
        "columns": columns("hour_offset", "input_tokens", "output_tokens", requests="requests"),
        "timestamp_unit": "h",
        "origin": ORIGIN,
        "model": "qwen2.5-7b",
    }
    middle = ORIGIN + timedelta(days=days)
    halves = [Window(ORIGIN, middle), Window(middle, ORIGIN + timedelta(days=14))]
    parts = [scanned(samples, "traces/servegen_m-small_hourly.csv", half, **settings) for half in halves]
    assert sum(fact.tokens.input for part in parts for fact in part.usage) == 73_422_849_769
    assert [part.usage[0].start for part in parts] == [ORIGIN, middle]


def test_an_openai_compatible_host_with_its_preset(samples: Path) -> None:
    found = scanned(samples, "generated/openai_compatible_requests.jsonl", preset="openai", provider="together")
    assert totals(found) == (8_819 - 4_000, 9_888_754, 136_213)
    assert {fact.model_raw for fact in found.usage} == {"meta-llama/Llama-3.1-70B-Instruct"}
    assert {fact.tier for fact in found.usage} == {"on_demand"}
    assert {fact.tokens.cache_read for fact in found.usage} == {None}, "this host does not say, which is not zero"
    assert clean(found)


def test_a_vllm_server_in_unix_seconds_with_fractions(samples: Path) -> None:
    found = scanned(
        samples,
        "vllm/requests_rtx4090*.jsonl",
        columns=columns("arrival_time", "input_toks", "output_toks", request_id="request_id"),
        timestamp_unit="s",
        model="llama-3.1-8b",
    )
    assert totals(found) == (300, 257_239, 195_753)
    assert {fact.start.date() for fact in found.usage} == {datetime.fromtimestamp(1787267980, UTC).date()}
    assert clean(found)


def test_nested_records_in_a_tree_of_packed_files(samples: Path) -> None:
    found = scanned(
        samples,
        "generated/bedrock_logs",
        columns=columns("timestamp", "input.inputTokenCount", "output.outputTokenCount", model="modelId"),
        provider="aws",
    )
    assert totals(found) == (4_000 - 2_000, 4_198_063, 50_659)
    assert clean(found)
