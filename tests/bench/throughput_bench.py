"""How far the throughput that Advisor would state lies from measured points it was not shown.

Each shipped point is left out in turn and asked for again: fitted to the rest of its group, carried over from the
nearest of them alone, taken as the nearest was measured, and from the roofline with coefficients fitted anew to the
points of all other GPU classes (or model families). `--aiconfigurator PYTHON`, the interpreter of an environment with
aiconfigurator 0.12, adds a second table for the models and GPUs that both know.
"""

from __future__ import annotations

import argparse
import json
import math
import statistics
import subprocess
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace

from advisor.domain.fleet import Profile
from advisor.market.estimates import DENSE_BAND, EXPERTS_BAND, REFUSED_BILLIONS, REFUSED_GROUP
from advisor.market.fit import at_lengths, distance, lengths, rate
from advisor.market.models import Model, by_id
from advisor.market.profiles import OFFLINE_DERATE, pace_of, shipped
from advisor.market.roofline import FITTED, Coefficients, batch_of, seconds_per_request
from advisor.market.specs import NVLINK, Specs, specs_of

METHODS = ("fitted", "carried over", "nearest as is", "roofline")
COEFFICIENTS = ("compute", "weights", "cache", "sequence_seconds", "experts")


@dataclass(frozen=True, slots=True, kw_only=True)
class Point:
    """A shipped point with the rest of its group, and what the roofline needs of it."""

    profile: Profile
    rest: tuple[Profile, ...]
    model: Model
    specs: Specs

    @property
    def gpu_class(self) -> str:
        return self.profile.gpu.partition("-")[0]

    @property
    def family(self) -> str:
        return {"llama": self.model.id.replace("3.3", "3.1"), "gpt": "gpt-oss"}.get(
            self.model.id.partition("-")[0], self.model.id.partition("-")[0]
        )

    @property
    def estimated(self) -> bool:
        """Whether the roofline is used for such a GPU, group and model at all."""
        fits = self.profile.tensor_parallel <= REFUSED_GROUP or self.specs.link == NVLINK
        return fits and (self.model.parameters or 0) < REFUSED_BILLIONS

    @property
    def band(self) -> tuple[float, float]:
        return DENSE_BAND if self.model.active == self.model.parameters else EXPERTS_BAND


@dataclass(frozen=True, slots=True)
class Guess:
    """ln(stated / measured), and whether the measured rate lies inside the stated band."""

    error: float
    inside: bool


def points() -> list[Point]:
    found = []
    for model_id, profiles in shipped().items():
        model = by_id(model_id)
        for one in profiles:
            specs, key = specs_of(one.gpu), (one.gpu, one.tensor_parallel, one.precision)
            assert model, model_id
            assert specs, one.gpu
            rest = tuple(
                other
                for other in profiles
                if other is not one and (other.gpu, other.tensor_parallel, other.precision) == key
            )
            found.append(Point(profile=one, rest=rest, model=model, specs=specs))
    return found


def roofline(point: Point, coefficients: Coefficients = FITTED) -> float | None:
    """Tokens a second, as an estimate states them; None where it has none."""
    one = point.profile
    seconds = seconds_per_request(
        point.model, point.specs, one.tensor_parallel, one.precision, *lengths(one), coefficients
    )
    return OFFLINE_DERATE * sum(lengths(one)) / seconds.total if seconds else None


def refitted(shown: Sequence[Point]) -> Coefficients:
    """The coefficients that meet these points best: a pattern search on the soft-L1 loss of the log error."""

    def loss(tried: Coefficients) -> float:
        errors = [math.log(stated / rate(one.profile)) for one in shown if (stated := roofline(one, tried))]
        return sum(math.sqrt(1 + (error / 0.2) ** 2) - 1 for error in errors) / len(errors)

    best, step = FITTED, 0.16
    least = loss(best)
    while step > 0.01:
        tried = [
            replace(best, **{name: getattr(best, name) * math.exp(sign * step)})
            for name in COEFFICIENTS
            for sign in (-1, 1)
        ]
        losses = [loss(one) for one in tried]
        if min(losses) < least:
            least = min(losses)
            best = tried[losses.index(least)]
        else:
            step /= 2
    return best


def guesses(point: Point, coefficients: Coefficients) -> dict[str, Guess]:
    """What each method states of a left-out point."""
    one, (into, out) = point.profile, lengths(point.profile)
    stated: dict[str, Profile] = {}
    if point.rest:
        pace = pace_of(one.model, one.gpu, one.tensor_parallel, one.precision)
        nearest = min(point.rest, key=lambda other: (distance(other, into, out), rate(other)))
        stated["nearest as is"] = nearest
        stated["carried over"] = at_lengths([nearest], pace, into, out)
        fitted = at_lengths(point.rest, pace, into, out)
        if fitted.note.startswith("fitted"):
            stated["fitted"] = fitted
    found = {name: _guess(rate(profile), rate(one), profile.band) for name, profile in stated.items()}
    estimate = roofline(point, coefficients) if point.estimated else None
    if estimate:
        found["roofline"] = _guess(estimate, rate(one), point.band)
    return found


def _guess(stated: float, measured: float, band: tuple[float, float]) -> Guess:
    return Guess(math.log(stated / measured), band[0] <= measured / stated <= band[1])


def table(title: str, rows: Iterable[tuple[str, dict[str, list[Guess]]]], methods: Sequence[str]) -> None:
    print(f"\n| {title} | " + " | ".join(methods) + " |")
    print("|---" * (len(methods) + 1) + "|")
    for name, by_method in rows:
        print(f"| {name} | " + " | ".join(summed(by_method.get(method, [])) for method in methods) + " |")


