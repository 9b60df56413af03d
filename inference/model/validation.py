"""Whether a model is one that engines may follow: the compiled one checks nothing that it is handed.

Every kind of head and of step has its rule here; what has none is refused by name. The cost is one look at
each array, and none at a request. Numbers that are no numbers lead nowhere wrong: the gate sees to answers.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from typing import Any

import numpy as np
import numpy.typing as npt

from contracts.values import TYPES
from inference.errors import ArtefactError
from inference.model import onnx, onnx_bytes
from inference.model.dense import ACTIVATIONS
from inference.model.intervals import RESIDUALS
from inference.model.structure import Head, InputColumn, Model, Step

# Far above any model that was worth serving, and far below what overflows an index of 32 bits.
MOST_ENTRIES = 32_767
MOST_OUTPUTS = 4_096
MOST_TREES = 1 << 20
MOST_NODES = 1 << 28
MOST_MEMBERS = 32
MOST_LAYERS = 64
_LINKS = ("identity", "exp", "sigmoid", "softmax")
_PRECISIONS = ("float64", "float32")
_PARTS_OF_A_DATE = 6
_TWO_CLASSES = 2
_NODE_ARRAYS = ("feature", "threshold", "left", "right", "missing_left", "leaf")
Arrays = Mapping[str, npt.NDArray[Any]]


def validate(model: Model) -> None:
    """Raises ArtefactError naming the part and what is wrong with it."""
    _check_columns(model.columns)
    _require(model.width <= MOST_ENTRIES, f"the model has {model.width} entries; at most {MOST_ENTRIES} fit")
    lookups = _check_lookup(model.arrays)
    for number, step in enumerate(model.steps):
        _check_step(step, number, model.row_width + number, lookups)
    _check_head(model.head)
    _check_classes(model)
    _check_decisions(model)
    _check_residuals(model)
    check = _KINDS.get(model.head.kind)
    _require(check is not None, f"the head's kind is {model.head.kind!r}; known are {', '.join(_KINDS)}")
    check(model)  # type: ignore[misc]  # required above


def _require(holds: bool | np.bool_, reason: str) -> None:
    if not holds:
        raise ArtefactError(f"the model cannot be followed: {reason}")


def _is_whole(value: object, least: int, most: int) -> bool:
    return type(value) is int and least <= value <= most


def _is_number(value: object) -> bool:
    return type(value) in (int, float)


def _check_columns(columns: tuple[InputColumn, ...]) -> None:
    _require(0 < len(columns) <= MOST_ENTRIES, f"it has {len(columns)} columns")
    names = [column.name for column in columns]
    _require(all(isinstance(name, str) and name for name in names), "a column has no name")
    _require(len(set(names)) == len(names), "two columns have one name")
    for column in columns:
        _require(column.type in TYPES, f"column {column.name!r} is of the unknown type {column.type!r}")
        _require(
            column.hashing is not None or column.type != "text",
            f"column {column.name!r} is a text, and nothing says how it is hashed",
        )
        texts = column.categories
        _require(
            all(isinstance(text, str) and text for text in texts) and len(set(texts)) == len(texts),
            f"the categories of column {column.name!r} are not distinct texts",
        )


def _check_lookup(arrays: Arrays) -> int:
    """The length of the tables that lookup steps read; 0 without any."""
    if "lookup" not in arrays:
        return 0
    table = arrays["lookup"]
    _require(table.ndim == 1 and table.dtype.kind == "f", "'lookup' is not one list of numbers")
    return len(table)


def _check_step(step: Step, number: int, known: int, lookups: int) -> None:
    """A step reads entries that are there before it."""
    what = f"step {number + 1} ({str(step.op)[:20]})"
    _require(_is_whole(step.a, 0, known - 1) and _is_whole(step.b, 0, known - 1), f"{what} reads no entry")
    _require(_is_number(step.p) and _is_number(step.q), f"{what} has constants that are no numbers")
    rule = _STEPS.get(step.op)
    _require(rule is not None, f"{what} is of no known kind; known are {', '.join(_STEPS)}")
    _require(rule(step, lookups), f"{what} has constants out of range")  # type: ignore[misc]  # required above


def _is_lookup(step: Step, lookups: int) -> bool:
    """Behind the `q` values of a table, from `p` on, stand those of missing and unknown codes."""
    start, count = step.p, step.q
    if not (math.isfinite(start) and math.isfinite(count) and start == int(start) and count == int(count)):
        return False
    return start >= 0 and count >= 0 and start + count + 2 <= lookups


def _is_date_part(step: Step, lookups: int) -> bool:
    return step.p in range(_PARTS_OF_A_DATE) and math.isfinite(step.q) and step.q > 0


def _is_any(step: Step, lookups: int) -> bool:
    return True


_STEPS: dict[str, Callable[[Step, int], bool]] = {
    **dict.fromkeys(("ratio", "combine", "distance", "equals", "ordinal", "impute", "scale"), _is_any),
    "lookup": _is_lookup,
    "date_part": _is_date_part,
}


def _check_head(head: Head) -> None:
    _require(_is_whole(head.outputs, 1, MOST_OUTPUTS), f"it has {str(head.outputs)[:20]} outputs")
    _require(
        len(head.baseline) == head.outputs and all(_is_number(v) and math.isfinite(v) for v in head.baseline),
        f"the baseline is not {head.outputs} finite numbers",
    )
    _require(head.link in _LINKS, f"the link is {head.link!r}; known are {', '.join(_LINKS)}")
    _require(head.precision in _PRECISIONS, f"the precision is {head.precision!r}")
    divides = _is_number(head.divisor) and math.isfinite(head.divisor) and head.divisor != 0
    _require(divides, f"the divisor is {str(head.divisor)[:20]}")
    _require(head.link != "sigmoid" or head.outputs == 1, "a sigmoid has one output")


def answer_width(head: Head) -> int:
    """The number of values that one answer has."""
    return 2 if head.link == "sigmoid" else head.outputs


def _check_classes(model: Model) -> None:
    width = answer_width(model.head)
    _require(
        not model.classes or len(model.classes) == width,
        f"it has {len(model.classes)} classes and answers with {width} values",
    )
    _require(
        all(isinstance(name, str | int | float | bool) for name in model.classes), "a class is no plain value"
    )


def _check_decisions(model: Model) -> None:
    """Calibration and threshold are of classes, and of finite numbers."""
    found, threshold = model.calibration, model.threshold
    if found is not None:
        numbers = [found.slope, *found.offsets]
        _require(all(_is_number(v) and math.isfinite(v) for v in numbers), "the calibration has no numbers")
        _require(found.slope > 0, f"the calibration's slope is {str(found.slope)[:20]}, and not above 0")
        fits = bool(model.classes) and len(found.offsets) == len(model.classes)
        _require(fits, f"the calibration has {len(found.offsets)} offsets for {len(model.classes)} classes")
    if threshold is not None:
        _require(_is_number(threshold) and 0 < threshold < 1, f"the threshold is {str(threshold)[:20]}")
        _require(
            len(model.classes) == _TWO_CLASSES, f"a threshold is for two classes, not {len(model.classes)}"
        )


def _check_residuals(model: Model) -> None:
    """Of a regression: finite numbers in rising order."""
    if RESIDUALS not in model.arrays:
        return
    found = _array(model.arrays, RESIDUALS, "f", 1)
    _require(not model.classes and model.head.outputs == 1, "residuals are of a regression's one output")
    rising = len(found) > 0 and bool(np.isfinite(found).all()) and bool((np.diff(found) >= 0).all())
    _require(rising, "the residuals are not finite numbers in rising order")


def _array(arrays: Arrays, name: str, kinds: str, dimensions: int) -> npt.NDArray[Any]:
    _require(name in arrays, f"the array {name!r} is missing")
    array = arrays[name]
    _require(
        array.dtype.kind in kinds and array.ndim == dimensions,
        f"the array {name!r} is {array.ndim}-dimensional of {array.dtype.str}",
    )
    return array


def _check_linear(model: Model) -> None:
    weights = _array(model.arrays, "weights", "f", 2)
    wanted = (model.width, model.head.outputs)
    _require(weights.shape == wanted, f"'weights' has the shape {weights.shape}, and {wanted} is wanted")


def _check_trees(model: Model) -> None:
    arrays, head = model.arrays, model.head
    start, output = _array(arrays, "start", "iu", 1), _array(arrays, "output", "iu", 1)
    values = _array(arrays, "values", "f", 2)
    trees, nodes = len(output), len(_array(arrays, "feature", "iu", 1))
    _require(0 < trees <= MOST_TREES, f"it has {trees} trees; 1 to {MOST_TREES} are read")
    _require(nodes <= MOST_NODES, f"it has {nodes} nodes; at most {MOST_NODES} are read")
    for name in _NODE_ARRAYS:
        kinds = {"threshold": "f", "missing_left": "biu"}.get(name, "iu")
        length = len(_array(arrays, name, kinds, 1))
        _require(length == nodes, f"{name!r} has {length} elements for {nodes} nodes")
    _require(len(start) == trees + 1, f"'start' has {len(start)} elements for {trees} trees")
    _require(start[0] == 0 and start[-1] == nodes, "'start' does not span the nodes")
    _require((np.diff(start.astype(np.int64)) > 0).all(), "a tree has no node")
    per_leaf = values.shape[1]
    _require(0 < per_leaf <= head.outputs and 0 < len(values) <= nodes, "'values' has no place for a leaf")
    _require(((output >= 0) & (output <= head.outputs - per_leaf)).all(), "a tree adds to no output")
    _check_nodes(arrays, model.width, len(values))


def _check_nodes(arrays: Arrays, width: int, leaves: int) -> None:
    """Each node but a tree's first has exactly one parent, which stands before it in the same tree."""
    start, feature = arrays["start"].astype(np.int64), arrays["feature"]
    _require(((feature >= -1) & (feature < width)).all(), "a node reads no entry")
    inner = np.flatnonzero(feature >= 0)
    _require(not np.isnan(arrays["threshold"][inner]).any(), "a threshold is not a number")
    # The compiled engine packs it into one bit beside others.
    missing_left = arrays["missing_left"][inner]
    _require(((missing_left == 0) | (missing_left == 1)).all(), "a missing value goes neither left nor right")
    leaf = arrays["leaf"][feature < 0]
    _require(((leaf >= 0) & (leaf < leaves)).all(), "a leaf has no value")
    # The compiled engine puts leaves' values into the tree's own order, in the room of those that there are.
    _require(len(leaf) <= leaves, f"{len(leaf)} leaves share {leaves} rows of values")
    end = np.repeat(start[1:], np.diff(start))[inner]
    children = []
    for side in ("left", "right"):
        child = arrays[side][inner]
        # Compared before it is converted: a number of 64 bits may mean another one in fewer.
        _require(
            ((child > inner) & (child < end)).all(), "a node's child does not stand behind it in its tree"
        )
        children.append(child.astype(np.int64))
    parents = np.bincount(np.concatenate(children), minlength=len(feature))
    wanted = np.ones(len(feature), dtype=np.int64)
    wanted[start[:-1]] = 0
    _require(np.array_equal(parents, wanted), "a node is reached by no way, or by two")


