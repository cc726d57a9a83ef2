"""What the database engine reports, in words that a user can act on."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager

from sqlalchemy.exc import DBAPIError

from advisor.errors import StorageError

_BY_CODE = {
    "SQLITE_BUSY": (
        "the store {place} is in use by another program",
        "wait until the other run has ended, then run again",
    ),
    "SQLITE_FULL": ("the disk is full: {place} cannot grow", "free some space, or set [advisor] state to another disk"),
    "SQLITE_READONLY": (
        "the store {place} cannot be written",
        "its folder must be writable too; check the owner and mode of both, or set [advisor] state to another place",
    ),
    "SQLITE_CANTOPEN": (
        "the store {place} cannot be opened",
        "its folder must exist and be writable; or set [advisor] state to another place",
    ),
    "SQLITE_NOTADB": (
        "{place} is not an Advisor store, nor any SQLite database",
        "set [advisor] state to another path, or move that file away",
    ),
    "SQLITE_CORRUPT": (
        "the store {place} is damaged",
        "restore a copy, or move it away and run again: facts are read anew, past decisions are lost",
    ),
    "SQLITE_IOERR": (
        "the disk failed while {place} was in use",
        "check the disk and its free space; the store must be on a local disk, not a network share",
    ),
}
_BY_CODE["SQLITE_LOCKED"] = _BY_CODE["SQLITE_BUSY"]
_BY_CODE["SQLITE_PERM"] = _BY_CODE["SQLITE_AUTH"] = _BY_CODE["SQLITE_READONLY"]


@contextmanager
def storage_errors(place: str) -> Iterator[None]:
    """Turn whatever the engine raises inside the block into a StorageError with a hint; *place* names the store."""
    try:
        yield
    except DBAPIError as error:
        raise _explained(error.orig or error, place) from error
    except sqlite3.Error as error:
        raise _explained(error, place) from error
    except UnicodeEncodeError as error:
        raise StorageError(
            f"a name or text cannot be stored, it is not valid Unicode: {error.object[:40]!a}",
            "correct the source's encoding, or leave those rows out",
        ) from error


def _explained(error: BaseException, place: str) -> StorageError:
    name = getattr(error, "sqlite_errorname", "")
    for code, (message, hint) in _BY_CODE.items():
        if name == code or name.startswith(code + "_"):
            return StorageError(message.format(place=place), hint)
    return StorageError(f"the store {place} failed: {error}", "if it happens again, please report it with this message")
