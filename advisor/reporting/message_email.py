"""A page as an email: subject, plain text and HTML of the same content, small enough that no client clips it."""

from __future__ import annotations

import json
from typing import Any

from advisor.reporting.message_fit import cards, cut, first, line, total, where
from advisor.reporting.page import Page, SectionKey
from advisor.reporting.templating import template

MOST_CARDS = 15
ON_CARDS: tuple[SectionKey, ...] = ("sure",)
"""Sections that say again what the cards say."""
CARDS = 8_000
"""Characters of all cards together."""
LONGEST_ITEM = 800
LEAD = 2_000
LIST = 8_000
"""Bytes of HTML for each list. Altogether an email stays well below the 102 kB after which Gmail hides the rest."""


def email_body(page: Page, subject: str) -> str:
    """The JSON of subject, text and html. The HTML's styles are inline, and it loads nothing."""
    import css_inline

    shown = _shown(page)
    styled = template("email.html.j2").render(subject=subject, **shown)
    inliner = css_inline.CSSInliner(load_remote_stylesheets=False)
    text = template("email.txt.j2").render(**shown)
    return json.dumps({"subject": subject, "text": text, "html": inliner.inline(styled)}, ensure_ascii=False)


def _shown(page: Page) -> dict[str, Any]:
    """What both parts say, most urgent first."""
    made, rest = cards(page, MOST_CARDS, CARDS)
    elsewhere = where(page)
    after = {section.key: section for section in page.sections if section.key not in ON_CARDS}
    following = after.pop("next", None)
    lists = [
        ("Others" if made else "Workloads", [line(row) for row in rest]),
        ("Total", [total(page)] if page.rows else []),
        ("Next", following.items if following else ()),
        ("To know", [f"{issue.severity.value}: {issue.text}" for issue in page.issues]),
        *((each.title, (" · ".join(each.items),) if each.short else each.items) for each in after.values()),
    ]
    return {
        "sentence": page.sentences[0],
        "lead": cut(" ".join(page.sentences[1:]), LEAD),
        "title": " · ".join(page.title),
        "cards": made,
        "lists": [
            (name, first([cut(item, LONGEST_ITEM) for item in items], LIST, elsewhere))
            for name, items in lists
            if items
        ],
        "notes": [cut(f"{note.mark} {note.text}".strip(), LONGEST_ITEM) for note in page.footnotes if page.rows],
        "generated": page.generated,
        "elsewhere": elsewhere,
    }
