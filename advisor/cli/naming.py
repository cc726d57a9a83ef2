"""How the lists of the market find what a user names."""

from __future__ import annotations

from collections.abc import Collection
from difflib import get_close_matches
from fnmatch import fnmatchcase

from advisor.errors import UsageError


def matching(wanted: str, name: str) -> bool:
    """Whether *wanted* is a part of a name or a glob that fits it, in any case."""
    wanted, name = wanted.lower(), name.lower()
    return wanted in name or fnmatchcase(name, wanted)


def unknown(wanted: str, known: Collection[str], otherwise: str) -> UsageError:
    """The error for a name that stands for nothing: it hints at the nearest that do, or else at *otherwise*."""
    near = get_close_matches(wanted.lower().rpartition("/")[2], known, n=3, cutoff=0.5)
    hint = f"did you mean {' or '.join(near)}?" if near else otherwise
    return UsageError(f"{wanted!r} is not known here", hint)
