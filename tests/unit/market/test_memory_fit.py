"""Whether weights fit, and how much room they leave."""

from __future__ import annotations

import pytest

from advisor.market.memory_fit import requests_in_memory, smallest_group, weight_bytes
from advisor.market.models import by_id


@pytest.mark.parametrize(
    ("model_id", "precision", "memory_gb", "group"),
    [
        ("llama-3.1-8b", "bf16", 80, 1),  # 16 of 48 GB
        ("llama-3.1-8b", "bf16", 24, 2),  # 16 > 14.4 >= 8
        ("llama-3.1-8b", "fp8", 24, 1),  # 8 <= 14.4
        ("llama-3.1-70b", "bf16", 80, 4),  # 141.2 / 2 = 70.6 > 48 >= 35.3
        ("llama-3.1-70b", "fp8", 141, 1),  # 70.6 <= 84.6
        ("gpt-oss-120b", "mxfp4", 141, 1),  # 116.8 x 0.56 = 65.4 <= 84.6
        ("llama-3.1-405b", "bf16", 80, None),  # 810 / 8 = 101 > 48
    ],
)
def test_smallest_group_holds_the_weights_in_six_tenths_of_its_memory(
    model_id: str, precision: str, memory_gb: float, group: int | None
) -> None:
    model = by_id(model_id)
    assert model
    assert smallest_group(model, memory_gb=memory_gb, precision=precision) == group


def test_an_unknown_precision_or_size_fits_nothing() -> None:
    small, unsized = by_id("llama-3.1-8b"), by_id("mimo-v2.5")
    assert small
    assert unsized
    assert weight_bytes(small, "fp3") is None
    assert smallest_group(small, memory_gb=80, precision="fp3") is None
    assert (
        requests_in_memory(unsized, memory_gb=80, tensor_parallel=1, precision="bf16", cache_bytes=2, tokens=1000)
        is None
    )


def test_requests_in_memory_are_what_the_cache_of_their_tokens_leaves_room_for() -> None:
    """gpt-oss-20b: 12 layers x 2 x 8 heads x 64 x 2 bytes = 24,576 bytes a token."""
    model = by_id("gpt-oss-20b")
    assert model
    fitting = requests_in_memory(model, memory_gb=80, tensor_parallel=2, precision="mxfp4", cache_bytes=2, tokens=1000)
    assert fitting == pytest.approx((2 * (0.95 * 80e9 - 0.8e9) - 20.9e9 * 0.56) / (24_576 * 1000))
