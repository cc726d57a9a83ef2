"""Follows the pages of an API's answer to their end, and takes each of its records once."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from advisor.contract.api_fields import Answer, OddFieldError, day, label, moment
from advisor.domain.units import Window
from advisor.errors import SourceError

Identity = Callable[[Answer], object]
"""What no two records of one read have in common."""
NAMED = 4
"""How many of the values that identify a record a message names."""


def by(*fields: str) -> Identity:
    """The fields by which an API documents a record: its bucket and its dimensions, never what it counts there.

    A dotted name leads into an object. What is not there is as good as null.

    >>> by("date", "model.name")({"date": "2026-10-01", "model": {"name": "m"}, "tokens": 7})
    ('2026-10-01', 'm')
    """
    paths = [name.split(".") for name in fields]
    return lambda record: tuple(_at(record, path) for path in paths)


def all_but(*counted: str) -> Identity:
    """All fields but those that count or price: for a record whose dimensions are the vendor's and not documented."""
    return lambda record: {name: value for name, value in record.items() if name not in counted}


def _at(record: Any, path: list[str]) -> Any:
    for name in path:
        record = record.get(name) if isinstance(record, Mapping) else None
    return record


def _labels(identity: Any) -> Iterator[str]:
    """What names a record, of all that tells it from others."""
    if isinstance(identity, Mapping):
        identity = tuple(identity.values())
    if isinstance(identity, tuple | list):
        for one in identity:
            yield from _labels(one)
    elif identity not in (None, "", True, False):
        yield label(identity)


@dataclass(slots=True)
class Once:
    """Takes in the records of one read, each once: what an answer gives twice counts twice, or hides another."""

    what: str
    identity: Identity
    seen: set[int] = field(default_factory=set)

    def take(self, record: Answer) -> None:
        """Raise SourceError where a record of the same identity was taken, whatever either of them counts."""
        identity = self.identity(record)
        digest = hash(json.dumps(identity, sort_keys=True, default=str))
        if digest in self.seen:
            which = ", ".join(list(_labels(identity))[:NAMED]) or "the same record"
            raise SourceError(f"{self.what} gives {which} twice", "run again later", transient=True)
        self.seen.add(digest)


def once(records: Iterable[Answer], what: str, identity: Identity) -> Iterator[Answer]:
    """*records*. Raises SourceError where one comes back, by its *identity*."""
    taken = Once(what, identity)
    for record in records:
        taken.take(record)
        yield record


def rows(answer: Any, key: str, what: str) -> list[Answer]:
    """The list of objects at *key* of an answer that messages call *what*. Raises SourceError where it is none."""
    found = answer.get(key) if isinstance(answer, Mapping) else None
    if not isinstance(found, list) or not all(isinstance(one, Mapping) for one in found):
        raise SourceError(
            f"{what} holds no list {key!r} of objects", "check base_url; the API may have changed, or a proxy answered"
        )
    return found


def pages(ask: Callable[[str], Any], following: Callable[[Answer], str], what: str) -> Iterator[Answer]:
    """Every page, from the empty cursor to the page that *following* gives no further cursor for.

    Raises SourceError where a page is no object, or a cursor comes back: half an answer is never taken for all of it.
    """
    cursor, seen = "", {""}
    while True:
        page = ask(cursor)
        if not isinstance(page, Mapping):
            raise SourceError(f"{what} is no JSON object", "check base_url; a proxy may have answered")
        yield page
        cursor = following(page)
        if not cursor:
            return
        if cursor in seen:
            raise SourceError(f"{what} gives the same page again", "run again later", transient=True)
        seen.add(cursor)


def buckets(
    ask: Callable[[str], Any], what: str, start_key: str, end_key: str, dimensions: Iterable[str]
) -> Iterator[Answer]:
    """Each result of every bucket of every page, with the bounds of its bucket, once by its start and *dimensions*.

    The pages are those of `next_page`, with `data` for the buckets and `results` inside them. Raises SourceError.
    """
    results = (
        {start_key: bucket.get(start_key), end_key: bucket.get(end_key), **result}
        for page in pages(ask, next_page, what)
        for bucket in rows(page, "data", what)
        for result in rows(bucket, "results", what)
    )
    return once(results, what, by(start_key, *dimensions))


def next_page(page: Answer) -> str:
    """The cursor of a page with `has_more` and `next_page`. Raises SourceError where it says more and not how."""
    if not page.get("has_more"):
        return ""
    if not page.get("next_page"):
        raise SourceError("an answer says that it goes on, and not where", "run again later", transient=True)
    return str(page["next_page"])


def outside(record: Answer, key: str, window: Window) -> bool:
    """Whether a record begins outside *window*: where a read has parts, another of them has it whole. Odd ones stay."""
    for read in (moment, day):
        try:
            return read(record, key) not in window
        except OddFieldError:
            continue
    return False
