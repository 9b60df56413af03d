"""XGBoost's and LightGBM's boosters as trees, read from the model text that each library documents."""

from __future__ import annotations

import json
import math
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from inference.model import Head, Link
from training_jobs.errors import UnsupportedModelError
from training_jobs.export.folding import TreeInput
from training_jobs.export.scikit import Exported
from training_jobs.export.sources import Layout, Source
from training_jobs.export.trees import LEAF, Tree, tree_arrays


def xgboost(estimator: Any, sources: Sequence[Source], layout: Layout) -> Exported:
    """Numbers rounded to float32, `x < threshold`, sums in float32 from the base score.

    The layout of the document: "Introduction to Model IO" in XGBoost's manual.
    """
    learner = json.loads(estimator.get_booster().save_raw("json"))["learner"]
    booster, objective = learner["gradient_booster"], learner["objective"]["name"]
    if booster["name"] != "gbtree":
        raise UnsupportedModelError(f"XGBoost's booster {booster['name']!r} has no exact form")
    if objective not in _XGBOOST_LINKS:
        raise UnsupportedModelError(f"XGBoost's objective {objective!r} has no exact form")
    outputs = max(1, int(learner["learner_model_param"]["num_class"]))
    trees = [
        _xgboost_tree(tree, output)
        for tree, output in zip(booster["model"]["trees"], booster["model"]["tree_info"], strict=True)
    ]
    classes = [v.item() if hasattr(v, "item") else v for v in getattr(estimator, "labels_", [])]
    link = _XGBOOST_LINKS[objective]
    baseline = _base_scores(learner["learner_model_param"]["base_score"], outputs, link)
    head = Head("trees", outputs, baseline, link, precision="float32")
    return head, tree_arrays(trees, sources, TreeInput("float32", "<")), classes


_XGBOOST_LINKS: dict[str, Link] = {
    "reg:squarederror": "identity",
    "reg:absoluteerror": "identity",
    "reg:pseudohubererror": "identity",
    "reg:quantileerror": "identity",
    "reg:gamma": "exp",
    "reg:tweedie": "exp",
    "count:poisson": "exp",
    "binary:logistic": "sigmoid",
    "multi:softprob": "softmax",
}


def _base_scores(text: str, outputs: int, link: str) -> tuple[float, ...]:
    values = np.atleast_1d(np.array(json.loads(text), dtype=np.float32))
    if link == "sigmoid":
        odds = np.float32(1) / values - np.float32(1)
        values = -np.log(odds.astype(np.float64)).astype(np.float32)  # rounded once, as logf is
    if link == "exp":
        values = np.log(values.astype(np.float64)).astype(np.float32)
    return tuple(np.broadcast_to(values, outputs).astype(float).tolist())


def _xgboost_tree(tree: Mapping[str, Any], output: int) -> Tree:
    if any(tree.get("categories_nodes", [])):
        raise UnsupportedModelError("native categorical splits have no exact form; encode the column first")
    left = np.array(tree["left_children"], dtype=np.int64)
    leaf = left == -1
    conditions = np.array(tree["split_conditions"], dtype=np.float32).astype(np.float64)
    return Tree(
        feature=np.where(leaf, LEAF, np.array(tree["split_indices"], dtype=np.int64)),
        threshold=conditions,
        left=left,
        right=np.array(tree["right_children"], dtype=np.int64),
        missing_left=np.array(tree["default_left"], dtype=bool),
        values=conditions[:, None],
        output=output,
    )


def lightgbm(estimator: Any, sources: Sequence[Source], layout: Layout) -> Exported:
    """Raw doubles, `x <= threshold`, sums in float64. Missing is 0 to a split that saw none missing."""
    text = estimator.booster_.model_to_string()
    head_text, *tree_texts = text.split("\nTree=")
    settings = _settings(head_text)
    if "average_output" in head_text.splitlines():
        raise UnsupportedModelError("LightGBM's boosting type 'rf' has no exact form")
    stated = settings.get("objective", "regression")
    objective = stated.split()[0]
    if (
        objective not in _LIGHTGBM_LINKS
        or "sqrt" in stated
        or ("sigmoid:" in stated and "sigmoid:1" not in stated)
    ):
        raise UnsupportedModelError(f"LightGBM's objective {stated!r} has no exact form")
    outputs = int(settings["num_tree_per_iteration"])
    trees = [
        _lightgbm_tree(_settings(tree.split("\n\n")[0]), number % outputs)
        for number, tree in enumerate(tree_texts)
    ]
    classes = [v.item() if hasattr(v, "item") else v for v in getattr(estimator, "classes_", [])]
    head = Head("trees", outputs, (0.0,) * outputs, _LIGHTGBM_LINKS[objective])
    return head, tree_arrays(trees, sources, TreeInput("float64", "<=")), classes


_LIGHTGBM_LINKS: dict[str, Link] = {
    "regression": "identity",
    "regression_l1": "identity",
    "huber": "identity",
    "fair": "identity",
    "quantile": "identity",
    "mape": "identity",
    "poisson": "exp",
    "gamma": "exp",
    "tweedie": "exp",
    "binary": "sigmoid",
    "multiclass": "softmax",
}
# decision_type: bit 0 categorical, bit 1 missing goes left, bits 2-3 what is missing (src/io/tree.cpp).
_CATEGORICAL, _DEFAULT_LEFT, _MISSING_NONE, _MISSING_ZERO = 1, 2, 0, 1


def _settings(text: str) -> dict[str, str]:
    return dict(line.split("=", 1) for line in text.splitlines() if "=" in line)


def _lightgbm_tree(tree: Mapping[str, str], output: int) -> Tree:
    """Inner nodes come first, then the leaves; the library writes a leaf k as child -k - 1."""
    leaves = np.array(tree["leaf_value"].split(), dtype=np.float64)
    if tree.get("is_linear", "0") != "0":
        raise UnsupportedModelError("LightGBM's linear trees have no exact form")
    if len(leaves) == 1:
        return _single_leaf(float(leaves[0]), output)
    threshold = np.array(tree["threshold"].split(), dtype=np.float64)
    kinds = np.array(tree["decision_type"].split(), dtype=np.int64)
    absent = (kinds >> 2) & 3
    if (kinds & _CATEGORICAL).any() or (absent == _MISSING_ZERO).any():
        raise UnsupportedModelError("LightGBM's categorical and zero-as-missing splits have no exact form")
    inner, padding = len(threshold), np.zeros(len(leaves))
    missing_left = np.where(absent == _MISSING_NONE, threshold >= 0.0, (kinds & _DEFAULT_LEFT) != 0)

    def child(key: str) -> Any:
        numbers = np.array(tree[key].split(), dtype=np.int64)
        return np.concatenate([np.where(numbers < 0, inner - numbers - 1, numbers), padding.astype(np.int64)])

    feature = np.array(tree["split_feature"].split(), dtype=np.int64)
    return Tree(
        feature=np.concatenate([feature, np.full(len(leaves), LEAF)]),
        threshold=np.concatenate([threshold, padding]),
        left=child("left_child"),
        right=child("right_child"),
        missing_left=np.concatenate([missing_left, padding.astype(bool)]),
        values=np.concatenate([np.zeros(inner), leaves])[:, None],
        output=output,
    )


def _single_leaf(value: float, output: int) -> Tree:
    none = np.zeros(1, dtype=np.int64)
    assert math.isfinite(value)  # noqa: S101
    return Tree(none + LEAF, np.zeros(1), none, none, none.astype(bool), np.array([[value]]), output)
