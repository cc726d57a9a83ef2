"""How far a replica may be filled before it misses a latency target."""

from __future__ import annotations

from dataclasses import dataclass

from advisor.domain.fleet import Profile
from advisor.market.profiles import pace_of


@dataclass(frozen=True, slots=True, kw_only=True)
class Target:
    """95th percentiles of a preset: seconds to the first token, milliseconds for each further one, and the share of a
    replica's throughput at which a replica alone met both with prompts of about 1,100 tokens."""

    first_token_seconds: float
    token_milliseconds: float
    utilization: float


TARGETS: dict[str, Target] = {
    "chat": Target(first_token_seconds=1.0, token_milliseconds=50, utilization=0.70),
    "server": Target(first_token_seconds=2.0, token_milliseconds=100, utilization=0.88),
    "interactive": Target(first_token_seconds=0.5, token_milliseconds=30, utilization=0.55),
}
"""What the presets promise. `batch` promises nothing."""
LONG_PROMPT, TOO_LONG_PROMPT = 3_000.0, 8_000.0
"""Prompt tokens for each second of the first-token limit: from the first on a single replica queues too long, from the
second on the prompt alone takes too much of it."""
LONG_PROMPT_UTILIZATION = 0.45
POOLED_REPLICAS = 4
"""From this many replicas on, long prompts queue no longer than short ones."""
BURSTY_INPUT, BURSTY_OUTPUT = 2_000.0, 64.0
"""Prompts this long with answers this short arrive as work in lumps: measured at 2,048/28 tokens."""
SIMULATED = ("llama-3.1-8b", "A100-80GB-SXM", 1, "bf16")
"""The replica that was simulated."""


@dataclass(frozen=True, slots=True, kw_only=True)
class SloInfeasible:
    """A latency target that no utilization meets, and what would."""

    reason: str


def allowed_utilization(
    slo: str,
    input_length: float,
    output_length: float,
    utilization: float,
    *,
    replicas: int = 1,
    reading_speed: float = 1.0,
) -> float | SloInfeasible:
    """U_eff = min(U, the highest share of saturated throughput at which the busiest five minutes meet the target).

    From simulated serving of real request lengths, Poisson arrivals, continuous batching with chunks of 2,048 tokens:

        chat, server, interactive with prompts of about 1,100 tokens       0.70, 0.88, 0.55
        prompts of 3,000 tokens and more a second of the first-token limit 0.45 below four replicas
        prompts of 2,000 tokens and more with answers below 64             0.45 below four replicas
        prompts of 8,000 tokens and more a second of that limit            infeasible

    The prompt limits were found on one replica, SIMULATED, and grow with *reading_speed*, how many times as fast
    another reads a prompt. *replicas* serve the traffic together. `batch`, and no preset, leave U alone. Raises
    ValueError for a preset that does not exist.
    """
    if slo in ("", "batch"):
        return utilization
    if slo not in TARGETS:
        raise ValueError(f"{slo!r} is no latency preset; presets: {', '.join((*TARGETS, 'batch'))}")
    target = TARGETS[slo]
    prompt = input_length / target.first_token_seconds / reading_speed
    if prompt >= TOO_LONG_PROMPT:
        return SloInfeasible(
            reason=f"prompts of {input_length:,.0f} tokens leave no time to meet slo = {slo!r} "
            f"(first token in {target.first_token_seconds:g} s): relax it, or take a larger group or a faster GPU"
        )
    lumpy = input_length >= BURSTY_INPUT and output_length < BURSTY_OUTPUT
    alone = replicas < POOLED_REPLICAS and (prompt >= LONG_PROMPT or lumpy)
    return min(utilization, target.utilization, LONG_PROMPT_UTILIZATION if alone else 1.0)


def reading_speed(profile: Profile, input_length: float) -> float | None:
    """How many times as fast a replica reads prompts as the simulated one, by their rooflines; None where unknown."""
    here = pace_of(profile.model, profile.gpu, profile.tensor_parallel, profile.precision)(input_length, 1.0)
    there = pace_of(*SIMULATED)(input_length, 1.0)
    return there.prefill / here.prefill if here and there else None
