"""The outbox loses nothing, sends nothing twice that it can look up, and lets no channel stop another."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from pathlib import Path
from threading import Barrier
from typing import ClassVar

import pytest
from pydantic import PrivateAttr

from advisor.contract.channel import Channel, Format, OutcomeUnknownError
from advisor.contract.store import Delivery, Store
from advisor.delivery.outbox import FIRST_WAIT, LONGEST_WAIT, PROOF_WITHIN, STALE, Dispatched, dispatch
from advisor.domain.report import Message, Receipt
from advisor.errors import ConfigError, DeliveryError, StorageError
from advisor.storage import open_store

AT = datetime(2026, 11, 24, 12, tzinfo=UTC)
LATER = AT + timedelta(hours=1)
SETTLED = AT + timedelta(minutes=5)
CUT = KeyboardInterrupt


class Board(Channel):
    """A channel that keeps what it was given, and then fails as told; nothing can be looked up on it."""

    format: ClassVar[Format] = "text"
    settles_within: ClassVar[timedelta] = timedelta(minutes=5)
    note: str = ""
    _pinned: list[str] = PrivateAttr(default_factory=list)
    _faults: list[BaseException] = PrivateAttr(default_factory=list)

    def deliver(self, message: Message, at: datetime) -> Receipt:
        self._pinned.append(message.dedup_key)
        if self._faults:
            raise self._faults.pop(0)
        return Receipt(provider_id=f"id of {message.dedup_key}", delivered_at=at, note=self.note)

    @property
    def pinned(self) -> list[str]:
        return self._pinned

    def failing(self, *faults: BaseException) -> Board:
        self._faults.extend(faults)
        return self


class Journal(Board):
    """A board that can be read again. `blank` says that what was pinned did not stay, `closed` that nobody may read."""

    looks_up: ClassVar[bool] = True
    blank: bool = False
    closed: bool = False

    def find(self, message: Message, since: datetime) -> Receipt | None:
        if self.closed:
            raise DeliveryError("missing_scope", "give the app channels:history")
        if self.blank or message.dedup_key not in self._pinned:
            return None
        return Receipt(provider_id=f"found {message.dedup_key}", delivered_at=AT)


def board(*faults: BaseException, name: str = "board", note: str = "") -> Board:
    return Board(name=name, note=note).failing(*faults)


def channels(*boards: Board) -> Mapping[str, Board]:
    return {each.name: each for each in boards}


def news(key: str = "october", channel: str = "board", body: str = "stay") -> Message:
    return Message(dedup_key=key, channel=channel, kind="report", subject="stay", body=body)


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Store]:
    opened = open_store(str(tmp_path / "advisor.db"))
    yield opened
    opened.close()


def enqueue(store: Store, *messages: Message) -> int:
    return store.decide([], messages, AT)


def only(results: list[Dispatched]) -> Dispatched:
    (result,) = results
    return result


def test_the_same_news_enqueued_twice_is_sent_once(store: Store) -> None:
    to = board()
    assert enqueue(store, news()) == 1
    first = only(dispatch(store, channels(to), AT))
    assert enqueue(store, news(body="the same, worded differently")) == 0
    assert dispatch(store, channels(to), LATER) == []
    assert first.delivered
    assert first.receipt == Receipt(provider_id="id of october", delivered_at=AT)
    assert to.pinned == ["october"]
    assert [(sent.state, sent.attempts) for sent in store.outbox()] == [(Delivery.SENT, 1)]


def test_messages_go_out_in_the_order_in_which_they_were_enqueued(store: Store) -> None:
    to = board()
    enqueue(store, news("august"), news("september"))
    enqueue(store, news("october"))
    dispatch(store, channels(to), AT)
    assert to.pinned == ["august", "september", "october"]


def test_what_a_run_that_was_cut_off_had_sent_is_found_and_not_sent_again(store: Store) -> None:
    to = Journal(name="board").failing(CUT())
    enqueue(store, news())
    with pytest.raises(CUT):
        dispatch(store, channels(to), AT)
    found = only(dispatch(store, channels(to), SETTLED))
    assert found.delivered
    assert found.receipt == Receipt(provider_id="found october", delivered_at=AT)
    assert enqueue(store, news()) == 0
    assert dispatch(store, channels(to), LATER) == []
    assert to.pinned == ["october"]


def test_what_a_run_that_was_cut_off_had_not_sent_is_sent(store: Store) -> None:
    to = Journal(name="board", blank=True).failing(CUT())
    enqueue(store, news())
    with pytest.raises(CUT):
        dispatch(store, channels(to), AT)
    assert only(dispatch(store, channels(to), SETTLED)).delivered
    assert [(out.state, out.attempts) for out in store.outbox()] == [(Delivery.SENT, 2)]


def test_nothing_is_looked_up_before_it_can_have_settled(store: Store) -> None:
    to = Journal(name="board", blank=True).failing(OutcomeUnknownError("no answer arrived"))
    enqueue(store, news())
    assert only(dispatch(store, channels(to), AT)).state is Delivery.UNKNOWN
    assert dispatch(store, channels(to), SETTLED - timedelta(seconds=1)) == []
    assert to.pinned == ["october"]
    assert only(dispatch(store, channels(to), SETTLED)).delivered
    assert to.pinned == ["october"] * 2


def test_a_channel_that_cannot_look_up_sends_again_so_that_nothing_is_lost(store: Store) -> None:
    to = board(CUT())
    enqueue(store, news())
    with pytest.raises(CUT):
        dispatch(store, channels(to), AT)
    assert only(dispatch(store, channels(to), SETTLED)).delivered
    assert to.pinned == ["october"] * 2


def test_what_cannot_be_proved_within_a_day_is_held_for_a_person(store: Store) -> None:
    to = Journal(name="board", closed=True).failing(OutcomeUnknownError("no answer arrived"))
    enqueue(store, news())
    dispatch(store, channels(to), AT)
    waiting = only(dispatch(store, channels(to), SETTLED))
    assert (waiting.state, waiting.hint) == (Delivery.UNKNOWN, "give the app channels:history")
    held = only(dispatch(store, channels(to), AT + PROOF_WITHIN + timedelta(seconds=1)))
    assert held.state is Delivery.HELD
    assert "look for it" in held.problem
    assert dispatch(store, channels(to), AT + 2 * PROOF_WITHIN) == []
    assert enqueue(store, news()) == 0
    assert to.pinned == ["october"]


def test_a_run_cut_off_between_two_messages_leaves_the_second_to_the_next_run(store: Store) -> None:
    to = board(CUT())
    enqueue(store, news("september"), news("october"))
    with pytest.raises(CUT):
        dispatch(store, channels(to), AT)
    states = {result.message.dedup_key: result.state for result in dispatch(store, channels(to), AT)}
    assert states == {"september": Delivery.SENDING, "october": Delivery.SENT}
    assert to.pinned == ["september", "october"]


def test_a_store_that_fails_after_a_delivery_does_not_lead_to_a_second_one(
    store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    to = Journal(name="board")
    enqueue(store, news())

    def full(*_: object, **__: object) -> None:
        raise StorageError("the disk is full")

    with monkeypatch.context() as broken:
        broken.setattr(store, "settle", full)
        with pytest.raises(StorageError):
            dispatch(store, channels(to), AT)
    assert only(dispatch(store, channels(to), LATER)).delivered
    assert to.pinned == ["october"]


def test_a_message_that_another_run_is_sending_is_left_to_it(store: Store) -> None:
    to = board()
    enqueue(store, news())
    (outgoing,) = store.outbox()
    assert store.claim(outgoing.id, AT)
    found = only(dispatch(store, channels(to), SETTLED - timedelta(seconds=1)))
    assert (found.state, found.delivered) == (Delivery.SENDING, False)
    assert "12:00 UTC" in str(found)
    store.settle(outgoing.id, 1, Delivery.SENT, AT, receipt=Receipt(provider_id="1", delivered_at=AT))
    assert dispatch(store, channels(to), LATER) == []
    assert to.pinned == []


def test_a_failure_that_passes_leaves_the_message_to_the_next_run(store: Store) -> None:
    to = board(DeliveryError("Slack asks to slow down", "run again later"))
    enqueue(store, news())
    failed = only(dispatch(store, channels(to), AT))
    assert (failed.state, failed.delivered) == (Delivery.PENDING, False)
    assert [waiting.last_error for waiting in store.outbox()] == ["Slack asks to slow down run again later"]
    assert only(dispatch(store, channels(to), LATER)).delivered
    assert [(sent.state, sent.attempts, sent.last_error) for sent in store.outbox()] == [(Delivery.SENT, 2, "")]
    assert to.pinned == ["october"] * 2


def test_each_wait_is_twice_the_one_before_and_at_least_what_the_receiver_asks(store: Store) -> None:
    to = board(*[DeliveryError("not now")] * 9, DeliveryError("slow down", retry_after=7200.0))
    enqueue(store, news())
    at, waits = AT, []
    for _ in range(10):
        dispatch(store, channels(to), at)
        (waiting,) = store.outbox(Delivery.PENDING)
        assert waiting.not_before is not None
        waits.append(waiting.not_before - at)
        assert dispatch(store, channels(to), waiting.not_before - timedelta(seconds=1)) == []
        at = waiting.not_before
    doubled = [FIRST_WAIT * 2**number for number in range(9)]
    assert waits == [*(min(wait, LONGEST_WAIT) for wait in doubled), timedelta(hours=2)]


def test_a_run_that_was_paused_after_its_claim_does_not_send(store: Store) -> None:
    to = board()
    enqueue(store, news())
    times = iter([AT, AT, AT + STALE + timedelta(seconds=1), SETTLED, SETTLED, SETTLED])
    paused = only(dispatch(store, channels(to), lambda: next(times, SETTLED)))
    assert (paused.state, to.pinned) == (Delivery.PENDING, [])
    assert only(dispatch(store, channels(to), LATER)).delivered


def test_a_paused_run_has_no_say_once_another_has_taken_over(store: Store) -> None:
    """It claims, sleeps; another run looks the message up, sends it; the first wakes inside its own attempt."""
    to = Journal(name="board", blank=True)
    enqueue(store, news())

    class Paused(Board):
        def deliver(self, message: Message, at: datetime) -> Receipt:
            assert only(dispatch(store, channels(to), SETTLED)).delivered
            raise DeliveryError("the connection had gone")

    assert dispatch(store, {"board": Paused(name="board")}, AT) == []
    assert [(out.state, out.attempts) for out in store.outbox()] == [(Delivery.SENT, 2)]


def test_a_fallback_gets_the_news_where_the_first_channel_refuses_it_for_good(store: Store) -> None:
    slack, mail = board(DeliveryError("not_in_channel", permanent=True), name="slack"), board(name="mail")
    instead = Message(
        dedup_key="instead", channel="mail", kind="report", subject="s", body="b", stands_in_for="october"
    )
    enqueue(store, news(channel="slack"), instead)
    refused, sent = dispatch(store, channels(slack, mail), AT)
    assert (refused.state, sent.state, mail.pinned) == (Delivery.DEAD, Delivery.SENT, ["instead"])


def test_a_fallback_is_spared_where_the_first_channel_delivers(store: Store) -> None:
    slack, mail = board(name="slack"), board(name="mail")
    instead = Message(
        dedup_key="instead", channel="mail", kind="report", subject="s", body="b", stands_in_for="october"
    )
    enqueue(store, news(channel="slack"), instead)
    assert only(dispatch(store, channels(slack, mail), AT)).delivered
    assert dispatch(store, channels(slack, mail), LATER) == []
    assert mail.pinned == []


def test_a_message_is_tried_once_a_run(store: Store) -> None:
    to = board(*[DeliveryError("not now")] * 3)
    enqueue(store, news())
    dispatch(store, channels(to), AT)
    assert to.pinned == ["october"]


def test_a_refusal_for_good_is_not_tried_again_until_the_news_is_told_again(store: Store) -> None:
    to = board(DeliveryError("not_in_channel", "invite the bot", permanent=True))
    enqueue(store, news())
    refused = only(dispatch(store, channels(to), AT))
    assert (refused.state, refused.problem, refused.hint) == (Delivery.DEAD, "not_in_channel", "invite the bot")
    assert dispatch(store, channels(to), AT) == []
    assert enqueue(store, news(body="worded anew")) == 1
    again = only(dispatch(store, channels(to), LATER))
    assert again.delivered
    assert again.message.body == "worded anew"


def test_a_secret_that_is_not_set_keeps_the_message_until_it_is(store: Store) -> None:
    to = board(ConfigError("the environment variable TOKEN is not set", "export TOKEN=..."))
    enqueue(store, news())
    assert only(dispatch(store, channels(to), AT)).state is Delivery.PENDING
    assert only(dispatch(store, channels(to), LATER)).delivered


@pytest.mark.parametrize(
    "fault",
    [
        DeliveryError("down"),
        DeliveryError("refused", permanent=True),
        OutcomeUnknownError("lost"),
        ConfigError("no token"),
        ZeroDivisionError("a bug"),
    ],
    ids=lambda fault: type(fault).__name__,
)
def test_a_channel_that_fails_does_not_stop_the_others(store: Store, fault: Exception) -> None:
    broken, whole = board(fault, name="slack"), board(name="mail")
    enqueue(store, news("1", "slack"), news("2", "mail"))
    results = dispatch(store, channels(broken, whole), AT)
    assert [result.delivered for result in results] == [False, True]
    assert str(fault) in str(results[0])


def test_a_fault_in_a_channel_is_named_and_leaves_the_outcome_unknown(store: Store) -> None:
    to = board(ZeroDivisionError("a bug"))
    enqueue(store, news())
    failed = only(dispatch(store, channels(to), AT))
    assert (failed.state, failed.problem) == (Delivery.UNKNOWN, "the channel failed: ZeroDivisionError: a bug")


def test_a_channel_that_is_no_longer_configured_is_named(store: Store) -> None:
    enqueue(store, news(channel="gone"))
    result = only(dispatch(store, {}, AT))
    assert result.state is Delivery.DEAD
    assert "'gone'" in result.problem


def test_a_delivery_that_missed_somebody_is_sent_but_not_delivered(store: Store) -> None:
    to = board(note="the mail server refused bob@example.com: 550")
    enqueue(store, news())
    result = only(dispatch(store, channels(to), AT))
    assert (result.state, result.delivered) == (Delivery.SENT, False)
    assert str(result) == "board: report delivered, but not to everybody: the mail server refused bob@example.com: 550"
    assert [sent.receipt for sent in store.outbox()] == [result.receipt]


def test_the_clock_is_asked_for_each_message(store: Store) -> None:
    times = iter([AT + timedelta(seconds=second) for second in range(19)])
    enqueue(store, news("1"), news("2"))
    first, second = dispatch(store, channels(board()), lambda: next(times))
    assert first.receipt is not None
    assert second.receipt is not None
    assert first.receipt.delivered_at < second.receipt.delivered_at


def test_many_dispatchers_at_once_send_each_message_once(tmp_path: Path) -> None:
    path, to, runs = str(tmp_path / "advisor.db"), board(), 4
    keys = [f"message {number}" for number in range(12)]
    first = open_store(path)
    enqueue(first, *map(news, keys))
    stores = [first, *(open_store(path) for _ in range(runs - 1))]
    start = Barrier(runs)

    def run(store: Store) -> list[Dispatched]:
        start.wait()
        return dispatch(store, channels(to), AT)

    try:
        with ThreadPoolExecutor(runs) as pool:
            results = [result for run_results in pool.map(run, stores) for result in run_results]
        assert sorted(to.pinned) == sorted(keys)
        sent = [result for result in results if result.state is Delivery.SENT]
        assert sorted(result.message.dedup_key for result in sent) == sorted(keys)
        assert {outgoing.state for outgoing in first.outbox()} == {Delivery.SENT}
    finally:
        for store in stores:
            store.close()
