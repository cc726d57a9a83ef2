"""Brings the files of a source together for one run: those of this machine, and objects from S3 in a scratch folder."""

from __future__ import annotations

import hashlib
import os
import re
import shutil
import tempfile
from collections.abc import Iterable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass, field
from fnmatch import fnmatch
from pathlib import Path
from typing import ClassVar

from advisor.contract.aws import THREADS, AwsSettings, Permission
from advisor.contract.files import find_files
from advisor.contract.partitions import may_hold
from advisor.contract.s3 import SCHEME, Address, Bucket, Stored
from advisor.contract.settings import Paths
from advisor.domain.units import Window
from advisor.errors import SourceError

SCRATCH = "advisor-s3-"
MANIFEST = "manifest.json"
"""The end of the names of manifests, which say what counts and are read from beside the files."""
SHARE_OF_DISK = 0.5
LONGEST_NAME = 200


@dataclass(frozen=True, slots=True, kw_only=True)
class Gathered:
    """The files of a run, in order. Those in `waiting` are empty until they are fetched."""

    files: tuple[Path, ...]
    scratch: Path | None = None
    waiting: dict[Path, tuple[Bucket, Stored]] = field(default_factory=dict)

    def fetch(self, files: Iterable[Path]) -> None:
        """Stream those of *files* that are not here yet.

        Raises SourceError where one cannot be had, or where all of them would take more than half of the free disk.
        """
        wanted = [file for file in files if file in self.waiting]
        if not wanted or not self.scratch:
            return
        size, free = sum(self.waiting[file][1].size_bytes for file in wanted), shutil.disk_usage(self.scratch).free
        if size > free * SHARE_OF_DISK:
            raise SourceError(
                f"{len(wanted):,} objects, {self.waiting[wanted[0]][1].address} among them, take {_gb(size)}: "
                f"{self.scratch.parent} has {_gb(free)} free, of which half may be used",
                "name fewer objects with `path`, read a shorter time, or name another folder with TMPDIR",
            )
        with ThreadPoolExecutor(THREADS) as pool:
            try:
                for _ in pool.map(lambda file: self.waiting[file][0].fetch(self.waiting[file][1], file), wanted):
                    pass
            except BaseException:
                pool.shutdown(cancel_futures=True)
                raise
        for file in wanted:
            del self.waiting[file]


@contextmanager
def gather(
    paths: Iterable[str],
    window: Window,
    *,
    skip: Sequence[str] = (),
    access: AwsSettings | None = None,
    partitioned: bool = False,
    lazily: bool = False,
) -> Iterator[Gathered]:
    """The files behind *paths*: files, folders, globs, and the same as `s3://bucket/...`; gone from scratch afterwards.

    Names that match *skip* are left out and never fetched. With *partitioned*, folders of a known layout are left out
    that hold another time than *window*. Objects are fetched before the block begins, or with *lazily* only where
    `Gathered.fetch` asks for them. Raises SourceError naming a path behind which there is nothing.
    """
    listed = list(paths)
    if not any(path.startswith(SCHEME) for path in listed):
        yield Gathered(files=_local(listed, window, skip, partitioned))
        return
    with tempfile.TemporaryDirectory(prefix=SCRATCH) as name:
        bucket = Bucket(access or AwsSettings())
        found = _Found(scratch=Path(name), skip=skip)
        for path in listed:
            if path.startswith(SCHEME):
                found.add(path, window, bucket, bucket.objects(path, window, partitioned=partitioned))
            else:
                found.files.update(dict.fromkeys(_local([path], window, skip, partitioned)))
        gathered = Gathered(files=tuple(found.files), scratch=found.scratch, waiting=found.waiting)
        gathered.fetch(found.manifests if lazily else [*found.manifests, *found.files])
        yield gathered


