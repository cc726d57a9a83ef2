"""A request log keeps the promises of a relation, and its settings refuse what would be guessed."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from advisor import registry
from advisor.contract.source import Relation, Scan
from advisor.contract.testing.source import RelationKit
from advisor.domain.facts import InputIncludes
from advisor.domain.units import Month
from advisor.errors import ConfigError

OCTOBER = Month(2026, 10).window
COLUMNS = {"timestamp": "at", "model": "model", "input_tokens": "in", "output_tokens": "out"}
RECORD = {"at": "2026-10-01T08:00:00Z", "model": "m", "in": 10, "out": 2, "usd": "0.10", "tier": "batch"}
COMPLETION = {
    "id": "chatcmpl-1",
    "created": 1790812800,
    "model": "gpt-oss-120b",
    "usage": {"prompt_tokens": 100, "completion_tokens": 10},
}


def request_log(**settings: Any) -> Relation:
    table = {"name": "prod", "kind": "request-log", "path": "logs", **settings}
    source = registry.build_source(table, Path("/srv"), {})
    assert isinstance(source, Relation)
    return source


def scan(**settings: Any) -> Scan:
    return request_log(**settings).scan(OCTOBER)


class TestMappedLog(RelationKit):
    window = OCTOBER
    record = RECORD

    def source(self) -> Relation:
        return request_log(columns={**COLUMNS, "cost": "usd", "tier": "tier"}, currency="USD")


class TestOpenAiLog(RelationKit):
    window = OCTOBER
    record = COMPLETION

    def source(self) -> Relation:
        return request_log(preset="openai")


@pytest.mark.parametrize(
    ("preset", "includes", "currency"),
    [("otel", InputIncludes.CACHE, ""), ("langfuse", InputIncludes.NOTHING, "USD")],
)
def test_presets_of_traces_say_what_their_input_includes(preset: str, includes: InputIncludes, currency: str) -> None:
    spec = scan(preset=preset)
    assert (spec.input_includes, spec.currency) == (includes, currency)
    assert scan(preset=preset, input_includes_cache=False).input_includes is InputIncludes.NOTHING


def test_request_log_paths_start_at_the_folder_of_the_configuration() -> None:
    assert scan(columns=COLUMNS, path=["a.csv", "/data/b"]).paths == ("/srv/a.csv", "/data/b")


def test_openai_preset_reads_unix_seconds_and_counts_cached_tokens_inside_the_input() -> None:
    spec = scan(preset="openai")
    assert (spec.columns.timestamp, spec.timestamp_unit) == ("created", "s")
    assert spec.columns.cache_read_tokens == "usage.prompt_tokens_details.cached_tokens"
    assert spec.input_includes is InputIncludes.CACHE


def test_openai_preset_gives_way_to_the_users_own_columns() -> None:
    spec = scan(preset="openai", columns={"timestamp": "logged_at", "request_id": "trace"})
    assert (spec.columns.timestamp, spec.timestamp_unit) == ("logged_at", ""), "their stamp is no Unix time by itself"
    assert spec.columns.request_id == "trace"
    assert "request_id" not in spec.optional, "a column that the user names must be there"


def test_openai_preset_gives_way_to_a_constant_model() -> None:
    spec = scan(preset="openai", model="our-llama")
    assert (spec.model, spec.columns.model) == ("our-llama", "")


@pytest.mark.parametrize(("said", "includes"), [(True, InputIncludes.CACHE), (False, InputIncludes.NOTHING)])
def test_request_log_takes_cached_tokens_out_only_where_it_is_told_that_they_are_inside(
    said: bool, includes: InputIncludes
) -> None:
    spec = scan(columns={**COLUMNS, "cache_read_tokens": "cached"}, input_includes_cache=said)
    assert spec.input_includes is includes


def test_request_log_accepts_an_origin_for_relative_stamps() -> None:
    origin = datetime(2026, 10, 1, tzinfo=UTC)
    spec = scan(columns=COLUMNS, timestamp_unit="h", origin=origin)
    assert (spec.timestamp_unit, spec.origin) == ("h", origin)


@pytest.mark.parametrize(
    ("settings", "fault"),
    [
        ({}, "columns.timestamp is missing"),
        ({"columns": {**COLUMNS, "cache_read_tokens": "cached"}}, "input_includes_cache"),
        ({"columns": {**COLUMNS, "cache_write_tokens": "written"}}, "input_includes_cache"),
        ({"columns": {**COLUMNS, "cost": "usd"}}, "currency"),
        ({"columns": {**COLUMNS, "cost": "usd"}, "currency": "dollars"}, "currency"),
        ({"columns": COLUMNS, "model": "m"}, "keep one"),
        ({"columns": {name: column for name, column in COLUMNS.items() if name != "model"}}, "with `model`"),
        ({"columns": COLUMNS, "timezone": "Mars/Olympus"}, "'Mars/Olympus'"),
        ({"columns": COLUMNS, "timezone": "../etc/passwd"}, "no time zone"),
        ({"columns": COLUMNS, "timestamp_unit": "h"}, "origin"),
        ({"columns": COLUMNS, "timestamp_unit": "days"}, "timestamp_unit"),
        ({"columns": COLUMNS, "origin": datetime(2026, 10, 1, tzinfo=UTC)}, "timestamp_unit"),
        ({"columns": COLUMNS, "timestamp_unit": "s", "origin": datetime(2026, 10, 1)}, "with a zone"),  # noqa: DTZ001
        ({"preset": "otel", "columns": {"tier": "service"}}, "leave out columns"),
        ({"preset": "langfuse", "timestamp_unit": "s"}, "leave out columns and timestamp_unit"),
        ({"preset": "opanai"}, "preset"),
        ({"columns": {**COLUMNS, "modell": "m"}}, "columns.modell: unknown key"),
        ({"columns": COLUMNS, "path": []}, "path"),
    ],
)
def test_request_log_refuses_settings_that_would_be_a_guess(settings: dict[str, Any], fault: str) -> None:
    with pytest.raises(ConfigError) as refusal:
        request_log(**settings)
    assert refusal.value.message.startswith("sources.prod")
    assert fault in refusal.value.message
