"""The API of a vendor on this machine: JSON by route, answered as told, with every request kept."""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Lock, Thread
from typing import Any, Literal
from urllib.parse import parse_qs, unquote, urlsplit


@dataclass(frozen=True, kw_only=True)
class Reply:
    """One answer. *body* is sent as JSON, or as it stands where it is text or bytes.

    It may come late, not at all ("before answering"), or break off half-way ("in the answer").
    """

    status: int = 200
    body: Any = field(default_factory=dict)
    headers: Mapping[str, str] = field(default_factory=dict)
    delay_seconds: float = 0.0
    breaks: Literal["before answering", "in the answer"] | None = None

    @property
    def content(self) -> bytes:
        body = self.body
        if isinstance(body, bytes):
            return body
        return (body if isinstance(body, str) else json.dumps(body, default=str)).encode()


@dataclass(frozen=True, kw_only=True)
class Request:
    """What arrived. `params` holds the last value of each parameter, `all_params` all of them."""

    method: str
    path: str
    params: dict[str, str]
    all_params: dict[str, list[str]]
    headers: dict[str, str]  # names in lower case
    body: Any = None
    raw: bytes = b""


Answer = Reply | Callable[[Request], Any] | Any


@dataclass
class HttpServer:
    """A JSON API on loopback.

    `on` gives a path its answers, used up one a request; the last one stays. An answer is a Reply, JSON, or a
    function from the request to either. A path without answers gives 404.
    """

    base_url: str = ""
    requests: list[Request] = field(default_factory=list)
    _routes: dict[str, list[Answer]] = field(default_factory=dict)
    _lock: Lock = field(default_factory=Lock)

    def on(self, path: str, *answers: Answer) -> None:
        with self._lock:
            self._routes["/" + path.lstrip("/")] = list(answers)

    def asked(self, path: str) -> list[Request]:
        """The requests to one path, oldest first."""
        return [request for request in self.requests if request.path == "/" + path.lstrip("/")]

    def answer(self, request: Request) -> Reply:
        with self._lock:
            self.requests.append(request)
            answers = self._routes.get(request.path)
            if not answers:
                return Reply(status=404, body={"error": {"message": f"there is nothing at {request.path}"}})
            answer = answers.pop(0) if len(answers) > 1 else answers[0]
        given = answer(request) if callable(answer) else answer
        return given if isinstance(given, Reply) else Reply(body=given)


def refuses(status: int, message: str = "", **headers: str) -> Reply:
    """An error as most vendors word one: `refuses(429, Retry_After="7")`."""
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    return Reply(status=status, body={"error": {"message": message}} if message else "", headers=named)


def pages(rows: Sequence[Sequence[Any]], *, of: str = "data", token: str = "page", **more: Any) -> Callable[..., Any]:
    """An answer in pages: *of* holds the rows, `next_page` is given back as *token*, and null on the last page."""

    def page(request: Request) -> dict[str, Any]:
        number = int(request.params.get(token, "page-0").removeprefix("page-"))
        last = number + 1 >= len(rows)
        following = None if last else f"page-{number + 1}"
        return {of: list(rows[number]), "has_more": not last, "next_page": following, **more}

    return page


@contextmanager
def http_server() -> Iterator[HttpServer]:
    """A server that listens until the block ends; requests are answered side by side."""
    http = HttpServer()

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"
        disable_nagle_algorithm = True  # else each answer on a kept connection waits 40 ms for an acknowledgement

        def do_GET(self) -> None:
            self.respond(None, b"")

        def do_POST(self) -> None:
            sent = self.rfile.read(int(self.headers.get("Content-Length") or 0))
            self.respond(json.loads(sent) if sent else None, sent)

        def respond(self, body: Any, raw: bytes) -> None:
            parts = urlsplit(self.path)
            params = parse_qs(parts.query, keep_blank_values=True)
            reply = http.answer(
                Request(
                    method=self.command,
                    path=unquote(parts.path),
                    params={name: values[-1] for name, values in params.items()},
                    all_params=params,
                    headers={name.lower(): value for name, value in self.headers.items()},
                    body=body,
                    raw=raw,
                )
            )
            time.sleep(reply.delay_seconds)
            if reply.breaks:
                self.close_connection = True
            if reply.breaks == "before answering":
                return
            content = reply.content
            self.send_response_only(reply.status)
            own = {"Date": self.date_time_string(), "Content-Type": "application/json"}
            for name, value in {**own, **reply.headers}.items():
                self.send_header(name, value)
            self.send_header("Content-Length", str(len(content)))
            self.end_headers()
            self.wfile.write(content[: len(content) // 2] if reply.breaks else content)

        def log_message(self, format: str, *args: object) -> None:
            """Say nothing: what arrived is kept."""

    class Server(ThreadingHTTPServer):
        daemon_threads = True

        def handle_error(self, request: Any, client_address: Any) -> None:
            """A client that went away is part of the test."""

    with Server(("127.0.0.1", 0), Handler) as server:
        thread = Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True)
        thread.start()
        http.base_url = f"http://127.0.0.1:{server.server_port}/"
        try:
            yield http
        finally:
            server.shutdown()
            thread.join()
