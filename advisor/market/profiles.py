"""How fast a model runs on a GPU: measured points, and the user's own benchmarks over them."""

from __future__ import annotations

import csv
import math
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import replace
from datetime import date
from functools import cache
from importlib.resources import files

from advisor.domain.fleet import Grade, Profile
from advisor.market.gpus import canonical_gpu, same_gpu
from advisor.market.models import by_id, canonical

OFFLINE_DERATE = 0.75
"""What an offline maximum (all requests at once, no latency bound) is taken to be worth under a latency target. A
judgement: published pairs lose 18 % (Qwen3-8B on an H100, 4,428 to 3,653 tokens/s: github:tgarg01/silybench-data) and
vendors warn of 20 to 30 %."""


@cache
def shipped() -> dict[str, tuple[Profile, ...]]:
    """The measured points by model, each one replica (a whole tensor-parallel group) at its own lengths.

    The table holds saturated runs whose lengths are published, of weights in the precision they were released in or
    in 8 bits. It leaves out dataset means that no source states, low concurrency, and weights cut to 4 bits after
    their release, which answer differently.
    """
    text = files("advisor.market").joinpath("profiles.csv").read_text(encoding="utf-8")
    found: dict[str, list[Profile]] = defaultdict(list)
    for row in csv.DictReader(text.splitlines()):
        offline = row["kind"] == "offline-max"
        lengths = f"{row['input_length']}/{row['output_length']} tokens"
        note = f"{row['engine']}, {lengths}, measured {float(row['total_tokens_per_second']):,.0f} tokens/s"
        found[row["model"]].append(
            Profile(
                model=row["model"],
                gpu=row["gpu"],
                tensor_parallel=int(row["tensor_parallel"]),
                precision=row["precision"],
                grade=Grade.PUBLISHED,
                source=row["source"],
                checked_on=date.fromisoformat(row["checked_on"]),
                total_tokens_per_second=float(row["total_tokens_per_second"]) * (OFFLINE_DERATE if offline else 1.0),
                input_length=float(row["input_length"]),
                output_length=float(row["output_length"]),
                note=note + (f", an offline maximum taken x {OFFLINE_DERATE}" if offline else ""),
            )
        )
    return {model: tuple(points) for model, points in found.items()}


def profiles(
    model_id: str,
    *,
    own: Sequence[Profile],
    input_length: float | None,
    output_length: float | None,
    input_share: float | None,
) -> tuple[Profile, ...]:
    """One profile for each GPU, group size and precision that *model_id* was measured on, nearest the workload's mix.

    Nearest is by log distance of the mean input and output length of a request. Where the lengths are not known, the
    lowest published rate at the nearest input:output ratio is taken (design: throughput). An own profile replaces
    every shipped one of the same model and GPU. A model of the same architecture stands in where nothing else is
    measured, and the note says so. Empty where nothing is known.
    """
    mine = tuple(
        replace(profile, model=model_id, gpu=canonical_gpu(profile.gpu))
        for profile in own
        if profile.model == model_id or ((named := canonical(profile.model)) and named.id == model_id)
    )
    groups: dict[tuple[str, int, str], list[Profile]] = defaultdict(list)
    for point in _points(model_id):
        if not any(same_gpu(point.gpu, profile.gpu) for profile in mine):
            groups[point.gpu, point.tensor_parallel, point.precision].append(point)
    nearest = [_nearest(points, input_length, output_length, input_share) for points in groups.values()]
    return (*mine, *nearest)


def measured_models() -> tuple[str, ...]:
    """The models that the shipped table covers."""
    return tuple(sorted(shipped()))


def _points(model_id: str) -> tuple[Profile, ...]:
    """The shipped points of a model, with those of its twin on GPUs where it has none of its own."""
    points = shipped().get(model_id, ())
    model = by_id(model_id)
    twins = {model.runs_like} if model and model.runs_like else set()
    twins |= {other for other in shipped() if (known := by_id(other)) and known.runs_like == model_id}
    measured = {(point.gpu, point.precision) for point in points}
    borrowed = tuple(
        replace(point, model=model_id, note=f"{point.note}; measured with {twin}, the same architecture")
        for twin in sorted(twins)
        for point in shipped().get(twin, ())
        if (point.gpu, point.precision) not in measured
    )
    return points + borrowed


def _nearest(
    points: Sequence[Profile], input_length: float | None, output_length: float | None, input_share: float | None
) -> Profile:
    if input_length and output_length:
        return min(points, key=lambda point: (_distance(point, input_length, output_length), _rate(point)))
    if input_share is None:
        return min(points, key=_rate)
    off = [abs(_share(point) - input_share) for point in points]
    closest = min(off)
    return min((point for point, far in zip(points, off, strict=True) if far <= closest + 1e-9), key=_rate)


def _distance(point: Profile, input_length: float, output_length: float) -> float:
    assert point.input_length
    assert point.output_length
    return math.hypot(math.log(point.input_length / input_length), math.log(point.output_length / output_length))


def _share(point: Profile) -> float:
    assert point.input_length is not None
    assert point.output_length is not None
    return point.input_length / (point.input_length + point.output_length)


def _rate(point: Profile) -> float:
    assert point.total_tokens_per_second is not None
    return point.total_tokens_per_second
