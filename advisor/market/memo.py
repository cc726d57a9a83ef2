"""Remembers between runs what the price catalog answered, so that most runs never import it."""

from __future__ import annotations

import contextlib
import json
import os
from datetime import date
from decimal import Decimal
from pathlib import Path
from typing import Any

from advisor import __version__
from advisor.market.catalog import edition
from advisor.market.rates import Rates, Schedule, Unpriced


class Memo:
    """A JSON file of schedules, good for one version of the catalog and of the product.

    It is only ever a shortcut: a file that is missing, damaged, of another version or not writable costs time, never
    a price.
    """

    def __init__(self, path: Path) -> None:
        self._path = path
        self._edition = f"{edition()}, advisor {__version__}"
        self._schedules: dict[str, Any] = {}
        with contextlib.suppress(OSError, ValueError, KeyError, TypeError):
            stored = json.loads(path.read_text(encoding="utf-8"))
            if stored["edition"] == self._edition:
                self._schedules = dict(stored["schedules"])

    def get(self, key: str) -> Schedule | None:
        try:
            rows = self._schedules[key]
            return Schedule(tuple(date.fromisoformat(day) for day, _ in rows), tuple(_read(found) for _, found in rows))
        except (KeyError, ValueError, TypeError, ArithmeticError):
            return None

    def put(self, key: str, schedule: Schedule) -> None:
        rows = zip(schedule.starts, schedule.rates, strict=True)
        self._schedules[key] = [[day.isoformat(), _written(found)] for day, found in rows]
        text = json.dumps({"edition": self._edition, "schedules": self._schedules})
        with contextlib.suppress(OSError):
            self._path.parent.mkdir(parents=True, exist_ok=True)
            part = self._path.with_name(f"{self._path.name}.{os.getpid()}")
            part.write_text(text, encoding="utf-8")
            part.replace(self._path)


def _written(found: Rates | Unpriced) -> dict[str, str | None]:
    if isinstance(found, Unpriced):
        return {"reason": found.reason}
    return {
        "input": str(found.input),
        "output": str(found.output),
        "cache_read": None if found.cache_read is None else str(found.cache_read),
        "cache_write": None if found.cache_write is None else str(found.cache_write),
        "currency": found.currency,
        "source": found.source,
        "checked_on": found.checked_on.isoformat() if found.checked_on else None,
    }


def _read(stored: Any) -> Rates | Unpriced:
    if "reason" in stored:
        return Unpriced(reason=stored["reason"])
    return Rates(
        input=Decimal(stored["input"]),
        output=Decimal(stored["output"]),
        cache_read=None if stored["cache_read"] is None else Decimal(stored["cache_read"]),
        cache_write=None if stored["cache_write"] is None else Decimal(stored["cache_write"]),
        currency=stored["currency"],
        source=stored["source"],
        checked_on=date.fromisoformat(stored["checked_on"]) if stored["checked_on"] else None,
    )
