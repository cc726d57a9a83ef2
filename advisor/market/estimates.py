"""Throughput estimates for GPUs on which nobody has measured a model."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date

from advisor.domain.fleet import Grade, Profile
from advisor.market.memory_fit import WEIGHT_BYTES, smallest_group
from advisor.market.models import Model
from advisor.market.roofline import seconds_per_request
from advisor.market.specs import NVLINK, Specs, specs_of

DENSE_BAND = (0.60, 1.40)
EXPERTS_BAND = (0.50, 2.00)
"""Factors to the low and the high end of a roofline: about 80 % of unseen dense models lie inside -40/+40 %; of models
of experts the roofline says little more than the order of magnitude."""
REFUSED_BILLIONS = 400
"""From this size on the roofline was wrong by 87 % where it could be checked."""
REFUSED_GROUP = 4
"""The largest group whose GPUs are not all linked: eight 70B replicas on PCIe were slower than four."""
FITTED_ON = date(2026, 11, 24)
SOURCE = "roofline of the GPU's peaks, fitted to 379 published points"
MIXES = (
    (128.0, 128.0), (128.0, 2048.0), (128.0, 4096.0), (500.0, 2000.0), (1000.0, 1000.0), (2048.0, 128.0),
    (2048.0, 2048.0), (5000.0, 500.0), (20000.0, 2000.0),
)  # fmt: skip
"""The mixes at which vendors publish: what stands for a workload whose request lengths are not known."""


def estimates(
    model: Model,
    gpus: Sequence[str],
    *,
    derate: float,
    input_length: float | None,
    output_length: float | None,
    input_share: float | None,
) -> tuple[Profile, ...]:
    """The roofline of *model* on each GPU in its smallest group that fits, times *derate*: one profile a GPU at most.

    The precision is that of the released weights, or 8 bits for 16-bit weights where the GPU computes in them. Where
    the lengths are not known, the lowest rate among the published mixes nearest the input:output ratio is taken. None
    for models of 400B and more, for groups above four without a link between all GPUs, and where figures are missing.
    """
    if model.parameters is None or model.parameters >= REFUSED_BILLIONS:
        return ()
    mixes = [(input_length, output_length)] if input_length and output_length else _nearest_mixes(input_share)
    return tuple(
        found
        for gpu in gpus
        if (specs := specs_of(gpu)) and (found := _estimate(model, gpu, specs, mixes, derate)) is not None
    )


def served_precision(model: Model, specs: Specs) -> str:
    """The precision a model would be served in on a GPU."""
    return "fp8" if model.precision in ("bf16", "fp16") and specs.tflops_8 else model.precision


def _estimate(
    model: Model, gpu: str, specs: Specs, mixes: Sequence[tuple[float, float]], derate: float
) -> Profile | None:
    precision = served_precision(model, specs)
    if precision not in WEIGHT_BYTES:
        return None
    group = smallest_group(model, memory_gb=specs.memory_gb, precision=precision)
    if group is None or (group > REFUSED_GROUP and specs.link != NVLINK):
        return None
    rates = [
        ((into + out) / seconds.total, into, out)
        for into, out in mixes
        if (seconds := seconds_per_request(model, specs, group, precision, into, out))
    ]
    if not rates:
        return None
    rate, into, out = min(rates)
    low, high = DENSE_BAND if model.active == model.parameters else EXPERTS_BAND
    return Profile(
        model=model.id,
        gpu=gpu,
        tensor_parallel=group,
        precision=precision,
        grade=Grade.ESTIMATE,
        source=SOURCE,
        checked_on=FITTED_ON,
        total_tokens_per_second=rate * derate,
        input_length=into,
        output_length=out,
        note=f"nobody has measured it: the roofline at {into:,.0f}/{out:,.0f} tokens is {rate:,.0f} tokens/s, "
        f"taken x {derate} as an offline maximum; {low * 100 - 100:+.0f} % to {high * 100 - 100:+.0f} %",
        low=low,
        high=high,
    )


def _nearest_mixes(input_share: float | None) -> Sequence[tuple[float, float]]:
    if input_share is None:
        return MIXES
    off = [abs(into / (into + out) - input_share) for into, out in MIXES]
    return [mix for mix, far in zip(MIXES, off, strict=True) if far <= min(off) + 1e-9]
