"""Load tests as profiles: every tool's file, what is refused, and what a reader is warned of."""

from __future__ import annotations

import json
import tomllib
from pathlib import Path
from typing import Any

import pytest

from advisor.domain.fleet import Grade
from advisor.errors import MarketError, UsageError
from advisor.market.benchmark_formats import runs
from advisor.market.benchmark_profile import Imported, imported, table
from tests.unit.market import benchmark_files as files

TOTAL = files.RATE * (files.INTO + files.OUT)


def read(*documents: Any, text: str = "", **changes: Any) -> Imported:
    """Import documents as the lines of one file, or a text, tested on one A100."""
    values: dict[str, Any] = {
        "gpu": "A100 SXM 80GB", "gpus": None, "model": "", "tensor_parallel": None, "precision": "",
        "cached_input": 0.0, "cached_weight": 0.05,
    }  # fmt: skip
    text = text or "\n".join(json.dumps(document) for document in documents)
    return imported(runs(text, "bench.json"), origin="bench.json", **{**values, **changes})


@pytest.mark.parametrize(
    ("document", "tool", "model"),
    [
        (files.vllm(), "vllm bench serve 2026-11-02", ""),
        (files.sglang(), "sglang.bench_serving", ""),
        (files.guidellm(), "GuideLLM", ""),
        (files.aiperf(), "AIPerf", ""),
        (files.inference_perf(), "inference-perf", "llama-3.1-8b"),
    ],
)
def test_every_tools_file_gives_the_total_rate_at_its_mix(document: dict[str, Any], tool: str, model: str) -> None:
    profile = read(document, model=model).profile
    assert profile.total_tokens_per_second == pytest.approx(TOTAL)
    assert (profile.input_length, profile.output_length) == pytest.approx((files.INTO, files.OUT))
    assert (profile.model, profile.gpu, profile.tensor_parallel) == ("llama-3.1-8b", "A100-80GB-SXM", 1)
    assert (profile.grade, profile.source) == (Grade.OWN, f"{tool}, bench.json")
    assert (profile.prefill_tokens_per_second, profile.decode_tokens_per_second) == (None, None)


def test_real_vllm_result_is_read_as_it_says_itself(samples: Path) -> None:
    file = samples / "vllm" / "vllm_serving_8xH100_llama405b_fp8_16qps.json"
    stated = json.loads(file.read_text())
    found = read(text=file.read_text(), gpu="H100 SXM", gpus=8)
    assert found.profile.total_tokens_per_second == pytest.approx(stated["total_token_throughput"], rel=1e-9)
    assert (found.profile.model, found.profile.tensor_parallel, found.profile.precision) == ("llama-3.1-405b", 8, "fp8")
    assert found.profile.input_length == 215_196 / 1000
    assert found.profile.output_length == 120_689 / 1000
    assert found.cautions == (), "16 requests a second were sent and 9.9 answered: it was saturated"


def test_bare_infinity_of_sglang_is_read() -> None:
    text = json.dumps(files.sglang())
    assert '"request_rate": Infinity' in text
    assert read(text=text).profile.total_tokens_per_second == pytest.approx(TOTAL)


def test_of_several_runs_the_fastest_that_measures_something_counts_and_the_others_are_named() -> None:
    slow, fast = files.sglang(duration=120.0), files.sglang(duration=45.0)
    empty, short = files.sglang(completed=0), files.sglang(duration=20.0)
    found = read(slow, fast, empty, short)
    assert found.profile.total_tokens_per_second == pytest.approx(512 * 1300 / 45)
    assert found.rejected == (
        "bench.json, line 3: no request was completed: see the server's log",
        "bench.json, line 4: it took 20 s, less than 30: send more prompts",
    )


def test_a_sweep_of_guidellm_is_its_fastest_rate() -> None:
    found = read(files.guidellm(5.0, 9.0, 7.0))
    assert found.profile.total_tokens_per_second == pytest.approx(9.0 * 1300)
    assert found.run.where == "bench.json, benchmark 2"


@pytest.mark.parametrize(
    ("document", "reason"),
    [
        (files.vllm(completed=0), "no request was completed"),
        (files.vllm(completed=500, failed=12), "2.3 % of its requests failed, more than 2 %"),
        (files.vllm(completed=500), "2.3 % of its requests failed"),  # older files only say how many were sent
        (files.vllm(duration=29.9), "it took 30 s, less than 30"),
        (files.vllm(max_concurrency=129), "512 prompts for 129 concurrent requests.*at least 516"),
        (files.vllm(total_output_tokens=0), "not positive numbers"),
        (files.vllm(duration=float("nan")), "not positive numbers"),
        (files.aiperf(is_complete=False), "cancelled"),
        (files.aiperf(was_cancelled=True), "cancelled"),
        (files.aiperf(error_request_count={"unit": "requests", "avg": 20}), "3.8 % of its requests failed"),
        (files.inference_perf(failures={"count": 40}), "7.2 % of its requests failed"),
    ],
)
def test_a_run_that_measures_nothing_is_refused_and_says_why(document: dict[str, Any], reason: str) -> None:
    with pytest.raises(MarketError, match=reason) as refused:
        read(document, model="llama-3.1-8b")
    assert refused.value.message.startswith("bench.json")


@pytest.mark.parametrize("failed", [0, 10])
def test_up_to_two_failures_in_a_hundred_are_accepted(failed: int) -> None:
    assert read(files.vllm(completed=512 - failed, failed=failed)).rejected == ()


