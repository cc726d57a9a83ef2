"""Says which workload each model id belongs to; what nobody configured becomes a workload of its own."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from difflib import get_close_matches
from fnmatch import fnmatchcase
from itertools import count

from advisor.domain.assumptions import Workload
from advisor.domain.report import Issue, Severity
from advisor.market.models import canonical

Id = tuple[str, str]
"""A source and one of its raw model ids."""
SHOWN = 5


@dataclass(frozen=True, slots=True, kw_only=True)
class Assignment:
    """Each id's workload, `serve` filled in, and what is wrong with the configured ones."""

    of: Mapping[Id, Workload]
    issues: tuple[Issue, ...]


def model_key(model_raw: str) -> str:
    """The canonical id, or the raw id where the model is unknown: what tells two models apart."""
    known = canonical(model_raw)
    return known.id if known else model_raw


def assign(workloads: Sequence[Workload], ids: Iterable[Id]) -> Assignment:
    """Give each id to the first configured workload with a glob for it, else to a workload named after its model.

    Globs are matched without regard to case, against the raw and the canonical id. A workload without `serve` serves
    the one model that its ids stand for; several are an Issue, and `serve` stays empty.
    """
    ids = sorted(set(ids))
    members: dict[str, list[Id]] = defaultdict(list)
    rest: dict[str, list[Id]] = defaultdict(list)
    for one in ids:
        owner = next((workload for workload in workloads if _takes(workload, one)), None)
        (members[owner.name] if owner else rest[model_key(one[1])]).append(one)
    of: dict[Id, Workload] = {}
    issues: list[Issue] = []
    for workload in workloads:
        served, problem = _serving(workload, members[workload.name])
        issues += problem
        issues += _unmatched(workload, ids) if ids else []
        if ids and not members[workload.name] and any(_takes(workload, one) for one in ids):
            issues.append(_issue(workload, "an earlier workload in the file takes every model that it names"))
        of |= dict.fromkeys(members[workload.name], served)
    taken = {workload.name for workload in workloads}
    for model, own in rest.items():
        serve = model if canonical(own[0][1]) else ""
        of |= dict.fromkeys(own, Workload(name=_free(model, taken), serve=serve))
    return Assignment(of=of, issues=tuple(issues))


def _globs(workload: Workload) -> tuple[str, ...]:
    return workload.models or (workload.name,)


def _takes(workload: Workload, one: Id) -> bool:
    return any(_matches(workload, glob, one) for glob in _globs(workload))


def _matches(workload: Workload, glob: str, one: Id) -> bool:
    source, model_raw = one
    if workload.sources and source not in workload.sources:
        return False
    return any(fnmatchcase(name.lower(), glob.lower()) for name in (model_raw, model_key(model_raw)))


def _serving(workload: Workload, own: Sequence[Id]) -> tuple[Workload, list[Issue]]:
    """The workload with `serve` filled in where its ids leave no doubt."""
    models = sorted({model_key(model_raw) for _, model_raw in own})
    if workload.serve or not models:
        return workload, []
    if len(models) == 1:
        known = canonical(own[0][1])
        return (replace(workload, serve=known.id) if known else workload), []
    message = f'holds several models ({_some(models)}): say with serve = "..." which one would be hosted, or split it'
    return workload, [_issue(workload, message, Severity.ERROR)]


def _unmatched(workload: Workload, ids: Sequence[Id]) -> Iterator[Issue]:
    where = f" in {', '.join(workload.sources)}" if workload.sources else ""
    seen = sorted({raw for source, raw in ids if not workload.sources or source in workload.sources})
    names = sorted({*seen, *map(model_key, seen)})
    for glob in _globs(workload):
        if any(_matches(workload, glob, one) for one in ids):
            continue
        near = get_close_matches(glob.lower(), [name.lower() for name in names], n=1, cutoff=0.4)
        nearest = next((f"; nearest is {name}" for name in names if near and name.lower() == near[0]), "")
        yield _issue(workload, f'no model matches "{glob}"{where}: seen are {_some(seen) or "none"}{nearest}')


def _issue(workload: Workload, message: str, severity: Severity = Severity.WARNING) -> Issue:
    return Issue(severity=severity, source=workload.name, message=message)


def _some(names: Sequence[str]) -> str:
    more = f" and {len(names) - SHOWN} more" if len(names) > SHOWN else ""
    return ", ".join(names[:SHOWN]) + more


def _free(name: str, taken: set[str]) -> str:
    """*name*, or the first variant of it that no workload has yet; the result is taken."""
    variants = (name if not number else f"{name} ({number + 1})" for number in count())
    free = next(variant for variant in variants if variant not in taken)
    taken.add(free)
    return free
