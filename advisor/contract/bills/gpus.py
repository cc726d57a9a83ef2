"""Which cloud instances have GPUs, and how many: dedicated cost that a bill shows is paid already."""

from __future__ import annotations

import re

INSTANCE = r"\b(?:p[3-9][a-z]*(?:-[a-z]+\d+)?|gr?[4-9][a-z]*)\.(?:metal|\d*x?large)"
"""A GPU instance type of EC2, or of SageMaker behind its `ml.`."""
NOT_THE_INSTANCE = "EBSOptimized|CPUCredits|DataTransfer"
SINGLE = {"p3.2xlarge": 1, "p3.8xlarge": 4, "p5.4xlarge": 1, "g4dn.metal": 8}


def gpus_in(instance: str) -> int | None:
    """The GPUs of an instance type, None where that is not known here.

    Counts: https://docs.aws.amazon.com/ec2/latest/instancetypes/ac.html.

    >>> gpus_in("p5.48xlarge"), gpus_in("g5.12xlarge"), gpus_in("g6.2xlarge"), gpus_in("g6f.large")
    (8, 4, 1, None)
    """
    family, _, size = instance.lower().removeprefix("ml.").partition(".")
    known = SINGLE.get(f"{family}.{size}")
    if known or re.fullmatch(r"p[3-6].*", family):
        return known or (8 if size in ("16xlarge", "24xlarge", "48xlarge") else None)
    if family not in ("g4dn", "g5", "g6", "g6e"):
        return None
    return {"12xlarge": 4, "24xlarge": 4, "48xlarge": 8}.get(size, 1)


def instance_in(text: str) -> str:
    """SQL for the GPU instance type that the column *text* names, NULL where it names none."""
    return (
        f"CASE WHEN NOT regexp_matches({text}, '{NOT_THE_INSTANCE}') "
        f"THEN nullif(regexp_extract({text}, '{INSTANCE}'), '') END"
    )
