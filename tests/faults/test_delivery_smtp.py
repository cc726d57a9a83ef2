"""What each answer of a mail server, or its absence, means for a message."""

from __future__ import annotations

import json
import shutil
import ssl
import subprocess
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from advisor import registry
from advisor.contract.channel import Channel, OutcomeUnknownError
from advisor.delivery import smtp
from advisor.domain.report import Message, Receipt
from advisor.errors import DeliveryError
from tests.servers import MailServer, mail_server

AT = datetime(2026, 11, 24, 12, tzinfo=UTC)
BODY = json.dumps({"subject": "stay", "text": ".stay\n..\nput", "html": "<p>stay</p>"})
NEWS = Message(dedup_key="key", channel="mail", kind="report", subject="stay", body=BODY)
ANN, BOB = "ann@example.com", "bob@example.com"


@pytest.fixture
def mail() -> Iterator[MailServer]:
    with mail_server() as server:
        yield server


LOGIN = {"username": "advisor", "password": {"env": "PASSWORD"}}


def channel(mail: MailServer, secret: str = "right", **changes: Any) -> Channel:
    table = {
        "kind": "email",
        "name": "mail",
        "host": "127.0.0.1",
        "port": mail.port,
        "security": "none",
        "from": "advisor@example.com",
        "to": [ANN, BOB],
    }
    return registry.build_channel({**table, **changes}, Path(), {"PASSWORD": secret})


def send(mail: MailServer, **changes: Any) -> Receipt:
    return channel(mail, **changes).deliver(NEWS, AT)


def refusal(mail: MailServer, **changes: Any) -> DeliveryError:
    with pytest.raises(DeliveryError) as raised:
        send(mail, **changes)
    return raised.value


def test_one_mail_goes_to_all_recipients_with_text_and_html(mail: MailServer) -> None:
    receipt = send(mail)
    (envelope,), (sent,) = mail.envelopes, mail.mails
    assert (envelope.mail_from, envelope.rcpt_tos) == ("advisor@example.com", [ANN, BOB])
    assert receipt.provider_id == sent["Message-ID"]
    assert receipt.note == ""
    assert sent["Subject"] == "stay"
    assert sent["Auto-Submitted"] == "auto-generated"
    text, html = sent.get_body(("plain",)), sent.get_body(("html",))
    assert text is not None
    assert text.get_content().splitlines() == [".stay", "..", "put"]
    assert html is not None
    assert "<p>stay</p>" in html.get_content()


def test_one_refused_recipient_is_named_and_the_others_get_it(mail: MailServer) -> None:
    mail.says[BOB] = "550 no such user"
    assert send(mail).note == f"the mail server refused {BOB}: 550 no such user"
    assert mail.envelopes[0].rcpt_tos == [ANN]


@pytest.mark.parametrize(
    ("ann", "bob", "permanent"),
    [("550 no", "550 no", True), ("550 no", "451 greylisted", False), ("451 greylisted", "451 greylisted", False)],
)
def test_no_recipient_left_is_permanent_unless_one_may_be_taken_later(
    mail: MailServer, ann: str, bob: str, permanent: bool
) -> None:
    mail.says.update({ANN: ann, BOB: bob})
    error = refusal(mail)
    assert error.permanent is permanent
    assert ANN in error.message
    assert BOB in error.message
    assert mail.envelopes == []


@pytest.mark.parametrize("command", ["MAIL", "DATA", "END"])
@pytest.mark.parametrize(("said", "permanent"), [("554 spam", True), ("451 try later", False)])
def test_a_refusal_says_in_its_own_words_whether_to_try_again(
    mail: MailServer, command: str, said: str, permanent: bool
) -> None:
    mail.says[command] = said
    error = refusal(mail)
    assert said in error.message
    assert error.permanent is permanent
    assert mail.envelopes == []


@pytest.mark.parametrize("command", ["MAIL", BOB, "DATA"])
def test_a_connection_that_breaks_before_the_message_is_out_is_tried_again(mail: MailServer, command: str) -> None:
    mail.says[command] = "close"
    assert not refusal(mail).permanent
    assert mail.envelopes == []


def test_a_connection_that_breaks_after_the_message_leaves_the_outcome_unknown(mail: MailServer) -> None:
    mail.says["END"] = "close"
    with pytest.raises(OutcomeUnknownError, match="broke before it answered"):
        send(mail)
    assert len(mail.envelopes) == 1


def test_an_answer_to_the_message_that_is_none_leaves_the_outcome_unknown(mail: MailServer) -> None:
    mail.says["END"] = "xyz what?"
    with pytest.raises(OutcomeUnknownError, match="cannot be read"):
        send(mail)


