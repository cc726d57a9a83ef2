"""`--notify` through the real command: Slack, mail and a file receive the answer, each of them once."""

from __future__ import annotations

import json
from pathlib import Path

from tests.e2e.running import Advisor
from tests.servers import Answer, mail_server, refuses, slack_server

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


def test_a_fallback_gets_what_the_first_channel_refuses_and_nothing_else(advisor: Advisor, tmp_path: Path) -> None:
    advisor("demo", "sample")
    with slack_server() as slack, mail_server() as mail:
        both = CHANNELS.format(slack=slack.base_url, port=mail.port)
        configure(
            tmp_path / "sample",
            both.replace('kind = "slack"', 'kind = "slack"\nfallback = "owners"') + "on = []\n",
        )
        slack.answers.append(refuses("is_archived"))
        failed = advisor("check", "--config", "sample", "--notify", environ=TOKEN)
        whole = advisor("check", "--config", "sample", "--notify", "--month", "2026-09", environ=TOKEN)
    assert (failed.code, whole.code) == (1, 0), failed.err + whole.err
    assert "is_archived" in failed.err
    assert "owners: recommendation delivered" in failed.err
    (letter,) = mail.mails
    assert " - October 2026" in letter["Subject"]
    assert len(slack.posted) == 1


def test_a_fallback_that_is_no_channel_is_named(advisor: Advisor, tmp_path: Path) -> None:
    advisor("demo", "sample")
    configure(tmp_path / "sample", '[[channels]]\nname = "a"\nkind = "file"\npath = "out"\nfallback = "mial"\n')
    ran = advisor("check", "--config", "sample", "--notify")
    assert ran.code == 2
    assert "fallback names 'mial'" in ran.err


def test_a_post_whose_answer_was_lost_is_found_by_a_later_run_and_not_posted_again(
    advisor: Advisor, tmp_path: Path
) -> None:
    advisor("demo", "sample")
    with slack_server() as slack:
        configure(
            tmp_path / "sample", CHANNELS.partition('[[channels]]\nname = "owners"')[0].format(slack=slack.base_url)
        )
        slack.answers.append(Answer(posts=True, breaks="after taking"))
        lost = advisor("check", "--config", "sample", "--notify", environ=TOKEN)
        later = {**TOKEN, "ADVISOR_NOW": "2026-11-24T12:05:00Z"}
        found = advisor("check", "--config", "sample", "--notify", environ=later)
    assert lost.code == 1
    assert "may or may not have arrived, a later run finds out" in lost.err
    assert found.code == 0, found.err
    assert "finops: recommendation delivered" in found.err
    assert len(slack.posted) == 1


def test_a_message_that_waits_for_its_next_attempt_is_said_and_not_taken_for_sent(
    advisor: Advisor, tmp_path: Path
) -> None:
    advisor("demo", "sample")
    with slack_server() as slack:
        only = CHANNELS.partition('[[channels]]\nname = "owners"')[0]
        configure(tmp_path / "sample", only.format(slack=slack.base_url))
        slack.answers.append(refuses("ratelimited", status=429))
        slowed = advisor("check", "--config", "sample", "--notify", environ=TOKEN)
        early = advisor("check", "--config", "sample", "--no-sync", "--notify", environ=TOKEN)
        later = {**TOKEN, "ADVISOR_NOW": "2026-11-24T12:05:00Z"}
        sent = advisor("check", "--config", "sample", "--no-sync", "--notify", environ=later)
    assert (slowed.code, early.code, sent.code) == (1, 1, 0), early.err + sent.err
    assert "is tried again from 12:01 UTC on: Slack asks to slow down" in early.err
    assert "finops: recommendation delivered" in sent.err
    assert len(slack.posted) == 1
