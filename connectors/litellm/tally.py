"""Adds requests up by bucket and model, however many there are, and settles what their prompt counts include."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from decimal import Decimal
from hashlib import blake2b
from typing import Any

from advisor.contract.source import Parsed, UsageRow, Warned
from advisor.domain.facts import Basis, CostFact, InputIncludes, RowProblem, plus_known
from advisor.domain.units import DAY_SECONDS, Money, Window

from .calls import FLAT_COST_KEY, Calls, Inside, day_of, request_of

CURRENCY = "USD"
"""LiteLLM's price map is in dollars, and so is every spend."""
DAY_KEY = ("user_id", "api_key", "date", "model", "custom_llm_provider", "mcp_namespaced_tool_name", "endpoint")
"""What is unique in LiteLLM_DailyUserSpend, beside its id."""
DAY_COUNTS = (
    "prompt_tokens", "completion_tokens", "cache_read_input_tokens", "cache_creation_input_tokens", "api_requests",
    "successful_requests", "failed_requests", "spend",
)  # fmt: skip
Key = tuple[datetime, int, str, str, Inside]


@dataclass(slots=True, kw_only=True)
class Sum:
    """What the requests of one bucket, model and kind of count add up to."""

    prompt: int = 0
    completion: int = 0
    read: int | None = None
    written: int | None = None
    requests: int | None = None

    def add(self, calls: Calls) -> None:
        self.prompt += calls.prompt
        self.completion += calls.completion
        self.read = plus_known(self.read, calls.read)
        self.written = plus_known(self.written, calls.written)
        self.requests = plus_known(self.requests, calls.requests)


@dataclass(slots=True, kw_only=True)
class Spent:
    """The spend of a model on a day."""

    amount: Decimal = Decimal(0)
    tokens: int = 0
    priced: bool = True


