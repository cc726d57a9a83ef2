"""Small logs for the tests of the scan: written to a folder, and the scan that reads them."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from advisor.contract.source import Columns, Scan
from advisor.domain.facts import InputIncludes, UsageFact
from advisor.domain.units import Month, Window
from advisor.ingest.scan import Scanned, scan

OCTOBER = Month(2026, 10)
COLUMNS = {"timestamp": "at", "model": "model", "input_tokens": "in", "output_tokens": "out"}
EVER = Window(datetime(2000, 1, 1, tzinfo=UTC), datetime(2100, 1, 1, tzinfo=UTC))
HEADER = "at,model,in,out\n"
ROWS = [
    {"at": "2026-10-01T08:00:00Z", "model": "llama-3.1-8b", "in": 1000, "out": 200},
    {"at": "2026-10-01T09:30:00Z", "model": "llama-3.1-8b", "in": 3000, "out": 400},
]


def at(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=UTC)


def lines(rows: Iterable[Mapping[str, Any]]) -> str:
    return "".join(json.dumps(row) + "\n" for row in rows)


def table(rows: Iterable[Mapping[str, Any]], delimiter: str = ",") -> str:
    rows = list(rows)
    return "".join(
        delimiter.join(str(value) for value in row) + "\n"
        for row in [list(rows[0]), *(list(row.values()) for row in rows)]
    )


def spec(*paths: Path, columns: Mapping[str, str] | None = None, **settings: Any) -> Scan:
    """A scan of the columns `at`, `model`, `in` and `out`, and of those in *columns*."""
    mapped = {**COLUMNS, **(columns or {})}
    if settings.get("model"):
        mapped.pop("model")
    values: dict[str, Any] = {"input_includes": InputIncludes.NOTHING, "provider": "aws", **settings}
    return Scan(paths=tuple(map(str, paths)), columns=Columns(**mapped), **values)


def read(*paths: Path, window: Window = EVER, columns: Mapping[str, str] | None = None, **settings: Any) -> Scanned:
    return scan(spec(*paths, columns=columns, **settings), window)


def written(path: Path, content: str | bytes) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(content.encode() if isinstance(content, str) else content)
    return path


def totals(found: Scanned) -> tuple[int | None, int, int]:
    """Requests, input and output of everything that was counted."""
    return (
        None if any(fact.requests is None for fact in found.usage) else sum(fact.requests or 0 for fact in found.usage),
        sum(fact.tokens.input for fact in found.usage),
        sum(fact.tokens.output for fact in found.usage),
    )


def only(found: Scanned) -> UsageFact:
    (fact,) = found.usage
    return fact
