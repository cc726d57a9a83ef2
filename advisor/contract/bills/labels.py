"""Model ids as APIs spell them, from the labels that bills use: `Claude4.6Opus`, `NovaLite`, `Llama 3.3 70B`."""

from __future__ import annotations

import re

API_ID = re.compile(r"[a-z0-9]+\.[a-z][\w.:-]*")
EDITION = re.compile(r"\s*\(Amazon Bedrock Edition\)\s*$", re.IGNORECASE)
CLAUDE = re.compile(
    r"claude[- ]?(?:v?(?P<before>\d+(?:[.-]\d+)?)[- ]?)?(?P<family>[a-z]+?)?"
    r"(?:[- ]?(?P<after>\d+(?:[.-]\d+)?))?(?:[- ]?v\d)?(?P<more>-[\w-]+)?",
    re.IGNORECASE,
)
RUN_TOGETHER = re.compile(r"(Nova|Titan|Mistral|Mixtral|Ministral|Pixtral|Magistral|Jamba|Cohere|Command)(?=[A-Z\d])")


def model_id(label: str) -> str:
    """The id that a bill's label stands for; what is an id already, or unknown, stays as it is.

    Anthropic's ids name the family before the version from version 4 on, and after it before that.

    >>> model_id("Claude4.6Opus"), model_id("Claude3.5Sonnet"), model_id("Nova2.0Lite"), model_id("Mixtral8x7B")
    ('claude-opus-4-6', 'claude-3-5-sonnet', 'Nova-2-Lite', 'Mixtral-8x7B')
    """
    name = EDITION.sub("", label.strip())
    if API_ID.fullmatch(name):
        return name
    if claude := CLAUDE.fullmatch(name):
        return _claude(claude)
    if RUN_TOGETHER.match(name):
        name = RUN_TOGETHER.sub(r"\1-", name)
        name = re.sub(r"(?<=[a-z\d])(?=[A-Z][a-z])|(?<=[a-z]{2})(?=\d)", "-", name)
        name = re.sub(r"(?<=\d)\.0(?=-|$)", "", name)
    return re.sub(r"\s+", "-", name)


def _claude(found: re.Match[str]) -> str:
    version = (found["before"] or found["after"] or "").replace(".", "-").removesuffix("-0")
    family = (found["family"] or "").lower()
    parts = [version, family] if version and int(version.split("-")[0]) < 4 else [family, version]
    return "-".join(part for part in ["claude", *parts] if part) + (found["more"] or "").lower()
