"""Reads what a usage type, SKU or meter name counts: which tokens of which model in which tier, or something else.

The spellings are those of AWS (`USE1-Claude4.6Opus-cache-read-input-token-count-cross-region-global`,
`USE1-xai.grok-4.3-mantle-cache-read-tokens-flex`, `USE1-MP:USE1_InputTokenCount_Global_Batch-Units`), of Azure
(`gpt 4.1 cached Inp glbl Tokens`) and of prose (`$0.72 per 1M input tokens for Llama 3.1 70B in US East`).
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from enum import StrEnum

from advisor.contract.bills.labels import model_id
from advisor.domain.facts import ON_DEMAND, tier_named


class Part(StrEnum):
    """Which tokens a meter counts. On bills each kind has a meter of its own, so they are disjoint."""

    INPUT = "input"
    CACHE_READ = "cache_read"
    CACHE_WRITE = "cache_write"
    OUTPUT = "output"


@dataclass(frozen=True, slots=True, kw_only=True)
class Meter:
    """What a meter counts: tokens (`part`), or what `other` says. `model` is empty where the name does not tell."""

    part: Part | None = None
    other: str = ""
    model: str = ""
    tier: str = ON_DEMAND
    one_hour: bool = False  # a cache that is kept for an hour, which costs more to write

    @property
    def component(self) -> str:
        """The name under which the money of this meter is kept."""
        if self.part is None:
            return self.other
        return f"{self.part}_1h" if self.one_hour else str(self.part)


REGION = re.compile(r"^(?:US|EU|AP|CA|SA|ME|AF|IL|MX|UG|CN)[A-Z]{0,2}\d{0,2}-")
MARKETPLACE = re.compile(r"(?:^|-)MP:[A-Z0-9]+_(.+?)-Units$")
CAMEL = re.compile(r"(?<=[a-z0-9])(?=[A-Z])")
# What is billed beside text tokens, by whole words. Tokens of images or speech are no text tokens either.
OTHERS = {
    "provisioned": r"provisioned|model-?units?|reserved|tpm|ptu|throughput",
    "guardrail": r"guardrails?",
    "image": r"images?|t2-?i",
    "video": r"videos?",
    "speech": r"audio|speech|aud|seconds?|minutes?|characters?",
    "search": r"search-units?|queries",
    "customization": r"customization|training|fine-?tun(?:e|ing)|hosting",
    "storage": r"storage",
}
HOUR = r"1-?h(?:our|r)?"
INPUT = r"(?:inputs?|inpt|inp)"
PARTS = (
    (
        Part.CACHE_READ,
        rf"cache-?reads?(?:-{INPUT})?|(?:cached|cchd|cd)-(?:txt-|text-)?{INPUT}|{INPUT}-(?:cached|cache-reads?)|cached",
    ),
    (Part.CACHE_WRITE, rf"(?:{HOUR}-)?cache-?writes?(?:-?(?:{HOUR}|5-?m(?:in\w*)?))?(?:-{INPUT})?"),
    (Part.OUTPUT, r"(?:te?xt-)?(?:batch-?)?(?:outputs?|outpt|outp|opt|responses?|completions?)|txt-out"),
    (Part.INPUT, rf"(?:te?xt-)?(?:batch-?)?(?:{INPUT}|prompts?)|txt-in"),
)
FOUND = tuple(
    (part, re.compile(rf"(?:^|-)(?:{spelling})(?:-?token-?counts?|-tokens?)?(?=-|$)")) for part, spelling in PARTS
)
TIERS = re.compile(r"(?:^|-)(batch|flex|priority|latency-optimized)")
BEHIND_MODEL = re.compile(r"[-_ ](?:mantle|batch|flex|priority|std|text|txt|latency-optimized)$", re.IGNORECASE)
PROSE = re.compile(r"\bper\b|\bprice\b|[$€]|million|\|", re.IGNORECASE)
PROSE_MODEL = re.compile(r"\btokens? for (?:the )?(.+?)(?: model)?(?:,| in [A-Z]| \(|$)")


def read_meter(text: str, *, counts_tokens: bool = False) -> Meter | None:
    """What a name or description says is counted; None where it says neither tokens of a kind nor anything known.

    With *counts_tokens*, the unit says tokens and the name need not: `USE1-Llama3-1-70B-input`.

    >>> read_meter("USE1-Llama3-1-70B-input-tokens").model
    'Llama3-1-70B'
    """
    bare = REGION.sub("", text.strip())
    marketplace = MARKETPLACE.search(bare)
    if marketplace:
        bare = CAMEL.sub("-", marketplace[1])
    plain = re.sub(r"[\s_/,]", "-", bare.lower())
    if other := _other(bare, named=not marketplace):
        return other
    if counts_tokens or "token" in plain:
        for part, spelling in FOUND:
            if found := spelling.search(plain):
                return _tokens(part, found, bare, plain, named=not marketplace)
    return None


def _other(bare: str, *, named: bool) -> Meter | None:
    words = re.sub(r"[\s_:./]", "-", CAMEL.sub("-", bare)).lower()
    for other, spelling in OTHERS.items():
        if re.search(rf"(?:^|-)(?:{spelling})(?=-|$)", words):
            label = re.split(rf"(?i)[-_ :](?:{spelling})", bare)[0]
            named = named and label != bare and not PROSE.search(bare)
            return Meter(other=other, model=model_id(label) if named else "")
    return None


def _tokens(part: Part, found: re.Match[str], bare: str, plain: str, *, named: bool) -> Meter:
    label = bare[: found.start()] if named else ""
    if PROSE.search(bare):
        prose = PROSE_MODEL.search(bare)
        label = prose[1] if prose else ""
    while label != (label := BEHIND_MODEL.sub("", label.strip("-_ "))):
        pass
    if "custom-model" in plain and label:
        label = f"{model_id(label)}-custom-model"
    tier = TIERS.search(plain)
    return Meter(
        part=part,
        model=model_id(label) if label else "",
        tier=tier_named(tier[1]) if tier else ON_DEMAND,
        one_hour=part is Part.CACHE_WRITE and bool(re.search(rf"(?:^|-|write){HOUR}(?=-|$)", plain)),
    )
