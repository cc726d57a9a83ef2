"""The client of every API: what it tries again and for how long, what it says when it gives up, and what never."""

from __future__ import annotations

import socket
from base64 import b64encode
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from email.utils import format_datetime
from typing import Any

import pytest

from advisor.contract import http
from advisor.contract.http import Http
from advisor.errors import SourceError
from tests.http_server import HttpServer, Reply, Request, http_server, pages, refuses

KEY = "sk-the-secret-key"


@pytest.fixture
def server() -> Iterator[HttpServer]:
    with http_server() as listening:
        yield listening


class Time:
    """A clock that moves when somebody sleeps."""

    def __init__(self) -> None:
        self.now = 0.0
        self.slept: list[float] = []

    def sleep(self, seconds: float) -> None:
        self.slept.append(seconds)
        self.now += seconds


@pytest.fixture
def time() -> Time:
    return Time()


@pytest.fixture
def client(server: HttpServer, time: Time) -> Iterator[Http]:
    with Http(
        server.base_url, {"Authorization": f"Bearer {KEY}"}, permission="usage.read", sleep=time.sleep,
        clock=lambda: time.now,
    ) as client:  # fmt: skip
        yield client


def refused(client: Http, path: str = "v1/usage") -> SourceError:
    with pytest.raises(SourceError) as caught:
        client.get(path)
    return caught.value


def test_money_arrives_as_it_was_written_and_counts_as_whole_numbers(server: HttpServer, client: Http) -> None:
    server.on("v1/usage", '{"cost": 0.1234567890123456789, "tokens": 9007199254740993, "rate": 1e-9}')
    found = client.get("v1/usage")
    assert found["cost"] == Decimal("0.1234567890123456789")
    assert found["rate"] == Decimal(1) / 10**9
    assert found["tokens"] == 2**53 + 1
    assert type(found["tokens"]) is int


def test_a_call_carries_its_headers_and_every_parameter_that_is_known(server: HttpServer, client: Http) -> None:
    server.on("v1/usage", {})
    client.get("v1/usage", [("model", "a"), ("model", "b"), ("limit", 7), ("page", None)])
    client.get("v1/usage", {"group_by[]": ["model", "tier"], "page": None})
    first, second = server.requests
    assert first.all_params == {"model": ["a", "b"], "limit": ["7"]}
    assert second.all_params == {"group_by[]": ["model", "tier"]}
    assert first.headers["authorization"] == f"Bearer {KEY}"


def test_a_query_by_post_sends_json(server: HttpServer, client: Http) -> None:
    server.on("v1/query", lambda request: {"you sent": request.body, "for": request.params})
    assert client.post("v1/query", {"from": 1}, {"org": "o"}) == {"you sent": {"from": 1}, "for": {"org": "o"}}


def test_a_base_address_keeps_its_path(server: HttpServer) -> None:
    server.on("proxy/openai/v1/usage", {"here": True})
    for base in (f"{server.base_url}proxy/openai", f"{server.base_url}proxy/openai/"):
        for path in ("v1/usage", "/v1/usage"):
            with Http(base) as client:
                assert client.get(path) == {"here": True}


def test_pages_are_followed_by_their_whole_address_on_the_same_host_only(server: HttpServer, client: Http) -> None:
    server.on("v1/usage", pages([["a"], ["b", "c"]]))
    rows, page = [], client.get("v1/usage")
    while True:
        rows += page["data"]
        if not page["next_page"]:
            break
        page = client.get(f"{server.base_url}v1/usage?page={page['next_page']}")
    assert rows == ["a", "b", "c"]
    for elsewhere in ("https://evil.example/v1/usage", "//evil.example/v1/usage", "http://127.0.0.1:1/v1/usage"):
        assert "which is not asked" in refused(client, elsewhere).message
    assert client.calls == len(server.requests) == 2


@pytest.mark.parametrize("status", [408, 429, 500, 502, 503, 504, 529])
def test_what_may_pass_is_tried_again(server: HttpServer, client: Http, time: Time, status: int) -> None:
    server.on("v1/usage", Reply(status=status), Reply(status=status), {"rows": 3})
    assert client.get("v1/usage") == {"rows": 3}
    assert client.calls == len(server.requests) == 3
    assert all(0 <= slept <= longest for slept, longest in zip(time.slept, [1, 2], strict=True))


@pytest.mark.parametrize("status", [400, 404, 405, 409, 410, 422])
def test_what_will_not_pass_is_asked_once(server: HttpServer, client: Http, status: int) -> None:
    server.on("v1/usage", refuses(status, "unknown bucket_width"))
    error = refused(client)
    assert (client.calls, error.transient) == (1, False)
    assert f"answers {status} to GET /v1/usage: unknown bucket_width" in error.message
    assert error.hint


