"""Every policy's plan, sized on coarser facts, against the five minutes of published traces; and its GPU counts beside
those of aiconfigurator for the same load and latency target.

`python -m tests.bench.replay_bench [--aiconfigurator PYTHON | --alone]`. The traces (`tests/bench/traces.py`) are read
from $ADVISOR_SAMPLES or the folder beside the checkout; without them their tables are left out.
"""

from __future__ import annotations

import argparse
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from decimal import Decimal
from functools import partial
from pathlib import Path
from typing import Literal

import numpy as np

from advisor.domain.assumptions import ALL_POLICIES, FleetAssumptions, PolicyName, Workload
from advisor.domain.fleet import Infeasible, Offer, Plan, Profile
from advisor.domain.units import DAY_SECONDS, FIVE_MINUTES, HOUR_SECONDS
from advisor.market.latency import TARGETS
from advisor.market.offers import in_force
from advisor.market.profiles import OFFLINE_DERATE, profiles
from advisor.projection.autoscaled import LAG, MAX_OVERLOAD
from advisor.projection.demand import demand
from advisor.projection.policies import plan
from advisor.projection.replay import Replay, followed, replay
from tests.bench.aiconfigurator import Ask, interpreter, recommended
from tests.bench.traces import GPU, PRICE, TRACES, Trace, servegen_clients
from tests.conftest import SAMPLES
from tests.unit import builders as a

