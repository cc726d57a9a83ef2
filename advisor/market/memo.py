"""Remembers between runs what the price catalog answered, so that most runs never import it."""

from __future__ import annotations

import contextlib
import json
import os
from collections.abc import Sequence
from datetime import date
from decimal import Decimal
from importlib.metadata import version
from importlib.resources import files
from pathlib import Path
from typing import Any
from zlib import crc32

from advisor.market.catalog import edition
from advisor.market.rates import Rates, Schedule, Unpriced
from advisor.market.supplement import Listed

# What else an answer rests on: which id is which model, and the supplement.
TABLES = ("models.toml", "token_supplement.csv")


class Memo:
    """A JSON file of schedules, good for one version of the catalog, of the shipped tables and of the product.

    It is only ever a shortcut: a file that is missing, damaged, of another version or not writable costs time, never
    a price.
    """

    def __init__(self, path: Path) -> None:
        self._path = path
        self._edition = f"{edition()}, advisor {version('inference-advisor')}, tables {_stamp():08x}"
        self._schedules, self._listings = self._stored()

    def _stored(self) -> tuple[dict[str, Any], dict[str, Any]]:
        with contextlib.suppress(OSError, ValueError, KeyError, TypeError):
            stored = json.loads(self._path.read_text(encoding="utf-8"))
            if stored["edition"] == self._edition:
                return dict(stored["schedules"]), dict(stored["listings"])
        return {}, {}

    def get(self, key: str) -> Schedule | None:
        """What was answered for *key*; None where nothing is remembered."""
        try:
            return _schedule(self._schedules[key])
        except (KeyError, ValueError, TypeError, ArithmeticError):
            return None

    def put(self, key: str, schedule: Schedule) -> None:
        self._schedules[key] = _rows(schedule)
        self._write()

    def listings(self, model_id: str) -> tuple[Listed, ...] | None:
        """Where a model is sold; None where that is not remembered."""
        try:
            return tuple(
                Listed(host=host, tier=tier, model_raw=model_raw, schedule=_schedule(rows))
                for host, tier, model_raw, rows in self._listings[model_id]
            )
        except (KeyError, ValueError, TypeError, ArithmeticError):
            return None

    def put_listings(self, model_id: str, found: Sequence[Listed]) -> None:
        self._listings[model_id] = [[one.host, one.tier, one.model_raw, _rows(one.schedule)] for one in found]
        self._write()

    def _write(self) -> None:
        """Add to what the file holds by now: another run, or another look-up of this one, may have written to it."""
        schedules, listings = self._stored()
        self._schedules = {**schedules, **self._schedules}
        self._listings = {**listings, **self._listings}
        text = json.dumps({"edition": self._edition, "schedules": self._schedules, "listings": self._listings})
        with contextlib.suppress(OSError):
            self._path.parent.mkdir(parents=True, exist_ok=True)
            part = self._path.with_name(f"{self._path.name}.{os.getpid()}")
            part.write_text(text, encoding="utf-8")
            part.replace(self._path)


def _stamp() -> int:
    stamp = 0
    for name in TABLES:
        stamp = crc32(files("advisor.market").joinpath(name).read_bytes(), stamp)
    return stamp


def _rows(schedule: Schedule) -> list[Any]:
    return [[day.isoformat(), _written(found)] for day, found in zip(schedule.starts, schedule.rates, strict=True)]


def _schedule(rows: Any) -> Schedule:
    return Schedule(tuple(date.fromisoformat(day) for day, _ in rows), tuple(_read(found) for _, found in rows))


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
