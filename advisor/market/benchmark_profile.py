"""A load test's best run as an own profile: the total rate of one replica at the mix it was measured at."""

from __future__ import annotations

import json
import re
from collections.abc import Sequence
from dataclasses import dataclass

from advisor.domain.fleet import Grade, Profile
from advisor.errors import MarketError, UsageError
from advisor.market.benchmark import Run, cautions, rejection
from advisor.market.estimates import DENSE_BAND, EXPERTS_BAND
from advisor.market.gpus import canonical_gpu
from advisor.market.memory_fit import WEIGHT_BYTES
from advisor.market.models import canonical
from advisor.market.profiles import pace_of

IN_NAME = re.compile(r"(?<![a-z0-9])(bf16|fp16|fp8|int8|nvfp4|mxfp4|fp4|int4)(?![a-z0-9])")
"""A precision inside a model's name, such as `Llama-3.1-405B-Instruct-FP8`."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Imported:
    """An own profile and what it is worth less for; `rejected` are the file's other runs that measure nothing."""

    profile: Profile
    run: Run
    cautions: tuple[str, ...]
    rejected: tuple[str, ...]


def imported(
    found: Sequence[Run],
    *,
    origin: str,
    gpu: str,
    gpus: int | None,
    model: str,
    tensor_parallel: int | None,
    precision: str,
    cached_input: float,
    cached_weight: float,
) -> Imported:
    """The fastest run that measures something, as the profile of one replica.

    total rate = (input - cached + weight x cached + output) tokens / second / replicas

    *gpus* served the test in groups of *tensor_parallel*; either defaults to the other, both to 1. *cached_input* is
    the part of each prompt that a prefix cache answered; it counts as *cached_weight* of its tokens, as in the demand
    that the rate is set against. Raises MarketError where every run is rejected or the model is not known, and
    UsageError where the figures given do not fit together.
    """
    named = canonical_gpu(gpu)
    good = [run for run in found if not rejection(run)]
    rejected = tuple(f"{run.where}: {reason}" for run in found if (reason := rejection(run)))
    if not good:
        raise MarketError("; ".join(rejected), "nothing was imported")
    run = max(good, key=lambda one: one.total_tokens_per_second)
    group, replicas = _layout(gpus, tensor_parallel or run.tensor_parallel)
    if not 0 <= cached_input < run.input_length:
        raise UsageError(
            f"--cached-input {cached_input:g} is not within the mean prompt of {run.input_length:,.0f} tokens",
            "give the tokens of a prompt that the prefix cache answered",
        )
    input_length = run.input_length - cached_input * (1 - cached_weight)
    rate = run.requests_per_second * (input_length + run.output_length) / replicas
    about = f"{run.tool}{f' {run.day}' if run.day else ''}, {origin}"
    profile = Profile(
        model=_model(model or run.model_raw),
        gpu=named,
        tensor_parallel=group,
        precision=_precision(precision, run.model_raw),
        grade=Grade.OWN,
        source=about + (f", {cached_input:g} tokens of each prompt cached" if cached_input else ""),
        total_tokens_per_second=rate,
        input_length=run.input_length,
        output_length=run.output_length,
    )
    return Imported(
        profile=profile, run=run, cautions=(*cautions(run), *_too_fast(profile, cached_input)), rejected=rejected
    )


def table(profile: Profile) -> str:
    """The profile as a `[[fleet.profiles]]` table of a configuration."""
    assert profile.total_tokens_per_second is not None
    assert profile.input_length is not None
    assert profile.output_length is not None
    # A JSON string is a TOML basic string, as long as what JSON leaves alone is no control character.
    lines = [
        "[[fleet.profiles]]",
        f"model = {_quoted(profile.model)}",
        f"gpu = {_quoted(profile.gpu)}",
        f"tensor_parallel = {profile.tensor_parallel}",
        f"precision = {_quoted(profile.precision)}",
        f"total_tokens_per_second = {profile.total_tokens_per_second:.1f}",
        f"input_length = {profile.input_length:.1f}",
        f"output_length = {profile.output_length:.1f}",
        f"source = {_quoted(profile.source)}",
    ]
    return "\n".join(lines) + "\n"


def _quoted(text: str) -> str:
    return json.dumps("".join(mark if mark.isprintable() else " " for mark in text), ensure_ascii=False)


def _layout(gpus: int | None, tensor_parallel: int | None) -> tuple[int, int]:
    """The size of a group, and how many of them served the test."""
    group = tensor_parallel or gpus or 1
    total = gpus or group
    if total % group:
        raise UsageError(f"{total} GPUs are no whole number of groups of {group}", "--gpus counts all GPUs of the test")
    return group, total // group


def _model(name: str) -> str:
    if not name:
        raise UsageError("the file does not say which model was tested", "name it with --model")
    known = canonical(name)
    if known is None:
        raise UsageError(f"{name!r} is no model known here", "name the open model with --model: see advisor models")
    return known.base or known.id


def _precision(stated: str, model_raw: str) -> str:
    """As stated, else as the model's name says, else unknown; never guessed from the GPU."""
    if stated and stated.lower() not in WEIGHT_BYTES:
        raise UsageError(f"{stated!r} is no precision", f"precisions: {', '.join(WEIGHT_BYTES)}")
    in_name = IN_NAME.search(model_raw.lower())
    return stated.lower() or (in_name.group(1) if in_name else "")


def _too_fast(profile: Profile, cached_input: float) -> tuple[str, ...]:
    """A rate above the roofline's band: most often a prefix cache, or fewer GPUs stated than served."""
    assert profile.input_length
    assert profile.output_length
    assert profile.total_tokens_per_second
    highest = 0.0
    for precision in [profile.precision] if profile.precision else ["fp8", "bf16"]:
        pace = pace_of(profile.model, profile.gpu, profile.tensor_parallel, precision)
        if seconds := pace(profile.input_length - cached_input, profile.output_length):
            tokens = profile.input_length - cached_input + profile.output_length
            highest = max(highest, tokens / seconds.total)
    model = canonical(profile.model)
    high = DENSE_BAND[1] if model and model.active == model.parameters else EXPERTS_BAND[1]
    if not highest or profile.total_tokens_per_second <= high * highest:
        return ()
    return (
        f"{profile.total_tokens_per_second:,.0f} tokens/s is {profile.total_tokens_per_second / highest:.1f}x the "
        f"roofline of {profile.tensor_parallel} x {profile.gpu}: was prefix caching on (--cached-input), or did more "
        "GPUs serve it (--gpus)?",
    )
