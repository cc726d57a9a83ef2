"""One SMTP session, step by step, so that it is known whether the server can have taken the message."""

from __future__ import annotations

import smtplib
import ssl
from collections.abc import Sequence
from contextlib import suppress
from typing import Literal

from advisor.contract.channel import OutcomeUnknownError
from advisor.errors import DeliveryError

Security = Literal["none", "starttls", "tls"]
TIMEOUT_SECONDS = 10
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
    except (smtplib.SMTPException, OSError) as error:
        if session:
            session.close()
        raise _not_sent(error, f"{host}:{port}") from error


def transmit(session: smtplib.SMTP, sender: str, recipients: Sequence[str], content: bytes) -> list[str]:
    """Send one message; what the server said of each recipient that it refused.

    Raises DeliveryError where it refused the sender, the message or everybody, and OutcomeUnknownError where the
    connection broke once the message was on its way.
    """
    try:
        _expect(session.mail(sender), (250,), "the sender")
        answers = {recipient: session.rcpt(recipient) for recipient in recipients}
    except (smtplib.SMTPException, OSError) as error:
        raise _not_sent(error) from error
    refused = {recipient: answer for recipient, answer in answers.items() if answer[0] not in _ACCEPTED}
    said = [f"{recipient}: {_text(*answer)}" for recipient, answer in refused.items()]
    if len(refused) == len(answers):
        permanent = all(code >= 500 for code, _ in refused.values())
        raise DeliveryError(
            f"the mail server refused every recipient: {'; '.join(said)}",
            "check the addresses in to",
            permanent=permanent,
        )
    try:
        _expect(session.data(content), (250,), "the message")
    except smtplib.SMTPDataError as error:  # refused before the first byte of it
        raise _not_sent(error) from error
    except (smtplib.SMTPException, OSError) as error:
        raise OutcomeUnknownError(
            f"the connection to the mail server broke before it answered ({type(error).__name__})"
        ) from error
    with suppress(smtplib.SMTPException, OSError):  # the message has arrived, whatever the goodbye comes to
        session.quit()
    return said


def _expect(answer: tuple[int, bytes], accepted: Sequence[int], what: str) -> None:
    code, text = answer
    if code not in accepted:
        raise DeliveryError(f"the mail server refused {what}: {_text(code, text)}", permanent=code >= 500)


def _not_sent(error: Exception, address: str = "") -> DeliveryError:
    """Why no message went out, and whether trying again can help."""
    server = f"the mail server {address}".rstrip()
    match error:
        case smtplib.SMTPAuthenticationError(smtp_code=code, smtp_error=text):
            fault = f"{server} refused the login: {_text(code, text)}"
            return DeliveryError(fault, "check username and password", permanent=code >= 500)
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
    return f"{code} {text.decode(errors='replace') if isinstance(text, bytes) else text}"
