"""Finds the ids under which Bedrock's calls may be counted, and the models behind application inference profiles."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from advisor.contract.aws import asking

from .answers import Namespace

LISTED = timedelta(days=14)
"""ListMetrics forgets a metric two weeks after its last value, which GetMetricData still gives."""
APPLICATION = "application-inference-profile/"
BARE_PROFILE = re.compile(r"[a-z0-9]{12}")


@dataclass(frozen=True, slots=True, kw_only=True)
class Known:
    """The ids under which calls may be counted in a region, and the models behind application inference profiles."""

    models: frozenset[str]
    profiles: Mapping[str, str]


def known_models(client: Any, region: str) -> Known:
    with asking("bedrock:ListFoundationModels", region):
        models = {one["modelId"] for one in client.list_foundation_models()["modelSummaries"]}
    profiles = {}
    with asking("bedrock:ListInferenceProfiles", region):
        pages = client.get_paginator("list_inference_profiles")
        for kind in ("SYSTEM_DEFINED", "APPLICATION"):
            for page in pages.paginate(typeEquals=kind):
                for one in page["inferenceProfileSummaries"]:
                    ids = (one["inferenceProfileId"], one["inferenceProfileArn"])
                    if kind == "SYSTEM_DEFINED":
                        models.add(ids[0])
                        continue
                    models.update(ids)
                    behind = {str(model["modelArn"]).rpartition("/")[2] for model in one["models"]}
                    if len(behind) == 1:  # the same model in several regions
                        profiles.update(dict.fromkeys(ids, behind.pop()))
    return Known(models=frozenset(models), profiles=profiles)


def listed_models(client: Any, namespace: Namespace, region: str) -> frozenset[str]:
    """The models with values in the last two weeks. Metrics with further dimensions count the same calls again."""
    with asking("cloudwatch:ListMetrics", region):
        pages = client.get_paginator("list_metrics").paginate(
            Namespace=namespace.name, Dimensions=[{"Name": namespace.dimension}]
        )
        dimensions = [metric["Dimensions"] for page in pages for metric in page["Metrics"]]
    return frozenset(only[0]["Value"] for only in dimensions if len(only) == 1)


def hides_its_model(model: str) -> bool:
    return APPLICATION in model or bool(BARE_PROFILE.fullmatch(model))
