"""Sends what waits in the outbox: nothing is lost, and nothing is sent again before it was looked up.

A message is claimed before its first byte is sent and settled after. Where no outcome is known, because the answer was
lost or the run was cut off, it is UNKNOWN. After `settles_within` it is looked up at the other side, and sent again
only if it is not there; a channel that cannot look up sends it again, with the same identity, so that nothing is lost.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta

from advisor.contract.channel import Channel, OutcomeUnknownError
from advisor.contract.store import Delivery, Outgoing, Store
from advisor.domain.report import Message, Receipt
from advisor.errors import AdvisorError, DeliveryError

CUT_OFF = "an earlier run was cut off while it sent this; it may or may not have arrived"
NO_PROOF = "it may or may not have arrived, and nothing proved either within a day: look for it"
FIRST_WAIT, LONGEST_WAIT = timedelta(minutes=1), timedelta(hours=1)
"""Before the second attempt, and at most before any other: each wait is twice the one before."""
PROOF_WITHIN = timedelta(days=1)
STALE = timedelta(seconds=30)
"""A run that has had a claim for so long and has not begun to send was paused: it leaves the message to others."""
Clock = Callable[[], datetime]


@dataclass(frozen=True, slots=True, kw_only=True)
class Dispatched:
    """What became of one message. `problem` and `hint` say why it did not arrive, or not everywhere."""

    message: Message
    state: Delivery
    receipt: Receipt | None = None
    problem: str = ""
    hint: str = ""
    not_before: datetime | None = None

    @property
    def delivered(self) -> bool:
        """Whether everybody got it, for certain."""
        return self.state is Delivery.SENT and not self.problem

    def __str__(self) -> str:
        name = f"{self.message.channel}: {self.message.kind}"
        if self.delivered:
            return f"{name} delivered"
        outcome = {
            Delivery.SENT: "delivered, but not to everybody",
            Delivery.PENDING: "not delivered, a later run tries again",
            Delivery.SENDING: "not known yet",
            Delivery.DEAD: "not delivered",
            Delivery.UNKNOWN: "may or may not have arrived, a later run finds out",
            Delivery.HELD: "not known, and not sent again",
        }
        return f"{name} {outcome[self.state]}: {self.problem}" + (f" ({self.hint})" if self.hint else "")


def dispatch(store: Store, channels: Mapping[str, Channel], now: Clock | datetime) -> list[Dispatched]:
    """Find out what became of messages without an outcome, send every pending one whose time has come, and say so.

    Any number of runs may do this at once, and any of them may stop at any point.
    """
    clock = now if callable(now) else lambda: now
    unknown = store.outbox(Delivery.SENDING, Delivery.UNKNOWN)
    results = [result for outgoing in unknown for result in _found_out(store, channels, outgoing, clock)]
    tried: set[int] = set()
    # What stands in for a message that cannot be delivered becomes pending while this runs.
    while due := [one for one in store.outbox(Delivery.PENDING) if one.id not in tried and _due(one, clock())]:
        for outgoing in due:
            tried.add(outgoing.id)
            results.extend(_sent(store, channels, outgoing, clock))
    return results


def _due(outgoing: Outgoing, at: datetime) -> bool:
    return outgoing.not_before is None or outgoing.not_before <= at


def _sent(store: Store, channels: Mapping[str, Channel], outgoing: Outgoing, clock: Clock) -> Iterator[Dispatched]:
    """Claim, send and settle one pending message; nothing where another run has it."""
    attempt, claimed_at = store.claim(outgoing.id, at := clock()), at
    if not attempt:
        return
    message = outgoing.message
    channel = channels.get(message.channel)
    if channel is None:
        problem = f"the configuration has no channel {message.channel!r} any more"
        result = Dispatched(message=message, state=Delivery.DEAD, problem=problem)
    elif (begun := clock()) - claimed_at > STALE:
        result = Dispatched(message=message, state=Delivery.PENDING, problem="this run was paused before it sent it")
    else:
        result = _delivered(channel, message, attempt, begun, clock)
    if _settled(store, outgoing, attempt, result, clock()):
        yield result


def _delivered(channel: Channel, message: Message, attempt: int, at: datetime, clock: Clock) -> Dispatched:
    """One attempt, and what it came to."""
    try:
        receipt = channel.deliver(message, at)
    except OutcomeUnknownError as error:
        return Dispatched(message=message, state=Delivery.UNKNOWN, problem=str(error))
    except AdvisorError as error:  # also a secret that is not set: nothing was sent
        if isinstance(error, DeliveryError) and error.permanent:
            return Dispatched(message=message, state=Delivery.DEAD, problem=error.message, hint=error.hint)
        wait = timedelta()  # what is missing here may be there at once
        if isinstance(error, DeliveryError):
            wait = min(FIRST_WAIT * 2 ** min(attempt - 1, 10), LONGEST_WAIT)
            wait = max(wait, timedelta(seconds=error.retry_after or 0))
        return Dispatched(
            message=message,
            state=Delivery.PENDING,
            problem=error.message,
            hint=error.hint,
            not_before=clock() + wait,
        )
    except Exception as error:  # a fault in a channel must not stop the other messages, nor be sent twice
        problem = f"the channel failed: {type(error).__name__}: {error}"
        return Dispatched(message=message, state=Delivery.UNKNOWN, problem=problem)
    return Dispatched(message=message, state=Delivery.SENT, receipt=receipt, problem=receipt.note)


def _found_out(store: Store, channels: Mapping[str, Channel], outgoing: Outgoing, clock: Clock) -> Iterator[Dispatched]:
    """What can be said now of a message that was being sent. One that is not there is pending again."""
    message, channel = outgoing.message, channels.get(outgoing.message.channel)
    since = outgoing.claimed_at or outgoing.enqueued_at
    if clock() - since < (channel.settles_within if channel else Channel.settles_within):
        if outgoing.state is Delivery.SENDING:
            problem = f"another run has been sending it since {since:%H:%M} UTC, or was cut off"
            yield Dispatched(message=message, state=Delivery.SENDING, problem=problem, hint="run again later")
        return
    result = _looked_up(channel, outgoing)
    if result.state is Delivery.UNKNOWN and clock() - since > PROOF_WITHIN:
        problem = f"{NO_PROOF} ({result.problem})"
        result = Dispatched(message=message, state=Delivery.HELD, problem=problem, hint=result.hint)
    if _settled(store, outgoing, outgoing.attempts, result, clock()) and result.state is not Delivery.PENDING:
        yield result


def _looked_up(channel: Channel | None, outgoing: Outgoing) -> Dispatched:
    message = outgoing.message
    said = outgoing.last_error or CUT_OFF
    if channel is None:
        problem = f"{said}; the configuration has no channel {message.channel!r} any more"
        return Dispatched(message=message, state=Delivery.UNKNOWN, problem=problem)
    if not channel.looks_up:
        return Dispatched(message=message, state=Delivery.PENDING, problem=f"{said}; it is sent again")
    try:
        receipt = channel.find(message, outgoing.enqueued_at)
    except Exception as error:  # a fault in a channel must not stop the other messages
        problem = f"it cannot be looked up: {error if isinstance(error, AdvisorError) else type(error).__name__}"
        hint = error.hint if isinstance(error, AdvisorError) else ""
        return Dispatched(message=message, state=Delivery.UNKNOWN, problem=problem, hint=hint)
    if receipt is None:
        return Dispatched(message=message, state=Delivery.PENDING, problem=f"{said}; it is not there")
    return Dispatched(message=message, state=Delivery.SENT, receipt=receipt, problem=receipt.note)


def _settled(store: Store, outgoing: Outgoing, attempt: int, result: Dispatched, at: datetime) -> bool:
    """Record an outcome; False where another run has taken the message over."""
    error = f"{result.problem} {result.hint}".strip() if result.state is not Delivery.SENT else ""
    return store.settle(
        outgoing.id,
        attempt,
        result.state,
        at,
        error=error,
        receipt=result.receipt,
        not_before=result.not_before,
    )
