"""What a channel promises: it takes one frozen message to people and says what became of it."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Iterable
from datetime import datetime, timedelta
from typing import ClassVar, Literal

from advisor.contract.aws import Permission
from advisor.contract.settings import Settings
from advisor.domain.report import Message, Receipt

Format = Literal["slack", "email", "text", "json"]
News = Literal["report", "recommendation", "data-health"]


class Channel(Settings, ABC):
    """A way to reach people; its fields are its settings.

    `format` names the rendering that the channel takes. `kind` is filled by the registry. `settles_within` is how long
    after an attempt began its message may still appear: the timeout of the attempt, and what the other side takes.
    `looks_up` says that `find` can tell whether a message arrived. `fallback` names the channel that gets the news
    instead where this one cannot deliver it.
    """

    kind: ClassVar[str] = ""
    format: ClassVar[Format]
    settles_within: ClassVar[timedelta] = timedelta(minutes=15)
    looks_up: ClassVar[bool] = False
    name: str
    on: tuple[News, ...] = ("report", "recommendation", "data-health")
    fallback: str = ""

    @abstractmethod
    def deliver(self, message: Message, at: datetime) -> Receipt:
        """Deliver *message* once, as it is, with one attempt at the time *at*: the outbox owns retries.

        Raises DeliveryError; `permanent` says that sending it again cannot help. Raises `OutcomeUnknownError` where the
        message may or may not have arrived.
        """

    def permissions(self) -> Iterable[Permission]:
        """What AWS has to allow for `deliver`. Pure; the default asks AWS for nothing."""
        return ()

    def find(self, message: Message, since: datetime) -> Receipt | None:
        """Where `looks_up`: the receipt of *message* if it arrived after *since*, None if it certainly did not.

        Raises AdvisorError where neither can be told.
        """
        raise NotImplementedError


class OutcomeUnknownError(Exception):
    """The other side may or may not have taken the message: a timeout or a broken answer after it was sent."""
