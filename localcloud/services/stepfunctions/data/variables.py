"""The workflow's variables: how they may be named, and how much they may hold.

https://docs.aws.amazon.com/step-functions/latest/dg/workflow-variables.html
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from typing import Any

from localcloud.services.stepfunctions.errors import StatesError

_SCHEMA = "SCHEMA_VALIDATION_FAILED"
_MAX_NAME = 80
MAX_BYTES = 262_144
_MAX_TOTAL_BYTES = 10 * 1024 * 1024


def variable_problems(state: Mapping[str, Any], language: str, at: str) -> Iterator[str]:
    """What is wrong with the names that a state, its choices and its catchers assign."""
    if language != "JSONata" and "Assign" in state:
        yield (
            f"{_SCHEMA}: The embedded cloud does not offer Assign in JSONPath states; AWS does: write the"
            f" state in JSONata at {at}/Assign"
        )
        return
    yield from _names(state.get("Assign"), f"{at}/Assign")
    for field in ("Choices", "Catch"):
        entries = state.get(field)
        for index, entry in enumerate(entries if isinstance(entries, list) else ()):
            if isinstance(entry, dict):
                yield from _names(entry.get("Assign"), f"{at}/{field}[{index}]/Assign")


def _names(assigned: Any, at: str) -> Iterator[str]:
    if assigned is None:
        return
    if not isinstance(assigned, dict):
        yield f"{_SCHEMA}: Value is not an object at {at}"
        return
    for name in assigned:
        if name == "states":
            yield f"{_SCHEMA}: The variable name 'states' is reserved at {at}"
        elif not name.isidentifier() or len(name) > _MAX_NAME:
            yield (
                f"{_SCHEMA}: A variable's name has at most {_MAX_NAME} characters, a letter first, then"
                f" letters, digits and underscores: '{name}' at {at}"
            )


def assigned(before: Mapping[str, Any], new: Mapping[str, Any]) -> dict[str, Any]:
    """The variables after an Assign; States.DataLimitExceeded past the sizes that AWS allows."""
    if _size(new) > MAX_BYTES:
        raise StatesError(
            "States.DataLimitExceeded",
            f"The variables that the state assigns ({', '.join(new)}) are larger than {MAX_BYTES} bytes.",
        )
    after = {**before, **new}
    if _size(after) > _MAX_TOTAL_BYTES:
        raise StatesError(
            "States.DataLimitExceeded",
            f"The execution's variables together are larger than {_MAX_TOTAL_BYTES} bytes.",
        )
    return after


def hold(name: str, output: Any) -> None:
    """Raise States.DataLimitExceeded for a state's output that is larger than a payload may be."""
    if _size(output) > MAX_BYTES:
        raise StatesError(
            "States.DataLimitExceeded",
            f"The state/task '{name}' returned a result with a size exceeding the maximum number of bytes"
            " service limit.",
        )


def _size(value: Any) -> int:
    """Bytes of the JSON, as payloads are counted."""
    return len(json.dumps(value, ensure_ascii=False, separators=(",", ":")).encode())
