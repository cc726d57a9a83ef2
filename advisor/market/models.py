"""Which model an id stands for, however its host spells it, and what is known of it."""

from __future__ import annotations

import re
import tomllib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date
from fnmatch import translate
from functools import cache
from importlib.resources import files
from typing import Any

from advisor.market.spelling import UNDATED, plain, shortened
from advisor.market.tuned import base_of

GLOB = re.compile(r"[*?\[]")


@dataclass(frozen=True, slots=True, kw_only=True)
class Model:
    """A model under its canonical id.

    `modelled` is False for what the throughput model does not cover; `kind` then says what it is. A fine-tune is not
    modelled and names its `base` where the id says so. `parameters` and `active` are in billions. `kv_layers` keep a
    cache that grows with the context: each holds `kv_heads` x `head_dim` keys and as many values a token, or
    `kv_latent` values of compressed attention. `precision` is that of the released weights, `licence_limits` what the
    licence asks beyond notices and acceptable use, `runs_like` another model of the same architecture and size. None
    and an empty text mean unknown; closed weights have none of it.
    """

    id: str
    open_weights: bool
    modelled: bool = True
    kind: str = "a text model"
    parameters: float | None = None
    active: float | None = None
    runs_like: str = ""
    base: str = ""
    layers: int | None = None
    kv_layers: int | None = None
    kv_heads: int | None = None
    head_dim: int | None = None
    kv_latent: int | None = None
    context: int | None = None
    precision: str = ""
    licence: str = ""
    licence_limits: str = ""
    source: str = ""
    checked_on: date | None = None

    def kv_bytes_per_token(self, value_bytes: float = 2.0) -> float | None:
        """Cache bytes that one more token of context takes, all layers together; None where it is not known.

        2 x layers x heads x dimension x bytes of a value, or layers x latent width x bytes (DeepSeek-V2, section 2.1:
        arXiv 2405.04434). What a sparse-attention indexer keeps beside it is not counted.
        """
        if self.kv_layers is None:
            return None
        if self.kv_latent is not None:
            return self.kv_layers * self.kv_latent * value_bytes
        if self.kv_heads is None or self.head_dim is None:
            return None
        return 2 * self.kv_layers * self.kv_heads * self.head_dim * value_bytes


@dataclass(frozen=True, slots=True)
class _Tables:
    by_id: Mapping[str, Model]
    open_names: Mapping[str, str]  # the ids of open models by every name of them
    rest: tuple[tuple[Sequence[str], Model], ...]  # names and globs of everything else


@cache
def _tables() -> _Tables:
    table = tomllib.loads(files("advisor.market").joinpath("models.toml").read_text(encoding="utf-8"))
    limits = {row["name"]: row.get("limits", "") for row in table["licence"]}
    by_id = {row["id"]: _open(row, limits, table["checked_on"]) for row in table["model"]}
    return _Tables(
        by_id,
        {name: row["id"] for row in table["model"] for name in (row["id"], *row.get("name", ()))},
        (
            *((row["name"], _other(row["kind"], open_weights=False)) for row in table["not_modelled"]),
            *((row["name"], Model(id="", open_weights=False)) for row in table["closed"]),
            *((row["name"], _other("a fine-tune", open_weights=True)) for row in table["fine_tune"]),
        ),
    )


def _other(kind: str, *, open_weights: bool) -> Model:
    return Model(id="", open_weights=open_weights, modelled=False, kind=kind)


@cache
def _whole_names() -> Mapping[str, Model]:
    return {name: model for names, model in _tables().rest for name in names if not GLOB.search(name)}


@cache
def _globs() -> tuple[tuple[re.Pattern[str], Model], ...]:
    """Compiled only for ids that no whole name settles: it takes as long as reading the table."""
    grouped = [([translate(name) for name in names if GLOB.search(name)], model) for names, model in _tables().rest]
    return tuple((re.compile("|".join(globs)), model) for globs, model in grouped if globs)


def _open(row: Mapping[str, Any], limits: Mapping[str, str], checked_on: date) -> Model:
    total, *active = row["parameters"]
    kv = row.get("kv", {})
    sources = [f"huggingface.co/{row['card']}" if "card" in row else "", row.get("source", "")]
    if "read" in row:
        sources.insert(1, f"read in {row['read']}")
    return Model(
        id=row["id"],
        open_weights=True,
        parameters=total,
        active=active[0] if active else None,
        runs_like=row.get("runs_like", ""),
        layers=row.get("layers"),
        kv_layers=kv.get("layers", row.get("layers")) if kv else None,
        kv_heads=kv.get("heads"),
        head_dim=kv.get("dim"),
        kv_latent=kv.get("latent"),
        context=row.get("context"),
        precision=row.get("precision", ""),
        licence=row.get("licence", ""),
        licence_limits=limits[row["licence"]] if "licence" in row else "",
        source="; ".join(filter(None, sources)),
        checked_on=checked_on,
    )


def by_id(model_id: str) -> Model | None:
    """The open model of a canonical id."""
    return _tables().by_id.get(model_id)


def known_ids() -> tuple[str, ...]:
    """The canonical ids of all open models."""
    return tuple(_tables().by_id)


@cache
def canonical(model_raw: str) -> Model | None:
    """The model that *model_raw* stands for, or None: an unknown name is never guessed from a part of it.

    A fine-tune is never taken for its base: it comes back as not modelled, with the base that its id names.

    >>> canonical("us.meta.llama3-1-70b-instruct-v1:0").id
    'llama-3.1-70b'
    >>> tuned = canonical("accounts/acme/models/our-llama-3.1-8b-tuned")
    >>> tuned.modelled, tuned.kind, tuned.base
    (False, 'a fine-tune of llama-3.1-8b', 'llama-3.1-8b')
    """
    tables, name = _tables(), plain(model_raw)
    if base := base_of(model_raw, tables.open_names):
        return Model(id=name, open_weights=True, modelled=False, kind=f"a fine-tune of {base}", base=base)
    # Whole names come before shortened ones: glm-5-turbo is not glm-5.
    whole = _whole_names().get(name)
    if whole is None and (known := next((one for one in shortened(name) if one in tables.open_names), None)):
        return tables.by_id[tables.open_names[known]]
    found = whole or next((model for pattern, model in _globs() if pattern.match(name)), None)
    return replace(found, id=UNDATED.sub("", name)) if found else None
