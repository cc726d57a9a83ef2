"""A load test of a workload on a GPU, as a script to run there."""

from __future__ import annotations

import math
import re
from dataclasses import dataclass
from decimal import Decimal
from shlex import quote

from advisor.domain.units import Money
from advisor.market.benchmark import PROMPTS_PER_SLOT
from advisor.market.models import Model
from advisor.market.roofline import BATCH, batch_of, cache_value_bytes
from advisor.market.specs import specs_of

START_MINUTES = 10
"""What loading the weights and starting the engine is taken to need."""
RUN_SECONDS = 120.0
"""How long a run is meant to last at least; what lasts less than 30 s is refused by the import."""
UNKNOWN_BATCH = 256
ROOM = 1.25
"""The longest request the engine accepts, over the mean: a smaller one leaves more memory to the cache."""


def recipe_command(workload: str) -> str:
    """The command that prints the load test of a workload: the next step of every answer that rests on an estimate.

    >>> recipe_command("support chat")
    "advisor profiles recipe 'support chat'"
    """
    return f"advisor profiles recipe {quote(workload)}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Recipe:
    """What a load test has to know: mean lengths in tokens, and rates of one replica, None where they are unknown.

    `cached_input` is the part of a prompt that the own prefix cache is taken to answer. `peak_requests_per_second` are
    those one replica meets in the busiest five minutes; `saturated_requests_per_second` what it is expected to answer
    at most. `price_per_gpu_hour` is the offer's, `provider` who makes it.
    """

    workload: str
    model: Model
    gpu: str
    tensor_parallel: int
    precision: str
    input_length: float
    output_length: float
    cached_input: float
    peak_requests_per_second: float | None = None
    saturated_requests_per_second: float | None = None
    price_per_gpu_hour: Money | None = None
    provider: str = ""

    @property
    def concurrency(self) -> int:
        """Half as many requests again as the memory holds, so that the replica never waits for one."""
        specs = specs_of(self.gpu)
        shape = (self.tensor_parallel, self.precision, self.input_length, self.output_length)
        batch = batch_of(self.model, specs, *shape) if specs else None
        return max(8, min(BATCH, math.ceil(1.5 * batch))) if batch else UNKNOWN_BATCH

    @property
    def prompts(self) -> int:
        """Of the saturated run: two minutes' worth, and four for each concurrent request."""
        return max(
            PROMPTS_PER_SLOT * self.concurrency, math.ceil(RUN_SECONDS * (self.saturated_requests_per_second or 0))
        )

    @property
    def minutes(self) -> float | None:
        """Start, warm-up, and both runs; None where no throughput is expected."""
        if not self.saturated_requests_per_second:
            return None
        sent = self.prompts + self.concurrency
        peak = RUN_SECONDS if self.peak_requests_per_second else 0.0
        return START_MINUTES + (sent / self.saturated_requests_per_second + peak) / 60

    @property
    def cost(self) -> Money | None:
        """Minutes x GPUs of one replica x price; None where either is not known."""
        if self.minutes is None or self.price_per_gpu_hour is None:
            return None
        return self.price_per_gpu_hour * (self.tensor_parallel * Decimal(repr(self.minutes)) / 60)


