"""One page in the format asked for."""

from __future__ import annotations

import json

from advisor.domain.report import Findings


def render(findings: Findings, format_name: str) -> str:
    """*findings* as `table`, `markdown`, `html` or `json`; ends with a newline. Raises ValueError for another name."""
    match format_name:
        case "json":
            from advisor.reporting.check_json import check_document

            return dumps(check_document(findings))
        case "table":
            from advisor.reporting.compose import compose
            from advisor.reporting.table import table

            return table(compose(findings))
        case "markdown" | "html":
            from advisor.reporting.compose import compose
            from advisor.reporting.templating import template

            return template(f"check.{SUFFIXES[format_name]}.j2").render(page=compose(findings))
    raise ValueError(f"{format_name!r} is no format: table, markdown, html or json")


SUFFIXES = {"markdown": "md", "html": "html"}


def dumps(document: object) -> str:
    """A document as text that any program can read: no NaN, and half characters escaped instead of written."""
    text = json.dumps(document, indent=2, ensure_ascii=False, allow_nan=False)
    return text.encode("utf-8", "backslashreplace").decode("utf-8") + "\n"
