"""What every test has: no network beyond loopback, a fixed clock, and the optional folder of real samples."""

from __future__ import annotations

import ipaddress
import os
import socket
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

NOW = datetime(2026, 11, 24, 12, 0, tzinfo=UTC)
SAMPLES = Path(os.environ.get("ADVISOR_SAMPLES", Path(__file__).parents[2] / "shared" / "data"))


@pytest.fixture(autouse=True)
def _only_loopback(monkeypatch: pytest.MonkeyPatch) -> None:
    """Refuse any connection that would leave this machine, in every test."""
    connect = socket.socket.connect

    def guarded(self: socket.socket, address: Any) -> None:
        if self.family in (socket.AF_INET, socket.AF_INET6):
            host = str(address[0])
            if host != "localhost" and not ipaddress.ip_address(host).is_loopback:
                raise AssertionError(f"a test tried to reach {address}")
        connect(self, address)

    monkeypatch.setattr(socket.socket, "connect", guarded)


@pytest.fixture
def now() -> datetime:
    return NOW


@pytest.fixture(scope="session")
def samples() -> Path:
    """The folder of real sample files, which is not part of the project."""
    if not SAMPLES.is_dir():
        pytest.skip(f"no sample files at {SAMPLES}; set ADVISOR_SAMPLES to their folder")
    return SAMPLES
