"""Which model an id stands for, however its host spells it."""

from __future__ import annotations

import re
import tomllib
from dataclasses import dataclass, replace
from fnmatch import fnmatchcase
from functools import cache
from importlib.resources import files


@dataclass(frozen=True, slots=True, kw_only=True)
class Model:
    """A model under its canonical id.

    `modelled` is False for what is not text generation; `kind` then says what it is. `parameters` and `active` are in
    billions, None for closed weights. `runs_like` is another model of the same architecture and size, or empty.
    """

    id: str
    open_weights: bool
    modelled: bool = True
    kind: str = "a text model"
    parameters: float | None = None
    active: float | None = None
    runs_like: str = ""


REGION = re.compile(r"^(us|eu|apac|global|regional|jp|au|ca|us-gov)\.")
VENDOR = re.compile(r"^(meta|mistral|openai|qwen|anthropic|amazon|cohere|google|ai21|writer)\.")
# Versions of a hosted id, OpenRouter's variants, and the hosts behind Hugging Face's router.
VERSION = re.compile(
    r"(-v\d+:\d+(:[\w-]+)?|-\d+:\d+|@[\w.-]+|:(free|batch|extended|thinking|nitro|floor|online|exacto|beta|fastest|"
    r"cheapest|cerebras|fireworks-ai|groq|hyperbolic|nebius|novita|nscale|sambanova|together))$"
)
UNDATED = re.compile(r"-(\d{4}-\d{2}-\d{2}|\d{8}|00\d|latest)$")
# What hosts and publishers add to the name of an open model without making it another model.
ENDINGS = re.compile(
    r"-(instruct|chat|it|turbo|versatile|instant|lite|reference|hf|maas|latest|tput|dynamic|preview|original|specdec|"
    r"fp8|fp16|bf16|awq|gptq|int4|int8|nvfp4|mxfp4|w4a16|w8a8|quantized|128k|131k|8192|32768|basic|fast|base|"
    r"v0\.\d|\d{4}-\d{2}-\d{2}|\d{8}|2[3-6][01]\d|0[1-9][0-3]\d|00\d)$"
)
# Spellings of families, as (pattern, replacement) in order.
SPELLINGS = (
    (r"(?<=\d)p(?=\d)", "."),
    (r"^databricks-", ""),
    (r"^meta-(?=llama)", ""),
    (r"^llama-?v?(?=\d)", "llama-"),
    (r"^llama-3-([1-3])(?=-)", r"llama-3.\1"),
    (r"^qwen-?(\d)-(5)(?=-)", r"qwen\1.\2"),
    (r"^qwen-(?=\d)", "qwen"),
    (r"^gemma-?(?=\d)", "gemma-"),
    (r"^deepseek-?(?=v\d)", "deepseek-"),
)


@cache
def _tables() -> tuple[dict[str, Model], dict[str, Model], tuple[tuple[str, Model], ...]]:
    """Open models by id, open models by exact normalised name, and the glob patterns of the rest in order."""
    table = tomllib.loads(files("advisor.market").joinpath("models.toml").read_text(encoding="utf-8"))
    by_id: dict[str, Model] = {}
    by_name: dict[str, Model] = {}
    for row in table["model"]:
        total, active = row["parameters"]
        model = Model(
            id=row["id"], open_weights=True, parameters=total, active=active, runs_like=row.get("runs_like", "")
        )
        by_id[model.id] = model
        by_name |= dict.fromkeys([model.id, *row.get("name", [])], model)
    patterns = [
        (pattern, Model(id=row["kind"], open_weights=False, modelled=False, kind=row["kind"]))
        for row in table["not_modelled"]
        for pattern in row["name"]
    ]
    patterns += [
        (pattern, Model(id=row["family"], open_weights=False)) for row in table["closed"] for pattern in row["name"]
    ]
    return by_id, by_name, tuple(patterns)


def by_id(model_id: str) -> Model | None:
    """The open model of a canonical id."""
    return _tables()[0].get(model_id)


def known_ids() -> tuple[str, ...]:
    """The canonical ids of all open models."""
    return tuple(_tables()[0])


@cache
def canonical(model_raw: str) -> Model | None:
    """The model that *model_raw* stands for, or None: an unknown name is never guessed from a part of it.

    >>> canonical("us.meta.llama3-1-70b-instruct-v1:0").id
    'llama-3.1-70b'
    >>> canonical("accounts/acme/models/our-llama-3.1-8b-tuned")
    """
    name = plain(model_raw)
    _, by_name, patterns = _tables()
    shorter = name
    while shorter not in by_name:
        longer, shorter = shorter, ENDINGS.sub("", shorter)
        if shorter == longer:
            break
    else:
        return by_name[shorter]
    for pattern, model in patterns:
        if fnmatchcase(name, pattern):
            return replace(model, id=UNDATED.sub("", name))
    return None


def plain(model_raw: str) -> str:
    """An id in one spelling, without what its host adds: a path, a region, a vendor, a version."""
    name = model_raw.strip().lower().replace(" ", "-").replace("_", "-")
    if "application-inference-profile" in name or name.startswith("ft:"):
        return name
    name = name.rstrip("/").rpartition("/")[2].lstrip("~")
    name = VERSION.sub("", VENDOR.sub("", REGION.sub("", name)))
    name = re.sub(r":(?=\d+b)", "-", name)
    for pattern, replacement in SPELLINGS:
        name = re.sub(pattern, replacement, name)
    return name
