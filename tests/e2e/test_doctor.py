"""`advisor doctor` names everything that is wrong at once, with its fix, and changes nothing."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.e2e.running import LOG, SOURCE, Advisor
from tests.http_server import http_server, refuses

TEAM = "[team]\nengineering_hours_available = 40\non_call_engineers = 2\n"
GATEWAY = """\
[[sources]]
name = "gateway"
kind = "litellm"
base_url = "{}"
api_key = {{ env = "LITELLM_KEY" }}
"""
CHANNEL = """\
[[channels]]
name = "finops"
kind = "slack"
channel = "C0123"
token = { env = "SLACK_TOKEN" }
"""


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "log.jsonl").write_text(LOG)
    (tmp_path / "advisor.toml").write_text(SOURCE + TEAM)
    return tmp_path


def by_subject(checks: list[dict[str, str]]) -> dict[str, dict[str, str]]:
    return {check["subject"]: check for check in checks}


def test_doctor_is_content_with_a_sound_configuration(advisor: Advisor, folder: Path) -> None:
    ran = advisor("doctor", "--format", "json")
    assert (ran.code, ran.json["schema"], ran.json["ok"]) == (0, "advisor.doctor/1", True)
    health = {check["subject"]: check["health"] for check in ran.json["checks"]}
    assert set(health) == {"configuration", "source prod", "store", "token prices", "GPU offers"}
    assert {health[name] for name in ("configuration", "source prod", "store")} == {"ok"}


def test_doctor_names_every_fault_at_once_with_its_fix_and_never_a_secret(advisor: Advisor, folder: Path) -> None:
    with http_server() as server:
        server.on("user/daily/activity", refuses(403, "only admins, not sk-hunter2"))
        text = (folder / "advisor.toml").read_text() + GATEWAY.format(server.base_url) + CHANNEL
        (folder / "advisor.toml").write_text(text)
        (folder / "log.jsonl").unlink()
        ran = advisor("doctor", environ={"LITELLM_KEY": "sk-hunter2"})
        assert len(server.requests) == 1, "one harmless question"
    assert ran.code == 1
    said = " ".join(ran.out.split())  # lines are wrapped
    assert "log.jsonl: no such file or folder fix: correct `path`" in said
    assert "no access" in said
    assert "proxy_admin_viewer" in said
    assert "SLACK_TOKEN is not set fix: export SLACK_TOKEN=..." in said
    assert "3 failed" in said
    assert "hunter2" not in ran.out + ran.err


def test_each_failure_says_what_to_do(advisor: Advisor, folder: Path) -> None:
    (folder / "advisor.toml").write_text(SOURCE.replace("request-log", "request-lgo") + TEAM + CHANNEL)
    failed = [check for check in advisor("doctor", "--format", "json").json["checks"] if check["health"] == "failed"]
    assert [check["subject"] for check in failed] == ["source prod", "channel finops"]
    assert all(check["fix"] for check in failed)
    assert "did you mean 'request-log'" in failed[0]["fix"]


def test_doctor_says_what_is_wrong_with_a_configuration_that_cannot_be_read(advisor: Advisor, folder: Path) -> None:
    (folder / "advisor.toml").write_text("[[sources]\n")
    ran = advisor("doctor", "--format", "json")
    assert (ran.code, [check["subject"] for check in ran.json["checks"]]) == (1, ["configuration"])
    assert "is not TOML" in ran.json["checks"][0]["message"]


def test_doctor_says_how_to_begin_where_there_is_no_configuration(advisor: Advisor) -> None:
    ran = advisor("doctor")
    assert ran.code == 1
    assert "advisor init" in ran.out


def test_a_store_that_cannot_be_opened_is_a_failure_beside_the_others(advisor: Advisor, folder: Path) -> None:
    (folder / "advisor.db").write_text("this is no database, but a text that is long enough to be looked at " * 9)
    checks = by_subject(advisor("doctor", "--format", "json").json["checks"])
    assert checks["store"]["health"] == "failed"
    assert checks["store"]["fix"]
    assert checks["source prod"]["health"] == "ok"


def test_old_offers_and_prices_and_a_missing_team_are_warnings_and_no_failure(advisor: Advisor, folder: Path) -> None:
    (folder / "advisor.toml").write_text(SOURCE)
    ran = advisor("doctor", "--format", "json", environ={"ADVISOR_NOW": "2027-11-24T12:00:00Z"})
    assert ran.code == 0
    warned = {check["subject"]: check["fix"] for check in ran.json["checks"] if check["health"] == "warning"}
    assert "advisor offers refresh" in warned["GPU offers"]
    assert "genai-prices" in warned["token prices"]
    assert "[team]" in warned["configuration"]
