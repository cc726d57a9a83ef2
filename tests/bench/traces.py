"""The published traces of the sample folder as months of usage, at any load and known as finely or coarsely as asked.

A trace is shorter than a month: its whole bins (five minutes of the stamped ones, hours of ServeGen) are repeated, one
run after the other, through October 2026. What a month does beyond that, nights and weekends, is not in it.
"""

from __future__ import annotations

import csv
import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from advisor.domain.fleet import Profile
from advisor.domain.units import FIVE_MINUTES, HOUR_SECONDS
from advisor.domain.usage import WorkloadUsage
from advisor.market.profiles import profiles
from tests.unit import builders as a

Tokens = NDArray[np.float64]
MODEL, GPU, PRECISION = "llama-3.1-8b", "A100-80GB-SXM", "bf16"
PRICE = Decimal("0.10")
"""USD of a million tokens, of either kind: what the spill of `hybrid` is paid at."""


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Trace:
    """Tokens by the time they were asked for: `seconds` from the start, `read` and `written` tokens, of one length.

    `width` is the finest whole bin that the trace is replayed in, `span` the seconds of its whole bins.
    """

    name: str
    seconds: Tokens
    read: Tokens
    written: Tokens
    requests: int
    width: int
    span: int

    @property
    def lengths(self) -> tuple[float, float]:
        """Mean input and output tokens of a request."""
        return float(self.read.sum()) / self.requests, float(self.written.sum()) / self.requests

    def bins(self, width: int) -> Tokens:
        """Input and output tokens of each bin of the whole span; shape (2, span / width)."""
        at = (self.seconds // width).astype(np.int64)
        count = self.span // width
        kept = at < count
        return np.stack(
            [np.bincount(at[kept], weights=column[kept], minlength=count) for column in (self.read, self.written)]
        )

    def peak_to_mean(self, width: int) -> float:
        """The busiest bin of *width* over the mean, in tokens."""
        total = self.bins(width).sum(axis=0)
        return float(total.max() / total.mean())

    def profile(self) -> Profile:
        """What the product states of one replica at the trace's lengths, without a measurement of the user's own."""
        into, out = self.lengths
        known = profiles(MODEL, own=(), input_length=into, output_length=out, input_share=into / (into + out))
        return next(one for one in known if (one.gpu, one.precision, one.tensor_parallel) == (GPU, PRECISION, 1))

    def month(self, replicas: float, known: int) -> WorkloadUsage:
        """October 2026 at a mean of *replicas*, as facts of *known* seconds say it."""
        bins = a.OCTOBER.hours * HOUR_SECONDS // self.width
        tokens = np.stack([np.resize(column, bins) for column in self.bins(self.width)])
        rate = self.profile().total_tokens_per_second
        assert rate, "shipped points are total rates"
        load = replicas * rate * a.OCTOBER.hours * HOUR_SECONDS / tokens.sum()
        read, written = (column.reshape(-1, known // self.width).sum(axis=1) * load for column in tokens)
        return a.month_usage(
            a.shape(known, read.tolist(), written.tolist()),
            cost=PRICE * Decimal(int((tokens * load).sum())) / 1_000_000,
            requests=int(load * tokens.sum() / sum(self.lengths)),
        )


def azure_code(samples: Path) -> Trace:
    """57 minutes of a coding service, CC-BY-4.0."""
    rows = _rows(samples / "traces" / "AzureLLMInferenceTrace_code.csv")
    stamps = [datetime.fromisoformat(row["TIMESTAMP"][:26]) for row in rows]
    return _stamped(
        "Azure code",
        [(stamp - stamps[0]).total_seconds() for stamp in stamps],
        [float(row["ContextTokens"]) for row in rows],
        [float(row["GeneratedTokens"]) for row in rows],
    )


def mooncake(samples: Path) -> Trace:
    """The first 20 minutes of a chat service, every prompt token taken as uncached; Apache-2.0."""
    lines = (samples / "traces" / "mooncake_conversation_first_1200s.jsonl").read_text().splitlines()
    rows = [json.loads(line) for line in lines]
    return _stamped(
        "Mooncake conversation",
        [row["timestamp"] / 1000 for row in rows],
        [float(row["input_length"]) for row in rows],
        [float(row["output_length"]) for row in rows],
        span=1200,
    )


def servegen(samples: Path, client: str | None = None) -> Trace:
    """14 days of a small model, all clients or one; hours, Apache-2.0."""
    rows = [
        row
        for row in _rows(samples / "traces" / "servegen_m-small_hourly.csv")
        if client is None or row["client"] == client
    ]
    return Trace(
        name="ServeGen m-small" if client is None else f"ServeGen client {client}",
        seconds=_array([float(row["hour_offset"]) for row in rows]) * HOUR_SECONDS,
        read=_array([float(row["input_tokens"]) for row in rows]),
        written=_array([float(row["output_tokens"]) for row in rows]),
        requests=sum(int(row["requests"]) for row in rows),
        width=HOUR_SECONDS,
        span=14 * 24 * HOUR_SECONDS,
    )


def servegen_clients(samples: Path) -> list[Trace]:
    """Each client of it alone, as a team that buys its own tokens would be."""
    names = {row["client"] for row in _rows(samples / "traces" / "servegen_m-small_hourly.csv")}
    return [servegen(samples, name) for name in sorted(names, key=int)]


TRACES: tuple[Callable[[Path], Trace], ...] = (azure_code, mooncake, servegen)


def _stamped(
    name: str, seconds: Sequence[float], read: Sequence[float], written: Sequence[float], span: int | None = None
) -> Trace:
    return Trace(
        name=name,
        seconds=_array(seconds),
        read=_array(read),
        written=_array(written),
        requests=len(seconds),
        width=FIVE_MINUTES,
        span=span or int(seconds[-1]) // FIVE_MINUTES * FIVE_MINUTES,
    )


def _array(values: Sequence[float]) -> Tokens:
    return np.asarray(values, dtype=np.float64)


def _rows(file: Path) -> list[dict[str, str]]:
    with file.open(newline="") as lines:
        return list(csv.DictReader(lines))
