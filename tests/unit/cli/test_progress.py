"""The progress of a sync: a bar for whoever watches, and not a byte for anybody else."""

from __future__ import annotations

import io
import sys
from collections.abc import Iterator
from datetime import UTC, datetime

import pytest

from advisor.cli.options import reading
from advisor.domain.facts import Pull, PullStatus
from advisor.domain.units import Month

NAMES = ["prod", "invoice", "[bold]logs[/nothing]"]


class Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


def reads() -> Iterator[Pull]:
    for name in NAMES:
        yield Pull(
            source=name, kind="k", window=Month(2026, 10).window, pulled_at=datetime(2026, 11, 24, tzinfo=UTC),
            status=PullStatus.OK,
        )  # fmt: skip


def shown_on(stream: io.StringIO, monkeypatch: pytest.MonkeyPatch) -> io.StringIO:
    """Make *stream* this program's stderr: in the test itself, for pytest puts its own back before each."""
    monkeypatch.setattr(sys, "stderr", stream)
    for name, value in {"TERM": "xterm", "COLUMNS": "100"}.items():
        monkeypatch.setenv(name, value)
    return stream


def test_a_terminal_is_shown_how_many_sources_have_been_read_and_by_their_names(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    stderr = shown_on(Terminal(), monkeypatch)
    assert [read.source for read in reading(reads(), len(NAMES))] == NAMES
    assert "3/3" in stderr.getvalue()
    assert f"read {NAMES[-1]}" in stderr.getvalue(), "as it is written: a name is no markup"


def test_a_file_or_a_pipe_is_not_written_to(monkeypatch: pytest.MonkeyPatch) -> None:
    stderr = shown_on(io.StringIO(), monkeypatch)
    assert [read.source for read in reading(reads(), len(NAMES))] == NAMES
    assert stderr.getvalue() == ""


def test_a_failure_meanwhile_is_passed_on_and_gives_the_terminal_back(monkeypatch: pytest.MonkeyPatch) -> None:
    def breaking() -> Iterator[Pull]:
        yield next(reads())
        raise RuntimeError("the store is full")

    stderr = shown_on(Terminal(), monkeypatch)
    with pytest.raises(RuntimeError, match="the store is full"):
        list(reading(breaking(), 2))
    assert "\x1b[?25h" in stderr.getvalue(), "the cursor is shown again"
