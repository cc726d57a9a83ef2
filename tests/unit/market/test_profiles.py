"""How fast models run: provenance of every shipped point, the nearest mix, and what own benchmarks replace."""

from __future__ import annotations

import csv
from collections.abc import Sequence
from datetime import date
from importlib.resources import files

import pytest

from advisor.domain.fleet import Grade, Profile
from advisor.errors import MarketError
from advisor.market.gpus import GPUS, canonical_gpu
from advisor.market.models import by_id
from advisor.market.profiles import OFFLINE_DERATE, measured_models, profiles, shipped

ROWS = list(csv.DictReader(files("advisor.market").joinpath("profiles.csv").read_text(encoding="utf-8").splitlines()))
BYTES = {"bf16": 2.0, "fp8": 1.0, "mxfp4": 0.56, "fp4": 0.56, "fp8/mxfp4": 0.56}
# Dense peak arithmetic in FLOP/s at 8 bits (16 where the GPU has no 8-bit units), from the vendors' data sheets.
PEAK = {"A100": 312e12, "H100": 1979e12, "H200": 1979e12, "B200": 9000e12, "L40S": 733e12, "MI300X": 2615e12}


def near(
    model: str,
    lengths: tuple[float, float] | None = None,
    share: float | None = None,
    own: Sequence[Profile] = (),
) -> dict[tuple[str, int, str], Profile]:
    into, out = lengths or (None, None)
    found = profiles(model, own=own, input_length=into, output_length=out, input_share=share)
    keyed = {(profile.gpu, profile.tensor_parallel, profile.precision): profile for profile in found}
    assert len(keyed) == len(found)
    return keyed


def benchmark(gpu: str = "A100-80GB", model: str = "llama-3.1-8b") -> Profile:
    return Profile(
        model=model,
        gpu=gpu,
        tensor_parallel=1,
        precision="bf16",
        grade=Grade.OWN,
        source="load test",
        total_tokens_per_second=603.865,
    )


@pytest.mark.parametrize("row", ROWS, ids=lambda row: "-".join(list(row.values())[:4] + list(row.values())[5:7]))
def test_shipped_point_has_a_source_a_date_and_can_be(row: dict[str, str]) -> None:
    """A replica holds its weights in memory and computes at most 2 FLOP a parameter and token at peak."""
    model, total = by_id(row["model"]), float(row["total_tokens_per_second"])
    assert model is not None
    assert model.parameters is not None
    assert model.active is not None
    assert row["source"].startswith(("https://", "github:"))
    assert date.fromisoformat(row["checked_on"]) <= date(2026, 11, 24)
    assert canonical_gpu(row["gpu"]) == row["gpu"]
    assert row["kind"] in ("offline-max", "serving")
    group = int(row["tensor_parallel"])
    memory = next(gpu.memory_gb for gpu in GPUS if gpu.name == row["gpu"]) * group
    assert model.parameters * BYTES[row["precision"]] < memory
    peak = next(flops for gpu, flops in PEAK.items() if row["gpu"].startswith(gpu)) * group
    assert 0 < total * 2 * model.active * 1e9 < peak


def test_no_point_is_shipped_twice() -> None:
    names = ("model", "gpu", "tensor_parallel", "precision", "input_length", "output_length")
    keys = [tuple(row[name] for name in names) for row in ROWS]
    assert sorted(keys) == sorted(set(keys))


def test_profile_is_the_point_nearest_the_workloads_lengths() -> None:
    found = near("llama-3.1-8b", (2100, 140))["A100-80GB-SXM", 1, "bf16"]
    assert (found.input_length, found.output_length) == (2048, 128)
    found = near("llama-3.1-8b", (140, 2100))["A100-80GB-SXM", 1, "bf16"]
    assert (found.input_length, found.output_length) == (128, 2048)


