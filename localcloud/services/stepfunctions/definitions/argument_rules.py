"""Checks a Task's arguments against its integration, at creation and when the task starts.

Step Functions refuses a field that the integration lacks, a required one that is missing and a value of
another JSON type with SCHEMA_VALIDATION_FAILED: https://github.com/aws/aws-cdk/issues/10014 (an unknown
field), https://github.com/aws/aws-step-functions-data-science-sdk-python/issues/198 (its wording). What an
expression makes is only known when the task starts.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from localcloud.services.stepfunctions.data.query import is_expression
from localcloud.services.stepfunctions.definitions import models, resources
from localcloud.services.stepfunctions.definitions.optimized_fields import FIELDS, JSON_TEXTS
from localcloud.services.stepfunctions.definitions.resources import Resource

_SCHEMA = "SCHEMA_VALIDATION_FAILED"
_NUMBERS = ("integer", "long", "float", "double")
_TEXTS = ("string", "blob")
_KINDS: Mapping[str, tuple[type, ...]] = {
    "structure": (dict,),
    "map": (dict,),
    "list": (list,),
    "boolean": (bool,),
    **dict.fromkeys(_NUMBERS, (int, float)),
}
_SAID = {"structure": "an OBJECT", "map": "an OBJECT", "list": "an ARRAY", "boolean": "a BOOLEAN"}


def argument_problems(state: Mapping[str, Any], language: str, at: str) -> Iterator[str]:
    """What is wrong with what a Task hands to its integration, with its place."""
    resource = resources.parse(state["Resource"])
    if resource.function_arn:
        return
    try:
        shape = models.input_shape(resource)
    except models.UnknownActionError as error:
        yield f"{_SCHEMA}: {error} at {at}/Resource"
        return
    name = "Arguments" if language == "JSONata" else "Parameters"
    check = _Check(resource, jsonata=language == "JSONata")
    for text, place in check.value(state.get(name, {}), shape, "", top=True):
        yield f"{_SCHEMA}: {text} at {at}/{name}{place}"


def started_problems(resource: Resource, arguments: Any) -> list[str]:
    """What is wrong with arguments that are about to be sent; no expressions are left in them."""
    check = _Check(resource, jsonata=False, literal=True)
    return [text for text, _ in check.value(arguments, models.input_shape(resource), "", top=True)]


class _Check:
    """One integration's arguments; `literal` when nothing in them is still to be evaluated."""

    def __init__(self, resource: Resource, *, jsonata: bool, literal: bool = False) -> None:
        self._sdk = resource.sdk
        self._jsonata = jsonata
        self._literal = literal
        key = (resource.service, resource.action)
        self._fields = None if resource.sdk else FIELDS[key]
        self._json_texts = frozenset() if resource.sdk else JSON_TEXTS.get(key, frozenset())

    def value(
        self, given: Any, shape: Any, at: str, *, name: str = "", top: bool = False
    ) -> Iterator[tuple[str, str]]:
        """Each problem of a value and where it is below the arguments."""
        if (self._jsonata and is_expression(given)) or given is None:
            return
        if shape is None:
            for field in given if isinstance(given, dict) else ():
                yield f'The field "{field}" is not supported by Step Functions', at
            return
        kind = shape.type_name
        if not self._is_of_kind(given, kind, name):
            said = _SAID.get(kind, "a NUMBER" if kind in _NUMBERS else "a STRING")
            yield f'The value for the field "{name or "Arguments"}" must be {said}', at
        elif kind == "structure" and not getattr(shape, "is_document_type", False):
            yield from self._structure(given, shape, at, top)
        elif kind == "list":
            for index, part in enumerate(given):
                yield from self.value(part, shape.member, f"{at}[{index}]", name=name)
        elif kind == "map":
            for field, part in given.items():
                if not self._is_path(field):
                    yield from self.value(part, shape.value, f"{at}/{field}", name=field)

    def _structure(
        self, given: Mapping[str, Any], shape: Any, at: str, top: bool
    ) -> Iterator[tuple[str, str]]:
        offered = {_capitalized(name): name for name in shape.members}
        if top and self._fields is not None:
            offered = {name: offered[name] for name in self._fields if name in offered}
        present = set()
        for field, part in given.items():
            own = field.removesuffix(".$") if self._is_path(field) else field
            wire = offered.get(own) or (self._sdk_member(own, offered) if self._sdk else None)
            if wire is None:
                yield f'The field "{own}" is not supported by Step Functions', at
                continue
            present.add(wire)
            if own == field:
                yield from self.value(part, shape.members[wire], f"{at}/{field}", name=own)
        for wire in sorted(set(shape.required_members) - present):
            if not shape.members[wire].metadata.get("idempotencyToken"):
                yield f'The field "{_capitalized(wire)}" is required but was missing', at

    def _is_path(self, field: str) -> bool:
        return not self._jsonata and not self._literal and field.endswith(".$")

    def _sdk_member(self, own: str, offered: Mapping[str, str]) -> str | None:
        """The Java SDK spells KMSKeyArn KmsKeyArn: its names are the wire's but for the case."""
        if not own[:1].isupper():
            return None
        lowered = {name.lower(): wire for name, wire in offered.items()}
        return lowered.get(own.lower())

    def _is_of_kind(self, given: Any, kind: str, name: str) -> bool:
        if kind in _TEXTS and name in self._json_texts:
            return True
        if kind in _TEXTS:
            return isinstance(given, (str, dict, list) if self._sdk else str)
        if isinstance(given, bool):
            return kind == "boolean" or kind not in _KINDS
        return isinstance(given, _KINDS.get(kind, object))


def _capitalized(wire: str) -> str:
    return wire[:1].upper() + wire[1:]
