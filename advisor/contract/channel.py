"""What a channel promises: it takes one frozen message to people and says what became of it."""

from __future__ import annotations

from abc import ABC, abstractmethod
from datetime import datetime
from typing import ClassVar, Literal

from advisor.contract.settings import Settings
from advisor.domain.report import Message, Receipt

Format = Literal["slack", "email", "text", "json"]
News = Literal["report", "recommendation", "data-health"]


class Channel(Settings, ABC):
    """A way to reach people; its fields are its settings.

    `format` names the rendering that the channel takes. `kind` is filled by the registry.
    """

    kind: ClassVar[str] = ""
    format: ClassVar[Format]
    name: str
    on: tuple[News, ...] = ("report", "recommendation", "data-health")

    @abstractmethod
    def deliver(self, message: Message, at: datetime) -> Receipt:
        """Deliver *message* once, as it is, with one attempt at the time *at*: the outbox owns retries.

        Raises DeliveryError; `permanent` says that sending it again cannot help. Raises `OutcomeUnknownError` where the
        message may or may not have arrived.
        """


class OutcomeUnknownError(Exception):
    """The other side may or may not have taken the message: a timeout or a broken answer after it was sent."""
