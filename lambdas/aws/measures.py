"""What CloudWatch holds of a fleet's metrics."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Literal

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
    cloudwatch: CloudWatchClient = client("cloudwatch")
    start = since - since % _HOUR
    answer = cloudwatch.get_metric_statistics(
        Namespace=namespace,
        MetricName=name,
        Dimensions=[{"Name": key, "Value": value} for key, value in dimensions.items()],
        StartTime=datetime.fromtimestamp(start, UTC),
        EndTime=datetime.fromtimestamp(start + _MAX_DATAPOINTS * _HOUR, UTC),
        Period=_HOUR,
        Statistics=[statistic],
    )
    found = [point[statistic] for point in answer["Datapoints"]]
    return Measured(total=sum(found), datapoints=len(found))
