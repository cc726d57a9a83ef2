"""Folds what sources and channels ask of AWS into one policy of IAM, and says whose each of its statements is."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from advisor.contract.aws import AwsSettings, Permission
from advisor.contract.channel import Channel
from advisor.contract.source import Source

ANYONE = "whoever runs Advisor"


@dataclass(frozen=True, slots=True, kw_only=True)
class Policy:
    """A document as IAM reads it, and the Sids of its statements by the identity that needs them."""

    document: Mapping[str, Any]
    sids: Mapping[str, tuple[str, ...]]


def policy_for(sources: Iterable[Source], partition: str, channels: Iterable[Channel] = ()) -> Policy | None:
    """What *sources* and *channels* ask of AWS, and no more; None where none of them asks it for anything.

    A role says the partition of what it reads; *partition* is that of all else.
    """
    statements: dict[str, dict[str, Any]] = {}
    sids: dict[str, list[str]] = defaultdict(list)

    def add(holder: str, name: str, statement: dict[str, Any]) -> None:
        sid, number = name, 1
        while sid in statements:
            number += 1
            sid = f"{name}{number}"
        statements[sid] = {"Sid": sid, **statement}
        sids[holder].append(sid)

    roles: dict[tuple[str, str], None] = {}
    for source in sources:
        access = source.access if isinstance(source, AwsSettings) else AwsSettings()
        caller = f"the profile {access.profile}" if access.profile else ANYONE
        where = access.role_arn.split(":")[1] if access.role_arn else partition
        for name, statement in _statements(source.permissions(), where):
            add(access.role_arn or caller, _camel(source.name) + name, statement)
            if access.role_arn:
                roles[caller, access.role_arn] = None
    for channel in channels:
        profile = getattr(channel, "profile", None)
        for name, statement in _statements(channel.permissions(), partition):
            add(f"the profile {profile}" if profile else ANYONE, _camel(channel.name) + name, statement)
    for caller, role in roles:
        add(
            caller,
            f"Assume{_camel(role.rpartition('/')[2])}",
            {"Effect": "Allow", "Action": ["sts:AssumeRole"], "Resource": [role]},
        )
    if not statements:
        return None
    document = {"Version": "2012-10-17", "Statement": list(statements.values())}
    return Policy(document=document, sids={holder: tuple(names) for holder, names in sids.items()})


def _statements(permissions: Iterable[Permission], partition: str) -> Iterator[tuple[str, dict[str, Any]]]:
    """A statement for all actions on the same resources, with a name for it."""
    actions: dict[tuple[bool, tuple[str, ...], tuple[str, ...]], list[str]] = defaultdict(list)
    for one in permissions:
        actions[one.denied, one.resources, one.prefixes].append(one.action)
    for (denied, resources, prefixes), named in actions.items():
        name = named[0].rpartition(":")[2] if len(named) == 1 else ""
        yield (
            f"No{name}" if denied else name,
            {
                "Effect": "Deny" if denied else "Allow",
                "Action": sorted(set(named)),
                "Resource": [one if one == "*" else f"arn:{partition}:{one}" for one in resources],
                **({"Condition": {"StringLike": {"s3:prefix": list(prefixes)}}} if prefixes else {}),
            },
        )


def _camel(name: str) -> str:
    """A name as a Sid may hold it: letters and digits of ASCII."""
    parts = re.findall("[A-Za-z0-9]+", name)
    return "".join(part[0].upper() + part[1:] for part in parts) or "Source"
