"""Lists the objects behind `s3://bucket/prefix`, and streams them to files."""

from __future__ import annotations

import os
import re
from collections.abc import Iterator, Sequence
from contextlib import closing
from dataclasses import dataclass
from datetime import datetime, timedelta
from fnmatch import fnmatchcase
from pathlib import Path
from typing import Any

from advisor.contract.aws import AwsSettings, Permission, asking, connect
from advisor.contract.partitions import is_a_day, may_hold
from advisor.domain.units import Window
from advisor.errors import SourceError

SCHEME = "s3://"
MAGIC = frozenset("*?[")
ONE_OF = re.compile(r"\[!?\]?[^\]]*\]")
"""A part of a glob that IAM does not know: there it is any character."""
BLOCK_BYTES = 1_048_576
TRIES = 3
CLOCKS_DIFFER = timedelta(days=1)


@dataclass(frozen=True, slots=True, kw_only=True)
class Stored:
    """An object as its bucket lists it. `etag` is that of the content: another one is another content."""

    bucket: str
    key: str
    size_bytes: int
    modified: datetime
    etag: str

    @property
    def address(self) -> str:
        return f"{SCHEME}{self.bucket}/{self.key}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Address:
    """What a path of the form `s3://bucket/parts` names: an object, a folder with all below it, or a glob of those."""

    bucket: str
    parts: tuple[str, ...]

    @classmethod
    def parse(cls, path: str) -> Address:
        """Raises SourceError where it names no bucket, or holds `**`, which every folder is already."""
        bucket, _, key = path.removeprefix(SCHEME).partition("/")
        if not bucket or MAGIC & set(bucket) or "**" in key:
            raise SourceError(f"{path} names no objects", "write it as s3://bucket/prefix; all below it is read")
        return cls(bucket=bucket, parts=tuple(part for part in key.split("/") if part))

    @property
    def folder(self) -> str:
        """The part of the key that is no pattern, with a slash at its end; empty for a whole bucket."""
        plain = next((n for n, part in enumerate(self.parts) if MAGIC & set(part)), len(self.parts))
        return "".join(f"{part}/" for part in self.parts[:plain])

    def permissions(self, never: Sequence[str] = ()) -> Iterator[Permission]:
        """What IAM has to allow so that this can be listed and read, but for the names below it that match *never*."""
        bucket, folder = f"s3:::{self.bucket}", _for_iam(self.folder)
        prefixes = (folder.removesuffix("/"), f"{folder}*") if folder else ()
        yield Permission(action="s3:ListBucket", resources=(bucket,), prefixes=prefixes)
        here = "/".join([bucket, *(ONE_OF.sub("?", _for_iam(part)) for part in self.parts)])
        yield Permission(action="s3:GetObject", resources=(here, f"{here}/*") if self.parts else (f"{here}/*",))
        if never:
            names = tuple(f"{here}/*{name.removeprefix('*')}" for name in never)
            yield Permission(action="s3:GetObject", resources=names, denied=True)

    def matches(self, key: str) -> bool:
        """Whether an object lies here. Below the path, names that begin with a dot or an underscore are no data."""
        names = key.split("/")
        here = len(names) >= len(self.parts) and all(map(fnmatchcase, names, self.parts))
        below = (name for name in names[len(self.parts) :] if name not in (".", ".."))
        return here and bool(names[-1]) and not any(name.startswith((".", "_")) for name in below)


class Bucket:
    """The objects of one bucket. The client finds the bucket's region by itself."""

    def __init__(self, access: AwsSettings) -> None:
        self.client = connect(access, "s3")

    def objects(self, path: str, window: Window, *, partitioned: bool) -> list[Stored]:
        """The objects behind *path* that can hold something of *window*, by key.

        What was last written before the window began holds nothing of it, nor does a folder that names another time.
        With *partitioned*, such folders are not even listed. Raises SourceError where there is no access.
        """
        address = Address.parse(path)
        with asking("s3:ListBucket", path):
            listed = self._listed(address, window, partitioned)
            found = [
                stored
                for one in listed
                if address.matches(one["Key"])
                and may_hold(one["Key"].rpartition("/")[0], window)
                and (stored := _stored(address.bucket, one)).modified >= window.start - CLOCKS_DIFFER
            ]
        return sorted(found, key=lambda stored: stored.key)

    def prove(self, path: str) -> None:
        """Ask for one key behind *path*. Raises SourceError where there is no access."""
        address = Address.parse(path)
        with asking("s3:ListBucket", path):
            self.client.list_objects_v2(Bucket=address.bucket, Prefix=address.folder, MaxKeys=1)

    def fetch(self, stored: Stored, target: Path) -> None:
        """Stream an object to a file with the object's own time. Raises SourceError."""
        for attempt in range(TRIES):
            try:
                self._stream(stored, target)
                break
            except SourceError as error:
                if not error.transient or attempt == TRIES - 1:
                    raise
        moment = stored.modified.timestamp()
        os.utime(target, (moment, moment))

    def _stream(self, stored: Stored, target: Path) -> None:
        # The listing says what there is to read: an object that has been replaced since is not that.
        with asking("s3:GetObject", stored.address):
            answer = self.client.get_object(Bucket=stored.bucket, Key=stored.key, IfMatch=stored.etag)
            with closing(answer["Body"]) as body, target.open("wb") as out:
                for block in body.iter_chunks(BLOCK_BYTES):
                    out.write(block)

    def _listed(self, address: Address, window: Window, partitioned: bool) -> Iterator[dict[str, Any]]:
        folder = address.folder
        found = False
        for one in self._walk(address.bucket, folder, window) if partitioned else self._pages(address.bucket, folder):
            found = True
            yield one
        if not found and folder:
            key = folder.removesuffix("/")
            yield from (one for one in self._pages(address.bucket, key) if one["Key"] == key)

    def _walk(self, bucket: str, folder: str, window: Window) -> Iterator[dict[str, Any]]:
        """List folder by folder down to the day, without those that hold another time."""
        if is_a_day(folder):
            yield from self._pages(bucket, folder)
            return
        for page in self._pages_of(Bucket=bucket, Prefix=folder, Delimiter="/"):
            yield from page.get("Contents", ())
            for below in page.get("CommonPrefixes", ()):
                if may_hold(below["Prefix"], window):
                    yield from self._walk(bucket, below["Prefix"], window)

    def _pages(self, bucket: str, prefix: str) -> Iterator[dict[str, Any]]:
        for page in self._pages_of(Bucket=bucket, Prefix=prefix):
            yield from page.get("Contents", ())

    def _pages_of(self, **asked: str) -> Iterator[dict[str, Any]]:
        yield from self.client.get_paginator("list_objects_v2").paginate(**asked)


def _for_iam(key: str) -> str:
    """A key as a policy has to spell it, where `$` begins a variable."""
    return key.replace("$", "${$}")


def _stored(bucket: str, listed: dict[str, Any]) -> Stored:
    return Stored(
        bucket=bucket,
        key=listed["Key"],
        size_bytes=listed["Size"],
        modified=listed["LastModified"],
        etag=listed["ETag"],
    )
