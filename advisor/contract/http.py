"""A small JSON client for the API of one source: it retries what may pass, and ends within a budget and a deadline."""

from __future__ import annotations

import json
import random
import time
from base64 import b64decode
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from decimal import Decimal
from typing import TYPE_CHECKING, Any, NoReturn, Self
from urllib.parse import urlsplit

from advisor.contract.endpoint import checked
from advisor.contract.retry_after import asked_wait
from advisor.errors import SourceError

if TYPE_CHECKING:
    import httpx2

Params = Mapping[str, Any] | Sequence[tuple[str, Any]]

RETRIES = 5
LONGEST_BACKOFF_SECONDS = 60.0
LARGEST_ANSWER_BYTES = 256 * 2**20
SHORTEST_SECRET = 6
QUOTED = 200  # characters of the other side's own words in a message


class Http:
    """Asks one API for JSON. Only what reads goes through it, a search by POST too: any call may be made twice.

    *base_url* is https, or http on this machine. *headers* hold the credentials; they go to that host alone, and
    never into a message. *permission* completes the hint where access is refused: `permission="api.usage.read"`.
    *budget_setting* names the source's own setting behind *budget*, if it has one. The deadline starts with the first
    call.

    Connection errors, 408, 429 and 5xx are tried again, at most 5 times: after the time that the answer asks for
    (`retry-after-ms`, or `Retry-After` in seconds or as a date), else after a random part of 1, 2, 4, 8, 16 s. Every
    other failure is final. Each is a SourceError, `transient` where a later run may succeed.
    """

    def __init__(
        self,
        base_url: str,
        headers: Mapping[str, str] | None = None,
        *,
        budget: int = 2_000,
        deadline_seconds: float = 300.0,
        timeout_seconds: float = 30.0,
        permission: str = "",
        budget_setting: str = "",
        sleep: Callable[[float], object] | None = None,
        clock: Callable[[], float] | None = None,
    ) -> None:
        self.base_url = checked(base_url)
        self.calls = 0
        self._host = urlsplit(self.base_url).netloc
        self._headers = dict(headers or {})
        self._secrets = [secret for value in self._headers.values() for secret in _secrets(value)]
        for name, value in self._headers.items():
            if not (value.isascii() and value.isprintable()):
                raise SourceError(
                    f"the header {name} for {self._host} holds a character that no header may hold",
                    "look for a line break or a typographic character in the secret",
                )
        self._budget, self._budget_setting = budget, budget_setting
        self._deadline_seconds, self._timeout_seconds = deadline_seconds, timeout_seconds
        self._permission = permission
        # Looked up here and not as defaults, so that a test can stop all waiting at once.
        self._sleep, self._clock = sleep or time.sleep, clock or time.monotonic
        self._started: float | None = None
        self._client: httpx2.Client | None = None

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        if self._client is not None:
            self._client.close()
            self._client = None

    def get(self, path: str, params: Params = ()) -> Any:
        """The parsed JSON at *path*: numbers with a point are Decimal, so that money stays exact.

        *path* is relative to the base URL, or a whole address on the same host, as links to a next page are.
        A parameter that is a list is repeated, one that is None is left out.
        """
        return self._ask("GET", path, params)

    def post(self, path: str, json: Any, params: Params = ()) -> Any:
        """The parsed JSON that a query by POST gives."""
        return self._ask("POST", path, params, json)

    def _ask(self, method: str, path: str, params: Params, body: Any = None) -> Any:
        url = self._url(path)
        query = _query(params)
        for retry in range(RETRIES + 1):
            try:
                return self._once(method, url, query, body)
            except _PassingError as error:
                failure = error
            if retry < RETRIES:
                self._wait(failure, retry)
        raise SourceError(
            f"{self._host} {failure}, {RETRIES + 1} times in a row", "try again later", transient=True
        ) from failure

    def _url(self, path: str) -> str:
        """The address of *path*. One on another host is refused: it would be handed the credentials."""
        if "://" not in path and not path.startswith("//"):
            return self.base_url + path.lstrip("/")
        base, asked = urlsplit(self.base_url), urlsplit(path)
        if (asked.scheme, asked.netloc) != (base.scheme, base.netloc):
            raise SourceError(
                f"{self._host} points to {asked.scheme}://{asked.netloc}, which is not asked: it would get the secret",
                "check base_url",
            )
        return path

    def _once(self, method: str, url: str, query: list[tuple[str, Any]], body: Any) -> Any:
        """Ask once. Raises _PassingError where trying again may help, and SourceError where it cannot."""
        import httpx2

        if self.calls >= self._budget:
            raise SourceError(
                f"{self._host} needs more than {self._budget:,} calls in one run",
                f"raise {self._budget_setting}" if self._budget_setting else "let the source read less at a time",
            )
        left = self._left()
        self.calls += 1
        try:
            with self._opened().stream(
                method, url, params=query or None, json=body, timeout=min(self._timeout_seconds, left)
            ) as answer:
                content = self._content(answer)
        except (httpx2.TransportError, httpx2.DecodingError) as error:
            why = self._without_secrets(str(error)) or type(error).__name__
            raise _PassingError(f"gives no whole answer: {why}") from error
        if not answer.is_success:
            self._refuse(answer, content)
        return self._parsed(answer, content)

    def _left(self) -> float:
        """Seconds until the deadline. Raises SourceError where it has passed."""
        now = self._clock()
        if self._started is None:
            self._started = now
        left = self._started + self._deadline_seconds - now
        if left <= 0:
            raise SourceError(
                f"{self._host} was not read to its end within {self._deadline_seconds:.0f} s",
                "try again later, or let the source read less at a time",
                transient=True,
            )
        return left

    def _opened(self) -> httpx2.Client:
        import httpx2

        if self._client is None:
            # On this machine nothing may come between: a proxy would see the secret in the clear.
            secure = self.base_url.startswith("https:")
            self._client = httpx2.Client(headers=self._headers, follow_redirects=False, trust_env=secure)
        return self._client

    def _content(self, answer: httpx2.Response) -> bytes:
        content = bytearray()
        for chunk in answer.iter_bytes():
            content += chunk
            self._left()
            if len(content) > LARGEST_ANSWER_BYTES:
                raise SourceError(
                    f"{self._host} answers with more than {LARGEST_ANSWER_BYTES // 2**20} MiB at once",
                    "check base_url, or let the source read less at a time",
                )
        return bytes(content)

    def _parsed(self, answer: httpx2.Response, content: bytes) -> Any:
        try:
            return json.loads(content, parse_float=Decimal, parse_constant=_not_a_number)
        except (ValueError, RecursionError) as error:
            told = answer.headers.get("content-type", "no content type").partition(";")[0]
            raise SourceError(
                f"{self._host} does not answer in JSON that can be read, but with {len(content):,} bytes of {told}",
                "check base_url: a login page or a proxy may answer in its place",
            ) from error

    def _refuse(self, answer: httpx2.Response, content: bytes) -> NoReturn:
        """Say what an answer means that is no success."""
        status = answer.status_code
        said = self._said(content)
        if status in (408, 429) or status >= 500:
            raise _PassingError(f"answers {status}{said}", asked_wait(answer.headers))
        if status in (401, 403):
            needs = f"it needs the permission {self._permission}" if self._permission else "check what it may read"
            raise SourceError(f"no access: {self._host} answers {status}{said}", f"check the credentials: {needs}")
        if answer.has_redirect_location:
            there = urlsplit(answer.headers["location"])
            raise SourceError(
                f"{self._host} sends on to {there.netloc or self._host}{there.path}, which is not followed",
                "set base_url to the address that answers",
            )
        raise SourceError(
            f"{self._host} answers {status} to {answer.request.method} {answer.request.url.path}{said}",
            "check base_url" if status in (404, 405) else "check the source's settings",
        )

    def _said(self, content: bytes) -> str:
        """The other side's own words, as `: words`, where its answer is JSON that holds some."""
        try:
            told = json.loads(content)
        except (ValueError, RecursionError):
            return ""
        for key in ("error", "message", "detail"):
            while isinstance(told, Mapping) and told.get(key):
                told = told[key]
        if not isinstance(told, str):
            return ""
        words = " ".join(self._without_secrets(told).split())
        return f": {words[:QUOTED]}"

    def _without_secrets(self, text: str) -> str:
        for secret in self._secrets:
            text = text.replace(secret, "***")
        return text

    def _wait(self, failure: _PassingError, retry: int) -> None:
        """Wait before retry number *retry*, unless that would pass the deadline."""
        wait = failure.wait_seconds
        if wait is None:
            wait = random.uniform(0, min(LONGEST_BACKOFF_SECONDS, 2.0**retry))
        if wait >= self._left():
            raise SourceError(
                f"{self._host} {failure}, and waiting {wait:.0f} s would pass the deadline of "
                f"{self._deadline_seconds:.0f} s",
                "try again later",
                transient=True,
            ) from failure
        self._sleep(wait)


class _PassingError(Exception):
    """A call that failed and may succeed when it is made again, after the time that the answer asks for, if any."""

    def __init__(self, why: str, wait_seconds: float | None = None) -> None:
        super().__init__(why)
        self.wait_seconds = wait_seconds


def _secrets(header: str) -> list[str]:
    """What no message may hold of a header: all of it, its last word, and what stands behind `Basic`."""
    scheme, _, word = header.rpartition(" ")
    found = [header, word]
    if scheme.lower() == "basic":
        with suppress(ValueError):
            found += b64decode(word).decode().split(":")
    # Shorter ones, such as a version, would tear holes into other words.
    return sorted((text for text in found if len(text) >= SHORTEST_SECRET), key=len, reverse=True)


def _query(params: Params) -> list[tuple[str, Any]]:
    pairs = params.items() if isinstance(params, Mapping) else params
    listed = ((name, value if isinstance(value, list | tuple) else [value]) for name, value in pairs)
    return [(name, value) for name, values in listed for value in values if value is not None]


def _not_a_number(text: str) -> NoReturn:
    raise ValueError(f"{text} is no JSON number")
