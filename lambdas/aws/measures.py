"""What CloudWatch holds of a fleet's metrics."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any, Literal

from lambdas.aws.clients import client

if TYPE_CHECKING:
    from mypy_boto3_cloudwatch.client import CloudWatchClient

_HOUR = 3600
_MAX_DATAPOINTS = 1440  # of one answer (CloudWatch API Reference, `GetMetricStatistics`)
Statistic = Literal["Sum", "SampleCount"]


@dataclass(frozen=True, kw_only=True)
class Measured:
    """A metric over a time: its total, and how many datapoints it came in."""

    total: float
    datapoints: int


def measure(
    namespace: str,
    name: str,
    dimensions: Mapping[str, str],
    statistic: Statistic,
    *,
    since: int,
) -> Measured:
    """The metric's statistic by the hour, from the hour of an epoch second on.

    It ends long after now: the caller's clock need not be that of the service that stamps the datapoints.
    """
    points = _by_hour(namespace, name, dimensions, since, Statistics=[statistic])
    found = [point[statistic] for point in points]
    return Measured(total=sum(found), datapoints=len(found))


def median(
    namespace: str, name: str, dimensions: Mapping[str, str], *, since: int, min_samples: int
) -> float | None:
    """The metric's median in the hour, from an epoch second on, that has most of its samples; None where none
    has `min_samples`."""
    counts = _by_hour(namespace, name, dimensions, since, Statistics=["SampleCount"])
    if not counts:
        return None
    busiest = max(counts, key=lambda point: float(point["SampleCount"]))
    if busiest["SampleCount"] < min_samples:
        return None
    middles = _by_hour(namespace, name, dimensions, since, ExtendedStatistics=["p50"])
    found = [point for point in middles if point["Timestamp"] == busiest["Timestamp"]]
    return float(found[0]["ExtendedStatistics"]["p50"]) if found else None


def _by_hour(
    namespace: str, name: str, dimensions: Mapping[str, str], since: int, **statistics: Any
) -> list[Any]:
    cloudwatch: CloudWatchClient = client("cloudwatch")
    start = since - since % _HOUR
    answer = cloudwatch.get_metric_statistics(
        Namespace=namespace,
        MetricName=name,
        Dimensions=[{"Name": key, "Value": value} for key, value in dimensions.items()],
        StartTime=datetime.fromtimestamp(start, UTC),
        EndTime=datetime.fromtimestamp(start + _MAX_DATAPOINTS * _HOUR, UTC),
        Period=_HOUR,
        **statistics,
    )
    return list(answer["Datapoints"])