@dataclass(slots=True, kw_only=True)
class Tally:
    """Takes rows in any order and says, once all are there, what they add up to in *window*.

    Memory grows with buckets and models; with requests only where their ids are watched, by some 100 bytes.
    """

    window: Window
    includes_cache: bool | None = None
    sums: dict[Key, Sum] = field(default_factory=dict)
    spent: dict[tuple[datetime, str, str], Spent] = field(default_factory=dict)
    seen: set[bytes] = field(default_factory=set)
    days: dict[bytes, bytes] = field(default_factory=dict)
    repeated: int = 0
    copies: int = 0
    failed: int = 0
    hits: int = 0
    hit_tokens: int = 0
    reserved: int = 0

    def request(self, row: Mapping[str, Any], where: str, *, unique: bool = False) -> Iterator[RowProblem]:
        """Add a row of the spend logs, once; *unique* where no other row can have its id."""
        if not unique and (identity := row.get("request_id")):
            digest = _digest(identity)
            if digest in self.seen:
                self.repeated += 1
                return
            self.seen.add(digest)
        yield from self._read(request_of, row, where)

    def day(self, row: Mapping[str, Any], where: str) -> Iterator[RowProblem]:
        """Add a row of a daily table."""
        if row.get("api_key") == FLAT_COST_KEY:
            self.reserved += 1
            return
        yield from self._read(day_of, row, where)

    def exported_day(self, row: Mapping[str, Any], where: str) -> Iterator[RowProblem]:
        """Add a row of a daily table from a file, once: exports may overlap, and the later one counts more of a day."""
        identity = row.get("id") or tuple(str(row.get(name) or "") for name in DAY_KEY)
        # Without its keys a row may be one of many sums of a query of one's own.
        if identity == row.get("id") or all(row.get(name) is not None for name in DAY_KEY[:2]):
            counts = tuple(str(row.get(name) or "") for name in DAY_COUNTS)
            if self.is_copy(identity, counts):
                return
            if self.days[_digest(identity)] != _digest(counts):
                why = "this row came before with other counts: keep the newest of the exports that overlap"
                yield RowProblem(where=where, why=why)
                return
        yield from self.day(row, where)

    def is_copy(self, identity: object, content: object) -> bool:
        """Whether that was taken in before with the same content; else the first content of all is kept."""
        own = _digest(content)
        again = _digest(identity) in self.days and self.days[_digest(identity)] == own
        self.days.setdefault(_digest(identity), own)
        self.copies += again
        return again

    def _read(
        self, read: Callable[[Mapping[str, Any]], Calls], row: Mapping[str, Any], where: str
    ) -> Iterator[RowProblem]:
        try:
            self.add(read(row))
        except ValueError as error:
            yield RowProblem(where=where, why=str(error))

    def add(self, calls: Calls) -> None:
        """Add requests; what the gateway answered itself, and what failed, is counted apart."""
        inside = calls.start in self.window
        if inside:
            self.failed += calls.failed
            self.hits += calls.hits
            self.hit_tokens += (calls.prompt + calls.completion) * bool(calls.hits)
        single = calls.width_seconds < DAY_SECONDS
        nothing = not (calls.prompt or calls.completion or calls.spend or calls.requests)
        if (single and (calls.failed or calls.hits)) or nothing:
            return
        key = (calls.start, calls.width_seconds, calls.provider, calls.model, calls.inside)
        self.sums.setdefault(key, Sum()).add(calls)
        day = calls.start.replace(hour=0, minute=0)
        spent = self.spent.setdefault((day, calls.provider, calls.model), Spent())
        spent.amount += calls.spend
        spent.tokens += calls.prompt + calls.completion
        spent.priced &= calls.priced

    def facts(self) -> Iterator[Parsed]:
        """Everything that was added, as rows and charges, and what their reader should know."""
        beside = {provider for _, _, provider, _, inside in self.sums if inside == "outside"}
        unproved: dict[str, int] = {}
        for (start, width, provider, model, inside), total in self.sums.items():
            if inside == "unclear" and provider not in beside and self.includes_cache is None and start in self.window:
                unproved[provider] = unproved.get(provider, 0) + (total.requests or 1)
            yield UsageRow(
                provider=provider,
                model_raw=model,
                start=start,
                width_seconds=width,
                input_tokens=total.prompt,
                cache_read_tokens=total.read,
                cache_write_tokens=total.written,
                output_tokens=total.completion,
                input_includes=self._includes(inside, provider in beside),
                requests=total.requests,
                where=f"{model} at {start:%Y-%m-%d %H:%M}",
            )
        yield from self._charges()
        for remark in self._remarks(unproved):
            yield Warned(message=remark)

    def _includes(self, inside: Inside, provider_counts_beside: bool) -> InputIncludes:
        if self.includes_cache is not None:
            return InputIncludes.CACHE if self.includes_cache else InputIncludes.NOTHING
        beside = inside == "outside" or (inside == "unclear" and provider_counts_beside)
        return InputIncludes.NOTHING if beside else InputIncludes.CACHE

    def _charges(self) -> Iterator[CostFact]:
        for (day, provider, model), spent in self.spent.items():
            if spent.priced and (spent.amount or not spent.tokens):
                yield CostFact(
                    provider=provider,
                    model_raw=model,
                    start=day,
                    end=day + timedelta(days=1),
                    amount=Money(spent.amount, CURRENCY),
                    basis=Basis.ESTIMATED,
                )

    def _remarks(self, unproved: Mapping[str, int]) -> Iterator[str]:
        if self.hits:
            yield (
                f"{self.hits:,} requests were answered from the gateway's own cache ({self.hit_tokens:,} tokens): they "
                "need no GPU and are left out"
            )
        if self.failed:
            yield f"{self.failed:,} requests failed: they need no GPU and are left out"
        if self.repeated:
            yield f"{self.repeated:,} rows repeat a request id and are counted once"
        if self.copies:
            yield f"{self.copies:,} days or rows of a day come again as they were and are counted once"
        if self.reserved:
            yield f"{self.reserved:,} rows hold the flat cost of a reservation, not of requests, and are left out"
        for provider, requests in unproved.items():
            yield (
                f"{requests:,} requests of {provider or 'a provider without a name'} do not show whether their prompt "
                "tokens include the cached ones: taken as included; say so with input_includes_cache"
            )
        models = sorted(
            {model for (day, _, model), spent in self.spent.items() if day in self.window and not _known(spent)}
        )
        if models:
            more = f" and {len(models) - 3} more" if len(models) > 3 else ""
            yield (
                f"LiteLLM knows no price for all tokens of {', '.join(models[:3])}{more}: the cost of those days is "
                "unknown, not zero"
            )


def _known(spent: Spent) -> bool:
    return spent.priced and (bool(spent.amount) or not spent.tokens)


def _digest(what: object) -> bytes:
    return blake2b(str(what).encode(), digest_size=8).digest()
