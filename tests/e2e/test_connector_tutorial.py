"""The sources that `connectors/README.md` teaches work as they stand there, installed as a third party's."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
import threading
import tomllib
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest

from advisor import registry
from tests.e2e.running import Advisor

PROJECT = Path(__file__).parents[2]
README = PROJECT / "connectors" / "README.md"
KEY = "acme-key-8271"
WINDOW = ("--from", "2026-10-01", "--to", "2026-11-01", "--format", "json")
PAGES: dict[str, Any] = {
    "": {
        "next": "2",
        "rows": [
            {"hour": "2026-10-01T08:00:00Z", "model": "llama-3.1-8b", "requests": 3, "prompt_tokens": 1000,
             "cached_tokens": 400, "completion_tokens": 200, "billed_usd": "0.00042"},
        ],
    },
    "2": {
        "next": None,
        "rows": [
            {"hour": "2026-10-01T09:00:00Z", "model": "llama-3.1-8b", "requests": 1, "prompt_tokens": 50,
             "cached_tokens": 0, "completion_tokens": 10, "billed_usd": "0.00003"},
            {"hour": "2026-10-01T10:00:00Z", "model": "llama-3.1-8b", "prompt_tokens": 50},
        ],
    },
}  # fmt: skip


def taught() -> dict[str, str]:
    """The files that the README shows: each is named in a line before its block."""
    blocks = re.findall(r"^`([\w.]+)`:\n\n```\w+\n(.*?)^```$", README.read_text(), re.MULTILINE | re.DOTALL)
    return dict(blocks)


class AcmeApi(BaseHTTPRequestHandler):
    """The usage API that the tutorial's source reads."""

    def do_GET(self) -> None:
        asked = urlsplit(self.path)
        known = self.headers["Authorization"] == f"Bearer {KEY}"
        page = parse_qs(asked.query).get("page", [""])[0]
        body = json.dumps(PAGES[page] if known else {"error": "no such key"}).encode()
        self.send_response(200 if known and asked.path == "/v1/usage" else 401)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_: object) -> None:
        """Say nothing."""


@pytest.fixture(scope="module")
def acme() -> Iterator[str]:
    server = ThreadingHTTPServer(("127.0.0.1", 0), AcmeApi)
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    yield f"http://127.0.0.1:{server.server_port}"
    server.shutdown()
    server.server_close()
    thread.join()


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with the tutorial's package as pip installs it, entry points and all."""
    project = tmp_path_factory.mktemp("advisor-acme")
    for name, text in taught().items():
        (project / name).write_text(text)
    folder = tmp_path_factory.mktemp("site")
    pip = [sys.executable, "-m", "pip", "install", "--quiet", "--no-deps", "--no-build-isolation", "--no-index"]
    done = subprocess.run(
        [*pip, "--disable-pip-version-check", "--target", folder, project],
        capture_output=True,
        text=True,
        timeout=110,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    return folder


def test_the_tutorial_shows_every_file_that_it_needs() -> None:
    shown = {"advisor_acme.py", "pyproject.toml", "advisor.toml", "test_advisor_acme.py", "advisor_acme_log.py"}
    assert set(taught()) == shown


def test_the_source_of_the_tutorial_is_found_and_read_by_the_command(
    advisor: Advisor, tmp_path: Path, site: Path, acme: str
) -> None:
    (tmp_path / "advisor.toml").write_text(taught()["advisor.toml"] + f'base_url = "{acme}"\n')
    ran = advisor("usage", *WINDOW, environ={"PYTHONPATH": str(site), "ACME_KEY": KEY})
    assert ran.code == 0, ran.err
    (source,), (row,) = ran.json["sources"], ran.json["rows"]
    assert (source["kind"], source["status"], source["rows"], source["rejected"]) == ("acme", "partial", 3, 1)
    assert row["input_tokens"] == 1000 + 50
    assert row["cache_read_tokens"] == 400
    assert row["output_tokens"] == 200 + 10
    assert row["requests"] == 3 + 1
    assert row["costs"] == [{"amount": "0.00045", "currency": "USD", "basis": "billed"}]
    assert KEY not in ran.out + ran.err


def test_the_source_of_the_tutorial_says_what_a_refused_key_lacks(
    advisor: Advisor, tmp_path: Path, site: Path, acme: str
) -> None:
    (tmp_path / "advisor.toml").write_text(taught()["advisor.toml"] + f'base_url = "{acme}"\n')
    ran = advisor("usage", *WINDOW, environ={"PYTHONPATH": str(site), "ACME_KEY": "wrong"})
    assert ran.code == 1
    assert "answers 401: no such key" in ran.err
    assert "billing-reader" in ran.err


def test_without_its_package_the_kind_is_unknown(advisor: Advisor, tmp_path: Path) -> None:
    (tmp_path / "advisor.toml").write_text(taught()["advisor.toml"])
    ran = advisor("usage", *WINDOW)
    assert ran.code == 2
    assert "no source kind 'acme'" in ran.err


def test_the_contract_test_of_the_tutorial_passes(tmp_path: Path, site: Path) -> None:
    test = tmp_path / "test_advisor_acme.py"
    test.write_text(taught()[test.name])
    done = subprocess.run(
        [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", "--import-mode=importlib", test.name],
        cwd=tmp_path,
        env={**os.environ, "PYTHONPATH": str(site)},
        capture_output=True,
        text=True,
        timeout=110,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    assert re.search(r"\b1\d passed", done.stdout), "the kit's promises have been tested"


def test_the_log_of_the_tutorial_maps_what_it_says(tmp_path: Path) -> None:
    """Run in a process of its own: the module belongs to somebody else's package."""
    (tmp_path / "advisor_acme_log.py").write_text(taught()["advisor_acme_log.py"])
    (tmp_path / "log.jsonl").write_text(
        '{"time": "2026-10-01T08:00:00Z", "id": "a", "request": {"model": "llama"}, '
        '"usage": {"prompt_tokens": 100, "completion_tokens": 20}}\n'
    )
    script = (
        "from datetime import UTC, datetime\n"
        "from advisor_acme_log import AcmeLog\n"
        "from advisor.domain.units import Month\n"
        "from advisor.ingest.runner import pull\n"
        "source, now = AcmeLog(name='log', path='log.jsonl'), datetime(2026, 11, 1, tzinfo=UTC)\n"
        "found = pull(source, Month(2026, 10).window, now)\n"
        "print(found.status, [(fact.model_raw, fact.tokens.input, fact.tokens.output) for fact in found.usage])\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", script], cwd=tmp_path, capture_output=True, text=True, timeout=110, check=False
    )
    assert done.stdout.strip() == "ok [('llama', 100, 20)]", done.stderr


def built_in() -> set[str]:
    project = tomllib.loads((PROJECT / "pyproject.toml").read_text())["project"]
    return set(project["entry-points"][registry.SOURCES])


@pytest.mark.parametrize("kind", sorted(built_in()))
def test_every_setting_of_a_kind_is_explained(kind: str) -> None:
    section = README.read_text().partition(f"## `{kind}`\n")[2].partition("\n## ")[0]
    explained = {
        name for cell in re.findall(r"^\| (`[^|]*) \|", section, re.MULTILINE) for name in re.findall(r"`(\w+)`", cell)
    }
    assert set(registry.load(registry.SOURCES, kind).model_fields) - explained == set()
