"""How fast two years of hourly pages are pulled from a server on this machine, beside the same requests and no more."""

from __future__ import annotations

import json
import resource
import statistics
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from urllib.parse import urlencode
from urllib.request import urlopen

from advisor.contract.source import Records
from advisor.domain.units import HOUR_SECONDS, Window
from advisor.ingest.runner import pull
from advisor.registry import build_source
from tests.http_server import Reply, Request, http_server

ROUNDS = 3
GOAL_MB = 1024
WINDOW = Window(datetime(2024, 11, 1, tzinfo=UTC), datetime(2026, 11, 1, tzinfo=UTC))
NOW = datetime(2026, 11, 24, 12, tzinfo=UTC)
MODELS = 5
USAGE = "organization/usage/completions"


def main() -> None:
    """Print the medians of interleaved rounds; the server runs in a process of its own."""
    with served() as address:
        runs: dict[str, list[tuple[float, int, float, int]]] = {"urllib + json": [], "advisor": []}
        for _ in range(ROUNDS):
            for name, found in runs.items():
                command = [sys.executable, "-m", "tests.bench.pull_bench", name, address]
                answer = subprocess.run(command, capture_output=True, text=True, check=True).stdout.split()
                found.append((float(answer[0]), int(answer[1]), float(answer[2]), int(answer[3])))
        expected = sum(tokens(at, model) for at in hours(WINDOW) for model in range(MODELS))
        assert {run[3] for found in runs.values() for run in found} == {expected}, "a pull that is wrong has no speed"
    buckets = len(range(*bounds(WINDOW), HOUR_SECONDS)) * MODELS
    print(f"{buckets:,} hourly buckets of two years, median of {ROUNDS} interleaved rounds")
    for name, found in runs.items():
        seconds, requests = statistics.median(run[0] for run in found), found[0][1]
        memory = max(run[2] for run in found)
        goal = f"  (goal {GOAL_MB} MB)" if name == "advisor" else ""
        print(f"  {name:<14} {seconds:6.2f} s  {requests / seconds:5.0f} requests/s  peak {memory:4.0f} MB{goal}")


def advisor(address: str) -> tuple[int, int]:
    """Requests made and tokens counted by the source `openai`, as a sync pulls it."""
    table = {"name": "api", "kind": "openai", "api_key": {"env": "KEY"}, "base_url": address}
    source = build_source(table, Path(), {"KEY": "sk-of-the-benchmark"})
    assert isinstance(source, Records)
    found = pull(source, WINDOW, NOW)
    return asked(address), sum(fact.tokens.input for fact in found.usage)


def urllib_json(address: str) -> tuple[int, int]:
    """The same pages, parsed and added up, and nothing checked or kept."""
    total = 0
    start, end = bounds(WINDOW)
    for limit, width, path in ((168, "1h", USAGE), (168, "1h", "organization/usage/embeddings"), (180, "1d", "costs")):
        page = ""
        while page is not None:
            query = {"start_time": start, "end_time": end, "bucket_width": width, "limit": limit, "page": page}
            where = path if path.startswith("organization/") else f"organization/{path}"
            with urlopen(f"{address}v1/{where}?{urlencode(query)}") as reply:
                answer = json.load(reply)
            rows = (row for bucket in answer["data"] for row in bucket["results"])
            total += sum(row.get("input_tokens", 0) for row in rows)
            page = answer["next_page"]
    return asked(address), total


def bounds(window: Window) -> tuple[int, int]:
    return int(window.start.timestamp()), int(window.end.timestamp())


def hours(window: Window) -> range:
    return range(*bounds(window), HOUR_SECONDS)


def tokens(at: int, model: int) -> int:
    return 1_000_000 + at // HOUR_SECONDS % 24 * 1_000 + model


def asked(address: str) -> int:
    """The requests since this was last asked."""
    with urlopen(f"{address}asked") as reply:
        return int(json.load(reply)["requests"])


@contextmanager
def served() -> Iterator[str]:
    command = [sys.executable, "-m", "tests.bench.pull_bench", "serve", ""]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as server:
        assert server.stdout is not None
        try:
            yield server.stdout.readline().strip()
        finally:
            server.terminate()


def serve() -> None:
    """Two years of usage by hour and model and of costs by day, in the pages of OpenAI's documentation."""
    prepared: dict[tuple[str, str], Reply] = {}
    made = 0

    def page(request: Request) -> Reply:
        nonlocal made
        made += 1
        key = (request.path, request.params.get("page", ""))
        if key not in prepared:
            prepared[key] = Reply(body=json.dumps(answer(request)))
        return prepared[key]

    def count(_: Request) -> dict[str, int]:
        nonlocal made
        made, before = 0, made
        return {"requests": before}

    with http_server() as http:
        for path in (USAGE, "organization/usage/embeddings", "organization/costs"):
            http.on(f"v1/{path}", page)
        http.on("asked", count)
        print(http.base_url, flush=True)
        while True:
            time.sleep(60)


def answer(request: Request) -> dict[str, Any]:
    width = HOUR_SECONDS if request.params["bucket_width"] == "1h" else 24 * HOUR_SECONDS
    limit, number = int(request.params["limit"]), int(request.params.get("page") or 0)
    starts = range(int(request.params["start_time"]), int(request.params["end_time"]), width)
    data = [
        {"object": "bucket", "start_time": at, "end_time": at + width, "results": results(request.path, at)}
        for at in starts[number * limit : (number + 1) * limit]
    ]
    more = (number + 1) * limit < len(starts)
    return {"object": "page", "data": data, "has_more": more, "next_page": str(number + 1) if more else None}


def results(path: str, at: int) -> list[dict[str, Any]]:
    if path.endswith("embeddings"):
        return []
    if path.endswith("costs"):
        return [
            {
                "object": "organization.costs.result", "amount": {"value": 12.5, "currency": "usd"},
                "line_item": "gpt-4o-mini-2024-07-18, input", "project_id": "proj_1",
            }
        ]  # fmt: skip
    return [
        {
            "object": "organization.usage.completions.result", "input_tokens": tokens(at, model),
            "output_tokens": 200_000, "input_cached_tokens": 300_000, "input_audio_tokens": 0, "output_audio_tokens": 0,
            "num_model_requests": 900, "project_id": "proj_1", "user_id": None, "api_key_id": None,
            "model": f"gpt-4o-mini-{model}", "batch": False, "service_tier": None,
        }
        for model in range(MODELS)
    ]  # fmt: skip


if __name__ == "__main__":
    if len(sys.argv) == 1:
        main()
    elif sys.argv[1] == "serve":
        serve()
    else:
        began = time.perf_counter()
        made, counted = (advisor if sys.argv[1] == "advisor" else urllib_json)(sys.argv[2])
        seconds = time.perf_counter() - began
        print(seconds, made, resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024, counted)
