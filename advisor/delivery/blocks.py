"""What Slack takes: the limits of Block Kit, checked before anything is sent.

Sources: https://docs.slack.dev/reference/block-kit/blocks, and for the total
https://github.com/slackapi/bolt-js/issues/2509 (`msg_blocks_too_long` above about 13,000 characters).
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from typing import Any

from advisor.domain.report import Message
from advisor.errors import DeliveryError

MAX_BLOCKS = 50
MAX_SECTION = 3_000
MAX_HEADER = 150
MAX_FIELDS = 10
MAX_FIELD = 2_000
MAX_CONTEXT_ELEMENTS = 10
MAX_TOTAL = 10_000

Block = dict[str, Any]


def read_blocks(message: Message) -> tuple[str, list[Block]]:
    """The fallback text and the blocks of a rendered message.

    Raises a permanent DeliveryError where the body is not such JSON, or breaks a limit, which it names.
    """
    try:
        body = json.loads(message.body)
        text, blocks = str(body["text"]), list(body["blocks"])
    except (ValueError, TypeError, KeyError) as error:
        raise DeliveryError(
            "the message is not rendered for Slack: no JSON of text and blocks", permanent=True
        ) from error
    if fault := next(_faults(text, blocks), ""):
        raise DeliveryError(
            f"the message breaks a limit of Slack: {fault}",
            "send it to fewer workloads a message, or by email",
            permanent=True,
        )
    return text, blocks


def _faults(text: str, blocks: list[Block]) -> Iterator[str]:
    if not text:
        yield "it has no text for notifications and screen readers"
    if len(blocks) > MAX_BLOCKS:
        yield f"{len(blocks)} blocks, {MAX_BLOCKS} are allowed"
    for number, block in enumerate(blocks, start=1):
        for what, size, limit in _sizes(block):
            if size > limit:
                yield f"block {number} has {size:,} {what}, {limit:,} are allowed"
    total = sum(_characters(block) for block in blocks)
    if total > MAX_TOTAL:
        yield f"{total:,} characters in all blocks, {MAX_TOTAL:,} are allowed"


def _sizes(block: Block) -> Iterator[tuple[str, int, int]]:
    match block.get("type"):
        case "section":
            yield "characters in its section", _characters(block.get("text")), MAX_SECTION
            fields = block.get("fields", ())
            yield "fields", len(fields), MAX_FIELDS
            yield "characters in a field", max(map(_characters, fields), default=0), MAX_FIELD
        case "header":
            yield "characters in its header", _characters(block.get("text")), MAX_HEADER
        case "context":
            yield "elements", len(block.get("elements", ())), MAX_CONTEXT_ELEMENTS


def _characters(node: Any) -> int:
    """The length of every `text` string inside a block."""
    if isinstance(node, Mapping):
        own = node.get("text")
        return (len(own) if isinstance(own, str) else 0) + sum(map(_characters, node.values()))
    return sum(map(_characters, node)) if isinstance(node, list) else 0
