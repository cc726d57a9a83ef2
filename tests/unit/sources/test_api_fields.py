"""The fields of an API's answer are read exactly, or refused by name."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest

from advisor.contract import api_fields, paging
from advisor.contract.api_fields import OddFieldError
from advisor.domain.units import Window
from advisor.errors import SourceError
from tests.contract.apis import api_source
from tests.http_server import http_server


@pytest.mark.parametrize("value", [182000, "182000", 182000.0, "1.82e5", Decimal("1.82E+5"), Decimal("182000.00")])
def test_a_count_is_whole_however_it_is_spelt(value: Any) -> None:
    assert api_fields.count({"n": value}, "n") == 182_000


@pytest.mark.parametrize("value", [1.5, "1,234", "n/a", "", True, [], {}, "1e999", "١٢", "NaN", float("inf"), "0x10"])
def test_a_count_that_is_none_is_refused_by_name(value: Any) -> None:
    with pytest.raises(OddFieldError, match=r"^n is .*, not a whole number$"):
        api_fields.count({"n": value}, "n")


def test_a_count_that_is_not_there_is_unknown_and_not_zero() -> None:
    assert api_fields.count_said({"n": None}, "n") is None
    assert api_fields.count_said({}, "n") is None
    assert api_fields.count_said({"n": 0}, "n") == 0
    with pytest.raises(OddFieldError, match="n is missing"):
        api_fields.count({}, "n")


def test_an_amount_is_exact() -> None:
    assert api_fields.amount({"v": 0.1}, "v") + api_fields.amount({"v": "0.2"}, "v") == Decimal("0.3")


@pytest.mark.parametrize(
    "value", [1790812800, "2026-10-01T00:00:00Z", "2026-10-01T02:00:00+02:00", "2026-10-01", "2026-10-01T00:00:00.000Z"]
)
def test_a_moment_is_utc(value: Any) -> None:
    found = api_fields.moment({"at": value}, "at")
    assert (found, found.utcoffset()) == (datetime(2026, 10, 1, tzinfo=UTC), timedelta(0))


@pytest.mark.parametrize("value", ["2026-10-01T00:00:00", 1790812800000, -1, "yesterday", None, True])
def test_a_moment_that_could_be_another_is_refused(value: Any) -> None:
    with pytest.raises(OddFieldError, match=r"^at is "):
        api_fields.moment({"at": value}, "at")


def test_a_window_is_widened_to_whole_buckets_and_no_further() -> None:
    odd = Window(datetime(2026, 10, 1, 8, 31, tzinfo=UTC), datetime(2026, 10, 2, 9, 1, tzinfo=UTC))
    hours, days = api_fields.whole_hours(odd), api_fields.whole_days(odd)
    assert hours == Window(datetime(2026, 10, 1, 8, tzinfo=UTC), datetime(2026, 10, 2, 10, tzinfo=UTC))
    assert days == Window(datetime(2026, 10, 1, tzinfo=UTC), datetime(2026, 10, 3, tzinfo=UTC))
    assert (api_fields.whole_hours(hours), api_fields.whole_days(days)) == (hours, days)


def test_parts_of_a_window_leave_no_gap_and_no_overlap() -> None:
    whole = Window(datetime(2026, 10, 1, tzinfo=UTC), datetime(2026, 12, 15, tzinfo=UTC))
    parts = list(api_fields.at_most(whole, timedelta(days=31)))
    assert [part.start for part in parts] == [whole.start, *(part.end for part in parts[:-1])]
    assert parts[-1].end == whole.end
    assert sum((part.end - part.start for part in parts), timedelta(0)) == whole.end - whole.start


def test_pages_that_go_round_in_a_circle_are_an_error() -> None:
    following = {"": "a", "a": "b", "b": "a"}
    with pytest.raises(SourceError, match="same page again"):
        list(paging.pages(lambda cursor: {"next": following[cursor]}, lambda page: str(page["next"]), "usage"))


@pytest.mark.parametrize("kind", ["openai", "anthropic", "together", "fireworks", "baseten", "openrouter"])
def test_an_address_may_hold_the_version_of_the_api_or_leave_it_out(kind: str) -> None:
    with http_server() as http:
        for version in ("", "api/v1/" if kind == "openrouter" else "v1/"):
            own = {"account_id": "acme"} if kind == "fireworks" else {}
            source = api_source(kind, http, **own, base_url=f"{http.base_url}{version}")
            with pytest.raises(SourceError, match="404"):
                source.check()
        first, second = (request.path for request in http.requests)
        assert first == second
