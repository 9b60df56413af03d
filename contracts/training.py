"""What to train, how to search, and when a challenger counts as better."""

from __future__ import annotations

import re
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from difflib import get_close_matches

from contracts import instances
from contracts.dataset import DatasetContract
from contracts.estimators import (
    CHOSEN,
    CUSTOM_FORM,
    ESTIMATORS,
    MONOTONE,
    PARAMETERS,
    custom_class,
    is_known_parameter,
)
from contracts.reading import Table

# A metric's suffix carries its direction: `_error` is better when lower, `_score` when higher.
METRICS = {
    "regression": ("rmse_error", "mae_error", "mape_error", "r2_score", "poisson_deviance_error"),
    "classification": (
        "log_loss_error",
        "accuracy_score",
        "balanced_accuracy_score",
        "f1_score",
        "mcc_score",
        "roc_auc_score",
        "average_precision_score",
        "brier_error",
    ),
}
# What these say of a model depends on the class that it decides for, and so on its threshold.
DECISION_METRICS = ("accuracy_score", "balanced_accuracy_score", "f1_score", "mcc_score")
CLASS_WEIGHTS = ("none", "balanced")
# A regression may also be judged by the pinball loss of any quantile: pinball_0.9_error.
_PINBALL = re.compile(r"pinball_(0\.\d+)_error")


def quantile_of(metric: str) -> float | None:
    """The quantile (0-1) of a pinball metric, None of any other."""
    found = _PINBALL.fullmatch(metric)
    return float(found[1]) or None if found else None


def higher_is_better(metric: str) -> bool:
    """Whether a larger value of the metric is the better one, by its suffix."""
    if metric.endswith("_score"):
        return True
    if metric.endswith("_error"):
        return False
    raise ValueError(f"metric {metric!r} ends in neither _score nor _error, so its direction is unknown")


@dataclass(frozen=True, kw_only=True)
class SearchRange:
    """One searched parameter: numeric bounds (inclusive, optionally on a log scale), or choices."""

    name: str
    low: float | None
    high: float | None
    log: bool
    integer: bool
    choices: tuple[str, ...]

    @classmethod
    def read(cls, table: Table) -> SearchRange:
        found = cls(
            name=table.text("name"),
            low=table.optional_number("low"),
            high=table.optional_number("high"),
            log=table.flag("log", False),
            integer=table.flag("integer", False),
            choices=table.texts("choices", ()),
        )
        table.finish()
        if bool(found.choices) == (found.low is not None and found.high is not None):
            raise table.fail("name", "needs either choices or both low and high")
        if found.low is not None and found.high is not None and found.low > found.high:
            raise table.fail("low", f"{found.low:g} is above high {found.high:g}")
        return found


@dataclass(frozen=True, kw_only=True)
class Search:
    """An Optuna search inside a time budget; `enabled` false trains with the given parameters alone."""

    enabled: bool
    trials: int
    budget_seconds: int
    space: tuple[SearchRange, ...]

    @classmethod
    def read(cls, table: Table) -> Search:
        search = cls(
            enabled=table.flag("enabled", False),
            trials=table.integer("trials", 1, 10_000, 50),
            budget_seconds=table.integer("budget_seconds", 1, 86_400, 540),
            space=table.tables("space", SearchRange.read, required=False),
        )
        table.finish()
        if search.enabled and not search.space:
            raise table.fail("space", "a search needs at least one range")
        return search


@dataclass(frozen=True, kw_only=True)
class Training:
    """The estimator by name, its parameters, and the training job's resources.

    `auto` and `ensemble` choose among the others within `budget_seconds`; the parameters are for the others.
    `monotone` holds the answer to rise (1) or fall (-1) with a column: of two classes that is the probability
    of the second. `class_weight` "balanced" lets every class count alike while fitting, however rare it is.
    `decision_metric` is what the threshold between two classes is chosen by; empty: the gate's metric, where
    that depends on one. `calibrate` lets probabilities be calibrated where that helps unseen rows.
    """

    estimator: str
    parameters: dict[str, float | int | str | bool]
    seed: int
    folds: int
    budget_seconds: int
    instance_type: str
    max_runtime_seconds: int
    search: Search
    monotone: Mapping[str, int]
    class_weight: str = "none"
    decision_metric: str = ""
    calibrate: bool = True

    @classmethod
    def read(cls, table: Table) -> Training:
        training = cls(
            estimator=_estimator(table),
            parameters=table.scalars("parameters"),
            seed=table.integer("seed", 0, 2**31 - 1, 42),
            folds=table.integer("folds", 2, 50, 3),
            budget_seconds=table.integer("budget_seconds", 1, 86_400, 120),
            instance_type=instances.read(table, "ml.m5.xlarge"),
            max_runtime_seconds=table.integer("max_runtime_seconds", 60, 432_000, 3600),
            search=Search.read(table.table("search", required=False)),
            monotone=_monotone(table.table("monotone", required=False)),
            class_weight=table.choice("class_weight", CLASS_WEIGHTS, "none"),
            decision_metric=table.choice("decision_metric", DECISION_METRICS)
            if table.has("decision_metric")
            else "",
            calibrate=table.flag("calibrate", True),
        )
        table.finish()
        if training.monotone and training.estimator not in (*CHOSEN, *MONOTONE):
            raise table.fail(
                "monotone", f"{training.estimator!r} cannot be held to it; {', '.join(MONOTONE)} can"
            )
        if training.search.enabled and training.estimator in CHOSEN:
            raise table.fail("search.enabled", f"{training.estimator!r} searches by itself; set false")
        named = {f"parameters.{name}": name for name in training.parameters}
        named |= {f"search.space[{i}].name": found.name for i, found in enumerate(training.search.space)}
        for key, name in named.items():
            _check_parameter(table, key, name, training.estimator)
        return training


