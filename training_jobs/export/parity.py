"""Proves that an exported model answers as the pipeline does, on real rows and on generated edge rows."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd

from inference.model import FloatArray, Model
from inference.model.artefact import Artefact
from inference.model.onnx import TOLERANCE as ONNX_TOLERANCE
from inference.model.predictor import Predictor
from training_jobs.blend import Blend
from training_jobs.errors import ParityError

# Relative. XGBoost turns scores into probabilities in float32, by its C library: its scores are held to
# the first, and its probabilities to the second, relative to the row's largest.
TOLERANCE = 1e-9
FLOAT32_TOLERANCE = 1e-6
# Thresholds tried per column, each with its two float neighbours.
THRESHOLDS_PER_COLUMN = 32
MOST_EDGE_ROWS = 5_000
_FLOAT32_EXTREME = 3.4e38
_UNUSUAL_TEXTS = (
    *("", " ", "a", "A a", "never seen", "word " * 500, "x" * 300, "don't, re-do; 1.5 %\nnext\tline"),
    *("\u00dcn\u00ef\u00e7\u00f6de \u4e2d\u6587 \U0001f600", "e\u0301 and \u00e9"),
)


@dataclass(frozen=True)
class ParityReport:
    """How many rows were compared and the largest relative difference among them."""

    rows: int
    edge_rows: int
    largest_difference: float
    tolerance: float


def prove_parity(pipeline: Any, predictor: Predictor, rows: pd.DataFrame) -> ParityReport:
    """Compare on `rows` and on edge rows made from them; raises ParityError naming row and feature."""
    edges = edge_rows(rows, predictor)
    frame = pd.concat([rows, edges], ignore_index=True)
    with np.errstate(all="ignore"):  # the extremes overflow within the libraries, as they should
        difference = _differences(pipeline, predictor, frame)
    tolerance = tolerance_of(predictor.model)
    wrong = np.flatnonzero(~(difference <= tolerance))
    if len(wrong):
        raise ParityError(_describe(pipeline, predictor, frame, wrong, len(rows)))
    return ParityReport(len(rows), len(edges), float(difference.max(initial=0.0)), tolerance)


def tolerance_of(model: Model) -> float:
    """A user's own graph mostly computes in float32; everything else is exact."""
    return ONNX_TOLERANCE if model.head.kind == "onnx" else TOLERANCE


def expected_answers(pipeline: Any, frame: pd.DataFrame) -> FloatArray:
    """What the pipeline says: predictions (n, 1) or probabilities (n, classes)."""
    if hasattr(pipeline if isinstance(pipeline, Blend) else pipeline[-1], "classes_"):
        return np.asarray(pipeline.predict_proba(frame), dtype=np.float64)
    return np.asarray(pipeline.predict(frame), dtype=np.float64).reshape(-1, 1)


def served_answers(predictor: Predictor, frame: pd.DataFrame) -> FloatArray:
    return predictor.answers(matrix_of(predictor, frame))


def matrix_of(predictor: Predictor, frame: pd.DataFrame) -> FloatArray:
    return predictor.encode({name: frame[name].to_numpy() for name in frame.columns})


def relative_difference(expected: FloatArray, found: FloatArray, least_scale: float = 0.0) -> FloatArray:
    """The largest difference of each row, relative to the expected value, or to `least_scale` if that is
    larger."""
    scale = np.maximum(np.abs(expected), max(least_scale, np.finfo(np.float64).tiny))
    difference = np.abs(expected - found) / scale
    return np.asarray(np.where(expected == found, 0.0, difference).max(axis=1))


def _differences(pipeline: Any, predictor: Predictor, frame: pd.DataFrame) -> FloatArray:
    """Each row's relative difference (n,); a row of unlike float32 probabilities differs infinitely."""
    if isinstance(pipeline, Blend):
        return _blend_differences(pipeline, predictor, frame)
    expected, found = expected_answers(pipeline, frame), served_answers(predictor, frame)
    head = predictor.model.head
    if head.kind == "onnx":
        return _graph_differences(expected, found, is_classifier=predictor.is_classifier)
    if head.link == "identity":
        # Terms of a usual size that cancel out leave an answer near zero with the error of their sum.
        return relative_difference(expected, found, float(np.median(np.abs(expected))))
    if head.precision == "float64":
        return relative_difference(expected, found)
    scores = np.asarray(pipeline.predict(frame, output_margin=True), dtype=np.float64)
    difference = relative_difference(
        scores.reshape(len(frame), -1), predictor.sums(matrix_of(predictor, frame))
    )
    apart = np.abs(expected - found).max(axis=1) / expected.max(axis=1)
    return np.where(apart <= FLOAT32_TOLERANCE, difference, np.inf)


def _graph_differences(expected: FloatArray, found: FloatArray, *, is_classifier: bool) -> FloatArray:
    """Of values relative to themselves or to a usual one, of probabilities to the row's largest."""
    if is_classifier:
        scale = expected.max(axis=1, keepdims=True)
    else:
        scale = np.maximum(
            np.abs(expected), max(float(np.median(np.abs(expected))), np.finfo(np.float64).tiny)
        )
    return np.asarray(np.where(expected == found, 0.0, np.abs(expected - found) / scale).max(axis=1))


