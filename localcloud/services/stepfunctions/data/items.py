"""ItemReader: a distributed Map's items from S3, read in the state machine's role.

https://docs.aws.amazon.com/step-functions/latest/dg/input-output-itemreader.html
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from localcloud.ministack_adapter import stepfunctions
from localcloud.services.stepfunctions.data import query
from localcloud.services.stepfunctions.errors import StatesError
from localcloud.services.stepfunctions.execution.frame import Frame


def read_items(state: Mapping[str, Any], value: Any, frame: Frame) -> list[Any]:
    """The items that the state's reader names."""
    reader = state["ItemReader"]
    arguments = _arguments(state, reader, value, frame)
    config = reader.get("ReaderConfig") or {}
    calls = frame.execution.calls
    try:
        if reader["Resource"].endswith(":s3:listObjectsV2"):
            return _limited(calls.list_objects(arguments), config, value, frame)
        text = calls.read_object(arguments).decode("utf-8-sig")
    except StatesError as error:
        raise StatesError("States.ItemReaderFailed", error.cause) from error

    try:
        items = stepfunctions.parse_reader_items(text, config)
    except (ValueError, LookupError) as error:
        raise StatesError(
            "States.ItemReaderFailed", f"Attempting to parse {arguments} failed: {error}"
        ) from error
    if not isinstance(items, list):
        raise StatesError("States.ItemReaderFailed", f"{json.dumps(arguments)} does not hold an array.")
    return _limited(items, config, value, frame)


def _arguments(
    state: Mapping[str, Any], reader: Mapping[str, Any], value: Any, frame: Frame
) -> dict[str, Any]:
    if query.is_jsonata(state, frame):
        filled = query.fill(reader.get("Arguments") or {}, value, frame)
    else:
        filled = stepfunctions.resolve_params_obj(reader.get("Parameters") or {}, value, frame.context)
    return dict(filled)


def _limited(items: list[Any], config: Mapping[str, Any], value: Any, frame: Frame) -> list[Any]:
    most = config.get("MaxItems")
    if query.is_expression(most):
        most = query.fill(most, value, frame)
    return items[: int(most)] if most else items
