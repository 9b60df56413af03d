"""`export_model`: one fitted pipeline, one Model."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from contracts.dataset import Column
from inference.model import Head, Model, member_prefix
from training_jobs.blend import Blend
from training_jobs.errors import UnsupportedModelError
from training_jobs.export import boosters, onnx_graph, scikit
from training_jobs.export.scikit import Exported
from training_jobs.export.sources import Layout, Source, follow

_EXPORTERS: dict[str, Callable[[Any, Sequence[Source], Layout], Exported]] = {
    "HistGradientBoostingRegressor": scikit.hist_gradient_boosting,
    "HistGradientBoostingClassifier": scikit.hist_gradient_boosting,
    "RandomForestRegressor": scikit.forest,
    "RandomForestClassifier": scikit.forest,
    "ExtraTreesRegressor": scikit.forest,
    "ExtraTreesClassifier": scikit.forest,
    "XGBRegressor": boosters.xgboost,
    "LabelledXGBClassifier": boosters.xgboost,
    "LGBMRegressor": boosters.lightgbm,
    "LGBMClassifier": boosters.lightgbm,
    "LinearRegression": scikit.linear,
    "Ridge": scikit.linear,
    "LogisticRegression": scikit.linear,
    "ScaledMLPRegressor": scikit.dense,
    "MLPClassifier": scikit.dense,
    "OwnRegressor": onnx_graph.own,
    "OwnClassifier": onnx_graph.own,
}


def export_model(fitted: Any, columns: Sequence[Column]) -> Model:
    """A pipeline or a blend as plain data; `columns` are the feature columns of the contract, in order.

    Raises UnsupportedModelError naming the part that has no exact form.
    """
    if isinstance(fitted, Blend):
        return _blend(fitted, [_export_pipeline(pipeline, columns) for pipeline in fitted.pipelines])
    return _export_pipeline(fitted, columns)


def _blend(fitted: Blend, members: list[Model]) -> Model:
    first = members[0]
    if any((member.columns, member.classes) != (first.columns, first.classes) for member in members):
        raise UnsupportedModelError("the members of a blend read different columns or know different classes")
    outputs = len(first.classes) or 1
    arrays = {
        member_prefix(number) + name: array
        for number, member in enumerate(members)
        for name, array in member.arrays.items()
    }
    head = Head("blend", outputs, (0.0,) * outputs)
    return Model(first.columns, (), head, first.classes, arrays, tuple(members), fitted.shares)


def _export_pipeline(pipeline: Any, columns: Sequence[Column]) -> Model:
    estimator = pipeline.steps[-1][1]
    kind = type(estimator).__name__
    if kind not in _EXPORTERS:
        raise UnsupportedModelError(f"estimator {kind} has no exact form; known: {', '.join(_EXPORTERS)}")
    layout, sources = follow(pipeline, columns)
    head, arrays, classes = _EXPORTERS[kind](estimator, sources, layout)
    plain = tuple(value.item() if hasattr(value, "item") else value for value in classes)
    if layout.lookup:
        arrays["lookup"] = np.array(layout.lookup)
    return Model(tuple(layout.columns), tuple(layout.steps), head, plain, arrays)
