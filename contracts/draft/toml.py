"""Writes the draft: every guess with the figure it was made from, ready to be edited."""

from __future__ import annotations

import json
import math
import re

from contracts.draft.columns import MAX_CATEGORIES, ColumnLook
from contracts.draft.reading import DraftError
from contracts.pipeline_config import MAX_NAME_LENGTH

# A numeric target with this many values or fewer is taken for classes.
MAX_CLASSES = 20
MAX_SLICE_VALUES = 10
SMALL_ROWS = 2000


def draft(looks: list[ColumnLook], target_name: str, file_stem: str) -> str:
    """The text of a pipeline.toml; raises DraftError where the target cannot be learned."""
    target = _target(looks, target_name)
    return "\n".join(
        [
            *_head(file_stem),
            *_dataset(looks, target),
            *(line for look in looks for line in _column(look, target)),
            *_training(target),
            *_deployments(),
        ]
    )


def _target(looks: list[ColumnLook], name: str) -> ColumnLook:
    found = next((look for look in looks if look.name == name), None)
    if found is None:
        raise DraftError(f"TARGET={name}: no such column; there are {', '.join(look.name for look in looks)}")
    if len(found.values) < 2:
        raise DraftError(
            f"TARGET={name}: has {len(found.values)} different values; there is nothing to learn"
        )
    if found.type == "date":
        raise DraftError(f"TARGET={name}: is a date; predict a number or a class")
    return found


def _is_classification(target: ColumnLook) -> bool:
    if target.type in ("category", "boolean"):
        return True
    return target.type == "integer" and len(target.values) <= MAX_CLASSES


def _head(file_stem: str) -> list[str]:
    name = re.sub(r"[^a-z0-9]+", "-", file_stem.lower()).strip("-")
    name = re.sub(r"^[^a-z]+", "", name)[:MAX_NAME_LENGTH].strip("-") or "pipeline"
    return [
        "# Drafted from a CSV: read it through and edit it. Every key is checked at synthesis.",
        "",
        "[pipeline]",
        f"name = {_text(name)}  # every resource is named {{name}}-{{stage}}-...",
        "",
    ]


def _dataset(looks: list[ColumnLook], target: ColumnLook) -> list[str]:
    keys = [look.name for look in looks if look.identifies_rows and look is not target]
    if len(keys) == len(looks) - 1:
        keys = []
    slices = [
        look.name
        for look in looks
        if look.type in ("category", "boolean") and 2 <= len(look.values) <= MAX_SLICE_VALUES
        and look is not target
    ]  # fmt: skip
    task = "classification" if _is_classification(target) else "regression"
    return [
        "# --- The dataset contract: what an upload must look like ---",
        "[dataset]",
        f"target = {_text(target.name)}",
        f"task = {_text(task)}  # the target has {len(target.values)} different values",
        f"identifiers = {_texts(keys)}  # columns that name a row, never features; empty: the whole row does",
        f"slices = {_texts(slices[:2])}  # the gate also judges the model on each value of these",
        "holdout_share = 0.2",
        "bad_row_tolerance_share = 0.01  # more bad rows than this and the whole upload is rejected",
        f"min_rows = {max(10, looks[0].rows // 10)}  # the file has {looks[0].rows}",
        "",
    ]


def _column(look: ColumnLook, target: ColumnLook) -> list[str]:
    kind = look.type
    if look is target and kind == "number" and _is_classification(target):
        kind = "category"
    lines = ["[[dataset.columns]]", f"name = {_text(look.name)}", f"type = {_text(kind)}"]
    if look.missing:
        if look is target:
            raise DraftError(
                f"TARGET={look.name}: {look.missing} of {look.rows} rows have no value; drop them"
            )
        lines.append(f"nullable = true  # missing in {look.missing} of {look.rows} rows")
    if kind in ("number", "integer") and look.present:
        lines += _bounds(look, kind)
    if kind == "category" and len(look.values) <= MAX_CATEGORIES and not look.identifies_rows:
        lines.append(f"categories = {_texts(sorted(look.values))}")
    return [*lines, ""]


def _bounds(look: ColumnLook, kind: str) -> list[str]:
    """As far again as the values reach, and never below zero where they never are."""
    reach = (look.maximum - look.minimum) or abs(look.maximum) or 1.0
    low = 0.0 if look.minimum >= 0 else look.minimum - reach
    high = look.maximum + reach
    if kind == "integer":
        low, high = math.floor(low), math.ceil(high)
    seen = f"seen {look.minimum:g} to {look.maximum:g}"
    return [f"min = {_number(low)}", f"max = {_number(high)}  # {seen}"]


def _number(value: float) -> str:
    return str(value) if isinstance(value, int) else repr(float(f"{value:.6g}"))


def _training(target: ColumnLook) -> list[str]:
    small = target.rows < SMALL_ROWS
    parameters = [
        f"max_iter = {100 if small else 300}",
        f"learning_rate = {0.1 if small else 0.08}",
        f"max_leaf_nodes = {15 if small else 31}",
        "early_stopping = false",
    ]
    metric = "log_loss_error" if _is_classification(target) else "rmse_error"
    return [
        "# --- Training: hist_gradient_boosting, random_forest, extra_trees, xgboost, lightgbm or linear ---",
        "[training]",
        'estimator = "hist_gradient_boosting"',
        "seed = 42",
        "folds = 3",
        "",
        "[training.parameters]",
        *parameters,
        "",
        "# --- The gate: when a challenger replaces the champion ---",
        "[gate]",
        f"metric = {_text(metric)}  # _error: lower is better, _score: higher is",
        "min_gain_share = 0.002",
        "confidence = 0.9",
        f"min_slice_rows = {max(10, min(50, target.rows // 50))}",
        "",
    ]


def _deployments() -> list[str]:
    common = ['strategy = "canary"', "canary_percent = 50", "instance_count = 2"]
    return [
        "# --- Blue/green per stage ---",
        "[deployment.dev]",
        *common,
        'instance_type = "ml.t2.medium"',
        "baking_seconds = 180",
        "termination_wait_seconds = 30",
        "max_execution_seconds = 1800",
        "alarm_period_seconds = 60",
        "",
        "[deployment.prod]",
        *common,
        'instance_type = "ml.m5.large"',
        "baking_seconds = 900",
        "termination_wait_seconds = 600",
        "max_execution_seconds = 3600",
        "alarm_period_seconds = 60",
        "capture_share = 0.2",
        "",
    ]


def _text(value: str) -> str:
    return json.dumps(value, ensure_ascii=False)


def _texts(values: list[str]) -> str:
    return "[" + ", ".join(_text(value) for value in values) + "]"
