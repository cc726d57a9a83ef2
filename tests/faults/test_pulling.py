"""Reading APIs that misbehave, from the server to the store: nothing is lost, doubled, hidden or waited for in vain."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any, ClassVar

import pytest

from advisor import app
from advisor.config import Config, load
from advisor.contract.http import Http
from advisor.contract.settings import SecretRef
from advisor.contract.source import Parsed, Record, Records, Source, UsageRow
from advisor.desk import Desk, wire
from advisor.domain.facts import Basis, CostFact, InputIncludes, Pull, PullStatus
from advisor.domain.units import DAY_SECONDS, Money, Window
from advisor.errors import AdvisorError, SourceError
from advisor.ingest.side_by_side import AT_ONCE, pulls
from tests.http_server import HttpServer, Reply, Request, http_server, refuses

NOW = datetime(2026, 11, 24, 12, tzinfo=UTC)
TODAY = NOW.replace(hour=0)
KEY = "sk-the-secret-key"


class Api(Records):
    """An API of daily buckets, as most vendors have one: tokens and money of a day, in pages."""

    kind: ClassVar[str] = "api"
    incremental: ClassVar[bool] = True
    api_key: SecretRef
    base_url: str
    path: str = "usage"

    def pull(self, window: Window) -> Iterator[Record]:
        query = {"from": window.start.isoformat(), "to": window.end.isoformat()}
        headers = {"Authorization": f"Bearer {self.api_key.reveal()}"}
        with Http(self.base_url, headers, permission="usage.read", sleep=lambda _: None) as http:
            page = None
            while True:
                answer = http.get(self.path, {**query, "page": page})
                yield from answer["days"]
                page = answer["next"]
                if page is None:
                    return

    def parse(self, record: Record) -> Iterator[Parsed]:
        start = datetime.fromisoformat(record["day"])
        yield UsageRow(
            provider="acme", model_raw="llama", start=start, width_seconds=DAY_SECONDS, input_tokens=record["in"],
            output_tokens=0, input_includes=InputIncludes.NOTHING,
        )  # fmt: skip
        yield CostFact(
            provider="acme", model_raw="llama", start=start, end=start + timedelta(days=1),
            amount=Money(Decimal(record["usd"]), "USD"), basis=Basis.BILLED,
        )  # fmt: skip


class Vendor:
    """What the API knows: tokens by day. It answers what is asked of it, so many days a page."""

    def __init__(self, days: int, per_page: int = 10) -> None:
        self.days = {TODAY - timedelta(days=back): 1000 + back for back in range(days)}
        self.per_page = per_page
        self.broken_page: int | None = None

    def __call__(self, request: Request) -> Any:
        first, end = (datetime.fromisoformat(request.params[name]) for name in ("from", "to"))
        asked = [day for day in sorted(self.days) if first <= day < end]
        page = int(request.params.get("page", 0))
        if page == self.broken_page:
            return refuses(500, "the shard is down")
        more = len(asked) > (page + 1) * self.per_page
        found = asked[page * self.per_page : (page + 1) * self.per_page]
        return {
            "days": [{"day": day.isoformat(), "in": self.days[day], "usd": "1.25"} for day in found],
            "next": page + 1 if more else None,
        }


@pytest.fixture
def server() -> Iterator[HttpServer]:
    with http_server() as listening:
        yield listening


@pytest.fixture
def config(tmp_path: Path) -> Config:
    """A state of its own. The sources are given to the desk as they are."""
    (tmp_path / "log.csv").write_text("day,model,in,out\n2026-11-01,llama,5,1\n")
    file = tmp_path / "advisor.toml"
    file.write_text(
        '[[sources]]\nname = "export"\nkind = "invoice-csv"\npath = "log.csv"\nprovider = "acme"\n'
        'columns = { date = "day", model = "model", input_tokens = "in", output_tokens = "out" }\n'
    )
    return load(file)


def api(server: HttpServer, name: str = "api", environ: dict[str, str] | None = None, **settings: Any) -> Api:
    table = {"name": name, "base_url": server.base_url, "api_key": {"env": "KEY"}, **settings}
    return Api.model_validate(table, context={"environ": {"KEY": KEY} if environ is None else environ})


@contextmanager
def desk_with(config: Config, *sources: Source, now: datetime = NOW) -> Iterator[Desk]:
    """A desk with these sources, beside the export if it is asked for."""
    with wire(config, {}, now) as desk:
        yield replace(desk, sources=sources)


def unseen(reads: Iterator[Pull], _: int) -> Iterator[Pull]:
    return reads


def sync(config: Config, *sources: Source, now: datetime = NOW, start: datetime | None = None) -> None:
    with desk_with(config, *sources, now=now) as desk:
        app.sync(desk, start, unseen)


def stored(config: Config, source: str = "api") -> dict[datetime, int]:
    """Tokens by day, as the store holds them."""
    everything = Window(datetime(2020, 1, 1, tzinfo=UTC), datetime(2030, 1, 1, tzinfo=UTC))
    with wire(config, {}, NOW) as desk:
        return {
            datetime.fromtimestamp(start, UTC): count
            for series in desk.store.usage(everything)
            if series.source == source
            for start, count in zip(series.starts.tolist(), series.uncached_input.tolist(), strict=True)
        }


def status(config: Config, source: str = "api") -> PullStatus:
    with wire(config, {}, NOW) as desk:
        return desk.store.pulls()[source].status


def windows(server: HttpServer) -> list[tuple[str, str]]:
    """The days that were asked for, once a read."""
    return [(r.params["from"][:10], r.params["to"][:10]) for r in server.asked("usage") if "page" not in r.params]


def test_every_page_of_a_first_read_is_stored_and_a_second_read_changes_nothing(
    server: HttpServer, config: Config
) -> None:
    vendor = Vendor(days=60)
    server.on("usage", vendor)
    sync(config, api(server))
    assert stored(config) == vendor.days
    assert len(server.requests) == 60 / 10
    sync(config, api(server))
    assert stored(config) == vendor.days


def test_a_second_read_asks_only_for_what_may_have_changed(server: HttpServer, config: Config) -> None:
    """The bucket of today runs on: yesterday's is the last that was complete, at midnight, less 3 days."""
    server.on("usage", Vendor(days=60))
    sync(config, api(server))
    sync(config, api(server))
    sync(config, api(server), start=datetime(2026, 9, 1, tzinfo=UTC))
    assert windows(server) == [
        ("2025-10-01", "2026-11-25"), ("2026-11-21", "2026-11-25"), ("2026-09-01", "2026-11-25")
    ]  # fmt: skip


