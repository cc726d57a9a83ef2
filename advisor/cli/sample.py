"""Sample data for `advisor demo`: six months of seeded hourly logs and daily invoices of five workloads."""

from __future__ import annotations

import csv
import gzip
import json
import math
import random
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import Decimal
from pathlib import Path

from advisor.domain.units import Month

MONTHS = 6


@dataclass(frozen=True, slots=True, kw_only=True)
class Traffic:
    """One workload's made-up traffic. Tokens are a month's at the first month; prices are per million tokens.

    `swing` is how far the busy hours rise above the quiet ones (0: flat), `weekend` the factor on Saturday and Sunday,
    `growth` the growth a month. `missing` days of the last month are left out of the log, not out of the invoice.
    """

    provider: str
    model: str
    input_tokens: float
    output_tokens: float
    requests: float
    input_price: Decimal
    output_price: Decimal
    swing: float
    weekend: float
    growth: float
    missing: tuple[int, ...] = ()


TRAFFIC = (
    Traffic(
        provider="aws",
        model="meta.llama3-1-8b-instruct-v1:0",
        input_tokens=60e9,
        output_tokens=5.5e9,
        requests=40e6,
        input_price=Decimal("0.22"),
        output_price=Decimal("0.22"),
        swing=0.25,
        weekend=0.95,
        growth=1.06,
    ),
    Traffic(
        provider="aws",
        model="us.meta.llama3-3-70b-instruct-v1:0",
        input_tokens=24e9,
        output_tokens=6e9,
        requests=20e6,
        input_price=Decimal("0.72"),
        output_price=Decimal("0.72"),
        swing=0.9,
        weekend=0.55,
        growth=1.02,
    ),
    Traffic(
        provider="aws",
        model="openai.gpt-oss-120b-1:0",
        input_tokens=6e9,
        output_tokens=1.5e9,
        requests=3e6,
        input_price=Decimal("0.15"),
        output_price=Decimal("0.60"),
        swing=0.9,
        weekend=0.35,
        growth=1.02,
    ),
    Traffic(
        provider="openai",
        model="gpt-4o-2024-08-06",
        input_tokens=2.0e9,
        output_tokens=0.4e9,
        requests=0.9e6,
        input_price=Decimal("2.50"),
        output_price=Decimal("10.00"),
        swing=0.95,
        weekend=0.20,
        growth=1.0,
    ),
    Traffic(
        provider="together",
        model="mistralai/Mistral-7B-Instruct-v0.3",
        input_tokens=9e9,
        output_tokens=2e9,
        requests=6e6,
        input_price=Decimal("0.20"),
        output_price=Decimal("0.20"),
        swing=0.5,
        weekend=0.6,
        growth=1.0,
        missing=(9, 10, 11, 12),
    ),
)

CONFIG = """\
# Sample configuration of `advisor demo`. The traffic, the invoices and the team are made up (seed {seed});
# token prices, GPU prices and measured throughput are Advisor's own dated tables.
# Every setting that is not written here has the default that `advisor check` prints as assumed.

[[sources]]
name = "bedrock-logs"
kind = "request-log"
path = "logs/aws"
provider = "aws"
[sources.columns]
timestamp = "hour"
model = "model"
requests = "requests"
input_tokens = "input"
output_tokens = "output"

[[sources]]
name = "bedrock-invoice"
kind = "invoice-csv"
path = "invoices/aws.csv"
provider = "aws"
currency = "USD"
overlaps = ["bedrock-logs"]       # both saw the same traffic: money from here, tokens and shape from the logs
[sources.columns]
date = "day"
model = "model"
input_tokens = "input_tokens"
output_tokens = "output_tokens"
amount = "usd"

[[sources]]
name = "openai-logs"
kind = "request-log"
path = "logs/openai"
provider = "openai"
[sources.columns]
timestamp = "hour"
model = "model"
requests = "requests"
input_tokens = "input"
output_tokens = "output"

[[sources]]
name = "openai-invoice"
kind = "invoice-csv"
path = "invoices/openai.csv"
provider = "openai"
currency = "USD"
overlaps = ["openai-logs"]
[sources.columns]
date = "day"
model = "model"
input_tokens = "input_tokens"
output_tokens = "output_tokens"
amount = "usd"

[[sources]]
name = "together-logs"
kind = "request-log"
path = "logs/together"            # four days of the last month were never shipped
provider = "together"
[sources.columns]
timestamp = "hour"
model = "model"
requests = "requests"
input_tokens = "input"
output_tokens = "output"

[[sources]]
name = "together-invoice"
kind = "invoice-csv"
path = "invoices/together.csv"    # money only: without a log there are no tokens
provider = "together"
currency = "USD"
[sources.columns]
date = "day"
model = "model"
amount = "usd"

[[workloads]]
name = "extract"
models = ["meta.llama3-1-8b-*"]

[[workloads]]
name = "support-chat"
models = ["*llama3-3-70b*"]

[[workloads]]
name = "rag"
models = ["openai.gpt-oss-120b*"]

[[workloads]]
name = "copilot"
models = ["gpt-4o*"]

[[workloads]]
name = "summaries"
models = ["mistralai/Mistral-7B-*"]

[team]
engineering_hours_available = 40
on_call_engineers = 2

[[channels]]
name = "outbox"
kind = "file"
path = "messages"
"""
SEED = 20261124
MONEY_ONLY = (0, 1, 4)
"""The columns of an invoice that states no tokens."""


