"""One run of everything that is due: safe at any time, twice at once, and wherever it is cut off."""

from __future__ import annotations

import logging
import os
import socket
import uuid
from collections.abc import Callable, Mapping
from dataclasses import dataclass

from advisor.config import Config
from advisor.contract.store import Delivery
from advisor.delivery.outbox import dispatch
from advisor.desk import Desk, wire
from advisor.domain.units import Month
from advisor.service import work
from advisor.service.lease import Clock, Leases
from advisor.service.logs import run_id
from advisor.service.reconcile import REPORT, Due, reconcile

LOG = logging.getLogger("advisor.service")
BEFORE = "Advisor began to run after this was due"


@dataclass(frozen=True, slots=True, kw_only=True)
class Ran:
    """What one run came to. `problem` says what failed; `worked` whether anything was due."""

    problem: str = ""
    worked: bool = False


class Runner:
    """Runs of one process. `leases` are those of the run under way."""

    def __init__(self, environ: Mapping[str, str], clock: Clock, stopping: Callable[[], bool] = lambda: False) -> None:
        self._environ, self._clock, self._stopping = environ, clock, stopping
        self.leases: Leases | None = None

    def check(self, config: Config) -> None:
        """Raise AdvisorError where no run could begin: sources and channels, and the store."""
        with wire(config, self._environ, self._clock()) as desk:
            desk.channels()

    def run(self, config: Config, *, backfill: bool = False, any_clock: bool = False) -> Ran:
        """Do what is due, deliver what waits. Raises AdvisorError where the configuration or the store is unusable."""
        with run_id(uuid.uuid4().hex[:12]), wire(config, self._environ, self._clock()) as desk:
            channels = desk.channels()
            ledger = desk.store.periods()
            due = reconcile(config.schedule, ledger, desk.now, backfill=backfill, any_clock=any_clock)
            if due.clock:
                LOG.warning("%s", due.clock)
            if due.refused:
                return Ran(problem=f"{due.clock}: set it right, or run once: advisor run-due --any-clock")
            whole = self._work(desk, due)
            sent = dispatch(desk.store, channels, self._clock)
            for one in sent:
                LOG.log(logging.INFO if one.delivered else logging.WARNING, "%s", one)
        failed = [str(one) for one in sent if one.state in (Delivery.DEAD, Delivery.HELD, Delivery.PENDING)]
        problem = "; ".join([*([] if whole else ["something failed and is tried again"]), *failed])
        return Ran(problem=problem, worked=bool(due.owed))

    def _work(self, desk: Desk, due: Due) -> bool:
        owner = f"{socket.gethostname()}:{os.getpid()}"
        if due.begins and desk.store.begin_periods(REPORT, due.begins, desk.now, BEFORE):
            LOG.info("the first report will be on %s", Month.parse(due.begins).plus(1))
        self.leases = leases = Leases(desk.store, owner, self._clock)
        elsewhere: set[str] = set()
        for one in due.owed:
            # Oldest first, and none after one that another run has: that one tells all reports in one message.
            if one.job in elsewhere or not leases.take(one):
                elsewhere.add(one.job)
                LOG.info("%s %s is done by another run", one.job, one.key)
        if not leases:
            return True
        with leases.renewed():
            return work.do(desk, leases, self._clock, self._stopping)
