"""One run after the other on one store: what is sent on which day, and what is left for another day."""

from __future__ import annotations

import json
import logging
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from advisor import config
from advisor.contract.period import Period, PeriodState
from advisor.contract.store import Delivery, Outgoing
from advisor.errors import StorageError
from advisor.service.daemon import Daemon
from advisor.service.leader import only_daemon
from advisor.service.reconcile import CHECK, FINAL, REPORT
from advisor.service.run import Ran, Runner
from advisor.storage import open_store
from tests.e2e.running import SOURCE

BOX = '[[channels]]\nname = "box"\nkind = "file"\npath = "out"\n'
START = datetime(2026, 9, 1, 7, tzinfo=UTC)
SIXTH = datetime(2026, 9, 6, 9, tzinfo=UTC)
"""When August is reported."""
DAY = timedelta(days=1)


class Machine:
    """A folder with a log and a configuration, and runs at times that the test names."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.write(2, empty="zero")
        for month in (7, 8):
            self.use(month, 31)

    def write(self, sources: int = 1, *, empty: str = "zero", more: str = "") -> None:
        source = SOURCE.replace('provider = "aws"', f'provider = "aws"\nempty_days = "{empty}"')
        (self.folder / "advisor.toml").write_text(source + BOX + more)

    def use(self, month: int, days: int, output: int = 200) -> None:
        """Requests on the first days of a month, beside what is there."""
        with (self.folder / "log.jsonl").open("a") as log:
            for day in range(1, days + 1):
                at = f"2026-{month:02d}-{day:02d}T08:00:00Z"
                log.write(json.dumps({"at": at, "model": "llama-3.1-8b", "in": 1000, "out": output}) + "\n")

    def run(self, now: datetime, *, backfill: bool = False) -> Ran:
        environ = {"XDG_DATA_HOME": str(self.folder), "XDG_CACHE_HOME": str(self.folder)}
        found = config.load(self.folder / "advisor.toml")
        return Runner(environ, lambda: now).run(found, backfill=backfill)

    def rows(self, job: str) -> dict[str, Period]:
        store = open_store(str(self.folder / "advisor.db"))
        try:
            return {row.key: row for row in store.periods(job)}
        finally:
            store.close()

    def outbox(self) -> list[Outgoing]:
        store = open_store(str(self.folder / "advisor.db"))
        try:
            return store.outbox()
        finally:
            store.close()

    @property
    def sent(self) -> list[tuple[str, str]]:
        """Kind and month of every message delivered."""
        return [
            (out.message.kind, out.message.subject.rpartition(" - ")[2])
            for out in self.outbox()
            if out.state is Delivery.SENT
        ]


@pytest.fixture
def machine(tmp_path: Path) -> Machine:
    return Machine(tmp_path)


def test_a_first_run_reads_everything_and_sends_nothing(machine: Machine) -> None:
    assert machine.run(START) == Ran(worked=True)
    assert machine.sent == []
    assert machine.rows(REPORT)["2026-07"].state is PeriodState.SKIPPED
    assert machine.rows(CHECK)["2026-09-01"].state is PeriodState.DONE


def test_a_closed_month_is_reported_on_its_day_once_however_often_the_machine_starts(machine: Machine) -> None:
    machine.run(START)
    for second in range(10):
        machine.run(SIXTH + timedelta(seconds=6 * second))
    assert machine.sent == [("report", "August 2026")]
    assert machine.run(SIXTH + timedelta(minutes=2)) == Ran()


def test_two_runs_at_once_tell_it_once(machine: Machine) -> None:
    machine.run(START)
    with ThreadPoolExecutor(4) as pool:
        list(pool.map(lambda _: machine.run(SIXTH), range(4)))
    assert machine.sent == [("report", "August 2026")]


def test_a_month_that_does_not_close_is_reported_six_days_later_as_provisional_and_corrected_once(
    machine: Machine,
) -> None:
    machine.write(empty="missing")
    machine.run(START)
    (machine.folder / "log.jsonl").unlink()
    machine.use(7, 31)
    machine.use(8, 20)
    machine.run(SIXTH)
    waiting = machine.rows(REPORT)["2026-08"]
    assert (waiting.state, waiting.not_before) == (PeriodState.WAITING, SIXTH + timedelta(hours=6))
    assert "not closed" in waiting.last_error
    machine.run(SIXTH + 6 * DAY - timedelta(minutes=1))
    assert machine.sent == []
    machine.run(SIXTH + 6 * DAY)
    assert machine.sent == [("report", "August 2026, provisional")]
    assert machine.rows(REPORT)["2026-08"].note == "provisional"
    machine.run(SIXTH + 7 * DAY)
    assert machine.rows(FINAL)["2026-08"].state is PeriodState.WAITING
    (machine.folder / "log.jsonl").unlink()
    machine.use(7, 31)
    machine.use(8, 31)
    for later in (8, 9, 10):
        machine.run(SIXTH + later * DAY)
    assert machine.sent[1:] == [("correction", "August 2026")]
    assert machine.rows(FINAL)["2026-08"].state is PeriodState.DONE


def test_a_report_waits_for_its_month_and_goes_out_when_it_closes(machine: Machine) -> None:
    machine.write(empty="missing")
    machine.run(START)
    (machine.folder / "log.jsonl").unlink()
    machine.use(8, 20)
    machine.run(SIXTH)
    (machine.folder / "log.jsonl").unlink()
    machine.use(8, 31)
    machine.run(SIXTH + 2 * DAY)
    assert machine.sent == [("report", "August 2026")]
    assert machine.rows(REPORT)["2026-08"].note == ""


def test_months_that_were_missed_are_told_in_one_message_that_names_them(machine: Machine) -> None:
    machine.run(START)
    machine.use(9, 30)
    machine.use(10, 31)
    machine.run(SIXTH + 80 * DAY)
    assert machine.sent == [("report", "October 2026")]
    (told,) = machine.outbox()
    assert "August 2026 was not reported on its day" in " ".join(told.message.body.split())
    assert {key: row.note for key, row in machine.rows(REPORT).items()} == {
        "2026-07": "Advisor began to run after this was due",
        "2026-08": "told with 2026-10",
        "2026-09": "told with 2026-10",
        "2026-10": "",
    }


def test_a_source_that_breaks_is_told_the_next_day_once_and_the_report_goes_out_all_the_same(machine: Machine) -> None:
    machine.run(START)
    (machine.folder / "log.jsonl").rename(machine.folder / "gone")
    for day in range(1, 5):
        assert machine.run(START + day * DAY).problem
    assert [kind for kind, _ in machine.sent] == ["data-health"]
    (machine.folder / "gone").rename(machine.folder / "log.jsonl")
    machine.run(SIXTH)
    assert machine.sent[1:] == [("report", "August 2026")]


def test_a_restated_bill_is_corrected_by_the_check_and_not_on_the_day_of_the_report(machine: Machine) -> None:
    machine.run(START)
    machine.run(SIXTH)
    machine.use(8, 31, output=900)
    machine.run(SIXTH + timedelta(hours=5))
    assert len(machine.sent) == 1
    for day in (1, 2, 3):
        machine.run(SIXTH + day * DAY)
    assert machine.sent[1:] == [("correction", "August 2026")]


def test_a_report_told_by_hand_that_day_is_not_repeated_and_one_told_before_is(machine: Machine) -> None:
    from advisor import app
    from advisor.desk import wire

    machine.run(START)
    for now, more in ((SIXTH - timedelta(hours=1), 0), (SIXTH + 29 * DAY, 1)):
        machine.use(9, 30 * more)
        with wire(config.load(machine.folder / "advisor.toml"), {}, now) as desk:
            app.sync(desk, None, lambda pulls, _: pulls)
            app.notify(desk, app.check(desk))
        machine.run(SIXTH + 30 * DAY * more)
    assert machine.sent == [("report", f"{month} 2026") for month in ("August", "September", "September")]


def test_a_fault_in_the_work_is_tried_again_and_hides_nothing(
    machine: Machine, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    from advisor import app

    machine.run(START)
    with monkeypatch.context() as broken, caplog.at_level(logging.CRITICAL):
        broken.setattr(app, "check", lambda *_: 1 / 0)
        assert "tried again" in machine.run(SIXTH).problem
    waiting = machine.rows(REPORT)["2026-08"]
    assert (waiting.state, waiting.not_before) == (PeriodState.WAITING, SIXTH + timedelta(minutes=15))
    assert "ZeroDivisionError" in waiting.last_error
    machine.run(SIXTH + timedelta(minutes=15))
    assert machine.sent == [("report", "August 2026")]


def test_one_daemon_has_the_store_and_lets_go_of_it(machine: Machine) -> None:
    state = str(machine.folder / "advisor.db")
    with only_daemon(state), pytest.raises(StorageError, match="another daemon"), only_daemon(state):
        pass
    with only_daemon(state):
        pass


def test_a_daemon_without_ticks_is_not_alive_and_without_a_run_not_ready(machine: Machine) -> None:
    daemon = Daemon(lambda: config.load(machine.folder / "advisor.toml"), {}, lambda: SIXTH)
    assert daemon.alive()[0] == 200
    assert (daemon.ready()[0], daemon.measured()[0]) == (503, 503)
    daemon.tick()
    assert (daemon.ready()[0], daemon.measured()[0]) == (200, 200)
    daemon._ticked -= 200
    assert daemon.alive()[0] == 503


def test_the_check_on_the_day_of_the_report_leaves_everything_to_the_report(machine: Machine) -> None:
    machine.run(START)
    (machine.folder / "log.jsonl").rename(machine.folder / "gone")
    machine.run(SIXTH - timedelta(hours=2))
    assert machine.sent == []
    assert machine.rows(CHECK)["2026-09-06"].note == "left to the report of the day"
