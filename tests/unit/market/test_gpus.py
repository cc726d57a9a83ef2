"""GPUs by canonical name."""

from __future__ import annotations

import pytest

from advisor.errors import MarketError
from advisor.market.gpus import GPUS, canonical_gpu, is_unit, known_gpu, same_gpu


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
        ("NVIDIA A100 80GB PCIe", "A100-80GB-PCIe"),
        ("NVIDIA H100 80GB HBM3", "H100-80GB-SXM"),
        ("NVIDIA GeForce RTX 4090", "RTX-4090-24GB"),
        ("NVIDIA RTX 6000 Ada Generation", "RTX-6000-ADA-48GB"),
        ("Tesla T4", "T4-16GB"),
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


def test_no_two_gpus_share_a_spelling() -> None:
    spellings = [(alias, gpu.name) for gpu in GPUS for alias in (gpu.name, *gpu.aliases)]
    assert [(alias, name) for alias, name in spellings if known_gpu(alias) != name] == []


def test_members_of_a_family_have_the_same_memory() -> None:
    memory = {(gpu.family, gpu.memory_gb) for gpu in GPUS}
    assert len(memory) == len({family for family, _ in memory})


def test_throughput_unit_is_itself_in_any_spelling_and_no_gpu() -> None:
    assert canonical_gpu(" Azure-PTU: GPT-4o") == "azure-ptu:gpt-4o"
    assert is_unit("bedrock-mu:claude-sonnet-4")
    assert not any(is_unit(name) for gpu in GPUS for name in (gpu.name, *gpu.aliases))
    assert not is_unit("azure-ptu:")
    assert same_gpu("azure-ptu:gpt-4o", "azure-ptu:gpt-4o")
    assert not same_gpu("azure-ptu:gpt-4o", "azure-ptu:gpt-4o-mini")
