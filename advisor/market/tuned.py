"""The open model that an id says it was fine-tuned from."""

from __future__ import annotations

import re
from collections.abc import Mapping

from advisor.market.spelling import plain, shortened

# Bedrock's custom models and the fine-tunes of OpenAI's and Mistral's APIs name their base in a place of its own.
NAMED = re.compile(r":custom-model/(?P<arn>[^/]+)/|^ft:(?P<ft>[^:]+):", re.IGNORECASE)
# A Fireworks account other than the host's own holds what its owner uploaded or tuned.
ACCOUNT = re.compile(r"^accounts/(?!fireworks/)[^/]+/models/", re.IGNORECASE)
MARKS = frozenset({"adapter", "dpo", "finetune", "finetuned", "ft", "lora", "qlora", "reference", "sft", "tuned"})


def base_of(model_raw: str, known: Mapping[str, str]) -> str:
    """The canonical id of the base that an id names, or an empty text.

    *known* holds the canonical ids of open models by every name of them. An id is a fine-tune's where it has the form
    that a host gives its fine-tunes, or where it holds a whole name of a known model and a word such as `lora`.
    """
    if named := NAMED.search(model_raw):
        return _exactly(plain(re.sub(r":\d+k$", "", named["arn"] or named["ft"])), known)
    name = plain(model_raw)
    if name.startswith("arn:"):
        return ""
    own_account = ACCOUNT.match(model_raw) is not None
    if _exactly(name, known) and not own_account:
        return ""
    words = re.split(r"[-:]", name)
    if not own_account and not MARKS.intersection(words):
        return ""
    framed = f"-{'-'.join(words)}-"
    held = [one for one in known if f"-{one}-" in framed]
    return known[max(held, key=len)] if held else ""


def _exactly(name: str, known: Mapping[str, str]) -> str:
    return next((known[one] for one in shortened(name) if one in known), "")
