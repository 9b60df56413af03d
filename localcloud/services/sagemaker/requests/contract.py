"""Checks requests and answers against the service model that boto3 itself ships.

Wording of the violations: https://smithy.io and the answers of the service ("1 validation error detected:
Value ... at '...' failed to satisfy constraint: ..."). Stricter than AWS in one point: a member that the
model does not have is refused, where the service would ignore it, because it is always a mistake.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cache, lru_cache
from typing import Any

from localcloud.services.sagemaker.errors import SageMakerError, SerializationError, ValidationError

# The Unicode classes of the model's patterns, which Python's re does not have, widened to what re can say.
_UNICODE_CLASSES = {
    r"\p{L}": r"a-zA-Z\u00aa-\U0010ffff",
    r"\p{M}": r"\u0300-\u036f",
    r"\p{Z}": r"\s",
    r"\p{S}": r"$+<=>^`|~\u00a2-\u00b4",
    r"\p{N}": r"0-9\u00b2-\u00be",
    r"\p{P}": r"!-#%-*,-/:;?@\[-\]_{}\u00a1-\u00bf",
    # Java's two halves of every character beyond the first 65,536.
    r"\uD800\uDC00-\uDBFF\uDFFF": r"\U00010000-\U0010ffff",
    r"\p{Print}": "[ -~]",
}


@dataclass(frozen=True)
class Violation:
    """One constraint that a value does not satisfy."""

    value: Any
    path: str
    rule: str

    def __str__(self) -> str:
        shown = "null" if self.value is None else f"'{_shown(self.value)}'"
        return f"Value {shown} at '{self.path}' failed to satisfy constraint: {self.rule}"


class Contract:
    """The operations of one service as botocore's model describes them."""

    def __init__(self, service: str = "sagemaker") -> None:
        self._model = _service_model(service)

    def knows(self, operation: str) -> bool:
        """Whether the service has this operation, embedded or not."""
        return operation in self._model.operation_names

    def check_request(self, operation: str, document: Any) -> None:
        """Raise ValidationError or SerializationError for a request that the service would refuse."""
        shape = self._model.operation_model(operation).input_shape
        if shape is None:
            return
        violations = list(_violations(shape, document, ""))
        if violations:
            raise ValidationError(_message(violations))

    def coerce(self, operation: str, document: Any) -> Any:
        """The document with numbers and booleans that are text, as in templates, made what they should be."""
        return _coerced(self._model.operation_model(operation).input_shape, document)

    def check_answer(self, operation: str, document: Any) -> None:
        """Raise SageMakerError for an answer that no client of the service could read: a fault of ours."""
        shape = self._model.operation_model(operation).output_shape
        if shape is None:
            return
        try:
            violations = list(_violations(shape, document, ""))
        except SerializationError as problem:
            raise SageMakerError(f"the answer to {operation} is not as its model says: {problem}") from None
        if violations:
            raise SageMakerError(
                f"the answer to {operation} is not as its model says: {_message(violations)}"
            )


@cache
def _service_model(service: str) -> Any:
    import botocore.session

    return botocore.session.get_session().get_service_model(service)


def _message(violations: list[Violation]) -> str:
    plural = "error" if len(violations) == 1 else "errors"
    return f"{len(violations)} validation {plural} detected: " + "; ".join(map(str, violations))


def _violations(shape: Any, value: Any, path: str) -> Iterator[Violation]:
    kind = shape.type_name
    if kind == "structure":
        yield from _structure(shape, _typed(value, Mapping, shape, path), path)
    elif kind == "list":
        yield from _list(shape, _typed(value, list, shape, path), path)
    elif kind == "map":
        yield from _map(shape, _typed(value, Mapping, shape, path), path)
    elif kind == "string":
        yield from _string(shape, _typed(value, str, shape, path), path)
    elif kind in ("integer", "long", "float", "double"):
        yield from _number(shape, value, path)
    elif kind == "boolean":
        _typed(value, bool, shape, path)


def _structure(shape: Any, value: Mapping[str, Any], path: str) -> Iterator[Violation]:
    for name in shape.required_members:
        if value.get(name) is None:
            yield Violation(None, _member(path, name), "Member must not be null")
    for name, inner in value.items():
        if name not in shape.members:
            known = ", ".join(sorted(shape.members))
            yield Violation(inner, _member(path, name), f"Member is not known; there are: [{known}]")
        elif inner is not None:
            yield from _violations(shape.members[name], inner, _member(path, name))