def summed(found: Sequence[Guess]) -> str:
    """Median and 80th percentile of |stated / measured - 1|, share inside the band, and number of points."""
    if not found:
        return "-"
    off = sorted(abs(math.expm1(guess.error)) for guess in found)
    inside = sum(guess.inside for guess in found) / len(found)
    return f"{statistics.median(off):.0%}, {off[math.ceil(0.8 * len(off)) - 1]:.0%}, {inside:.0%} ({len(off)})"


def by(every: Sequence[Point], key: Callable[[Point], str]) -> list[tuple[str, dict[str, list[Guess]]]]:
    """Guesses by class, the roofline of each class fitted to all others; all classes together last."""
    rows: dict[str, dict[str, list[Guess]]] = {}
    for name in sorted({key(point) for point in every}):
        coefficients = refitted([point for point in every if key(point) != name])
        for point in every:
            if key(point) == name:
                for method, guess in guesses(point, coefficients).items():
                    for row in (name, "all"):
                        rows.setdefault(row, {}).setdefault(method, []).append(guess)
    return [*((name, row) for name, row in rows.items() if name != "all"), ("all", rows["all"])]


AICONFIGURATOR = """
import contextlib, json, sys
from aiconfigurator.cli.api import cli_estimate
answers = []
for ask in json.load(sys.stdin):
    best = 0.0
    for batch in ask.pop("batches"):
        with contextlib.redirect_stdout(sys.stderr):
            try:
                one = cli_estimate(batch_size=batch, free_gpu_memory_fraction=0.9, **ask)
            except RuntimeError as error:  # the batch does not fit
                print(error, file=sys.stderr)
                continue
        if not one.kv_cache_warning:
            best = max(best, one.tokens_per_second_per_gpu)
    answers.append(best)
json.dump(answers, sys.stdout)
"""
SYSTEMS = {"A100-80GB-SXM": "a100_sxm", "H100-80GB-SXM": "h100_sxm", "H200-141GB": "h200_sxm", "L40S-48GB": "l40s"}
ASKED = ((128, 128), (500, 2000), (1000, 1000), (2048, 128), (5000, 500))
"""A second or more each, so not every mix is asked for."""
MODELS = {"llama-3.1-8b": "meta-llama/Meta-Llama-3.1-8B", "llama-3.1-70b": "meta-llama/Meta-Llama-3.1-70B"}


def aiconfigurator(python: str, asked: Sequence[Point]) -> list[float]:
    """Its best rate over the batches that fit, as a total rate of the whole group, derated as ours."""
    questions = []
    for point in asked:
        one = point.profile
        into, out = lengths(one)
        room = batch_of(point.model, point.specs, one.tensor_parallel, one.precision, into, out) or 1.0
        eight = {"gemm_quant_mode": "fp8", "kvcache_quant_mode": "fp8", "fmha_quant_mode": "fp8"}
        questions.append(
            {
                "model_path": MODELS[one.model], "system_name": SYSTEMS[one.gpu], "backend_name": "trtllm",
                "isl": int(into), "osl": int(out), "tp_size": one.tensor_parallel,
                "batches": [max(1, round(room * share)) for share in (1.0, 0.75, 0.5)],
                **(eight if one.precision == "fp8" else {}),
            }
        )  # fmt: skip
    ran = subprocess.run(
        [python, "-c", AICONFIGURATOR], input=json.dumps(questions), capture_output=True, text=True, check=True
    )
    rates = json.loads(ran.stdout)
    return [
        output * point.profile.tensor_parallel * sum(lengths(point.profile)) / lengths(point.profile)[1]
        * OFFLINE_DERATE
        for output, point in zip(rates, asked, strict=True)
    ]  # fmt: skip


def beside(python: str, every: Sequence[Point]) -> None:
    asked = [
        point
        for point in every
        if point.profile.gpu in SYSTEMS and point.profile.model in MODELS and lengths(point.profile) in ASKED
    ]
    rows: dict[str, dict[str, list[Guess]]] = {}
    unanswered = 0
    coefficients = {name: refitted([point for point in every if point.gpu_class != name])
                    for name in sorted({point.gpu_class for point in asked})}  # fmt: skip
    for point, answer in zip(asked, aiconfigurator(python, asked), strict=True):
        if not answer:
            unanswered += 1
            continue
        found = guesses(point, coefficients[point.gpu_class])
        found["aiconfigurator"] = _guess(answer, rate(point.profile), DENSE_BAND)
        for row in (f"{point.model.id} on {point.gpu_class}", "all"):
            for method, guess in found.items():
                rows.setdefault(row, {}).setdefault(method, []).append(guess)
    print(f"\nBeside aiconfigurator 0.12 (backend trtllm; band -40/+40 %; {unanswered} points without an answer)")
    ordered = sorted(rows.items(), key=lambda row: (row[0] == "all", row[0]))
    table("model and GPU", ordered, (*METHODS, "aiconfigurator"))


def main() -> None:
    parser = argparse.ArgumentParser(description="Accuracy of the shipped throughput.")
    parser.add_argument("--aiconfigurator", metavar="PYTHON", help="interpreter with aiconfigurator 0.12 installed")
    python = parser.parse_args().aiconfigurator
    every = points()
    print(f"throughput of {len(every)} measured points, each left out of what states it")
    print("median and 80th percentile of |stated / measured - 1|, share inside the stated band (points)")
    table("GPU", by(every, lambda point: point.gpu_class), METHODS)
    table("model", by(every, lambda point: point.family), METHODS)
    if python:
        beside(python, every)


if __name__ == "__main__":
    main()
