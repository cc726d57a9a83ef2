"""What every store promises of decisions, the outbox and snapshots, also to several programs at once."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from threading import Barrier
from typing import TypeVar

import pytest

from advisor.contract.store import Delivery, Store
from advisor.contract.testing.store_values import (
    ALWAYS,
    AT,
    LATER,
    OCTOBER,
    bucket,
    charge,
    decision,
    message,
    outputs,
    pull_of,
)
from advisor.domain.report import Receipt
from advisor.errors import StorageError

Answer = TypeVar("Answer")
RECEIPT = Receipt(provider_id="1730000000.1", delivered_at=LATER, note="one of two recipients refused")
NOT_UNICODE = "\ud800"
PROGRAMS = 6


class LedgerKit:
    """The promises of `Store.decide`, `claim`, `settle` and `snapshot`."""

    def open_store(self, folder: Path) -> Store:
        """The store kept in *folder*, created where it is not there yet."""
        raise NotImplementedError

    @pytest.fixture
    def store(self, tmp_path: Path) -> Iterator[Store]:
        opened = self.open_store(tmp_path)
        yield opened
        opened.close()

    def test_decisions_come_back_whole_newest_first(self, store: Store) -> None:
        made = [decision(), decision(month=OCTOBER.plus(1), decided_at=LATER), decision(workload="search")]
        store.decide(made, [], AT)
        assert store.decisions() == made[::-1]
        assert store.decisions("chat") == [made[1], made[0]]
        assert store.decisions("nobody") == []

    def test_a_decision_that_says_the_same_is_no_revision(self, store: Store) -> None:
        first = decision()
        store.decide([first], [], AT)
        store.decide([decision(decided_at=LATER)], [], LATER)
        assert store.decisions() == [first]
        store.decide([decision(assumed={"serverless": "13.00"})], [], LATER)
        store.decide([first], [], LATER)
        assert len(store.decisions()) == 3, "what was said before the last one is a revision again"
        other = decision(workload="search")
        store.decide([other], [], LATER)
        assert store.decisions(standing=True) == [other, first]
        assert store.decisions("chat", standing=True) == [first]

    def test_the_same_message_is_enqueued_once_and_frozen(self, store: Store) -> None:
        assert store.decide([], [message(), message("2026-10/ops", channel="ops")], AT) == 2
        assert store.decide([], [message(body="changed")], LATER) == 0
        assert [out.message for out in store.outbox()] == [message(), message("2026-10/ops", channel="ops")]
        assert [(out.state, out.attempts, out.receipt) for out in store.outbox()] == [(Delivery.PENDING, 0, None)] * 2

    @pytest.mark.parametrize("state", [Delivery.PENDING, Delivery.SENDING, Delivery.SENT, Delivery.UNKNOWN])
    def test_a_message_that_may_have_arrived_is_never_enqueued_again(self, store: Store, state: Delivery) -> None:
        number = self._enqueued(store)
        if state is not Delivery.PENDING:
            store.claim(number, AT)
        if state not in (Delivery.PENDING, Delivery.SENDING):
            store.settle(number, 1, state, AT)
        assert store.decide([], [message()], LATER) == 0
        assert [out.state for out in store.outbox()] == [state]

    def test_a_message_that_was_refused_for_good_gets_another_chance(self, store: Store) -> None:
        number = self._enqueued(store)
        store.claim(number, AT)
        store.settle(number, 1, Delivery.DEAD, AT, error="no such channel")
        assert store.decide([], [message(body="again")], LATER) == 1
        (out,) = store.outbox(Delivery.PENDING)
        assert out.message == message(body="again")
        assert store.claim(out.id, LATER)

    def test_decide_records_all_or_nothing(self, store: Store) -> None:
        with pytest.raises(StorageError, match="Unicode"):
            store.decide([decision()], [message(), message("other", body=NOT_UNICODE)], AT)
        assert store.decisions() == []
        assert store.outbox() == []

    def test_a_claim_is_exclusive_and_counts_the_attempt(self, tmp_path: Path, store: Store) -> None:
        number = self._enqueued(store)
        claims = self._at_once(tmp_path, lambda own, _: own.claim(number, AT))
        assert sorted(claims) == [False] * (PROGRAMS - 1) + [True]
        assert [(out.state, out.attempts, out.claimed_at) for out in store.outbox()] == [(Delivery.SENDING, 1, AT)]
        assert not store.claim(number + 1, AT), "there is no such message"

    def test_programs_that_enqueue_at_once_enqueue_once(self, tmp_path: Path, store: Store) -> None:
        fresh = self._at_once(tmp_path, lambda own, _: own.decide([decision()], [message()], AT))
        assert sorted(fresh) == [0] * (PROGRAMS - 1) + [1]
        assert len(store.decisions()) == len(store.outbox()) == 1

    def test_programs_that_open_a_new_store_at_once_share_it(self, tmp_path: Path) -> None:
        new = tmp_path / "new"
        new.mkdir()
        with ThreadPoolExecutor(PROGRAMS) as pool:
            stores = list(pool.map(self.open_store, [new] * PROGRAMS))
        stores[0].decide([decision()], [], AT)
        assert [len(store.decisions()) for store in stores] == [1] * PROGRAMS
        for store in stores:
            store.close()

    def test_programs_that_store_at_once_lose_nothing(self, tmp_path: Path, store: Store) -> None:
        self._at_once(tmp_path, lambda own, number: own.replace(pull_of([bucket(number)], source=f"source {number}")))
        assert sorted(outputs(store.usage(ALWAYS)).values()) == list(range(PROGRAMS))

    def test_a_message_given_back_can_be_claimed_again(self, store: Store) -> None:
        number = self._enqueued(store)
        store.claim(number, AT)
        store.settle(number, 1, Delivery.PENDING, AT, error="timeout")
        assert [out.last_error for out in store.outbox(Delivery.PENDING)] == ["timeout"]
        assert store.claim(number, LATER)
        assert [out.attempts for out in store.outbox()] == [2]

    def test_a_sent_message_keeps_its_receipt(self, store: Store) -> None:
        number = self._enqueued(store)
        store.claim(number, AT)
        store.settle(number, 1, Delivery.SENT, LATER, receipt=RECEIPT)
        (out,) = store.outbox()
        assert (out.state, out.receipt, out.last_error) == (Delivery.SENT, RECEIPT, "")

    def test_an_unknown_outcome_can_become_known(self, store: Store) -> None:
        number = self._enqueued(store)
        store.claim(number, AT)
        store.settle(number, 1, Delivery.UNKNOWN, AT, error="answer lost")
        assert not store.claim(number, LATER)
        store.settle(number, 1, Delivery.SENT, LATER, receipt=RECEIPT)
        assert [(out.state, out.last_error) for out in store.outbox()] == [(Delivery.SENT, "")]

    @pytest.mark.parametrize("state", [Delivery.SENT, Delivery.DEAD])
    def test_a_final_outcome_is_not_changed(self, store: Store, state: Delivery) -> None:
        number = self._enqueued(store)
        store.claim(number, AT)
        store.settle(number, 1, state, AT)
        assert not store.settle(number, 1, Delivery.PENDING, LATER)
        assert [out.state for out in store.outbox()] == [state]

    def test_only_a_claimed_message_has_an_outcome(self, store: Store) -> None:
        number = self._enqueued(store)
        for nobody in (number, number + 1):
            assert not store.settle(nobody, 0, Delivery.SENT, AT, receipt=RECEIPT)
        assert [(out.state, out.receipt) for out in store.outbox()] == [(Delivery.PENDING, None)]

    def test_the_outcome_of_an_attempt_that_another_has_followed_is_not_taken(self, store: Store) -> None:
        number = self._enqueued(store)
        assert store.claim(number, AT) == 1
        assert store.settle(number, 1, Delivery.PENDING, AT)
        assert store.claim(number, LATER) == 2
        assert not store.settle(number, 1, Delivery.SENT, LATER, receipt=RECEIPT)
        assert [(out.state, out.receipt) for out in store.outbox()] == [(Delivery.SENDING, None)]
        assert store.settle(number, 2, Delivery.SENT, LATER, receipt=RECEIPT)

    def test_a_message_given_back_says_when_it_is_tried_again(self, store: Store) -> None:
        number = self._enqueued(store)
        store.claim(number, AT)
        store.settle(number, 1, Delivery.PENDING, AT, not_before=LATER)
        assert [(out.enqueued_at, out.claimed_at, out.not_before) for out in store.outbox()] == [(AT, AT, LATER)]

    @pytest.mark.parametrize(
        ("outcome", "instead"),
        [
            (Delivery.SENT, Delivery.SPARED),
            (Delivery.DEAD, Delivery.PENDING),
            (Delivery.HELD, Delivery.PENDING),
            (Delivery.UNKNOWN, Delivery.STANDBY),
            (Delivery.PENDING, Delivery.STANDBY),
        ],
    )
    def test_what_stands_in_for_a_message_follows_its_outcome(
        self, store: Store, outcome: Delivery, instead: Delivery
    ) -> None:
        first, second = message(), message("mail", channel="mail", stands_in_for=message().dedup_key)
        assert store.decide([], [first, second], AT) == 1
        (waiting,) = store.outbox(Delivery.STANDBY)
        assert waiting.message == second
        assert not store.claim(waiting.id, AT)
        (pending,) = store.outbox(Delivery.PENDING)
        store.settle(pending.id, store.claim(pending.id, AT), outcome, AT)
        assert [out.state for out in store.outbox() if out.id == waiting.id] == [instead]

    def test_nothing_stands_in_for_a_message_that_arrived(self, store: Store) -> None:
        number = self._enqueued(store)
        store.settle(number, store.claim(number, AT), Delivery.SENT, AT, receipt=RECEIPT)
        late = message("mail", channel="mail", stands_in_for=message().dedup_key)
        assert store.decide([], [message(), late], LATER) == 0
        assert len(store.outbox()) == 1

    def test_the_outbox_is_read_by_state_oldest_first(self, store: Store) -> None:
        store.decide([], [message("a"), message("b"), message("c")], AT)
        first, second, _ = (out.id for out in store.outbox())
        store.claim(first, AT)
        store.claim(second, AT)
        store.settle(second, 1, Delivery.DEAD, AT)
        assert [out.message.dedup_key for out in store.outbox(Delivery.SENDING, Delivery.PENDING)] == ["a", "c"]
        assert [out.message.dedup_key for out in store.outbox()] == ["a", "b", "c"]
        assert store.outbox(Delivery.UNKNOWN) == []

    def test_a_snapshot_sees_one_state_while_others_write(self, tmp_path: Path, store: Store) -> None:
        store.replace(pull_of([bucket(1)]))
        other = self.open_store(tmp_path)
        with store.snapshot() as still:
            assert sum(outputs(still.usage(ALWAYS)).values()) == 1
            other.replace(pull_of([bucket(2)], [charge("1")]))
            other.decide([decision()], [message()], AT)
            store.replace(pull_of([bucket(3)], [charge("1")]))
            assert sum(outputs(still.usage(ALWAYS)).values()) == 1
            assert (still.costs(ALWAYS), still.decisions(), still.outbox()) == ([], [], [])
        assert sum(outputs(store.usage(ALWAYS)).values()) == 3
        other.close()

    def test_a_snapshot_is_taken_when_it_is_opened(self, tmp_path: Path, store: Store) -> None:
        other = self.open_store(tmp_path)
        with store.snapshot() as still:
            other.replace(pull_of([bucket(1)]))
            assert still.usage(ALWAYS) == []
        other.close()

    def _enqueued(self, store: Store) -> int:
        store.decide([], [message()], AT)
        return store.outbox()[0].id

    def _at_once(self, folder: Path, act: Callable[[Store, int], Answer]) -> list[Answer]:
        """What several programs get that act at the same moment, each through a store of its own."""
        ready = Barrier(PROGRAMS)

        def program(number: int) -> Answer:
            own = self.open_store(folder)
            try:
                ready.wait(timeout=30)
                return act(own, number)
            finally:
                own.close()

        with ThreadPoolExecutor(PROGRAMS) as pool:
            return list(pool.map(program, range(PROGRAMS)))
