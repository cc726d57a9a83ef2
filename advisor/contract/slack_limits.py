"""The limits of a Slack message, which a rendering keeps and a channel checks before it sends.

Sources: https://docs.slack.dev/reference/block-kit/blocks, and for the total
https://github.com/slackapi/bolt-js/issues/2509 (`msg_blocks_too_long` above about 13,000 characters).
"""

from __future__ import annotations

MAX_BLOCKS = 50
MAX_SECTION = 3_000
MAX_HEADER = 150
MAX_FIELDS = 10
MAX_FIELD = 2_000
MAX_CONTEXT_ELEMENTS = 10
MAX_TOTAL = 10_000


def length(text: str) -> int:
    """The characters of *text* as Slack may count them: UTF-16 units, in which an emoji is two."""
    return len(text.encode("utf-16-le", "surrogatepass")) // 2