@pytest.mark.parametrize("breaks", ["before answering", "in the answer"])
def test_a_connection_that_breaks_is_tried_again(server: HttpServer, client: Http, breaks: Any) -> None:
    server.on("v1/usage", Reply(body={"rows": 1}, breaks=breaks), {"rows": 3})
    assert client.get("v1/usage") == {"rows": 3}


def test_an_answer_that_does_not_come_in_time_is_tried_again(server: HttpServer, time: Time) -> None:
    server.on("v1/usage", Reply(delay_seconds=0.5), {"rows": 3})
    with Http(server.base_url, timeout_seconds=0.1, sleep=time.sleep) as client:
        assert client.get("v1/usage") == {"rows": 3}
    assert client.calls == 2


def test_after_five_retries_it_gives_up_and_a_later_run_may_succeed(
    server: HttpServer, client: Http, time: Time
) -> None:
    server.on("v1/usage", refuses(503, "overloaded"))
    error = refused(client)
    assert (client.calls, error.transient) == (1 + 5, True)
    assert "answers 503: overloaded, 6 times in a row" in error.message
    assert error.hint == "try again later"
    assert all(0 <= slept <= 2**retry for retry, slept in enumerate(time.slept))


def test_nobody_listening_is_a_failure_that_may_pass(time: Time) -> None:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    with Http(f"http://127.0.0.1:{port}/", sleep=time.sleep) as client:
        error = refused(client)
    assert error.transient
    assert f"127.0.0.1:{port} gives no whole answer" in error.message


SENT = datetime(2026, 11, 24, 12, tzinfo=UTC)


@pytest.mark.parametrize(
    ("headers", "waited"),
    [
        ({"Retry-After": "7"}, 7),
        ({"Retry-After": "0"}, 0),
        ({"Retry-After": "90"}, 90),
        ({"retry-after-ms": "1500"}, 1.5),
        ({"retry-after-ms": "1500", "Retry-After": "7"}, 1.5),
        ({"Retry-After": format_datetime(SENT + timedelta(seconds=42), usegmt=True)}, 42),
        ({"Retry-After": format_datetime(SENT - timedelta(seconds=42), usegmt=True)}, 0),
    ],
    ids=["seconds", "at once", "longer than any backoff", "milliseconds", "finest first", "date", "date gone by"],
)
def test_the_wait_that_an_answer_asks_for_is_kept(
    server: HttpServer, client: Http, time: Time, headers: dict[str, str], waited: float
) -> None:
    """A date is measured against the date of the answer, whatever this machine's clock says."""
    stamped = {"Date": format_datetime(SENT, usegmt=True), **headers}
    server.on("v1/usage", Reply(status=429, headers=stamped), {})
    client.get("v1/usage")
    assert time.slept == [waited]


@pytest.mark.parametrize("text", ["soon", "-5", "nan", "inf", "²", "Tue, 99 Nov 2026 99:99:99 GMT", "1e999"])
@pytest.mark.parametrize("name", ["Retry-After", "retry-after-ms"])
def test_a_wait_that_cannot_be_read_is_a_backoff(
    server: HttpServer, client: Http, time: Time, name: str, text: str
) -> None:
    server.on("v1/usage", Reply(status=503, headers={name: text.encode().decode("latin-1")}), {})
    client.get("v1/usage")
    (slept,) = time.slept
    assert 0 <= slept <= 1


def test_no_wait_passes_the_deadline(server: HttpServer, client: Http, time: Time) -> None:
    server.on("v1/usage", refuses(429, "slow down", Retry_After="301"))
    error = refused(client)
    assert time.slept == []
    assert error.transient
    assert "slow down, and waiting 301 s would pass the deadline of 300 s" in error.message


def test_the_deadline_holds_over_all_calls_from_the_first(server: HttpServer, client: Http, time: Time) -> None:
    server.on("v1/usage", {})
    time.now = 1_000.0
    client.get("v1/usage")
    time.now += 300.0
    error = refused(client)
    assert (client.calls, error.transient) == (1, True)
    assert "was not read to its end within 300 s" in error.message


def test_an_answer_that_trickles_does_not_outlast_the_deadline(server: HttpServer) -> None:
    ticks = iter([0.0, 0.0, 1.0, 400.0])
    server.on("v1/usage", Reply(body=b"[" + b"1," * 500_000 + b"1]"))
    with Http(server.base_url, clock=lambda: next(ticks)) as client:
        assert "within 300 s" in refused(client).message


