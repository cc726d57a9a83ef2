"""One unattended run in a process of its own that is killed or paused at a named step; see `test_service_killed`."""

from __future__ import annotations

import os
import random
import signal
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

from advisor import config, storage
from advisor.delivery.slack import Slack
from advisor.service.run import Runner
from advisor.storage import open_store

LEDGER = ("claim_period", "replace", "decide", "settle_period")
DELIVERY = ("claim", "deliver", "settle")
EARLY = ("before claim_period", "after claim_period", "before replace", "after replace", "before decide")
LATE = ("after decide", *(f"{when} {method}" for method in DELIVERY for when in ("before", "after")))


@dataclass(frozen=True, kw_only=True)
class Orders:
    """Where a run is killed or paused: at the *nth* time that it comes to *step*."""

    step: str = ""
    nth: int = 1
    pauses: bool = False


def draw(drawn: random.Random, steps: tuple[str, ...]) -> Orders:
    """A step to die at; a quarter are paused instead, as a machine that sleeps, and wake when others did the work."""
    step = drawn.choice(steps)
    if drawn.random() < 0.25 and step in ("before replace", "before decide", "after decide"):
        return Orders(step=step, pauses=True)
    return Orders(step=step, nth=drawn.randint(1, 2) if "claim_period" in step else 1)


def run(path: Path, now: datetime, orders: Orders) -> None:
    """Do what is due at *now*, and do not survive it where the orders say so."""
    left = orders.nth

    def at(step: str) -> None:
        nonlocal left
        left -= step == orders.step
        if left == 0:
            left = -1
            os.kill(os.getpid(), signal.SIGSTOP if orders.pauses else signal.SIGKILL)

    def stepped(name: str, method: Callable[..., Any]) -> Callable[..., Any]:
        def call(*args: Any, **kwargs: Any) -> Any:
            at(f"before {name}")
            answer = method(*args, **kwargs)
            at(f"after {name}")
            return answer

        return call

    class Watched:
        def __init__(self, store: Any) -> None:
            self._store = store

        def __getattr__(self, name: str) -> Any:
            found = getattr(self._store, name)
            return stepped(name, found) if name in (*LEDGER, *DELIVERY) else found

    vars(storage)["open_store"] = lambda url: Watched(open_store(url))
    setattr(Slack, "deliver", stepped("deliver", Slack.deliver))  # noqa: B010 (mypy refuses the assignment)
    environ = {"TOKEN": "xoxb-1", "XDG_DATA_HOME": str(path.parent), "XDG_CACHE_HOME": str(path.parent)}
    Runner(environ, lambda: now).run(config.load(path))
