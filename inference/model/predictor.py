"""The predictor: rows in, answers out. Pure: it reads its directory once and touches nothing else."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any, Self

import numpy as np
import numpy.typing as npt

from contracts.hashing import TextHashing
from inference import kernel
from inference.errors import ArtefactError, InvalidRequestError
from inference.model import (
    MISSING_CODE,
    UNKNOWN_CODE,
    FloatArray,
    InputColumn,
    Model,
    artefact,
    features,
    links,
    onnx,
)
from inference.model.blend import BlendKernel, BlendSum
from inference.model.dense import DenseLayers
from inference.model.onnx import OnnxGraph
from inference.model.trees import TreeSum, WeightedSum
from inference.model.validation import validate

# How far an answer may be from the one recorded at export before the model counts as broken.
CHECK_TOLERANCE = 1e-9


class Predictor:
    """A loaded model. `predict_*` take any number of rows; `matrix` is (n, row_width of the model), a column
    each and of a text one a bucket, as `encode` makes it."""

    def __init__(self, loaded: artefact.Artefact) -> None:
        """Raises ArtefactError where the model is none that an engine may follow."""
        validate(loaded.model)
        self.manifest: Mapping[str, Any] = loaded.manifest
        self.model: Model = loaded.model
        self.columns: tuple[InputColumn, ...] = loaded.model.columns
        self.classes: npt.NDArray[Any] = np.array(loaded.model.classes, dtype=object)
        self.codes: tuple[dict[str | None, float] | TextHashing, ...] = tuple(
            column.hashing or codes_of(column) for column in self.columns
        )
        self._check = loaded
        self.kernel = _kernel(loaded.model)
        self._fallback = None if self.kernel else _numpy_engine(loaded.model)
        head, calibration = loaded.model.head, loaded.model.calibration
        self._sums_are_answers = head.divisor == 1.0 and head.link == "identity" and not calibration

    @classmethod
    def load(cls, directory: Path | str) -> Self:
        """Raises ArtefactError where the directory is no artefact, or not the one that was exported."""
        return cls(artefact.read(Path(directory)))

    @property
    def is_classifier(self) -> bool:
        return bool(self.model.classes)

    @property
    def engine(self) -> str:
        """What computes: "compiled", "onnxruntime", or "numpy" where there was no compiler."""
        if self.model.head.kind == "onnx":
            return "onnxruntime"
        return "compiled" if self.kernel else "numpy"

    def check(self) -> None:
        """Repeat the answers recorded at export; raises ArtefactError naming the first row that differs."""
        found = self.answers(self._check.check_rows)
        wanted = self._check.check_answers
        tolerance, least = check_tolerance(self.model), 0.0
        if tolerance > CHECK_TOLERANCE and len(wanted):
            least = tolerance * float(np.median(np.abs(wanted)))
        wrong = np.flatnonzero(~np.isclose(found, wanted, rtol=tolerance, atol=least).all(axis=1))
        if len(wrong):
            row = wrong[0]
            raise ArtefactError(
                f"self check: row {row + 1} of {len(wanted)} answers {found[row].tolist()}, "
                f"and training recorded {wanted[row].tolist()}"
            )

    def predict_columns(self, columns: Mapping[str, npt.NDArray[Any]]) -> npt.NDArray[Any]:
        """Predictions (n,) of whole columns: float64 of a regression, class labels of a classification."""
        return self.predict_matrix(self.encode(columns))

    def predict_frame(self, frame: Any) -> npt.NDArray[Any]:
        """Predictions (n,) of a data frame (pandas), by its columns' names."""
        return self.predict_columns({name: frame[name].to_numpy() for name in frame.columns})

    def probabilities_of_columns(self, columns: Mapping[str, npt.NDArray[Any]]) -> FloatArray:
        """Probabilities (n, classes), in the order of `classes`."""
        return self.answers(self.encode(columns))

    def predict_matrix(self, matrix: FloatArray) -> npt.NDArray[Any]:
        return self.labels(self.answers(matrix))

    def labels(self, answers: FloatArray) -> npt.NDArray[Any]:
        """The prediction of each row of answers: the value itself, or the most probable class; of two classes
        the second from the model's threshold on."""
        if not self.is_classifier:
            return answers[:, 0]
        threshold = self.model.threshold
        if threshold is None:
            return np.asarray(self.classes[answers.argmax(axis=1)])
        return np.asarray(self.classes[(answers[:, 1] >= threshold).astype(np.intp)])

    def answers(self, matrix: FloatArray) -> FloatArray:
        """Predictions (n, 1) or probabilities (n, classes)."""
        return self._answers(self.sums(matrix))

    def _answers(self, sums: FloatArray) -> FloatArray:
        found = links.answers(sums, self.model.head)
        return self.model.calibration(found) if self.model.calibration else found

    def sums(self, matrix: FloatArray) -> FloatArray:
        """What trees or weights add up to (n, outputs), before any link."""
        if self._fallback is None:
            return self.kernel.sums(matrix)  # type: ignore[union-attr]  # one of both is there
        return self._fallback(matrix)

    def answer_of_one(self, body: bytes, *, is_json: bool) -> FloatArray | None:
        """The answer (1, outputs) to a body of one plain row, JSON or CSV; None for any other body."""
        sums = self.kernel.sum_one(body, is_json=is_json) if self.kernel else None
        return sums if sums is None or self._sums_are_answers else self._answers(sums)

    def encode(self, columns: Mapping[str, npt.NDArray[Any]]) -> FloatArray:
        """The matrix (n, row_width) of columns by name; raises InvalidRequestError on a missing column.

        Numbers are float64 with NaN for a missing value; categories and texts are texts or None.
        """
        lacking = [column.name for column in self.columns if column.name not in columns]
        if lacking:
            raise InvalidRequestError(f"the data lack the columns {', '.join(map(repr, lacking))}")
        encoded = [
            np.asarray(columns[column.name], dtype=np.float64)
            if not column.holds_texts
            else encode_texts(columns[column.name].tolist(), codes)
            if isinstance(codes, TextHashing)
            else encode_categories(columns[column.name].tolist(), codes)
            for column, codes in zip(self.columns, self.codes, strict=True)
        ]
        return np.column_stack(encoded)