def test_the_budget_counts_every_call_and_names_the_setting_behind_it(server: HttpServer, time: Time) -> None:
    server.on("v1/usage", refuses(503), {})
    with Http(server.base_url, budget=2, budget_setting="max_requests_per_run", sleep=time.sleep) as client:
        client.get("v1/usage")
        error = refused(client)
    assert len(server.requests) == client.calls == 2
    assert not error.transient
    assert "needs more than 2 calls in one run" in error.message
    assert error.hint == "raise max_requests_per_run"


@pytest.mark.parametrize("status", [401, 403])
def test_no_access_names_the_permission_and_is_not_tried_again(server: HttpServer, client: Http, status: int) -> None:
    server.on("v1/usage", refuses(status, "invalid x-api-key"))
    error = refused(client)
    assert (client.calls, error.transient) == (1, False)
    assert error.message.startswith("no access: ")
    assert "usage.read" in error.hint


def test_no_message_holds_a_secret_though_the_other_side_quotes_it(server: HttpServer, client: Http) -> None:
    for reply in (
        refuses(401, f"Incorrect API key provided: {KEY}"),
        refuses(400, f"Bearer {KEY} is not\nunderstood"),
        Reply(status=500, body={"detail": KEY}),
    ):
        server.on("v1/usage", reply)
        error = refused(client)
        assert KEY not in f"{error.message} {error.hint}"
        assert "***" in error.message
    assert KEY not in repr(client)


def test_a_password_is_no_more_shown_than_a_key_and_short_headers_hide_nothing(server: HttpServer) -> None:
    login = b64encode(b"pk-public-half:sk-secret-half").decode()
    server.on("v1/usage", refuses(400, f"sk-secret-half, {login} and version 2 do not go together"))
    with Http(server.base_url, {"Authorization": f"Basic {login}", "x-version": "2"}) as client:
        assert refused(client).message.endswith(": ***, *** and version 2 do not go together")


@pytest.mark.parametrize("secret", ["sk-one\nsk-two", "sk-“quoted”", "sk\x00"])
def test_a_secret_that_no_header_can_hold_is_refused_without_being_shown(server: HttpServer, secret: str) -> None:
    with pytest.raises(SourceError, match="the header x-api-key") as caught:
        Http(server.base_url, {"x-api-key": secret})
    assert "sk" not in f"{caught.value.message} {caught.value.hint}".replace("asks", "")


def test_credentials_are_not_carried_on_to_another_address(server: HttpServer, client: Http) -> None:
    with http_server() as other:
        other.on("v1/usage", {"stolen": True})
        there = f"{other.base_url}v1/usage?token={KEY}"
        server.on("v1/usage", Reply(status=302, headers={"Location": there}))
        error = refused(client)
        assert other.requests == []
    assert "/v1/usage, which is not followed" in error.message
    assert KEY not in error.message


@pytest.mark.parametrize(
    "body", ["<html>Sign in</html>", "", '{"rows": [', '{"cost": NaN}', "[" * 100_000, b"\xff\xfe\x00", "1" * 5_000]
)
def test_an_answer_that_is_no_json_is_refused_and_not_read_as_nothing(
    server: HttpServer, client: Http, body: str | bytes
) -> None:
    server.on("v1/usage", Reply(body=body, headers={"Content-Type": "text/html; charset=utf-8"}))
    error = refused(client)
    assert "does not answer in JSON" in error.message
    assert f"{len(body):,} bytes of text/html" in error.message
    assert "base_url" in error.hint


def test_an_answer_without_end_is_refused(server: HttpServer, client: Http, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(http, "LARGEST_ANSWER_BYTES", 2**20)
    server.on("v1/usage", Reply(body=b" " * (2**20 + 1)))
    assert "more than 1 MiB" in refused(client).message


def test_a_proxy_of_the_environment_never_sees_what_is_sent_on_this_machine(
    server: HttpServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    with http_server() as proxy:
        for name in ("HTTP_PROXY", "http_proxy", "ALL_PROXY"):
            monkeypatch.setenv(name, proxy.base_url)
        server.on("v1/usage", {"rows": 3})
        with Http(server.base_url) as client:
            assert client.get("v1/usage") == {"rows": 3}
        assert proxy.requests == []


@pytest.mark.parametrize("address", ["http://api.acme.example/", "https://me:secret@acme.example/", "acme.example"])
def test_an_address_that_would_send_secrets_in_the_clear_is_refused(address: str) -> None:
    with pytest.raises(ValueError, match=r"address|in the clear"):
        Http(address)


def test_a_request_that_the_test_server_knows_nothing_of_is_not_found(server: HttpServer, client: Http) -> None:
    error = refused(client, "v1/other")
    assert "answers 404 to GET /v1/other" in error.message
    assert error.hint == "check base_url"
    assert [type(request) for request in server.requests] == [Request]
