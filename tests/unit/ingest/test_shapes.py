"""Spans of OpenTelemetry and observations of Langfuse, as they are exported: calls of a model count, each once."""

from __future__ import annotations

import gzip
import json
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from advisor import registry
from advisor.domain.facts import Pull, PullStatus
from advisor.domain.units import Month
from advisor.ingest.runner import pull
from tests.conftest import NOW

OCTOBER = Month(2026, 10).window
AT = 1_791_187_260_123_456_789  # 2026-10-05T08:01:00.123456789Z


def read(folder: Path, preset: str, **settings: Any) -> Pull:
    table = {"name": "traces", "kind": "request-log", "preset": preset, "path": ".", **settings}
    return pull(registry.build_source(table, folder, {}), OCTOBER, NOW)


def span(identity: str = "a", *, at: int = AT, **attributes: Any) -> dict[str, Any]:
    """A span of OTLP; `gen_ai.` is put before the names, and `__` is a dot in them."""
    return {
        "traceId": "5b8efff798038103d269b633813fc60c",
        "spanId": identity,
        "startTimeUnixNano": str(at),
        "attributes": [
            {"key": f"gen_ai.{name.replace('__', '.')}", "value": _value(value)} for name, value in attributes.items()
        ],
    }


def _value(value: Any) -> dict[str, Any]:
    if isinstance(value, int):
        return {"intValue": str(value)}
    return {"arrayValue": {"values": []}} if isinstance(value, list) else {"stringValue": value}


def chat(identity: str = "a", tokens: int = 100, **more: Any) -> dict[str, Any]:
    counts = {"usage__input_tokens": tokens, "usage__output_tokens": 10}
    return span(identity, **{"operation__name": "chat", "response__model": "gpt-oss-120b", **counts, **more})


def export(*spans: dict[str, Any]) -> str:
    return json.dumps({"resourceSpans": [{"resource": {"attributes": []}, "scopeSpans": [{"spans": list(spans)}]}]})


def test_spans_of_models_count_and_those_of_agents_and_tools_do_not(tmp_path: Path) -> None:
    agent = span("b", operation__name="invoke_agent", usage__input_tokens=100, usage__output_tokens=10)
    tool = span("c", operation__name="execute_tool", tool__name="search")
    other = span("d")
    (tmp_path / "traces.jsonl").write_text(export(agent, chat("a"), tool, other) + "\n" + export(chat("e", 7)) + "\n")
    found = read(tmp_path, "otel")
    assert (found.status, found.rows, found.rejected) == (PullStatus.OK, 2, 0)
    (fact,) = found.usage
    assert (fact.model_raw, fact.tokens.input, fact.tokens.output, fact.requests) == (
        "gpt-oss-120b",
        100 + 7,
        2 * 10,
        2,
    )
    assert (fact.start.isoformat(), fact.width_seconds) == ("2026-10-05T08:00:00+00:00", 300)


def test_cached_tokens_are_inside_the_input_of_a_span(tmp_path: Path) -> None:
    cached = {"usage__cache_read__input_tokens": 60, "usage__cache_creation__input_tokens": 15}
    (tmp_path / "traces.jsonl").write_text(export(chat("a", 100, **cached)))
    (fact,) = read(tmp_path, "otel").usage
    assert (fact.tokens.uncached_input, fact.tokens.cache_read, fact.tokens.cache_write) == (100 - 60 - 15, 60, 15)


def test_names_of_earlier_conventions_are_understood(tmp_path: Path) -> None:
    legacy = span("a", system="openai", request__model="gpt-4o", usage__prompt_tokens=100, usage__completion_tokens=10)
    (tmp_path / "traces.jsonl").write_text(export(legacy))
    (fact,) = read(tmp_path, "otel").usage
    assert (fact.model_raw, fact.tokens.total) == ("gpt-4o", 110)


def test_an_embedding_has_no_output_and_counts(tmp_path: Path) -> None:
    (tmp_path / "t.jsonl").write_text(
        export(span("a", operation__name="embeddings", request__model="bge", usage__input_tokens=9))
    )
    (fact,) = read(tmp_path, "otel").usage
    assert (fact.tokens.input, fact.tokens.output) == (9, 0)


def test_a_span_that_two_exporters_sent_counts_once(tmp_path: Path) -> None:
    (tmp_path / "one.jsonl").write_text(export(chat("a")))
    (tmp_path / "two.jsonl.gz").write_bytes(gzip.compress(export(chat("a"), chat("b")).encode()))
    found = read(tmp_path, "otel")
    assert sum(fact.requests or 0 for fact in found.usage) == 2
    assert any("request_id" in line for line in found.warnings)


def test_metrics_and_logs_in_the_same_file_are_about_something_else(tmp_path: Path) -> None:
    others = "\n".join(json.dumps({name: [{}]}) for name in ("resourceMetrics", "resourceLogs"))
    (tmp_path / "all.jsonl").write_text(others + "\n" + export(chat("a")) + "\n")
    found = read(tmp_path, "otel")
    assert (found.status, found.rows, found.rejected) == (PullStatus.OK, 1, 0)


