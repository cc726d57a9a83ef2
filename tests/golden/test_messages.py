"""One golden file a case and channel: what Slack and mail readers see of every verdict.

`ADVISOR_GOLDEN=rewrite` writes them anew; a missing one fails.
"""

from __future__ import annotations

import json
import os
from pathlib import Path

import pytest

from advisor.delivery.blocks import read_blocks
from advisor.reporting.message import message_for
from advisor.reporting.render import render
from tests.golden.cases import CASES

FOLDER = Path(__file__).parent / "messages"


def same_as_golden(name: str, content: str) -> None:
    golden = FOLDER / name
    if os.environ.get("ADVISOR_GOLDEN") == "rewrite":
        golden.write_text(content, encoding="utf-8", newline="\n")
    assert golden.is_file(), f"there is no {golden.name}: look at the output, then write it with ADVISOR_GOLDEN=rewrite"
    assert content == golden.read_bytes().decode()


@pytest.mark.parametrize("case", CASES)
def test_slack_shows_what_its_golden_file_shows_within_slacks_limits(case: str) -> None:
    message = message_for(CASES[case](), "finops", "slack", "report")
    text, blocks = read_blocks(message)
    shown = {"text": text, "blocks": blocks}
    same_as_golden(f"{case}.slack.json", json.dumps(shown, ensure_ascii=False, indent=1) + "\n")


@pytest.mark.parametrize("case", CASES)
def test_an_email_shows_what_its_golden_files_show(case: str) -> None:
    message = message_for(CASES[case](), "mail", "email", "report")
    body = json.loads(message.body)
    assert body["subject"] == message.subject
    same_as_golden(f"{case}.email.txt", f"Subject: {message.subject}\n\n{body['text']}")
    same_as_golden(f"{case}.email.html", body["html"])


@pytest.mark.parametrize("case", CASES)
def test_a_file_holds_the_table_and_a_program_gets_the_document(case: str) -> None:
    findings = CASES[case]()
    assert message_for(findings, "folder", "text", "report").body == render(findings, "table")
    assert message_for(findings, "hook", "json", "report").body == render(findings, "json")


def test_every_golden_file_belongs_to_a_case() -> None:
    expected = {f"{case}.{ending}" for case in CASES for ending in ("slack.json", "email.txt", "email.html")}
    assert {path.name for path in FOLDER.iterdir()} == expected
