"""How fast models run: provenance of every shipped point, the nearest mix, and what own benchmarks replace."""

from __future__ import annotations

import csv
import math
import statistics
import time
from collections.abc import Collection, Sequence
from dataclasses import replace
from datetime import date
from importlib.resources import files

import pytest

from advisor.domain.fleet import Grade, Profile
from advisor.errors import MarketError
from advisor.market.fit import at_lengths
from advisor.market.gpus import GPUS, canonical_gpu
from advisor.market.models import by_id
from advisor.market.profiles import OFFLINE_DERATE, measured_models, pace_of, profiles, rented, shipped
from advisor.market.specs import family_of

ROWS = list(csv.DictReader(files("advisor.market").joinpath("profiles.csv").read_text(encoding="utf-8").splitlines()))
BYTES = {"bf16": 2.0, "fp8": 1.0, "mxfp4": 0.56, "fp4": 0.56, "fp8/mxfp4": 0.56}
# Dense peak arithmetic in FLOP/s at 8 bits (16 where the GPU has no 8-bit units), from the vendors' data sheets.
PEAK = {
    "A100": 312e12,
    "H100": 1979e12,
    "H200": 1979e12,
    "B200": 9000e12,
    "L40S": 733e12,
    "MI300X": 2615e12,
    "RTX-4090": 330e12,
}


def near(
    model: str,
    lengths: tuple[float, float] | None = None,
    share: float | None = None,
    own: Sequence[Profile] = (),
    gpus: Collection[str] | None = None,
) -> dict[tuple[str, int, str], Profile]:
    into, out = lengths or (None, None)
    found = profiles(model, own=own, input_length=into, output_length=out, input_share=share, gpus=gpus)
    keyed = {(profile.gpu, profile.tensor_parallel, profile.precision): profile for profile in found}
    assert len(keyed) == len(found)
    return keyed


def rate_of(profile: Profile) -> float:
    assert profile.total_tokens_per_second is not None
    return profile.total_tokens_per_second


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


def test_profile_is_at_the_workloads_own_lengths_and_says_from_which_points() -> None:
    found = near("llama-3.1-8b", (1155, 211))["A100-80GB-SXM", 1, "bf16"]
    assert (found.input_length, found.output_length) == (1155, 211)
    assert found.note.startswith("fitted to 1,155/211 tokens on the points at 2,048/128, 1,000/1,000, ")
    assert found.grade is Grade.PUBLISHED
    # Between the two mixes it lies between, of the same engine on the same GPU.
    rates = [rate_of(near("llama-3.1-8b", mix)["A100-80GB-SXM", 1, "bf16"]) for mix in ((1000, 1000), (2048, 128))]
    assert rates[0] < rate_of(found) < rates[1]


def test_left_out_points_are_met_within_the_published_band() -> None:
    """What a fit is for: a mix nobody measured. Nine of ten points of Llama-3.1-8B are met within 15 %."""
    off = []
    for point in shipped()["llama-3.1-8b"]:
        key = point.gpu, point.tensor_parallel, point.precision
        rest = [
            other
            for other in shipped()["llama-3.1-8b"]
            if (other.gpu, other.tensor_parallel, other.precision) == key and other is not point
        ]
        if rest:
            assert point.input_length
            assert point.output_length
            found = at_lengths(rest, pace_of("llama-3.1-8b", *key), point.input_length, point.output_length)
            off.append(abs(rate_of(found) / rate_of(point) - 1))
    assert len(off) > 50
    assert statistics.quantiles(off, n=10)[-1] < 0.15
    assert max(off) < math.exp(1.28 * 0.30) - 1


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


def test_gpus_without_a_measurement_get_an_estimate_that_says_so() -> None:
    found = near("llama-3.1-8b", (1155, 211))["GH200-96GB", 1, "fp8"]
    assert found.grade is Grade.ESTIMATE
    assert found.band == (0.60, 1.40)
    assert found.note.startswith("nobody has measured it: the roofline at 1,155/211 tokens is ")
    assert found.source == "roofline of the GPU's peaks, fitted to 379 published points"


def test_an_estimate_never_stands_beside_a_measurement_of_the_same_gpu_or_of_another_form_of_it() -> None:
    every = near("llama-3.1-8b", (1155, 211), gpus=[gpu.name for gpu in GPUS]).values()
    measured = {family_of(profile.gpu) for profile in every if profile.grade is not Grade.ESTIMATE}
    assert {"A100-80GB", "H100-80GB", "L40S-48GB"} <= measured
    assert not measured & {family_of(profile.gpu) for profile in every if profile.grade is Grade.ESTIMATE}


def test_own_benchmark_of_a_gpu_takes_the_estimates_of_its_family_away() -> None:
    before = near("gemma-3-27b", (1155, 211))
    after = near("gemma-3-27b", (1155, 211), own=[benchmark("H100-80GB-PCIe", "gemma-3-27b")])
    assert {gpu for gpu, _, _ in before} - {gpu for gpu, _, _ in after} == {"H100-80GB-SXM"}
    assert after["H100-80GB-PCIe", 1, "bf16"].grade is Grade.OWN


