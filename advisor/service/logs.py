"""Logs on stderr, for people or one JSON object a line, each with the id of the run that wrote it."""

from __future__ import annotations

import json
import logging
import re
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from datetime import UTC, datetime
from typing import Literal

Format = Literal["text", "json"]
_RUN: ContextVar[str] = ContextVar("run", default="")
_SECRET = re.compile(
    r"xox[a-z]-[\w-]+|xapp-[\w-]+|(?<=hooks\.slack\.com/services/)\S+|(?<=Bearer )\S+|(?<=://)[^/\s@]+(?=@)"
)


@contextmanager
def run_id(name: str) -> Iterator[None]:
    """Mark what is logged inside the block as of one run."""
    token = _RUN.set(name)
    try:
        yield
    finally:
        _RUN.reset(token)


def to_stderr(form: Format) -> None:
    """Send the product's log, and warnings of the libraries under it, to stderr."""
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(_Json() if form == "json" else _Text())
    root = logging.getLogger()
    root.handlers[:] = [handler]
    root.setLevel(logging.WARNING)
    logging.getLogger("advisor").setLevel(logging.INFO)


class _Text(logging.Formatter):
    def format(self, record: logging.LogRecord) -> str:
        at = datetime.fromtimestamp(record.created, UTC)
        run = f" [{_RUN.get()}]" if _RUN.get() else ""
        return f"{at:%Y-%m-%dT%H:%M:%SZ} {record.levelname.lower()}{run} {_said(record, self)}"


class _Json(logging.Formatter):
    def format(self, record: logging.LogRecord) -> str:
        line = {
            "time": f"{datetime.fromtimestamp(record.created, UTC):%Y-%m-%dT%H:%M:%S.%fZ}",
            "level": record.levelname.lower(),
            "logger": record.name,
            "run": _RUN.get() or None,
            "message": _said(record, self),
        }
        return json.dumps(line, ensure_ascii=False)


def _said(record: logging.LogRecord, formatter: logging.Formatter) -> str:
    """The message, with the traceback where there is one, and without anything that looks like a secret."""
    said = record.getMessage()
    if record.exc_info:
        said = f"{said}\n{formatter.formatException(record.exc_info)}"
    return _SECRET.sub("[secret]", said)
