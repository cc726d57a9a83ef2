"""A rendered message as Slack takes it: its text and blocks, checked against Slack's limits before anything is sent."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from typing import Any

from advisor.contract import slack_limits as limits
from advisor.domain.report import Message
from advisor.errors import DeliveryError

Block = dict[str, Any]


def read_blocks(message: Message) -> tuple[str, list[Block]]:
    """The fallback text and the blocks of a rendered message.

    Raises a permanent DeliveryError where the body is not such JSON, or breaks a limit, which it names.
    """
    try:
        body = json.loads(message.body)
        text, blocks = body["text"], body["blocks"]
        shaped = isinstance(text, str) and isinstance(blocks, list) and all(isinstance(b, dict) for b in blocks)
    except (ValueError, TypeError, KeyError):
        shaped = False
    if not shaped:
        raise DeliveryError("the message is not rendered for Slack: no JSON of text and blocks", permanent=True)
    if fault := next(_faults(text, blocks), ""):
        raise DeliveryError(
            f"the message breaks a limit of Slack: {fault}",
            "send it to fewer workloads a message, or by email",
            permanent=True,
        )
    return text, blocks


def _faults(text: str, blocks: list[Block]) -> Iterator[str]:
    if not text.strip():
        yield "it has no text for notifications and screen readers"
    if len(blocks) > limits.MAX_BLOCKS:
        yield f"{len(blocks)} blocks, {limits.MAX_BLOCKS} are allowed"
    for number, block in enumerate(blocks, start=1):
        if any(not said.strip() for said in _texts(block)):
            yield f"block {number} has an empty text"
        for what, size, limit in _sizes(block):
            if size > limit:
                yield f"block {number} has {size:,} {what}, {limit:,} are allowed"
    total = sum(map(_characters, blocks))
    if total > limits.MAX_TOTAL:
        yield f"{total:,} characters in all blocks, {limits.MAX_TOTAL:,} are allowed"


def _sizes(block: Block) -> Iterator[tuple[str, int, int]]:
    match block.get("type"):
        case "section":
            yield "characters in its section", _characters(block.get("text")), limits.MAX_SECTION
            fields = block.get("fields") or ()
            yield "fields", len(fields), limits.MAX_FIELDS
            yield "characters in a field", max(map(_characters, fields), default=0), limits.MAX_FIELD
        case "header":
            yield "characters in its header", _characters(block.get("text")), limits.MAX_HEADER
        case "context":
            yield "elements", len(block.get("elements") or ()), limits.MAX_CONTEXT_ELEMENTS


def _characters(node: Any) -> int:
    return sum(map(limits.length, _texts(node)))


def _texts(node: Any) -> Iterator[str]:
    """Every `text` string inside a block."""
    if isinstance(node, Mapping):
        if isinstance(own := node.get("text"), str):
            yield own
        for value in node.values():
            yield from _texts(value)
    elif isinstance(node, list):
        for value in node:
            yield from _texts(value)