LOADS = (3.0, 10.0, 30.0)
"""Mean demand in replicas at 100 %: fleets of some, of a dozen and of some dozens."""
SHOWN = (3.0, 10.0)
"""The loads whose tables are printed; the sentences name all."""
WIDTHS = {FIVE_MINUTES: "5 min", HOUR_SECONDS: "hour", DAY_SECONDS: "day"}
BURST_SECONDS = 10
FLEET = FleetAssumptions(overheads=a.NOTHING_ELSE)
"""Every default, and no costs beside the GPUs."""
YEAR_DISCOUNT = Decimal("0.60")
"""A 1-year price over the on-demand one: assumed, since no provider of the shipped table lists both for this GPU."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """One policy, sized on facts of one width, with its replay against the finest ones.

    `plan` is None for the rule that follows what comes. `beyond` is the share of the demand that exceeds the replicas
    in its own ten seconds (for `hybrid`: the target of them), `tightest` the demand over the replicas of the busiest
    ten seconds; both None where the trace has no seconds.
    """

    policy: PolicyName
    known: int
    plan: Plan | Infeasible | None
    replayed: Replay | None
    beyond: float | None = None
    tightest: float | None = None

    @property
    def name(self) -> str:
        return self.policy if self.plan else f"{self.policy}, as it runs"


def rented() -> Offer:
    """The cheapest single GPU on demand in the shipped table that may carry a verdict."""
    sound = [
        one
        for one in in_force(())
        if (one.gpu, one.gpus, one.commitment, one.unit) == (GPU, 1, "on-demand", "gpu") and not one.weakness
    ]
    return min(sound, key=lambda one: one.price_per_gpu_hour.amount)


def rows(trace: Trace, load: float) -> Iterator[Row]:
    """Every policy by every width of facts that the trace has, in the order of the table."""
    offer = rented()
    year = replace(offer, commitment="1-year", price_per_gpu_hour=offer.price_per_gpu_hour * YEAR_DISCOUNT)
    profile = trace.profile()
    known = {width: demand(trace.month(load, width), profile, FLEET) for width in WIDTHS if width >= trace.width}
    came = known[trace.width]
    for policy in ALL_POLICIES:
        for width, facts in known.items():
            found = plan(policy, facts, offer, FLEET, [year])
            played = replay(found, came, FLEET) if isinstance(found, Plan) else None
            yield _by_seconds(trace, load, Row(policy=policy, known=width, plan=found, replayed=played))
        if policy == "autoscaled":
            played = followed(came, offer, FLEET, FLEET.utilization)
            yield _by_seconds(trace, load, Row(policy=policy, known=trace.width, plan=None, replayed=played))


def _by_seconds(trace: Trace, load: float, row: Row) -> Row:
    if row.replayed is None or trace.width > FIVE_MINUTES:
        return row
    parts = FIVE_MINUTES // BURST_SECONDS
    run = np.repeat(row.replayed.provisioned, parts)
    came = np.resize(trace.bins(BURST_SECONDS).sum(axis=0), len(run))
    came *= load / came.mean()
    room = run * (row.replayed.target if row.policy == "hybrid" else 1.0)
    beyond = float(np.maximum(0.0, came - room).sum() / came.sum())
    return replace(row, beyond=beyond, tightest=float((came / run).max()))


def table(trace: Trace, load: float, found: Sequence[Row]) -> None:
    finest = WIDTHS[trace.width]
    print(f"\n{trace.name} at a mean of {load:g} replicas: plans by what is known, replayed on its {finest} bins")
    head = ("policy", "known by", "replicas", f"busiest {finest} (plan)", "bins over cap", "overload", "utilization",
            "GPU cost a month", "idle of it", "spilled (plan)", "busiest 10 s", "beyond in 10 s")  # fmt: skip
    print("\n| " + " | ".join(head) + " |")
    print("|---" * len(head) + "|")
    for row in found:
        known = WIDTHS[row.known] if row.plan else "-"
        if isinstance(row.plan, Infeasible):
            print(f"| {row.name} | {known} | none: {row.plan.reason}" + " | " * (len(head) - 2))
            continue
        assert row.replayed
        one, low, high = row.replayed, int(row.replayed.provisioned.min()), int(row.replayed.provisioned.max())
        cells = (
            row.name,
            known,
            f"{high}" if low == high else f"{low}-{high}",
            f"{one.utilization_peak:.0%}" + (f" ({row.plan.utilization_peak:.0%})" if row.plan else ""),
            f"{one.over_cap:.1%}",
            f"{one.overload:.2%}",
            f"{one.utilization:.0%}",
            f"${one.gpu.amount:,.0f}",
            f"${one.idle_cost.amount:,.0f}",
            f"{one.spilled_share:.1%} ({_said_spilled(row.plan):.1%})" if row.policy == "hybrid" and row.plan else "-",
            "-" if row.tightest is None or row.policy == "hybrid" else f"{row.tightest:.0%}",
            "-" if row.beyond is None else f"{row.beyond:.1%}",
        )
        print("| " + " | ".join(cells) + " |")


def _said_spilled(planned: Plan) -> float:
    """The share of the bill that a hybrid plan leaves with serverless."""
    assert planned.demand.usage.cost
    return planned.cost.serverless.over(planned.demand.usage.cost)


def sentences(trace: Trace, by_load: dict[float, list[Row]]) -> None:
    """Where `static` and `autoscaled` break their cap, row by row, then in one sentence with the reason."""
    finest = WIDTHS[trace.width]
    print(f"\n{trace.name}, the cap of {FLEET.utilization:.0%} by mean load:")
    broken: dict[str, list[str]] = {"static": [], "autoscaled": []}
    for position, row in enumerate(next(iter(by_load.values()))):
        if row.policy in broken:
            every = [(load, found[position]) for load, found in by_load.items()]
            known = f"sized on facts by {WIDTHS[row.known]}" if row.plan else f"as it runs on its {finest} bins"
            print(f"  {row.policy} {known}: {'; '.join(f'{load:g} {_held(one)}' for load, one in every)}")
            if any(one.replayed and one.replayed.over_cap for _, one in every):
                broken[row.policy].append(known)
    reasons = {
        "static": f"the busiest {finest} is {trace.peak_to_mean(trace.width):.2f} x the mean, an hour counts x "
        f"{FLEET.burst}, a day x {FLEET.peak_to_mean * FLEET.burst:g}",
        "autoscaled": f"replicas start {LAG * FIVE_MINUTES // 60} minutes after the demand that wants them",
    }
    said = [
        f"{policy} breaks its cap {', '.join(where)} ({reasons[policy]})" if where else f"{policy} always holds its cap"
        for policy, where in broken.items()
    ]
    if trace.width == FIVE_MINUTES:
        seconds = trace.peak_to_mean(BURST_SECONDS)
        said.append(f"no plan sees the busiest {BURST_SECONDS} seconds, {seconds:.1f} x the mean")
    print(f"  {trace.name}: {'; '.join(said)}.")


def _held(row: Row) -> str:
    if (one := row.replayed) is None:
        return "no plan"
    if not one.over_cap:
        return f"holds ({one.utilization_peak:.0%})"
    late = f", overload {one.overload:.2%}" if one.overload else ""
    return f"BREAKS it in {one.over_cap:.1%} of the bins ({one.utilization_peak:.0%}{late})"


def clients(samples: Path, load: float) -> None:
    """Each client of ServeGen alone: how many break what a plan promises."""
    every = [one for one in servegen_clients(samples) if one.requests]
    static = dict.fromkeys(WIDTHS, 0)
    late, peaks = 0, []
    for trace in every:
        peaks.append(trace.peak_to_mean(HOUR_SECONDS))
        for row in rows(trace, load):
            if row.replayed is None:
                continue
            if row.policy == "static":
                static[row.known] += row.replayed.over_cap > 0
            if row.plan is None:
                late += row.replayed.overload > MAX_OVERLOAD
    print(
        f"\nServeGen, each of {len(every)} clients alone at a mean of {load:g} replicas (busiest hour "
        f"{min(peaks):.1f} to {max(peaks):.1f} x the mean, median {np.median(peaks):.1f}; peak_to_mean x burst is "
        f"{FLEET.peak_to_mean * FLEET.burst:.2f}): static breaks its cap in some hour for {static[HOUR_SECONDS]} known "
        f"by the hour and {static[DAY_SECONDS]} known by the day; autoscaled is late for more than {MAX_OVERLOAD:.1%} "
        f"of the demand for {late}."
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class Point:
    """A steady load on one model, GPU and precision under a preset; `theirs` is their name of the weights."""

    model: str
    theirs: str
    gpu: str
    precision: str
    lengths: tuple[int, int]
    requests_per_second: float
    slo: Literal["chat", "server"] = "chat"


LLAMA_8B = partial(Point, model="llama-3.1-8b", theirs="meta-llama/Meta-Llama-3.1-8B", precision="bf16")
LLAMA_70B = partial(Point, model="llama-3.1-70b", theirs="meta-llama/Meta-Llama-3.1-70B", precision="bf16")
LLAMA_70B_FP8 = partial(Point, model="llama-3.1-70b", theirs="nvidia/Llama-3.1-70B-Instruct-FP8", precision="fp8")
QWEN_32B = partial(Point, model="qwen3-32b", theirs="Qwen/Qwen3-32B", precision="bf16")
QWEN_32B_FP8 = partial(Point, model="qwen3-32b", theirs="Qwen/Qwen3-32B-FP8-Static-PerTensor", precision="fp8")
SYSTEMS = {"A100-80GB-SXM": "a100_sxm", "H100-80GB-SXM": "h100_sxm", "H200-141GB": "h200_sxm", "L40S-48GB": "l40s"}
POINTS = (
    LLAMA_8B(gpu="A100-80GB-SXM", lengths=(1155, 211), requests_per_second=100),
    LLAMA_8B(gpu="A100-80GB-SXM", lengths=(1000, 1000), requests_per_second=40),
    LLAMA_8B(gpu="A100-80GB-SXM", lengths=(2048, 28), requests_per_second=100, slo="server"),
    LLAMA_8B(gpu="H100-80GB-SXM", lengths=(1155, 211), requests_per_second=200),
    LLAMA_8B(gpu="H100-80GB-SXM", lengths=(2048, 128), requests_per_second=200),
    LLAMA_70B(gpu="A100-80GB-SXM", lengths=(1155, 211), requests_per_second=20),
    LLAMA_70B(gpu="H100-80GB-SXM", lengths=(1000, 1000), requests_per_second=20),
    LLAMA_70B_FP8(gpu="H100-80GB-SXM", lengths=(1155, 211), requests_per_second=40),
    LLAMA_70B_FP8(gpu="H200-141GB", lengths=(1000, 1000), requests_per_second=40),
    LLAMA_70B_FP8(gpu="L40S-48GB", lengths=(1155, 211), requests_per_second=10, slo="server"),
    QWEN_32B(gpu="A100-80GB-SXM", lengths=(2000, 100), requests_per_second=40),
    QWEN_32B_FP8(gpu="H100-80GB-SXM", lengths=(2000, 100), requests_per_second=40),
)
"""Means of the traces and mixes that vendors publish; loads at which a fleet is some dozen GPUs."""


def ours(point: Point) -> Plan | Infeasible:
    """The fewest GPUs for a flat month of that load, at the preset's cap, without a spare."""
    into, out = point.lengths
    fleet = replace(FLEET, redundancy=0)
    bins = a.OCTOBER.hours * HOUR_SECONDS // FIVE_MINUTES
    in_a_bin = point.requests_per_second * FIVE_MINUTES
    usage = a.month_usage(
        a.shape(FIVE_MINUTES, [in_a_bin * into] * bins, [in_a_bin * out] * bins),
        requests=int(in_a_bin * bins),
        workload=Workload(name="steady", serve=point.model, slo=point.slo),
    )
    known = profiles(point.model, own=(), input_length=into, output_length=out, input_share=into / (into + out))
    found = [
        plan("static", demand(usage, one, fleet), a.offer("1.00", gpu=point.gpu), fleet)
        for one in known
        if (one.gpu, one.precision) == (point.gpu, point.precision)
    ]
    plans = [one for one in found if isinstance(one, Plan)]
    if plans:
        return min(plans, key=lambda one: one.gpus)
    reasons = [one.reason for one in found if isinstance(one, Infeasible)]
    return Infeasible(policy="static", reason=reasons[0] if reasons else "nothing measured")


