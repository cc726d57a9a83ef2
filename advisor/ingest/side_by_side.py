"""Reads several sources: APIs side by side, files one after the other meanwhile, all within a deadline."""

from __future__ import annotations

import time
from collections.abc import Iterator, Sequence
from datetime import datetime
from queue import Empty, SimpleQueue
from threading import Thread

from advisor.contract.source import Records, Source
from advisor.domain.facts import Pull
from advisor.domain.units import Window
from advisor.ingest.runner import failed, pull

AT_ONCE = 8
DEADLINE_SECONDS = 900.0
Asked = tuple[Source, Window]


def pulls(asked: Sequence[Asked], now: datetime, *, deadline_seconds: float = DEADLINE_SECONDS) -> Iterator[Pull]:
    """Read every source for its window, and yield each read as soon as it has ended, in the caller's thread.

    An API that has not ended by the deadline has FAILED, and is left behind. Files have no deadline: reading them ends
    by itself. Raises what `pull` raises.
    """
    apis: SimpleQueue[Asked] = SimpleQueue()
    ended: SimpleQueue[Pull | Exception] = SimpleQueue()
    waited_for = {source.name: (source, window) for source, window in asked if _is_api(source)}
    for one in waited_for.values():
        apis.put(one)
    until = time.monotonic() + deadline_seconds
    for _ in range(min(AT_ONCE, len(waited_for))):
        # Daemons, so that a source that never answers cannot keep the program from ending.
        Thread(target=_read, args=(apis, ended, now, until), daemon=True).start()
    for source, window in asked:
        if source.name not in waited_for:
            # One at a time: a scan of large files takes as much memory as one may.
            yield pull(source, window, now)
    while waited_for:
        try:
            found = ended.get(timeout=max(0.0, until - time.monotonic()))
        except Empty:
            break
        if isinstance(found, Exception):
            raise found
        del waited_for[found.source]
        yield found
    for source, window in waited_for.values():
        message = f"it was not read to its end within {deadline_seconds:g} s"
        yield failed(source, window, now, message, "try again later, or read less of it at a time")


def _is_api(source: Source) -> bool:
    return source.incremental and isinstance(source, Records)


def _read(apis: SimpleQueue[Asked], ended: SimpleQueue[Pull | Exception], now: datetime, until: float) -> None:
    while time.monotonic() < until:
        try:
            source, window = apis.get_nowait()
        except Empty:
            return
        try:
            ended.put(pull(source, window, now))
        except Exception as error:  # raised again by the thread that waits
            ended.put(error)
