"""The embedded metric format: a log event that carries its own metrics.

Format: CloudWatch User Guide, "Specification: Embedded metric format". A metric or dimension that the
document does not have is left out; a document that breaks the format publishes nothing.
"""

from collections.abc import Callable, Iterator, Mapping
from math import isfinite
from typing import Any

from localcloud.services.cloudwatch.logs.patterns import json_document
from localcloud.services.cloudwatch.metrics.store import Datum, Metric, dimensions_of

_MAX_VALUES = 100


def data_in(message: str, logged_at: float, cloud_time: Callable[[float], float]) -> Iterator[Datum]:
    """The data that a message publishes; `cloud_time` turns the client's times into the cloud's."""
    if '"_aws"' not in message:
        return
    document = json_document(message)
    metadata = document.get("_aws") if isinstance(document, dict) else None
    if not isinstance(metadata, Mapping):
        return
    given = metadata.get("Timestamp")
    at = cloud_time(given / 1000 if isinstance(given, int | float) else logged_at)
    for directive in _mappings(metadata.get("CloudWatchMetrics")):
        yield from _of_directive(directive, document, at)


def _of_directive(directive: Mapping[str, Any], document: Mapping[str, Any], at: float) -> Iterator[Datum]:
    namespace = directive.get("Namespace")
    if not isinstance(namespace, str):
        return
    for definition in _mappings(directive.get("Metrics")):
        name = definition.get("Name")
        values = tuple(_values(document.get(name))) if isinstance(name, str) else ()
        if not values:
            continue
        unit, resolution = definition.get("Unit") or "None", definition.get("StorageResolution") or 60
        for names in directive.get("Dimensions") or [[]]:
            present = {key: str(document[key]) for key in names if key in document}
            metric = Metric(namespace, str(name), dimensions_of(present))
            yield Datum(metric, at, values, str(unit), None, int(resolution))


def _values(found: Any) -> Iterator[tuple[float, float]]:
    """(value, how often) of a number, a list of numbers, or {"Values": [...], "Counts": [...]}."""
    if isinstance(found, Mapping):
        values = found.get("Values") or []
        counts = found.get("Counts") or [1] * len(values)
    else:
        values = found if isinstance(found, list) else [found]
        counts = [1] * len(values)
    for value, count in list(zip(values, counts, strict=False))[:_MAX_VALUES]:
        if isinstance(value, int | float) and not isinstance(value, bool) and isfinite(value):
            yield float(value), float(count)


def _mappings(found: Any) -> Iterator[Mapping[str, Any]]:
    if isinstance(found, list):
        yield from (entry for entry in found if isinstance(entry, Mapping))
