"""What a GPU can do at most: arithmetic, memory traffic, and traffic to the other GPUs of its node."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from functools import cache

from advisor.market.gpus import FAMILIES, GPUS

NVLINK, BRIDGE, PCIE = "nvlink", "bridge", "pcie"


@dataclass(frozen=True, slots=True, kw_only=True)
class Specs:
    """Peaks of one GPU: dense TFLOPS at 16, 8 and 4 bits (None where it has no such units), memory in GB and its
    bandwidth in TB/s, and how it is linked to the others with what bandwidth in GB/s an all-reduce gets there."""

    memory_gb: float
    bandwidth_tb_s: float
    tflops_16: float
    tflops_8: float | None
    tflops_4: float | None
    link: str
    link_gb_s: float

    def flops(self, precision: str) -> float:
        """Dense FLOP/s at which weights of *precision* are multiplied.

        Weights in a format the GPU has no units for are widened to 16 bits first. So are those of 4-bit models as
        they were released, whose activations have 16 bits.
        """
        if precision in ("fp4", "nvfp4"):
            return (self.tflops_4 or self.tflops_8 or self.tflops_16) * 1e12
        if precision in ("fp8", "int8"):
            return (self.tflops_8 or self.tflops_16) * 1e12
        return self.tflops_16 * 1e12


# Name: TB/s, dense TFLOPS at 16, 8 and 4 bits, link, GB/s of an all-reduce. Peaks as on the data sheets of NVIDIA and
# AMD, which print twice as much with sparsity; the all-reduce as the roofline was calibrated with.
_TABLE: dict[str, tuple[float, float, float | None, float | None, str, float]] = {
    "A100-80GB-SXM": (2.039, 312, None, None, NVLINK, 230),
    "A100-80GB-PCIe": (1.935, 312, None, None, PCIE, 12),
    "A100-40GB": (1.555, 312, None, None, NVLINK, 230),
    "H100-80GB-SXM": (3.35, 989, 1979, None, NVLINK, 350),
    "H100-80GB-PCIe": (2.0, 756, 1513, None, PCIE, 25),
    "H100-94GB-NVL": (3.9, 835, 1671, None, BRIDGE, 200),
    "H200-141GB": (4.8, 989, 1979, None, NVLINK, 350),
    "H200-141GB-NVL": (4.8, 835, 1671, None, BRIDGE, 200),
    "GH200-96GB": (4.0, 989, 1979, None, PCIE, 25),
    "B200-180GB": (8.0, 2250, 4500, 9000, NVLINK, 700),
    "GB200-186GB": (8.0, 2450, 4900, 9800, NVLINK, 700),
    "L40S-48GB": (0.864, 362, 733, None, PCIE, 12),
    "L4-24GB": (0.3, 121, 242, None, PCIE, 10),
    "A10-24GB": (0.6, 125, None, None, PCIE, 12),
    "RTX-4090-24GB": (1.008, 165, 330, None, PCIE, 10),
    "RTX-PRO-6000-96GB": (1.6, 500, 1000, 2000, PCIE, 25),
    "MI300X-192GB": (5.3, 1307, 2615, None, NVLINK, 300),
    "MI325X-256GB": (6.0, 1307, 2615, None, NVLINK, 300),
}


@cache
def specs_of(gpu: str) -> Specs | None:
    """The peaks of a GPU by its canonical name, of a family those of its first form; None where they are not known."""
    name = next(iter(members([gpu])), gpu)
    row, memory_gb = _TABLE.get(name), next((known.memory_gb for known in GPUS if known.name == name), None)
    if row is None or memory_gb is None:
        return None
    bandwidth, at_16, at_8, at_4, link, link_gb_s = row
    return Specs(
        memory_gb=memory_gb,
        bandwidth_tb_s=bandwidth,
        tflops_16=at_16,
        tflops_8=at_8,
        tflops_4=at_4,
        link=link,
        link_gb_s=link_gb_s,
    )


@cache
def family_of(gpu: str) -> str:
    """The family of a canonical name; a family is its own."""
    return next((known.family for known in GPUS if known.name == gpu), gpu)


def members(gpus: Iterable[str]) -> list[str]:
    """The GPUs that canonical names stand for, a family for all of its forms; in the order of the table of GPUs."""
    wanted = set(gpus)
    return [gpu.name for gpu in GPUS if gpu.name in wanted or (gpu.family in wanted and gpu.family in FAMILIES)]