@dataclass(frozen=True, slots=True, kw_only=True)
class _Found:
    """What the paths of a source have led to so far; `places` are the files of objects, by address."""

    scratch: Path
    skip: Sequence[str]
    files: dict[Path, None] = field(default_factory=dict)
    manifests: list[Path] = field(default_factory=list)
    waiting: dict[Path, tuple[Bucket, Stored]] = field(default_factory=dict)
    places: dict[str, Path] = field(default_factory=dict)

    def add(self, path: str, window: Window, bucket: Bucket, objects: Iterable[Stored]) -> None:
        """Give each object an empty file. Raises SourceError where there are none but skipped ones."""
        any_counts = False
        for stored in objects:
            name = stored.key.rpartition("/")[2]
            beside = any(fnmatch(name, pattern) for pattern in self.skip)
            any_counts |= not beside
            if stored.address in self.places or (beside and not name.lower().endswith(MANIFEST)):
                continue
            file = self.places[stored.address] = _place(stored, self.scratch)
            self.waiting[file] = (bucket, stored)
            if beside:
                self.manifests.append(file)
            else:
                self.files[file] = None
        if not any_counts:
            raise SourceError(
                f"{path} holds nothing that can be of {window.start:%Y-%m-%d} to {window.end:%Y-%m-%d}",
                "correct `path`, or wait until something is delivered there",
            )


class FileSettings(AwsSettings):
    """What every source of files has: where they are, and who asks for those on S3."""

    never: ClassVar[tuple[str, ...]] = ()  # globs of names that are not fetched, and that nobody need allow
    path: Paths

    def permissions(self) -> Iterator[Permission]:
        """What AWS has to allow for those of the files that are on S3."""
        for path in self.path:
            if path.startswith(SCHEME):
                yield from Address.parse(path).permissions(self.never)

    def check(self) -> None:
        """Look for the files, or ask S3 for a key. Raises SourceError where there are none, or no access."""
        for path in self.path:
            if path.startswith(SCHEME):
                Bucket(self.access).prove(path)
            else:
                find_files([path])


def _local(paths: Sequence[str], window: Window, skip: Sequence[str], partitioned: bool) -> tuple[Path, ...]:
    found = find_files(paths, skip)
    files = tuple(file for file in found if may_hold(file.parent.as_posix(), window)) if partitioned else found
    if not files:
        raise SourceError(
            f"{', '.join(paths)}: nothing there is of {window.start:%Y-%m-%d} to {window.end:%Y-%m-%d}",
            "correct `path`, or copy what is missing there",
        )
    return files


def _place(stored: Stored, scratch: Path) -> Path:
    """An empty file for an object: its key as a path, so that names and layouts stay what they are.

    A part that is no name of a file, or stands where another key has a folder, is replaced by its digest.
    """
    file = Path(scratch, stored.bucket, *map(_name, stored.key.split("/")))
    try:
        file.parent.mkdir(parents=True, exist_ok=True)
        file.touch(exist_ok=False)
    except OSError:
        file = Path(scratch, stored.bucket, _digest(stored.key), _name(stored.key.rpartition("/")[2]))
        file.parent.mkdir(parents=True)
        file.touch()
    moment = stored.modified.timestamp()
    os.utime(file, (moment, moment))
    return file


def _name(part: str) -> str:
    plain = part not in ("", ".", "..") and "\0" not in part and len(part.encode()) <= LONGEST_NAME
    return part if plain else _digest(part)


def _digest(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()[:16]


def _gb(size_bytes: int) -> str:
    return f"{size_bytes / 1e9:,.1f} GB"


def addressed(text: str) -> str:
    """*text* with the scratch copies of objects named by their addresses.

    >>> addressed(f"{tempfile.gettempdir()}/advisor-s3-x1_y/logs/a.jsonl:7 is no record")
    's3://logs/a.jsonl:7 is no record'
    """
    return re.sub(rf"{re.escape(tempfile.gettempdir())}/{SCRATCH}\w+/", SCHEME, text)