def _check_blend(model: Model) -> None:
    """Every member is a model of its own that reads the same columns and answers alike."""
    _require(0 < len(model.members) <= MOST_MEMBERS, f"the blend has {len(model.members)} members")
    shares_fit = len(model.shares) == len(model.members) and all(_is_number(s) for s in model.shares)
    _require(shares_fit and all(0 <= s <= 1 for s in model.shares), "a member's share is not 0 to 1")
    _require(model.head.link == "identity" and not model.steps, "a blend has a link or steps of its own")
    for member in model.members:
        _require(member.head.kind != "blend", "a blend is a member of a blend")
        validate(member)
        alike = member.columns == model.columns and member.classes == model.classes
        plain = member.calibration is None and member.threshold is None
        _require(plain, "a member of a blend has a calibration or threshold of its own")
        _require(alike, "a member reads other columns, or knows other classes, than the blend")
        _require(answer_width(member.head) == model.head.outputs, "a member answers with other values")


def _check_dense(model: Model) -> None:
    """Each layer reads what the one before it gives."""
    _require(model.head.activation in ACTIVATIONS, f"the activation is {str(model.head.activation)[:20]!r}")
    count = sum(name.startswith("weights_") for name in model.arrays)
    _require(0 < count <= MOST_LAYERS, f"it has {count} layers; 1 to {MOST_LAYERS} are read")
    width = model.width
    for number in range(count):
        weights = _array(model.arrays, f"weights_{number}", "f", 2)
        bias = _array(model.arrays, f"bias_{number}", "f", 1)
        wanted = (width, len(bias))
        _require(weights.shape == wanted, f"layer {number} has the shape {weights.shape}, not {wanted}")
        width = len(bias)
    _require(width == model.head.outputs, f"the last layer gives {width} values")


def _check_onnx(model: Model) -> None:
    """The bytes are looked at before any library is handed them."""
    graph = _array(model.arrays, onnx.GRAPH, "u", 1)
    _require(graph.dtype == np.uint8, "'graph' is not bytes")
    inputs = _array(model.arrays, onnx.INPUTS, "iu", 1)
    _require(0 < len(inputs) <= MOST_ENTRIES, f"the graph reads {len(inputs)} entries")
    _require(((inputs >= 0) & (inputs < model.width)).all(), "the graph reads no entry of a row")
    _require(model.head.link == "identity" and not any(model.head.baseline), "a graph has no link")
    onnx_bytes.check(graph.tobytes())


_KINDS: dict[str, Callable[[Model], None]] = {
    "trees": _check_trees,
    "linear": _check_linear,
    "blend": _check_blend,
    "dense": _check_dense,
    "onnx": _check_onnx,
}
