"""Structured logs and metrics of every function, both on stdout."""

from __future__ import annotations

from aws_lambda_powertools import Logger
from aws_lambda_powertools.metrics import MetricUnit, single_metric

logger = Logger(use_rfc3339=True, utc=True)


def count(namespace: str, metric: str, value: float = 1.0) -> None:
    """Emit one of contracts.metrics as embedded metric format."""
    with single_metric(name=metric, unit=MetricUnit.Count, value=value, namespace=namespace):
        pass


def age(namespace: str, metric: str, seconds: float) -> None:
    """The same of a duration."""
    with single_metric(name=metric, unit=MetricUnit.Seconds, value=seconds, namespace=namespace):
        pass