def test_a_line_that_is_no_export_and_a_span_that_is_wrong_are_named_by_their_line(tmp_path: Path) -> None:
    wrong = chat("b", usage__output_tokens="many")
    (tmp_path / "traces.jsonl").write_text(
        "\n".join([export(chat("a")), '{"resourceSpans": [', export(chat("c"), wrong)])
    )
    found = read(tmp_path, "otel")
    assert found.status is PullStatus.PARTIAL
    assert [problem.where for problem in found.problems] == ["traces.jsonl:2", "traces.jsonl:3"]
    assert "'many' is not a whole number" in found.problems[1].why
    assert sum(fact.requests or 0 for fact in found.usage) == 2


def test_an_export_longer_than_what_is_looked_at_first_is_read(tmp_path: Path) -> None:
    (tmp_path / "traces.jsonl").write_text(export(*(chat(f"{number:x}", 1) for number in range(3_000))) + "\n")
    found = read(tmp_path, "otel")
    assert sum(fact.tokens.input for fact in found.usage) == 3_000


def observation(number: int = 1, **more: Any) -> dict[str, Any]:
    usage = {"input": 100, "output": 10, "total": 110}
    stated = {"id": f"obs-{number}", "type": "GENERATION", "startTime": "2026-10-05T08:01:00.123Z"}
    return {**stated, "model": "claude-sonnet-4", "usageDetails": usage, "totalCost": 0.001, **more}


def test_observations_with_usage_count_and_spans_without_do_not(tmp_path: Path) -> None:
    rows = [observation(1), {"id": "s", "type": "SPAN", "startTime": "2026-10-05T08:01:00Z", "usageDetails": {}}]
    (tmp_path / "observations.json").write_text(json.dumps(rows))
    found = read(tmp_path, "langfuse")
    assert (found.status, found.rows) == (PullStatus.OK, 1)
    assert [(fact.tokens.total, fact.requests) for fact in found.usage] == [(110, 1)]
    assert [(cost.amount.amount, cost.amount.currency) for cost in found.costs] == [(Decimal("0.001"), "USD")]


@pytest.mark.parametrize(
    ("details", "components"),
    [
        ({"input": 5, "cache_read_input_tokens": 60, "cache_creation_input_tokens": 30, "output": 7}, (5, 60, 30, 7)),
        ({"input": 40, "input_cached_tokens": 60, "output": 7, "output_reasoning_tokens": 90}, (40, 60, None, 97)),
        ({"input": 40, "input_audio_tokens": 2, "input_cache_read": 3, "output": 1, "total": 46}, (42, 3, None, 1)),
    ],
)
def test_the_free_keys_of_an_observation_are_summed_by_what_they_begin_with(
    tmp_path: Path, details: dict[str, int], components: tuple[int | None, ...]
) -> None:
    (tmp_path / "observations.jsonl").write_text(json.dumps(observation(usageDetails=details)))
    (fact,) = read(tmp_path, "langfuse").usage
    tokens = fact.tokens
    assert (tokens.uncached_input, tokens.cache_read, tokens.cache_write, tokens.output) == components


def test_the_spelling_of_langfuses_scheduled_export_is_understood(tmp_path: Path) -> None:
    row = {"id": "o", "type": "GENERATION", "start_time": "2026-10-05 08:01:00.123", "provided_model_name": "m"}
    (tmp_path / "o.jsonl").write_text(
        json.dumps({**row, "usage_details": {"input": 5, "output": 7}, "total_cost": None})
    )
    (fact,) = read(tmp_path, "langfuse", timezone="UTC").usage
    assert (fact.model_raw, fact.tokens.total) == ("m", 12)


def test_an_observation_that_only_knows_a_total_is_refused_and_not_guessed(tmp_path: Path) -> None:
    rows = [observation(1), observation(2, usageDetails={"total": 110}), observation(3, usageDetails={"input": "x"})]
    (tmp_path / "o.jsonl").write_text("\n".join(map(json.dumps, rows)))
    found = read(tmp_path, "langfuse")
    assert found.status is PullStatus.PARTIAL
    assert [(problem.where, problem.why) for problem in found.problems] == [
        ("o.jsonl:2", "input_tokens is missing"),
        ("o.jsonl:3", "input_tokens 'x' is not a whole number"),
    ]


@pytest.mark.parametrize("preset", ["otel", "langfuse"])
def test_a_table_is_refused_where_a_preset_needs_json(tmp_path: Path, preset: str) -> None:
    (tmp_path / "table.csv").write_text("id,startTime,usageDetails\n1,2026-10-05T08:01:00Z,5\n")
    found = read(tmp_path, preset)
    assert found.status is PullStatus.FAILED
    assert "is no JSON" in found.warnings[0]
