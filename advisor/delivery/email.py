"""Email over SMTP: one message to all recipients, with text and HTML, in one attempt."""

from __future__ import annotations

from contextlib import closing
from datetime import datetime, timedelta
from typing import Annotated, ClassVar

from pydantic import AfterValidator, Field, model_validator

from advisor.contract.channel import Channel, Format
from advisor.contract.endpoint import is_loopback
from advisor.contract.settings import SecretRef
from advisor.delivery import mime, smtp
from advisor.domain.report import Message, Receipt

_SPECIAL = frozenset(' @<>()[],;:"\\')  # a header would read more into them than an address
_PORTS: dict[smtp.Security, int] = {"none": 25, "starttls": 587, "tls": 465}


def _address(value: str) -> str:
    local, _, domain = value.rpartition("@")
    if not local or not domain or not value.isascii() or not value.isprintable() or set(local + domain) & _SPECIAL:
        raise ValueError(f"{value!r} is not a plain address, such as finops@example.com")
    return value


Address = Annotated[str, AfterValidator(_address)]


class Email(Channel):
    """Sends through an SMTP server. `port` follows from `security` where it is not given: 587, 465 or 25."""

    format: ClassVar[Format] = "email"
    settles_within: ClassVar[timedelta] = timedelta(minutes=5)
    host: Annotated[str, Field(min_length=1)]
    port: Annotated[int, Field(ge=1, le=65535)] | None = None
    security: smtp.Security = "starttls"
    username: str = ""
    password: SecretRef | None = None
    sender: Address = Field(alias="from")
    to: Annotated[tuple[Address, ...], Field(min_length=1)]

    @model_validator(mode="after")
    def _nothing_in_the_clear(self) -> Email:
        if self.security == "none" and not is_loopback(self.host):
            raise ValueError('security = "none" is for a server on this machine only; use "starttls" or "tls"')
        if bool(self.username) != (self.password is not None):
            raise ValueError("username and password go together")
        return self

    def deliver(self, message: Message, at: datetime) -> Receipt:
        """See `Channel`. The receipt's id is the Message-ID; its note names recipients that the server refused."""
        content = mime.compose(message, self.sender, self.to, at)
        password = self.password.reveal() if self.password else ""
        session = smtp.connect(self.host, self.port or _PORTS[self.security], self.security, self.username, password)
        with closing(session):
            refused = smtp.transmit(session, self.sender, self.to, content)
        note = f"the mail server refused {'; '.join(refused)}" if refused else ""
        return Receipt(provider_id=mime.message_id(message, self.sender), delivered_at=at, note=note)
