"""What a scan adds up: buckets, windows, widths, repeated records, cached tokens and money."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from decimal import Decimal
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from advisor.domain.facts import Basis, CostFact, InputIncludes, Tokens
from advisor.domain.units import DAY_SECONDS, HOUR_SECONDS, Money, Month
from advisor.errors import SourceError
from advisor.ingest import scan_repeats
from tests.unit.ingest.logs import EVER, OCTOBER, ROWS, at, lines, only, read, table, totals, written

GOOD = ROWS[0]


def request(stamp: str, tokens_in: int = 10, tokens_out: int = 1, **more: object) -> dict[str, object]:
    return {"at": stamp, "model": "m", "in": tokens_in, "out": tokens_out, **more}


def test_requests_are_summed_by_five_minutes_model_and_tier(tmp_path: Path) -> None:
    rows = [
        request("2026-10-01T08:00:00Z", 1, tier="default"),
        request("2026-10-01T08:04:59Z", 2, tier="On-Demand"),
        request("2026-10-01T08:03:00Z", 4, tier=None),
        request("2026-10-01T08:05:00Z", 8, tier="default"),
        request("2026-10-01T08:00:00Z", 16, tier="Batch"),
        request("2026-10-01T08:00:00Z", 32, model="n"),
    ]
    found = read(written(tmp_path / "log.jsonl", lines(rows)), columns={"tier": "tier"})
    counted = {(fact.model_raw, fact.tier, fact.start): (fact.requests, fact.tokens.input) for fact in found.usage}
    assert counted == {
        ("m", "on_demand", at("2026-10-01T08:00")): (3, 1 + 2 + 4),
        ("m", "on_demand", at("2026-10-01T08:05")): (1, 8),
        ("m", "batch", at("2026-10-01T08:00")): (1, 16),
        ("n", "on_demand", at("2026-10-01T08:00")): (1, 32),
    }
    assert {(fact.width_seconds, fact.provider) for fact in found.usage} == {(300, "aws")}


def test_a_constant_model_names_every_record(tmp_path: Path) -> None:
    found = read(written(tmp_path / "log.csv", "at,in,out\n2026-10-01T08:00:00Z,1,2\n"), model="it's llama")
    assert only(found).model_raw == "it's llama"


def test_the_window_is_half_open_to_the_second(tmp_path: Path) -> None:
    stamps = ["2026-09-30T23:59:59Z", "2026-10-01T00:00:00Z", "2026-10-31T23:59:59Z", "2026-11-01T00:00:00Z"]
    file = written(tmp_path / "log.jsonl", lines([request(stamp, 2**n) for n, stamp in enumerate(stamps)]))
    found = read(file, window=OCTOBER.window)
    assert sum(fact.tokens.input for fact in found.usage) == 2 + 4
    assert (found.rows, found.rejected, found.warnings) == (4, 0, ())


def test_a_leap_day_belongs_to_february(tmp_path: Path) -> None:
    file = written(tmp_path / "log.jsonl", lines([request("2028-02-29T23:59:59Z"), request("2028-03-01T00:00:00Z")]))
    assert only(read(file, window=Month(2028, 2).window)).start == at("2028-02-29T23:55")


def test_a_log_outside_the_window_says_where_it_is(tmp_path: Path) -> None:
    file = written(tmp_path / "log.jsonl", lines([request("2025-01-02T00:00:00Z"), request("2025-03-04T23:00:00Z")]))
    found = read(file, window=OCTOBER.window)
    assert (found.usage, found.rows, found.rejected) == ([], 2, 0)
    assert found.warnings == (
        "every record lies outside the time asked for: the first is of 2025-01-02, the last of 2025-03-04",
    )


def summed(folder: Path, *stamps: str, timezone: str = "UTC", **columns: str) -> dict[datetime, int]:
    """The widths that rows of already summed intervals are given, by their start."""
    rows = [{"at": stamp, "model": "m", "n": 5, "in": 10, "out": 1} for stamp in stamps]
    found = read(written(folder / "log.csv", table(rows)), columns={"requests": "n", **columns}, timezone=timezone)
    assert sum(fact.requests or 0 for fact in found.usage) == 5 * len(stamps)
    return {fact.start: fact.width_seconds for fact in found.usage}


def test_rows_that_all_start_months_are_as_wide_as_their_month(tmp_path: Path) -> None:
    assert summed(tmp_path, "2028-01-01", "2028-02-01", "2028-04-01") == {
        at("2028-01-01"): 31 * DAY_SECONDS,
        at("2028-02-01"): 29 * DAY_SECONDS,
        at("2028-04-01"): 30 * DAY_SECONDS,
    }


def test_rows_that_all_start_days_are_a_day_wide(tmp_path: Path) -> None:
    assert set(summed(tmp_path, "2026-10-01", "2026-10-02", "2026-10-09").values()) == {DAY_SECONDS}


def test_rows_that_all_start_hours_are_an_hour_wide(tmp_path: Path) -> None:
    stamps = ("2026-10-01 00:00", "2026-10-01 01:00", "2026-10-01 05:00")
    assert set(summed(tmp_path, *stamps).values()) == {HOUR_SECONDS}


def test_rows_five_minutes_apart_stay_five_minutes_wide(tmp_path: Path) -> None:
    assert set(summed(tmp_path, "2026-10-01 00:00", "2026-10-01 00:05", "2026-10-01 00:20").values()) == {300}


def test_a_row_is_never_claimed_to_be_finer_than_it_may_be(tmp_path: Path) -> None:
    quarters = summed(tmp_path, "2026-10-01 00:00", "2026-10-01 00:15", "2026-10-01 00:45")
    assert quarters == {at("2026-10-01"): HOUR_SECONDS}, "quarters of an hour fit an hour, not five minutes"
    shifts = summed(tmp_path, "2026-10-01 00:00", "2026-10-01 06:00", "2026-10-01 18:00")
    assert shifts == {at("2026-10-01"): DAY_SECONDS}, "six hours fit a day, not an hour"


def test_days_of_another_zone_count_for_the_utc_day_on_which_they_start(tmp_path: Path) -> None:
    rows = [{"at": f"2026-10-{day:02} 00:00", "model": "m", "n": 5, "in": 10, "out": 1} for day in (2, 3, 5)]
    file = written(tmp_path / "log.csv", table(rows))
    found = read(file, columns={"requests": "n"}, timezone="Europe/Berlin")
    assert [(fact.start, fact.width_seconds) for fact in found.usage] == [
        (at(f"2026-10-{day:02}"), DAY_SECONDS) for day in (1, 2, 4)
    ]
    assert len(found.warnings) == 1
    assert "each counts for the UTC day in which it begins" in found.warnings[0]


def test_rows_for_one_interval_add_up_and_unknown_requests_stay_unknown(tmp_path: Path) -> None:
    text = "at,model,n,in,out\n2026-10-01,m,5,10,1\n2026-10-01,m,7,20,2\n2026-10-02,m,,30,3\n2026-10-02,m,1,40,4\n"
    found = read(written(tmp_path / "log.csv", text), columns={"requests": "n"}, timezone="UTC")
    assert [(fact.requests, fact.tokens.input) for fact in found.usage] == [(5 + 7, 10 + 20), (None, 30 + 40)]


@pytest.mark.parametrize(
    ("includes", "uncached"),
    [(InputIncludes.NOTHING, 100), (InputIncludes.CACHE_READ, 100 - 30), (InputIncludes.CACHE, 100 - 30 - 20)],
)
def test_cached_tokens_are_taken_out_of_input_that_includes_them(
    includes: InputIncludes, uncached: int, tmp_path: Path
) -> None:
    file = written(tmp_path / "log.jsonl", lines([request("2026-10-01T08:00:00Z", 100, read=30, write=20)]))
    columns = {"cache_read_tokens": "read", "cache_write_tokens": "write"}
    found = read(file, columns=columns, input_includes=includes)
    assert only(found).tokens == Tokens(uncached_input=uncached, output=1, cache_read=30, cache_write=20)


def test_more_cached_tokens_than_input_are_kept_as_stated_and_counted(tmp_path: Path) -> None:
    rows = [request("2026-10-01T08:00:00Z", 100, read=30), request("2026-10-01T08:00:01Z", 10, read=500)]
    file = written(tmp_path / "log.jsonl", lines(rows))
    found = read(file, columns={"cache_read_tokens": "read"}, input_includes=InputIncludes.CACHE)
    assert only(found).tokens == Tokens(uncached_input=(100 - 30) + 10, output=2, cache_read=30 + 500)
    assert len(found.warnings) == 1
    assert found.warnings[0].startswith("1 record states more cached tokens than input")


def test_a_cache_count_that_is_not_there_is_unknown_and_not_zero(tmp_path: Path) -> None:
    rows = [
        request("2026-10-01T08:00:00Z", read=None),
        request("2026-10-01T08:05:00Z", read=0),
        request("2026-10-01T08:10:00Z", read=3),
        request("2026-10-01T08:10:00Z", read=None),
    ]
    file = written(tmp_path / "log.jsonl", lines(rows))
    found = read(file, columns={"cache_read_tokens": "read"})
    assert [fact.tokens.cache_read for fact in found.usage] == [None, 0, 3]
    assert {fact.tokens.cache_write for fact in found.usage} == {None}


def test_a_request_that_is_logged_twice_counts_once_across_files(tmp_path: Path) -> None:
    first = request("2026-10-01T08:00:00Z", 100, id="a")
    other = [request("2026-10-01T08:00:00Z", 7, id=None), request("2026-10-01T08:00:00Z", 7)]
    written(tmp_path / "1.jsonl", lines([first, first, *other]))
    written(tmp_path / "2.csv", table([first, {**first, "id": "b"}]))
    found = read(tmp_path, columns={"request_id": "id"})
    assert totals(found) == (4, 100 + 100 + 7 + 7, 4)
    assert (found.rows, found.rejected) == (6, 0)
    assert found.warnings == ("2 records repeat a request_id and were dropped, of 4 that have one",)


def test_of_repeated_records_the_latest_counts_wherever_it_lies(tmp_path: Path) -> None:
    rows = [request("2026-10-01T08:10:00Z", 300, id="a"), request("2026-10-01T08:00:00Z", 1, id="a")]
    for number, order in enumerate((rows, rows[::-1])):
        found = read(written(tmp_path / f"{number}.jsonl", lines(order)), columns={"request_id": "id"})
        assert (only(found).start, only(found).tokens.input) == (at("2026-10-01T08:10"), 300)
        assert "1 record has other counts than the one kept: is request_id unique?" in found.warnings[0]


def test_a_record_that_repeats_over_a_months_end_is_in_one_month_only(tmp_path: Path) -> None:
    rows = [request("2026-10-31T23:59:59Z", id="a"), request("2026-11-01T00:00:01Z", id="a")]
    file = written(tmp_path / "log.jsonl", lines(rows))
    months = [read(file, window=month.window, columns={"request_id": "id"}) for month in (OCTOBER, Month(2026, 11))]
    assert [len(found.usage) for found in months] == [0, 1]


def test_repeated_records_are_found_in_parts_as_at_once(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    rows = [request(f"2026-10-{1 + n % 28:02}T08:00:00Z", n % 50, id=f"r{n % 50}") for n in range(500)]
    file = written(tmp_path / "log.jsonl", lines(rows))
    at_once = read(file, columns={"request_id": "id"})
    monkeypatch.setattr(scan_repeats, "IDS_AT_ONCE", 60)
    assert read(file, columns={"request_id": "id"}) == at_once
    assert totals(at_once) == (50, sum(range(50)), 50)


def usd(amount: str) -> Money:
    return Money(Decimal(amount), "USD")


def costs(folder: Path, *rows: dict[str, object]) -> tuple[list[CostFact], tuple[str, ...]]:
    columns = {"cost": "usd", "tier": "tier"}
    found = read(
        written(folder / "log.jsonl", lines(rows)), columns=columns, currency="USD", optional=frozenset({"tier"})
    )
    return found.costs, found.warnings


def test_costs_are_summed_exactly_by_model_tier_and_utc_day(tmp_path: Path) -> None:
    found, warnings = costs(
        tmp_path,
        request("2026-10-01T00:00:00Z", usd=0.1),
        request("2026-10-01T23:59:59Z", usd="0.2"),
        request("2026-10-01T12:00:00Z", usd=1.5e-05),
        request("2026-10-01T12:00:00Z", usd="4", tier="batch"),
        request("2026-10-02T00:00:00Z", usd=0),
    )
    assert warnings == ()
    assert {(cost.tier, cost.start, cost.end): cost.amount for cost in found} == {
        ("on_demand", at("2026-10-01"), at("2026-10-02")): usd("0.1") + usd("0.2") + usd("0.000015"),
        ("batch", at("2026-10-01"), at("2026-10-02")): usd("4"),
        ("on_demand", at("2026-10-02"), at("2026-10-03")): usd("0"),
    }
    assert {(cost.basis, cost.provider, cost.final) for cost in found} == {(Basis.ESTIMATED, "aws", None)}


@pytest.mark.parametrize("missing", [None, "", "n/a", "$0.10"])
def test_a_day_in_which_one_record_lacks_its_cost_has_no_cost(missing: object, tmp_path: Path) -> None:
    found, warnings = costs(
        tmp_path,
        request("2026-10-01T00:00:00Z", usd=0.1),
        request("2026-10-01T01:00:00Z", usd=missing),
        request("2026-10-02T00:00:00Z", usd=0.3),
        request("2026-10-02T00:00:00Z", 0, 0, usd=missing),
    )
    assert [(cost.start, cost.amount) for cost in found] == [(at("2026-10-02"), usd("0.3"))]
    assert len(warnings) == 1
    assert "the first: m on 2026-10-01" in warnings[0]


def test_costs_that_are_too_large_to_sum_are_an_error(tmp_path: Path) -> None:
    rows = [request("2026-10-01T00:00:00Z", usd="90000000000000")] * 2
    with pytest.raises(SourceError, match="too large") as failure:
        costs(tmp_path, *rows)
    assert "`cost`" in failure.value.hint


def test_a_cost_of_a_month_covers_its_month(tmp_path: Path) -> None:
    rows = [{"at": "2028-02-01", "model": "m", "n": 5, "in": 10, "out": 1, "usd": "29.00"}]
    columns = {"requests": "n", "cost": "usd"}
    (cost,) = read(written(tmp_path / "log.csv", table(rows)), columns=columns, currency="USD", timezone="UTC").costs
    assert (cost.start, cost.end) == (at("2028-02-01"), at("2028-03-01"))


def test_a_cost_without_a_currency_is_refused(tmp_path: Path) -> None:
    with pytest.raises(SourceError, match="currency"):
        read(written(tmp_path / "log.jsonl", lines([request("2026-10-01T00:00:00Z", usd=1)])), columns={"cost": "usd"})


def test_the_same_files_give_the_same_answer(tmp_path: Path) -> None:
    for number in range(5):
        rows = [request(f"2026-10-{1 + n % 28:02}T08:00:00Z", n, id=f"r{n % 90}", usd=n) for n in range(200)]
        written(tmp_path / f"{number}.jsonl", lines(rows))
    columns = {"request_id": "id", "cost": "usd"}
    assert read(tmp_path, columns=columns, currency="USD") == read(tmp_path, columns=columns, currency="USD")


STAMPS = st.datetimes(datetime(2026, 9, 30), datetime(2026, 11, 1)).map(lambda moment: moment.replace(tzinfo=UTC))  # noqa: DTZ001
LOGS = st.lists(
    st.tuples(STAMPS, st.sampled_from("ab"), st.integers(0, 2**40), st.integers(0, 2**40)), min_size=1, max_size=30
)


@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(LOGS)
def test_nothing_is_lost_or_counted_twice(tmp_path: Path, log: list[tuple[datetime, str, int, int]]) -> None:
    rows = [{"at": stamp.isoformat(), "model": model, "in": one, "out": two} for stamp, model, one, two in log]
    file = written(tmp_path / "log.jsonl", lines(rows))
    for window in (EVER, OCTOBER.window):
        inside = [row for row in log if row[0] in window]
        found = read(file, window=window)
        assert totals(found) == (len(inside), sum(row[2] for row in inside), sum(row[3] for row in inside))
        assert all(fact.start in window and not fact.start.timestamp() % 300 for fact in found.usage)
        for stamp, model, *_ in inside:
            start = stamp - timedelta(seconds=stamp.timestamp() % 300)
            assert any(fact.start == start and fact.model_raw == model for fact in found.usage)
