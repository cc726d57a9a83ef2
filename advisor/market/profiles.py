"""How fast a model runs on a GPU: own benchmarks, then measured points, then estimates, at the workload's own mix."""

from __future__ import annotations

import csv
import math
from collections import defaultdict
from collections.abc import Collection, Sequence
from dataclasses import replace
from datetime import date
from functools import cache, lru_cache
from importlib.resources import files

from advisor.domain.fleet import BAND_Z, Grade, Profile
from advisor.market import offers
from advisor.market.estimates import estimates
from advisor.market.fit import SAME, Pace, at_lengths, distance, lengths, rate
from advisor.market.gpus import canonical_gpu, same_gpu
from advisor.market.models import by_id, canonical
from advisor.market.roofline import Seconds, seconds_per_request
from advisor.market.specs import family_of, members, specs_of

OFFLINE_DERATE = 0.75
"""What an offline maximum (all requests at once, no latency bound) is taken to be worth under a latency target. A
judgement: published pairs lose 18 % (Qwen3-8B on an H100, 4,428 to 3,653 tokens/s: github:tgarg01/silybench-data) and
vendors warn of 20 to 30 %."""

OTHER_MIX_SIGMA = 0.20
"""Of ln(throughput), where an own benchmark was brought to another mix: eight in ten shipped points that were left out
of their group and asked for again were met within 14 % by a fit and within 22 % from one point."""


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
    gpus: Collection[str] | None = None,
) -> tuple[Profile, ...]:
    """What is known of *model_id* on every GPU, brought to the workload's own mix: at most one profile for each GPU,
    group size and precision.

    Measured points are fitted or carried over to the mean lengths of a request (`fit.at_lengths`). Where the lengths
    are not known, the lowest rate at the nearest input:output ratio is taken (design: throughput). An own profile
    replaces every shipped one of the same model and GPU, and is itself brought to the mix where it states its lengths.
    A model of the same architecture stands in where nothing else is measured, and the note says so.

    Of *gpus*, canonical names, those without any measurement of themselves or of another form of the same GPU get an
    estimate; the default is those that standard on-demand offers exist for. Empty where nothing is known. Raises
    MarketError for an own profile on a GPU that is not known.
    """
    mine = own_of(model_id, own)
    wanted = frozenset(rented() if gpus is None else gpus)
    known = _at_mix(model_id, input_length, output_length, input_share, wanted)
    kept = [found for found in known if not any(_covers(profile, found) for profile in mine)]
    return (*_brought(model_id, mine, input_length, output_length, input_share), *kept)


def own_of(model_id: str, own: Sequence[Profile]) -> tuple[Profile, ...]:
    """The own profiles of a model under any of its names. Raises MarketError for a GPU that is not known."""
    return tuple(
        replace(profile, model=model_id, gpu=canonical_gpu(profile.gpu))
        for profile in own
        if profile.model == model_id or ((named := canonical(profile.model)) and named.id == model_id)
    )


def measured_models() -> tuple[str, ...]:
    """The models that the shipped table covers."""
    return tuple(sorted(shipped()))


@cache
def rented() -> frozenset[str]:
    """The GPUs that sound on-demand offers of the shipped table exist for."""
    return frozenset(offer.gpu for offer in offers.shipped() if offer.commitment == "on-demand" and not offer.weakness)


@lru_cache(maxsize=1024)
def _at_mix(
    model_id: str,
    input_length: float | None,
    output_length: float | None,
    input_share: float | None,
    gpus: frozenset[str],
) -> tuple[Profile, ...]:
    """The shipped points at a mix, then estimates for the other GPUs."""
    measured = _brought(model_id, points_of(model_id), input_length, output_length, input_share)
    families = {family_of(profile.gpu) for profile in measured}
    model = by_id(model_id)
    if model is None:
        return measured
    others = [gpu for gpu in members(gpus) if family_of(gpu) not in families]
    return measured + estimates(
        model,
        others,
        derate=OFFLINE_DERATE,
        input_length=input_length,
        output_length=output_length,
        input_share=input_share,
    )


def _covers(mine: Profile, shipped: Profile) -> bool:
    """Whether an own profile replaces a shipped one: of the same GPU, or an estimate of another form of it."""
    if shipped.grade is Grade.ESTIMATE:
        return family_of(mine.gpu) == family_of(shipped.gpu)
    return same_gpu(mine.gpu, shipped.gpu)


def points_of(model_id: str) -> tuple[Profile, ...]:
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


def _brought(
    model_id: str,
    points: Sequence[Profile],
    input_length: float | None,
    output_length: float | None,
    input_share: float | None,
) -> tuple[Profile, ...]:
    """One profile for each GPU, group and precision of *points*; those without a total rate or lengths as they are."""
    groups: dict[tuple[str, int, str], list[Profile]] = defaultdict(list)
    fixed: list[Profile] = []
    for point in points:
        mixed = point.total_tokens_per_second and point.input_length and point.output_length
        (groups[point.gpu, point.tensor_parallel, point.precision] if mixed else fixed).append(point)
    if not input_length or not output_length:
        return (*fixed, *(_lowest(group, input_share) for group in groups.values()))
    mix = input_length, output_length
    brought = (_widened(at_lengths(group, pace_of(model_id, *key), *mix), group, mix) for key, group in groups.items())
    return (*fixed, *brought)


def _widened(found: Profile, group: Sequence[Profile], mix: tuple[float, float]) -> Profile:
    """A benchmark of another mix says less of this one, and least where there is no roofline to carry it along."""
    as_it_is = any(found is point for point in group)
    if found.grade is not Grade.OWN or (as_it_is and distance(found, *mix) <= SAME):
        return found
    sigma = Grade.ESTIMATE.sigma if as_it_is else OTHER_MIX_SIGMA
    return replace(found, low=math.exp(-BAND_Z * sigma), high=math.exp(BAND_Z * sigma))


def pace_of(model_id: str, gpu: str, tensor_parallel: int, precision: str) -> Pace:
    """The roofline of one replica as a function of a request's input and output length.

    A precision that is not known is taken for the released one: a measured point is only carried along the roofline's
    shape, in which the precision nearly cancels out.
    """
    model, specs = by_id(model_id), specs_of(gpu)

    def pace(input_length: float, output_length: float) -> Seconds | None:
        if model is None or specs is None:
            return None
        return seconds_per_request(
            model, specs, tensor_parallel, precision or model.precision, input_length, output_length
        )

    return pace


def _lowest(points: Sequence[Profile], input_share: float | None) -> Profile:
    """The lowest rate among the points at the nearest input:output ratio, or of all where the ratio is not known."""
    if input_share is None:
        return min(points, key=rate)
    off = [abs(_share(point) - input_share) for point in points]
    closest = min(off)
    return min((point for point, far in zip(points, off, strict=True) if far <= closest + 1e-9), key=rate)


def _share(point: Profile) -> float:
    into, out = lengths(point)
    return into / (into + out)