def test_what_vanishes_upstream_inside_the_window_vanishes_here_and_what_is_older_stays(
    server: HttpServer, config: Config
) -> None:
    vendor = Vendor(days=60)
    server.on("usage", vendor)
    sync(config, api(server))
    before = dict(vendor.days)
    inside, outside = TODAY - timedelta(days=2), TODAY - timedelta(days=20)
    del vendor.days[inside], vendor.days[outside]
    vendor.days[TODAY - timedelta(days=1)] = 7
    sync(config, api(server))
    assert stored(config) == {**vendor.days, outside: before[outside]}
    with wire(config, {}, NOW) as desk:
        known = desk.store.coverage(Window(TODAY - timedelta(days=30), TODAY))["api"]
    assert inside.date() not in known.usage_days
    assert outside.date() in known.usage_days


def test_a_restated_month_is_found_after_its_end(server: HttpServer, config: Config) -> None:
    """Read on 31 October and on 9 November: a day of early October that was restated between is read again."""
    vendor = Vendor(days=60)
    server.on("usage", vendor)
    sync(config, api(server), now=datetime(2026, 10, 31, 12, tzinfo=UTC))
    early = datetime(2026, 10, 2, tzinfo=UTC)
    vendor.days[early] = 5
    sync(config, api(server), now=datetime(2026, 11, 9, 12, tzinfo=UTC))
    assert stored(config)[early] == 5
    assert windows(server)[-1][0] == "2026-10-01"


@pytest.mark.parametrize("page", [0, 2, 5])
def test_a_read_that_breaks_off_on_any_page_removes_and_changes_nothing(
    server: HttpServer, config: Config, page: int
) -> None:
    vendor = Vendor(days=60)
    server.on("usage", vendor)
    sync(config, api(server))
    before = stored(config)
    vendor.days = dict.fromkeys(vendor.days, 1)
    vendor.broken_page = page
    with pytest.raises(SourceError, match=r"api: .*answers 500: the shard is down"):
        sync(config, api(server), start=datetime(2026, 9, 1, tzinfo=UTC))
    assert stored(config) == before
    assert status(config) is PullStatus.FAILED


