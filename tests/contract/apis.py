"""What the sources that read an API promise beside the kit: access is proven or named, and half an answer is none."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any, ClassVar

import pytest

from advisor.contract.source import Record, Records
from advisor.contract.testing.source import RecordsKit
from advisor.domain.units import Month
from advisor.errors import SourceError
from advisor.registry import build_source
from tests.http_server import HttpServer, Request, http_server, refuses

SECRET = "the-key-of-the-account"


def api_source(kind: str, http: HttpServer, **settings: Any) -> Records:
    """A source of *kind* that asks the server on this machine."""
    table = {"name": "api", "kind": kind, "api_key": {"env": "KEY"}, "base_url": http.base_url, **settings}
    source = build_source(table, Path(), {"KEY": SECRET})
    assert isinstance(source, Records)
    return source


def sent(request: Request) -> str:
    """The credentials that came with a request."""
    return request.headers.get("authorization") or request.headers.get("x-api-key", "")


class ApiKit(RecordsKit):
    """A records source whose records come over HTTP. `serve` gives the server good answers for `paths`."""

    window = Month(2026, 10).window
    secrets = (SECRET,)
    kind: ClassVar[str]
    settings: ClassVar[dict[str, Any]] = {}
    paths: ClassVar[tuple[str, ...]]

    def serve(self, http: HttpServer) -> None:
        raise NotImplementedError

    @pytest.fixture(autouse=True)
    def _api(self) -> Iterator[None]:
        with http_server() as self.http:
            self.serve(self.http)
            yield

    def source(self) -> Records:
        return api_source(self.kind, self.http, **self.settings)

    def records(self) -> Iterable[Record]:
        return list(self.source().pull(self.window))

    def test_every_request_carries_the_key_in_a_header_alone(self) -> None:
        list(self.source().pull(self.window))
        assert self.http.requests
        assert [one for one in self.http.requests if SECRET in f"{one.path} {one.all_params} {one.body}"] == []
        assert [one.path for one in self.http.requests if not sent(one)] == []

    def test_what_is_known_is_not_asked_for_again(self) -> None:
        assert self.source().incremental

    def test_check_passes_with_access(self) -> None:
        self.source().check()
        assert self.http.requests

    @pytest.mark.parametrize("status", [401, 403])
    def test_no_access_is_an_error_that_names_the_permission(self, status: int) -> None:
        for path in self.paths:
            self.http.on(path, lambda request: refuses(status, f"not with {sent(request)}"))
        for act in (self.source().check, lambda: list(self.source().pull(self.window))):
            with pytest.raises(SourceError, match="no access") as refusal:
                act()
            assert "permission" in refusal.value.hint
            assert not refusal.value.transient
            shown = f"{refusal.value.message} {refusal.value.hint}"
            assert "***" in shown
            assert SECRET not in shown

    @pytest.mark.parametrize("body", [[], {}, {"data": None}, {"data": ["a"]}, "<html>", {"rows": 1, "months": 2}])
    def test_an_answer_of_another_shape_is_never_no_traffic(self, body: Any) -> None:
        for path in self.paths:
            self.http.on(path, body)
        with pytest.raises(SourceError):
            list(self.source().pull(self.window))
