"""A fitted pipeline as plain data: columns, feature steps, and a sum of trees or weights.

A row is a vector of float64. The first entries are the request's columns in order (a category as its code, a
text as one count a bucket), and each feature step appends one entry. Trees and weights read entries by
position, so the whole model is a short list of steps and a few arrays, and nothing in it can run code.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass, field, replace
from typing import Any, Literal

import numpy as np
import numpy.typing as npt

from contracts.hashing import TextHashing
from contracts.values import Grammar
from inference.model.calibration import Calibration

FloatArray = npt.NDArray[np.float64]

# A category that training never saw, and a missing one. Known categories are numbered from 0.
UNKNOWN_CODE = -1.0
MISSING_CODE = -2.0

Operation = Literal[
    "ratio", "combine", "distance", "equals", "ordinal", "impute", "scale", "lookup", "date_part"
]
Link = Literal["identity", "exp", "sigmoid", "softmax"]


@dataclass(frozen=True)
class InputColumn:
    """One column of a request. `grammar` says how its texts are written, by default as its type is.

    Dates count days since 1970-01-01, timestamps seconds; booleans are 0 and 1. With `hashing` the column is
    a text of as many entries as there are buckets.
    """

    name: str
    type: str
    categories: tuple[str, ...] = ()
    grammar: Grammar = field(default=Grammar(type=""))
    hashing: TextHashing | None = None

    def __post_init__(self) -> None:
        if self.grammar.type != self.type:
            object.__setattr__(self, "grammar", replace(self.grammar, type=self.type))

    def as_document(self) -> dict[str, Any]:
        """JSON-compatible; a column with its type's own grammar reads as it did before there were others."""
        document: dict[str, Any] = {
            "name": self.name,
            "type": self.type,
            "categories": list(self.categories),
        }
        if declared := self.grammar.as_document():
            document["grammar"] = declared
        if self.hashing:
            document["hashing"] = self.hashing.as_document()
        return document

    @classmethod
    def from_document(cls, document: Mapping[str, Any]) -> InputColumn:
        kind = document["type"]
        grammar = Grammar.from_document(kind, document.get("grammar", {}))
        found = document.get("hashing")
        hashing = TextHashing.from_document(found) if found else None
        return cls(document["name"], kind, tuple(document["categories"]), grammar, hashing)

    @property
    def is_category(self) -> bool:
        """Whether its texts become codes."""
        return self.type == "category" and not self.hashing

    @property
    def holds_texts(self) -> bool:
        return self.is_category or self.hashing is not None

    @property
    def width(self) -> int:
        """How many entries of a row it takes."""
        return self.hashing.buckets if self.hashing else 1


@dataclass(frozen=True)
class Step:
    """One appended entry, computed from entries `a` and `b` and the constants p, q.

    ratio     a / b
    combine   a * p + b * q
    distance  sqrt((a - p)^2 + (b - q)^2)
    equals    1 where a == p, else 0
    ordinal   a where it is a known code, p for an unknown and q for a missing one
    impute    p where a is missing, else a
    scale     (a - p) / q
    lookup    `lookup[p + a]` where a is a known code below q, `lookup[p + q]` for a missing one and
              `lookup[p + q + 1]` for an unknown one
    date_part the part p (DATE_PARTS of contracts.values) of the day that a / q begins, a counting from
              1970-01-01 in q a day

    ratio, combine and distance give a missing value wherever the result is not finite.
    """

    op: Operation
    a: int
    b: int = 0
    p: float = 0.0
    q: float = 0.0


@dataclass(frozen=True)
class Head:
    """How the leaves of the trees, or the weights, become an answer.

    `outputs` sums are started from `baseline`, and divided by `divisor` at the end. `precision` is the type
    in which a library adds up, and in which it then applies the link. `activation` stands between dense
    layers: identity, relu, tanh or logistic.
    """

    kind: Literal["trees", "linear", "blend", "dense", "onnx"]
    outputs: int
    baseline: tuple[float, ...]
    link: Link = "identity"
    divisor: float = 1.0
    precision: Literal["float64", "float32"] = "float64"
    activation: str = "identity"


