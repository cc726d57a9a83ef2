"""GPUs by canonical name."""

from __future__ import annotations

import pytest

from advisor.errors import MarketError
from advisor.market.gpus import GPUS, canonical_gpu, same_gpu


@pytest.mark.parametrize(
    ("name", "gpu"),
    [
        ("A100-80GB", "A100-80GB"),
        ("NVIDIA A100-SXM4-80GB", "A100-80GB-SXM"),
        ("A100 PCIe", "A100-80GB-PCIe"),
        ("a100_40gb", "A100-40GB"),
        ("H100", "H100-80GB"),
        ("H100 SXM", "H100-80GB-SXM"),
        ("H100-NVL-94GB", "H100-94GB-NVL"),
        ("H200", "H200-141GB"),
        ("RTX 4090", "RTX-4090-24GB"),
        ("AMD Instinct MI300X 192GB HBM3", "MI300X-192GB"),
        ("L4", "L4-24GB"),
        ("L40S", "L40S-48GB"),
    ],
)
def test_canonical_gpu_reads_what_hosts_write(name: str, gpu: str) -> None:
    assert canonical_gpu(name) == gpu


def test_canonical_gpu_leaves_canonical_names_as_they_are() -> None:
    names = {gpu.name for gpu in GPUS} | {gpu.family for gpu in GPUS}
    assert {name: canonical_gpu(name) for name in names} == {name: name for name in names}


def test_canonical_gpu_names_the_nearest_of_an_unknown_one() -> None:
    with pytest.raises(MarketError) as raised:
        canonical_gpu("H100-80BG-SXM")
    assert "H100-80GB-SXM" in raised.value.hint


def test_canonical_gpu_asks_which_a100() -> None:
    with pytest.raises(MarketError) as raised:
        canonical_gpu("A100")
    assert {"A100-40GB", "A100-80GB"} <= set(raised.value.hint.removesuffix("?").split(" "))


@pytest.mark.parametrize(
    ("left", "right", "same"),
    [
        ("A100-80GB-SXM", "A100-80GB-SXM", True),
        ("A100-80GB", "A100-80GB-SXM", True),
        ("A100-80GB-PCIe", "A100-80GB", True),
        ("A100-80GB-PCIe", "A100-80GB-SXM", False),
        ("A100-40GB", "A100-80GB", False),
        ("H100-94GB-NVL", "H100-80GB", False),
    ],
)
def test_same_gpu_holds_for_equals_and_for_a_family_with_its_members(left: str, right: str, same: bool) -> None:
    assert same_gpu(left, right) is same
