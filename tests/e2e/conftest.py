"""The real command, in a folder of its own."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path

import pytest

from tests.e2e.running import LOG, SOURCE, Advisor, Ran

NOW = "2026-11-24T12:00:00Z"


@pytest.fixture
def advisor(tmp_path: Path) -> Advisor:
    """Run `advisor ARGS` in the test's folder, on 24 November 2026 unless told otherwise."""

    def run(*args: str, folder: Path = tmp_path, environ: Mapping[str, str] | None = None) -> Ran:
        clean = {key: value for key, value in os.environ.items() if not key.startswith("ADVISOR_")}
        done = subprocess.run(
            [sys.executable, "-P", "-m", "advisor", *args],
            cwd=folder,
            env={**clean, "ADVISOR_NOW": NOW, **(environ or {})},
            capture_output=True,
            text=True,
            timeout=110,
            check=False,
        )
        assert "Traceback" not in done.stderr, done.stderr
        return Ran(done.returncode, done.stdout, done.stderr)

    return run


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A folder with a two-request log and the configuration that reads it."""
    (tmp_path / "log.jsonl").write_text(LOG)
    (tmp_path / "advisor.toml").write_text(SOURCE)
    return tmp_path
