"""A dispatcher in a process of its own that is killed, paused or left alone, as told; see `test_delivery_killed`."""

from __future__ import annotations

import os
import random
import signal
import time
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from threading import Timer
from typing import Any

from advisor import registry
from advisor.contract.channel import Channel
from advisor.delivery import slack
from advisor.delivery.outbox import dispatch
from advisor.storage import open_store

START = datetime(2026, 11, 24, 12, tzinfo=UTC)
SCALE = 30.0
"""Seconds of the product's clock in a real one: what it waits for takes no longer than the test can bear."""
TIMEOUT = 0.25
"""Real seconds that a post may take; the product waits a minute and more before it looks one up."""
STEPS = (
    "before the claim", "after the claim", "before the post", "after the post", "before it settles", "after it settled",
    "before it looks", "after it looked",
)  # fmt: skip


@dataclass(frozen=True, kw_only=True)
class Orders:
    """Where a dispatcher is killed or paused: at the *nth* time that it comes to *step*, or after some seconds."""

    step: str = ""
    nth: int = 1
    pauses: bool = False
    after_seconds: float | None = None


def clock(began: float) -> Callable[[], datetime]:
    """The product's clock, the same in every process: *began* is a reading of the machine's."""
    return lambda: START + timedelta(seconds=(time.monotonic() - began) * SCALE)


def run(store_path: Path, channels: dict[str, dict[str, Any]], began: float, orders: Orders) -> None:
    """Dispatch once, and do not survive it where the orders say so."""
    vars(slack)["TIMEOUT_SECONDS"] = TIMEOUT
    timer = Timer(orders.after_seconds or 3600, os.kill, (os.getpid(), signal.SIGKILL))
    timer.daemon = True
    timer.start()
    store = open_store(str(store_path))
    built = {name: registry.build_channel(table, Path(), {"TOKEN": "xoxb-1"}) for name, table in channels.items()}
    at = _Steps(orders, timer)
    watched: Any = _Watched(store, {"claim": "the claim", "settle": "it settles"}, at)
    dispatch(watched, {name: _watch(channel, at) for name, channel in built.items()}, clock(began))
    store.close()


class _Steps:
    def __init__(self, orders: Orders, timer: Timer) -> None:
        self.orders, self.left, self.timer = orders, orders.nth, timer

    def __call__(self, step: str) -> None:
        if step != self.orders.step:
            return
        self.left -= 1
        if self.left == 0:
            self.timer.cancel()
            os.kill(os.getpid(), signal.SIGSTOP if self.orders.pauses else signal.SIGKILL)


class _Watched:
    """Something whose methods are steps."""

    def __init__(self, inner: Any, steps: dict[str, str], at: _Steps) -> None:
        self._inner, self._steps, self._at = inner, steps, at

    def __getattr__(self, name: str) -> Any:
        found = getattr(self._inner, name)
        if name not in self._steps:
            return found

        def stepped(*args: Any, **kwargs: Any) -> Any:
            self._at(f"before {self._steps[name]}")
            answer = found(*args, **kwargs)
            self._at(f"after {self._steps[name]}".replace("it settles", "it settled").replace("it looks", "it looked"))
            return answer

        return stepped


def _watch(channel: Channel, at: _Steps) -> Any:
    return _Watched(channel, {"deliver": "the post", "find": "it looks"}, at)


def draw(random_: random.Random) -> Orders:
    """A named step for half of all dispatchers, a random time or a pause for the others; few live to the end."""
    kind = random_.random()
    if kind < 0.5:
        return Orders(step=random_.choice(STEPS), nth=random_.randint(1, 6), after_seconds=1.5)
    if kind < 0.75:
        return Orders(after_seconds=random_.uniform(0.02, 0.6))
    return Orders(step=random_.choice(STEPS), nth=random_.randint(1, 2), after_seconds=1.5, pauses=True)
