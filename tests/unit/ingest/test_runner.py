"""The runner's promises: what is kept, what is said, how a read is judged, and which days it speaks for."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any, Literal

import pytest

from advisor.contract.source import (
    Columns,
    Lost,
    Parsed,
    Record,
    Records,
    Relation,
    Scan,
    Source,
    UsageRow,
    Warned,
)
from advisor.domain.facts import Basis, CostFact, InputIncludes, Pull, PullStatus, RowProblem, Tokens
from advisor.domain.units import DAY_SECONDS, HOUR_SECONDS, Money, Month, Window
from advisor.errors import AdvisorError, ConfigError, SourceError
from advisor.ingest.runner import pull

OCTOBER = Month(2026, 10)
NOW = datetime(2026, 11, 24, 12, tzinfo=UTC)
WINDOW = Window(OCTOBER.start, datetime(2026, 11, 25, tzinfo=UTC))


class Told(Records):
    """A source that says what it is told, one record for each list; an exception is raised where it stands."""

    said: tuple[Any, ...]

    def pull(self, window: Window) -> Iterable[Record]:
        for record in self.said:
            if isinstance(record, BaseException):
                raise record
            yield {"rows": record}

    def parse(self, record: Record) -> Iterable[Parsed]:
        return tuple(record["rows"])


def at(day: int, hour: int = 0, month: Month = OCTOBER) -> datetime:
    return datetime(month.year, month.month, day, hour, tzinfo=UTC)


def tokens(start: datetime, width: int = DAY_SECONDS, **changes: Any) -> UsageRow:
    values: dict[str, Any] = {
        "provider": "acme", "model_raw": "llama", "start": start, "width_seconds": width, "input_tokens": 100,
        "output_tokens": 10, "input_includes": InputIncludes.NOTHING, "where": "usage.csv:2",
    }  # fmt: skip
    return UsageRow(**{**values, **changes})


def charge(start: datetime, end: datetime | None = None, amount: str = "1.50") -> CostFact:
    return CostFact(
        provider="acme", model_raw="llama", start=start, end=end or start + timedelta(days=1),
        amount=Money(Decimal(amount), "USD"), basis=Basis.BILLED,
    )  # fmt: skip


def read(*records: Any, empty_days: Literal["missing", "zero"] = "missing") -> Pull:
    return pull(Told(name="prod", said=records, empty_days=empty_days), WINDOW, NOW)


def test_rows_become_facts_with_disjoint_tokens() -> None:
    found = read(
        [tokens(at(1), input_tokens=100, cache_read_tokens=30, input_includes=InputIncludes.CACHE_READ, requests=7)]
    )
    assert found.status is PullStatus.OK
    (fact,) = found.usage
    assert fact.tokens == Tokens(uncached_input=100 - 30, cache_read=30, output=10)
    assert fact.requests == 7
    assert (found.source, found.window, found.pulled_at, found.rows) == ("prod", WINDOW, NOW, 1)


def test_more_cached_tokens_than_input_are_kept_as_stated_and_said_once() -> None:
    odd = tokens(at(1), input_tokens=10, cache_read_tokens=30, input_includes=InputIncludes.CACHE_READ)
    found = read([odd], [odd])
    assert [fact.tokens.uncached_input for fact in found.usage] == [10, 10]
    (warning,) = found.warnings
    assert "2 rows state more cached tokens" in warning


def test_tokens_and_money_of_one_record_are_one_row() -> None:
    found = read([tokens(at(1)), charge(at(1))], [charge(at(2))])
    assert (len(found.usage), len(found.costs), found.rows) == (1, 2, 2)


def test_a_record_of_many_rows_counts_them_all() -> None:
    assert read([tokens(at(day)) for day in range(1, 25)]).rows == 24


def test_rows_outside_the_window_are_dropped_and_not_rejected() -> None:
    before, after = OCTOBER.start - timedelta(days=1), at(1)
    found = read([tokens(before)], [tokens(after)], [charge(before), charge(after)])
    assert [fact.start for fact in found.usage] == [after]
    assert [fact.start for fact in found.costs] == [after]
    assert (found.status, found.rejected) == (PullStatus.OK, 0)


def test_a_charge_that_only_reaches_into_the_window_is_dropped() -> None:
    september = Month(2026, 9)
    found = read([tokens(at(1))], [charge(at(30, month=september), at(2))])
    assert found.costs == []


def test_a_read_with_every_row_outside_says_which_days_it_saw() -> None:
    found = read([tokens(datetime(2024, 3, 5, tzinfo=UTC))], [tokens(datetime(2024, 1, 9, tzinfo=UTC))])
    assert found.status is PullStatus.OK, "nothing was wrong with it"
    (warning,) = found.warnings
    assert "2024-01-09" in warning
    assert "2024-03-05" in warning


def test_the_future_is_rejected_with_the_row_and_the_time() -> None:
    tomorrow = at(24, 13, Month(2026, 11))
    found = read([tokens(tomorrow, 3600, where="usage.csv:9"), charge(tomorrow)], [tokens(at(1))])
    assert (found.rejected, len(found.costs), len(found.usage)) == (1, 0, 1)
    assert str(found.problems[0]) == "usage.csv:9: 2026-11-24 13:00 UTC is in the future"


def test_a_charge_alone_in_the_future_is_rejected_too() -> None:
    found = read([charge(datetime(2027, 1, 1, tzinfo=UTC))], [tokens(at(1))])
    assert found.rejected == 1
    assert "llama" in str(found.problems[0])


@pytest.mark.parametrize(("good", "status"), [(999, PullStatus.OK), (998, PullStatus.PARTIAL)])
def test_rejected_rows_leave_a_source_ok_up_to_one_in_a_thousand(good: int, status: PullStatus) -> None:
    found = read([tokens(at(1))] * good, [RowProblem(where="usage.csv:5", why="no date")])
    assert (found.rows, found.rejected, found.status) == (good + 1, 1, status)


def test_problems_are_all_counted_and_the_first_twenty_named() -> None:
    bad = [[RowProblem(where=f"usage.csv:{line}", why="no date")] for line in range(2, 52)]
    found = read([tokens(at(1))], *bad)
    assert found.rejected == 50
    assert [problem.where for problem in found.problems] == [f"usage.csv:{line}" for line in range(2, 22)]


def test_a_lost_file_makes_the_read_partial_and_keeps_the_rest() -> None:
    found = read([Lost(message="b.csv is damaged: fetch it again")], [tokens(at(1))])
    assert found.status is PullStatus.PARTIAL
    assert len(found.usage) == 1
    assert found.warnings == ("b.csv is damaged: fetch it again",)


def test_the_same_warning_is_said_once() -> None:
    found = read([Warned(message="half the keys are hidden")] * 3, [tokens(at(1)), Warned(message="and so on")])
    assert found.warnings == ("half the keys are hidden", "and so on")


@pytest.mark.parametrize("said", [[], [Warned(message="usage.csv is empty")], [Lost(message="usage.csv is empty")]])
def test_nothing_read_is_a_failure_and_never_zero_traffic(said: list[Parsed]) -> None:
    found = read(said)
    assert found.status is PullStatus.FAILED
    message, hint = found.warnings
    assert message == ("usage.csv is empty" if said else "there was nothing to read")
    assert hint


def test_a_read_of_which_every_row_is_rejected_has_failed_and_names_one() -> None:
    found = read([RowProblem(where="usage.csv:2", why="no date")], [RowProblem(where="usage.csv:3", why="no date")])
    assert found.status is PullStatus.FAILED
    assert "none of the 2 rows" in found.warnings[0]
    assert "usage.csv:2: no date" in found.warnings[0]
    assert len(found.problems) == 2


def test_what_a_source_refuses_is_a_failed_read_with_message_and_hint() -> None:
    found = read([tokens(at(1))], SourceError("the key is refused", "use an admin key"))
    assert found.status is PullStatus.FAILED
    assert found.warnings == ("the key is refused", "use an admin key")
    assert (found.usage, found.costs, found.usage_days) == ((), (), frozenset())


def test_a_failure_that_may_pass_says_to_try_again() -> None:
    assert read(SourceError("acme is busy", transient=True)).warnings == ("acme is busy", "try again later")


@pytest.mark.parametrize(
    "record",
    [KeyError("usage"), [tokens(at(1).replace(tzinfo=None))]],
    ids=["exception", "naive time"],
)
def test_a_fault_of_a_third_partys_source_stops_only_that_source(record: Any) -> None:
    found = read(record)
    assert found.status is PullStatus.FAILED
    assert "Error: " in found.warnings[0]


def test_a_source_of_neither_port_is_a_failure() -> None:
    assert pull(Source(name="odd"), WINDOW, NOW).status is PullStatus.FAILED


def test_a_secret_that_is_not_set_fails_the_one_source_that_needs_it() -> None:
    found = read(ConfigError("the environment variable ACME_KEY is not set", "export ACME_KEY=... and run again"))
    assert found.status is PullStatus.FAILED
    assert found.warnings == ("the environment variable ACME_KEY is not set", "export ACME_KEY=... and run again")


def test_a_read_that_breaks_off_brings_nothing_for_a_bucket_may_be_on_two_pages() -> None:
    found = read([tokens(at(1))], [tokens(at(1))], SourceError("page 3 of 7 does not come", transient=True))
    assert found.status is PullStatus.FAILED
    assert (found.usage, found.costs, found.usage_days, found.complete_through) == ((), (), frozenset(), None)
    assert found.rows == 2


@pytest.mark.parametrize(
    "name", ["input_tokens", "output_tokens", "cache_read_tokens", "cache_write_tokens", "requests"]
)
def test_a_count_beyond_63_bits_stops_the_run_and_names_its_row(name: str) -> None:
    assert read([tokens(at(1), **{name: 2**63 - 1})]).status is PullStatus.OK
    with pytest.raises(AdvisorError, match=rf"usage\.csv:2: {name} is {2**63}"):
        read([tokens(at(1), **{name: 2**63})])


def test_a_negative_count_is_rejected() -> None:
    found = read([tokens(at(1), output_tokens=-5)], [tokens(at(2))])
    assert found.rejected == 1
    assert str(found.problems[0]) == "usage.csv:2: output_tokens is -5: a count cannot be negative"


def test_known_days_are_those_with_rows() -> None:
    found = read([tokens(at(1, 23), 3600)], [tokens(at(3))], [charge(at(5))])
    assert found.usage_days == {date(2026, 10, 1), date(2026, 10, 3)}
    assert found.cost_days == {date(2026, 10, 5)}
    assert found.complete_through == at(4)


def test_empty_days_that_are_zero_are_known_between_the_first_and_the_last_and_not_beyond() -> None:
    found = read([tokens(at(2))], [tokens(at(5))], empty_days="zero")
    assert found.usage_days == {date(2026, 10, day) for day in (2, 3, 4, 5)}
    assert found.cost_days == frozenset(), "no charge says nothing about money"


def test_a_month_row_covers_every_day_of_its_month() -> None:
    found = read([tokens(OCTOBER.start, 31 * DAY_SECONDS)], [charge(OCTOBER.start, OCTOBER.end)])
    assert found.usage_days == found.cost_days == set(OCTOBER.days())
    assert found.complete_through == OCTOBER.end


def test_a_row_of_the_running_month_is_known_until_yesterday_and_complete_for_nothing() -> None:
    november = Month(2026, 11)
    found = read([tokens(november.start, 30 * DAY_SECONDS)])
    assert found.usage_days == {date(2026, 11, day) for day in range(1, 23 + 1)}
    assert found.complete_through is None


def test_a_bucket_that_is_not_over_is_kept_and_neither_covers_its_day_nor_completes_it() -> None:
    """It is 12:00: the bucket of the whole day and that of 12:00 run on, that of 11:00 is over."""
    today = NOW.replace(hour=0)
    found = read([tokens(today - timedelta(days=1))], [tokens(today), charge(today)])
    assert [fact.start for fact in found.usage] == [today - timedelta(days=1), today]
    assert [fact.start for fact in found.costs] == [today]
    assert found.usage_days == {date(2026, 11, 23)}
    assert found.cost_days == frozenset()
    hourly = read([tokens(NOW.replace(hour=hour), HOUR_SECONDS) for hour in (10, 11, 12)])
    assert len(hourly.usage) == 3
    assert hourly.complete_through == NOW.replace(hour=11) + timedelta(hours=1)
    assert hourly.usage_days == set(), "today has hours to come, and this may be the last read for a week"


def test_tokens_and_money_are_complete_where_both_are() -> None:
    found = read([tokens(at(day)) for day in (1, 2, 3)], [charge(at(1))])
    assert found.complete_through == at(1) + timedelta(days=1)


def test_money_alone_says_how_far_it_is_complete() -> None:
    assert read([charge(at(5))]).complete_through == at(6)


class Log(Relation):
    """A log of requests as JSON lines."""

    path: str

    def scan(self, window: Window) -> Scan:
        columns = Columns(timestamp="at", model="model", input_tokens="in", output_tokens="out")
        return Scan(paths=(self.path,), columns=columns, input_includes=InputIncludes.NOTHING)


def test_a_relation_is_scanned_and_judged_alike(tmp_path: Path) -> None:
    lines = [f'{{"at": "2026-10-0{day}T08:00:00Z", "model": "llama", "in": 100, "out": 10}}' for day in (1, 2)]
    log = tmp_path / "log.jsonl"
    log.write_text("\n".join([*lines, '{"at": "2026-10-03T08:00:00Z", "model": "llama", "in": -1, "out": 10}']))
    found = pull(Log(name="log", path=str(log)), WINDOW, NOW)
    assert (found.rows, found.rejected, found.status) == (3, 1, PullStatus.PARTIAL)
    assert sum(fact.tokens.total for fact in found.usage) == 2 * 110
    assert found.usage_days == {date(2026, 10, 1), date(2026, 10, 2)}
    assert "log.jsonl:3" in str(found.problems[0])


def test_a_relation_without_its_file_has_failed(tmp_path: Path) -> None:
    found = pull(Log(name="log", path=str(tmp_path / "log.jsonl")), WINDOW, NOW)
    assert found.status is PullStatus.FAILED
    assert "log.jsonl" in found.warnings[0]
