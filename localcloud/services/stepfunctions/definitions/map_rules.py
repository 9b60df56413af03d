"""What a Map may say of how its items run; a part of the definition's validation.

https://docs.aws.amazon.com/step-functions/latest/dg/state-map-inline.html and state-map-distributed.html.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Any

from localcloud.services.stepfunctions.data.query import is_expression

_SCHEMA = "SCHEMA_VALIDATION_FAILED"
_CONFIG = frozenset({"Mode", "ExecutionType"})
_DISTRIBUTED_ONLY = (
    "ItemReader",
    "ItemBatcher",
    "ResultWriter",
    "Label",
)
_READERS = ("arn:aws:states:::s3:getObject", "arn:aws:states:::s3:listObjectsV2")
_LABEL = re.compile(r"[^\x00-\x20?*<>{}\[\]:;,\\|^~$#%&`\"/\x7f-\x9f]{1,40}\Z")
State = Mapping[str, Any]


def map_problems(state: State, at: str) -> Iterator[str]:
    """What is wrong with a Map beside the states inside it."""
    processor = state.get("ItemProcessor") or state.get("Iterator")
    config = (processor.get("ProcessorConfig") if isinstance(processor, dict) else None) or {}
    where = f"{at}/ItemProcessor/ProcessorConfig"
    for name in config.keys() - _CONFIG:
        yield f"{_SCHEMA}: Field is not supported at {where}/{name}"
    mode = config.get("Mode", "INLINE")
    if mode not in ("INLINE", "DISTRIBUTED"):
        yield f"{_SCHEMA}: Value is not one of ['DISTRIBUTED', 'INLINE'] at {where}/Mode"
    elif mode == "DISTRIBUTED":
        if config.get("ExecutionType") not in ("STANDARD", "EXPRESS"):
            yield f"{_SCHEMA}: Value is not one of ['EXPRESS', 'STANDARD'] at {where}/ExecutionType"
        yield from _distributed(state, at)
    else:
        for name in _DISTRIBUTED_ONLY:
            if name in state:
                yield f"{_SCHEMA}: Field is supported by a distributed Map only at {at}/{name}"
    yield from _bounded(state, "MaxConcurrency", None, at)
    yield from _bounded(state, "ToleratedFailureCount", None, at)
    yield from _bounded(state, "ToleratedFailurePercentage", 100, at)


def _distributed(state: State, at: str) -> Iterator[str]:
    label = state.get("Label")
    if label is not None and not (isinstance(label, str) and _LABEL.match(label)):
        yield f"{_SCHEMA}: A Label has 1 to 40 characters, none of them special, at {at}/Label"
    reader = state.get("ItemReader")
    if reader is not None and (not isinstance(reader, dict) or reader.get("Resource") not in _READERS):
        yield f"{_SCHEMA}: Value is not one of {sorted(_READERS)} at {at}/ItemReader/Resource"


def _bounded(state: State, name: str, most: float | None, at: str) -> Iterator[str]:
    value = state.get(name, 0)
    if is_expression(value):
        return
    whole = isinstance(value, int) or (most is not None and isinstance(value, float))
    if isinstance(value, bool) or not whole or value < 0 or (most is not None and value > most):
        bound = f"from 0 to {most:g}" if most is not None else "from 0"
        yield f"{_SCHEMA}: Value is not a number {bound} at {at}/{name}"
