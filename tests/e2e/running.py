"""What one run of the command gives, and the smallest log and configuration to run it on."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

LOG = """\
{"at": "2026-10-01T08:00:00Z", "model": "llama-3.1-8b", "in": 1000, "out": 200}
{"at": "2026-10-01T09:30:00Z", "model": "llama-3.1-8b", "in": 3000, "out": 400}
"""
SOURCE = """\
[[sources]]
name = "prod"
kind = "request-log"
path = "log.jsonl"
provider = "aws"
columns = { timestamp = "at", model = "model", input_tokens = "in", output_tokens = "out" }
"""


@dataclass(frozen=True, slots=True)
class Ran:
    """What one run of the command left behind."""

    code: int
    out: str
    err: str

    @property
    def json(self) -> Any:
        return json.loads(self.out)


Advisor = Callable[..., Ran]
