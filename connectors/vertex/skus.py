"""Reads what a SKU of Google's AI services sells: which tokens of which model, from its description.

There are two ways of naming them, neither of which Google documents: `Gemini 2.5 Flash GA Text Input - Predictions` of
Vertex AI, and `Generate content input token count gemini 2.5 flash short input text` of the Gemini API.
"""

from __future__ import annotations

import re
from dataclasses import replace

from advisor.contract.bills.meters import Meter, read_meter
from advisor.contract.bills.units import tokens_in

UNCLEAR = "tokens"
"""The component of money for tokens whose kind a SKU does not say."""
GEMINI_API = re.compile(
    r"generate ?content (?P<before>.*?)token count (?:for )?(?P<model>.+?)"
    r"(?: (?:short|long))?(?: (?:input|output))?"
    r"(?P<after>(?: (?:text|image|video|audio|batch|flex|priority|caching))*)",
    re.IGNORECASE,
)
CACHING = re.compile(r"\b(?:(text) input|input (text)) caching\b", re.IGNORECASE)
FAMILIES = re.compile(
    r"(?:gemini|gemma|claude|llama|mistral|mixtral|ministral|codestral|jamba|deepseek|qwen|gpt-oss|kimi|glm|grok)"
    r"[-\d]",
    re.IGNORECASE,
)
# What stands behind a model's name and is no part of it: its stage, where it is served, the length of the prompt.
BEHIND_MODEL = re.compile(r"-(?:ga|global|regional|long|short|long-context|thinking|text|online)$", re.IGNORECASE)


def read_sku(description: str) -> Meter:
    """What is sold. The model is empty where the description does not begin with one that is known.

    >>> found = read_sku("Gemini 2.5 Flash GA Thinking Text Output - Predictions")
    >>> found.model, found.component
    ('gemini-2.5-flash', 'output')
    """
    plain = " ".join(re.sub(r"[()]", " ", description).split())
    if own := GEMINI_API.fullmatch(plain):
        # The same words in the order of the other way.
        cached = "cached " if "caching" in own["after"].lower() else ""
        rest = re.sub(r"(?i) caching", "", own["after"])
        plain = f"{own['model']}{rest} {cached}{own['before']}tokens"
    else:
        plain = CACHING.sub(r"cached \1\2 input", plain)
    meter = read_meter(plain, counts_tokens=True) or Meter(other="other")
    if meter.part and "caching" in plain.lower():
        meter = replace(meter, part=None, other=UNCLEAR)
    model = meter.model
    while model != (model := BEHIND_MODEL.sub("", model)):
        pass
    return replace(meter, model=model.lower() if FAMILIES.match(model) else "")


def tokens_each(description: str, unit: str) -> int | None:
    """The tokens in one *unit* of a SKU, or None where the two together do not say it.

    Google counts most tokens in the unit `count`: of tokens, where the SKU is a "token count". A plain "Text Input"
    may as well count characters or requests.

    >>> tokens_each("Generate content output token count gemini 3.5 flash text", "count")
    1
    """
    if unit.strip().lower() == "count":
        return 1 if re.search(r"\btoken count\b", description, re.IGNORECASE) else None
    return tokens_in(unit)
