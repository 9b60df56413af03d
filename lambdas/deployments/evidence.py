"""What proves that a green fleet is well: it answered, and its alarms had something to see. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from contracts import metrics

# The series without which an alarm of the green fleet sees nothing, by the alarm that reads it.
SERIES = {"error-rate": metrics.INVOCATIONS, "latency": metrics.MODEL_LATENCY}


@dataclass(frozen=True, kw_only=True)
class Evidence:
    """`requests` is how many the green fleet answered, `datapoints` how many its alarms' series have, by the
    metric's name."""

    requests: int
    datapoints: Mapping[str, int]


def lacking(evidence: Evidence, *, min_green_requests: int) -> str:
    """What is not yet known, as a clause; empty where the deployment is proven."""
    if evidence.requests < min_green_requests:
        return f"the green fleet answered {evidence.requests} of {min_green_requests} requests"
    blind = [
        f"the {alarm} alarm saw no {metric}"
        for alarm, metric in SERIES.items()
        if evidence.requests and not evidence.datapoints.get(metric)
    ]
    return "; ".join(blind)
