"""`/healthz`, `/readyz` and `/metrics` over HTTP: for whoever watches the daemon, with nothing to change anything."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread
from typing import Any

from advisor.errors import ConfigError

Answer = tuple[int, str, bytes]
"""Status code, content type, body."""
TEXT = "text/plain; charset=utf-8"


@contextmanager
def answering(address: tuple[str, int], pages: Mapping[str, Callable[[], Answer]]) -> Iterator[int]:
    """Serve *pages* as long as the block lasts; yields the port, which the system picks for port 0.

    Raises ConfigError where the address cannot be bound.
    """

    class Handler(BaseHTTPRequestHandler):
        timeout = 10
        server_version, sys_version = "advisor", ""

        def do_GET(self) -> None:
            page = pages.get(self.path.partition("?")[0])
            code, kind, body = page() if page else (404, TEXT, b"/healthz /readyz /metrics\n")
            self.send_response(code)
            self.send_header("Content-Type", kind)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, format: str, *args: Any) -> None:
            """Say nothing: a probe every few seconds is no news."""

    class Server(ThreadingHTTPServer):
        daemon_threads = True
        address_family = _family(address[0])

        def handle_error(self, request: Any, client_address: Any) -> None:
            """A client that goes away is its own business."""

    try:
        server = Server(address, Handler)
    except (OSError, OverflowError) as error:
        where = f"{address[0]}:{address[1]}"
        raise ConfigError(f"{where} cannot be bound: {error}", "set [service] bind to a free address") from error
    with server:
        thread = Thread(target=server.serve_forever, kwargs={"poll_interval": 0.2}, name="web", daemon=True)
        thread.start()
        try:
            yield server.server_port
        finally:
            server.shutdown()
            thread.join()


def _family(host: str) -> Any:
    import socket

    return socket.AF_INET6 if ":" in host else socket.AF_INET
