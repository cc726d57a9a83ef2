"""What goes wrong with the store's file: each fault ends in one sentence and a hint, and loses nothing."""

from __future__ import annotations

import os
import shutil
import signal
import sqlite3
import stat
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import closing, contextmanager
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import Engine, event

from advisor.contract.store import Store
from advisor.contract.testing.store_values import ALWAYS, OCTOBER, bucket, decision, message, outputs, pull_of
from advisor.errors import StorageError
from advisor.storage import open_store

NOBODY = 65534
ONE_HOUR = {("prod", "llama", OCTOBER.start): 1}


@pytest.fixture
def file(tmp_path: Path) -> Path:
    """A store that holds one hour of one output token."""
    path = tmp_path / "advisor.db"
    with closing(open_store(str(path))) as store:
        store.replace(pull_of([bucket(1)]))
    return path


def refused(error: pytest.ExceptionInfo[StorageError], fault: str, fix: str) -> None:
    assert fault in error.value.message
    assert fix in error.value.hint


def many_hours(hours: int) -> Any:
    return pull_of([bucket(2, OCTOBER.start + timedelta(hours=hour)) for hour in range(hours)], window=ALWAYS)


def test_a_store_that_another_program_writes_is_waited_for_and_then_named(file: Path) -> None:
    with closing(sqlite3.connect(file, isolation_level=None)) as other:
        other.execute("BEGIN IMMEDIATE")
        with closing(open_store(str(file), busy_timeout_ms=200)) as store:
            started = time.monotonic()
            with pytest.raises(StorageError) as error:
                store.replace(pull_of([bucket(2)]))
            assert time.monotonic() - started > 0.15, "it did not wait"
            refused(error, str(file), "wait until the other run has ended")
            assert outputs(store.usage(ALWAYS)) == ONE_HOUR, "reading goes on beside a writer"
            other.execute("ROLLBACK")
            assert store.replace(pull_of([bucket(2)])).changed == 1


def test_a_new_store_that_another_program_is_creating_is_waited_for_and_then_named(tmp_path: Path) -> None:
    path = tmp_path / "advisor.db"
    with closing(sqlite3.connect(path, isolation_level=None)) as other:
        other.execute("PRAGMA journal_mode = WAL")
        other.execute("BEGIN IMMEDIATE")
        with pytest.raises(StorageError) as error:
            open_store(str(path), busy_timeout_ms=200)
    refused(error, "in use by another program", "run again")


def test_a_file_that_is_no_database_is_left_as_it_is(tmp_path: Path) -> None:
    path = tmp_path / "advisor.db"
    text = "model,tokens\n" * 200
    path.write_text(text)
    with pytest.raises(StorageError) as error:
        open_store(str(path))
    refused(error, "nor any SQLite database", "another path")
    assert path.read_text() == text


def test_an_empty_file_becomes_a_store(tmp_path: Path) -> None:
    (tmp_path / "advisor.db").touch()
    with closing(open_store(str(tmp_path / "advisor.db"))) as store:
        assert store.months() == ()


@pytest.mark.parametrize("revision", ["", "0001", "1975ea83b712"])
def test_another_programs_database_is_refused_and_left_as_it_is(tmp_path: Path, revision: str) -> None:
    path = tmp_path / "theirs.db"
    with closing(sqlite3.connect(path)) as other:
        other.execute("CREATE TABLE customers (name TEXT)")
        if revision:
            other.execute("CREATE TABLE alembic_version (version_num TEXT)")
            other.execute("INSERT INTO alembic_version VALUES (?)", (revision,))
            other.commit()
    with pytest.raises(StorageError) as error:
        open_store(str(path))
    refused(error, "another program's tables", "another path")
    with closing(sqlite3.connect(path)) as other:
        assert "usage_fact" not in {name for (name,) in other.execute("SELECT name FROM sqlite_master")}


