"""CloudWatch's metrics on this machine, with the limits that the real one has."""

from __future__ import annotations

import re
from collections import defaultdict
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

from tests.aws_server import Aws

MAX_QUERIES = 500
Dimensions = tuple[tuple[str, str], ...]


@dataclass
class Metrics:
    """What was counted, by namespace, metric and dimensions. `points_per_page` breaks a series off between pages."""

    aws: Aws
    points_per_page: int = 100_800
    metrics_per_page: int = 2
    statuses: dict[str, str] = field(default_factory=dict)
    values: dict[tuple[str, str, Dimensions], dict[datetime, float]] = field(
        default_factory=lambda: defaultdict(lambda: defaultdict(float))
    )

    def __post_init__(self) -> None:
        self.aws.replies["ListMetrics"] = self.listed
        self.aws.replies["GetMetricData"] = self.data

    def count(self, metric: str, at: datetime, value: float, namespace: str = "AWS/Bedrock", **dimensions: str) -> None:
        self.values[namespace, metric, tuple(sorted(dimensions.items()))][at] += value

    def listed(self, asked: dict[str, Any]) -> dict[str, Any]:
        recent = datetime.now(UTC) - timedelta(days=14)
        needed = {one["Name"] for one in asked.get("Dimensions", ())}
        found = [
            {
                "Namespace": namespace,
                "MetricName": metric,
                "Dimensions": [{"Name": name, "Value": value} for name, value in dimensions],
            }
            for (namespace, metric, dimensions), values in self.values.items()
            if namespace == asked["Namespace"] and needed <= {name for name, _ in dimensions} and max(values) > recent
        ]
        first = int(asked.get("NextToken", "0"))
        last = first + self.metrics_per_page
        more = {"NextToken": str(last)} if len(found) > last else {}
        return {"Metrics": found[first:last], **more}

    def data(self, asked: dict[str, Any]) -> dict[str, Any]:
        queries = asked["MetricDataQueries"]
        start, end = (datetime.fromtimestamp(asked[name], UTC) for name in ("StartTime", "EndTime"))
        assert len(queries) <= MAX_QUERIES
        assert all(re.fullmatch("[a-z][a-zA-Z0-9_]*", query["Id"]) for query in queries)
        points = [
            (query["Id"], at, value) for query in queries for at, value in self._series(query["MetricStat"], start, end)
        ]
        first = int(asked.get("NextToken", "0"))
        page = points[first : first + self.points_per_page]
        more = len(points) > first + self.points_per_page
        results = []
        for query in queries:
            own = [(at, value) for name, at, value in page if name == query["Id"]]
            if not own and first:
                continue
            metric = query["MetricStat"]["Metric"]["MetricName"]
            unfinished = more and any(name == query["Id"] for name, _, _ in points[first + self.points_per_page :])
            results.append(
                {
                    "Id": query["Id"],
                    "Label": metric,
                    "Timestamps": [at.timestamp() for at, _ in own],
                    "Values": [value for _, value in own],
                    "StatusCode": "PartialData" if unfinished else self.statuses.get(metric, "Complete"),
                }
            )
        token = {"NextToken": str(first + self.points_per_page)} if more else {}
        return {"MetricDataResults": results, "Messages": [], **token}

    def _series(self, stat: dict[str, Any], start: datetime, end: datetime) -> list[tuple[datetime, float]]:
        metric, period = stat["Metric"], stat["Period"]
        age = datetime.now(UTC) - start
        finest = 60 if age < timedelta(days=15) else 300 if age < timedelta(days=63) else 3600
        if period % finest or age > timedelta(days=455):
            return []
        dimensions = tuple(sorted((one["Name"], one["Value"]) for one in metric["Dimensions"]))
        sums: dict[datetime, float] = defaultdict(float)
        for at, value in self.values.get((metric["Namespace"], metric["MetricName"], dimensions), {}).items():
            if start <= at < end:
                sums[datetime.fromtimestamp(at.timestamp() // period * period, UTC)] += value
        return sorted(sums.items())
