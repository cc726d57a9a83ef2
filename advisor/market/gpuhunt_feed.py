"""GPU offers out of the public catalogs of gpuhunt, which a package of that name reads."""

from __future__ import annotations

import logging
import math
import re
import socket
from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from datetime import date
from decimal import Decimal
from typing import Any

from advisor.domain.fleet import CommitmentTerm, Offer
from advisor.domain.units import Money
from advisor.market.gpus import FAMILIES, GPUS, known_gpu
from advisor.market.offer_refresh import Reading, Unread

FEED = "gpuhunt"
INSTALL = 'pip install "inference-advisor[offers]"'
PROVIDERS = {
    "aws": "aws",
    "azure": "azure",
    "lambda": "lambdalabs",
    "nebius": "nebius",
    "oci": "oci",
    "runpod": "runpod",
    "verda": "verda",
}
"""Ours and theirs. Left out: gcp, whose rows do not reconcile with Google's billing catalog (an a3-highgpu-8g in
us-east4 at $43.79 there and $78.37 in it, September 2026); cloudrift and the marketplaces, whose hosts have no SLA."""
FORMS = (
    ("aws", r"^p\d", "SXM"),
    ("azure", r"ND\d", "SXM"),
    ("azure", r"NC\d+ads_A100", "PCIe"),
    ("oci", r"^BM\.", "SXM"),
    ("verda", r"^\d+[AH]100\.\d+S\.", "SXM"),
    ("", r"(?i)sxm", "SXM"),
    ("", r"(?i)pcie", "PCIe"),
)
"""Which form of a family of GPUs an instance has, by provider and the instance's name."""
SAME_MEMORY = 0.15
"""Catalogs and data sheets differ by up to 12 % (GiB or GB, ECC); a slice of a GPU differs by more."""
PATIENCE_SECONDS = 60.0


def readings(gpuhunt: Any, providers: Sequence[str]) -> Iterator[Reading | Unread]:
    """What the catalogs list of each of *providers*; *gpuhunt* is the package.

    It fetches from GPUHUNT_CATALOG_URL if that is set, `file:///folder` included. A row carries the day of its catalog:
    a mirror that has stood still does not look fresh. A catalog without a day gives undated rows.
    """
    catalog = gpuhunt.Catalog(balance_resources=False, auto_reload=False)
    with _listening() as heard:
        try:
            catalog.load()
        except gpuhunt.GPUHuntError as error:
            heard.setdefault("", str(error))
    for provider in providers:
        theirs = PROVIDERS[provider]
        if theirs not in catalog.catalog:
            reason = heard.get(theirs) or heard.get("") or "its catalog could not be loaded"
            yield Unread(provider=provider, feed=FEED, reason=reason)
            continue
        version = catalog.catalog[theirs].version
        items = catalog.query(provider=[theirs], min_gpu_count=1)
        yield _reading(provider, items, f"{FEED} {theirs} {version}", _day(version))


def _reading(provider: str, items: Sequence[Any], source: str, day: date | None) -> Reading:
    rows, skipped = [], Counter[str]()
    for item in items:
        gpu = _gpu(provider, item)
        if any("cluster" in flag for flag in item.flags):
            skipped["clusters of several nodes"] += 1
        elif not math.isfinite(item.price):
            skipped["no price"] += 1
        elif gpu is None:
            skipped[f"{item.gpu_name} of {item.gpu_memory or 0:g} GB"] += 1
        else:
            rows.append(_offer(provider, item, gpu, source, day))
    return Reading(provider=provider, feed=FEED, rows=tuple(rows), skipped=skipped)


def _offer(provider: str, item: Any, gpu: str, source: str, day: date | None) -> Offer:
    price = Decimal(repr(float(item.price))) / item.gpu_count
    term: CommitmentTerm = "spot" if item.spot else "on-demand"
    # RunPod lists its secure cloud by data centre and its community cloud by country.
    community = provider == "runpod" and re.fullmatch("[A-Z]{2}", item.location)
    return Offer(
        provider=provider,
        instance=item.instance_name,
        gpu=gpu,
        gpus=item.gpu_count,
        price_per_gpu_hour=Money(round(price, 6).normalize(), "USD"),
        commitment=term,
        region=item.location,
        operated_by="you",
        tier="community" if community else "standard",
        source=source,
        checked_on=day,
    )


def _gpu(provider: str, item: Any) -> str | None:
    """The canonical name, of the family where nothing says which form it is; None where the GPU is not known here."""
    memory = item.gpu_memory or 0
    named = (item.instance_name, f"{item.gpu_name}-{memory:g}GB", item.gpu_name or "")
    gpu = next((found for name in named if (found := known_gpu(name))), None)
    sizes = [known.memory_gb for known in GPUS if gpu in (known.name, known.family)]
    if gpu is None or not sizes or abs(memory - sizes[0]) > SAME_MEMORY * sizes[0]:
        return None
    if gpu not in FAMILIES:
        return gpu
    forms = (form for at, name, form in FORMS if at in ("", provider) and re.search(name, item.instance_name))
    return known_gpu(f"{gpu}-{next(forms, '')}") or gpu


def _day(version: str) -> date | None:
    """Of a version such as `20261124-7224`."""
    try:
        return date.fromisoformat(version[:8]) if version[:8].isdigit() else None
    except ValueError:
        return None


@contextmanager
def _listening() -> Iterator[dict[str, str]]:
    """Why catalogs were not loaded, by provider: gpuhunt tells its log alone, and waits for a server for ever."""
    heard: dict[str, str] = {}

    class Ear(logging.Handler):
        def emit(self, record: logging.LogRecord) -> None:
            about = record.args[0] if isinstance(record.args, tuple) and record.args else ""
            if record.exc_info and record.exc_info[1]:
                heard[str(about)] = str(record.exc_info[1]) or type(record.exc_info[1]).__name__

    log, patience = logging.getLogger(FEED), socket.getdefaulttimeout()
    ear, propagate = Ear(logging.WARNING), log.propagate
    log.addHandler(ear)
    log.propagate = False
    socket.setdefaulttimeout(PATIENCE_SECONDS)
    try:
        yield heard
    finally:
        socket.setdefaulttimeout(patience)
        log.propagate = propagate
        log.removeHandler(ear)
