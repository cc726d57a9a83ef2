"""The command on real traces, logs and console exports: its totals are those that their publishers state."""

from __future__ import annotations

import csv
import datetime as dt
from pathlib import Path
from typing import Any

import pytest

from tests.e2e.running import Advisor

TRACE = """
kind = "request-log"
path = "{samples}/traces/AzureLLMInferenceTrace_code.csv"
model = "llama-3.1-8b"
timezone = "UTC"
columns = {{ timestamp = "TIMESTAMP", input_tokens = "ContextTokens", output_tokens = "GeneratedTokens" }}
"""
MOONCAKE = """
kind = "request-log"
path = "{samples}/traces/mooncake_conversation_first_1200s.jsonl"
model = "kimi-k2"
timestamp_unit = "ms"
origin = 2026-10-01T00:00:00Z
columns = {{ timestamp = "timestamp", input_tokens = "input_length", output_tokens = "output_length" }}
"""
SERVEGEN = """
kind = "request-log"
path = "{samples}/traces/servegen_m-small_hourly.csv"
model = "llama-3.1-8b"
timestamp_unit = "h"
origin = 2026-10-01T00:00:00Z
[sources.columns]
timestamp = "hour_offset"
requests = "requests"
input_tokens = "input_tokens"
output_tokens = "output_tokens"
"""
COMPATIBLE = """
kind = "request-log"
path = "{samples}/generated/openai_compatible_requests.jsonl"
preset = "openai"
provider = "together"
"""
VLLM = """
kind = "request-log"
path = "{samples}/vllm/requests_rtx4090_llama31_8b.jsonl"
model = "llama-3.1-8b"
timestamp_unit = "s"
[sources.columns]
timestamp = "arrival_time"
request_id = "request_id"
input_tokens = "input_toks"
output_tokens = "output_toks"
"""
INVOICE = """
kind = "invoice-csv"
path = "{samples}/generated/csv_invoice.csv"
provider = "together"
currency = "USD"
[sources.columns]
date = "date"
model = "model"
requests = "requests"
input_tokens = "input_tokens"
output_tokens = "output_tokens"
amount = "amount_usd"
"""
OPENROUTER = 'kind = "invoice-csv"\npath = "{samples}/generated/openrouter_activity.csv"\npreset = "openrouter"\n'
CLAUDE = 'kind = "invoice-csv"\npath = "{samples}/generated/claude_api_tokens.csv"\npreset = "anthropic-console"\n'
FIREWORKS = 'kind = "invoice-csv"\npath = "{samples}/generated/fireworks_billing_metrics.csv"\npreset = "fireworks"\n'
FOCUS = 'kind = "focus"\npath = "{samples}/generated/focus_bedrock.csv"\n'
CUR = 'kind = "aws-cur"\npath = "{samples}/generated/cur2"\n'
CASES = {
    "focus": (FOCUS, "2025-06-01", "2025-08-01", None, 73_422_849_769, 9_136_292_889),
    "aws cur 2.0": (CUR, "2025-06-01", "2025-08-01", None, 73_422_849_769, 9_136_292_889),
    "azure trace": (TRACE, "2023-11-01", "2023-12-01", 8_819, 18_059_974, 245_896),
    "mooncake trace": (MOONCAKE, "2026-10-01", "2026-11-01", 3_658, 49_028_610, 1_274_811),
    "servegen hours": (SERVEGEN, "2026-10-01", "2026-11-01", 613_549_778, 73_422_849_769, 9_136_292_889),
    "openai jsonl": (COMPATIBLE, "2025-06-01", "2025-08-01", 4_819, 9_888_754, 136_213),
    "vllm requests": (VLLM, "2026-08-01", "2026-09-01", 300, 257_239, 195_753),
    "plain invoice": (INVOICE, "2025-06-01", "2025-08-01", 613_549_778, 73_422_849_769, 9_136_292_889),
    "openrouter": (OPENROUTER, "2025-06-01", "2025-08-01", 613_549_778, 73_422_849_769, 9_136_292_889),
    "claude console": (CLAUDE, "2025-06-01", "2025-08-01", None, 73_422_849_769, 9_136_292_889),
    "fireworks": (FIREWORKS, "2025-06-01", "2025-08-01", 819, 1_759_818, 24_673),
}