def test_an_answer_that_comes_too_late_leaves_the_outcome_unknown(
    mail: MailServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(smtp, "ANSWER_SECONDS", 0.1)
    mail.scan_seconds = 0.4
    with pytest.raises(OutcomeUnknownError, match="broke before it answered"):
        send(mail)


def test_a_server_that_scans_what_it_gets_has_more_time_than_for_other_steps(
    mail: MailServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(smtp, "TIMEOUT_SECONDS", 0.2)
    mail.scan_seconds = 0.4
    assert send(mail).note == ""


def test_a_server_that_cannot_be_reached_is_tried_again() -> None:
    with mail_server() as gone:
        pass
    error = refusal(gone)
    assert "cannot be reached" in error.message
    assert not error.permanent


def test_a_servers_words_reach_the_reader_on_one_line_without_control_characters(mail: MailServer) -> None:
    mail.says["MAIL"] = "554-first\r\n554 \x1b[31mlast"
    assert "554 first [31mlast" in refusal(mail).message


def test_a_login_is_made_where_it_is_stated() -> None:
    with mail_server(auth=True) as mail:
        send(mail, **LOGIN)
        assert mail.logins == [("advisor", "right")]
        assert len(mail.envelopes) == 1


def test_a_refused_login_is_permanent_and_does_not_show_the_password() -> None:
    with mail_server(auth=True) as mail:
        with pytest.raises(DeliveryError, match="refused the login") as raised:
            channel(mail, "canary", **LOGIN).deliver(NEWS, AT)
        assert raised.value.permanent
        assert "canary" not in f"{raised.value} {raised.value.hint}"
        assert mail.envelopes == []


@pytest.mark.parametrize("changes", [LOGIN, {"security": "starttls"}])
def test_a_server_that_offers_no_login_or_encryption_gets_nothing(mail: MailServer, changes: dict[str, Any]) -> None:
    error = refusal(mail, **changes)
    assert error.permanent
    assert "does not offer" in error.message
    assert (mail.envelopes, mail.logins) == ([], [])


@pytest.mark.parametrize("host", ["a" * 70 + ".example", "127.0.0.1"])
def test_letters_that_no_mail_server_takes_are_said_and_nothing_is_sent(host: str) -> None:
    with mail_server(auth=True) as mail:
        security = "none" if host == "127.0.0.1" else "starttls"
        with pytest.raises(DeliveryError, match="do not take") as raised:
            channel(mail, "pässword", **LOGIN, host=host, security=security).deliver(NEWS, AT)
        assert "pässword" not in f"{raised.value} {raised.value.hint}"
        assert mail.envelopes == []


@pytest.fixture(scope="module")
def certificate(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A self-signed certificate for 127.0.0.1 and its key, in one file."""
    openssl = shutil.which("openssl")
    if not openssl:
        pytest.skip("no openssl here to make a certificate with")
    folder = tmp_path_factory.mktemp("tls")
    names = ["-subj", "/CN=localhost", "-addext", "subjectAltName=IP:127.0.0.1"]
    made = [
        openssl,
        "req",
        "-x509",
        "-newkey",
        "ec",
        "-pkeyopt",
        "ec_paramgen_curve:prime256v1",
        "-nodes",
        "-days",
        "2",
    ]
    subprocess.run(
        [*made, *names, "-keyout", "key.pem", "-out", "cert.pem"], cwd=folder, check=True, capture_output=True
    )
    both = folder / "both.pem"
    both.write_text((folder / "cert.pem").read_text() + (folder / "key.pem").read_text())
    return both


def serving(certificate: Path) -> ssl.SSLContext:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate)
    return context


def test_a_certificate_that_nobody_vouches_for_is_not_trusted(certificate: Path) -> None:
    with mail_server(serving(certificate)) as mail:
        error = refusal(mail, security="starttls")
        assert "no trusted connection" in error.message
        assert "SSL_CERT_FILE" in error.hint
        assert mail.envelopes == []


def test_a_private_authority_is_trusted_through_the_environment(
    certificate: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SSL_CERT_FILE", str(certificate))
    with mail_server(serving(certificate), auth=True) as mail:
        send(mail, security="starttls", **LOGIN)
        assert mail.logins == [("advisor", "right")]
        assert len(mail.envelopes) == 1


def test_a_server_that_speaks_tls_alone_is_spoken_to_in_tls(certificate: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with mail_server(tls=serving(certificate)) as mail:
        assert "no trusted connection" in refusal(mail, security="tls").message
        monkeypatch.setenv("SSL_CERT_FILE", str(certificate))
        send(mail, security="tls")
        assert len(mail.envelopes) == 1
