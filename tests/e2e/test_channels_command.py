"""`advisor channels` through the real command: what is configured, what would be sent, and whether it arrives."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from tests.e2e.running import Advisor, Ran
from tests.e2e.test_notify import CHANNELS, TOKEN, configure
from tests.servers import Answer, SlackServer, mail_server, refuses, slack_server


@pytest.fixture
def sample(advisor: Advisor, tmp_path: Path) -> Path:
    advisor("demo", "sample")
    return tmp_path / "sample"


def test_channels_are_listed_with_the_news_they_take(advisor: Advisor, sample: Path) -> None:
    configure(sample, CHANNELS.format(slack="http://127.0.0.1:1/", port=1).replace('"owners"', '"owners"\non = []'))
    ran = advisor("channels", "--config", "sample")
    assert ran.code == 0, ran.err
    assert ran.out == "finops: slack on report, recommendation, data-health\nowners: email on nothing\n"


def test_a_preview_shows_the_words_and_sends_nothing(advisor: Advisor, sample: Path) -> None:
    with slack_server() as slack, mail_server() as mail:
        configure(sample, CHANNELS.format(slack=slack.base_url, port=mail.port))
        both = advisor("channels", "preview", "--config", "sample")
        raw = advisor("channels", "preview", "finops", "--config", "sample", "--no-sync", "--raw")
        sent = advisor("check", "--config", "sample", "--no-sync", "--notify", environ=TOKEN)
    assert (both.code, raw.code) == (0, 0), both.err + raw.err
    assert "--- finops (slack): MOVE 1 OF 5: move extract" in both.out
    assert "--- owners (email): MOVE 1 OF 5" in both.out
    assert "Subject: MOVE 1 OF 5" in both.out
    assert sent.code == 0
    (posted,) = slack.posted
    assert json.loads(raw.out)["blocks"] == posted["blocks"], "what is previewed is what is sent"
    assert len(mail.mails) == 1


def test_a_test_message_arrives_and_is_looked_up(advisor: Advisor, sample: Path) -> None:
    with slack_server() as slack, mail_server() as mail:
        slack.clock = lambda: 1795521600.0
        configure(sample, CHANNELS.format(slack=slack.base_url, port=mail.port))
        ran = advisor("channels", "test", "--config", "sample", environ=TOKEN)
        status = advisor("check", "--config", "sample", "--no-sync", "--notify", environ=TOKEN)
    assert ran.code == 0, ran.err
    assert ran.out == "finops: delivered\nowners: delivered\n"
    assert "nothing to do" in json.dumps(slack.posted[0]["blocks"])
    assert status.code == 0
    assert len(slack.posted) == 2, "a test is no news: the report still goes out"


def test_a_channel_that_cannot_look_up_its_history_fails_the_test_with_the_scope(
    advisor: Advisor, sample: Path
) -> None:
    with slack_server() as slack:
        ran = tried(advisor, sample, slack, refuses("missing_scope"))
    assert ran.code == 1
    assert "channels:history" in ran.err


def test_a_refusal_names_the_fix_and_an_unknown_channel_the_nearest(advisor: Advisor, sample: Path) -> None:
    with slack_server() as slack:
        slack.answers.append(refuses("not_in_channel"))
        ran = tried(advisor, sample, slack)
        typo = advisor("channels", "test", "finop", "--config", "sample", environ=TOKEN)
    assert (ran.code, typo.code) == (1, 2)
    assert "not_in_channel" in ran.err
    assert "/invite" in ran.err
    assert "did you mean 'finops'?" in typo.err


def tried(advisor: Advisor, sample: Path, slack: SlackServer, *history: Answer) -> Ran:
    slack.history_answers.extend(history)
    configure(sample, CHANNELS.format(slack=slack.base_url, port=1))
    return advisor("channels", "test", "finops", "--config", "sample", environ=TOKEN)