def _estimator(table: Table) -> str:
    """One that is named, or a user's own class as custom:module.Class."""
    if table.has("estimator"):
        name = table.text("estimator")
        if custom_class(name):
            return name
        if name.startswith("custom"):
            raise table.fail("estimator", f"expected a class like {CUSTOM_FORM!r}, found {name!r}")
    return table.choice("estimator", (*ESTIMATORS, CUSTOM_FORM), "auto")


def _monotone(table: Table) -> dict[str, int]:
    directions = {"increasing": 1, "decreasing": -1}
    return {name: directions[table.choice(name, tuple(directions))] for name in table.keys()}  # noqa: SIM118


def check_class_weight(table: Table, training: Training, dataset: DatasetContract) -> None:
    """Raises PipelineConfigError where there are no classes to weigh, or to decide between."""
    if training.class_weight != "none" and dataset.task != "classification":
        raise table.fail("class_weight", f"is for classifications; the task is {dataset.task}")
    if training.decision_metric and dataset.task != "classification":
        raise table.fail("decision_metric", f"is for classifications; the task is {dataset.task}")
    if training.class_weight != "none" and "class_weight" in training.parameters:
        raise table.fail("class_weight", "is given in training.parameters, too; keep one of them")


def check_monotone(
    table: Table, training: Training, dataset: DatasetContract, derived: Collection[str]
) -> None:
    """A held column is a numeric feature, and nothing is derived from it: the answer might fall by what was
    derived while it rises by the column. Raises PipelineConfigError."""
    numeric = [column.name for column in dataset.feature_columns if column.is_numeric]
    for name in training.monotone:
        if name not in numeric:
            raise table.fail(f"monotone.{name}", f"is not a numeric feature; those are {', '.join(numeric)}")
        if name in derived:
            raise table.fail(f"monotone.{name}", "features are derived from it; take them out of [features]")


def _check_parameter(table: Table, key: str, name: str, estimator: str) -> None:
    """One of another estimator is allowed: what means the same is translated, and the rest left out. What a
    user's own class takes, the training job finds out."""
    if custom_class(estimator) or is_known_parameter(name):
        return
    known = sorted(PARAMETERS.get(estimator, frozenset().union(*PARAMETERS.values())))
    near = get_close_matches(name, known, 1)
    raise table.fail(
        key,
        "no estimator has a parameter of this name"
        + (f"; did you mean {near[0]!r}?" if near else f"; {estimator} takes {', '.join(known)}"),
    )


@dataclass(frozen=True, kw_only=True)
class Gate:
    """When a challenger replaces the champion.

    `min_gain_share` (0-1) is the relative gain below which the champion stays; `confidence` (0.5-1) is the
    share of paired bootstrap resamples that must agree. `first_model_bound` bounds the first model, which
    has no champion to beat; `min_slice_rows` is the smallest slice judged, and `max_slice_regression_share`
    how much worse the worst of them may become. `max_predict_latency_us` is per row, in microseconds.
    With fewer than `min_comparison_rows` rows that are new to both models there is no comparison; a
    challenger trained on less than `min_size_share` of the champion's rows is refused. `refuse_leaks` refuses
    a model whose target follows from one column, or from two; the report tells of them in any case.
    """

    metric: str
    min_gain_share: float
    confidence: float
    bootstrap_resamples: int
    first_model_bound: float | None
    min_slice_rows: int
    max_slice_regression_share: float
    max_drift_psi: float
    max_predict_latency_us: float
    min_comparison_rows: int
    min_size_share: float
    refuse_leaks: bool

    @classmethod
    def read(cls, table: Table, dataset: DatasetContract) -> Gate:
        gate = cls(
            metric=_metric(table, dataset.task),
            min_gain_share=table.number("min_gain_share", 0.0, 1.0, 0.0),
            confidence=table.number("confidence", 0.5, 1.0, 0.95),
            bootstrap_resamples=table.integer("bootstrap_resamples", 100, 100_000, 1000),
            first_model_bound=table.optional_number("first_model_bound"),
            min_slice_rows=table.integer("min_slice_rows", 1, 1_000_000, 50),
            max_slice_regression_share=table.number("max_slice_regression_share", 0.0, 10.0, 0.1),
            max_drift_psi=table.number("max_drift_psi", 0.0, 100.0, 1.0),
            max_predict_latency_us=table.number("max_predict_latency_us", 0.001, 1e9, 5000.0),
            min_comparison_rows=table.integer("min_comparison_rows", 2, 1_000_000, 20),
            min_size_share=table.number("min_size_share", 0.0, 1.0, 0.1),
            refuse_leaks=table.flag("refuse_leaks", False),
        )
        table.finish()
        return gate


def _metric(table: Table, task: str) -> str:
    """A metric of the task; of a regression also pinball_Q_error, Q being the quantile."""
    name = table.text("metric", METRICS[task][0])
    if task == "regression" and quantile_of(name) is not None:
        return name
    return table.choice("metric", METRICS[task], METRICS[task][0])
