"""A fleet of your own, as Prometheus saw it: the tokens that it served, and what its GPUs cost meanwhile."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator
from datetime import datetime, timedelta
from decimal import ROUND_HALF_EVEN, Decimal
from typing import Annotated, Any, ClassVar, Literal

from pydantic import Field, field_validator

from advisor.contract.api_fields import (
    OddFieldError,
    at_most,
    count,
    count_said,
    moment,
    named,
    translated,
    where,
    whole_hours,
)
from advisor.contract.endpoint import Endpoint
from advisor.contract.http import Http
from advisor.contract.paging import rows
from advisor.contract.settings import SecretRef
from advisor.contract.shown import shown
from advisor.contract.source import Parsed, Record, Records, Terms, UsageRow, Warned
from advisor.domain.facts import Basis, CostFact, InputIncludes
from advisor.domain.units import FIVE_MINUTES, HOUR_SECONDS, Money, Window
from advisor.errors import SourceError

PROVIDER = "self"
# A counter's several names, the present one first: https://docs.vllm.ai/en/stable/usage/metrics.html
COUNTERS: dict[str, dict[str, tuple[str, ...]]] = {
    "vllm": {
        "input": ("vllm:prompt_tokens_total",),
        "cached": ("vllm:prompt_tokens_cached_total", "vllm:prefix_cache_hits_total"),
        "output": ("vllm:generation_tokens_total",),
        "requests": ("vllm:request_success_total",),
    },
    "sglang": {
        "input": ("sglang:prompt_tokens_total",),
        "cached": ("sglang:cached_tokens_total",),
        "output": ("sglang:generation_tokens_total",),
        "requests": ("sglang:num_requests_total",),
    },
}  # fmt: skip
WIDTHS = {"5m": FIVE_MINUTES, "1h": HOUR_SECONDS}
MOST_STEPS = 10_000
"""Prometheus refuses a query of more than 11,000 points a series."""
NANO = Decimal("1e-9")
Counted = dict[tuple[datetime, str], dict[str, Decimal]]


class Prometheus(Records):
    """What a dedicated fleet served. Its cost is computed: GPUs x price x the hours in which it was seen.

    Counters that start again at zero are no loss: `increase` adds up what came before and after. Prompt tokens hold
    those that the prefix cache answered.
    """

    terms: ClassVar[Terms | None] = Terms(
        tokens="5 minutes",
        cost="day, allocated",
        freshness="a scrape",
        polling="free",
        permission="to query",
    )
    incremental: ClassVar[bool] = True
    base_url: Endpoint
    token: SecretRef | None = None
    match: str = ""
    engine: Literal["vllm", "sglang"] = "vllm"
    step: Literal["5m", "1h"] = "1h"
    gpu: Annotated[str, Field(min_length=1)]
    gpus: Annotated[int, Field(ge=1)]
    price_per_gpu_hour: Annotated[Decimal, Field(gt=0)]
    currency: Annotated[str, Field(pattern="^[A-Z]{3}$")] = "USD"

    @field_validator("match")
    @classmethod
    def _only_labels(cls, match: str) -> str:
        if "{" in match or "}" in match:
            raise ValueError('write the labels alone, without braces: job="vllm", cluster="prod"')
        return match

    def check(self) -> None:
        """Ask whether there is any series of tokens; none is an error, as it would read like no traffic."""
        with self._http() as http:
            query = f"count({self._series(COUNTERS[self.engine]['output'][0])})"
            if not _result(http.get("api/v1/query", {"query": query})):
                raise self._nothing()

    def pull(self, window: Window) -> Iterator[Record]:
        counted: Counted = defaultdict(dict)
        with self._http() as http:
            for name, counters in COUNTERS[self.engine].items():
                for counter in counters:
                    if self._ask(http, whole_hours(window), name, counter, counted):
                        break
        if not counted:
            raise self._nothing()
        width = WIDTHS[self.step]
        for (start, model), counts in sorted(counted.items()):
            yield {"start": start.isoformat(), "width": width, "model": model, **_whole(counts)}
        yield from self._costs(counted, width)

    def parse(self, record: Record) -> Iterator[Parsed]:
        if isinstance(record.get("unseen"), str):
            yield Warned(message=record["unseen"])
            return
        read = self._cost if "amount" in record else self._usage
        yield from translated(where(record, "start", "model"), lambda: read(record))

    def _usage(self, record: Record) -> Iterator[Parsed]:
        yield UsageRow(
            provider=PROVIDER,
            model_raw=named(record, "model"),
            start=moment(record, "start"),
            width_seconds=_width(record),
            input_tokens=count(record, "input"),
            cache_read_tokens=count_said(record, "cached"),
            output_tokens=count(record, "output"),
            input_includes=InputIncludes.CACHE_READ,
            requests=count_said(record, "requests"),
            where=where(record, "start", "model"),
        )

    def _cost(self, record: Record) -> Iterator[Parsed]:
        day = moment(record, "start")
        try:
            amount = Decimal(named(record, "amount"))
        except ArithmeticError:
            raise OddFieldError("amount is no number") from None
        yield CostFact(
            provider=PROVIDER,
            model_raw=named(record, "model"),
            start=day,
            end=day + timedelta(days=1),
            amount=Money(amount, self.currency),
            basis=Basis.ALLOCATED,
            component=f"{self.gpus} x {self.gpu}",
        )

    def _ask(self, http: Http, window: Window, name: str, counter: str, counted: Counted) -> bool:
        """Add what a counter rose by in each step of the window. False where there is no such counter."""
        width = timedelta(seconds=WIDTHS[self.step])
        query = f"sum by (model_name) (increase({self._series(counter)}[{self.step}]))"
        found = False
        for part in at_most(window, MOST_STEPS * width):
            # A value at a time covers the step before it.
            bounds = {"start": (part.start + width).timestamp(), "end": part.end.timestamp(), "step": self.step}
            for series in _result(http.get("api/v1/query_range", {"query": query, **bounds})):
                found = True
                model = _model(series)
                for at, value in _values(series):
                    if not part.start < at <= part.end:
                        continue  # another part asks for it
                    if name in (step := counted[at - width, model]):
                        what = f"Prometheus gives {counter} of {model} twice at {at:%Y-%m-%d %H:%M}"
                        raise SourceError(what, "run again later", transient=True)
                    step[name] = value
        return found

    def _costs(self, counted: Counted, width: int) -> Iterator[Record]:
        """What the fleet cost on each day that it was seen, spread over its models by their tokens."""
        seen: dict[datetime, set[datetime]] = defaultdict(set)
        tokens: dict[datetime, dict[str, Decimal]] = defaultdict(lambda: defaultdict(Decimal))
        for (start, model), counts in counted.items():
            day = start.replace(hour=0, minute=0)
            seen[day].add(start)
            tokens[day][model] += counts.get("input", Decimal(0)) + counts.get("output", Decimal(0))
        for day in sorted(seen):
            hours = Decimal(len(seen[day]) * width) / HOUR_SECONDS
            cost = self.price_per_gpu_hour * self.gpus * hours
            for model, amount in _spread(cost, tokens[day]):
                yield {"start": day.isoformat(), "model": model, "amount": format(amount, "f")}
        first, last = min(start for start, _ in counted), max(start for start, _ in counted)
        steps = int((last - first).total_seconds()) // width + 1
        if gaps := steps - sum(map(len, seen.values())):
            yield {
                "unseen": f"in {gaps:,} steps of {self.step} there are no samples: neither tokens nor cost are known"
            }

    def _series(self, counter: str) -> str:
        return f"{counter}{{{self.match}}}"

    def _http(self) -> Http:
        headers = {"Authorization": f"Bearer {self.token.reveal()}"} if self.token else {}
        return Http(self.base_url, headers, permission="to query metrics")

    def _nothing(self) -> SourceError:
        series = self._series(COUNTERS[self.engine]["output"][0])
        return SourceError(
            f"Prometheus has no series {series}", "check match and engine, and that the fleet is scraped"
        )


def _result(answer: Any) -> list[Any]:
    told = answer.get("data") if isinstance(answer, dict) else None
    return list(rows(told, "result", "Prometheus's answer"))


def _model(series: Record) -> str:
    labels = series.get("metric")
    model = labels.get("model_name") if isinstance(labels, dict) else None
    if not isinstance(model, str) or not model:
        raise SourceError(
            "a series of tokens has no label model_name", "narrow match to what the engine itself exports"
        )
    return model


def _values(series: Record) -> Iterator[tuple[datetime, Decimal]]:
    values = series.get("values")
    for pair in values if isinstance(values, list) else []:
        try:
            at, value = pair
            found = Decimal(str(value))
            if not found.is_finite():
                raise ValueError
            yield moment({"at": int(at)}, "at"), found
        except (TypeError, ValueError, ArithmeticError) as error:
            raise SourceError(f"Prometheus gives a value that is none: {shown(pair)}", "check base_url") from error


def _whole(counts: dict[str, Decimal]) -> dict[str, int]:
    """Whole tokens: `increase` extends to the edges of a step what it saw within, and so gives fractions."""
    return {name: int(value.quantize(Decimal(1), rounding=ROUND_HALF_EVEN)) for name, value in counts.items()}


def _spread(cost: Decimal, tokens: dict[str, Decimal]) -> Iterable[tuple[str, Decimal]]:
    """*cost* in parts that add up to it exactly, by tokens, or evenly where there are none."""
    total = sum(tokens.values())
    models = sorted(tokens, key=lambda model: (tokens[model], model))
    left = cost
    for model in models[:-1]:
        share = tokens[model] / total if total else 1 / Decimal(len(models))
        part = (cost * share).quantize(NANO, rounding=ROUND_HALF_EVEN)
        left -= part
        yield model, part
    yield models[-1], left


def _width(record: Record) -> int:
    width = count(record, "width")
    if width not in WIDTHS.values():
        raise OddFieldError(f"width is {width}, which is no step")
    return width
