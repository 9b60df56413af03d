"""Records of a feature group, held against its definitions. Pure.

Types and event times: SageMaker AI Developer Guide, "Feature Store: data types" and "Ingestion"; a Fractional
event time is Unix time in seconds, a String one `yyyy-MM-dd'T'HH:mm:ssZ`, with milliseconds or without.
"""

from __future__ import annotations

import math
import re
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from typing import Any

from localcloud.services.sagemaker.errors import RuntimeValidationError
from localcloud.services.sagemaker.store import Document

UNIT_SECONDS = {"Seconds": 1, "Minutes": 60, "Hours": 3600, "Days": 86_400, "Weeks": 604_800}
_INTEGRAL = re.compile(r"[+-]?\d{1,19}")
_ISO = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d{3})?(Z|[+-]\d\d:?\d\d)")
_MOST_SECONDS = 253_402_300_799  # 9999-12-31T23:59:59Z

Values = dict[str, str]
"""The values of a record by feature, as texts; a feature that is null is absent."""


def read_record(group: Mapping[str, Any], record: Sequence[Mapping[str, Any]]) -> Values:
    """Raises RuntimeValidationError that names the feature."""
    types = types_of(group)
    values: Values = {}
    for entry in record:
        name = entry["FeatureName"]
        if name not in types:
            raise RuntimeValidationError(
                f"Validation Error: FeatureName {name} is not in the feature group "
                f"{group['FeatureGroupName']}."
            )
        if name in values:
            raise RuntimeValidationError(f"Validation Error: FeatureName {name} stands twice in the record.")
        if entry.get("ValueAsStringList") is not None:
            raise RuntimeValidationError(
                f"Validation Error: ValueAsStringList is for collections, and {name} is none."
            )
        value = entry.get("ValueAsString")
        if value is not None:
            check_value(name, types[name], value)
            values[name] = value
    return values


def check_value(name: str, kind: str, value: str) -> None:
    """Raises RuntimeValidationError where the text is none of the feature's type."""
    if kind == "Integral" and not (_INTEGRAL.fullmatch(value) and -(2**63) <= int(value) < 2**63):
        raise RuntimeValidationError(f"Validation Error: Value {value!r:.60} of {name} is not Integral.")
    if kind == "Fractional" and not _is_fractional(value):
        raise RuntimeValidationError(f"Validation Error: Value {value!r:.60} of {name} is not Fractional.")


def demand(group: Mapping[str, Any], values: Mapping[str, str]) -> None:
    """Raises RuntimeValidationError where record identifier or event time are missing."""
    for member in ("RecordIdentifierFeatureName", "EventTimeFeatureName"):
        name = group[member]
        if not values.get(name):
            raise RuntimeValidationError(f"Validation Error: {member} {name} must be in the record.")


def types_of(group: Mapping[str, Any]) -> dict[str, str]:
    return {one["FeatureName"]: one["FeatureType"] for one in group["FeatureDefinitions"]}


def event_seconds(group: Mapping[str, Any], text: str) -> float:
    """Epoch seconds; raises RuntimeValidationError."""
    name = group["EventTimeFeatureName"]
    if types_of(group)[name] == "Fractional":
        seconds = float(text) if _is_fractional(text) else math.nan
        if 0 <= seconds <= _MOST_SECONDS:
            return seconds
    elif _ISO.fullmatch(text):
        try:
            return datetime.fromisoformat(text).timestamp()
        except ValueError:
            pass
    raise RuntimeValidationError(f"Validation Error: EventTime {text!r:.60} of {name} is no time it takes.")


def ttl_seconds(duration: Mapping[str, Any] | None) -> int | None:
    return duration["Value"] * UNIT_SECONDS[duration["Unit"]] if duration else None


def iso(seconds: float) -> str:
    return datetime.fromtimestamp(seconds, UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def shown(group: Mapping[str, Any], values: Mapping[str, str], names: Sequence[str] | None) -> list[Document]:
    """The values in the order of the definitions; raises RuntimeValidationError for a feature it has not."""
    known = types_of(group)
    if missing := [name for name in names or () if name not in known]:
        raise RuntimeValidationError(
            f"Validation Error: FeatureName {missing[0]} is not in the feature group "
            f"{group['FeatureGroupName']}."
        )
    return [
        {"FeatureName": name, "ValueAsString": values[name]}
        for name in known
        if name in values and (not names or name in names)
    ]


def _is_fractional(text: str) -> bool:
    try:
        return math.isfinite(float(text))
    except ValueError:
        return False
