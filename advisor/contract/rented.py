"""What a source says of the GPUs behind it: a fleet of one's own, read like any other source."""

from __future__ import annotations

from collections.abc import Iterable
from decimal import Decimal
from typing import Protocol, runtime_checkable

from advisor.contract.source import Source
from advisor.domain.dedicated import OwnFleet
from advisor.domain.units import Money


@runtime_checkable
class RentsGpus(Protocol):
    """The settings of a source of own traffic that names its fleet."""

    name: str
    gpu: str
    gpus: int
    price_per_gpu_hour: Decimal
    currency: str


def own_fleets(sources: Iterable[Source]) -> dict[str, OwnFleet]:
    """The fleets behind those sources that have one, by source."""
    return {
        source.name: OwnFleet(
            source=source.name,
            gpu=source.gpu,
            gpus=source.gpus,
            price_per_gpu_hour=Money(source.price_per_gpu_hour, source.currency),
        )
        for source in sources
        if isinstance(source, RentsGpus)
    }
