"""scikit-learn's own estimators as trees and weights."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from inference.model import Head, Link
from training_jobs.errors import UnsupportedModelError
from training_jobs.export.folding import TreeInput
from training_jobs.export.sources import Layout, Source
from training_jobs.export.trees import LEAF, Tree, tree_arrays

Exported = tuple[Head, dict[str, Any], list[Any]]


def hist_gradient_boosting(estimator: Any, sources: Sequence[Source], layout: Layout) -> Exported:
    """Raw doubles, `x <= threshold`, sums in float64 from the baseline, tree after tree."""
    classes = list(getattr(estimator, "classes_", []))
    if not classes and estimator.loss not in _REGRESSION_LINKS:
        raise UnsupportedModelError(f"HistGradientBoosting with loss {estimator.loss!r} has no exact form")
    trees = [
        _histogram_tree(predictor.nodes, output)
        for iteration in estimator._predictors
        for output, predictor in enumerate(iteration)
    ]
    baseline = np.ravel(estimator._baseline_prediction).astype(float)
    link = _class_link(classes) if classes else _REGRESSION_LINKS[estimator.loss]
    head = Head("trees", len(baseline), tuple(baseline.tolist()), link)
    return head, tree_arrays(trees, sources, TreeInput("float64", "<=")), classes


_REGRESSION_LINKS: dict[str, Link] = {
    "squared_error": "identity",
    "absolute_error": "identity",
    "quantile": "identity",
    "poisson": "exp",
    "gamma": "exp",
}


def _class_link(classes: list[Any]) -> Link:
    return "sigmoid" if len(classes) == 2 else "softmax"


def _histogram_tree(nodes: Any, output: int) -> Tree:
    if nodes["is_categorical"].any():
        raise UnsupportedModelError("native categorical splits have no exact form; encode the column first")
    leaf = nodes["is_leaf"].astype(bool)
    return Tree(
        feature=np.where(leaf, LEAF, nodes["feature_idx"].astype(np.int64)),
        threshold=nodes["num_threshold"].astype(np.float64),
        left=nodes["left"].astype(np.int64),
        right=nodes["right"].astype(np.int64),
        missing_left=nodes["missing_go_to_left"].astype(bool),
        values=nodes["value"].astype(np.float64)[:, None],
        output=output,
    )


def forest(estimator: Any, sources: Sequence[Source], layout: Layout) -> Exported:
    """Numbers rounded to float32, `x <= threshold`, the mean of the leaves in float64."""
    classes = list(getattr(estimator, "classes_", []))
    trees = [_forest_tree(fitted.tree_) for fitted in estimator.estimators_]
    outputs = trees[0].values.shape[1]
    head = Head("trees", outputs, (0.0,) * outputs, "identity", divisor=float(len(trees)))
    return head, tree_arrays(trees, sources, TreeInput("float32", "<=")), classes


def _forest_tree(tree: Any) -> Tree:
    nodes = tree.__getstate__()["nodes"]
    leaf = nodes["left_child"] == -1
    return Tree(
        feature=np.where(leaf, LEAF, nodes["feature"].astype(np.int64)),
        threshold=nodes["threshold"].astype(np.float64),
        left=nodes["left_child"].astype(np.int64),
        right=nodes["right_child"].astype(np.int64),
        missing_left=nodes["missing_go_to_left"].astype(bool),
        values=np.asarray(tree.value[:, 0, :], dtype=np.float64),
    )


def linear(estimator: Any, sources: Sequence[Source], layout: Layout) -> Exported:
    """The weighted sum of imputed and scaled entries, in float64."""
    classes = list(getattr(estimator, "classes_", []))
    coefficients = np.atleast_2d(np.asarray(estimator.coef_, dtype=np.float64))
    entries = [layout.materialise(source) for source in sources]
    weights = np.zeros((layout.width, len(coefficients)))
    np.add.at(weights, entries, coefficients.T)
    baseline = np.broadcast_to(np.ravel(estimator.intercept_), len(coefficients)).astype(float)
    link: Link = _class_link(classes) if classes else "identity"
    head = Head("linear", len(baseline), tuple(baseline.tolist()), link)
    return head, {"weights": weights}, classes


def dense(estimator: Any, sources: Sequence[Source], layout: Layout) -> Exported:
    """Layer after layer in float64; the first layer's weights lie at the entries that they read."""
    classes = list(getattr(estimator, "classes_", []))
    if estimator.out_activation_ not in _LAST_LAYER:
        raise UnsupportedModelError(f"an MLP that ends in {estimator.out_activation_!r} has no exact form")
    entries = [layout.materialise(source) for source in sources]
    coefficients = [np.asarray(weights, dtype=np.float64) for weights in estimator.coefs_]
    first = np.zeros((layout.width, coefficients[0].shape[1]))
    np.add.at(first, entries, coefficients[0])
    layers = [first, *coefficients[1:]]
    arrays = {f"weights_{k}": weights for k, weights in enumerate(layers)}
    arrays |= {f"bias_{k}": np.asarray(b, dtype=np.float64) for k, b in enumerate(estimator.intercepts_)}
    outputs = layers[-1].shape[1]
    link = _LAST_LAYER[estimator.out_activation_]
    return Head("dense", outputs, (0.0,) * outputs, link, activation=estimator.activation), arrays, classes


_LAST_LAYER: dict[str, Link] = {"identity": "identity", "logistic": "sigmoid", "softmax": "softmax"}