@pytest.mark.parametrize("case", CASES)
def test_usage_equals_the_published_totals(advisor: Advisor, tmp_path: Path, samples: Path, case: str) -> None:
    table, start, end, requests, read, written = CASES[case]
    (tmp_path / "advisor.toml").write_text('[[sources]]\nname = "sample"\n' + table.format(samples=samples))
    ran = advisor("usage", "--by", "month", "--format", "json", "--from", start, "--to", end)
    assert ran.code == 0, ran.err
    (source,) = ran.json["sources"]
    assert (source["status"], source["rejected"]) == ("ok", 0)
    rows: list[dict[str, Any]] = ran.json["rows"]
    assert sum(row["input_tokens"] for row in rows) == read
    assert sum(row["output_tokens"] for row in rows) == written
    if requests is not None:
        assert sum(row["requests"] for row in rows) == requests


@pytest.mark.parametrize(
    ("kind", "path", "start"),
    [
        ("focus", "focus/focus_sample_rows_1_500.csv", "2024-09-01"),
        ("focus", "focus/virtual_currency_pricing_model_a1.csv", "2023-01-01"),
        ("focus", "focus/virtual_currency_pricing_model_a2.csv", "2023-01-01"),
        ("aws-cur", "cur/cur_legacy_rows_1_641.csv", "2023-11-01"),
    ],
)
def test_a_bill_without_language_models_is_no_usage_and_no_fault(
    advisor: Advisor, tmp_path: Path, samples: Path, kind: str, path: str, start: str
) -> None:
    (tmp_path / "advisor.toml").write_text(f'[[sources]]\nname = "bill"\nkind = "{kind}"\npath = "{samples / path}"\n')
    ran = advisor("usage", "--format", "json", "--from", start, "--to", "2026-11-01")
    assert ran.code == 0, ran.err
    assert ran.json["sources"][0]["status"] == "ok"
    assert ran.json["rows"] == []


def repeated_hours(samples: Path, target: Path) -> None:
    """The 14 days of one small model in production, repeated from 1 August to 31 October 2026: synthetic from there."""
    with (samples / "traces" / "servegen_m-small_hourly.csv").open() as file:
        hours: dict[int, list[int]] = {}
        for row in csv.DictReader(file):
            sums = hours.setdefault(int(row["hour_offset"]), [0, 0, 0])
            for position, name in enumerate(("requests", "input_tokens", "output_tokens")):
                sums[position] += int(row[name])
    start = dt.datetime(2026, 8, 1, tzinfo=dt.UTC)
    with target.open("w", newline="") as out:
        writer = csv.writer(out)
        writer.writerow(["hour", "model", "requests", "input", "output"])
        for hour in range(24 * (31 + 30 + 31)):
            stamp = (start + dt.timedelta(hours=hour)).strftime("%Y-%m-%dT%H:%M:%SZ")
            writer.writerow([stamp, "meta.llama3-1-8b-instruct-v1:0", *hours.get(hour % (14 * 24), [0, 0, 0])])


def test_production_hours_repeated_over_three_months_are_judged_and_explained(
    advisor: Advisor, tmp_path: Path, samples: Path
) -> None:
    repeated_hours(samples, tmp_path / "synthetic.csv")
    (tmp_path / "advisor.toml").write_text(
        """
[[sources]]
name = "synthetic"
kind = "request-log"
path = "synthetic.csv"
provider = "aws"
[sources.columns]
timestamp = "hour"
model = "model"
requests = "requests"
input_tokens = "input"
output_tokens = "output"

[team]
engineering_hours_available = 40
on_call_engineers = 2
"""
    )
    ran = advisor("check", "--format", "json")
    assert ran.code == 0, ran.err
    (workload,) = ran.json["workloads"]
    usage, serverless = workload["usage"], workload["serverless"]
    days = 31  # October begins on day 61 of the repetition, 61 = 4 x 14 + 5
    assert usage["days_covered"] == usage["days_in_month"] == days
    assert serverless["basis"] == "estimated"
    tokens = usage["input_tokens"] + usage["output_tokens"]
    assert float(serverless["cost"]["amount"]) == pytest.approx(tokens * 0.22 / 1e6, rel=1e-6), "Bedrock's $0.22"
    assert workload["verdict"]["streak"] <= 3
    explained = advisor("explain", "llama-3.1-8b", "--no-sync")
    assert explained.code == 0, explained.err
    assert "0.22" in explained.out
    assert "0.70" in explained.out or "70 %" in explained.out
