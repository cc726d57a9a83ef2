"""Which model an id stands for, however its host spells it."""

from __future__ import annotations

import re
import tomllib
from dataclasses import dataclass
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


REGION = re.compile(r"^(us|eu|apac|global|jp|au|ca|us-gov)\.")
VENDOR = re.compile(r"^(meta|mistral|openai|qwen|deepseek|anthropic|amazon|cohere|google|ai21|writer)\.")
VERSION = re.compile(r"(-v\d+:\d+(:[\w-]+)?|-\d+:\d+|:[a-z][\w.-]*|@[\w.-]+)$")
ENDINGS = re.compile(
    r"-(instruct|chat|it|turbo|versatile|instant|lite|reference|hf|maas|latest|free|tput|dynamic|preview|original|"
    r"fp8|fp16|bf16|awq|gptq|int4|int8|nvfp4|mxfp4|w4a16|w8a8|quantized|128k|131k|8192|32768|basic|fast|base|"
    r"v0\.\d|\d{4}-\d{2}-\d{2}|\d{8}|2[3-6][01]\d|0[1-9][0-3]\d|\d{3})$"
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
    name = normalised(model_raw)
    _, by_name, patterns = _tables()
    if name in by_name:
        return by_name[name]
    for pattern, model in patterns:
        if fnmatchcase(name, pattern):
            return Model(id=name, open_weights=False, modelled=model.modelled, kind=model.kind)
    return None


def normalised(model_raw: str) -> str:
    """An id without what its host adds: paths, regions, versions, dates, precisions and words such as `instruct`."""
    name = model_raw.strip().lower().replace(" ", "-").replace("_", "-")
    if "application-inference-profile" in name:
        return name
    name = name.rstrip("/").rpartition("/")[2]
    name = VENDOR.sub("", REGION.sub("", name))
    name = VERSION.sub("", name)
    name = re.sub(r"(?<=\d)p(?=\d)", ".", name)
    name = re.sub(r"^databricks-", "", name)
    name = re.sub(r"^meta-(?=llama)", "", name)
    name = re.sub(r"^llama-?v?(?=\d)", "llama-", name)
    name = re.sub(r"^llama-(3|4)-([1-3])(?=-)", r"llama-\1.\2", name)
    name = re.sub(r"^llama4-", "llama-4-", name)
    name = re.sub(r"^qwen-(?=\d)", "qwen", name)
    name = re.sub(r"^qwen2-5-", "qwen2.5-", name)
    name = re.sub(r"^qwen-?2\.5-", "qwen2.5-", name)
    name = re.sub(r"^gemma-?(?=\d)", "gemma-", name)
    name = re.sub(r"^deepseek-?v(?=\d)", "deepseek-v", name)
    while (shorter := ENDINGS.sub("", name)) != name:
        name = shorter
    return name