def beside(python: Path) -> None:
    """GPU counts for the same load and latency target, point by point."""
    asks = [
        Ask(
            model=point.theirs,
            system=SYSTEMS[point.gpu],
            requests_per_second=point.requests_per_second,
            input_length=point.lengths[0],
            output_length=point.lengths[1],
            first_token_ms=TARGETS[point.slo].first_token_seconds * 1000,
            token_ms=TARGETS[point.slo].token_milliseconds,
        )
        for point in POINTS
    ]
    answers = recommended(python, asks)
    print(
        "\nGPUs for the same steady load and latency target, beside aiconfigurator 0.12 (cli_recommend, vllm, no spare)"
    )
    head = ("model", "GPU", "in/out", "requests/s", "slo", "ours", "theirs", "ours/theirs",
            "requests/s a GPU: ours at 100 %", "theirs at the target", "ours/theirs")  # fmt: skip
    print("\n| " + " | ".join(head) + " |")
    print("|---" * len(head) + "|")
    found = []
    for point, theirs in zip(POINTS, answers, strict=True):
        mine = ours(point)
        cells = [f"{point.model} {point.precision}", point.gpu, "/".join(map(str, point.lengths)),
                 f"{point.requests_per_second:g}", point.slo]  # fmt: skip
        cells += [_gpus(mine.gpus, mine.profile) if isinstance(mine, Plan) else f"none: {mine.reason}"]
        cells += [f"{theirs.gpus} ({theirs.tensor_parallel} a replica)" if theirs else "none"]
        if isinstance(mine, Plan) and theirs:
            each = saturated(point, mine), theirs.requests_per_second_per_gpu
            found.append((mine.gpus / theirs.gpus, each[0] / each[1], mine.utilization_target))
            cells += [f"{found[-1][0]:.2f}", *(f"{one:.2f}" for one in each), f"{found[-1][1]:.2f}"]
        else:
            cells += ["-"] * 4
        print("| " + " | ".join(cells) + " |")
    if not found:
        print("\nneither knows what the other does: no point is compared")
        return
    counts, speeds, caps = zip(*found, strict=True)
    for name, ratios in (("GPUs", counts), ("requests a second of a GPU", speeds)):
        print(f"\n{name}, ours/theirs: median {np.median(ratios):.2f}, {min(ratios):.2f} to {max(ratios):.2f}", end="")
    print(
        f" ({len(found)} points)\nTheirs fills every replica until the mean latencies of a steady stream meet the "
        f"target. Ours fills it to {min(caps):.0%} of its throughput, which makes 1 / {min(caps):g} = "
        f"{1 / min(caps):.2f} of the difference, and takes offline maxima x {OFFLINE_DERATE}; the rest is whole "
        "replicas and the throughput itself."
    )