def test_models_nobody_measured_have_estimates_on_every_rented_gpu_that_holds_them() -> None:
    found = near("gemma-3-27b", (1155, 211))
    assert {profile.grade for profile in found.values()} == {Grade.ESTIMATE}
    assert {gpu for gpu, _, _ in found} == rented()
    # 27 billion parameters of 2 bytes in 0.6 of 80 GB: two GPUs; in 8 bits: one.
    assert ("A100-80GB-SXM", 2, "bf16") in found
    assert ("H100-80GB-SXM", 1, "fp8") in found


@pytest.mark.parametrize("model", ["gpt-4o", "mimo-v2.5", "llama-3-405b-of-nobody"])
def test_models_without_known_figures_have_no_profile(model: str) -> None:
    assert near(model, (1155, 211)) == {}


def test_estimates_are_refused_where_the_roofline_was_far_off() -> None:
    """405B and more; and groups of eight on PCIe, as 123 GB of weights would need on L40S of 0.6 x 48 GB."""
    assert Grade.ESTIMATE not in {profile.grade for profile in near("llama-3.1-405b", (1155, 211)).values()}
    assert near("kimi-k2", (1155, 211)) == {}
    assert near("mistral-large-2", (1155, 211), gpus=["L40S-48GB"]) == {}
    assert set(near("mistral-large-2", (1155, 211), gpus=["H100-80GB-SXM"])) == {("H100-80GB-SXM", 4, "fp8")}


def test_models_of_experts_get_the_wide_band() -> None:
    bands = {profile.band for profile in near("qwen3-30b-a3b", (1155, 211)).values()}
    assert bands == {(0.50, 2.00)}
    (sigma,) = {profile.sigma for profile in near("qwen3-30b-a3b", (1155, 211)).values()}
    assert math.exp(-1.28 * sigma) == pytest.approx(0.50)


def test_without_lengths_an_estimate_is_the_lowest_of_the_published_mixes_at_the_nearest_ratio() -> None:
    unknown = near("gemma-3-27b", share=0.5)["L40S-48GB", 1, "fp8"]
    same_ratio = [(128, 128), (1000, 1000), (2048, 2048)]
    rates = {mix: rate_of(near("gemma-3-27b", mix)["L40S-48GB", 1, "fp8"]) for mix in same_ratio}
    assert rate_of(unknown) == min(rates.values()) == rates[2048, 2048]


def test_own_benchmarks_of_several_mixes_are_one_profile_at_the_workloads_own() -> None:
    """Otherwise the search would take the fastest of them, whatever the mix."""
    fast, slow = (
        replace(benchmark(), total_tokens_per_second=rate, input_length=into, output_length=out)
        for rate, into, out in ((13_000.0, 2048, 128), (5_000.0, 128, 2048))
    )
    found = near("llama-3.1-8b", (1155, 211), own=[fast, slow])["A100-80GB", 1, "bf16"]
    assert found.grade is Grade.OWN
    assert 5_000 < rate_of(found) < 13_000
    assert found.note.startswith("fitted to 1,155/211 tokens on the points at 2,048/128, 128/2,048")


@pytest.mark.parametrize("precision", ["bf16", ""])
def test_own_benchmark_of_another_mix_is_carried_over_and_trusted_less(precision: str) -> None:
    own = replace(benchmark(), precision=precision, input_length=128, output_length=2048)
    found = near("llama-3.1-8b", (1155, 211), own=[own])["A100-80GB", 1, precision]
    assert rate_of(found) > 1.5 * rate_of(own)
    assert found.grade is Grade.OWN
    assert found.sigma == pytest.approx(0.20)
    assert found.note == "carried over from 128/2,048 to 1,155/211 tokens along the roofline"
    assert own.sigma == 0.10


def test_own_benchmark_of_another_mix_that_no_roofline_can_carry_counts_as_an_estimate_would() -> None:
    own = replace(benchmark("azure-ptu:gpt-4o", "gpt-4o"), input_length=128, output_length=2048)
    (found,) = near("gpt-4o", (1155, 211), own=[own]).values()
    assert rate_of(found) == rate_of(own)
    assert found.sigma == pytest.approx(Grade.ESTIMATE.sigma)
    (same,) = near("gpt-4o", (128, 2048), own=[own]).values()
    assert same == own


def test_own_benchmark_at_the_workloads_own_lengths_is_taken_as_it_is() -> None:
    own = replace(benchmark(), input_length=1155, output_length=211)
    assert near("llama-3.1-8b", (1155, 211), own=[own])["A100-80GB", 1, "bf16"] == own


def test_a_year_of_ten_workloads_is_looked_up_in_a_moment() -> None:
    """120 mixes never asked for before; generous, as machines differ: about 0.5 ms each where it was measured."""
    started = time.perf_counter()
    for number in range(120):
        near(measured_models()[number % 10], (500 + number, 100 + number / 7))
    assert time.perf_counter() - started < 1.5


def test_measured_models_are_those_with_points() -> None:
    assert {"llama-3.1-8b", "llama-3.3-70b", "gpt-oss-120b"} <= set(measured_models())
    assert set(measured_models()) == {row["model"] for row in ROWS}
