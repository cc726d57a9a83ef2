"""Sends what waits in the outbox: at most once, unless the receiver is known not to have taken it."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta

from advisor.contract.channel import Channel, OutcomeUnknownError
from advisor.contract.store import Delivery, Outgoing, Store
from advisor.domain.report import Message, Receipt
from advisor.errors import AdvisorError, DeliveryError

CUT_OFF = "an earlier run was cut off while it sent this; it may or may not have arrived, look before you resend it"
LONGEST_ATTEMPT = timedelta(minutes=15)
"""No channel takes longer over a message: one that is being sent for so long belongs to a run that is no more."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Dispatched:
    """What became of one message. `problem` and `hint` say why it did not arrive, or not everywhere."""

    message: Message
    state: Delivery
    receipt: Receipt | None = None
    problem: str = ""
    hint: str = ""

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
            Delivery.PENDING: "not delivered, the next run tries again",
            Delivery.SENDING: "not known yet",
            Delivery.DEAD: "not delivered",
            Delivery.UNKNOWN: "may or may not have arrived, and is not sent again",
        }
        return f"{name} {outcome[self.state]}: {self.problem}" + (f" ({self.hint})" if self.hint else "")


def dispatch(store: Store, channels: Mapping[str, Channel], now: Callable[[], datetime] | datetime) -> list[Dispatched]:
    """Send every pending message once, through the channel of its name, and say what became of each.

    A message is claimed before its first byte is sent and settled after, so that a run that is cut off leaves it
    SENDING. A later run that finds it so reports it: as being sent by somebody else at first, as UNKNOWN after
    LONGEST_ATTEMPT. Nothing UNKNOWN is sent again.
    """
    clock = now if callable(now) else lambda: now
    results = [_found(store, outgoing, clock()) for outgoing in store.outbox(Delivery.SENDING)]
    for outgoing in store.outbox(Delivery.PENDING):
        if store.claim(outgoing.id, clock()):
            result = _deliver(outgoing.message, channels, clock())
            results.append(_settled(store, outgoing, result, clock()))
    return results


def _found(store: Store, outgoing: Outgoing, at: datetime) -> Dispatched:
    """What to say of a message that was being sent when this run began."""
    if outgoing.claimed_at and at - outgoing.claimed_at < LONGEST_ATTEMPT:
        problem = f"another run has been sending it since {outgoing.claimed_at:%H:%M} UTC, or was cut off"
        return Dispatched(message=outgoing.message, state=Delivery.SENDING, problem=problem, hint="run again later")
    cut_off = Dispatched(message=outgoing.message, state=Delivery.UNKNOWN, problem=CUT_OFF)
    return _settled(store, outgoing, cut_off, at)


def _deliver(message: Message, channels: Mapping[str, Channel], at: datetime) -> Dispatched:
    channel = channels.get(message.channel)
    if channel is None:
        problem = f"the configuration has no channel {message.channel!r} any more"
        return Dispatched(message=message, state=Delivery.DEAD, problem=problem)
    try:
        receipt = channel.deliver(message, at)
    except OutcomeUnknownError as error:
        return Dispatched(message=message, state=Delivery.UNKNOWN, problem=str(error))
    except DeliveryError as error:
        state = Delivery.DEAD if error.permanent else Delivery.PENDING
        return Dispatched(message=message, state=state, problem=error.message, hint=error.hint)
    except AdvisorError as error:  # such as a secret that is not set: nothing was sent
        return Dispatched(message=message, state=Delivery.PENDING, problem=error.message, hint=error.hint)
    except Exception as error:  # a fault in a channel must not stop the other messages, nor be sent twice
        problem = f"the channel failed: {type(error).__name__}: {error}"
        return Dispatched(message=message, state=Delivery.UNKNOWN, problem=problem)
    return Dispatched(message=message, state=Delivery.SENT, receipt=receipt, problem=receipt.note)


def _settled(store: Store, outgoing: Outgoing, result: Dispatched, at: datetime) -> Dispatched:
    error = "" if result.state is Delivery.SENT else " ".join(filter(None, (result.problem, result.hint)))
    store.settle(outgoing.id, result.state, at, error=error, receipt=result.receipt)
    return result