def write_sample(folder: Path, now: datetime) -> None:
    """Write logs, invoices and `advisor.toml` into *folder*, the same for the same month of *now*."""
    last = Month.of(now).plus(-1)
    months = [last.plus(-back) for back in reversed(range(MONTHS))]
    draw = random.Random(SEED)
    charges: dict[str, list[list[str]]] = {}
    for position, month in enumerate(months):
        logs: dict[str, list[str]] = {}
        for traffic in TRAFFIC:
            scale = traffic.growth**position
            for day, rows in _days(traffic, month, scale, draw):
                if month != last or day.day not in traffic.missing:
                    logs.setdefault(traffic.provider, []).extend(json.dumps(row) for row in rows)
                charges.setdefault(traffic.provider, []).append(_charge(traffic, day, rows))
        for provider, lines in logs.items():
            path = folder / "logs" / provider / f"{month}.jsonl.gz"
            path.parent.mkdir(parents=True, exist_ok=True)
            # mtime=0: the same sample is the same file, byte for byte.
            path.write_bytes(gzip.compress(("\n".join(lines) + "\n").encode(), mtime=0))
    for provider, charged in charges.items():
        path = folder / "invoices" / f"{provider}.csv"
        path.parent.mkdir(parents=True, exist_ok=True)
        with path.open("w", newline="", encoding="utf-8") as file:
            writer = csv.writer(file)
            header = ["day", "model", "input_tokens", "output_tokens", "usd"]
            kept = MONEY_ONLY if provider == "together" else tuple(range(len(header)))
            writer.writerows([line[column] for column in kept] for line in (header, *charged))
    (folder / "advisor.toml").write_text(CONFIG.format(seed=SEED), encoding="utf-8")


def _days(
    traffic: Traffic, month: Month, scale: float, draw: random.Random
) -> Iterator[tuple[datetime, list[dict[str, object]]]]:
    """Each day of a month with its 24 hourly sums."""
    weights = [_weight(traffic, month.start + timedelta(hours=hour), draw) for hour in range(month.hours)]
    total = sum(weights)
    for number in range(month.day_count):
        day = month.start + timedelta(days=number)
        rows: list[dict[str, object]] = []
        for hour in range(24):
            share = scale * weights[number * 24 + hour] / total
            rows.append(
                {
                    "hour": (day + timedelta(hours=hour)).strftime("%Y-%m-%dT%H:%M:%SZ"),
                    "model": traffic.model,
                    "requests": round(traffic.requests * share),
                    "input": round(traffic.input_tokens * share),
                    "output": round(traffic.output_tokens * share),
                }
            )
        yield day, rows


def _weight(traffic: Traffic, hour: datetime, draw: random.Random) -> float:
    """An hour's relative traffic: highest in the early afternoon UTC, lower at the weekend, with 5 % noise."""
    day_curve = 1 + traffic.swing * math.cos((hour.hour - 14) / 24 * 2 * math.pi)
    weekend = traffic.weekend if hour.weekday() >= 5 else 1.0
    return day_curve * weekend * draw.uniform(0.95, 1.05)


def _charge(traffic: Traffic, day: datetime, rows: list[dict[str, object]]) -> list[str]:
    """One day of one model as the invoice states it."""
    read = sum(int(str(row["input"])) for row in rows)
    written = sum(int(str(row["output"])) for row in rows)
    amount = (read * traffic.input_price + written * traffic.output_price) / 1_000_000
    return [day.date().isoformat(), traffic.model, str(read), str(written), str(amount.quantize(Decimal("0.01")))]
