"""How long a million logged requests take to scan, beside unpacking the same file, in one interleaved run."""

from __future__ import annotations

import gzip
import random
import resource
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from datetime import UTC, datetime, timedelta
from pathlib import Path

from advisor.contract.source import Columns, Scan
from advisor.domain.facts import InputIncludes
from advisor.domain.units import Window
from advisor.ingest.scan import scan

RECORDS = 1_000_000
ROUNDS = 3
GOAL_SECONDS, GOAL_MB = 15, 1024
START = datetime(2026, 5, 1, tzinfo=UTC)
DAYS = 180
MODELS = ("meta.llama3-1-8b-instruct-v1:0", "openai.gpt-oss-120b-1:0", "qwen.qwen3-32b-v1:0")


def write_log(file: Path) -> tuple[int, int]:
    """A log as a gateway ships it; every hundredth record is there twice. Its input and output tokens, each once."""
    draw = random.Random(7)
    tokens_in = tokens_out = 0
    with gzip.open(file, "wt", compresslevel=6) as out:
        for number in range(RECORDS * 100 // 101):
            at = START + timedelta(seconds=draw.random() * DAYS * 86_400)
            uncached, cached, output = draw.randrange(12_000), draw.randrange(8_000), draw.randrange(2_000)
            tokens_in, tokens_out = tokens_in + uncached + cached, tokens_out + output
            line = (
                f'{{"id": "req-{draw.getrandbits(96):024x}", "at": "{at:%Y-%m-%dT%H:%M:%S}.{number % 1000:03}Z", '
                f'"model": "{MODELS[number % 3]}", "usage": {{"prompt_tokens": {uncached + cached}, '
                f'"completion_tokens": {output}, "prompt_tokens_details": {{"cached_tokens": {cached}}}}}, '
                f'"cost": {(uncached + output) * 1e-7:.7f}, "status": "ok", "region": "us-east-1", '
                f'"latency_ms": {draw.randrange(9_000)}, "user": "user-{draw.randrange(5_000)}"}}\n'
            )
            out.write(line * (2 if number % 100 == 0 else 1))
    return tokens_in, tokens_out


def scan_once(file: str) -> None:
    """Print what a scan of *file* counts, its seconds, and this process's peak memory in MB."""
    columns = Columns(
        timestamp="at", model="model", input_tokens="usage.prompt_tokens", output_tokens="usage.completion_tokens",
        cache_read_tokens="usage.prompt_tokens_details.cached_tokens", request_id="id", cost="cost",
    )  # fmt: skip
    spec = Scan(paths=(file,), columns=columns, input_includes=InputIncludes.CACHE, currency="USD", provider="aws")
    started = time.perf_counter()
    found = scan(spec, Window(START, START + timedelta(days=DAYS)))
    seconds = time.perf_counter() - started
    tokens = [
        sum(count) for count in zip(*((fact.tokens.input, fact.tokens.output) for fact in found.usage), strict=True)
    ]
    print(*tokens, found.rejected, seconds, resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024)


def unpack(file: Path) -> float:
    started = time.perf_counter()
    with gzip.open(file) as unpacked:
        while unpacked.read(1_048_576):
            pass
    return time.perf_counter() - started


def zcat(file: Path) -> float:
    started = time.perf_counter()
    subprocess.run(["zcat", str(file)], stdout=subprocess.DEVNULL, check=True)
    return time.perf_counter() - started


def main() -> None:
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / "log.jsonl.gz"
        written = write_log(file)
        times: dict[str, list[float]] = {"python gzip": [], "zcat": [], "scan": []}
        memory = 0.0
        for _ in range(ROUNDS):
            times["python gzip"].append(unpack(file))
            if shutil.which("zcat"):
                times["zcat"].append(zcat(file))
            command = [sys.executable, __file__, str(file)]
            answer = subprocess.run(command, capture_output=True, text=True, check=True).stdout.split()
            assert tuple(map(int, answer[:3])) == (*written, 0), "a scan that is wrong has no speed"
            times["scan"].append(float(answer[3]))
            memory = max(memory, float(answer[4]))
        size = file.stat().st_size / 1e6
    print(f"{RECORDS:,} records in {size:.0f} MB of gzip, median of {ROUNDS} interleaved rounds")
    floor = statistics.median(times["python gzip"])
    for name, seconds in times.items():
        if seconds:
            median = statistics.median(seconds)
            aim = f"  (goal {GOAL_SECONDS} s)" if name == "scan" else ""
            print(f"  {name:<12} {median:6.2f} s  {median / floor:5.1f}x{aim}")
    print(f"  peak memory of the scan {memory:.0f} MB  (goal {GOAL_MB} MB)")


if __name__ == "__main__":
    scan_once(sys.argv[1]) if len(sys.argv) > 1 else main()
