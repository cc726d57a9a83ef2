"""AWS on this machine: S3, STS, CloudWatch, Bedrock and Cost Explorer, each as far as sources ask it, over HTTP."""

from __future__ import annotations

import hashlib
import json
import re
import sys
from collections import defaultdict, deque
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread
from typing import Any
from urllib.parse import parse_qs, unquote, urlsplit
from xml.sax.saxutils import escape

Reply = Callable[[dict[str, Any]], dict[str, Any]]
NOW = datetime(2026, 11, 24, tzinfo=UTC)


@dataclass(frozen=True, kw_only=True)
class Refusal:
    """An error in place of an answer."""

    code: str
    message: str = "as the test wants it"
    status: int = 400


@dataclass(frozen=True, kw_only=True)
class Object:
    """What a bucket holds under a key."""

    content: bytes
    modified: datetime = NOW

    @property
    def etag(self) -> str:
        return f'"{hashlib.md5(self.content).hexdigest()}"'


@dataclass
class Aws:
    """What the stand-in holds, and what it was asked: operations with their parameters, and who asked.

    `replies` answer the operations of all but S3 and STS; `refusals` come before them, one a request.
    """

    url: str = ""
    buckets: dict[str, dict[str, Object]] = field(default_factory=lambda: defaultdict(dict))
    replies: dict[str, Reply] = field(default_factory=dict)
    refusals: dict[str, deque[Refusal]] = field(default_factory=lambda: defaultdict(deque))
    asked: list[tuple[str, dict[str, Any]]] = field(default_factory=list)
    callers: list[tuple[str, str]] = field(default_factory=list)
    keys_per_page: int = 1000
    breaks_off: set[str] = field(default_factory=set)
    faults: list[str] = field(default_factory=list)

    def put(self, bucket: str, key: str, content: str | bytes, modified: datetime = NOW) -> None:
        raw = content.encode() if isinstance(content, str) else content
        self.buckets[bucket][key] = Object(content=raw, modified=modified)

    def refuse(self, operation: str, code: str, times: int = 1, **more: Any) -> None:
        self.refusals[operation].extend([Refusal(code=code, **more)] * times)

    def of(self, operation: str) -> list[dict[str, Any]]:
        """The parameters of each request for that operation."""
        return [parameters for name, parameters in self.asked if name == operation]


