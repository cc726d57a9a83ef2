"""What Slack would refuse is refused here first, with the limit named."""

from __future__ import annotations

import json
from typing import Any

import pytest

from advisor.contract import slack_limits as limits
from advisor.delivery.blocks import read_blocks
from advisor.domain.report import Message
from advisor.errors import DeliveryError

Block = dict[str, Any]


def plain(text: str) -> Block:
    return {"type": "plain_text", "text": text}


def section(text: str = "x", **more: Any) -> Block:
    return {"type": "section", "text": plain(text), **more}


def rendered(*blocks: Any, text: Any = "news") -> Message:
    body = json.dumps({"text": text, "blocks": blocks})
    return Message(dedup_key="k", channel="c", kind="report", subject="s", body=body)


def fault(*blocks: Any, text: Any = "news") -> str:
    with pytest.raises(DeliveryError) as refused:
        read_blocks(rendered(*blocks, text=text))
    assert refused.value.permanent
    return refused.value.message


@pytest.mark.parametrize(
    "at_the_limit",
    [
        [section()] * limits.MAX_BLOCKS,
        [section("x" * limits.MAX_SECTION)],
        [{"type": "header", "text": plain("x" * limits.MAX_HEADER)}],
        [section(fields=[plain("x")] * limits.MAX_FIELDS)],
        [section(fields=[plain("x" * limits.MAX_FIELD)])],
        [{"type": "context", "elements": [plain("x")] * limits.MAX_CONTEXT_ELEMENTS}],
        [section("x" * 2_500)] * (limits.MAX_TOTAL // 2_500),
        [{"type": "divider"}],
    ],
)
def test_a_message_at_a_limit_is_taken_as_it_is(at_the_limit: list[Block]) -> None:
    assert read_blocks(rendered(*at_the_limit)) == ("news", at_the_limit)


@pytest.mark.parametrize(
    ("above", "said"),
    [
        ([section()] * (limits.MAX_BLOCKS + 1), "51 blocks, 50 are allowed"),
        ([section("x" * (limits.MAX_SECTION + 1))], "block 1 has 3,001 characters in its section"),
        ([section(), {"type": "header", "text": plain("x" * 151)}], "block 2 has 151 characters in its header"),
        ([section(fields=[plain("x")] * 11)], "11 fields, 10 are allowed"),
        ([section(fields=[plain("x" * 2_001)])], "2,001 characters in a field"),
        ([{"type": "context", "elements": [plain("x")] * 11}], "11 elements, 10 are allowed"),
        ([section("x" * 2_500)] * 4 + [section()], "10,001 characters in all blocks, 10,000 are allowed"),
        ([section("🚀" * 1_501)], "3,002 characters in its section"),
        ([section(" ")], "block 1 has an empty text"),
        ([section(fields=[plain("")])], "block 1 has an empty text"),
    ],
)
def test_a_message_above_a_limit_is_refused_and_the_limit_named(above: list[Block], said: str) -> None:
    assert said in fault(*above)


def test_a_message_without_a_text_for_notifications_is_refused() -> None:
    assert "notifications" in fault(section(), text="")


@pytest.mark.parametrize("not_blocks", [["x"], [None], [[]]])
def test_what_is_no_block_is_no_rendering_for_slack(not_blocks: list[Any]) -> None:
    assert "not rendered for Slack" in fault(*not_blocks)


def test_fields_and_elements_that_are_null_are_none() -> None:
    read_blocks(rendered(section(fields=None), {"type": "context", "elements": None}))
