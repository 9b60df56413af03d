"""Metric filters: a log group's events turned into metrics by a pattern.

What they publish: CloudWatch Logs User Guide, "Creating metrics from log events using filters".
"""

from collections.abc import Callable, Iterator, Mapping
from typing import Any

from localcloud.services.cloudwatch.logs.conditions import MISSING, Lookup, as_text, number_in
from localcloud.services.cloudwatch.logs.patterns import json_document, matcher, selector_in
from localcloud.services.cloudwatch.metrics.store import Datum, Metric, dimensions_of

MetricFilter = Mapping[str, Any]


def data_of(
    metric_filter: MetricFilter, message: str, logged_at: float, cloud_time: Callable[[float], float]
) -> Iterator[Datum]:
    """What one log event publishes through one filter: its value if it matches, else the default value."""
    found = matcher(metric_filter.get("filterPattern") or "")(message)
    for transformation in metric_filter.get("metricTransformations") or ():
        value: float | None = transformation.get("defaultValue")
        dimensions: dict[str, str] | None = {}
        if found is not None:
            lookup = _lookup(found, message)
            value = _value(transformation.get("metricValue") or "1", lookup)
            dimensions = _dimensions(transformation.get("dimensions") or {}, lookup)
        if value is None or dimensions is None:
            continue
        metric = Metric(
            transformation["metricNamespace"], transformation["metricName"], dimensions_of(dimensions)
        )
        unit = transformation.get("unit") or "None"
        yield Datum(metric, cloud_time(logged_at), ((float(value), 1.0),), unit)


def _lookup(found: Lookup, message: str) -> Lookup:
    """Fields by the pattern's names, or selectors such as $.latency in a message that is JSON."""

    def lookup(selector: str) -> Any:
        value = found(selector)
        if (
            value is MISSING
            and selector.startswith("$.")
            and (document := json_document(message)) is not None
        ):
            return selector_in(document)(selector)
        return value

    return lookup


def _value(spec: str, lookup: Lookup) -> float | None:
    return number_in(lookup(spec) if spec.startswith("$") else spec)


def _dimensions(specs: Mapping[str, str], lookup: Lookup) -> dict[str, str] | None:
    """The dimensions' values; None if the event lacks one, for then nothing is published."""
    values = {name: as_text(lookup(spec)) for name, spec in specs.items()}
    present = {name: value for name, value in values.items() if value is not None}
    return present if len(present) == len(values) else None