def _blend_differences(blend: Blend, predictor: Predictor, frame: pd.DataFrame) -> FloatArray:
    """The largest difference of any member, and of the served blend from the served members' sum."""
    members = [_served(member) for member in predictor.model.members]
    found = [served_answers(member, frame) for member in members]
    blended = sum(share * answers for share, answers in zip(predictor.model.shares, found, strict=True))
    worst = relative_difference(np.asarray(blended), served_answers(predictor, frame))
    for pipeline, member in zip(blend.pipelines, members, strict=True):
        worst = np.maximum(worst, _differences(pipeline, member, frame))
    return worst


def _served(model: Model) -> Predictor:
    return Predictor(Artefact({}, model, np.empty((0, 0)), np.empty((0, 0))))


def edge_rows(rows: pd.DataFrame, predictor: Predictor) -> pd.DataFrame:
    """Rows on the edges of what may be asked: each column missing, all missing, unseen categories, extremes,
    and the model's own thresholds with the doubles on both sides. Each is one row but for one value."""
    room = max(1, MOST_EDGE_ROWS // len(predictor.columns))
    edges = [_edge_values(predictor, index, rows)[:room] for index in range(len(predictor.columns))]
    count = 1 + sum(len(values) for values in edges)
    filled: dict[str, npt.NDArray[Any]] = {}
    first = 1
    for column, values in zip(predictor.columns, edges, strict=True):
        kind = object if column.holds_texts else np.float64
        cells = np.full(count, rows[column.name].iloc[len(rows) // 2], dtype=kind)
        cells[0] = None
        cells[first : first + len(values)] = np.array(values, dtype=kind)
        filled[column.name] = cells
        first += len(values)
    return pd.DataFrame(filled, columns=rows.columns)


def _edge_values(predictor: Predictor, index: int, rows: pd.DataFrame) -> list[object]:
    """What one column is set to, the most telling first."""
    column = predictor.columns[index]
    if column.hashing:
        return [None, *_UNUSUAL_TEXTS, f"{rows[column.name].iloc[0]} {rows[column.name].iloc[-1]}"]
    if column.is_category:
        usual = rows[column.name].iloc[len(rows) // 2]
        return [None, "never seen", "", f" {usual}", " ", "x" * 300, *column.categories]
    if predictor.model.head.kind == "onnx":  # far from all rows float32 has no digits left to agree in
        seen = rows[column.name].astype(np.float64)
        return [None, float(seen.min()), float(seen.max())]
    extremes = [0.0, -0.0, _FLOAT32_EXTREME, -_FLOAT32_EXTREME, 1.0, -1.0, 5e-324]
    return [None, *extremes, *_around_thresholds(predictor, predictor.model.spans[index].start)]


def _around_thresholds(predictor: Predictor, entry: int) -> list[float]:
    models = predictor.model.members or (predictor.model,)
    trees = [model.arrays for model in models if "threshold" in model.arrays]
    if not trees:
        return []
    found = np.unique(np.concatenate([a["threshold"][a["feature"] == entry] for a in trees]))
    found = found[np.isfinite(found) & (np.abs(found) < _FLOAT32_EXTREME)]
    chosen = found[np.linspace(0, len(found) - 1, min(len(found), THRESHOLDS_PER_COLUMN)).astype(int)]
    around = [chosen, np.nextafter(chosen, np.inf), np.nextafter(chosen, -np.inf)]
    return [float(value) for value in np.concatenate(around)]


def _describe(
    pipeline: Any, predictor: Predictor, frame: pd.DataFrame, wrong: npt.NDArray[np.intp], real: int
) -> str:
    row = int(wrong[0])
    one = frame.iloc[[row]]
    expected = expected_answers(pipeline, one)[0].tolist()
    found = served_answers(predictor, one)[0].tolist()
    place = f"row {row + 1}" if row < real else f"edge row {row - real + 1}"
    guilty = _guilty_feature(pipeline, predictor, frame, wrong)
    return (
        f"{place}, feature {guilty}: the pipeline answers {expected} and the exported model {found} "
        f"({len(wrong)} of {len(frame)} rows differ); row: {one.iloc[0].to_dict()}"
    )


def _guilty_feature(
    pipeline: Any, predictor: Predictor, frame: pd.DataFrame, wrong: npt.NDArray[np.intp]
) -> str:
    """The first column whose value, replaced by that of a row that agrees, makes this row agree too."""
    agreeing = np.setdiff1d(np.arange(len(frame)), wrong)
    for name in frame.columns if len(agreeing) else ():
        trial = frame.iloc[[int(wrong[0])]].copy()
        trial[name] = frame[name].iloc[[int(agreeing[0])]].to_numpy()
        if _differences(pipeline, predictor, trial)[0] <= tolerance_of(predictor.model):
            return repr(name)
    return "unclear (more than one)"
