"""Demand in an explanation: how fast a replica is, the replica-seconds that the month takes, and its busiest bin."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime

from advisor.domain.assumptions import FleetAssumptions
from advisor.domain.fleet import BAND_Z, Demand, Profile, Resolution
from advisor.domain.units import DAY_SECONDS
from advisor.domain.usage import Shape
from advisor.projection.demand import peak_factor, replica_seconds, resolution_of
from advisor.reporting import words
from advisor.reporting.explain_figures import figure, share_of_month, sourced, tokens_per_second

TIE = 1 + 1e-9
"""Bins that are all alike have a sum that floating point may put a little above them."""


def throughput(profile: Profile, demand: Demand) -> Iterator[str]:
    """How fast a replica is, how that is known, and the band in which it may lie."""
    size = f"{profile.tensor_parallel} x {profile.gpu}"
    yield words.plain(f"a replica of {profile.model} on {size}, {profile.precision}: {tokens_per_second(profile)}")
    yield f"known by {profile.grade.value}: {sourced(profile.source, profile.checked_on)}"
    if profile.note:
        yield f"note: {words.plain(profile.note)}"
    usage = demand.usage
    measured = "unknown lengths"
    if profile.input_length is not None and profile.output_length is not None:
        measured = f"{figure(profile.input_length)} tokens in and {figure(profile.output_length)} out a request"
    own = "unknown lengths, as its sources count no requests"
    if usage.requests:
        own = f"{figure(usage.tokens.input / usage.requests)} in and {figure(usage.tokens.output / usage.requests)} out"
    yield f"it holds at {measured}; this workload has {own}"
    for name, sign, factor in zip(("low end", "high end"), ("-", ""), profile.band, strict=True):
        told = f"exp({sign}{BAND_Z} x {profile.grade.sigma})" if profile.low is None else f"{factor:.4g}"
        for rated in _rates(profile):
            yield f"{name}: {figure(rated)} tokens/s x {told} = {figure(rated * factor)}"


def _rates(profile: Profile) -> Iterator[float]:
    both = (profile.total_tokens_per_second, profile.prefill_tokens_per_second, profile.decode_tokens_per_second)
    yield from (one for one in both if one is not None)


def demanded(demand: Demand, fleet: FleetAssumptions) -> Iterator[str]:
    """Replica-seconds of the month with the numbers in the formula, then the mean and the busiest bin."""
    usage, profile = demand.usage, demand.profile
    shapes = [shape for shape in usage.shapes if replica_seconds(shape, profile, fleet).sum() > 0]
    read = sum(float(shape.cache_read.sum()) for shape in shapes)
    carried = fleet.cache_carry_over * fleet.cached_input_weight + (1 - fleet.cache_carry_over)
    if read:
        share, weight = figure(fleet.cache_carry_over), figure(fleet.cached_input_weight)
        yield f"a cache read counts as: 1 - {share} carried over + {share} x {weight} = {figure(carried)} input tokens"
    yield _replica_seconds(demand, shapes, read, carried)
    configured = fleet.hours(usage.month)
    if usage.days_covered != usage.month.day_count:
        yield f"hours: {figure(configured)} h{share_of_month(usage)} = {figure(demand.hours)} h"
    elif configured != usage.month.hours:
        yield f"hours: {figure(configured)} h as configured, where the calendar has {usage.month.hours}"
    yield (
        f"mean: {figure(demand.replica_seconds)} replica-seconds / (3,600 x {figure(demand.hours)} h) = "
        f"{figure(demand.mean_replicas)} replicas"
    )
    peaks = [_peak(shape, demand, fleet) for shape in shapes]
    for text, _ in peaks:
        yield text
    if len(peaks) > 1:
        together = " + ".join(figure(replicas) for _, replicas in peaks)
        yield f"peaks together: {together} = {figure(demand.peak_replicas)} replicas, an upper bound"
    yield f"known by: {_grain(demand.resolution)}; peak to mean {figure(demand.peak_to_mean)}"


def _replica_seconds(demand: Demand, shapes: list[Shape], read: float, carried: float) -> str:
    profile, ratio = demand.profile, demand.usage.workload.token_ratio
    fresh = [(sum(float(shape.uncached_input.sum()) for shape in shapes), "uncached")]
    fresh.append((sum(float(shape.cache_write.sum()) for shape in shapes), "written to the cache"))
    terms = [f"{figure(round(count))} {name}" for count, name in fresh if count]
    if read:
        terms.append(f"{figure(carried)} x {figure(round(read))} read from it")
    output = figure(round(sum(float(shape.output.sum()) for shape in shapes)))
    if profile.total_tokens_per_second is not None:
        taken = f"({' + '.join([*terms, f'{output} output'])}) / {figure(profile.total_tokens_per_second)} tokens/s"
    else:
        prefill, decode = profile.prefill_tokens_per_second or 0.0, profile.decode_tokens_per_second or 0.0
        taken = (
            f"({' + '.join(terms or ['0'])}) / {figure(prefill)} tokens/s + {output} output / {figure(decode)} tokens/s"
        )
    if ratio != 1:
        taken = f"({taken}) x {figure(ratio)} token ratio"
    return f"demand: {taken} = {figure(demand.replica_seconds)} replica-seconds"


def _peak(shape: Shape, demand: Demand, fleet: FleetAssumptions) -> tuple[str, float]:
    """The busiest bin of one width, and its replicas with the factors for what the bin hides."""
    usage = demand.usage
    seconds = replica_seconds(shape, demand.profile, fleet) * usage.workload.token_ratio
    busiest, width = float(seconds.max()), shape.width_seconds
    at = datetime.fromtimestamp(int(shape.starts[int(seconds.argmax())]), UTC)
    what = f"busiest {_grain(resolution_of(width))}, from {at:%Y-%m-%d %H:%M} UTC"
    covered = usage.days_covered * DAY_SECONDS
    if float(seconds.sum()) / covered > busiest / width * TIE:
        busiest, width, what = float(seconds.sum()), covered, "mean of the days covered, which no bin exceeds"
    factor = peak_factor(resolution_of(shape.width_seconds), fleet)
    stretch = usage.month.hours / float(fleet.hours(usage.month))
    replicas = busiest / width * stretch * factor
    stretched = f" x {usage.month.hours} h / {figure(fleet.hours(usage.month))} h" if stretch != 1 else ""
    return (
        f"{what}: {figure(busiest)} replica-seconds / {figure(width)} s{stretched}"
        f"{_factors(resolution_of(shape.width_seconds), fleet)} = {figure(replicas)} replicas",
        replicas,
    )


def _factors(resolution: Resolution, fleet: FleetAssumptions) -> str:
    """The factors of `peak_factor`, named."""
    hidden = "" if resolution in (Resolution.FIVE_MINUTES, Resolution.HOUR) else f" x {figure(fleet.peak_to_mean)} peak"
    return hidden if resolution is Resolution.FIVE_MINUTES else f"{hidden} x {figure(fleet.burst)} burst"


def _grain(resolution: Resolution) -> str:
    return {Resolution.FIVE_MINUTES: "five minutes"}.get(resolution, resolution.value)