def check_tolerance(model: Model) -> float:
    """Relative: what computes in float32 need not give the same last bits on another processor."""
    return onnx.TOLERANCE if model.head.kind == "onnx" else CHECK_TOLERANCE


def encode_categories(values: Sequence[object], codes: Mapping[str | None, float]) -> FloatArray:
    """Codes (n,) of texts; None and NaN are missing, and other texts unknown."""
    return np.array(
        [codes.get(v if v == v else None, UNKNOWN_CODE) for v in values],  # type: ignore[call-overload]
        dtype=np.float64,
    )


def encode_texts(values: Sequence[object], hashing: TextHashing) -> FloatArray:
    """Counts (n, buckets) of texts; None and NaN are missing."""
    counts = np.zeros((len(values), hashing.buckets))
    for row, value in enumerate(values):
        if isinstance(value, str):
            counts[row] = hashing.counts(value)
    return counts


def codes_of(column: InputColumn) -> dict[str | None, float]:
    """What the model reads for each category, and for None, a missing one."""
    codes: dict[str | None, float] = {text: float(code) for code, text in enumerate(column.categories)}
    codes[None] = MISSING_CODE
    return codes


def _kernel(model: Model) -> kernel.Kernel | BlendKernel | None:
    """The compiled form; None without a compiler, and of what has only a numpy form."""
    library = kernel.load()
    if library is None or model.head.kind in ("dense", "onnx"):
        return None
    if not model.members:
        return kernel.Kernel(library, model)
    if any(member.head.kind in ("dense", "onnx") for member in model.members):
        return None
    return BlendKernel(model, [kernel.Kernel(library, member) for member in model.members])


def _numpy_engine(model: Model) -> Callable[[FloatArray], FloatArray]:
    """From rows (n, columns) to sums (n, outputs)."""
    if model.members:
        return BlendSum(model, [_numpy_engine(member) for member in model.members])
    engine = _ENGINES[model.head.kind](model.arrays, model.head)
    table = model.arrays.get("lookup", np.empty(0))
    return lambda matrix: engine(features.apply(model.steps, matrix, model.width, table))


_ENGINES: dict[str, Callable[..., Callable[[FloatArray], FloatArray]]] = {
    "trees": TreeSum,
    "linear": WeightedSum,
    "dense": DenseLayers,
    "onnx": OnnxGraph,
}
