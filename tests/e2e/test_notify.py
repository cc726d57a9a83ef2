"""`--notify` through the real command: Slack, mail and a file receive the answer, each of them once."""

from __future__ import annotations

import json
from pathlib import Path

from tests.e2e.running import Advisor
from tests.servers import mail_server, refuses, slack_server

CHANNELS = """
[[channels]]
name = "finops"
kind = "slack"
channel = "C0123456789"
token = {{ env = "SLACK_BOT_TOKEN" }}
base_url = "{slack}"

[[channels]]
name = "owners"
kind = "email"
host = "127.0.0.1"
port = {port}
security = "none"
from = "advisor@example.com"
to = ["finops@example.com"]
"""
TOKEN = {"SLACK_BOT_TOKEN": "xoxb-1-secret"}


def configure(sample: Path, channels: str) -> None:
    path = sample / "advisor.toml"
    path.write_text(path.read_text().partition("[[channels]]")[0] + channels)


def test_an_answer_reaches_every_channel_once_however_often_it_is_asked_for(advisor: Advisor, tmp_path: Path) -> None:
    advisor("demo", "sample")
    with slack_server() as slack, mail_server() as mail:
        configure(tmp_path / "sample", CHANNELS.format(slack=slack.base_url, port=mail.port))
        first = advisor("check", "--config", "sample", "--notify", environ=TOKEN)
        second = advisor("check", "--config", "sample", "--notify", environ=TOKEN)
        report = advisor("report", "--config", "sample", "--notify", environ=TOKEN)
    assert (first.code, second.code, report.code) == (0, 0, 0), first.err + second.err + report.err
    (posted,) = slack.posted
    assert posted["channel"] == "C0123456789"
    assert "move extract to your own GPUs" in json.dumps(posted["blocks"])
    assert slack.tokens[0] == "xoxb-1-secret"
    (letter,) = mail.mails
    assert "move extract" in letter["Subject"]
    assert {part.get_content_type() for part in letter.walk()} >= {"text/plain", "text/html"}
    assert "finops: recommendation delivered" in first.err
    assert "already" in second.err
    assert "xoxb-1-secret" not in first.err + first.out


def test_a_channel_that_refuses_fails_the_command_and_hides_no_other(advisor: Advisor, tmp_path: Path) -> None:
    advisor("demo", "sample")
    with slack_server() as slack, mail_server() as mail:
        configure(tmp_path / "sample", CHANNELS.format(slack=slack.base_url, port=mail.port))
        slack.answers.append(refuses("not_in_channel"))
        failed = advisor("check", "--config", "sample", "--notify", environ=TOKEN)
        again = advisor("check", "--config", "sample", "--notify", environ=TOKEN)
    assert failed.code == 1
    assert "not_in_channel" in failed.err
    assert "/invite" in failed.err
    assert "MOVE 1 OF 5" in failed.out, "the answer is printed all the same"
    assert len(mail.mails) == 1
    assert again.code == 0, again.err
    assert len(slack.posted) == 1, "what never arrived is sent when it is asked for again"


def test_a_channel_takes_only_the_news_on_its_list(advisor: Advisor, tmp_path: Path) -> None:
    advisor("demo", "sample")
    boxes = '\n[[channels]]\nname = "{name}"\nkind = "file"\npath = "{name}"\non = ["{name}"]\n'
    configure(tmp_path / "sample", "".join(boxes.format(name=name) for name in ("report", "data-health")))
    ran = advisor("check", "--config", "sample", "--notify")
    assert ran.code == 0, ran.err
    assert len(list((tmp_path / "sample" / "report").glob("*.txt"))) == 1
    assert not (tmp_path / "sample" / "data-health").exists()


def test_notify_without_channels_says_how_to_add_one(advisor: Advisor, folder: Path) -> None:
    ran = advisor("check", "--notify")
    assert ran.code == 2
    assert "[[channels]]" in ran.err
