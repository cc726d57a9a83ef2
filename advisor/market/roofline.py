"""How fast a model can run on a GPU by its arithmetic and its memory traffic."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import NamedTuple

from advisor.market.memory_fit import requests_in_memory, weight_bytes
from advisor.market.models import Model
from advisor.market.specs import Specs

BATCH = 512
"""The most requests an engine decodes together."""
STEP_SECONDS = 1.5e-3
"""What an engine spends between two steps on everything but the model."""
LAYER_SECONDS = 16e-6
"""What the two synchronisations of a layer take in a group of several GPUs, beside the traffic."""
MANY_EXPERTS = 0.25
"""A model with a smaller active share of its parameters has many small experts: Mixtral, with 8, has 0.28."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Coefficients:
    """How much of each peak engines reach, fitted to 379 published points with a soft-L1 loss on the log error.

    `compute` is the share of peak FLOP/s, times `experts` for many small experts; `weights` and `cache` are shares of
    the memory bandwidth; `sequence_seconds` is what one more sequence adds to a decode step beside its traffic.
    """

    compute: float = 0.576
    weights: float = 0.858
    cache: float = 0.704
    sequence_seconds: float = 14e-6
    experts: float = 0.472


FITTED = Coefficients()


class Seconds(NamedTuple):
    """The time of one whole replica that one request takes, at saturation."""

    prefill: float
    decode: float

    @property
    def total(self) -> float:
        return self.prefill + self.decode


def cache_value_bytes(specs: Specs, precision: str) -> float:
    """Bytes of a cached value: 8 bits beside 8-bit weights where the GPU computes in them, as in the published runs."""
    return 1.0 if precision in ("fp8", "fp4", "nvfp4") and specs.tflops_8 else 2.0


def batch_of(
    model: Model, specs: Specs, tensor_parallel: int, precision: str, input_length: float, output_length: float
) -> float | None:
    """Requests that are decoded together at saturation: as many as memory holds halfway through their answers.

    None where the model's figures are not known, and where the memory does not hold one request.
    """
    fitting = requests_in_memory(
        model,
        memory_gb=specs.memory_gb,
        tensor_parallel=tensor_parallel,
        precision=precision,
        cache_bytes=cache_value_bytes(specs, precision),
        tokens=input_length + 0.55 * output_length,
    )
    return None if fitting is None or fitting < 1 else min(fitting, BATCH)


def seconds_per_request(
    model: Model,
    specs: Specs,
    tensor_parallel: int,
    precision: str,
    input_length: float,
    output_length: float,
    coefficients: Coefficients = FITTED,
) -> Seconds | None:
    """The saturated roofline of one replica: seconds of it that a request's prompt and its answer take.

        prefill = isl (2 P / (F tp c) + 4 L d (isl / 2) / (F16 tp c) + allreduce)
        step    = max(W / (BW tp w), B 2 P / (F tp c)) + B kv (isl + osl / 2) / (BW tp k) + B (allreduce + s)
                  + 1.5 ms + (tp > 1) 16 us L
        decode  = osl step / B

    with P active parameters, L layers, d the width, W weight bytes, kv cache bytes a token, B the batch, F peak FLOP/s,
    BW bandwidth and the coefficients c, w, k, s. allreduce = 8 L d (tp - 1) / tp / link bandwidth. The width is taken
    as sqrt(P / 12 L), within 42 % of the published ones and in small terms alone, and all experts as read in every
    step, as they are by the batches of a saturated replica. None where the model's figures are not known or one request
    does not fit.
    """
    batch = batch_of(model, specs, tensor_parallel, precision, input_length, output_length)
    weights, kv_bytes = weight_bytes(model, precision), model.kv_bytes_per_token(cache_value_bytes(specs, precision))
    if batch is None or weights is None or not kv_bytes or not model.active or not model.layers:
        return None
    active, layers = model.active * 1e9, model.layers
    width = math.sqrt(active / (12 * layers))
    reached = coefficients.compute * (coefficients.experts if has_many_experts(model) else 1.0)
    flops, flops_16 = specs.flops(precision) * tensor_parallel, specs.tflops_16 * 1e12 * tensor_parallel
    bandwidth = specs.bandwidth_tb_s * 1e12 * tensor_parallel
    shared = tensor_parallel > 1
    allreduce = 8 * layers * width * (tensor_parallel - 1) / tensor_parallel / (specs.link_gb_s * 1e9)
    arithmetic = 2 * active / (flops * reached)
    attention = 4 * layers * width * (input_length / 2) / (flops_16 * reached)
    step = (
        max(weights / (bandwidth * coefficients.weights), batch * arithmetic)
        + batch * kv_bytes * (input_length + output_length / 2) / (bandwidth * coefficients.cache)
        + batch * (allreduce + coefficients.sequence_seconds)
        + STEP_SECONDS
        + (LAYER_SECONDS * layers if shared else 0.0)
    )
    return Seconds(input_length * (arithmetic + attention + allreduce), output_length * step / batch)


def has_many_experts(model: Model) -> bool:
    return bool(model.active and model.parameters and model.active / model.parameters < MANY_EXPERTS)
