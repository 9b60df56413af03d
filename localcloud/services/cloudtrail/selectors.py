"""Whether a trail's advanced event selectors take an event. Pure.

CloudTrail API Reference, `AdvancedFieldSelector`: an event is taken by a selector whose every field has one
of the values that are asked for, and none that is excluded.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

Event = Mapping[str, str]
_TESTS: dict[str, Callable[[str, str], bool]] = {
    "Equals": lambda value, wanted: value == wanted,
    "StartsWith": lambda value, wanted: value.startswith(wanted),
    "EndsWith": lambda value, wanted: value.endswith(wanted),
}


def takes(selectors: Sequence[Mapping[str, Any]], event: Event) -> bool:
    """`event` has the fields by their names: `eventCategory`, `resources.ARN`, `readOnly`."""
    return any(_matches(selector.get("FieldSelectors", []), event) for selector in selectors)


def _matches(fields: Sequence[Mapping[str, Any]], event: Event) -> bool:
    return bool(fields) and all(_has(field, event.get(field["Field"], "")) for field in fields)


def _has(field: Mapping[str, Any], value: str) -> bool:
    asked = [test(value, wanted) for name, test in _TESTS.items() for wanted in field.get(name, [])]
    excluded = [
        test(value, wanted) for name, test in _TESTS.items() for wanted in field.get(f"Not{name}", [])
    ]
    return (any(asked) if asked else True) and not any(excluded)
