"""A page as a Slack message: Block Kit JSON that keeps Slack's limits whatever the page holds."""

from __future__ import annotations

import json

from advisor.contract import slack_limits as limits
from advisor.reporting.message_fit import cards, cut, fitted, line, total, where
from advisor.reporting.page import Page, SectionKey
from advisor.reporting.templating import template

MOST_CARDS = 25
CARDS, LEAD, TITLE, OTHERS, TOTAL, NEXT, ISSUES = 3_800, 1_000, 400, 1_200, 300, 600, 600
NOTES, DATA, ASSUMED = 400, 700, 700
"""Characters for each part. With the header and the labels they stay below the limit of all blocks together."""
REMEMBERED: tuple[tuple[str, SectionKey, int], ...] = (
    ("Corrected", "corrected", 500),
    ("What changed", "changed", 400),
    ("On own GPUs", "own", 400),
)
"""Parts that cards make room for."""


def slack_body(page: Page) -> str:
    """The JSON of text and blocks.

    Whatever comes from outside is plain text, in which Slack reads no markup and no mentions, or is escaped.
    """
    elsewhere = where(page)
    remembered = [(name, fitted(_items(page, key), room, elsewhere)) for name, key, room in REMEMBERED]
    made, rest = cards(page, MOST_CARDS, CARDS - sum(limits.length(name + text) for name, text in remembered if text))
    header = cut(page.sentences[0], limits.MAX_HEADER)
    issues = [f"{issue.severity.value}: {issue.text}" for issue in page.issues]
    rendered = template("slack.json.j2").render(
        text=escaped(cut(page.headline, LEAD)),
        header=header,
        lead=cut(" ".join(page.sentences[1:]) if header == page.sentences[0] else page.headline, LEAD),
        title=cut(" · ".join(page.title), TITLE),
        cards=made,
        parts=[
            *remembered,
            ("Others" if made else "Workloads", fitted(map(line, rest), OTHERS, elsewhere)),
            ("Total", cut(total(page), TOTAL)),
            ("Next", fitted(_items(page, "next"), NEXT, elsewhere)),
            ("To know", fitted(issues, ISSUES, elsewhere)),
        ],
        notes=[
            ("Notes", fitted([f"{note.mark} {note.text}" for note in page.footnotes if note.mark], NOTES, elsewhere)),
            ("Data", fitted(_items(page, "data"), DATA, elsewhere)),
            ("Assumed, not measured", fitted(_items(page, "assumed"), ASSUMED, elsewhere, " · ")),
        ],
    )
    return json.dumps(json.loads(rendered), ensure_ascii=False)


def escaped(text: str) -> str:
    """*text* where Slack reads markup: no entity, link, mention or broadcast can come of it (Slack's three escapes)."""
    return text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")


def _items(page: Page, key: SectionKey) -> tuple[str, ...]:
    section = page.section(key)
    return section.items if section else ()
