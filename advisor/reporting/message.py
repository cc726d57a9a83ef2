"""Findings to a message: rendered for one channel and frozen, with a key that is the same for the same news."""

from __future__ import annotations

import hashlib
import json
from dataclasses import replace

from advisor.contract.channel import Format
from advisor.domain.facts import PullStatus
from advisor.domain.report import Findings, Message
from advisor.reporting.compose import compose
from advisor.reporting.message_email import email_body
from advisor.reporting.message_fit import cut
from advisor.reporting.message_slack import slack_body
from advisor.reporting.page import Page
from advisor.reporting.render import render

LONGEST_SUBJECT = 200


def message_for(findings: Findings, channel: str, format_name: Format, kind: str) -> Message:
    """*findings* as one message of *kind* to the channel of that name, in the format that it takes."""
    page = compose(findings)
    subject = subject_of(page)
    match format_name:
        case "slack":
            body = slack_body(page)
        case "email":
            body = email_body(page, subject)
        case "text":
            body = render(findings, "table")
        case "json":
            body = render(findings, "json")
    return Message(dedup_key=news_key(findings, channel, kind), channel=channel, kind=kind, subject=subject, body=body)


def instead_of(message: Message, findings: Findings, channel: str, format_name: Format) -> Message:
    """The same news as *message* for the channel that gets it if that one cannot be delivered."""
    other = message_for(findings, channel, format_name, message.kind)
    key = hashlib.sha256(json.dumps([message.dedup_key, "instead", channel]).encode()).hexdigest()
    return replace(other, dedup_key=key, stands_in_for=message.dedup_key)


def subject_of(page: Page) -> str:
    """What to do, and for which month, on one line."""
    month = f"{page.title[0]}, provisional" if page.provisional and page.rows else page.title[0]
    return f"{cut(page.sentences[0].rstrip('.'), LONGEST_SUBJECT)} - {month}"


def news_key(findings: Findings, channel: str, kind: str) -> str:
    """The same for the same news to the same channel: the month, and each workload's verdict.

    Figures are no news: a bill restated by a cent repeats nothing. Neither is the user's own answer, but a snooze that
    is over is. For `data-health` it is also which sources are not whole. It is a digest, since members of a chat can
    read it beside the message.
    """
    today = findings.generated_at.date()
    verdicts = sorted(
        (
            verdict.usage.workload.name,
            (verdict.advised or verdict.state).value,
            *[f"{one.until}" for one in (verdict.snooze,) if one and one.until and one.until <= today],
        )
        for verdict in findings.verdicts
    )
    broken = sorted((s.name, s.status.value) for s in findings.sources if s.status is not PullStatus.OK)
    news = ["1", channel, kind, str(findings.month), verdicts, *([broken] if kind == "data-health" else [])]
    return hashlib.sha256(json.dumps(news).encode()).hexdigest()
