"""One SQLite file: how it is created, connected to, and read or written in transactions."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import AbstractContextManager, ExitStack, contextmanager
from pathlib import Path
from typing import Any, Protocol

from sqlalchemy import Connection, create_engine, event
from sqlalchemy.engine import URL

from advisor.errors import StorageError
from advisor.storage.failure import storage_errors

BUSY_TIMEOUT_MS = 10_000
"""How long a transaction waits for another program's."""
SQLITE = "sqlite:///"


class Transactions(Protocol):
    """Where a store's queries run."""

    def reading(self) -> AbstractContextManager[Connection]:
        """A connection on which all reads see one state."""

    def writing(self) -> AbstractContextManager[Connection]:
        """A connection that holds the write lock from the start; committed at the end."""

    def pinned(self) -> AbstractContextManager[Transactions]:
        """Transactions that all see the state of now."""

    def close(self) -> None:
        """Let go of the file."""


def path_of(url: str) -> Path:
    """The file behind `[advisor] state`: a path or `sqlite:///path`. Raises StorageError for anything else."""
    if url.startswith(("postgresql", "postgres:")):
        raise StorageError("PostgreSQL is not in this version yet", "set [advisor] state to a path, such as advisor.db")
    path = url.removeprefix(SQLITE)
    if "://" in path or not path or path.startswith(":memory:"):
        raise StorageError(
            f"{url!r} is no place for a store", "set [advisor] state to a path, such as advisor.db, or sqlite:///path"
        )
    return Path(path)


def create(path: Path) -> None:
    """Make an empty file that only its owner can read, unless one is there. Invoices are nobody else's business."""
    try:
        os.close(os.open(path, os.O_RDWR | os.O_CREAT | os.O_EXCL, 0o600))
    except FileExistsError:
        if path.is_dir():
            raise StorageError(f"{path} is a folder", "set [advisor] state to a file, such as advisor.db") from None
    except OSError as error:
        hint = (
            f"create its folder: mkdir -p {path.parent}, or set [advisor] state to another place"
            if isinstance(error, FileNotFoundError)
            else (f"make {path.parent} writable, or set [advisor] state to another place")
        )
        raise StorageError(f"the store {path} cannot be created: {error.strerror}", hint) from error


class Database:
    """The connections to one file. WAL lets readers go on beside a writer; FULL makes a commit survive a power cut."""

    def __init__(self, path: Path, busy_timeout_ms: int = BUSY_TIMEOUT_MS) -> None:
        self.place = str(path)
        self._engine = create_engine(URL.create("sqlite+pysqlite", database=str(path)))
        event.listen(self._engine, "connect", lambda connection, _: _prepare(connection, busy_timeout_ms))
        event.listen(self._engine, "begin", _begin)
        # A read that turns into a write fails at once, whatever the timeout, if somebody wrote in between:
        # every transaction that may write takes the lock before it reads (https://sqlite.org/lang_transaction.html).
        self._writer = self._engine.execution_options(begin="BEGIN IMMEDIATE")

    @contextmanager
    def reading(self) -> Iterator[Connection]:
        with storage_errors(self.place), self._engine.begin() as connection:
            yield connection

    @contextmanager
    def writing(self) -> Iterator[Connection]:
        with storage_errors(self.place), self._writer.begin() as connection:
            yield connection

    @contextmanager
    def pinned(self) -> Iterator[Transactions]:
        with ExitStack() as stack:
            with storage_errors(self.place):
                connection = stack.enter_context(self._engine.connect())
                connection.exec_driver_sql("SELECT count(*) FROM sqlite_master")  # BEGIN waits for the first read
            yield Pinned(connection, self.place)

    def close(self) -> None:
        self._engine.dispose()


class Pinned:
    """One open connection: every read sees the state in which it was taken, nothing can be written."""

    def __init__(self, connection: Connection, place: str) -> None:
        self._connection = connection
        self._place = place

    @contextmanager
    def reading(self) -> Iterator[Connection]:
        with storage_errors(self._place):
            yield self._connection

    def writing(self) -> AbstractContextManager[Connection]:
        raise StorageError("a snapshot of the store cannot be written", "write to the store itself")

    @contextmanager
    def pinned(self) -> Iterator[Transactions]:
        yield self

    def close(self) -> None:
        """Nothing to do: the context that gave the snapshot ends it."""


def _prepare(connection: Any, busy_timeout_ms: int) -> None:
    connection.isolation_level = None  # transactions begin where this module says, not where the driver guesses
    connection.execute(f"PRAGMA busy_timeout = {busy_timeout_ms}")
    mode = connection.execute("PRAGMA journal_mode = WAL").fetchone()[0]
    if mode != "wal":
        raise StorageError(
            "the store's disk does not allow SQLite's write-ahead log", "put [advisor] state on a local disk"
        )
    for pragma in ("synchronous = FULL", "foreign_keys = ON", "trusted_schema = OFF", "temp_store = MEMORY"):
        connection.execute(f"PRAGMA {pragma}")


def _begin(connection: Connection) -> None:
    connection.exec_driver_sql(connection.get_execution_options().get("begin", "BEGIN"))
