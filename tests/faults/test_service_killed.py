"""Runs that are killed, paused, doubled and late for a year: every month is told once, and nothing is half done.

Each month two runs start at once, as two daemons, or cron beside one; they are killed at named steps or paused and
woken when others have done their work, while Slack loses answers. The machine sleeps through some due times.
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
from datetime import timedelta
from multiprocessing.process import BaseProcess
from pathlib import Path

import pytest

from advisor.contract.period import PeriodState
from advisor.contract.store import Delivery
from advisor.domain.units import Month
from advisor.service.reconcile import REPORT
from advisor.storage import open_store
from tests.faults.unattended import EARLY, LATE, Orders, draw, run
from tests.servers import Answer, slack_server

MONTHS = 12 * int(os.environ.get("ADVISOR_FAULTS", "1"))
SEED = 11
FIRST = Month(2026, 1)
LOSSES = (Answer(breaks="after taking", posts=True), Answer(breaks="before reading"), Answer(status=500, posts=True))
CONFIG = """
[[sources]]
name = "prod"
kind = "request-log"
path = "log.jsonl"
provider = "aws"
empty_days = "zero"
columns = {{ timestamp = "at", model = "model", input_tokens = "in", output_tokens = "out" }}
[[channels]]
name = "finops"
kind = "slack"
channel = "C01"
token = {{ env = "TOKEN" }}
base_url = "{slack}"
"""


def write_log(folder: Path, until: Month) -> None:
    """A request a month, to the end of *until*, so that it is closed."""
    months = [FIRST.plus(number) for number in range(-1, 40) if FIRST.plus(number) <= until.plus(1)]
    lines = [{"at": f"{month}-01T08:00:00Z", "model": "llama-3.1-8b", "in": 1000, "out": 200} for month in months]
    (folder / "log.jsonl").write_text("".join(json.dumps(line) + "\n" for line in lines))


def asleep(child: BaseProcess) -> bool:
    try:
        return Path(f"/proc/{child.pid}/stat").read_text().rpartition(")")[2].split()[0] in "TZ"
    except OSError:
        return True


@pytest.mark.timeout(300)
def test_every_month_is_told_once_whatever_is_killed_paused_or_doubled(tmp_path: Path) -> None:
    drawn = random.Random(SEED)
    processes = multiprocessing.get_context("forkserver")
    processes.set_forkserver_preload(["tests.faults.unattended", "advisor.app", "slack_sdk", "alembic.config"])
    killed = paused = runs = 0
    sleepers: list[BaseProcess] = []
    with slack_server() as slack:
        path = tmp_path / "advisor.toml"
        path.write_text(CONFIG.format(slack=slack.base_url))
        now = FIRST.start + timedelta(days=1)

        def start(*orders: Orders) -> None:
            nonlocal killed, paused, runs
            slack.clock = lambda: now.timestamp()
            children = [processes.Process(target=run, args=(path, now, order), daemon=True) for order in orders]
            for child in children:
                child.start()
            for child, order in zip(children, orders, strict=True):
                runs += 1
                while child.is_alive() and not (order.pauses and asleep(child)):
                    time.sleep(0.005)
                if child.is_alive():
                    paused += 1
                    sleepers.append(child)
                else:
                    child.join()
                    killed += child.exitcode == -signal.SIGKILL

        write_log(tmp_path, FIRST.plus(-1))
        start(Orders())
        for number in range(MONTHS):
            month = FIRST.plus(number)
            write_log(tmp_path, month)
            now = month.end + timedelta(days=5, hours=9)
            if number % 4 == 2:
                continue  # the machine is down until after the next month
            for steps in (EARLY, LATE):
                slack.answers.extend(drawn.sample(LOSSES, 1) if drawn.random() < 0.5 else [])
                # Whoever of the two gets the work meets that fate.
                start(*[draw(drawn, steps)] * 2)
                now += timedelta(minutes=10)
            for _ in range(3):
                now += timedelta(minutes=10)
                start(Orders())
            while sleepers:
                child = sleepers.pop()
                assert child.pid is not None
                os.kill(child.pid, signal.SIGCONT)
                child.join()
        for _ in range(2):
            now += timedelta(minutes=20)
            start(Orders())

    store = open_store(str(tmp_path / "advisor.db"))
    months = [str(FIRST.plus(number)) for number in range(-1, MONTHS)]
    title = {out.message.dedup_key: out.message.subject.rpartition(" - ")[2] for out in store.outbox()}
    seen = Counter(title[posted["metadata"]["event_payload"]["dedup_key"]] for posted in slack.posted)
    rows = {row.key: row for row in store.periods(REPORT)}
    covered = [key for key in months if "told with" in rows[key].note]
    undone = [key for key in months if rows[key].state is not PeriodState.DONE]
    lost = [key for key in months if not seen[Month.parse(key).title] and key not in covered]
    doubled = [name for name, times in seen.items() if times > 1]
    told = {str(decision.month) for decision in store.decisions()}
    torn = [key for key in months if key not in told]
    torn += [out.message.dedup_key for out in store.outbox() if out.state is not Delivery.SENT]
    store.close()
    board = (
        f"lost {len(lost) + len(undone)}/{len(months)}  doubled {len(doubled)}/{len(months)}  torn {len(torn)}  "
        f"({len(slack.posted)} messages, {runs} runs, {killed} killed, {paused} paused)"
    )
    sys.stdout.write(f"\nunattended: {board}\n")
    assert (lost, undone, doubled, torn) == ([], [], [], []), board
    assert len(slack.posted) == len(months) - len(covered)
    # December, with whose report it began, and every month over whose due time the machine was down.
    assert len(covered) == 1 + len([number for number in range(MONTHS) if number % 4 == 2])
    assert killed >= MONTHS
    assert paused >= 2
