"""Reads the result files of load-test tools: vLLM, SGLang, GuideLLM, AIPerf and inference-perf."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping
from typing import Any

from advisor.errors import MarketError
from advisor.market.benchmark import Run

KNOWN = "vllm bench serve, sglang.bench_serving, GuideLLM, AIPerf or GenAI-Perf, inference-perf"
Document = Mapping[str, Any]


def runs(text: str, origin: str) -> tuple[Run, ...]:
    """Every run of a result file, told apart by its keys.

    JSON, or JSON a line as SGLang appends it, with its bare Infinity. Raises MarketError naming *origin*, and the line
    or run of it, where it is neither, has no run, or lacks a figure.
    """
    found: list[Run] = []
    for where, document in _documents(text, origin):
        reader = next((read for told, read in READERS if told(document)), None)
        if reader is None:
            keys = ", ".join(list(document)[:6]) or "none"
            raise MarketError(f"{where}: these are no results of {KNOWN} (keys: {keys})", "give the tool's JSON result")
        try:
            found.extend(reader(document, where))
        except (KeyError, TypeError, ValueError) as error:
            what = f"there is no {error}" if isinstance(error, KeyError) else str(error)
            raise MarketError(f"{where}: {what}", "the file is cut off, or of a version not known here") from error
    if not found:
        raise MarketError(f"{origin} holds no run", "give the tool's JSON result")
    return tuple(found)


def _documents(text: str, origin: str) -> Iterator[tuple[str, Document]]:
    try:
        whole = [json.loads(text)]
    except json.JSONDecodeError as error:
        lines = [(number, line) for number, line in enumerate(text.splitlines(), 1) if line.strip()]
        if len(lines) < 2:
            raise MarketError(f"{origin} is not JSON: {error}", "give the tool's JSON result, not its log") from error
        for number, line in lines:
            try:
                yield _object(json.loads(line), f"{origin}, line {number}")
            except json.JSONDecodeError as fault:
                raise MarketError(f"{origin}, line {number} is not JSON: {fault}", "remove the line") from fault
        return
    for document in whole[0] if isinstance(whole[0], list) else whole:
        yield _object(document, origin)


def _object(document: Any, where: str) -> tuple[str, Document]:
    if not isinstance(document, dict):
        raise MarketError(f"{where} is no result of a load test", f"known: {KNOWN}")
    return where, document


def _vllm(document: Document, where: str) -> Iterator[Run]:
    yield _bench(document, where, "vllm bench serve")


def _sglang(document: Document, where: str) -> Iterator[Run]:
    yield _bench(document, where, "sglang.bench_serving")


def _bench(document: Document, where: str, tool: str) -> Run:
    """The two share their keys but for the names of the rates, which are not needed."""
    server = document.get("server_info") or {}
    hits = (document.get("cache_report") or {}).get("cache_hit_rate_pct")
    stamp = str(document.get("date") or "")
    return Run(
        tool=tool,
        where=where,
        model_raw=str(document.get("model_id") or server.get("model_path") or ""),
        completed=int(document["completed"]),
        failed=int(
            document.get("failed") or max(0, int(document.get("num_prompts") or 0) - int(document["completed"]))
        ),
        seconds=_number(document["duration"]),
        input_tokens=_number(document["total_input_tokens"]),
        output_tokens=_number(document["total_output_tokens"]),
        prompts=int(document["num_prompts"]) if document.get("num_prompts") else None,
        concurrency=_maybe(document.get("max_concurrency")),
        offered_rate=_maybe(document.get("request_rate")),
        cached_share=None if hits is None else _number(hits) / 100,
        tensor_parallel=int(server["tp_size"]) if server.get("tp_size") else None,
        day=f"{stamp[:4]}-{stamp[4:6]}-{stamp[6:8]}" if stamp[:8].isdigit() else stamp[:10],
    )


def _guidellm(document: Document, where: str) -> Iterator[Run]:
    """One run a rate of the sweep."""
    for number, one in enumerate(document["benchmarks"], 1):
        metrics = one["metrics"]
        done = _counted(metrics, "successful")
        rate = _number(metrics["requests_per_second"]["successful"]["mean"])
        seconds = _maybe(one.get("duration")) or (done / rate if rate else 0.0)
        strategy = (one.get("config") or {}).get("strategy") or {}
        yield Run(
            tool="GuideLLM",
            where=f"{where}, benchmark {number}",
            model_raw=str(_somewhere(document, "model") or ""),
            completed=done,
            failed=_counted(metrics, "errored"),
            seconds=seconds,
            input_tokens=_number(metrics["prompt_token_count"]["successful"]["mean"]) * done,
            output_tokens=_number(metrics["output_token_count"]["successful"]["mean"]) * done,
            concurrency=_maybe(strategy.get("streams") or strategy.get("max_concurrency")),
            offered_rate=_maybe(strategy.get("rate")),
        )


def _counted(metrics: Document, outcome: str) -> int:
    for name in ("request_latency", "prompt_token_count", "requests_per_second"):
        count = ((metrics.get(name) or {}).get(outcome) or {}).get("count")
        if count is not None:
            return int(count)
    if outcome == "errored":
        return 0
    raise KeyError("metrics.request_latency.successful.count")


def _aiperf(document: Document, where: str) -> Iterator[Run]:
    def average(name: str) -> float | None:
        return _maybe((document.get(name) or {}).get("avg"))

    rate = _number(document["request_throughput"]["avg"])
    seconds = average("benchmark_duration")
    done = average("request_count")
    if seconds is None and done is None:
        raise KeyError("benchmark_duration or request_count")
    seconds = seconds if seconds is not None else (done or 0.0) / rate if rate else 0.0
    completed = round(done if done is not None else rate * seconds)
    given = document.get("input_config") or {}
    yield Run(
        tool="AIPerf",
        where=where,
        model_raw=str(_somewhere(given, "model_names", "model") or ""),
        completed=completed,
        failed=round(average("error_request_count") or 0.0),
        seconds=seconds,
        input_tokens=_number(document["input_sequence_length"]["avg"]) * completed,
        output_tokens=_number(document["output_sequence_length"]["avg"]) * completed,
        concurrency=_maybe(_somewhere(given, "concurrency")),
        offered_rate=_maybe(_somewhere(given, "request_rate")),
        cancelled=document.get("is_complete") is False or document.get("was_cancelled") is True,
    )


def _inference_perf(document: Document, where: str) -> Iterator[Run]:
    """Latencies of this tool are in seconds; none is needed."""
    load, good = document["load_summary"], document["successes"]
    done, speed = int(good["count"]), good["throughput"]
    rate = _number(speed["requests_per_sec"])
    seconds = done / rate if rate else 0.0
    yield Run(
        tool="inference-perf",
        where=where,
        model_raw="",
        completed=done,
        failed=int((document.get("failures") or {}).get("count") or 0),
        seconds=seconds,
        input_tokens=_number(speed["input_tokens_per_sec"]) * seconds,
        output_tokens=_number(speed["output_tokens_per_sec"]) * seconds,
        concurrency=_maybe(load.get("concurrency")),
        offered_rate=_maybe(load.get("requested_rate")),
    )


READERS: tuple[tuple[Callable[[Document], bool], Callable[[Document, str], Iterator[Run]]], ...] = (
    (lambda keys: "completed" in keys and "total_throughput" in keys, _sglang),
    (lambda keys: "completed" in keys and "total_input_tokens" in keys, _vllm),
    (lambda keys: isinstance(keys.get("benchmarks"), list), _guidellm),
    (lambda keys: "output_token_throughput" in keys and "input_sequence_length" in keys, _aiperf),
    (lambda keys: "load_summary" in keys and "successes" in keys, _inference_perf),
)


def _number(value: Any) -> float:
    if isinstance(value, bool) or not isinstance(value, int | float | str):
        raise ValueError(f"{value!r} is not a number")
    return float(value)


def _maybe(value: Any) -> float | None:
    """A figure that a tool may leave out: None, 0 and an empty text mean that it does not say."""
    return _number(value) or None if value not in (None, "", []) else None


def _somewhere(document: Any, *names: str) -> Any:
    """The first value under one of *names*, at any depth: tools move their settings between versions."""
    if isinstance(document, Mapping):
        for name in names:
            if isinstance(found := document.get(name), str | int | float) and not isinstance(found, bool):
                return found
            if isinstance(found, list) and found:
                return found[0]
        for name, value in document.items():
            if name not in ("benchmarks", "requests") and (found := _somewhere(value, *names)) is not None:
                return found
    return None
