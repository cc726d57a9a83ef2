"""Recognises what a file of usage or charges holds, and writes the source table that reads it."""

from __future__ import annotations

import csv
import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from advisor.contract.files import READABLE, Look, delimiter_of, find_files, look
from advisor.errors import UsageError

UNIX_TIME_FROM = 1e8  # seconds; smaller numbers count from a start of their own (1e8 s is March 1973)
NAMES = {
    "timestamp": (
        "timestamp", "time", "ts", "created_at", "created", "starttime", "start_time", "datetime", "hour",
        "hour_offset",
    ),
    "date": ("date", "day", "usage_date", "usage_date_utc", "month", "period"),
    "model": ("model", "model_id", "modelid", "model_name", "model_version", "slug", "base_model_name"),
    "requests": ("requests", "request_count", "num_requests", "calls", "count"),
    "input_tokens": ("input_tokens", "prompt_tokens", "input", "contexttokens", "input_length", "prompt tokens"),
    "output_tokens": (
        "output_tokens", "completion_tokens", "output", "generatedtokens", "output_length", "completion tokens",
    ),
    "cache_read_tokens": ("cache_read_tokens", "cache_read_input_tokens", "cached_tokens", "cached_input_tokens"),
    "cache_write_tokens": ("cache_write_tokens", "cache_creation_input_tokens", "cache_creation_tokens"),
    "request_id": ("request_id", "requestid", "id"),
    "amount": ("amount", "amount_usd", "usd", "cost_usd", "cost", "spend", "total_cost", "charge"),
    "currency": ("currency", "billing_currency"),
    "tier": ("tier", "service_tier"),
}  # fmt: skip
BILLING_COLUMNS = {"focus": "chargeperiodstart", "aws-cur": "lineitemusagetype"}
"""A column that only one billing format has, as letters alone: its spelling differs by version."""
PRESET_HEADERS = {
    "openrouter": {"Slug", "Usage", "Prompt Tokens", "Completion Tokens"},
    "anthropic-console": {"usage_date_utc", "model_version", "usage_input_tokens_no_cache"},
    "fireworks": {"base_model_name", "usage_type", "prompt_tokens", "accelerator_seconds"},
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Table:
    """What the head of a file shows: its columns (nested ones by dotted path) and its first record."""

    columns: tuple[str, ...]
    first: Mapping[str, Any]
    csv: bool


def configuration(files: Iterable[Path], folder: Path) -> tuple[str, tuple[str, ...]]:
    """The text of an `advisor.toml` that reads *files*, and notes on what the user still has to choose.

    Raises UsageError for a file that is missing, empty, or not recognised; the message names it and the fix.
    """
    notes: list[str] = []
    tables: list[str] = []
    names: list[str] = []
    for file in files:
        name = _unique(file.name.split(".")[0].lower().replace("_", "-") or "source", names)
        names.append(name)
        tables.append(_source(name, file, _shown(file, folder), notes))
    if len(names) > 1:
        notes.append('if two of these files saw the same traffic, state it on one: overlaps = ["the other"]')
    return "\n".join([HEADER, *tables, FOOTER]), tuple(notes)


def _source(name: str, file: Path, path: str, notes: list[str]) -> str:
    table = head(file)
    for preset, header in PRESET_HEADERS.items():
        if table.csv and header <= set(table.columns):
            return _toml(name, "invoice-csv", path, {"preset": preset})
    if not table.csv and {"usage.prompt_tokens", "usage.completion_tokens", "model"} <= set(table.columns):
        notes.append(f"{name}: set `provider` to the host that served these requests, so that prices can be found")
        return _toml(name, "request-log", path, {"preset": "openai"}, ['# provider = "..."     # CHOOSE: the host'])
    for billing, header_column in BILLING_COLUMNS.items():
        if any(column.lower().replace("_", "").replace("/", "") == header_column for column in table.columns):
            return _toml(name, billing, path, {})
    found = {key: column for key, names in NAMES.items() if (column := _column(table.columns, names))}
    missing = [key for key in ("input_tokens", "output_tokens") if key not in found]
    stamp = "date" if table.csv and "amount" in found and "date" in found else "timestamp"
    if stamp == "timestamp" and "timestamp" not in found and "date" in found:
        found["timestamp"] = found.pop("date")
    if (missing and stamp == "timestamp") or stamp not in found:
        raise UsageError(
            f"{file}: no column looks like {', '.join(missing) or 'a time'}; its columns: {', '.join(table.columns)}",
            'write the [[sources]] table by hand: kind = "request-log" or "invoice-csv", with columns = { ... }',
        )
    kind = "invoice-csv" if stamp == "date" else "request-log"
    return _toml(name, kind, path, *_mapping(name, kind, found, table, notes))


def _mapping(
    name: str, kind: str, found: dict[str, str], table: Table, notes: list[str]
) -> tuple[dict[str, Any], list[str]]:
    """The settings and the commented choices of a source that is read by its columns."""
    comments: list[str] = []
    settings: dict[str, Any] = {}
    if kind == "request-log":
        allowed = ["timestamp", "model", "requests", "request_id"]
        if "amount" in found:
            found["cost"] = found.pop("amount")
            comments.append("# `cost` in a log is an estimate of the gateway, not an invoice")
            settings["currency"] = _currency(name, found["cost"], notes)
        allowed += ["input_tokens", "output_tokens", "cache_read_tokens", "cache_write_tokens", "cost", "tier"]
        settings |= _stamps(name, table.first.get(found["timestamp"]), comments, notes)
    else:
        allowed = ["date", "model", "requests", "input_tokens", "output_tokens"]
        allowed += ["cache_read_tokens", "cache_write_tokens", "tier", "amount", "currency"]
        settings["period"] = "month" if len(str(table.first.get(found["date"], ""))) == len("2026-10") else "day"
        if "currency" not in found and "amount" in found:
            settings["currency"] = _currency(name, found["amount"], notes)
    if "model" not in found and kind == "request-log":
        comments.append('# model = "..."        # CHOOSE: no column names the model that served this log')
        notes.append(f"{name}: no column names a model; set `model` to the one that served this log")
    if "cache_read_tokens" in found or "cache_write_tokens" in found:
        comments.append("# input_includes_cache = true   # CHOOSE: does the input count include cached tokens?")
        notes.append(f"{name}: say with input_includes_cache whether its input count includes cached tokens")
    comments.append('# provider = "..."     # CHOOSE: the host (aws, together, openai, ...), for its prices')
    settings["columns"] = {key: found[key] for key in allowed if key in found}
    return settings, comments


def _currency(name: str, column: str, notes: list[str]) -> str:
    """USD; noted as a guess unless the column's own name says it."""
    if "usd" not in column.lower():
        notes.append(f'{name}: currency = "USD" is a guess; correct it if the amounts are in another currency')
    return "USD"


def _stamps(name: str, stamp: object, comments: list[str], notes: list[str]) -> dict[str, str]:
    """How the time stamps are to be read, as far as the first one shows it."""
    if isinstance(stamp, int | float) or str(stamp).isdigit():
        if float(str(stamp)) >= UNIX_TIME_FROM:
            return {"timestamp_unit": "ms" if float(str(stamp)) > UNIX_TIME_FROM * 1000 else "s"}
        comments.append('# timestamp_unit = "h" # CHOOSE: s, ms or h; and the time that 0 stands for:')
        comments.append("# origin = 2026-10-01T00:00:00Z")
        notes.append(f"{name}: its stamps count from a start: set timestamp_unit and origin")
        return {}
    if _zoned(str(stamp)):
        return {}
    notes.append(f'{name}: its stamps carry no zone; timezone = "UTC" is a guess, correct it')
    return {"timezone": "UTC"}


def head(file: Path) -> Table:
    """Read the first record of a file, or of the first file in a folder. Raises SourceError where there is none."""
    file = find_files([str(file)])[0]
    seen = look(file)
    if seen.parquet or seen.compression == "zstd":
        return _by_engine(file, seen)
    if seen.empty:
        raise UsageError(f"{file} is empty", "name a file with records in it")
    if seen.head.lstrip()[0] in "[{":
        record = _flat(_first_json(seen.head, file))
        return Table(columns=tuple(record), first=record, csv=False)
    lines = seen.head.lstrip().splitlines(keepends=True)
    row = next(csv.DictReader(lines, delimiter=delimiter_of(lines[0])), None)
    if row is None:
        raise UsageError(f"{file} has a header and no rows", "name a file with records in it")
    return Table(columns=tuple(key for key in row if key), first=row, csv=True)


def _first_json(text: str, file: Path) -> Mapping[str, Any]:
    try:
        value, _ = json.JSONDecoder().raw_decode(text.lstrip().removeprefix("[").lstrip())
    except json.JSONDecodeError as error:
        raise UsageError(f"{file} starts like JSON but is not: {error}", "fetch it again") from error
    if not isinstance(value, Mapping):
        raise UsageError(f"{file} holds no JSON objects", "one record is one object")
    return value


def _by_engine(file: Path, seen: Look) -> Table:
    """What only the engine unpacks: Parquet, and text packed with zstd (JSON lines or CSV)."""
    import duckdb

    readers = ["read_parquet(?)"] if seen.parquet else ["read_json(?)", "read_csv(?, all_varchar = true)"]
    for reader in readers:
        try:
            found = duckdb.connect().execute(f"SELECT * FROM {reader} LIMIT 1", [str(file)])
            row = found.fetchone()
        except duckdb.Error:
            continue
        if row is None:
            raise UsageError(f"{file} is empty", "name a file with records in it")
        names = [column[0] for column in found.description or ()]
        first = _flat(dict(zip(names, row, strict=True)))
        return Table(columns=tuple(first), first=first, csv=reader.startswith("read_csv"))
    raise UsageError(f"{file} cannot be read", READABLE)


def _flat(record: Mapping[str, Any], prefix: str = "") -> dict[str, Any]:
    flat: dict[str, Any] = {}
    for key, value in record.items():
        if isinstance(value, Mapping):
            flat |= _flat(value, f"{prefix}{key}.")
        else:
            flat[f"{prefix}{key}"] = value
    return flat


def _column(columns: Sequence[str], names: tuple[str, ...]) -> str | None:
    """The column whose name, or last path part, is one of *names*; the earliest name wins."""
    for name in names:
        for column in columns:
            if column.lower() == name or column.lower().rpartition(".")[2] == name:
                return column
    return None


def _zoned(stamp: str) -> bool:
    tail = stamp.strip()[10:]
    return tail.upper().endswith(("Z", "UTC")) or "+" in tail or "-" in tail


def _shown(file: Path, folder: Path) -> str:
    path = file.resolve()
    return str(path.relative_to(folder)) if path.is_relative_to(folder) else str(path)


def _unique(name: str, names: Sequence[str]) -> str:
    return name if name not in names else _unique(f"{name}-2", names)


def _toml(name: str, kind: str, path: str, settings: Mapping[str, Any], comments: Iterable[str] = ()) -> str:
    lines = ["[[sources]]", f"name = {_quoted(name)}", f"kind = {_quoted(kind)}", f"path = {_quoted(path)}"]
    for key, value in settings.items():
        if isinstance(value, Mapping):
            value = "{ " + ", ".join(f"{inner} = {_quoted(column)}" for inner, column in value.items()) + " }"
            lines.append(f"{key} = {value}")
        else:
            lines.append(f"{key} = {_quoted(str(value))}")
    return "\n".join([*lines, *comments, ""])


def _quoted(text: str) -> str:
    return json.dumps(text, ensure_ascii=False)


HEADER = """\
# Advisor's configuration. Only [[sources]] is needed; what is not written here has a default, and every default in
# force is printed by `advisor check`.
"""
FOOTER = """\
# One workload per model, unless you name them:
# [[workloads]]
# name = "chat"
# models = ["meta.llama3-1-8b-*"]

# Without your team's capacity the answer is at most SWITCH_BLOCKED:
# [team]
# engineering_hours_available = 40
# on_call_engineers = 2

# A price that the catalog lacks, or that you negotiated, per million tokens:
# [[prices]]
# model = "llama-3.1-8b"
# input = "0.10"
# output = "0.10"
# source = "contract 2026-01"

# Where --notify delivers:
# [[channels]]
# name = "finops"
# kind = "slack"
# channel = "C0123456789"
# token = { env = "SLACK_BOT_TOKEN" }
"""
