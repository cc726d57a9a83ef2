"""Keeps the claims of a run while it works, and gives back what it has not done."""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import datetime, timedelta
from threading import Event, Thread

from advisor.contract.period import PeriodClaim, PeriodState
from advisor.contract.store import Store
from advisor.errors import AdvisorError
from advisor.service.reconcile import LEASE, Owed

Clock = Callable[[], datetime]
LOG = logging.getLogger("advisor.service")
RENEWED_EVERY_SECONDS = LEASE.total_seconds() / 5


class Leases:
    """The periods that this run holds. A run that is killed or paused stops renewing; then others take them over."""

    def __init__(self, store: Store, owner: str, clock: Clock) -> None:
        self._store, self._owner, self._clock = store, owner, clock
        self._held: dict[PeriodClaim, Owed] = {}

    def take(self, owed: Owed) -> PeriodClaim | None:
        """Claim a period; None where another run has it."""
        now = self._clock()
        claim = self._store.claim_period(owed.job, owed.key, self._owner, now, now + LEASE)
        if claim:
            self._held[claim] = owed
        return claim

    def __bool__(self) -> bool:
        return bool(self._held)

    def of(self, job: str) -> dict[PeriodClaim, Owed]:
        """What is held of a job, oldest first."""
        held = [(claim, owed) for claim, owed in self._held.items() if claim.job == job]
        return dict(sorted(held, key=lambda one: one[0].key))

    def drop(self, *claims: PeriodClaim) -> None:
        """Forget claims that were settled by `decide`."""
        for claim in claims:
            self._held.pop(claim, None)

    def settle(self, claim: PeriodClaim, state: PeriodState, *, note: str = "") -> None:
        """Record that a period is done, or will not be."""
        self.drop(claim)
        self._store.settle_period(claim, state, self._clock(), note=note)

    def put_off(self, claim: PeriodClaim, why: str, until: datetime | None) -> None:
        """Give a period back to wait for a time."""
        self.drop(claim)
        self._store.settle_period(claim, PeriodState.WAITING, self._clock(), error=why, not_before=until)

    def put_off_all(self, job: str, why: str, wait: timedelta) -> None:
        """Give back what is still held of a job, as after a failure."""
        for claim in self.of(job):
            self.put_off(claim, why, self._clock() + wait)

    def give_back(self, why: str) -> None:
        """Give everything back, to be taken at once by another run."""
        for claim in tuple(self._held):
            self.put_off(claim, why, None)

    @contextmanager
    def renewed(self) -> Iterator[None]:
        """Renew in the background as long as the block lasts."""
        over = Event()
        thread = Thread(target=self._renew, args=(over,), name="leases", daemon=True)
        thread.start()
        try:
            yield
        finally:
            over.set()
            thread.join()

    def _renew(self, over: Event) -> None:
        while not over.wait(RENEWED_EVERY_SECONDS):
            for claim in tuple(self._held):
                try:
                    self._store.renew_period(claim, self._clock() + LEASE)
                except AdvisorError as error:  # the next round may succeed; if none does, others take it over
                    LOG.warning("the lease of %s %s was not renewed: %s", claim.job, claim.key, error)
