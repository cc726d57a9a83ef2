"""Markdown and HTML: what comes from outside stays text, and HTML needs nothing from elsewhere."""

from __future__ import annotations

import re
from html.parser import HTMLParser

import pytest
from markdown_it import MarkdownIt

from advisor.reporting import words
from advisor.reporting.compose import compose
from advisor.reporting.render import render
from tests.golden.cases import CASES, HOSTILE, findings, judged, source

STARTERS = ("# heading", "- item", "+ item", "1. item", "23) item", "=== x", "> quote", "~~~ fence", "``` fence", "---")
VOID = {"meta", "br"}


class Tree(HTMLParser):
    """The tags, attributes and texts of a document; fails where a tag is not closed."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.open: list[str] = []
        self.tags: set[str] = set()
        self.attributes: set[str] = set()
        self.cells: list[str] = []
        self.feed(text)
        assert self.open == []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.add(tag)
        self.attributes |= {name for name, _ in attrs}
        if tag not in VOID:
            self.open.append(tag)
        if tag in ("td", "li", "h1"):
            self.cells.append("")

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag

    def handle_data(self, data: str) -> None:
        if {"td", "li", "h1"} & set(self.open):
            self.cells[-1] += data


def rendered_markdown(text: str) -> Tree:
    return Tree(MarkdownIt("commonmark").enable("table").render(text))


@pytest.mark.parametrize("case", CASES)
def test_html_is_whole_and_loads_nothing(case: str) -> None:
    text = render(CASES[case](), "html")
    tree = Tree(text)
    assert tree.tags <= {
        "html", "head", "meta", "title", "style", "body", "header", "p", "h1", "h2", "div", "table", "thead", "tbody",
        "tfoot", "tr", "th", "td", "small", "br", "ul", "li", "span", "footer",
    }  # fmt: skip
    assert tree.attributes <= {"lang", "charset", "name", "content", "class", "scope", "colspan"}
    assert not re.search(r"url\(|@import|javascript:", text)


def test_html_shows_hostile_names_as_they_are() -> None:
    tree = Tree(render(CASES["hostile"](), "html"))
    for name in HOSTILE:
        assert words.plain(name) in tree.cells


@pytest.mark.parametrize("case", CASES)
def test_markdown_becomes_headings_lists_and_a_table_and_nothing_else(case: str) -> None:
    tree = rendered_markdown(render(CASES[case](), "markdown"))
    assert tree.tags <= {"h1", "h2", "p", "strong", "table", "thead", "tbody", "tr", "th", "td", "ul", "li"}


def test_markdown_shows_hostile_names_as_they_are() -> None:
    tree = rendered_markdown(render(CASES["hostile"](), "markdown"))
    for name in HOSTILE:
        assert words.plain(name) in tree.cells


@pytest.mark.parametrize("name", STARTERS)
def test_a_name_cannot_begin_a_block_of_its_own(name: str) -> None:
    found = findings(judged(name, "30240"), sources=(source(name),))
    tree = rendered_markdown(render(found, "markdown"))
    assert tree.tags <= {"h1", "h2", "p", "strong", "table", "thead", "tbody", "tr", "th", "td", "ul", "li"}
    assert name in tree.cells
    assert [cell for cell in tree.cells if cell.startswith(f"{name}: ")]


def test_a_row_of_the_table_has_its_eight_cells_whatever_its_name() -> None:
    text = render(CASES["hostile"](), "markdown")
    rows = [line for line in text.splitlines() if line.startswith("|")]
    assert len(rows) == 2 + len(HOSTILE) + 1
    assert {len(re.findall(r"(?<!\\)\|", row)) for row in rows} == {9}


@pytest.mark.parametrize("format_name", ["markdown", "html"])
@pytest.mark.parametrize("case", CASES)
def test_every_format_says_all_of_the_page(case: str, format_name: str) -> None:
    page = compose(CASES[case]())
    text = render(CASES[case](), format_name)
    tree = Tree(text) if format_name == "html" else rendered_markdown(text)
    assert [section.title for section in page.sections if section.title not in text] == []
    listed = [item for section in page.sections if not section.short for item in section.items]
    assert [item for item in listed if item not in tree.cells] == []
    assert [row.why for row in page.rows if row.why not in tree.cells] == []
    assert text.endswith("\n")
