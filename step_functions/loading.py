"""Reads a state machine's YAML as the JSON that Step Functions takes.

YAML brings comments, text over several lines, and anchors, by which what states share is written once. It is
YAML 1.2 (`yes` and `no` are words), and a key that stands twice is refused.
"""

from __future__ import annotations

import json
from collections.abc import Collection, Mapping
from pathlib import Path
from typing import Any

from ruamel.yaml import YAML
from ruamel.yaml.error import YAMLError

HERE = Path(__file__).parent
PIPELINE = HERE / "ml_pipeline.asl.yaml"
SHARED = "x-"


class DefinitionError(ValueError):
    """A state machine's file can't be read, or lacks a value."""


def load(path: Path = PIPELINE, values: Mapping[str, Any] | None = None) -> dict[str, Any]:
    """The definition, without the keys that begin with `x-`, and with `values` filled in.

    A text that is exactly `${Name}` becomes the value of that name: a number or an object as it is, and with
    None its key is left out. Every other `${...}` stays for CloudFormation, which fills in texts alone.
    Raises DefinitionError.
    """
    try:
        document = YAML(typ="safe", pure=True).load(path.read_text(encoding="utf-8"))
    except YAMLError as error:
        raise DefinitionError(f"{path.name} is no YAML: {error}") from error
    if not isinstance(document, dict):
        raise DefinitionError(f"{path.name} holds no object, and so no state machine")
    kept = {key: value for key, value in document.items() if not str(key).startswith(SHARED)}
    filled: dict[str, Any] = _fill(kept, {f"${{{name}}}": value for name, value in (values or {}).items()})
    return filled


def bypass(definition: Mapping[str, Any], names: Collection[str], *, to: str) -> dict[str, Any]:
    """The definition without these states: what led to one of them leads to the state `to`."""

    def led(value: Any) -> Any:
        if isinstance(value, dict):
            return {
                key: to if key in ("Next", "Default") and item in names else led(item)
                for key, item in value.items()
            }
        return [led(item) for item in value] if isinstance(value, list) else value

    kept = {name: led(state) for name, state in definition["States"].items() if name not in names}
    return {**definition, "States": kept}


def as_json(definition: Mapping[str, Any]) -> str:
    """The text that a template holds, which tests and linters read."""
    return json.dumps(definition, indent=2, ensure_ascii=False)


def _fill(value: Any, values: Mapping[str, Any]) -> Any:
    if isinstance(value, dict):
        kept = {key: item for key, item in value.items() if not _is_left_out(item, values)}
        return {key: _fill(item, values) for key, item in kept.items()}
    if isinstance(value, list):
        return [_fill(item, values) for item in value]
    return values.get(value, value) if isinstance(value, str) else value


def _is_left_out(value: Any, values: Mapping[str, Any]) -> bool:
    return isinstance(value, str) and value in values and values[value] is None
