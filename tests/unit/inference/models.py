"""Models made by hand or at random: no training library has a part in these tests."""

from __future__ import annotations

from typing import Any

import numpy as np

from inference.model import FloatArray, Head, InputColumn, Model, Step
from inference.model.artefact import Artefact, model_hash
from inference.model.predictor import Predictor

COLUMNS = (
    InputColumn("rooms", "number"),
    InputColumn("people", "integer"),
    InputColumn("sea", "category", ("NEAR BAY", "INLAND", "<1H OCEAN")),
)
STEPS = (
    Step("ratio", 0, 1),
    Step("combine", 0, 1, 0.6, -0.8),
    Step("distance", 0, 1, 1.5, -2.5),
    Step("equals", 2, p=1.0),
    Step("ordinal", 2, p=-1.0, q=-2.0),
    Step("impute", 0, p=3.0),
    Step("scale", 8, p=1.25, q=0.3),
    Step("lookup", 2, p=1.0, q=3.0),
    *(Step("date_part", 1, p=float(part), q=1.0) for part in range(6)),
)
# One value that nobody reads, then those of three categories, of a missing and of an unknown one.
LOOKUP = np.array([9.0, 0.5, -1.0, 0.25, 1.5, -0.5])


def tree_model(
    seed: int = 0,
    *,
    trees: int = 12,
    leaves: int = 20,
    outputs: int = 1,
    per_leaf: int = 1,
    fewest: int = 1,
    of_floats: bool = False,
    columns: tuple[InputColumn, ...] = COLUMNS,
    steps: tuple[Step, ...] = STEPS,
    **head: Any,
) -> Model:
    """Random trees of `fewest` to `leaves` leaves over every entry; thresholds repeat, as those of histograms
    do. `of_floats` takes thresholds as an exported forest has them, which compare as if in float32."""
    random = np.random.default_rng(seed)
    grown = [_grow(random, fewest, leaves, len(columns) + len(steps)) for _ in range(trees)]
    start = np.cumsum([0, *(len(tree["feature"]) for tree in grown)])
    joined = {name: np.concatenate([tree[name] for tree in grown]) for name in grown[0]}
    offset = np.repeat(start[:-1], np.diff(start))
    leaf = joined["feature"] < 0
    if of_floats:
        joined["threshold"] = _as_floats(joined["threshold"])
    arrays = {
        **joined,
        "lookup": LOOKUP,
        "start": start,
        "output": np.array([t % (outputs // per_leaf) for t in range(trees)]),
        "left": np.where(leaf, 0, joined["left"] + offset),
        "right": np.where(leaf, 0, joined["right"] + offset),
        "leaf": np.where(leaf, np.cumsum(leaf) - 1, 0),
        "values": random.normal(size=(int(leaf.sum()), per_leaf)).astype(np.float32).astype(np.float64),
    }
    baseline = tuple(float(value) for value in random.normal(size=outputs).astype(np.float32))
    return Model(columns, steps, Head("trees", outputs, baseline, **head), (), arrays)


def _as_floats(thresholds: FloatArray) -> FloatArray:
    """The largest double that rounds to each threshold's float32."""
    floats = thresholds.astype(np.float32)
    middle = (floats.astype(np.float64) + np.nextafter(floats, np.float32(np.inf)).astype(np.float64)) / 2
    return np.where(middle.astype(np.float32) <= floats, middle, np.nextafter(middle, -np.inf))


def _grow(random: np.random.Generator, fewest: int, leaves: int, width: int) -> dict[str, Any]:
    feature, left, right = [-1], [0], [0]
    for _ in range(int(random.integers(fewest, leaves + 1)) - 1):
        node = int(random.choice([i for i, f in enumerate(feature) if f < 0]))
        feature[node] = int(random.integers(width))
        left[node], right[node] = len(feature), len(feature) + 1
        feature += [-1, -1]
        left += [0, 0]
        right += [0, 0]
    count = len(feature)
    return {
        "feature": np.array(feature),
        "threshold": np.round(random.normal(scale=2, size=count), 1),
        "left": np.array(left),
        "right": np.array(right),
        "missing_left": random.integers(0, 2, count),
    }


def linear_model(seed: int = 0, outputs: int = 1) -> Model:
    random = np.random.default_rng(seed)
    weights = random.normal(size=(len(COLUMNS) + len(STEPS), outputs))
    weights[:5] = 0.0
    return Model(
        COLUMNS, STEPS, Head("linear", outputs, (0.5,) * outputs), (), {"weights": weights, "lookup": LOOKUP}
    )


def random_rows(count: int, columns: tuple[InputColumn, ...] = COLUMNS, seed: int = 1) -> FloatArray:
    """Rows (n, columns): values at thresholds, missing ones, zeros, unknown and missing categories."""
    random = np.random.default_rng(seed)
    parts = [
        random.integers(-2, 3, count).astype(float)
        if column.is_category
        else np.where(random.random(count) < 0.15, np.nan, np.round(random.normal(scale=2, size=count), 1))
        for column in columns
    ]
    return np.column_stack(parts)


def artefact_of(model: Model, **manifest: Any) -> Artefact:
    rows = random_rows(8, model.columns)
    draft = Predictor(Artefact({}, model, np.empty((0, 0)), np.empty((0, 0))))
    return Artefact({"model_hash": model_hash(model), **manifest}, model, rows, draft.answers(rows))


def predictor_of(model: Model) -> Predictor:
    return Predictor(artefact_of(model))
