"""Stamps in SQL: the same instants as Python's own time zones give, and no guess where a clock is in doubt."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

import duckdb
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from advisor.ingest.stamps import local_sql, wall_periods
from tests.unit.ingest.logs import ROWS, at, lines, only, read, written

GOOD = ROWS[0]


@pytest.mark.parametrize(
    ("stamp", "instant"),
    [
        ("2026-10-01T08:04:59Z", "2026-10-01T08:00"),
        ("2026-10-01T08:05:00z", "2026-10-01T08:05"),
        ("2026-10-01 08:05:00.999999999 UTC", "2026-10-01T08:05"),
        ("2026-10-01T08:05:00,5+00:00", "2026-10-01T08:05"),
        ("2026-10-01T01:00:00+05:30", "2026-09-30T19:30"),
        ("2026-09-30 23:30:00-0030", "2026-10-01T00:00"),
        ("2026-10-01T00:00:00+02", "2026-09-30T22:00"),
        ("2026/10/1 8:05 GMT", "2026-10-01T08:05"),
        ("2024-02-29T23:59:59Z", "2024-02-29T23:55"),
        ("2026-12-31T23:59:59.9Z", "2026-12-31T23:55"),
        ("2000-01-01T00:00:00Z", "2000-01-01T00:00"),
        ("2099-12-31T23:59:59Z", "2099-12-31T23:55"),
    ],
)
def test_a_stamp_with_a_zone_is_an_instant_in_utc(stamp: str, instant: str, tmp_path: Path) -> None:
    assert only(read(written(tmp_path / "log.jsonl", lines([{**GOOD, "at": stamp}])))).start == at(instant)


@pytest.mark.parametrize(
    ("stamp", "instant"),
    [
        ("2026-10-01 08:05:00", "2026-10-01T06:05"),
        ("2026-10-01", "2026-09-30T22:00"),
        ("2026-12-01 00:00:00", "2026-11-30T23:00"),
        ("2026-03-29 01:59:59", "2026-03-29T00:55"),
        ("2026-03-29 03:00:00", "2026-03-29T01:00"),
        ("2026-10-25 01:59:59", "2026-10-24T23:55"),
        ("2026-10-25 03:00:00", "2026-10-25T02:00"),
        ("2026-10-25 02:30:00+01:00", "2026-10-25T01:30"),
    ],
)
def test_a_stamp_without_a_zone_is_read_in_the_one_that_is_set(stamp: str, instant: str, tmp_path: Path) -> None:
    file = written(tmp_path / "log.jsonl", lines([{**GOOD, "at": stamp}]))
    assert only(read(file, timezone="Europe/Berlin")).start == at(instant)


def test_a_time_that_clocks_showed_never_or_twice_is_rejected_by_name(tmp_path: Path) -> None:
    rows = [{**GOOD, "at": stamp} for stamp in ("2026-03-29 02:00:00", "2026-10-25 02:59:59.5", "2026-06-01 00:00:00")]
    found = read(written(tmp_path / "log.jsonl", lines(rows)), timezone="Europe/Berlin")
    assert [str(problem) for problem in found.problems] == [
        "log.jsonl:1: 2026-03-29 02:00:00 does not exist in Europe/Berlin: clocks went forward",
        "log.jsonl:2: 2026-10-25 02:59:59 happened twice in Europe/Berlin: clocks went back",
    ]
    assert only(found).start == at("2026-05-31T22:00")


@pytest.mark.parametrize(
    ("unit", "origin", "stamp", "instant"),
    [
        ("s", None, 1790841900, "2026-10-01T08:05"),
        ("s", None, "1790841900.999999", "2026-10-01T08:05"),
        ("ms", None, 1790841900999, "2026-10-01T08:05"),
        ("ms", "2026-10-01T00:00", 299_999, "2026-10-01T00:00"),
        ("ms", "2026-10-01T00:00", 300_000, "2026-10-01T00:05"),
        ("h", "2026-10-01T00:00", 0, "2026-10-01T00:00"),
        ("h", "2026-10-01T00:00", 743, "2026-10-31T23:00"),
        ("h", "2026-10-01T00:00", 0.7, "2026-10-01T00:40"),
        ("s", "2026-10-01T00:00", -1, "2026-09-30T23:55"),
    ],
)
def test_a_stamp_that_counts_is_counted_from_its_origin(
    unit: str, origin: str | None, stamp: object, instant: str, tmp_path: Path
) -> None:
    file = written(tmp_path / "log.jsonl", lines([{**GOOD, "at": stamp}]))
    assert only(read(file, timestamp_unit=unit, origin=origin and at(origin))).start == at(instant)


@pytest.mark.parametrize(
    ("unit", "stamp", "why"),
    [
        ("s", "2026-10-01", "is no number of s"),
        ("s", 1790841900999, "is not between 2000 and 2100: check `timestamp_unit`"),
        ("ms", 1790841900, "is not between 2000 and 2100"),
        ("h", 10**14, "is not between 2000 and 2100"),
        ("ms", 10**18, "is no number of ms"),
        ("s", "NaN", "is no number of s"),
    ],
)
def test_a_stamp_that_counts_something_else_is_rejected(unit: str, stamp: object, why: str, tmp_path: Path) -> None:
    found = read(written(tmp_path / "log.jsonl", lines([{**GOOD, "at": stamp}])), timestamp_unit=unit)
    assert (found.usage, found.rejected) == ([], 1)
    assert why in found.problems[0].why


ZONES = ("Europe/Berlin", "America/New_York", "Australia/Lord_Howe", "America/St_Johns", "Asia/Kolkata", "UTC")
WALLS = st.datetimes(datetime(2000, 1, 2), datetime(2099, 12, 30)).map(lambda wall: wall.replace(microsecond=0))  # noqa: DTZ001
PERIODS = {zone: tuple(wall_periods(zone)) for zone in ZONES}


@settings(max_examples=40, deadline=None)
@given(st.sampled_from(ZONES), st.lists(WALLS, min_size=1, max_size=40))
def test_wall_clocks_mean_what_the_time_zone_database_says(zone: str, walls: list[datetime]) -> None:
    seconds = [int(wall.replace(tzinfo=UTC).timestamp()) for wall in walls]
    query = f"SELECT {', '.join(local_sql('wall', PERIODS[zone]))} FROM (SELECT unnest({seconds}) AS wall)"
    for wall, (offset, doubt) in zip(walls, duckdb.execute(query).fetchall(), strict=True):
        early, late = (wall.replace(tzinfo=ZoneInfo(zone), fold=fold).utcoffset() for fold in (0, 1))
        assert early is not None
        assert late is not None
        if early == late:
            assert (timedelta(seconds=offset), doubt) == (early, "")
        else:
            assert (offset, doubt) == (None, "gap" if early < late else "overlap")


@pytest.mark.parametrize(("day", "doubt"), [("2026-03-29", "gap"), ("2026-10-25", "overlap")])
def test_every_second_of_a_change_of_clocks_is_in_doubt_and_none_beside_it(day: str, doubt: str) -> None:
    two = int(at(f"{day}T02:00").timestamp())
    wanted = [(two - 1, ""), (two, doubt), (two + 3599, doubt), (two + 3600, "")]
    for second, said in wanted:
        found = duckdb.execute(f"SELECT {local_sql(str(second), PERIODS['Europe/Berlin'])[1]}").fetchall()
        assert found == [(said,)]
