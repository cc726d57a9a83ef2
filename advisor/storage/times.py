"""Times and counts between the line and the store: Unix seconds (UTC) and integers of 63 bits."""

from __future__ import annotations

from datetime import UTC, datetime

from advisor.errors import StorageError

LIMIT = 2**63 - 1


def epoch(moment: datetime) -> int:
    """The Unix second of an aware time."""
    if moment.tzinfo is None:
        raise ValueError(f"{moment} has no zone, so it is no moment in time")
    return int(moment.timestamp())


def moment(seconds: int) -> datetime:
    """The UTC time of a Unix second."""
    return datetime.fromtimestamp(seconds, UTC)


def optional_moment(seconds: int | None) -> datetime | None:
    return None if seconds is None else moment(seconds)


def fitting(number: int, what: str, *, least: int = 0) -> int:
    """*number*, if the store holds it exactly: *least* to 63 bits. Raises StorageError saying *what* it is."""
    if least <= number <= LIMIT:
        return number
    fault = "is negative" if 0 > number >= -LIMIT else "does not fit 63 bits and cannot be summed exactly"
    hint = "check that row in the source: a unit or a column is probably wrong"
    raise StorageError(f"{what}: {number} {fault}", hint)
