"""Results of load tests as the tools write them: 512 requests of 1,000 tokens in and 300 out in 60 seconds."""

from __future__ import annotations

from typing import Any

REQUESTS, SECONDS, INTO, OUT = 512, 60.0, 1000, 300
RATE = REQUESTS / SECONDS


def vllm(**changes: Any) -> dict[str, Any]:
    return {
        "date": "20261102-151112", "endpoint_type": "vllm", "backend": "vllm",
        "model_id": "meta-llama/Llama-3.1-8B-Instruct", "num_prompts": REQUESTS, "request_rate": "inf",
        "burstiness": 1.0, "max_concurrency": 64, "duration": SECONDS, "completed": REQUESTS,
        "total_input_tokens": REQUESTS * INTO, "total_output_tokens": REQUESTS * OUT, "request_throughput": RATE,
        "output_throughput": RATE * OUT, "total_token_throughput": RATE * (INTO + OUT), "mean_ttft_ms": 212.0,
        **changes,
    }  # fmt: skip


def sglang(**changes: Any) -> dict[str, Any]:
    return {
        "backend": "sglang", "dataset_name": "random", "request_rate": float("inf"), "max_concurrency": 64,
        "server_info": {"tp_size": 1, "model_path": "meta-llama/Llama-3.1-8B-Instruct"}, "duration": SECONDS,
        "completed": REQUESTS, "total_input_tokens": REQUESTS * INTO, "total_output_tokens": REQUESTS * OUT,
        "request_throughput": RATE, "total_throughput": RATE * (INTO + OUT), "median_ttft_ms": 212.0, **changes,
    }  # fmt: skip


def guidellm(*rates: float, **changes: Any) -> dict[str, Any]:
    """A sweep: one benchmark for each rate, as long as the fastest."""

    def metric(mean: float, count: float) -> dict[str, Any]:
        return {
            "successful": {"mean": mean, "count": count},
            "errored": {"mean": 0.0, "count": 0},
            "total": {"mean": mean, "count": count},
        }

    return {
        "metadata": {"guidellm_version": "0.8.1"},
        "config": {"backend": {"model": "meta-llama/Llama-3.1-8B-Instruct"}},
        "benchmarks": [
            {
                "type_": "generative", "duration": SECONDS,
                "config": {"strategy": {"type_": "concurrent", "streams": 64}},
                "metrics": {
                    "requests_per_second": metric(rate, rate * SECONDS),
                    "request_latency": metric(3.0, rate * SECONDS),
                    "prompt_token_count": metric(INTO, rate * SECONDS),
                    "output_token_count": metric(OUT, rate * SECONDS),
                },
                **changes,
            }
            for rate in rates or (RATE,)
        ],
    }  # fmt: skip


def aiperf(**changes: Any) -> dict[str, Any]:
    def metric(average: float, unit: str = "tokens") -> dict[str, Any]:
        return {"unit": unit, "avg": average, "p99": average}

    return {
        "schema_version": "1.4", "request_throughput": metric(RATE, "requests/sec"),
        "output_token_throughput": metric(RATE * OUT, "tokens/sec"), "input_sequence_length": metric(INTO),
        "output_sequence_length": metric(OUT), "request_count": metric(REQUESTS, "requests"),
        "benchmark_duration": metric(SECONDS, "sec"), "is_complete": True,
        "input_config": {"endpoint": {"model_names": ["meta-llama/Llama-3.1-8B-Instruct"]},
                         "loadgen": {"concurrency": 64}},
        **changes,
    }  # fmt: skip


def inference_perf(**changes: Any) -> dict[str, Any]:
    return {
        "load_summary": {"count": REQUESTS, "requested_rate": 10, "achieved_rate": 9.9},
        "successes": {
            "count": REQUESTS, "latency": {"time_to_first_token": {"mean": 0.23, "p99": 0.8}},
            "throughput": {"input_tokens_per_sec": RATE * INTO, "output_tokens_per_sec": RATE * OUT,
                           "total_tokens_per_sec": RATE * (INTO + OUT), "requests_per_sec": RATE},
        },
        "failures": {"count": 0},
        **changes,
    }  # fmt: skip
