"""Which billing files belong together, and which of them a newer delivery has replaced.

Providers deliver a month again and again until it is final. Where they keep the old versions, the layout says which
is the newest: Data Exports write `data/BILLING_PERIOD=2026-10/<execution>/` with a manifest beside it under
`metadata/`, the legacy report `20261001-20261101/<assembly>/` with its manifest above them. Sources, both below
https://docs.aws.amazon.com/cur/latest/userguide/: dataexports-export-delivery.html, understanding-report-versions.html
"""

from __future__ import annotations

import json
import re
from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

PERIOD = re.compile(r"billing_period=\d{4}-\d{2}|\d{8}-\d{8}", re.IGNORECASE)
STAMP = re.compile(r"\d{8}T?\d{6}|\d{4}-\d{2}-\d{2}T\d{2}[:-]?\d{2}")
SUFFIX = re.compile(r"((\.(snappy|gz|zstd))*\.(csv|parquet|txt|tsv)(\.(gz|zst))?)$", re.IGNORECASE)
DATED = re.compile(r"\d{4}[-_.]?\d{2}([-_.]?\d{2})?$")
CHUNK = re.compile(r"[-_.]\d{1,5}$")
UNIQUE = re.compile(r"[-_][0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}.*$")
SPARK = re.compile(r"^part-\d+.*$")


@dataclass(frozen=True, slots=True, kw_only=True)
class Delivery:
    """The files of one delivery: all of them count, or for any one day none."""

    files: tuple[Path, ...]
    modified: float

    @property
    def name(self) -> str:
        first = self.files[0]
        return str(first) if len(self.files) == 1 else f"{first} and {len(self.files) - 1} more"


@dataclass(frozen=True, slots=True, kw_only=True)
class Delivered:
    """What the layout says: deliveries, oldest first; files of older versions; what manifests name that is not here."""

    deliveries: tuple[Delivery, ...]
    replaced: tuple[Path, ...] = ()
    absent: tuple[Path, ...] = ()


def delivered(files: Iterable[Path]) -> Delivered:
    """Group *files* into deliveries, without those that a manifest or a newer version's folder has replaced.

    Files in one folder whose names differ in a running number only are one delivery. Deliveries are in order of their
    files' modification times, then of their names.
    """
    remaining: list[Path] = []
    replaced: list[Path] = []
    absent: list[Path] = []
    for period, own in _by_period(files).items():
        kept, missing = _newest(period, own) if period else (own, [])
        remaining += kept
        replaced += [file for file in own if file not in kept]
        absent += [period / name for name in missing] if period else []
    groups: dict[tuple[Path, str], list[Path]] = defaultdict(list)
    for file in remaining:
        groups[file.parent, without_number(file.name)].append(file)
    deliveries = [
        Delivery(files=tuple(sorted(group)), modified=max(file.stat().st_mtime for file in group))
        for group in groups.values()
    ]
    return Delivered(
        deliveries=tuple(sorted(deliveries, key=lambda one: (one.modified, one.files))),
        replaced=tuple(replaced),
        absent=tuple(absent),
    )


def without_number(name: str) -> str:
    """A file's name without the running number of its part; a date is no running number.

    >>> without_number("cur-00001.snappy.parquet"), without_number("bill-2026-10-02.csv")
    ('cur.snappy.parquet', 'bill-2026-10-02.csv')
    """
    suffix = SUFFIX.search(name)
    stem = name[: suffix.start()] if suffix else name
    if SPARK.match(stem):
        stem = "part"
    stem = UNIQUE.sub("", stem)
    if not DATED.search(stem):
        stem = CHUNK.sub("", stem)
    return stem + (suffix[1] if suffix else "")


def _by_period(files: Iterable[Path]) -> dict[Path | None, list[Path]]:
    """Files by the folder of their billing period, None for those in no such folder."""
    found: dict[Path | None, list[Path]] = defaultdict(list)
    for file in files:
        found[next((parent for parent in file.parents if PERIOD.fullmatch(parent.name)), None)].append(file)
    return found


def _newest(period: Path, files: Sequence[Path]) -> tuple[list[Path], list[str]]:
    """Of a billing period's *files*, those of its newest version, and named ones that are not among them."""
    beside = period.parents[1] / "metadata" / period.name if period.parent.name == "data" else period
    found = [*beside.rglob("*anifest.json")]
    # The manifest above the versions is written anew with each of them; those in their folders stay.
    for manifest in sorted(found, key=lambda one: (one.parent == beside, *_version(one)), reverse=True):
        named = {name for text in _texts(manifest) if (name := _within(text, period))}
        kept = [file for file in files if file.relative_to(period).as_posix() in named]
        if kept:
            return kept, sorted(named - {file.relative_to(period).as_posix() for file in kept})
    versions: dict[str, list[Path]] = defaultdict(list)
    for file in files:
        versions[file.relative_to(period).parts[0] if file.parent != period else ""].append(file)
    newest = max(versions.values(), key=lambda own: max(_version(file) for file in own))
    return newest, []


def _version(file: Path) -> tuple[str, float]:
    """What orders versions: the time in the name of their folder, else when the file was modified."""
    stamp = STAMP.search(file.parent.name)
    return (stamp[0] if stamp else "", file.stat().st_mtime)


def _within(text: str, period: Path) -> str:
    """The part of a data file's address below the period's folder; empty for any other text."""
    _, found, rest = text.partition(f"/{period.name}/")
    return rest if found and SUFFIX.search(rest) else ""


def _texts(manifest: Path) -> Iterator[str]:
    """Every string in a manifest: the two kinds name their files under different keys. None where it is damaged."""
    try:
        waiting: list[Any] = [json.loads(manifest.read_text(encoding="utf-8"))]
    except (OSError, ValueError):
        return
    while waiting:
        value = waiting.pop()
        if isinstance(value, str):
            yield value
        elif isinstance(value, dict):
            waiting += value.values()
        elif isinstance(value, list):
            waiting += value
