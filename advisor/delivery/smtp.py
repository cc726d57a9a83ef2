"""One SMTP session, step by step, so that it is known whether the server can have taken the message."""

from __future__ import annotations

import re
import smtplib
import ssl
from collections.abc import Mapping, Sequence
from contextlib import suppress
from typing import Literal

from advisor.contract.channel import OutcomeUnknownError
from advisor.errors import DeliveryError

Security = Literal["none", "starttls", "tls"]
TIMEOUT_SECONDS = 30
ANSWER_SECONDS = 120  # to the message itself, which servers scan first; RFC 5321 (4.5.3.2.6) asks for ten minutes
_ACCEPTED = (250, 251)


def connect(host: str, port: int, security: Security, username: str, password: str) -> smtplib.SMTP:
    """A session that is encrypted and logged in as asked. Raises DeliveryError; nothing has been sent then."""
    session: smtplib.SMTP | None = None
    try:
        if security == "tls":
            session = smtplib.SMTP_SSL(host, port, timeout=TIMEOUT_SECONDS, context=ssl.create_default_context())
        else:
            session = smtplib.SMTP(host, port, timeout=TIMEOUT_SECONDS)
        if security == "starttls":
            session.starttls(context=ssl.create_default_context())
        if username:
            session.login(username, password)
        session.ehlo_or_helo_if_needed()
        return session
    except (smtplib.SMTPException, OSError, UnicodeError) as error:
        if session:
            session.close()
        raise _not_sent(error, f"{host}:{port}") from error


def transmit(session: smtplib.SMTP, sender: str, recipients: Sequence[str], content: bytes) -> list[str]:
    """Send one message; what the server said of each recipient that it refused.

    Raises DeliveryError where it refused the sender, the message or everybody, or broke the connection before all of
    the message was out, and OutcomeUnknownError where it broke or garbled its answer after that.
    """
    try:
        _expect(session.mail(sender), 250, "the sender")
        refused = _refused({recipient: session.rcpt(recipient) for recipient in recipients})
        _expect(session.docmd("DATA"), 354, "the message")
        # The mark that ends the message is sent last: a server that did not get all of it has nothing to deliver.
        session.send(_framed(content))
    except (smtplib.SMTPException, OSError) as error:
        raise _not_sent(error) from error
    if session.sock:
        session.sock.settimeout(ANSWER_SECONDS)
    try:
        code, text = session.getreply()
    except (smtplib.SMTPException, OSError) as error:
        raise OutcomeUnknownError(
            f"the connection to the mail server broke before it answered ({type(error).__name__})"
        ) from error
    if 400 <= code < 600:
        raise DeliveryError(f"the mail server refused the message: {_text(code, text)}", permanent=code >= 500)
    if code // 100 != 2:
        raise OutcomeUnknownError("the mail server's answer to the message cannot be read")
    with suppress(smtplib.SMTPException, OSError):  # the message has arrived, whatever the goodbye comes to
        session.quit()
    return refused


def _refused(answers: Mapping[str, tuple[int, bytes]]) -> list[str]:
    """What the server said of those it refused. Raises DeliveryError where that is everybody."""
    codes = {recipient: code for recipient, (code, _) in answers.items() if code not in _ACCEPTED}
    said = [f"{recipient}: {_text(*answers[recipient])}" for recipient in codes]
    if len(codes) == len(answers):
        raise DeliveryError(
            f"the mail server refused every recipient: {'; '.join(said)}",
            "check the addresses in to",
            permanent=all(code >= 500 for code in codes.values()),
        )
    return said


def _framed(content: bytes) -> bytes:
    """*content* with its leading dots doubled, and its end marked (RFC 5321, section 4.5.2)."""
    ended = content if content.endswith(b"\r\n") else content + b"\r\n"
    return re.sub(rb"(?m)^\.", b"..", ended) + b".\r\n"


def _expect(answer: tuple[int, bytes], accepted: int, what: str) -> None:
    code, text = answer
    if code != accepted:
        raise DeliveryError(f"the mail server refused {what}: {_text(code, text)}", permanent=code >= 500)


def _not_sent(error: Exception, address: str = "") -> DeliveryError:
    """Why no message went out, and whether trying again can help."""
    server = f"the mail server {address}".rstrip()
    match error:
        case smtplib.SMTPAuthenticationError(smtp_code=code, smtp_error=text):
            fault = f"{server} refused the login: {_text(code, text)}"
            return DeliveryError(fault, "check username and password", permanent=code >= 500)
        case UnicodeError():
            fault = f"{server} cannot be asked: host, username or password holds a letter that mail servers do not take"
            return DeliveryError(fault, "use ASCII letters, digits and signs", permanent=True)
        case smtplib.SMTPServerDisconnected():
            return DeliveryError(f"{server} broke the connection before it had the message", "run again later")
        case smtplib.SMTPResponseException(smtp_code=code, smtp_error=text):
            return DeliveryError(f"{server} said {_text(code, text)}", permanent=code >= 500)
        case smtplib.SMTPNotSupportedError():
            fault = f"{server} does not offer what security and username ask for: {error}"
            return DeliveryError(fault, 'check port and security ("starttls" or "tls")', permanent=True)
        case ssl.SSLError():
            hint = "check host, port and security; a private authority is trusted through SSL_CERT_FILE"
            return DeliveryError(f"no trusted connection to {server}: {error}", hint)
        case _:
            return DeliveryError(f"{server} cannot be reached: {error}", "check host, port and the network")


def _text(code: int, text: bytes | str) -> str:
    """The server's words on one line, without what could steer a terminal."""
    words = text.decode(errors="replace") if isinstance(text, bytes) else text
    return "".join(letter for letter in f"{code} {' '.join(words.split())}" if letter.isprintable())
