"""What a job says while it runs. SageMaker sends it to CloudWatch Logs, and reads metrics out of it."""

from __future__ import annotations

from collections.abc import Mapping


def log(message: str) -> None:
    print(message, flush=True)


def print_metrics(metrics: Mapping[str, float]) -> None:
    """One line each, in the form that the training job's MetricDefinitions look for."""
    for name, value in metrics.items():
        log(f"metric {name}={value:.9g};")