def _list(shape: Any, value: list[Any], path: str) -> Iterator[Violation]:
    yield from _length(shape, value, path)
    for index, inner in enumerate(value, 1):
        yield from _violations(shape.member, inner, f"{path}.{index}.member")


def _map(shape: Any, value: Mapping[str, Any], path: str) -> Iterator[Violation]:
    yield from _length(shape, value, path)
    for key, inner in value.items():
        yield from _violations(shape.key, key, f"{path}.key")
        yield from _violations(shape.value, inner, f"{path}.{key}.value")


def _string(shape: Any, value: str, path: str) -> Iterator[Violation]:
    yield from _length(shape, value, path)
    allowed = shape.enum
    if allowed and value not in allowed:
        yield Violation(value, path, f"Member must satisfy enum value set: [{', '.join(allowed)}]")
    pattern = shape.metadata.get("pattern")
    if pattern and not _compiled(pattern).fullmatch(value):
        yield Violation(value, path, f"Member must satisfy regular expression pattern: {pattern}")


def _number(shape: Any, value: Any, path: str) -> Iterator[Violation]:
    whole = shape.type_name in ("integer", "long")
    if isinstance(value, bool) or not isinstance(value, (int, float)) or (whole and value != int(value)):
        raise _wrong_type(value, shape, path)
    low, high = shape.metadata.get("min"), shape.metadata.get("max")
    if low is not None and value < low:
        yield Violation(value, path, f"Member must have value greater than or equal to {low}")
    if high is not None and value > high:
        yield Violation(value, path, f"Member must have value less than or equal to {high}")


def _length(shape: Any, value: Any, path: str) -> Iterator[Violation]:
    low, high = shape.metadata.get("min"), shape.metadata.get("max")
    if low is not None and len(value) < low:
        yield Violation(value, path, f"Member must have length greater than or equal to {low}")
    if high is not None and len(value) > high:
        yield Violation(value, path, f"Member must have length less than or equal to {high}")


def _coerced(shape: Any, value: Any) -> Any:
    kind = shape.type_name
    if kind == "structure" and isinstance(value, Mapping):
        return {
            name: _coerced(shape.members[name], inner) if name in shape.members else inner
            for name, inner in value.items()
        }
    if kind == "list" and isinstance(value, list):
        return [_coerced(shape.member, inner) for inner in value]
    if kind == "map" and isinstance(value, Mapping):
        return {name: _coerced(shape.value, inner) for name, inner in value.items()}
    if isinstance(value, str) and kind == "boolean":
        return {"true": True, "false": False}.get(value.lower(), value)
    if isinstance(value, str) and kind in ("integer", "long", "float", "double"):
        number = float(value)
        return int(number) if kind in ("integer", "long") else number
    if kind == "string" and isinstance(value, (int, float)):
        return str(value).lower() if isinstance(value, bool) else str(value)
    return value


def _typed(value: Any, expected: Any, shape: Any, path: str) -> Any:
    if not isinstance(value, expected):
        raise _wrong_type(value, shape, path)
    return value


def _wrong_type(value: Any, shape: Any, path: str) -> SerializationError:
    names = {bool: "BOOLEAN", str: "STRING", int: "NUMBER", float: "NUMBER", list: "START_ARRAY"}
    token = names.get(type(value), "START_OBJECT")
    wanted = {"structure": "START_OBJECT", "map": "Map", "list": "List"}.get(
        shape.type_name, shape.type_name.capitalize()
    )
    return SerializationError(f"{token}_VALUE can not be converted to {wanted} at '{path}'")


def _member(path: str, name: str) -> str:
    camel = name[0].lower() + name[1:]
    return f"{path}.{camel}" if path else camel


def _shown(value: Any) -> str:
    if isinstance(value, Mapping):
        return "{" + ", ".join(f"{key}={_shown(inner)}" for key, inner in value.items()) + "}"
    if isinstance(value, list):
        return "[" + ", ".join(map(_shown, value)) + "]"
    return str(value)


@lru_cache(maxsize=1024)
def _compiled(pattern: str) -> re.Pattern[str]:
    for unicode_class, ranges in _UNICODE_CLASSES.items():
        pattern = pattern.replace(unicode_class, ranges)
    # CustomerMetadataKey and -Value say `(...)${1,128}`, where the length is meant; the shape's min and max
    # say it too.
    return re.compile(re.sub(r"\$\{\d+,\d+\}$", "", pattern))