class Handler(BaseHTTPRequestHandler):
    aws: Aws
    protocol_version = "HTTP/1.1"

    def do_GET(self) -> None:
        path = unquote(urlsplit(self.path).path)
        query = {
            name: values[0] for name, values in parse_qs(urlsplit(self.path).query, keep_blank_values=True).items()
        }
        if path in ("/foundation-models", "/inference-profiles"):
            name = "ListFoundationModels" if path == "/foundation-models" else "ListInferenceProfiles"
            self._json(name, query)
        elif "list-type" in query:
            self._list(path.strip("/"), query)
        else:
            self._get(*path.lstrip("/").split("/", 1))

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers["Content-Length"]))
        if target := self.headers.get("X-Amz-Target"):
            self._json(target.rpartition(".")[2], json.loads(body))
        else:
            self._sts({name: values[0] for name, values in parse_qs(body.decode()).items()})

    def _refusal(self, operation: str, parameters: dict[str, Any]) -> Refusal | None:
        key = re.search(r"Credential=([^/]+)/", self.headers.get("Authorization", ""))
        self.aws.asked.append((operation, parameters))
        self.aws.callers.append((operation, key[1] if key else ""))
        waiting = self.aws.refusals[operation]
        return waiting.popleft() if waiting else None

    def _json(self, operation: str, parameters: dict[str, Any]) -> None:
        if refusal := self._refusal(operation, parameters):
            content = json.dumps({"__type": refusal.code, "message": refusal.message})
            self._send(content, "application/json", refusal.status, {"x-amzn-ErrorType": refusal.code})
        else:
            self._send(json.dumps(self.aws.replies[operation](parameters)), "application/json")

    def _sts(self, parameters: dict[str, str]) -> None:
        if refusal := self._refusal(parameters["Action"], parameters):
            error = f"<Error><Code>{refusal.code}</Code><Message>{refusal.message}</Message></Error>"
            self._send(f"<ErrorResponse>{error}</ErrorResponse>", "text/xml", refusal.status)
            return
        made = (
            "<AccessKeyId>ROLEKEY</AccessKeyId><SecretAccessKey>s</SecretAccessKey><SessionToken>t</SessionToken>"
            "<Expiration>2099-01-01T00:00:00Z</Expiration>"
        )
        result = f"<AssumeRoleResult><Credentials>{made}</Credentials></AssumeRoleResult>"
        self._send(f"<AssumeRoleResponse>{result}</AssumeRoleResponse>", "text/xml")

    def _list(self, bucket: str, query: dict[str, str]) -> None:
        refusal = self._refusal("ListObjectsV2", {"Bucket": bucket, **query})
        if refusal or bucket not in self.aws.buckets:
            self._s3_error(refusal or Refusal(code="NoSuchBucket", status=404))
            return
        prefix, delimiter = query.get("prefix", ""), query.get("delimiter", "")
        entries: dict[str, Object | None] = {}
        for key, one in sorted(self.aws.buckets[bucket].items()):
            rest = key.removeprefix(prefix)
            if key.startswith(prefix) and delimiter and delimiter in rest:
                entries[prefix + rest.partition(delimiter)[0] + delimiter] = None
            elif key.startswith(prefix):
                entries[key] = one
        after = query.get("continuation-token", "")
        page = [name for name in entries if name > after]
        more = len(page) > self.aws.keys_per_page
        page = page[: self.aws.keys_per_page]
        content = "".join(_entry(name, entries[name]) for name in page)
        token = f"<NextContinuationToken>{escape(page[-1])}</NextContinuationToken>" if more else ""
        listing = f"<IsTruncated>{'true' if more else 'false'}</IsTruncated>{token}{content}"
        self._send(f"<ListBucketResult>{listing}</ListBucketResult>", "application/xml")

    def _get(self, bucket: str, key: str) -> None:
        refusal = self._refusal("GetObject", {"Bucket": bucket, "Key": key})
        one = self.aws.buckets[bucket].get(key)
        if refusal or not one:
            self._s3_error(refusal or Refusal(code="NoSuchKey", status=404))
        elif self.headers.get("If-Match", one.etag) != one.etag:
            self._s3_error(Refusal(code="PreconditionFailed", status=412))
        elif key in self.aws.breaks_off:
            self.aws.breaks_off.remove(key)
            self._send(one.content, "binary/octet-stream", sent=len(one.content) // 2)
        else:
            self._send(one.content, "binary/octet-stream", 200, {"ETag": one.etag})

    def _s3_error(self, refusal: Refusal) -> None:
        content = f"<Error><Code>{refusal.code}</Code><Message>{refusal.message}</Message></Error>"
        self._send(content, "application/xml", refusal.status)

    def _send(
        self,
        content: str | bytes,
        kind: str,
        status: int = 200,
        headers: dict[str, str] | None = None,
        sent: int | None = None,
    ) -> None:
        raw = content.encode() if isinstance(content, str) else content
        self.send_response(status)
        for name, value in {**(headers or {}), "Content-Type": kind, "Content-Length": str(len(raw))}.items():
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(raw[:sent])
        self.close_connection = self.close_connection or sent is not None

    def log_message(self, format: str, *args: object) -> None:
        """Say nothing: what was asked is kept."""


def _entry(name: str, one: Object | None) -> str:
    if one is None:
        return f"<CommonPrefixes><Prefix>{escape(name)}</Prefix></CommonPrefixes>"
    told = f"<Size>{len(one.content)}</Size><ETag>{escape(one.etag)}</ETag>"
    when = f"<LastModified>{one.modified:%Y-%m-%dT%H:%M:%S.000Z}</LastModified>"
    return f"<Contents><Key>{escape(name)}</Key>{when}{told}</Contents>"


@contextmanager
def aws_server() -> Iterator[Aws]:
    """An AWS that listens until the block ends."""
    aws = Aws()
    handler = type("OwnHandler", (Handler,), {"aws": aws})

    class Server(ThreadingHTTPServer):
        daemon_threads = True

        def handle_error(self, request: Any, client_address: Any) -> None:
            """A client that went away is part of the test; a fault of the stand-in is not."""
            error = sys.exception()
            if not isinstance(error, ConnectionError):
                aws.faults.append(repr(error))

    with Server(("127.0.0.1", 0), handler) as server:
        thread = Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True)
        thread.start()
        aws.url = f"http://127.0.0.1:{server.server_port}/"
        try:
            yield aws
        finally:
            server.shutdown()
            thread.join()
    assert not aws.faults, aws.faults
