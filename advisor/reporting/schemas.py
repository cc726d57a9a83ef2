"""The JSON Schemas (draft 2020-12) of the documents that programs read."""

from __future__ import annotations

import json
from importlib.resources import files
from typing import Any, Literal


def schema(document: Literal["check", "usage", "history", "backtest", "status"]) -> dict[str, Any]:
    """The schema of `advisor.check/1`, or of `usage`, `history`, `backtest` or `status`, as shipped."""
    text = files("advisor.reporting").joinpath(f"{document}.schema.json").read_text(encoding="utf-8")
    loaded: dict[str, Any] = json.loads(text)
    return loaded
