"""What the fleets answer: counts and latency by endpoint config, as CloudWatch has them.

SageMaker Developer Guide, "Metrics for monitoring Amazon SageMaker AI with CloudWatch": Invocations and
Invocation5XXErrors by EndpointName and VariantName, and by EndpointConfigName while two fleets serve.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from contracts import metrics
from contracts.names import VARIANT_NAME
from operations.reading.clients import Clients
from operations.reading.errors import explained
from operations.reading.stack import Stack

# A cloud may publish with a clock ahead of this machine's.
_AHEAD = timedelta(days=30)


@dataclass(frozen=True, kw_only=True)
class Totals:
    """What one fleet answered since a moment: counts."""

    config_name: str
    requests: int
    failed: int


@dataclass(frozen=True, kw_only=True)
class Point:
    """What the endpoint answered in one period; latency is the model's, 99th percentile, in microseconds."""

    at: datetime
    requests: int
    failed: int
    latency_us: float | None


def totals(
    clients: Clients, stack: Stack, configs: tuple[str, ...], *, since: datetime, now: datetime
) -> tuple[Totals, ...]:
    """One for each of the endpoint configs, in their order."""
    if not configs:
        return ()
    period = _whole_minutes(now + _AHEAD - since)
    wanted = {
        f"m{number}_{what}": (metric, config)
        for number, config in enumerate(configs)
        for what, metric in (("requests", metrics.INVOCATIONS), ("failed", metrics.SERVER_ERRORS))
    }
    queries = [_query(key, metric, period, "Sum", stack, of) for key, (metric, of) in wanted.items()]
    found = _values(clients, queries, since, now)
    counts = {key: int(sum(value for _, value in values)) for key, values in found.items()}
    return tuple(
        Totals(
            config_name=config,
            requests=counts.get(f"m{number}_requests", 0),
            failed=counts.get(f"m{number}_failed", 0),
        )
        for number, config in enumerate(configs)
    )


def by_period(
    clients: Clients, stack: Stack, *, since: datetime, now: datetime, period_seconds: int = 60
) -> tuple[Point, ...]:
    """The whole endpoint, period by period, oldest first; periods without a request are not there."""
    queries = [
        _query("requests", metrics.INVOCATIONS, period_seconds, "Sum", stack),
        _query("failed", metrics.SERVER_ERRORS, period_seconds, "Sum", stack),
        _query("latency", metrics.MODEL_LATENCY, period_seconds, "p99", stack),
    ]
    found = {key: dict(values) for key, values in _values(clients, queries, since, now).items()}
    return tuple(
        Point(
            at=at,
            requests=int(requests),
            failed=int(found.get("failed", {}).get(at, 0)),
            latency_us=found.get("latency", {}).get(at),
        )
        for at, requests in sorted(found.get("requests", {}).items())
    )


def _values(
    clients: Clients, queries: list[dict[str, Any]], since: datetime, now: datetime
) -> dict[str, list[tuple[datetime, float]]]:
    found: dict[str, list[tuple[datetime, float]]] = {}
    request: dict[str, Any] = {"MetricDataQueries": queries, "StartTime": since, "EndTime": now + _AHEAD}
    while True:
        with explained():
            answer = clients("cloudwatch").get_metric_data(**request)
        for result in answer["MetricDataResults"]:
            pairs = zip(result["Timestamps"], result["Values"], strict=True)
            found.setdefault(str(result["Id"]), []).extend(pairs)
        if not answer.get("NextToken"):
            return found
        request["NextToken"] = answer["NextToken"]


def _query(
    key: str, metric: str, period: int, statistic: str, stack: Stack, config: str = ""
) -> dict[str, Any]:
    dimensions = {"EndpointName": stack.endpoint_name, "VariantName": VARIANT_NAME}
    if config:
        dimensions[metrics.CONFIG_DIMENSION] = config
    return {
        "Id": key,
        "MetricStat": {
            "Metric": {
                "Namespace": metrics.ENDPOINT_NAMESPACE,
                "MetricName": metric,
                "Dimensions": [{"Name": name, "Value": value} for name, value in dimensions.items()],
            },
            "Period": period,
            "Stat": statistic,
        },
    }


def _whole_minutes(span: timedelta) -> int:
    """Seconds of the period that holds the span whole; CloudWatch wants multiples of 60, a day at most."""
    return min(86_400, max(60, -(-int(span.total_seconds()) // 60) * 60))
