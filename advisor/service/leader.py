"""One daemon at a time on one store: a lock that the system lets go of when its holder dies, however it dies."""

from __future__ import annotations

import fcntl
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from advisor.errors import StorageError
from advisor.storage.database import path_of


@contextmanager
def only_daemon(state: str) -> Iterator[None]:
    """Hold `<store>.lock` as long as the block lasts. Raises StorageError where another daemon has it.

    It saves work, and no more: what is done once is done once by the ledger's leases.
    """
    path = Path(f"{path_of(state)}.lock")
    try:
        lock = os.open(path, os.O_RDWR | os.O_CREAT, 0o600)
    except OSError as error:
        raise StorageError(
            f"{path} cannot be written: {error.strerror}", "the store's folder must be writable"
        ) from error
    try:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            other = os.pread(lock, 20, 0).decode(errors="replace").strip() or "unknown"
            raise StorageError(
                f"another daemon runs on this store, with process id {other}",
                "stop that one first; for a single pass beside it: advisor run-due",
            ) from None
        os.ftruncate(lock, 0)
        os.pwrite(lock, f"{os.getpid()}\n".encode(), 0)
        yield
    finally:
        os.close(lock)
