"""Whether a model fits a group of GPUs, and how many requests fit beside it."""

from __future__ import annotations

from advisor.market.models import Model

GROUPS = (1, 2, 4, 8)
"""Tensor-parallel group sizes tried: the powers of two that one node holds."""
WEIGHT_SHARE = 0.60
"""The most of a GPU's memory that weights may fill: the rest has to hold the cache of many requests. A rule of thumb;
at 0.9 a model still loads, but serves so few requests at once that no throughput is left."""
USABLE = 0.95
"""Memory an engine can use, and RUNTIME_BYTES a GPU of it are taken by its own buffers; both as in the roofline's
calibration."""
RUNTIME_BYTES = 0.8e9
WEIGHT_BYTES = {
    "bf16": 2.0,
    "fp16": 2.0,
    "fp8": 1.0,
    "int8": 1.0,
    # 4 bits and a scale for each small block of weights.
    "fp4": 0.56,
    "nvfp4": 0.56,
    "mxfp4": 0.56,
    "fp8/mxfp4": 0.56,
    "int4": 0.56,
}


def weight_bytes(model: Model, precision: str) -> float | None:
    """Bytes of the whole model in a precision; None where its size or the precision is not known."""
    each = WEIGHT_BYTES.get(precision)
    return None if model.parameters is None or each is None else model.parameters * 1e9 * each


def requests_in_memory(
    model: Model, *, memory_gb: float, tensor_parallel: int, precision: str, cache_bytes: float, tokens: float
) -> float | None:
    """How many requests of *tokens* each a group holds at once, beside the weights; may be a fraction or negative.

    (0.95 x memory x group - weights - 0.8 GB x group) / (cache bytes of a token x tokens). *cache_bytes* are those of
    one cached value, 2 at 16 bits. None where the model's figures are not known.
    """
    weights, token_bytes = weight_bytes(model, precision), model.kv_bytes_per_token(cache_bytes)
    if weights is None or not token_bytes:
        return None
    return (tensor_parallel * (USABLE * memory_gb * 1e9 - RUNTIME_BYTES) - weights) / (token_bytes * tokens)


def smallest_group(model: Model, *, memory_gb: float, precision: str) -> int | None:
    """The fewest GPUs of one node that hold the weights in 60 % of their memory; None where even eight do not."""
    weights = weight_bytes(model, precision)
    if weights is None:
        return None
    return next((group for group in GROUPS if weights / group <= WEIGHT_SHARE * memory_gb * 1e9), None)
