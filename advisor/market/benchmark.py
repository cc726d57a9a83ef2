"""One run of a load test, whichever tool wrote it, and whether it can be believed."""

from __future__ import annotations

import math
from dataclasses import dataclass

MOST_FAILED = 0.02
SHORTEST_SECONDS = 30.0
PROMPTS_PER_SLOT = 4
"""Fewer prompts than this for each concurrent request, and filling and draining the batch is most of the run."""
SATURATED = 0.95
"""A server that answers this share of the requests offered to it has capacity left."""
MOST_CACHED = 0.05


@dataclass(frozen=True, slots=True, kw_only=True)
class Run:
    """What one run measured, of the whole deployment.

    `input_tokens` and `output_tokens` are those of all `completed` requests; `offered_rate` is in requests a second,
    infinite where all came at once, None where the tool does not say; `cached_share` is the share of the prompts that
    a prefix cache answered. `where` names the run inside its file. None means that the file does not say.
    """

    tool: str
    where: str
    model_raw: str
    completed: int
    failed: int
    seconds: float
    input_tokens: float
    output_tokens: float
    prompts: int | None = None
    concurrency: float | None = None
    offered_rate: float | None = None
    cached_share: float | None = None
    tensor_parallel: int | None = None
    day: str = ""
    cancelled: bool = False

    @property
    def requests_per_second(self) -> float:
        return self.completed / self.seconds

    @property
    def total_tokens_per_second(self) -> float:
        return (self.input_tokens + self.output_tokens) / self.seconds

    @property
    def input_length(self) -> float:
        return self.input_tokens / self.completed

    @property
    def output_length(self) -> float:
        return self.output_tokens / self.completed


def rejection(run: Run) -> str:
    """Why a run measures nothing, and what would; an empty text where it does."""
    figures = (run.seconds, run.input_tokens, run.output_tokens)
    if run.cancelled:
        return "it was cancelled: let it run to its end"
    if run.completed <= 0:
        return "no request was completed: see the server's log"
    if not all(math.isfinite(figure) and figure > 0 for figure in figures):
        return "its seconds, input tokens or output tokens are not positive numbers: run it again"
    if run.failed > MOST_FAILED * (run.completed + run.failed):
        share = run.failed / (run.completed + run.failed)
        return f"{share * 100:.1f} % of its requests failed, more than {MOST_FAILED * 100:.0f} %: lower the load"
    if run.seconds < SHORTEST_SECONDS:
        return f"it took {run.seconds:.0f} s, less than {SHORTEST_SECONDS:.0f}: send more prompts"
    prompts = run.prompts or run.completed + run.failed
    if run.concurrency and prompts < PROMPTS_PER_SLOT * run.concurrency:
        return (
            f"{prompts:,} prompts for {run.concurrency:,.0f} concurrent requests mostly fill and drain the batch: "
            f"send at least {math.ceil(PROMPTS_PER_SLOT * run.concurrency):,}"
        )
    return ""


def cautions(run: Run) -> tuple[str, ...]:
    """What makes a run worth less than it says, one sentence each."""
    found = []
    offered = run.offered_rate
    if offered and math.isfinite(offered) and run.requests_per_second >= SATURATED * offered:
        found.append(
            f"requests came at {offered:g} a second and were answered as fast: the server had capacity left, "
            "so this understates it; send more, or all at once"
        )
    if run.cached_share and run.cached_share > MOST_CACHED:
        found.append(
            f"a prefix cache answered {run.cached_share * 100:.0f} % of the prompts, which inflates the rate: "
            "say so with --cached-input, or test with prompts that differ"
        )
    return tuple(found)
