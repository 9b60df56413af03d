"""Holds InvokeEndpoint's headers against the runtime's own model, and refuses what would not be honoured."""

from __future__ import annotations

import re
from collections.abc import Mapping
from functools import cache
from typing import Any

from localcloud.services.sagemaker.errors import RuntimeValidationError

_NOT_HONOURED = {
    "TargetModel": "is for multi-model endpoints; this one serves one model in each container",
    "TargetContainerHostname": "is for multi-container endpoints with direct invocation; this one has one",
    "EnableExplanations": "is for endpoints with an ExplainerConfig; this one has none",
    "InferenceComponentName": "is for endpoints with inference components; this one has none",
    "SessionId": "is for containers with stateful sessions, which the embedded cloud does not keep",
    "PrefixAwareId": "is for prefix-aware routing, which the embedded cloud does not do",
}


def check(headers: Mapping[str, str]) -> None:
    """Raise RuntimeValidationError for a member that is too long, malformed or not honoured here."""
    violations = []
    for member, header, low, high, pattern in _members():
        value = headers.get(header)
        if value is None:
            continue
        where = f"Value at '{member[0].lower()}{member[1:]}' failed to satisfy constraint: Member must"
        if member in _NOT_HONOURED:
            raise RuntimeValidationError(f"{member} {_NOT_HONOURED[member]}.")
        if high is not None and len(value) > high:
            violations.append(f"{where} have length less than or equal to {high}")
        elif low is not None and len(value) < low:
            violations.append(f"{where} have length greater than or equal to {low}")
        elif pattern is not None and not pattern.fullmatch(value):
            violations.append(f"{where} satisfy regular expression pattern: {pattern.pattern}")
    if violations:
        plural = "error" if len(violations) == 1 else "errors"
        raise RuntimeValidationError(
            f"{len(violations)} validation {plural} detected: {'; '.join(violations)}"
        )


@cache
def _members() -> list[tuple[str, str, int | None, int | None, re.Pattern[str] | None]]:
    """Each member that travels as a header: name, header, shortest, longest, pattern."""
    import botocore.session

    model = botocore.session.get_session().get_service_model("sagemaker-runtime")
    shape: Any = model.operation_model("InvokeEndpoint").input_shape
    found = []
    for name, member in shape.members.items():
        if member.serialization.get("location") == "header":
            said = member.metadata
            header = member.serialization["name"].lower()
            found.append((name, header, said.get("min"), said.get("max"), _compiled(said.get("pattern"))))
    return found


def _compiled(pattern: str | None) -> re.Pattern[str] | None:
    r"""Python's spelling of the model's patterns: \p{ASCII}, \p{Print} and \z are Java's."""
    if pattern is None:
        return None
    plain = pattern.replace(r"[\p{Print}]", "[ -~]").replace(r"\p{ASCII}", r"[\x00-\x7f]")
    return re.compile(plain.replace(r"\A", "").replace(r"\z", ""))
