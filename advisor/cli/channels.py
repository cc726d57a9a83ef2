"""`advisor channels`: where messages go, what would be sent, and whether it arrives."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import click

from advisor.cli.default import ListsByDefault
from advisor.cli.options import config_option, desk_at, month_option, sync_option

if TYPE_CHECKING:
    from advisor.contract.channel import Channel
    from advisor.desk import Desk
    from advisor.domain.report import Message
    from advisor.domain.units import Month


@click.group(cls=ListsByDefault, subcommand_metavar="[COMMAND] [OPTIONS]")
def channels() -> None:
    """List where messages go; show what would be sent, or send a test.

    `advisor channels` alone is short for `advisor channels list`.
    """


@channels.command("list")
@config_option
def list_channels(config: str | None) -> int:
    """List the configured channels, with the news that each takes."""
    with desk_at(config) as desk:
        for channel in desk.channels().values():
            then = f", else {channel.fallback}" if channel.fallback else ""
            click.echo(f"{channel.name}: {channel.kind} on {', '.join(channel.on) or 'nothing'}{then}")
    return 0


@channels.command()
@click.argument("name", required=False)
@config_option
@month_option
@sync_option
@click.option("--raw", is_flag=True, help="As it is sent: JSON for Slack, mail and webhooks.")
def preview(name: str | None, config: str | None, month: Month | None, no_sync: bool, raw: bool) -> int:
    """Show what channel NAME, or each channel, would get for a month. Sends and records nothing."""
    from advisor.cli.check import judge
    from advisor.reporting.message import message_for

    with desk_at(config) as desk:
        chosen = _chosen(desk, name)
        findings = judge(desk, month, sync=not no_sync)
        kind = "recommendation" if findings.moves else "report"
        for number, channel in enumerate(chosen):
            message = message_for(findings, channel.name, channel.format, kind)
            if len(chosen) > 1:
                click.echo(f"{'' if number == 0 else chr(10)}--- {channel.name} ({channel.kind}): {message.subject}")
            click.echo(message.body if raw else _readable(message, channel), nl=raw)
    return 0


@channels.command()
@click.argument("name", required=False)
@config_option
def test(name: str | None, config: str | None) -> int:
    """Send a short test message to channel NAME, or to each channel, and say whether it arrived."""
    with desk_at(config) as desk:
        arrived = [_tried(channel, desk) for channel in _chosen(desk, name)]
    return int(not all(arrived))


def _chosen(desk: Desk, name: str | None) -> list[Channel]:
    """The channel of that name, or all. Raises UsageError naming the nearest one."""
    from difflib import get_close_matches

    from advisor.errors import UsageError

    known = desk.channels()
    if name is None:
        return list(known.values())
    if name not in known:
        near = get_close_matches(name, known, n=1)
        hint = f"did you mean {near[0]!r}?" if near else f"channels: {', '.join(known)}"
        raise UsageError(f"there is no channel {name!r}", hint)
    return [known[name]]


def _tried(channel: Channel, desk: Desk) -> bool:
    """Send one test, and where the channel can look up, look it up: both have to work for a message to be safe."""
    from advisor.contract.channel import OutcomeUnknownError
    from advisor.errors import AdvisorError
    from advisor.reporting.trial import trial

    message = trial(channel.name, channel.format, desk.now)
    try:
        receipt = channel.deliver(message, desk.now)
        click.echo(f"{channel.name}: delivered{f', but {receipt.note}' if receipt.note else ''}")
        if channel.looks_up and channel.find(message, receipt.delivered_at) is None:
            click.echo(f"{channel.name}: and it is not in the channel's history", err=True)
            return False
    except OutcomeUnknownError as error:
        click.echo(f"{channel.name}: may or may not have arrived: {error}", err=True)
        return False
    except AdvisorError as error:
        click.echo(f"{channel.name}: {error.message}", err=True)
        if error.hint:
            click.echo(f"hint: {error.hint}", err=True)
        return False
    return not receipt.note


def _readable(message: Message, channel: Channel) -> str:
    """The words of a message, one text a line where it is made of blocks."""
    if channel.format == "slack":
        return "".join(f"{text}\n" for text in _texts(json.loads(message.body)["blocks"]))
    if channel.format == "email":
        body = json.loads(message.body)
        return f"Subject: {body['subject']}\n\n{body['text']}"
    return message.body


def _texts(node: object) -> list[str]:
    if isinstance(node, list):
        return [text for each in node for text in _texts(each)]
    if isinstance(node, dict):
        own = node.get("text")
        if isinstance(own, str):
            return [own]
        return [text for value in node.values() for text in _texts(value)]
    return []