@dataclass(frozen=True)
class Model:
    """`arrays` of trees: start (trees + 1), output (trees), and per node feature (-1 for a leaf), threshold,
    left, right, missing_left, leaf (row of `values`); values (leaves, outputs per leaf). A row goes left
    where its entry is <= threshold. Of a linear model: weights (entries, outputs). Of a model with lookup
    steps: lookup (values), one table after another. Of a blend: those of its members, each behind
    `member_prefix`; it answers with the sum of its members' answers, each times its share. Of dense layers:
    weights_K (inputs, outputs) and bias_K (outputs) of layer K, the first of which reads all entries. Of an
    ONNX graph: graph (bytes), and inputs (its columns), the entries that it reads.

    Of a classification: `calibration` is applied to its probabilities, and from `threshold` (0-1) on the
    second of two classes is answered; without one the likelier class is. Of a regression: `residuals`, see
    inference.model.intervals."""

    columns: tuple[InputColumn, ...]
    steps: tuple[Step, ...]
    head: Head
    classes: tuple[Any, ...] = ()
    arrays: Mapping[str, npt.NDArray[Any]] = field(default_factory=dict)
    members: tuple[Model, ...] = ()
    shares: tuple[float, ...] = ()
    calibration: Calibration | None = None
    threshold: float | None = None

    @property
    def row_width(self) -> int:
        """The number of entries of a row before any step."""
        return sum(column.width for column in self.columns)

    @property
    def width(self) -> int:
        """The number of entries of a row after all steps."""
        return self.row_width + len(self.steps)

    @property
    def spans(self) -> tuple[slice, ...]:
        """Which entries of a row each column takes."""
        ends = np.cumsum([column.width for column in self.columns]).tolist()
        return tuple(slice(end - c.width, end) for c, end in zip(self.columns, ends, strict=True))

    def as_document(self) -> dict[str, Any]:
        """Everything but the arrays, JSON-compatible."""
        document: dict[str, Any] = {
            "columns": [column.as_document() for column in self.columns],
            "steps": [asdict(step) for step in self.steps],
            "head": _head_document(self.head),
            "classes": list(self.classes),
        }
        if self.members:
            document["members"] = [member.as_document() for member in self.members]
            document["shares"] = list(self.shares)
        if self.calibration:
            found = self.calibration
            document["calibration"] = {"slope": found.slope, "offsets": list(found.offsets)}
        if self.threshold is not None:
            document["threshold"] = self.threshold
        return document

    @classmethod
    def from_document(cls, document: Mapping[str, Any], arrays: Mapping[str, npt.NDArray[Any]]) -> Model:
        found = document.get("calibration")
        return cls(
            columns=tuple(InputColumn.from_document(column) for column in document["columns"]),
            steps=tuple(Step(**step) for step in document["steps"]),
            head=Head(**{**document["head"], "baseline": tuple(document["head"]["baseline"])}),
            classes=tuple(document["classes"]),
            arrays=arrays,
            members=tuple(
                cls.from_document(member, arrays_of_member(arrays, number))
                for number, member in enumerate(document.get("members", ()))
            ),
            shares=tuple(document.get("shares", ())),
            calibration=Calibration(found["slope"], tuple(found["offsets"])) if found else None,
            threshold=document.get("threshold"),
        )


def member_prefix(number: int) -> str:
    """What the names of the arrays of a blend's member begin with."""
    return f"member{number}."


def arrays_of_member(arrays: Mapping[str, npt.NDArray[Any]], number: int) -> dict[str, npt.NDArray[Any]]:
    """The arrays of a blend's member, by the names that it has for them."""
    prefix = member_prefix(number)
    return {name.removeprefix(prefix): array for name, array in arrays.items() if name.startswith(prefix)}


def _head_document(head: Head) -> dict[str, Any]:
    """Without what only dense layers have, so that other models keep the hash that they had before."""
    document = asdict(head)
    if head.kind != "dense":
        del document["activation"]
    return document