def test_after_failures_all_since_the_last_good_read_is_read_again(server: HttpServer, config: Config) -> None:
    vendor = Vendor(days=60)
    server.on("usage", vendor)
    sync(config, api(server), now=datetime(2026, 11, 14, 12, tzinfo=UTC))
    vendor.broken_page = 0
    for day in (15, 20):
        with pytest.raises(SourceError):
            sync(config, api(server), now=datetime(2026, 11, day, 12, tzinfo=UTC))
    vendor.broken_page = None
    sync(config, api(server))
    assert windows(server)[-1] == ("2026-11-11", "2026-11-25")
    assert stored(config) == vendor.days


@pytest.mark.parametrize(
    "reply",
    [refuses(401, "invalid key"), refuses(403), {"days": [], "next": None}, Reply(body="<html>"), Reply(status=204)],
    ids=["no key", "no permission", "no rows", "a login page", "no content"],
)
def test_no_access_and_no_answer_are_failures_and_never_zero_traffic(
    server: HttpServer, config: Config, reply: Any
) -> None:
    server.on("usage", Vendor(days=60))
    sync(config, api(server))
    before = stored(config)
    server.on("usage", reply)
    with pytest.raises(SourceError, match="no source could be read"):
        sync(config, api(server))
    assert stored(config) == before


def test_a_failing_source_hides_no_other_and_marks_its_own_data_alone(server: HttpServer, config: Config) -> None:
    server.on("usage", Vendor(days=3))
    server.on("locked", refuses(403))
    with wire(config, {}, NOW) as desk:
        (export,) = desk.sources
    sync(config, api(server, "locked", path="locked"), api(server, "keyless", environ={}), export, api(server))
    assert [status(config, name) for name in ("locked", "keyless", "export", "api")] == [
        PullStatus.FAILED, PullStatus.FAILED, PullStatus.OK, PullStatus.OK
    ]  # fmt: skip
    with wire(config, {}, NOW) as desk:
        last = desk.store.pulls()
    assert last["keyless"].warnings == ("the environment variable KEY is not set", "export KEY=... and run again")
    assert "usage.read" in last["locked"].warnings[1]
    assert KEY not in str(last)


def test_a_source_without_its_secret_is_an_error_where_no_other_can_be_read(server: HttpServer, config: Config) -> None:
    with pytest.raises(SourceError, match="keyless: the environment variable KEY is not set") as caught:
        sync(config, api(server, "keyless", environ={}))
    assert caught.value.hint == "export KEY=... and run again"
    assert caught.value.exit_code == 1


def test_slow_apis_are_read_side_by_side(server: HttpServer, config: Config) -> None:
    """Each waits until all of them have been asked, which one after the other would never be."""
    together = threading.Barrier(AT_ONCE, timeout=20)
    vendor = Vendor(days=3)

    def answer(request: Request) -> Any:
        together.wait()
        return vendor(request)

    server.on("usage", answer)
    sources = [api(server, f"api-{number}") for number in range(AT_ONCE)]
    sync(config, *sources)
    assert {status(config, source.name) for source in sources} == {PullStatus.OK}


def test_an_api_that_never_ends_is_left_behind_at_the_deadline(server: HttpServer, config: Config) -> None:
    server.on("slow", Reply(body={"days": [], "next": None}, delay_seconds=3))
    server.on("usage", Vendor(days=3))
    window = Window(TODAY - timedelta(days=3), TODAY + timedelta(days=1))
    asked = [(api(server, "slow", path="slow"), window), (api(server), window)]
    began = time.monotonic()
    found = {read.source: read for read in pulls(asked, NOW, deadline_seconds=0.6)}
    assert time.monotonic() - began < 2.5
    assert found["api"].status is PullStatus.OK
    assert found["slow"].status is PullStatus.FAILED
    assert found["slow"].warnings[0] == "it was not read to its end within 0.6 s"


def test_a_count_that_cannot_be_summed_stops_the_run_from_any_thread(server: HttpServer, config: Config) -> None:
    server.on("usage", {"days": [{"day": TODAY.isoformat(), "in": 2**63, "usd": "1"}], "next": None})
    with pytest.raises(AdvisorError, match=str(2**63)):
        sync(config, api(server))
