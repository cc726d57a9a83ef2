"""The load test of a workload: what it sends, how long it takes, and that it is a script."""

from __future__ import annotations

import shutil
import subprocess
from dataclasses import replace
from decimal import Decimal
from typing import Any

import pytest

from advisor.domain.units import Money
from advisor.market.models import by_id
from advisor.market.recipe import START_MINUTES, Recipe, recipe_command, script


def recipe(**changes: Any) -> Recipe:
    model = by_id("llama-3.1-8b")
    assert model
    values: dict[str, Any] = {
        "workload": "chat", "model": model, "gpu": "H100-80GB-SXM", "tensor_parallel": 1, "precision": "fp8",
        "input_length": 1155.4, "output_length": 210.6, "cached_input": 240.2, "peak_requests_per_second": 8.25,
        "saturated_requests_per_second": 20.0, "price_per_gpu_hour": Money(Decimal("3.99"), "USD"),
        "provider": "runpod",
    }  # fmt: skip
    return Recipe(**{**values, **changes})


def test_script_sends_the_workloads_own_lengths_cached_share_and_busiest_rate() -> None:
    text = script(recipe())
    assert "--random-prefix-len 240 --random-input-len 915 --random-output-len 211" in text
    assert "--request-rate inf --max-concurrency 512" in text
    assert "--num-prompts 990 --request-rate 8.25" in text  # 120 s of it
    assert "--enable-prefix-caching" in text
    assert "vllm serve" in text
    assert "model=${MODEL:-meta-llama/Llama-3.1-8B-Instruct}" in text


def test_minutes_and_cost_are_those_of_start_warm_up_and_both_runs() -> None:
    """512 + 2,400 prompts at 20 a second are 145.6 s, the busiest minutes 120 s."""
    one = recipe()
    assert one.prompts == max(4 * 512, 20 * 120)
    assert one.minutes is not None
    assert one.minutes == pytest.approx(START_MINUTES + ((512 + 2400) / 20 + 120) / 60)
    assert one.cost is not None
    assert float(one.cost.amount) == pytest.approx(3.99 * one.minutes / 60)
    assert "About 15 minutes, 0.96 USD at 3.99 a GPU-hour (runpod)." in script(one)
    pair = replace(one, tensor_parallel=2)
    assert pair.cost is not None
    assert float(pair.cost.amount) == pytest.approx(2 * 3.99 * one.minutes / 60)


def test_import_line_counts_what_was_cached_as_the_script_sent_it() -> None:
    last = script(recipe(tensor_parallel=2)).splitlines()[-1]
    assert last == (
        "#   advisor profiles import chat-saturated.json --gpu H100-80GB-SXM --gpus 2 --model llama-3.1-8b "
        "--precision fp8 --cached-input 240 --write"
    )


def test_without_cached_prompts_the_cache_is_off() -> None:
    text = script(recipe(cached_input=0.0))
    assert "--no-enable-prefix-caching" in text
    assert "--cached-input" not in text


@pytest.mark.parametrize(
    ("gpu", "precision", "flags"),
    [
        ("H100-80GB-SXM", "fp8", "--quantization fp8 --kv-cache-dtype fp8"),
        ("H100-80GB-SXM", "bf16", ""),
        ("A100-80GB-SXM", "bf16", ""),
        ("A100-80GB", "bf16", ""),
    ],
)
def test_server_runs_in_the_precision_of_the_profile(gpu: str, precision: str, flags: str) -> None:
    text = script(recipe(gpu=gpu, precision=precision))
    assert (flags in text) if flags else ("--quantization" not in text and "--kv-cache-dtype" not in text)


def test_what_is_not_known_is_said_and_costs_nothing_but_its_line() -> None:
    text = script(recipe(peak_requests_per_second=None, saturated_requests_per_second=None, price_per_gpu_hour=None))
    assert "How long it takes is not known" in text
    assert "How many requests come in the busiest minutes is not known" in text
    assert "no price of the GPU is known" in script(recipe(price_per_gpu_hour=None))
    assert recipe(saturated_requests_per_second=None).cost is None


def test_long_requests_are_sent_no_more_at_once_than_memory_holds() -> None:
    """(0.95 x 80 - 0.8 - 8) GB over 65,536 bytes of 30,000 + 0.55 x 500 tokens are 34, half as many again 51."""
    long = recipe(input_length=30_000.0, output_length=500.0, saturated_requests_per_second=0.5)
    assert long.concurrency == 51
    assert long.prompts == 4 * 51
    assert recipe(gpu="H20-96GB").concurrency == 256, "its peaks are not known here"


def test_pointer_is_a_command_that_a_shell_takes() -> None:
    assert recipe_command("chat") == "advisor profiles recipe chat"
    assert recipe_command("it's; rm -rf /") == "advisor profiles recipe 'it'\"'\"'s; rm -rf /'"


HOSTILE = ["chat", "a b", "$(reboot)\nrm -rf /\n", "../../etc", "-rf", "日本", "`id`", "\u2028x\x1b[0m"]


@pytest.mark.parametrize("name", HOSTILE)
@pytest.mark.parametrize("known", [True, False])
def test_script_is_bash_whatever_the_workload_is_called(name: str, known: bool) -> None:
    changes: dict[str, Any] = {} if known else {"peak_requests_per_second": None, "provider": name}
    text = script(recipe(workload=name, **changes))
    done = subprocess.run(["bash", "-n"], input=text, capture_output=True, text=True, check=False)
    assert (done.returncode, done.stderr) == (0, "")
    code = [line for line in text.splitlines() if not line.startswith("#")]
    assert not any(word in line for line in code for word in ("$(reboot", "rm -rf", "`", "../", "\x1b"))
    if shutil.which("shellcheck"):
        subprocess.run(["shellcheck", "--shell=bash", "-"], input=text, text=True, check=True)


def test_weights_without_a_known_repository_have_to_be_named() -> None:
    model = by_id("llama-3.1-8b")
    assert model
    text = script(recipe(model=replace(model, source="a paper")))
    assert "model=${MODEL:?name the repository or folder of llama-3.1-8b}" in text
