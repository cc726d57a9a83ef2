"""Slack and a mail server on this machine, which answer as told and keep what reached them."""

from __future__ import annotations

import asyncio
import json
import ssl
import time
from collections import deque
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from email import message_from_bytes, policy
from email.message import EmailMessage
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Event, Lock, Thread
from typing import Any, Literal
from urllib.parse import parse_qs

from aiosmtpd.smtp import SMTP, AuthResult, Envelope, LoginPassword, Session

Break = Literal["before reading", "after taking", "in the answer"]


@dataclass(frozen=True, kw_only=True)
class Answer:
    """How the Slack server treats one request: what it says, and whether it posts the message, late or not at all."""

    status: int = 200
    body: str | None = None  # None: Slack's own answer to a message that it has posted
    headers: tuple[tuple[str, str], ...] = ()
    posts: bool = False
    posts_after_seconds: float = 0.0  # whoever asked may be gone by then
    breaks: Break | None = None
    delay_seconds: float = 0.0


POSTED = Answer(posts=True)


def refuses(code: str, status: int = 200, **more: Any) -> Answer:
    """Slack's word for why it does not post."""
    return Answer(status=status, body=json.dumps({"ok": False, "error": code, **more}))


BOT = "B0ADVISOR"
NOON = 1795521600.0
"""2026-11-24 12:00 UTC."""


@dataclass
class SlackServer:
    """`chat.postMessage`, `conversations.history` and `auth.test` on loopback.

    `answers` are used up one a post; then `faults` draws one, where it is set; then every message is posted.
    `history_answers` come before the history itself.
    """

    base_url: str = ""
    answers: deque[Answer] = field(default_factory=deque)
    faults: Callable[[], Answer] | None = None
    history_answers: deque[Answer] = field(default_factory=deque)
    history_page: int = 100
    clock: Callable[[], float] = lambda: NOON
    requests: int = 0
    posted: list[dict[str, Any]] = field(default_factory=list)
    tokens: list[str] = field(default_factory=list)
    _lock: Lock = field(default_factory=Lock)

    def respond(self, request: BaseHTTPRequestHandler) -> None:
        match request.path.rpartition("/")[2]:
            case "auth.test":
                request.rfile.read(int(request.headers.get("Content-Length") or 0))
                send(request, Answer(body=json.dumps({"ok": True, "bot_id": BOT, "user_id": "U0ADVISOR"})))
            case "conversations.history":
                self.tell(request, request.rfile.read(int(request.headers.get("Content-Length") or 0)).decode())
            case _:
                self.post(request)

    def post(self, request: BaseHTTPRequestHandler) -> None:
        with self._lock:
            self.requests += 1
            answer = self.answers.popleft() if self.answers else self.faults() if self.faults else POSTED
        if answer.breaks == "before reading":
            return
        self.tokens.append(request.headers.get("Authorization", "").removeprefix("Bearer "))
        posted = json.loads(request.rfile.read(int(request.headers["Content-Length"])))
        time.sleep(answer.posts_after_seconds)
        with self._lock:
            ts = f"{int(self.clock())}.{len(self.posted):06d}"
            if answer.posts:
                self.posted.append({**posted, "ts": ts, "bot_id": BOT})
        time.sleep(answer.delay_seconds)
        if answer.breaks == "after taking":
            return
        send(request, answer, json.dumps({"ok": True, "channel": posted["channel"], "ts": ts}))

    def tell(self, request: BaseHTTPRequestHandler, form: str) -> None:
        """The channel's history, newest first, in pages."""
        if self.history_answers:
            send(request, self.history_answers.popleft())
            return
        asked = parse_qs(form)
        oldest, start = float(asked["oldest"][0]), int(asked.get("cursor", ["0"])[0])
        with self._lock:
            found = [one for one in reversed(self.posted) if float(one["ts"]) >= oldest]
        shown, more = found[start : start + self.history_page], len(found) > start + self.history_page
        if asked.get("include_all_metadata") not in (["1"], ["true"], ["True"]):
            shown = [{name: value for name, value in one.items() if name != "metadata"} for one in shown]
        following = {"next_cursor": str(start + self.history_page)} if more else {}
        body = {"ok": True, "messages": shown, "has_more": more, "response_metadata": following}
        send(request, Answer(body=json.dumps(body)))