def test_a_server_that_answered_all_that_came_had_capacity_left() -> None:
    (caution,) = read(files.vllm(request_rate=8.6)).cautions
    assert "the server had capacity left" in caution
    assert read(files.vllm(request_rate=12.0)).cautions == ()


def test_a_prefix_cache_that_helped_is_named() -> None:
    (caution,) = read(files.sglang(cache_report={"cache_hit_rate_pct": 41.0})).cautions
    assert "a prefix cache answered 41 % of the prompts" in caution
    assert read(files.sglang(cache_report={"cache_hit_rate_pct": 2.0})).cautions == ()


def test_a_rate_that_the_gpu_cannot_reach_asks_for_cache_and_gpus() -> None:
    """On one L4: eight replicas behind a balancer, or a cache."""
    (caution,) = read(files.vllm(), gpu="L4").cautions
    assert "x the roofline of 1 x L4-24GB" in caution
    assert "--gpus" in caution
    assert read(files.vllm(), gpu="L4", gpus=8, tensor_parallel=1).cautions == ()


def test_rate_is_that_of_one_replica() -> None:
    one = read(files.vllm(), gpus=8, tensor_parallel=2).profile
    assert one.tensor_parallel == 2
    assert one.total_tokens_per_second == pytest.approx(TOTAL / 4)
    whole = read(files.vllm(), gpus=4).profile
    assert whole.tensor_parallel == 4
    assert whole.total_tokens_per_second == pytest.approx(TOTAL)
    said = read(files.sglang(server_info={"tp_size": 2}), model="llama-3.1-8b", gpus=4).profile
    assert said.tensor_parallel == 2
    assert said.total_tokens_per_second == pytest.approx(TOTAL / 2)


def test_cached_tokens_of_a_prompt_count_as_the_demand_counts_them() -> None:
    """A carried cache read weighs 0.05: 1,000 tokens with 400 cached are 600 + 0.05 x 400 in the demand."""
    found = read(files.vllm(), cached_input=400.0).profile
    assert found.total_tokens_per_second == pytest.approx(files.RATE * (600 + 0.05 * 400 + 300))
    assert found.input_length == 1000
    assert "400 tokens of each prompt cached" in found.source


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"gpus": 3, "tensor_parallel": 2}, "3 GPUs are no whole number of groups of 2"),
        ({"cached_input": 1000.0}, "not within the mean prompt"),
        ({"precision": "fp3"}, "no precision"),
        ({"model": "no-such-model"}, "no model known here"),
    ],
)
def test_figures_that_do_not_fit_together_are_refused(changes: dict[str, Any], said: str) -> None:
    with pytest.raises(UsageError, match=said):
        read(files.vllm(), **changes)


def test_a_file_without_a_model_asks_for_it() -> None:
    with pytest.raises(UsageError, match="does not say which model") as refused:
        read(files.inference_perf())
    assert "--model" in refused.value.hint


def test_precision_is_that_of_the_models_name_or_unknown_never_guessed() -> None:
    assert read(files.vllm()).profile.precision == ""
    assert read(files.vllm(model_id="neuralmagic/Llama-3.1-8B-FP8")).profile.precision == "fp8"
    assert read(files.vllm(), precision="BF16").profile.precision == "bf16"


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("INFO 11-02 Serving Benchmark Result\n=====\nTotal: 5", "bench.json, line 1 is not JSON"),
        ("nothing", "bench.json is not JSON"),
        ("", "bench.json is not JSON"),
        ("[]", "holds no run"),
        ("[1]", "no result of a load test"),
        ('{"benchmarks": []}', "holds no run"),
        ('{"choices": [], "usage": {}}', r"no results of vllm bench serve.*\(keys: choices, usage\)"),
        ('{"completed": 5, "total_input_tokens": 5}', "there is no 'duration'"),
        ('{"completed": 5, "total_input_tokens": [], "duration": 60, "total_output_tokens": 1}', "is not a number"),
        ('{"completed": "many", "total_input_tokens": 5, "duration": 60, "total_output_tokens": 1}', "many"),
        ('{"benchmarks": [{"metrics": {}}]}', "bench.json: there is no"),
        ('{"benchmarks": [7]}', "bench.json: "),
        ('{"output_token_throughput": {}, "input_sequence_length": {}}', "there is no 'request_throughput'"),
        (json.dumps(files.sglang()) + "\n{", "line 2 is not JSON"),
    ],
)
def test_a_file_that_is_no_result_says_what_and_where(text: str, said: str) -> None:
    with pytest.raises(MarketError, match=said) as refused:
        runs(text, "bench.json")
    assert refused.value.hint


def test_table_is_toml_that_reads_back_whatever_the_source_says() -> None:
    found = imported(
        runs(json.dumps(files.vllm()), "x"), origin='a "b"\\c\n\u2028é.json', gpu="A100-80GB", gpus=None, model="",
        tensor_parallel=None, precision="", cached_input=0, cached_weight=0.05,
    )  # fmt: skip
    (back,) = tomllib.loads(table(found.profile))["fleet"]["profiles"]
    assert back["total_tokens_per_second"] == pytest.approx(TOTAL, abs=0.05)
    assert back["source"].startswith('vllm bench serve 2026-11-02, a "b"\\c')
    assert (back["gpu"], back["tensor_parallel"], back["input_length"]) == ("A100-80GB", 1, 1000.0)
