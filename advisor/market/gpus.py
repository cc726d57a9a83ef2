"""GPUs by canonical name: what hosts call them, how much memory they have, and the units that stand for GPUs."""

from __future__ import annotations

import re
from dataclasses import dataclass
from difflib import get_close_matches
from functools import cache

from advisor.errors import MarketError


@dataclass(frozen=True, slots=True, kw_only=True)
class Gpu:
    """One GPU model. `family` groups those that differ only in form factor; an offer may name the family alone."""

    name: str
    memory_gb: int
    family: str
    aliases: tuple[str, ...] = ()


def _gpu(name: str, memory_gb: int, *aliases: str, family: str = "") -> Gpu:
    return Gpu(name=name, memory_gb=memory_gb, family=family or name, aliases=aliases)


# Memory in GB as on the vendors' data sheets.
GPUS = (
    _gpu("A100-80GB-SXM", 80, "A100-SXM4-80GB", "A100 SXM 80GB", "A100 80GB SXM4", family="A100-80GB"),
    _gpu("A100-80GB-PCIe", 80, "A100-PCIe-80GB", "A100 PCIe 80GB", "A100 PCIe", family="A100-80GB"),
    _gpu("A100-40GB", 40, "A100 SXM 40GB", "A100-SXM4-40GB", "A100-PCIe-40GB"),
    _gpu(
        "H100-80GB-SXM", 80, "H100-SXM-80GB", "H100 SXM", "H100-SXM5-80GB", "H100 SXM5", "H100 80GB HBM3",
        family="H100-80GB",
    ),
    _gpu("H100-80GB-PCIe", 80, "H100 PCIe", "H100-PCIe", family="H100-80GB"),
    _gpu("H100-94GB-NVL", 94, "H100-NVL-94GB", "H100 NVL", "H100-NVL"),
    _gpu("H200-141GB", 141, "H200-SXM-141GB", "H200", "H200-SXM", "H200-SXM5-141GB"),
    _gpu("H200-141GB-NVL", 141, "H200-NVL-141GB", "H200 NVL"),
    _gpu("H20-96GB", 96, "H20"),
    _gpu("B200-180GB", 180, "B200-SXM-180GB", "B200", "B200-SXM"),
    _gpu("B300-288GB", 288, "B300", "B300-SXM"),
    _gpu("GB200-186GB", 186, "GB200-192GB", "GB200"),
    _gpu("GB300-288GB", 288, "GB300"),
    _gpu("GH200-96GB", 96, "GH200"),
    _gpu("L40S-48GB", 48, "L40S"),
    _gpu("L40-48GB", 48, "L40"),
    _gpu("L4-24GB", 24, "L4"),
    _gpu("T4-16GB", 16, "T4"),
    _gpu("V100-32GB", 32, "V100-SXM2-32GB"),
    _gpu("V100-16GB", 16, "V100-SXM2-16GB"),
    _gpu("A10-24GB", 24, "A10"),
    _gpu("A10G-24GB", 24, "A10G"),
    _gpu("A30-24GB", 24, "A30"),
    _gpu("A40-48GB", 48, "A40"),
    _gpu("RTX-A6000-48GB", 48, "RTX A6000", "A6000"),
    _gpu("RTX-6000-ADA-48GB", 48, "RTX 6000 Ada", "6000 Ada"),
    _gpu("RTX-3090-24GB", 24, "RTX 3090", "3090"),
    _gpu("RTX-5090-32GB", 32, "RTX 5090", "5090"),
    _gpu("RTX-4090-24GB", 24, "RTX 4090", "RTX4090-24GB", "RTX4090", "4090"),
    _gpu("RTX-PRO-6000-96GB", 96, "RTX PRO 6000 Blackwell Server Edition", "RTX PRO 6000"),
    _gpu("MI300X-192GB", 192, "MI300X", "AMD Instinct MI300X 192GB HBM3"),
    _gpu("MI325X-256GB", 256, "MI325X", "AMD Instinct MI325X 256GB HBM3e"),
    _gpu("MI350X-288GB", 288, "MI350X"),
    _gpu("MI355X-288GB", 288, "MI355X"),
)  # fmt: skip
FAMILIES = {gpu.family for gpu in GPUS}


def _key(name: str) -> str:
    return re.sub(r"[^a-z0-9]|nvidia|geforce|tesla|generation", "", name.lower())


_BY_KEY: dict[str, str] = {
    **{_key(alias): gpu.name for gpu in GPUS for alias in (gpu.name, *gpu.aliases)},
    **{_key(family): family for family in FAMILIES},
    "h100": "H100-80GB",  # the A100 alone could be the 40 GB one
}


def canonical_gpu(name: str) -> str:
    """The canonical name of a GPU, of a family, or of a throughput unit. Raises MarketError naming the nearest.

    >>> canonical_gpu("A100 SXM 80GB"), canonical_gpu("H100"), canonical_gpu("Azure-PTU: gpt-4o")
    ('A100-80GB-SXM', 'H100-80GB', 'azure-ptu:gpt-4o')
    """
    if is_unit(name):
        return re.sub(r"\s", "", name.lower())
    if found := known_gpu(name):
        return found
    known = sorted({gpu.name for gpu in GPUS} | FAMILIES)
    near = [gpu for gpu in known if gpu.startswith(f"{name.upper()}-")] or get_close_matches(name.upper(), known, n=1)
    raise MarketError(
        f"{name!r} is no GPU known here", f"did you mean {' or '.join(near)}?" if near else f"known: {', '.join(known)}"
    )


def known_gpu(name: str) -> str | None:
    """The canonical name of a GPU or of a family; None where the name stands for none."""
    return _BY_KEY.get(_key(name))


def is_unit(name: str) -> bool:
    """Whether a name is of a vendor's throughput unit: VENDOR-UNIT:MODEL, as in `azure-ptu:gpt-4o`.

    A unit carries one model at the vendor's pace, so the model is a part of its name; it takes the place of a GPU in
    an offer and in the profile that says what one unit carries. No GPU has a colon in its name.
    """
    unit, colon, model = name.partition(":")
    return bool(colon and unit.strip() and model.strip())


@cache
def same_gpu(left: str, right: str) -> bool:
    """Whether two canonical names mean the same GPU: equal, or one is the family of the other."""
    return left == right or _family(left) == right or _family(right) == left


def _family(name: str) -> str:
    return next((gpu.family for gpu in GPUS if gpu.name == name), name)
