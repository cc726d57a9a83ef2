"""Finds sources and channels by entry point; built-in ones are found exactly as a third party's are."""

from __future__ import annotations

from collections.abc import Mapping
from difflib import get_close_matches
from functools import cache
from importlib.metadata import EntryPoint, entry_points
from pathlib import Path
from typing import Any

from pydantic import ValidationError

from advisor.contract.channel import Channel
from advisor.contract.settings import Settings, explain
from advisor.contract.source import Source
from advisor.errors import ConfigError

SOURCES = "advisor.sources"
CHANNELS = "advisor.channels"


@cache
def kinds(group: str) -> dict[str, EntryPoint]:
    """The entry points of *group* by kind."""
    return {point.name: point for point in entry_points(group=group)}


def load(group: str, kind: str) -> type[Settings]:
    """The class behind a kind. Raises ConfigError naming the kinds that exist."""
    known = kinds(group)
    if kind not in known:
        near = get_close_matches(kind, known, n=1)
        what = "source" if group == SOURCES else "channel"
        raise ConfigError(
            f"there is no {what} kind {kind!r} in this version",
            f"did you mean {near[0]!r}?" if near else f"kinds: {', '.join(sorted(known))}",
        )
    found: type[Settings] = known[kind].load()
    found.kind = kind  # type: ignore[attr-defined]
    return found


def build(group: str, table: Mapping[str, Any], folder: Path, environ: Mapping[str, str]) -> Settings:
    """Make the object that a table of `advisor.toml` describes. Raises ConfigError with key, reason, nearest key."""
    settings = dict(table)
    found = load(group, settings.pop("kind", ""))
    try:
        return found.model_validate(settings, context={"folder": folder, "environ": environ})
    except ValidationError as error:
        section = "sources" if group == SOURCES else "channels"
        raise explain(error, found, f"{section}.{table.get('name', '?')}") from error


def build_source(table: Mapping[str, Any], folder: Path, environ: Mapping[str, str]) -> Source:
    source = build(SOURCES, table, folder, environ)
    assert isinstance(source, Source)
    return source


def build_channel(table: Mapping[str, Any], folder: Path, environ: Mapping[str, str]) -> Channel:
    channel = build(CHANNELS, table, folder, environ)
    assert isinstance(channel, Channel)
    return channel