def send(request: BaseHTTPRequestHandler, answer: Answer, own: str = "") -> None:
    content = (own if answer.body is None else answer.body).encode()
    request.send_response(answer.status)
    for name, value in (*answer.headers, ("Content-Type", "application/json")):
        request.send_header(name, value)
    request.send_header("Content-Length", str(len(content)))
    request.end_headers()
    request.wfile.write(content[: len(content) // 2] if answer.breaks == "in the answer" else content)


@contextmanager
def slack_server() -> Iterator[SlackServer]:
    """A Slack that listens until the block ends."""
    slack = SlackServer()

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            slack.respond(self)

        def log_message(self, format: str, *args: object) -> None:
            """Say nothing: what arrived is kept."""

    class Server(ThreadingHTTPServer):
        daemon_threads = True

        def handle_error(self, request: Any, client_address: Any) -> None:
            """A client that went away is part of the test."""

    with Server(("127.0.0.1", 0), Handler) as server:
        thread = Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True)
        thread.start()
        slack.base_url = f"http://127.0.0.1:{server.server_port}/api/"
        try:
            yield slack
        finally:
            server.shutdown()
            thread.join()


@dataclass
class MailServer:
    """A mail server on loopback. `says` replaces its answer to a command: "MAIL", "DATA", "END", or an address.

    The answer "close" breaks the connection instead. "END" is what it says once it has the whole message, which takes
    it `scan_seconds`.
    """

    port: int = 0
    says: dict[str, str] = field(default_factory=dict)
    scan_seconds: float = 0.0
    envelopes: list[Envelope] = field(default_factory=list)
    logins: list[tuple[str, str]] = field(default_factory=list)

    @property
    def mails(self) -> list[EmailMessage]:
        """What it has accepted, parsed."""
        contents = [envelope.content for envelope in self.envelopes if isinstance(envelope.content, bytes)]
        parsed = [message_from_bytes(content, policy=policy.SMTP) for content in contents]
        return [mail for mail in parsed if isinstance(mail, EmailMessage)]

    def answer(self, command: str, server: SMTP, default: str) -> str:
        said = self.says.get(command, default)
        if said == "close":
            assert server.transport is not None
            server.transport.close()
        return said

    async def handle_MAIL(  # noqa: N802 (aiosmtpd's name, as the next ones)
        self, server: SMTP, session: Session, envelope: Envelope, address: str, options: list[str]
    ) -> str:
        said = self.answer("MAIL", server, "250 OK")
        if said.startswith("250"):
            envelope.mail_from = address
        return said

    async def handle_RCPT(  # noqa: N802
        self, server: SMTP, session: Session, envelope: Envelope, address: str, options: list[str]
    ) -> str:
        said = self.answer(address, server, "250 OK")
        if said.startswith("250"):
            envelope.rcpt_tos.append(address)
        return said

    async def handle_DATA(self, server: SMTP, session: Session, envelope: Envelope) -> str:  # noqa: N802
        await asyncio.sleep(self.scan_seconds)
        said = self.answer("END", server, "250 OK")
        if said == "close" or said[0] not in "45":
            self.envelopes.append(envelope)
        return said

    def authenticate(
        self, server: SMTP, session: Session, envelope: Envelope, mechanism: str, login: object
    ) -> AuthResult:
        assert isinstance(login, LoginPassword)
        self.logins.append((login.login.decode(), login.password.decode()))
        return AuthResult(success=login.password == b"right", handled=False)


class _Server(SMTP):
    """aiosmtpd's server, which can also refuse, or break off, at DATA itself."""

    async def smtp_DATA(self, arg: str) -> None:  # noqa: N802
        said = self.event_handler.answer("DATA", self, "")
        if said:
            await self.push(said)
        else:
            await super().smtp_DATA(arg)


@contextmanager
def mail_server(
    starttls: ssl.SSLContext | None = None, *, tls: ssl.SSLContext | None = None, auth: bool = False
) -> Iterator[MailServer]:
    """A mail server that listens until the block ends; it may offer STARTTLS, speak TLS alone, or offer a login."""
    mail = MailServer()
    sessions: list[SMTP] = []
    ready = Event()
    loop: asyncio.AbstractEventLoop
    stop: asyncio.Event

    def session() -> SMTP:
        more: dict[str, Any] = {"auth_require_tls": False, "authenticator": mail.authenticate} if auth else {}
        sessions.append(_Server(mail, hostname="localhost", tls_context=starttls, loop=loop, **more))
        return sessions[-1]

    async def serve() -> None:
        nonlocal stop, loop
        loop, stop = asyncio.get_running_loop(), asyncio.Event()
        listening = await loop.create_server(session, "127.0.0.1", 0, ssl=tls)
        mail.port = listening.sockets[0].getsockname()[1]
        ready.set()
        await stop.wait()
        listening.close()
        for transport in filter(None, (session.transport for session in sessions)):
            transport.close()
        await asyncio.sleep(0)

    thread = Thread(target=lambda: asyncio.run(serve()), daemon=True)
    thread.start()
    assert ready.wait(5)
    try:
        yield mail
    finally:
        loop.call_soon_threadsafe(stop.set)
        thread.join()
