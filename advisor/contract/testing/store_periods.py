"""What every store promises of the ledger of unattended runs."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from pathlib import Path

import pytest

from advisor.contract.period import LeaseLostError, Period, PeriodClaim, PeriodState
from advisor.contract.store import Store
from advisor.contract.testing.store_values import AT, decision, message

LEASE = timedelta(minutes=5)
UNTIL = AT + LEASE
SECOND = timedelta(seconds=1)


class PeriodsKit:
    """The promises of the `*_period` methods, and of `decide` to periods. The fixture `store` is the other kits'."""

    def open_store(self, folder: Path) -> Store:
        """The store kept in *folder*, created where it is not there yet."""
        raise NotImplementedError

    def test_a_claimed_period_says_who_has_it_until_when(self, store: Store) -> None:
        held = claimed(store)
        assert held == PeriodClaim(job="report", key="2026-10", epoch=1)
        assert store.periods() == [
            Period(
                job="report",
                key="2026-10",
                state=PeriodState.RUNNING,
                epoch=1,
                attempts=1,
                lease_owner="me",
                lease_until=UNTIL,
                not_before=None,
                last_error="",
                note="",
                updated_at=AT,
            )
        ]
        assert store.periods("check") == []

    def test_nobody_gets_a_period_before_its_lease_is_over(self, store: Store) -> None:
        claimed(store)
        assert store.claim_period("report", "2026-10", "you", UNTIL - SECOND, UNTIL - SECOND + LEASE) is None
        taken = store.claim_period("report", "2026-10", "you", UNTIL, UNTIL + LEASE)
        assert taken is not None
        assert taken.epoch == 2

    def test_a_lease_of_a_clock_that_was_set_back_is_over(self, store: Store) -> None:
        claimed(store)
        back = AT - timedelta(hours=2)
        assert store.claim_period("report", "2026-10", "you", back, back + LEASE) is not None

    def test_a_renewed_lease_holds_longer(self, store: Store) -> None:
        held = claimed(store)
        assert store.renew_period(held, UNTIL + LEASE)
        assert store.claim_period("report", "2026-10", "you", UNTIL, UNTIL + LEASE) is None

    @pytest.mark.parametrize("state", [PeriodState.DONE, PeriodState.SKIPPED])
    def test_what_is_settled_never_opens_again(self, store: Store, state: PeriodState) -> None:
        held = claimed(store)
        assert store.settle_period(held, state, AT, note="told")
        much_later = AT + timedelta(days=400)
        assert store.claim_period("report", "2026-10", "you", much_later, much_later + LEASE) is None
        (kept,) = store.periods()
        assert (kept.state, kept.note, kept.lease_owner, kept.lease_until) == (state, "told", "", None)

    def test_a_period_that_is_given_back_waits_for_its_time(self, store: Store) -> None:
        held, then = claimed(store), AT + timedelta(hours=6)
        assert store.settle_period(held, PeriodState.WAITING, AT, error="not closed", not_before=then)
        assert store.claim_period("report", "2026-10", "me", then - SECOND, then - SECOND + LEASE) is None
        again = store.claim_period("report", "2026-10", "me", then, then + LEASE)
        assert again is not None
        (kept,) = store.periods()
        assert (kept.epoch, kept.attempts, kept.last_error) == (2, 2, "not closed")

    @pytest.mark.parametrize(
        "write",
        [
            lambda store, held: store.renew_period(held, UNTIL + 9 * LEASE),
            lambda store, held: store.settle_period(held, PeriodState.DONE, UNTIL),
            lambda store, held: store.settle_period(held, PeriodState.WAITING, UNTIL),
        ],
    )
    def test_whoever_woke_late_changes_nothing(self, store: Store, write: Callable[[Store, PeriodClaim], bool]) -> None:
        late = claimed(store)
        store.claim_period("report", "2026-10", "you", UNTIL, UNTIL + LEASE)
        before = store.periods()
        assert not write(store, late)
        assert store.periods() == before

    def test_decisions_messages_and_done_periods_are_one_transaction(self, store: Store) -> None:
        done = {claimed(store): "told", claimed(store, "2026-09"): "told with 2026-10"}
        assert store.decide([decision()], [message()], AT, done=done) == 1
        assert {(one.key, one.state, one.note) for one in store.periods()} == {
            ("2026-10", PeriodState.DONE, "told"),
            ("2026-09", PeriodState.DONE, "told with 2026-10"),
        }

    def test_a_run_that_lost_one_period_records_nothing_at_all(self, store: Store) -> None:
        late, kept = claimed(store), claimed(store, "2026-09")
        store.claim_period("report", "2026-10", "you", UNTIL, UNTIL + LEASE)
        with pytest.raises(LeaseLostError):
            store.decide([decision()], [message()], UNTIL, done={kept: "", late: ""})
        assert (store.decisions(), store.outbox()) == ([], [])
        assert {one.state for one in store.periods()} == {PeriodState.RUNNING}

    def test_only_the_first_period_of_a_job_is_begun(self, store: Store) -> None:
        assert store.begin_periods("report", "2026-09", AT, "before the first start")
        assert not store.begin_periods("report", "2026-10", AT, "again")
        assert store.begin_periods("check", "2026-11-02", AT, "")
        (first,) = store.periods("report")
        assert (first.key, first.state, first.note) == ("2026-09", PeriodState.SKIPPED, "before the first start")

    def test_of_programs_that_claim_at_once_one_gets_the_period(self, tmp_path: Path, store: Store) -> None:
        others = [self.open_store(tmp_path) for _ in range(4)]
        with ThreadPoolExecutor(len(others)) as pool:
            for number in range(10):
                key = f"2026-{number + 1:02d}"
                won = list(pool.map(lambda own, key=key: own.claim_period("report", key, "x", AT, UNTIL), others))
                assert sum(claim is not None for claim in won) == 1
        for other in others:
            other.close()


def claimed(store: Store, key: str = "2026-10") -> PeriodClaim:
    held = store.claim_period("report", key, "me", AT, UNTIL)
    assert held is not None
    return held
