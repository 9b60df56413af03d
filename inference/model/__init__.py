"""The model room: what a fitted pipeline is as data, its artefact on disk, and the predictor that answers.

The plain types are importable from here; artefact, predictor and engines from their modules.
"""

from contracts.values import DATE_PARTS
from inference.model.structure import (
    MISSING_CODE,
    UNKNOWN_CODE,
    FloatArray,
    Head,
    InputColumn,
    Link,
    Model,
    Operation,
    Step,
    member_prefix,
)

__all__ = [
    "DATE_PARTS",
    "MISSING_CODE",
    "UNKNOWN_CODE",
    "FloatArray",
    "Head",
    "InputColumn",
    "Link",
    "Model",
    "Operation",
    "Step",
    "member_prefix",
]
