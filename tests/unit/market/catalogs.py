"""GPU price lists in the shapes in which they are published: catalogs of gpuhunt, products of AWS."""

from __future__ import annotations

import csv
import io
import json
import zipfile
from pathlib import Path
from typing import Any

STAND_IN = Path(__file__).parent / "stand_in"
"""The folder to import `gpuhunt` from where it is not installed."""
COLUMNS = (
    "instance_name", "location", "price", "cpu", "memory", "gpu_count", "gpu_name", "gpu_memory", "spot", "disk_size",
    "gpu_vendor", "flags", "cpu_arch", "provider_data",
)  # fmt: skip


def instance(
    name: str, gpu: str, memory: float | str, *, price: float, gpus: int = 1, at: str = "EU-RO-1", **changes: Any
) -> dict[str, Any]:
    """A row of a catalog; *price* is dollars an hour of the whole instance."""
    return {
        "instance_name": name, "location": at, "price": price, "cpu": 8, "memory": 64, "gpu_count": gpus,
        "gpu_name": gpu, "gpu_memory": memory, "spot": False, "disk_size": "", "gpu_vendor": "nvidia", "flags": "",
        "cpu_arch": "x86", "provider_data": "{}", **changes,
    }  # fmt: skip


def publish(root: Path, provider: str, *rows: dict[str, Any], version: str = "20261124-7224") -> str:
    """Put a provider's catalog where gpuhunt looks for it. Returns the address of them all."""
    folder = root / provider / version
    folder.mkdir(parents=True, exist_ok=True)
    (root / provider / "version").write_text(f"{version}\n")
    text = io.StringIO()
    writer = csv.DictWriter(text, COLUMNS)
    writer.writeheader()
    writer.writerows(rows)
    with zipfile.ZipFile(folder / "catalog.zip", "w") as packed:
        packed.writestr(f"{provider}.csv", text.getvalue())
    return root.as_uri()


def product(
    instance_type: str, gpus: str, *, on_demand: str = "", region: str = "us-east-1", reserved: tuple[Any, ...] = ()
) -> str:
    """A product of the AWS price list as it is delivered, a text of JSON.

    *on_demand* is dollars an hour; *reserved* holds (length, class, payment option, dollars an hour, dollars up front).
    """
    terms: dict[str, Any] = {}
    if on_demand:
        terms["OnDemand"] = {"S.OD": {"termAttributes": {}, "priceDimensions": {"S.OD.H": _part("Hrs", on_demand)}}}
    for number, (length, kind, option, hourly, upfront) in enumerate(reserved):
        terms.setdefault("Reserved", {})[f"S.R{number}"] = {
            "termAttributes": {"LeaseContractLength": length, "OfferingClass": kind, "PurchaseOption": option},
            "priceDimensions": {"H": _part("Hrs", hourly), "Q": _part("Quantity", upfront)},
        }
    attributes = {"instanceType": instance_type, "gpu": gpus, "regionCode": region, "marketoption": "OnDemand"}
    listed = {"product": {"sku": "S", "attributes": attributes}, "terms": terms, "version": "20261120150000"}
    return json.dumps({"serviceCode": "AmazonEC2", **listed})


def _part(unit: str, dollars: str) -> dict[str, Any]:
    return {"unit": unit, "pricePerUnit": {"USD": dollars}}