def script(recipe: Recipe) -> str:
    """The load test in bash, for vLLM on the machine with the GPUs: start, warm up, saturate, then the busiest rate.

    The saturated run is the one to import; the second shows the latency that users would see at their busiest.
    """
    name = re.sub(r"[^A-Za-z0-9._-]+", "-", recipe.workload).strip("-.") or "workload"
    results = f"{name}-saturated.json"
    fresh, cached = max(1, round(recipe.input_length - recipe.cached_input)), round(recipe.cached_input)
    output = max(1, round(recipe.output_length))
    peak = recipe.peak_requests_per_second
    busiest = (
        f"bench --num-prompts {max(1, math.ceil(peak * RUN_SECONDS))} --request-rate {peak:.4g} --seed 3 \\\n"
        f"  --percentile-metrics ttft,tpot --metric-percentiles 50,95,99 "
        f"--save-result --result-filename {name}-busiest.json"
        if peak
        else "# How many requests come in the busiest minutes is not known, so their latency is not measured."
    )
    return f"""\
#!/usr/bin/env bash
# Load test of {_plain(recipe.workload)}: {recipe.model.id} on {recipe.tensor_parallel} x {recipe.gpu}, \
{fresh + cached:,} tokens in{f" ({cached:,} of them cached)" if cached else ""} and {output:,} out.
# {_effort(recipe)} Needs vLLM 0.11 or newer and curl.
set -euo pipefail

model=${{MODEL:{_weights(recipe.model)}}}
port=${{PORT:-8000}}

vllm serve "$model" --port "$port" \\
  {_flags(recipe, fresh + cached + output)} &
server=$!
trap 'kill "$server"' EXIT
until curl --silent --fail --output /dev/null "http://127.0.0.1:$port/health"; do
  kill -0 "$server" || exit 1
  sleep 5
done

bench() {{
  vllm bench serve --model "$model" --port "$port" --dataset-name random --ignore-eos \\
    --random-prefix-len {cached} --random-input-len {fresh} --random-output-len {output} "$@"
}}

# Warm up, saturate one replica, then send what it would meet in the busiest minutes.
bench --num-prompts {recipe.concurrency} --max-concurrency {recipe.concurrency} --seed 1
bench --num-prompts {recipe.prompts} --request-rate inf --max-concurrency {recipe.concurrency} --seed 2 \\
  --save-result --result-filename {results}
{busiest}

# Then, beside your configuration:
#   {_import(recipe, results, cached)}
"""


def _weights(model: Model) -> str:
    """A default for the weights' repository, or the demand to name one."""
    card = model.source.partition(";")[0].strip()
    if card.startswith("huggingface.co/"):
        return f"-{card.removeprefix('huggingface.co/')}"
    return f"?name the repository or folder of {model.id}"


def _flags(recipe: Recipe, tokens: int) -> str:
    longest = math.ceil(tokens * ROOM / 1024) * 1024
    flags = [f"--tensor-parallel-size {recipe.tensor_parallel}", f"--max-model-len {longest}"]
    if recipe.precision == "fp8" and recipe.model.precision in ("bf16", "fp16"):
        flags.append("--quantization fp8")
    specs = specs_of(recipe.gpu)
    if specs and cache_value_bytes(specs, recipe.precision) == 1:
        flags.append("--kv-cache-dtype fp8")
    flags.append("--enable-prefix-caching" if recipe.cached_input >= 1 else "--no-enable-prefix-caching")
    return " ".join(flags)


def _import(recipe: Recipe, results: str, cached: int) -> str:
    words = ["advisor profiles import", results, "--gpu", quote(recipe.gpu), "--gpus", str(recipe.tensor_parallel)]
    words += ["--model", quote(recipe.model.id)]
    if recipe.precision:
        words += ["--precision", recipe.precision]
    if cached:
        words += ["--cached-input", str(cached)]
    return " ".join([*words, "--write"])


def _effort(recipe: Recipe) -> str:
    if recipe.minutes is None:
        return "How long it takes is not known, as no throughput is."
    minutes = f"About {math.ceil(recipe.minutes):,} minutes"
    price, cost = recipe.price_per_gpu_hour, recipe.cost
    if price is None or cost is None:
        return f"{minutes}; no price of the GPU is known."
    seller = f" ({_plain(recipe.provider)})" if recipe.provider else ""
    return f"{minutes}, {cost.cents()} {cost.currency} at {price.amount:f} a GPU-hour{seller}."


def _plain(text: str) -> str:
    return "".join(mark if mark.isprintable() else " " for mark in text)
