"""Jinja2, set up once: strict about names, escaping by the format that the template's name says."""

from __future__ import annotations

import re
from functools import cache

from jinja2 import Environment, PackageLoader, StrictUndefined, Template

MARKUP = re.compile(r"[\\`*_\[\]<>|~&]")
BLOCK_START = re.compile(r"^(\d+(?=[.)])|[-+#=])")
"""What would begin a list, a heading or a rule where a line begins with it."""


def template(name: str) -> Template:
    """The template *name*; values are escaped in `*.html.j2`, and with the filters `md` and `md_line` in Markdown."""
    return _environment().get_template(name)


@cache
def _environment() -> Environment:
    environment = Environment(
        loader=PackageLoader("advisor.templates", ""),
        undefined=StrictUndefined,
        autoescape=lambda name: name is not None and name.endswith(".html.j2"),
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
    )
    environment.filters |= {"md": markdown, "md_line": markdown_line}
    return environment


def markdown(text: str) -> str:
    """*text*, which is on one line, so that Markdown shows it as it is within a line or a table cell."""
    return MARKUP.sub(r"\\\g<0>", text)


def markdown_line(text: str) -> str:
    """The same where a line or a list item begins with it."""
    return BLOCK_START.sub(_behind_backslash, markdown(text))


def _behind_backslash(start: re.Match[str]) -> str:
    # A digit cannot be escaped, the mark behind it can.
    return f"{start[0]}\\" if start[0].isdigit() else f"\\{start[0]}"