def test_offline_maximum_is_derated_and_says_so() -> None:
    found = near("llama-3.1-8b", (1000, 1000))["A100-80GB-SXM", 1, "bf16"]
    # NVIDIA TensorRT-LLM v0.14 perf-overview: 3,634.39 output tokens/s at 1000/1000, so twice as many in all.
    assert found.total_tokens_per_second == pytest.approx(2 * 3634.39 * OFFLINE_DERATE, rel=1e-4)
    assert found.grade is Grade.PUBLISHED
    assert "an offline maximum taken x 0.75" in found.note
    assert "measured 7,269 tokens/s" in found.note


def test_serving_benchmark_is_taken_as_measured() -> None:
    row = next(row for row in ROWS if row["kind"] == "serving" and row["model"] == "qwen3-32b")
    lengths = float(row["input_length"]), float(row["output_length"])
    found = near("qwen3-32b", lengths)[row["gpu"], int(row["tensor_parallel"]), row["precision"]]
    assert found.total_tokens_per_second == float(row["total_tokens_per_second"])
    assert "offline" not in found.note


def test_without_lengths_the_lowest_rate_at_the_nearest_ratio_is_taken() -> None:
    points = [
        point
        for point in shipped()["llama-3.1-8b"]
        if (point.gpu, point.precision) == ("A100-80GB-SXM", "bf16") and point.input_length == point.output_length
    ]
    rates = [point.total_tokens_per_second or 0 for point in points]
    assert len(set(rates)) > 1
    found = near("llama-3.1-8b", share=0.5)["A100-80GB-SXM", 1, "bf16"]
    assert found.total_tokens_per_second == min(rates)


def test_without_lengths_or_ratio_the_lowest_rate_of_all_is_taken() -> None:
    points = [point for point in shipped()["llama-3.1-8b"] if (point.gpu, point.precision) == ("A100-80GB-SXM", "bf16")]
    found = near("llama-3.1-8b")["A100-80GB-SXM", 1, "bf16"]
    assert found.total_tokens_per_second == min(point.total_tokens_per_second or 0 for point in points)


def test_own_benchmark_replaces_every_shipped_one_of_its_gpus_family() -> None:
    before, after = near("llama-3.1-8b"), near("llama-3.1-8b", own=[benchmark()])
    gone = {key for key in before if key[0].startswith("A100-80GB")}
    assert {gpu for gpu, _, _ in gone} == {"A100-80GB-SXM", "A100-80GB-PCIe"}
    assert set(after) == set(before) - gone | {("A100-80GB", 1, "bf16")}
    assert after["A100-80GB", 1, "bf16"] == benchmark()


def test_own_benchmark_is_known_by_other_spellings() -> None:
    own = [benchmark("A100 80GB", "meta-llama/Llama-3.1-8B-Instruct")]
    assert near("llama-3.1-8b", own=own)["A100-80GB", 1, "bf16"] == benchmark()


def test_own_benchmark_of_another_model_changes_nothing() -> None:
    assert near("llama-3.1-8b", own=[benchmark(model="mistral-7b")]) == near("llama-3.1-8b")


def test_own_benchmark_on_an_unknown_gpu_is_refused() -> None:
    with pytest.raises(MarketError):
        near("llama-3.1-8b", own=[benchmark("A100-81GB")])


def test_twin_stands_in_only_where_nothing_is_measured_and_says_so() -> None:
    found = near("llama-3.3-70b", (1000, 1000))
    assert "measured with llama-3.1-70b, the same architecture" in found["A100-80GB-SXM", 4, "bf16"].note
    assert "same architecture" not in found["H200-141GB", 1, "fp8"].note
    assert {profile.model for profile in found.values()} == {"llama-3.3-70b"}


def test_model_without_a_measurement_has_no_profile() -> None:
    assert near("gemma-3-27b") == {}
    assert near("gpt-4o") == {}


def test_measured_models_are_those_with_points() -> None:
    assert {"llama-3.1-8b", "llama-3.3-70b", "gpt-oss-120b"} <= set(measured_models())
    assert set(measured_models()) == {row["model"] for row in ROWS}
