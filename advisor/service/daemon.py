"""The daemon: a ticker that asks every half minute what is due, and says over HTTP how it is doing."""

from __future__ import annotations

import logging
import os
import signal
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import closing, contextmanager
from datetime import UTC, datetime, timedelta
from threading import Event, Lock
from typing import Any

from advisor.config import Config
from advisor.errors import AdvisorError
from advisor.service import metrics
from advisor.service.health import Status, status_of
from advisor.service.leader import only_daemon
from advisor.service.lease import Clock
from advisor.service.run import Ran, Runner
from advisor.service.web import TEXT, Answer, answering

LOG = logging.getLogger("advisor.service")
TICK_SECONDS = 30
"""How often what is due is asked for: whatever the clock or the machine did in between, it is seen within a minute."""
SILENT_SECONDS = 180
GRACE_SECONDS = 30
"""How long a run under way may go on after the daemon was told to stop."""
Load = Callable[[], Config]


class Daemon:
    """Ticks until it is told to stop. The configuration is read anew when it is told to, and kept where it is wrong."""

    def __init__(self, load: Load, environ: Mapping[str, str], clock: Clock) -> None:
        self._load, self._environ, self._clock = load, environ, clock
        self._config = load()
        self._stop, self._reload, self._busy = Event(), Event(), Lock()
        self._runner = Runner(environ, clock, self._stop.is_set)
        self._status: Status | None = None
        self._ran: Ran | None = None
        self._ticked = time.monotonic()
        self._run_seconds: float | None = None
        self._runs = self._failed_runs = 0

    def serve(self) -> int:
        """Run until SIGTERM or SIGINT; SIGHUP reads the configuration anew. Returns the exit code."""
        from apscheduler.schedulers.background import BackgroundScheduler

        pages = {"/healthz": self.alive, "/readyz": self.ready, "/metrics": self.measured}
        with only_daemon(self._config.state), _signals(self._stop, self._reload):
            self._runner.check(self._config)
            with answering(self._config.service.address, pages) as port:
                LOG.info("serving on %s, port %d", self._config.service.address[0], port)
                defaults = {"misfire_grace_time": None, "coalesce": True, "max_instances": 1}
                # Its jobs live in memory: what is due is in the ledger, where no restart can lose or double it.
                scheduler = BackgroundScheduler(timezone=UTC, job_defaults=defaults)
                scheduler.add_job(self.tick, "interval", seconds=TICK_SECONDS, next_run_time=datetime.now(UTC))
                logging.getLogger("apscheduler").setLevel(logging.ERROR)  # a tick that is passed over is no news
                scheduler.start()
                self._until_stopped()
                return self._ended(scheduler)

    def tick(self) -> None:
        """One run, and what it came to. Nothing that happens in it ends the daemon."""
        with self._busy:
            if self._stop.is_set():
                return
            began = time.monotonic()
            try:
                self._ran = self._runner.run(self._config)
            except AdvisorError as error:
                self._ran = Ran(problem=f"{error}{f' ({error.hint})' if error.hint else ''}", worked=True)
                LOG.error("%s", self._ran.problem)
            except Exception as error:
                self._ran = Ran(problem=f"{type(error).__name__}: {error}", worked=True)
                LOG.exception("the run failed")
            if self._ran.worked:
                self._runs += 1
                self._failed_runs += bool(self._ran.problem)
                self._run_seconds = time.monotonic() - began
            self._look()
            self._ticked = time.monotonic()

    def alive(self) -> Answer:
        """Whether the ticker ticks, or a run is under way."""
        silent = time.monotonic() - self._ticked
        if silent > SILENT_SECONDS and not self._busy.locked():
            return 503, TEXT, f"no tick for {silent:.0f} seconds\n".encode()
        return 200, TEXT, b"ok\n"

    def ready(self) -> Answer:
        """Whether the last run went well."""
        if self._ran is None:
            return 503, TEXT, b"the first run has not ended\n"
        if self._stop.is_set():
            return 503, TEXT, b"stopping\n"
        return (503, TEXT, f"{self._ran.problem}\n".encode()) if self._ran.problem else (200, TEXT, b"ok\n")

    def measured(self) -> Answer:
        """The status as of the last tick."""
        if self._status is None:
            return 503, TEXT, b"the first run has not ended\n"
        body = metrics.text(
            self._status,
            now=self._clock(),
            run_seconds=self._run_seconds,
            runs=self._runs,
            failed_runs=self._failed_runs,
        )
        return 200, metrics.CONTENT_TYPE, body

    def _look(self) -> None:
        from advisor.storage import open_store

        try:
            with closing(open_store(self._config.state)) as store:
                self._status = status_of(self._config, store, self._clock())
        except AdvisorError as error:
            LOG.error("the status cannot be read: %s", error)

    def _until_stopped(self) -> None:
        while not self._stop.wait(0.2):
            if self._reload.is_set():
                self._reload.clear()
                self._read_again()

    def _read_again(self) -> None:
        try:
            config = self._load()
            self._runner.check(config)
        except AdvisorError as error:
            LOG.error("the configuration is kept as it was: %s", error)
            return
        fixed = (config.state, config.service) != (self._config.state, self._config.service)
        LOG.info("the configuration was read again%s", "; [advisor] state and [service] only at a start" * fixed)
        kept = {"advisor": config.advisor.model_copy(update={"state": self._config.state})} if fixed else {}
        self._config = config.model_copy(update=kept)

    def _ended(self, scheduler: Any) -> int:
        """Let the run under way end, within reason; what it has not done it gives back."""
        LOG.info("stopping")
        if self._busy.acquire(timeout=GRACE_SECONDS):
            scheduler.shutdown(wait=True)
            LOG.info("stopped")
            return 0
        LOG.warning("the run under way did not end within %d seconds: it is given up", GRACE_SECONDS)
        if self._runner.leases:
            self._runner.leases.give_back("the daemon was stopped")
        os._exit(0)


@contextmanager
def _signals(stop: Event, reload: Event) -> Iterator[None]:
    meanings = {signal.SIGTERM: stop, signal.SIGINT: stop, signal.SIGHUP: reload}
    before = {number: signal.signal(number, lambda *_, event=event: event.set()) for number, event in meanings.items()}
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


def moving(stated: Clock) -> Clock:
    """A clock that starts where *stated* stands and goes on from there, as the machine's does."""
    ahead: timedelta = stated() - datetime.now(UTC)
    return (lambda: datetime.now(UTC) + ahead) if abs(ahead) > timedelta(seconds=1) else lambda: datetime.now(UTC)
