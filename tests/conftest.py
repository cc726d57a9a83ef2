"""What every test has: no network beyond loopback, a fixed clock, and the optional folder of real samples."""

from __future__ import annotations

import ipaddress
import os
import socket
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from tests.aws_server import Aws, aws_server

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


@pytest.fixture(scope="session", autouse=True)
def _offers_of_nobody(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    """Keep the GPU offers that this machine's user has refreshed out of every test."""
    with pytest.MonkeyPatch.context() as environ:
        environ.setenv("XDG_DATA_HOME", str(tmp_path_factory.mktemp("data-home")))
        environ.delenv("ADVISOR_OFFERS", raising=False)
        yield


@pytest.fixture
def now() -> datetime:
    return NOW


@pytest.fixture(scope="session")
def samples() -> Path:
    """The folder of real sample files, which is not part of the project."""
    if not SAMPLES.is_dir():
        pytest.skip(f"no sample files at {SAMPLES}; set ADVISOR_SAMPLES to their folder")
    return SAMPLES


@pytest.fixture
def aws(monkeypatch: pytest.MonkeyPatch, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Aws]:
    """An AWS on this machine, and a caller who has the key CALLERKEY and no settings of this machine's user."""
    for name in [name for name in os.environ if name.startswith("AWS_")]:
        monkeypatch.delenv(name)
    folder = tmp_path_factory.mktemp("aws")
    monkeypatch.setenv("AWS_CONFIG_FILE", str(folder / "config"))
    monkeypatch.setenv("AWS_SHARED_CREDENTIALS_FILE", str(folder / "credentials"))
    monkeypatch.setenv("AWS_EC2_METADATA_DISABLED", "true")
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "CALLERKEY")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "the caller's secret")
    with aws_server() as server:
        yield server