def test_a_store_of_a_newer_version_is_refused(file: Path) -> None:
    with closing(sqlite3.connect(file)) as other:
        other.execute("UPDATE alembic_version SET version_num = '9999'")
        other.commit()
    with pytest.raises(StorageError) as error:
        open_store(str(file))
    refused(error, "9999", "upgrade Advisor")


def test_a_damaged_page_gives_the_right_answer_or_an_error_never_another_answer(file: Path) -> None:
    with closing(open_store(str(file))) as store:
        store.replace(many_hours(300))
        right = outputs(store.usage(ALWAYS))
    whole, page = file.read_bytes(), 4096
    answers = []
    for start in range(0, len(whole), page):
        file.write_bytes(whole[:start] + b"\xff" * page + whole[start + page :])
        answers.append(answered(file))
    failures = [answer for answer in answers if isinstance(answer, StorageError)]
    assert all(answer == right for answer in answers if not isinstance(answer, StorageError))
    assert all(str(file) in failure.message and failure.hint for failure in failures)
    assert any("damaged" in failure.message for failure in failures), "no page of the facts was hit"


def answered(file: Path) -> object:
    try:
        with closing(open_store(str(file))) as store:
            return outputs(store.usage(ALWAYS))
    except StorageError as error:
        return error


def test_a_store_cut_short_is_named(file: Path) -> None:
    with closing(open_store(str(file))) as store:
        store.replace(many_hours(2000))
    with file.open("r+b") as opened:
        opened.truncate(file.stat().st_size // 2)
    with pytest.raises(StorageError) as error, closing(open_store(str(file))) as store:
        store.usage(ALWAYS)
    refused(error, "damaged", "restore a copy")


def test_a_folder_is_no_store(tmp_path: Path) -> None:
    with pytest.raises(StorageError) as error:
        open_store(str(tmp_path))
    refused(error, "is a folder", "advisor.db")


def test_a_missing_folder_is_named_with_the_command_that_makes_it(tmp_path: Path) -> None:
    with pytest.raises(StorageError) as error:
        open_store(str(tmp_path / "no" / "such" / "advisor.db"))
    refused(error, "cannot be created", f"mkdir -p {tmp_path}/no/such")


@pytest.mark.parametrize("url", ["", ":memory:", "mysql://host/advisor", "sqlite:///", "sqlite:///:memory:"])
def test_what_is_no_file_is_no_store(url: str) -> None:
    with pytest.raises(StorageError) as error:
        open_store(url)
    refused(error, "no place for a store", "sqlite:///path")


def test_postgresql_is_named_as_not_built(tmp_path: Path) -> None:
    with pytest.raises(StorageError) as error:
        open_store("postgresql+psycopg://host/advisor")
    refused(error, "not in this version", "advisor.db")


def test_a_full_disk_keeps_what_was_there(file: Path) -> None:
    with disk_of(pages=file.stat().st_size // 4096), closing(open_store(str(file))) as store:
        with pytest.raises(StorageError) as error:
            store.replace(many_hours(5000))
        refused(error, "disk is full", "free some space")
        assert outputs(store.usage(ALWAYS)) == ONE_HOUR, "what is there can still be read"
    with closing(open_store(str(file))) as store:
        assert store.replace(many_hours(5000)).changed == 1, "with room again, it goes on"


def test_a_store_that_a_full_disk_kept_from_being_made_is_made_later(tmp_path: Path) -> None:
    path = tmp_path / "advisor.db"
    with disk_of(pages=3), pytest.raises(StorageError) as error:
        open_store(str(path))
    refused(error, "disk is full", "free some space")
    with closing(open_store(str(path))) as store:
        assert store.replace(pull_of([bucket(1)])).added == 1


@contextmanager
def disk_of(pages: int) -> Iterator[None]:
    """Every database opened inside can grow to so many pages."""

    def limit(connection: Any, _record: Any) -> None:
        connection.execute(f"PRAGMA max_page_count = {pages}")

    event.listen(Engine, "connect", limit)
    try:
        yield
    finally:
        event.remove(Engine, "connect", limit)


def test_a_new_store_is_for_its_owner_alone(tmp_path: Path) -> None:
    former = os.umask(0)
    try:
        with closing(open_store(str(tmp_path / "advisor.db"))) as store:
            store.replace(pull_of([bucket(1)]))
            modes = {path.name: stat.S_IMODE(path.stat().st_mode) for path in tmp_path.iterdir()}
    finally:
        os.umask(former)
    assert modes == {"advisor.db": 0o600, "advisor.db-wal": 0o600, "advisor.db-shm": 0o600}


@pytest.fixture
def open_folder() -> Iterator[Path]:
    """A folder that a user without rights can enter."""
    folder = Path(tempfile.mkdtemp())
    folder.chmod(0o755)
    yield folder
    shutil.rmtree(folder)


@pytest.mark.parametrize("what", ["file", "folder"])
def test_a_store_that_may_not_be_written_is_named(file: Path, open_folder: Path, what: str) -> None:
    path = open_folder / "advisor.db"
    shutil.copy(file, path)
    path.chmod(0o444 if what == "file" else 0o666)
    open_folder.chmod(0o777 if what == "file" else 0o555)
    told = as_nobody(path)
    assert f"error: the store {path} cannot be " in told
    assert "hint: its folder must " in told
    with closing(open_store(str(path))) as store:
        assert outputs(store.usage(ALWAYS)) == ONE_HOUR


def as_nobody(path: Path) -> str:
    """What a user without rights is told who writes the store. A fork, as that user may not read this project."""
    read, write = os.pipe()
    child = os.fork()
    if not child:
        try:
            if os.geteuid() == 0:
                os.setuid(NOBODY)
            os.write(write, attempt(path).encode())
        finally:
            os._exit(0)
    os.close(write)
    with os.fdopen(read) as answer:
        told = answer.read()
    os.waitpid(child, 0)
    return told


def attempt(path: Path) -> str:
    try:
        with closing(open_store(str(path))) as store:
            store.replace(pull_of([bucket(2)]))
    except StorageError as error:
        return f"error: {error.message}\nhint: {error.hint}"
    return "it was written"


KILLED = """
import os, signal, sys
from sqlalchemy import Engine, event
from advisor.contract.testing.store_values import AT, bucket, decision, message, october, pull_of
from advisor.storage import open_store

store = open_store(sys.argv[1])
event.listen(Engine, "commit", lambda connection: os.kill(os.getpid(), signal.SIGKILL))
if sys.argv[2] == "replace":
    store.replace(pull_of([bucket(2), bucket(3, october(5))]))
else:
    store.decide([decision()], [message()], AT)
"""


@pytest.mark.parametrize("act", ["replace", "decide"])
def test_a_writer_killed_before_it_commits_leaves_the_former_state(file: Path, act: str) -> None:
    done = subprocess.run([sys.executable, "-c", KILLED, str(file), act], timeout=60, capture_output=True, text=True)
    assert done.returncode == -signal.SIGKILL, done.stderr
    with closing(open_store(str(file))) as store:
        assert outputs(store.usage(ALWAYS)) == ONE_HOUR
        assert store.decisions() == []
        assert store.outbox() == []
        assert store.replace(pull_of([bucket(2)])).changed == 1, "nothing is left locked"


def test_text_that_is_no_unicode_is_refused_and_stores_nothing(file: Path) -> None:
    with closing(open_store(str(file))) as store:
        for act in (_replace_broken, _decide_broken):
            with pytest.raises(StorageError) as error:
                act(store)
            refused(error, "not valid Unicode", "encoding")
        assert outputs(store.usage(ALWAYS)) == ONE_HOUR
        assert store.pulls()["prod"].rows == 1
        assert store.decisions() == []


def _replace_broken(store: Store) -> None:
    store.replace(pull_of([bucket(1, model_raw="llama\udcff"), bucket(2)]))


def _decide_broken(store: Store) -> None:
    store.decide([decision()], [message(body="\udcff")], OCTOBER.end)
