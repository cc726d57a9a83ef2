"""Finds the files that users name, and tells how each is written: compression, encoding, delimiter."""

from __future__ import annotations

import codecs
import csv
import glob
import gzip
import io
import os
import re
import zlib
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from difflib import get_close_matches
from fnmatch import fnmatch
from pathlib import Path
from typing import Literal

from advisor.errors import SourceError

HEAD_BYTES = 262_144
READABLE = "CSV, JSON, JSON lines and Parquet can be read; plain, gzip or zstd"
GZIP, ZSTD, PARQUET = b"\x1f\x8b", b"\x28\xb5\x2f\xfd", b"PAR1"
FOREIGN = {
    b"%PDF": "PDF",
    b"PK\x03\x04": "a zip archive or an Excel workbook",
    b"\xd0\xcf\x11\xe0": "an old Excel workbook",
    b"BZh": "bzip2",
    b"\xfd7zXZ": "xz",
}
HTML = re.compile(r"\s*(<\?xml[^>]*>\s*)?<(!doctype\s+html|html|head|body)\b", re.IGNORECASE)
Compression = Literal["none", "gzip", "zstd"]


class UnreadableError(SourceError):
    """One file that cannot be read; others of the same source may be."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Look:
    """What the first bytes of a file show. `head` is its beginning as text; empty for zstd and Parquet."""

    compression: Compression
    parquet: bool = False
    empty: bool = False
    encoding: str = "utf-8"
    head: str = ""


def find_files(paths: Iterable[str], skip: Sequence[str] = ()) -> tuple[Path, ...]:
    """The files behind *paths* (files, folders with all below them, globs), each once, sorted within each path.

    In folders, names that begin with a dot or an underscore are no data (`_SUCCESS`, `.crc`) and left out, as is what
    matches *skip*. Raises SourceError naming a path that matches nothing.
    """
    found: dict[Path, Path] = {}
    for path in paths:
        if "://" in path:
            raise SourceError(f"{path}: only files here can be read, and s3:// as the path of a source", "copy it here")
        # Path.glob takes no absolute pattern.
        matched = [path] if Path(path).exists() else sorted(glob.glob(path, recursive=True))  # noqa: PTH207
        files = [file for hit in map(Path, matched) for file in (_below(hit) if hit.is_dir() else [hit])]
        files = [file for file in files if not any(fnmatch(file.name, pattern) for pattern in skip)]
        if not files:
            what = "holds no files" if matched else "no such file or folder"
            raise SourceError(f"{path}: {what}", "correct `path`; it starts at the folder of the configuration")
        for file in files:
            found.setdefault(file.resolve(), file)
    return tuple(found.values())


def _below(folder: Path) -> list[Path]:
    def fail(error: OSError) -> None:
        raise SourceError(f"{error.filename} cannot be read: {error.strerror}", "check the folder's mode") from error

    files = []
    for base, folders, names in os.walk(folder, onerror=fail):
        folders[:] = [name for name in folders if not name.startswith((".", "_"))]
        files += [Path(base) / name for name in names if not name.startswith((".", "_"))]
    return sorted(files)


def look(file: Path) -> Look:
    """Read the beginning of *file*. Raises UnreadableError for what is no table or log."""
    try:
        with file.open("rb") as opened:
            raw = opened.read(HEAD_BYTES)
        if raw.startswith(PARQUET):
            return Look(compression="none", parquet=True)
        if raw.startswith(ZSTD):
            return Look(compression="zstd")
        compression: Compression = "gzip" if raw.startswith(GZIP) else "none"
        if compression == "gzip":
            with gzip.open(file) as unpacked:
                raw = unpacked.read(HEAD_BYTES)
    except (OSError, EOFError, zlib.error) as error:
        why = error.strerror if isinstance(error, OSError) and error.strerror else str(error)
        raise UnreadableError(f"{file} cannot be read: {why}", "check its mode, or fetch it again") from error
    if not raw.strip():
        return Look(compression=compression, empty=True)
    encoding = encoding_of(raw, file)
    head = _decode(raw, encoding)
    if HTML.match(head):
        hint = "sign in, export or download it again, and put it in place of this one"
        raise UnreadableError(f"{file} is a web page (HTML), such as a login or error page, and no export", hint)
    return Look(compression=compression, encoding=encoding, head=head)


def encoding_of(raw: bytes, file: Path) -> str:
    """The encoding that the beginning of a text shows. Raises UnreadableError where it is no text."""
    for magic, name in FOREIGN.items():
        if raw.startswith(magic):
            raise UnreadableError(f"{file} is {name}", READABLE)
    if raw.startswith(codecs.BOM_UTF8):
        return "utf-8-sig"
    if raw.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
        return "utf-16"
    sample = raw[:4096]
    if b"\0" in sample:
        for encoding, zeros in (("utf-16-le", sample[1::2]), ("utf-16-be", sample[::2])):
            if zeros.count(0) > 0.7 * len(zeros):
                return encoding
    if sum(byte < 32 and byte not in b"\t\n\r\f" for byte in sample) > 0.02 * len(sample):
        raise UnreadableError(f"{file} is not text", READABLE)
    try:
        codecs.getincrementaldecoder("utf-8")().decode(raw)
    except UnicodeDecodeError:
        return "latin-1"
    return "utf-8"


def _decode(raw: bytes, encoding: str) -> str:
    """The text of a beginning that may end inside a character."""
    return codecs.getincrementaldecoder(encoding)("replace").decode(raw).removeprefix("\ufeff")


def open_text(file: Path, seen: Look, encoding: str = "") -> io.TextIOWrapper:
    """Open a plain or gzip file as text, line ends untouched. Raises UnreadableError for zstd."""
    if seen.compression == "zstd":
        raise UnreadableError(f"{file} is packed with zstd", "unpack it: zstd -d")
    raw = gzip.GzipFile(file) if seen.compression == "gzip" else file.open("rb")
    return io.TextIOWrapper(raw, encoding=encoding or seen.encoding, newline="")


def delimiter_of(header: str) -> str:
    """The delimiter that splits a header line into most columns; a comma where none does."""
    return max(",;\t|", key=lambda delimiter: len(next(csv.reader([header], delimiter=delimiter), [])))


def unknown_column(column: str, known: Iterable[str], where: str) -> SourceError:
    """The error for a column that a file does not have; the hint names the nearest that it has."""
    names = sorted(set(known))
    near = get_close_matches(column, names, n=1, cutoff=0.5)
    return SourceError(
        f"{where} has no column {column!r}",
        (f"did you mean {near[0]!r}? " if near else "") + f"its columns: {', '.join(repr(name) for name in names)}",
    )