def _gpus(count: int, profile: Profile) -> str:
    return f"{count} ({profile.tensor_parallel} a replica)"


def saturated(point: Point, mine: Plan) -> float:
    """Requests a second of one GPU at 100 % of what the profile states."""
    rate = mine.profile.total_tokens_per_second
    assert rate, "shipped points are total rates"
    return rate / sum(point.lengths) / mine.profile.tensor_parallel


def main() -> None:
    parser = argparse.ArgumentParser(description="Plans against traces, and against aiconfigurator.")
    parser.add_argument("--aiconfigurator", metavar="PYTHON", type=Path, help="interpreter with aiconfigurator 0.12")
    parser.add_argument("--alone", action="store_true", help="neither install nor ask aiconfigurator")
    asked = parser.parse_args()
    if SAMPLES.is_dir():
        offer = rented()
        print(f"replicas: one {GPU} at ${offer.price_per_gpu_hour.amount} ({offer.provider}, {offer.checked_on}); "
              f"a 1-year term at {YEAR_DISCOUNT:.0%} of it, assumed; ${PRICE} a million tokens; the traces repeated "
              f"through a month; every other assumption at its default")  # fmt: skip
        for read in TRACES:
            trace = read(SAMPLES)
            by_load = {load: list(rows(trace, load)) for load in LOADS}
            for load in SHOWN:
                table(trace, load, by_load[load])
            sentences(trace, by_load)
        clients(SAMPLES, 10.0)
    else:
        print(f"no sample files at {SAMPLES}; set ADVISOR_SAMPLES to their folder")
    if asked.alone:
        return
    python = asked.aiconfigurator or interpreter()
    if isinstance(python, str):
        print(f"\naiconfigurator is not compared: {python}")
    else:
        beside(python)


if __name__ == "__main__":
    main()
