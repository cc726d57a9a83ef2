"""What `deploy/` ships loads, names only what exists, and asks for no more than is used."""

from __future__ import annotations

import re
import shutil
import subprocess
from pathlib import Path

import pytest

from advisor import config, registry
from tests.e2e.running import Advisor

ROOT = Path(__file__).resolve().parents[2]
DEPLOY = ROOT / "deploy"
EXAMPLES = sorted(DEPLOY.glob("examples/*/advisor.toml"))
SECRETS = {"LITELLM_API_KEY": "sk-1", "SLACK_BOT_TOKEN": "xoxb-1", "SLACK_WEBHOOK_URL": "https://hooks.slack.com/x"}


def test_there_are_examples() -> None:
    assert {path.parent.name for path in EXAMPLES} >= {"startup-gateway", "bedrock"}


@pytest.mark.parametrize("path", EXAMPLES, ids=lambda path: path.parent.name)
def test_an_example_loads_with_every_source_and_channel(path: Path) -> None:
    found = config.load(path)
    assert found.not_yet() == ()
    sources = [registry.build_source(table, found.folder, SECRETS).name for table in found.sources]
    channels = [registry.build_channel(table, found.folder, SECRETS) for table in found.channels]
    assert sources
    assert {channel.fallback for channel in channels} - {""} <= {channel.name for channel in channels}


def test_the_slack_app_asks_for_the_scopes_that_are_used_and_no_other() -> None:
    manifest = (DEPLOY / "slack" / "manifest.yaml").read_text()
    asked = set(re.findall(r"^ +- ([a-z]+:[a-z]+)", manifest, re.MULTILINE))
    said = "".join(path.read_text() for path in (ROOT / "advisor" / "delivery").glob("slack*.py"))
    assert asked == set(re.findall(r"\b(?:chat|channels|groups|files|im|users):[a-z]+", said))


@pytest.mark.parametrize("unit", sorted(path.name for path in (DEPLOY / "systemd").iterdir()))
def test_a_unit_holds_no_key_that_systemd_does_not_know(unit: str) -> None:
    verify = shutil.which("systemd-analyze")
    if verify is None:
        pytest.skip("systemd-analyze is not installed here")
    ran = subprocess.run([verify, "verify", DEPLOY / "systemd" / unit], capture_output=True, text=True, check=False)
    said = [line for line in ran.stderr.splitlines() if "/opt/advisor/bin/advisor is not executable" not in line]
    assert said == []


def test_every_command_that_deploy_runs_exists(advisor: Advisor) -> None:
    texts = "".join(path.read_text() for path in DEPLOY.rglob("*") if path.is_file())
    commands = set(re.findall(r"(?:bin/advisor|\* advisor|`advisor) ([a-z-]+)", texts)) | {"serve", "status"}
    known = advisor("--help").out
    assert {command for command in commands if f"\n  {command} " not in known} == set()
