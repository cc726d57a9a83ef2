"""Whatever dies or breaks while it sends: nothing is lost, nothing is doubled on Slack, nothing is half there.

A seeded run over hundreds of messages: two dispatchers at once, in processes of their own, are killed at named steps
and at random times, or paused and woken later, while Slack answers late, twice, wrongly or not at all.
"""

from __future__ import annotations

import json
import multiprocessing
import os
import random
import signal
import sys
import time
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import suppress
from multiprocessing.context import ForkServerContext
from multiprocessing.process import BaseProcess
from pathlib import Path
from typing import Any

import pytest

from advisor.contract.store import Delivery, Store
from advisor.domain.report import Message
from advisor.storage import open_store
from tests.faults.killed import TIMEOUT, Orders, clock, draw, run
from tests.servers import Answer, SlackServer, mail_server, refuses, slack_server

TIMES = int(os.environ.get("ADVISOR_FAULTS", "1"))
"""How many times as many messages as by default; `make faults` takes ten."""
MESSAGES = 300 * TIMES
AT_ONCE = 6
"""Messages that become owed while two dispatchers live and die."""
SEED = 7
FAULTY_SHARE = 0.5
FAULTS: tuple[Callable[[random.Random], Answer], ...] = (
    lambda _: refuses("ratelimited", status=429),
    lambda _: Answer(status=500, body="<html>"),
    lambda _: Answer(status=500, body="<html>", posts=True),
    lambda _: Answer(breaks="before reading"),
    lambda _: Answer(breaks="after taking", posts=True),
    lambda _: Answer(breaks="in the answer", posts=True),
    lambda _: Answer(body="<html>"),
    lambda _: Answer(body="<html>", posts=True),
    lambda _: Answer(posts=True, delay_seconds=TIMEOUT * 2),
    lambda drawn: Answer(posts=True, posts_after_seconds=drawn.uniform(TIMEOUT, 4 * TIMEOUT)),
)
HOSTILE = "<!channel> & <@U1> *bold*"


def body(key: str) -> str:
    text = f"{key} {HOSTILE}"
    return json.dumps({"text": key, "blocks": [{"type": "section", "text": {"type": "plain_text", "text": text}}]})


def owed(number: int, channel: str = "slack") -> Message:
    key = f"{channel}-{number}"
    rendered = json.dumps({"subject": key, "text": key, "html": key}) if channel == "mail" else body(key)
    return Message(dedup_key=key, channel=channel, kind="report", subject=key, body=rendered)


@pytest.fixture(scope="module")
def processes() -> ForkServerContext:
    """Children of a server that has everything imported: a dispatcher starts in milliseconds."""
    context = multiprocessing.get_context("forkserver")
    context.set_forkserver_preload(["tests.faults.killed", "slack_sdk", "alembic.config"])
    return context


@pytest.fixture
def slack(monkeypatch: pytest.MonkeyPatch) -> Iterator[SlackServer]:
    for name in ("HTTPS_PROXY", "https_proxy", "HTTP_PROXY", "http_proxy"):
        monkeypatch.delenv(name, raising=False)
    with slack_server() as server:
        yield server


def told(slack: SlackServer) -> dict[str, dict[str, Any]]:
    table = {"kind": "slack", "name": "slack", "channel": "C01", "token": {"env": "TOKEN"}, "base_url": slack.base_url}
    return {"slack": table}


class Storm:
    """Dispatchers that come and go on one store until nothing is owed any more."""

    def __init__(
        self, path: Path, processes: ForkServerContext, channels: dict[str, dict[str, Any]], seed: int
    ) -> None:
        self.path, self.processes, self.channels = path, processes, channels
        self.random = random.Random(seed)
        self.began = time.monotonic()
        self.asleep: list[BaseProcess] = []
        self.killed = self.paused = 0

    def start(self, orders: Orders) -> BaseProcess:
        child = self.processes.Process(target=run, args=(self.path, self.channels, self.began, orders), daemon=True)
        child.start()
        return child

    def round(self, *orders: Orders) -> None:
        """Dispatchers at once; those that fall asleep are woken some rounds later."""
        children = [self.start(order) for order in orders]
        for child, order in zip(children, orders, strict=True):
            if not order.pauses:
                child.join()
                self.killed += child.exitcode == -signal.SIGKILL
                continue
            while child.is_alive() and not _stopped(child):
                time.sleep(0.005)
            if child.is_alive():
                self.paused += 1
                self.asleep.append(child)
        while self.asleep and (len(self.asleep) > 2 or self.random.random() < 0.2):
            self.wake(self.asleep.pop(0))

    def wake(self, child: BaseProcess) -> None:
        assert child.pid is not None
        with suppress(ProcessLookupError):
            os.kill(child.pid, signal.SIGCONT)
        child.join()

    def calm(self, store: Store) -> None:
        """Wake everybody, then let whole dispatchers work until each message has its outcome."""
        for child in self.asleep:
            self.wake(child)
        self.asleep.clear()
        deadline = time.monotonic() + 60
        while store.outbox(Delivery.PENDING, Delivery.SENDING, Delivery.UNKNOWN):
            assert time.monotonic() < deadline, "some message never got its outcome"
            self.round(Orders())
            time.sleep(0.2)


