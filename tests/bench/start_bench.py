"""How long commands take to start and to answer, beside `python -c pass` in the same interleaved run."""

from __future__ import annotations

import os
import statistics
import subprocess
import sys
import tempfile
import time
from datetime import UTC, datetime, timedelta
from pathlib import Path

import numpy as np

from advisor.domain.facts import Basis, CostFact, Pull, PullStatus, Tokens, UsageFact
from advisor.domain.units import Money, Month, Window
from advisor.storage import open_store

ROUNDS = 7
WORKLOADS = 10
NOW = datetime(2026, 11, 24, 12, tzinfo=UTC)
MODELS = (
    "meta.llama3-1-8b-instruct-v1:0", "meta.llama3-1-70b-instruct-v1:0", "us.meta.llama3-3-70b-instruct-v1:0",
    "openai.gpt-oss-120b-1:0", "openai.gpt-oss-20b-1:0", "mistral.mistral-7b-instruct-v0:2",
    "mistral.mixtral-8x7b-instruct-v0:1", "qwen.qwen3-32b-v1:0", "deepseek.r1-v1:0", "anthropic.claude-3-haiku-v1:0",
)  # fmt: skip


def store_a_year(folder: Path) -> None:
    """A stored year of ten workloads at hourly grain: 87,600 usage buckets and a daily invoice."""
    window = Window(datetime(2025, 11, 1, tzinfo=UTC), datetime(2026, 11, 1, tzinfo=UTC))
    hours = int((window.end - window.start) / timedelta(hours=1))
    draw = np.random.default_rng(7)
    usage = [
        UsageFact(
            provider="aws",
            model_raw=model,
            start=window.start + timedelta(hours=hour),
            width_seconds=3600,
            tokens=Tokens(uncached_input=int(count), output=int(count // 5)),
            requests=int(count // 900) + 1,
        )
        for model in MODELS
        for hour, count in enumerate(draw.integers(1_000_000, 60_000_000, size=hours))
    ]
    days = frozenset(window.days())
    costs = [
        CostFact(
            provider="aws",
            model_raw=model,
            start=datetime(day.year, day.month, day.day, tzinfo=UTC),
            end=datetime(day.year, day.month, day.day, tzinfo=UTC) + timedelta(days=1),
            amount=Money.from_nanos(int(draw.integers(100, 900)) * 10**9, "USD"),
            basis=Basis.BILLED,
        )
        for model in MODELS
        for day in sorted(days)
    ]
    (folder / "advisor.toml").write_text(
        '[[sources]]\nname = "prod"\nkind = "invoice-csv"\npath = "none.csv"\nprovider = "aws"\ncurrency = "USD"\n'
        '[sources.columns]\ndate = "day"\nmodel = "model"\ninput_tokens = "i"\noutput_tokens = "o"\namount = "a"\n'
    )
    store = open_store(str(folder / "advisor.db"))
    store.replace(
        Pull(
            source="prod", kind="invoice-csv", window=window, pulled_at=NOW, status=PullStatus.OK, usage=usage,
            costs=costs, usage_days=days, cost_days=days, complete_through=Month(2026, 10).end, rows=len(usage),
        )
    )  # fmt: skip
    store.close()


def seconds(command: list[str], folder: Path) -> float:
    started = time.perf_counter()
    subprocess.run(
        command, cwd=folder, check=True, stdout=subprocess.DEVNULL, env={**os.environ, "ADVISOR_NOW": NOW.isoformat()}
    )
    return time.perf_counter() - started


def main() -> None:
    advisor = [str(Path(sys.executable).parent / "advisor")]
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        store_a_year(folder)
        commands = {
            "python -c pass": ([sys.executable, "-c", "pass"], None),
            "advisor --help": ([*advisor, "--help"], 12),
            "advisor check, stored year of 10 workloads": ([*advisor, "check", "--no-sync"], 60),
        }
        times: dict[str, list[float]] = {label: [] for label in commands}
        for _ in range(ROUNDS):
            for label, (command, _goal) in commands.items():
                times[label].append(seconds(command, folder))
    floor = statistics.median(times["python -c pass"])
    print(f"start and answer, median of {ROUNDS} interleaved rounds")
    for label, (_command, goal) in commands.items():
        median = statistics.median(times[label])
        aim = f"  (goal {goal}x)" if goal else ""
        print(f"  {label:<44} {median * 1000:7.1f} ms  {median / floor:5.1f}x{aim}")


if __name__ == "__main__":
    main()
