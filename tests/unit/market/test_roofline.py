"""The roofline: beside published tables, its limits, and what never makes a replica faster."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from advisor.market.estimates import DENSE_BAND
from advisor.market.models import Model, by_id
from advisor.market.profiles import OFFLINE_DERATE, shipped
from advisor.market.roofline import BATCH, batch_of, has_many_experts, seconds_per_request
from advisor.market.specs import Specs, specs_of

H100, A100 = "H100-80GB-SXM", "A100-80GB-SXM"


def model(model_id: str) -> Model:
    found = by_id(model_id)
    assert found
    return found


def specs(gpu: str) -> Specs:
    found = specs_of(gpu)
    assert found
    return found


def rate(model_id: str, gpu: str, group: int, precision: str, into: float, out: float) -> float:
    seconds = seconds_per_request(model(model_id), specs(gpu), group, precision, into, out)
    assert seconds
    return (into + out) / seconds.total


@pytest.mark.parametrize(
    ("model_id", "gpu", "group", "precision", "lengths"),
    [
        ("llama-3.1-8b", A100, 1, "bf16", (1000, 1000)),
        ("llama-3.1-8b", H100, 1, "fp8", (2048, 128)),
        ("llama-3.1-70b", H100, 4, "bf16", (500, 2000)),
        ("mixtral-8x7b", A100, 4, "bf16", (2048, 2048)),
        ("llama-3.1-8b", "L40S-48GB", 1, "fp8", (128, 128)),
    ],
)
def test_roofline_lies_within_its_band_of_published_rates(
    model_id: str, gpu: str, group: int, precision: str, lengths: tuple[int, int]
) -> None:
    (published,) = (
        point.total_tokens_per_second
        for point in shipped()[model_id]
        if (point.gpu, point.tensor_parallel, point.precision) == (gpu, group, precision)
        and (point.input_length, point.output_length) == lengths
    )
    assert published
    low, high = DENSE_BAND
    assert low < published / OFFLINE_DERATE / rate(model_id, gpu, group, precision, *lengths) < high


def test_prefill_of_a_dense_model_is_two_flops_a_parameter_at_the_fitted_share_of_the_peak() -> None:
    """A100: 2 x 8.0e9 / (312e12 x 0.576) a token, attention apart: it grows with the square of the prompt."""
    one = seconds_per_request(model("llama-3.1-8b"), specs(A100), 1, "bf16", 1, 1)
    assert one
    assert one.prefill == pytest.approx(2 * 8.0e9 / (312e12 * 0.576), rel=1e-3)
    hundred = seconds_per_request(model("llama-3.1-8b"), specs(A100), 1, "bf16", 10_000, 1)
    assert hundred
    assert hundred.prefill > 10_000 * one.prefill * 1.05


def test_batch_is_what_memory_holds_halfway_through_the_answers() -> None:
    """80 GB x 0.95 - 0.8 GB - 16 GB of weights, over 131,072 bytes a token of 4,000 + 0.55 x 1,000 tokens."""
    batch = batch_of(model("llama-3.1-8b"), specs(A100), 1, "bf16", 4000, 1000)
    assert batch == pytest.approx((80e9 * 0.95 - 0.8e9 - 16e9) / (131_072 * 4_550))
    assert batch_of(model("llama-3.1-8b"), specs(A100), 1, "bf16", 100, 100) == BATCH


def test_request_that_the_memory_does_not_hold_has_no_roofline() -> None:
    assert seconds_per_request(model("llama-3.1-70b"), specs(A100), 2, "bf16", 120_000, 1000) is None
    assert seconds_per_request(model("llama-3.1-70b"), specs(A100), 1, "bf16", 100, 100) is None


def test_unknown_figures_have_no_roofline() -> None:
    known = model("llama-3.1-8b")
    for unknown in (
        replace(known, active=None),
        replace(known, layers=None),
        replace(known, kv_heads=None),
        replace(known, parameters=None),
    ):
        assert seconds_per_request(unknown, specs(A100), 1, "bf16", 9, 9) is None
    assert seconds_per_request(model("llama-3.1-8b"), specs(A100), 1, "fp3", 9, 9) is None


@given(into=st.floats(16, 30_000), out=st.floats(16, 4_000), more=st.floats(1, 8))
def test_longer_requests_never_take_less_time(into: float, out: float, more: float) -> None:
    shape = model("llama-3.1-8b"), specs(H100), 1, "fp8"
    one, longer = seconds_per_request(*shape, into, out), seconds_per_request(*shape, into * more, out * more)
    assert one
    assert longer is None or longer.total >= one.total


def test_faster_silicon_and_narrower_weights_are_faster() -> None:
    eight, sixteen = (rate("llama-3.1-8b", H100, 1, precision, 1000, 300) for precision in ("fp8", "bf16"))
    assert eight > sixteen > rate("llama-3.1-8b", A100, 1, "bf16", 1000, 300)


def test_slow_links_cost_a_group_most_of_its_gain() -> None:
    """Eight A100 on PCIe are published as no faster than four (989 and 960 tokens/s); on NVLink they are."""
    pcie = [rate("llama-3.1-70b", "A100-80GB-PCIe", group, "bf16", 2048, 2048) for group in (4, 8)]
    nvlink = [rate("llama-3.1-70b", A100, group, "bf16", 2048, 2048) for group in (4, 8)]
    assert pcie[1] / pcie[0] < 1.5 < nvlink[1] / nvlink[0]


@pytest.mark.parametrize(
    ("model_id", "many"),
    [("mixtral-8x7b", False), ("llama-3.1-8b", False), ("gpt-oss-20b", True), ("qwen3-235b-a22b", True)],
)
def test_only_models_of_many_small_experts_compute_less_efficiently(model_id: str, many: bool) -> None:
    assert has_many_experts(model(model_id)) is many


def test_eight_bits_are_computed_in_sixteen_where_a_gpu_has_no_units_for_them() -> None:
    assert specs(A100).flops("fp8") == specs(A100).flops("bf16") == 312e12
    assert specs(H100).flops("fp8") == 1979e12
    assert specs(H100).flops("mxfp4") == 989e12
    assert specs("B200-180GB").flops("fp4") == 9000e12