def _stopped(child: BaseProcess) -> bool:
    try:
        return Path(f"/proc/{child.pid}/stat").read_text().rpartition(")")[2].split()[0] in "TZ"
    except OSError:
        return True


@pytest.mark.timeout(600 * TIMES)
def test_slack_gets_every_message_exactly_once(
    tmp_path: Path, processes: ForkServerContext, slack: SlackServer
) -> None:
    path = tmp_path / "advisor.db"
    store = open_store(str(path))
    storm = Storm(path, processes, told(slack), SEED)
    server_random = random.Random(SEED)
    now = clock(storm.began)
    slack.clock = lambda: now().timestamp()
    slack.faults = lambda: (
        server_random.choice(FAULTS)(server_random) if server_random.random() < FAULTY_SHARE else Answer(posts=True)
    )
    for number in range(0, MESSAGES, AT_ONCE):
        store.decide([], [owed(number + more) for more in range(AT_ONCE)], now())
        storm.round(draw(storm.random), draw(storm.random))
    slack.faults = None
    storm.calm(store)
    time.sleep(4 * TIMEOUT)  # whatever was still to be stored late

    seen = Counter(posted["metadata"]["event_payload"]["dedup_key"] for posted in slack.posted)
    keys = {owed(number).dedup_key for number in range(MESSAGES)}
    outgoing = {out.message.dedup_key: out for out in store.outbox()}
    lost = [key for key in keys if not seen[key]]
    doubled = [key for key, times in seen.items() if times > 1]
    phantom = [key for key in seen if key not in keys]
    receipts = {posted["ts"]: posted["metadata"]["event_payload"]["dedup_key"] for posted in slack.posted}
    torn = [
        key
        for key, out in outgoing.items()
        if out.state is not Delivery.SENT or not out.receipt or receipts.get(out.receipt.provider_id) != key
    ]
    board = (
        f"lost {len(lost)}/{MESSAGES}  doubled {len(doubled)}/{MESSAGES}  phantom {len(phantom)}  torn {len(torn)}  "
        f"({slack.requests} posts, {storm.killed} killed, {storm.paused} paused)"
    )
    sys.stdout.write(f"\nSlack: {board}\n")
    assert (lost, doubled, phantom, torn) == ([], [], [], []), board
    assert storm.killed > 20
    assert storm.paused > 3
    assert slack.requests > MESSAGES, "some had to be sent again"
    assert {posted["blocks"][0]["text"]["text"].partition(" ")[2] for posted in slack.posted} == {HOSTILE}
    store.close()


@pytest.mark.timeout(300 * TIMES)
def test_email_loses_nothing_and_repeats_carry_the_same_identity(tmp_path: Path, processes: ForkServerContext) -> None:
    count = 30 * TIMES
    path = tmp_path / "advisor.db"
    store = open_store(str(path))
    with mail_server() as mail:
        table = {
            "kind": "email", "name": "mail", "host": "127.0.0.1", "port": mail.port, "security": "none",
            "from": "advisor@example.com", "to": ["finops@example.com"],
        }  # fmt: skip
        storm = Storm(path, processes, {"mail": table}, SEED)
        now = clock(storm.began)
        store.decide([], [owed(number, "mail") for number in range(count)], now())
        steps = ("after the claim", "before the post", "after the post", "before it settles")
        for step in steps:
            storm.round(Orders(step=step, nth=2), Orders(step=step, nth=3))
        storm.calm(store)
        seen = Counter(str(one["X-Advisor-Dedup-Key"]) for one in mail.mails)
        identities = {(str(one["X-Advisor-Dedup-Key"]), str(one["Message-ID"])) for one in mail.mails}
    assert set(seen) == {owed(number, "mail").dedup_key for number in range(count)}
    assert len(identities) == count
    doubled = sum(times > 1 for times in seen.values())
    sys.stdout.write(f"\nemail: lost 0/{count}  doubled {doubled}/{count}, each by the same id\n")
    assert storm.killed == 2 * len(steps)
    store.close()
