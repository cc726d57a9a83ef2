"""Stands in for the package gpuhunt where it is not installed: its catalogs, fetched and read as 0.1.34 does."""

from __future__ import annotations

import csv
import io
import logging
import os
import urllib.request
import zipfile
from dataclasses import dataclass

PROVIDERS = ("aws", "azure", "verda", "gcp", "lambdalabs", "nebius", "oci", "runpod", "cloudrift")
log = logging.getLogger("gpuhunt._internal.catalog")


class GPUHuntError(Exception):
    """No catalog at all could be loaded."""


@dataclass
class CatalogItem:
    """A row of a catalog; the price is that of the whole instance."""

    provider: str
    instance_name: str
    location: str
    price: float
    gpu_count: int
    gpu_name: str | None
    gpu_memory: float | None
    spot: bool
    flags: list[str]


@dataclass
class ProviderCatalog:
    """One provider's catalog."""

    version: str
    items: list[CatalogItem]


class Catalog:
    """The catalogs at GPUHUNT_CATALOG_URL, one for each provider."""

    def __init__(self, balance_resources: bool = True, auto_reload: bool = True) -> None:
        self.catalog: dict[str, ProviderCatalog] = {}

    def load(self) -> None:
        for provider in PROVIDERS:
            try:
                self.catalog[provider] = _fetched(provider)
            except Exception:
                log.exception("Failed to load %s catalog. Keeping the previously loaded catalog, if any.", provider)
        if not self.catalog:
            raise GPUHuntError("Failed to load catalogs of all providers")

    def query(self, *, provider: list[str], min_gpu_count: int) -> list[CatalogItem]:
        items = [item for name in provider for item in self.catalog[name].items]
        return [item for item in items if item.gpu_count >= min_gpu_count]


def _fetched(provider: str) -> ProviderCatalog:
    base = os.environ["GPUHUNT_CATALOG_URL"].rstrip("/")
    with urllib.request.urlopen(f"{base}/{provider}/version") as answer:
        version = answer.read().decode().strip()
    with urllib.request.urlopen(f"{base}/{provider}/{version}/catalog.zip") as answer:
        packed = zipfile.ZipFile(io.BytesIO(answer.read()))
    rows = csv.DictReader(io.TextIOWrapper(packed.open(f"{provider}.csv"), "utf-8"))
    return ProviderCatalog(version, [_item(provider, row) for row in rows])


def _item(provider: str, row: dict[str, str]) -> CatalogItem:
    return CatalogItem(
        provider=provider,
        instance_name=row["instance_name"],
        location=row["location"],
        price=float(row["price"]),
        gpu_count=int(row["gpu_count"]),
        gpu_name=row["gpu_name"] or None,
        gpu_memory=float(row["gpu_memory"]) if row["gpu_memory"] else None,
        spot=row["spot"] == "True",
        flags=row["flags"].split(),
    )
