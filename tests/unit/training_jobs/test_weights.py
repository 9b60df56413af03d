"""Rows count by their weight and classes alike, wherever something is fitted or measured."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import pandas as pd
import pytest

from contracts.pipeline_config import PipelineConfig
from contracts.reading import PipelineConfigError
from tests.unit.training_jobs.rows import housing_config
from training_jobs.candidates import Candidate, Size, first_candidates
from training_jobs.dataset import Dataset
from training_jobs.experiment import Experiment
from training_jobs.trials import Bench, Trial
from training_jobs.weights import fitting_weights

ESTIMATORS = [
    "hist_gradient_boosting",
    "xgboost",
    "lightgbm",
    "random_forest",
    "extra_trees",
    "linear",
    "mlp",
]
# A tree that is grown to single rows believes each of them, whatever it weighs.
PARAMETERS: dict[str, dict[str, Any]] = {
    "mlp": {"max_iter": 300, "early_stopping": False},
    "random_forest": {"min_samples_leaf": 20},
    "extra_trees": {"min_samples_leaf": 20},
}
COUNT = 240


def config_of(estimator: str, *, weight: dict[str, Any] | None = None, **keys: Any) -> PipelineConfig:
    document = housing_config(estimator, {}).as_document()
    document["dataset"] = {
        "target": "bought",
        "task": "classification",
        "columns": [
            {"name": "bought", "type": "category"},
            {"name": "price", "type": "number"},
            weight or {"name": "times", "type": "number", "min": 0.0},
        ],
        "weight": "times",
        **keys.pop("dataset", {}),
    }
    document["features"] = {}
    document["training"] |= keys  # type: ignore[operator]
    return PipelineConfig.from_document(document)


def customers(seed: int = 3) -> Dataset:
    """Half the rows say what the other half denies; weights tell which half to believe."""
    random = np.random.default_rng(seed)
    price = random.uniform(0, 1, COUNT)
    lying = np.arange(COUNT) % 2 == 0
    bought = np.where((price < 0.5) ^ lying, "yes", "no")
    return Dataset(pd.DataFrame({"price": price}), bought, None, np.where(lying, 0.01, 3.0))


@pytest.mark.parametrize("estimator", ESTIMATORS)
def test_an_estimator_believes_the_rows_that_weigh(estimator: str) -> None:
    experiment = Experiment(config_of(estimator), customers(), 1)
    parameters = PARAMETERS.get(estimator, {})
    scores = list(experiment.fold_scores(parameters))
    assert np.mean([fold["roc_auc_score"] for fold in scores]) > 0.9
    unweighted = replace(experiment, dataset=replace(experiment.dataset, weights=None))
    assert np.mean([fold["roc_auc_score"] for fold in unweighted.fold_scores(parameters)]) < 0.7


@pytest.mark.parametrize("estimator", ["hist_gradient_boosting", "xgboost", "lightgbm"])
def test_a_search_learns_and_stops_by_the_rows_that_weigh(estimator: str) -> None:
    experiment = Experiment(config_of("auto"), customers(), 1)
    candidate = next(
        c for c in first_candidates(Size(COUNT, 1, 2)) if c.estimator == estimator and c.stops_early
    )
    bench, trial = Bench(experiment, experiment.folds), Trial(candidate)
    for number in range(len(bench.folds)):
        bench.run(trial, number, np.inf)
    assert np.mean([scores["roc_auc_score"] for scores in trial.scores]) > 0.9
    unweighted = bench.judged(0, trial.answers[0])
    assert replace(unweighted, weights=None).metrics("classification", "")["roc_auc_score"] < 0.7


def test_a_row_that_weighs_two_is_two_rows() -> None:
    dataset = customers()
    whole = np.arange(COUNT) % 3 + 1.0
    weighted = Experiment(
        config_of("linear"), replace(dataset, weights=np.asarray(whole, np.float64)), 1
    ).fit({})
    repeated = dataset.take(np.repeat(np.arange(COUNT), whole.astype(int)))
    copied = Experiment(config_of("linear"), replace(repeated, weights=None), 1).fit({})
    # The scaler sees the rows unweighted, so the penalty of the two is not quite the same.
    rows = dataset.features
    assert weighted.predict_proba(rows) == pytest.approx(copied.predict_proba(rows), abs=0.01)


def test_balanced_classes_weigh_alike() -> None:
    target = np.array(["rare"] * 10 + ["usual"] * 90)
    dataset = Dataset(pd.DataFrame({"price": np.zeros(100)}), target)
    weights = fitting_weights(dataset, "balanced")
    assert weights is not None
    assert weights[:10].sum() == pytest.approx(weights[10:].sum()) == pytest.approx(50.0)
    assert fitting_weights(dataset, "none") is None


def test_balanced_classes_that_weigh_unlike_weigh_alike() -> None:
    dataset = replace(customers(), weights=np.linspace(0, 4, COUNT))
    weights = fitting_weights(dataset, "balanced")
    assert weights is not None
    assert weights[dataset.target == "yes"].sum() == pytest.approx(weights[dataset.target == "no"].sum())


@pytest.mark.parametrize("estimator", ["hist_gradient_boosting", "linear", "xgboost"])
def test_balanced_classes_raise_the_rare_ones_probability(estimator: str) -> None:
    random = np.random.default_rng(5)
    price = random.uniform(0, 1, COUNT)
    bought = np.where(random.random(COUNT) < 0.2 * price, "yes", "no")
    dataset = Dataset(pd.DataFrame({"price": price}), bought)
    plain, balanced = (
        Experiment(config_of(estimator, class_weight=how), dataset, 1).fit({}) for how in ("none", "balanced")
    )
    rows = dataset.features
    assert balanced.predict_proba(rows)[:, 1].mean() > 1.5 * plain.predict_proba(rows)[:, 1].mean()


def test_a_weight_is_no_feature() -> None:
    assert [c.name for c in config_of("linear").dataset.feature_columns] == ["price"]


@pytest.mark.parametrize(
    ("weight", "dataset", "reason"),
    [
        ({"name": "times", "type": "number"}, {}, "dataset.weight: 'times' may be negative"),
        ({"name": "times", "type": "number", "min": -1.0}, {}, "dataset.weight: 'times' may be negative"),
        ({"name": "times", "type": "category"}, {}, "dataset.weight: 'times' must be a number"),
        ({"name": "times", "type": "number", "min": 0.0, "nullable": True}, {}, "must be a number"),
        ({"name": "other", "type": "number"}, {}, "'times' is not among the columns bought, price, other"),
        (None, {"weight": "bought"}, "dataset.weight: 'bought' has another part already"),
    ],
)
def test_what_cannot_weigh_is_refused(weight: Any, dataset: dict[str, Any], reason: str) -> None:
    with pytest.raises(PipelineConfigError, match=reason):
        config_of("linear", weight=weight, dataset=dataset)


@pytest.mark.parametrize("key", [{"class_weight": "balanced"}, {"decision_metric": "f1_score"}])
def test_a_regression_has_no_classes(key: dict[str, str]) -> None:
    document = housing_config("linear", {}).as_document()
    document["training"] |= key  # type: ignore[operator]
    with pytest.raises(PipelineConfigError, match="is for classifications; the task is regression"):
        PipelineConfig.from_document(document)


def test_a_search_judges_decisions_at_the_threshold_that_suits_them() -> None:
    random = np.random.default_rng(2)
    price = random.uniform(0, 1, 600)
    bought = np.where(random.random(600) < 0.35 * price, "yes", "no")
    dataset = Dataset(pd.DataFrame({"price": price}), bought)
    document = config_of("auto").as_document()
    document["gate"] = {"metric": "f1_score"}
    experiment = Experiment(PipelineConfig.from_document(document), dataset, 1)
    bench, trial = Bench(experiment, experiment.folds), Trial(Candidate("linear", {"C": 1.0}))
    bench.run(trial, 0, np.inf)
    at_a_half = bench.judged(0, trial.answers[0]).metrics("classification", "")["f1_score"]
    assert at_a_half < 0.5
    assert trial.scores[0]["f1_score"] > at_a_half + 0.05
