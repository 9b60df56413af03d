from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
import pytest

from inference.model.artefact import Artefact, model_hash
from inference.model.predictor import Predictor
from tests.unit.training_jobs.rows import TARGET, experiment_on, housing_rows, real_housing_rows
from training_jobs.errors import ParityError, UnsupportedModelError
from training_jobs.experiment import Experiment
from training_jobs.export import export_model
from training_jobs.export.checks import with_check_rows
from training_jobs.export.parity import prove_parity

ESTIMATORS: list[tuple[str, dict[str, Any]]] = [
    ("hist_gradient_boosting", {"max_iter": 30}),
    ("hist_gradient_boosting", {"max_iter": 10, "max_leaf_nodes": 60}),
    ("hist_gradient_boosting", {"max_iter": 5, "max_leaf_nodes": 150}),
    ("random_forest", {"n_estimators": 8}),
    ("extra_trees", {"n_estimators": 8}),
    ("xgboost", {"n_estimators": 20}),
    ("lightgbm", {"n_estimators": 20}),
    ("linear", {}),
    ("linear", {"alpha": 1.0}),
    ("mlp", {"hidden_layer_sizes": "12,6", "max_iter": 30}),
    ("mlp", {"hidden_layer_sizes": "5", "max_iter": 20, "activation": "tanh"}),
]
TASKS = {"regression": (), "two classes": (170_000.0,), "three classes": (130_000.0, 210_000.0)}
NAMES = [f"{name} {parameters}" for name, parameters in ESTIMATORS]


def export(experiment: Experiment) -> tuple[Any, Artefact]:
    pipeline = experiment.fit(experiment.config.training.parameters)
    model = export_model(pipeline, experiment.config.dataset.feature_columns)
    return pipeline, with_check_rows(model, experiment.dataset.features, 1)


@pytest.mark.parametrize(("name", "parameters"), ESTIMATORS, ids=NAMES)
@pytest.mark.parametrize("bounds", TASKS.values(), ids=TASKS)
def test_an_exported_model_answers_as_its_pipeline(
    name: str, parameters: dict[str, Any], bounds: tuple[float, ...]
) -> None:
    if bounds and "alpha" in parameters:
        pytest.skip("a ridge penalty is for regression")
    experiment = experiment_on(housing_rows(1500), name, parameters, bounds)
    pipeline, exported = export(experiment)

    report = prove_parity(pipeline, Predictor(exported), experiment.dataset.features)

    assert report.rows == 1500
    assert report.edge_rows > 50
    assert report.largest_difference <= 1e-9


@pytest.mark.parametrize(("name", "parameters"), ESTIMATORS, ids=NAMES)
def test_parity_holds_on_every_real_row(name: str, parameters: dict[str, Any]) -> None:
    experiment = experiment_on(real_housing_rows(), name, parameters)
    pipeline, exported = export(experiment)

    report = prove_parity(pipeline, Predictor(exported), experiment.dataset.features)

    assert report.rows == 20_640
    assert report.largest_difference <= 1e-9


def test_categories_missing_in_training_and_new_in_a_request_agree() -> None:
    frame = housing_rows(800)
    frame.loc[frame.index[:100], "ocean_proximity"] = None
    experiment = experiment_on(frame, "hist_gradient_boosting", {"max_iter": 20})
    pipeline, exported = export(experiment)

    assert prove_parity(pipeline, Predictor(exported), experiment.dataset.features).largest_difference == 0


@pytest.mark.parametrize("bounds", TASKS.values(), ids=TASKS)
@pytest.mark.parametrize("name", ["lightgbm", "linear"])
def test_many_categories_become_their_mean_target(name: str, bounds: tuple[float, ...]) -> None:
    frame = housing_rows(1200)
    frame["ocean_proximity"] = [f"zone {i % 60}" for i in range(len(frame))]
    frame.loc[frame.index[::50], "ocean_proximity"] = None
    experiment = experiment_on(frame, name, {}, bounds)
    pipeline, exported = export(experiment)

    classes = len(bounds) + 1
    assert [step.op for step in exported.model.steps].count("lookup") == (classes if classes > 2 else 1)
    report = prove_parity(pipeline, Predictor(exported), experiment.dataset.features)
    assert report.largest_difference <= 1e-9


def test_a_category_of_one_row_does_not_give_its_answer_away() -> None:
    frame = housing_rows(600)
    frame["ocean_proximity"] = [f"house {i}" for i in range(len(frame))]
    frame[TARGET] = np.random.default_rng(1).normal(size=len(frame))
    scores = list(experiment_on(frame, "random_forest", {"n_estimators": 20}).fold_scores({}))

    assert np.mean([fold["rmse_error"] for fold in scores]) < 1.15


def test_a_model_that_answers_otherwise_is_refused_by_row_and_feature() -> None:
    experiment = experiment_on(housing_rows(600), "hist_gradient_boosting", {"max_iter": 10})
    pipeline, exported = export(experiment)
    income = [column.name for column in exported.model.columns].index("median_income")
    arrays = dict(exported.model.arrays)
    arrays["threshold"] = np.where(arrays["feature"] == income, np.inf, arrays["threshold"])
    broken = Artefact({}, type(exported.model)(**{**vars(exported.model), "arrays": arrays}), *_no_checks())

    with pytest.raises(ParityError, match=r"row \d+, feature 'median_income': the pipeline answers \["):
        prove_parity(pipeline, Predictor(broken), experiment.dataset.features)


def _no_checks() -> tuple[Any, Any]:
    return np.empty((0, 0)), np.empty((0, 0))


def test_an_estimator_without_an_exact_form_is_named() -> None:
    from sklearn.neighbors import KNeighborsRegressor

    experiment = experiment_on(housing_rows(200), "linear", {})
    pipeline = experiment.fit({})
    pipeline.steps[-1] = ("estimator", KNeighborsRegressor())

    with pytest.raises(UnsupportedModelError, match="KNeighborsRegressor has no exact form"):
        export_model(pipeline, experiment.config.dataset.feature_columns)


def test_a_step_without_an_exact_form_is_named() -> None:
    from sklearn.preprocessing import PowerTransformer

    experiment = experiment_on(housing_rows(200), "linear", {})
    pipeline = experiment.fit({})
    columns = pipeline.named_steps["columns"]
    columns.transformers_[0] = ("numbers", PowerTransformer(), columns.transformers_[0][2])

    with pytest.raises(UnsupportedModelError, match="PowerTransformer on longitude, latitude"):
        export_model(pipeline, experiment.config.dataset.feature_columns)


@pytest.mark.parametrize(
    ("name", "parameters"),
    [
        ("hist_gradient_boosting", {"loss": "poisson", "max_iter": 9}),
        ("hist_gradient_boosting", {"loss": "gamma", "max_iter": 9}),
        ("xgboost", {"objective": "reg:gamma", "n_estimators": 9}),
        ("xgboost", {"objective": "count:poisson", "n_estimators": 9}),
        ("xgboost", {"objective": "reg:pseudohubererror", "n_estimators": 9}),
        ("lightgbm", {"objective": "tweedie", "n_estimators": 9}),
        ("lightgbm", {"objective": "huber", "n_estimators": 9}),
    ],
)
def test_objectives_with_and_without_a_log_link_are_exported(name: str, parameters: dict[str, Any]) -> None:
    frame = housing_rows(600)
    frame[TARGET] = frame[TARGET].clip(lower=1000) / 1000
    experiment = experiment_on(frame, name, parameters)
    pipeline, exported = export(experiment)

    prove_parity(pipeline, Predictor(exported), experiment.dataset.features)


@pytest.mark.parametrize(
    ("name", "parameters", "part"),
    [
        ("xgboost", {"booster": "dart", "n_estimators": 3}, "dart"),
        ("xgboost", {"objective": "reg:logistic"}, "reg:logistic"),
        ("lightgbm", {"reg_sqrt": True}, "regression sqrt"),
        ("lightgbm", {"linear_tree": True, "n_estimators": 3}, "linear trees"),
        ("lightgbm", {"boosting_type": "rf", "bagging_freq": 1, "bagging_fraction": 0.5}, "'rf'"),
    ],
)
def test_what_cannot_be_exact_is_refused_rather_than_wrong(
    name: str, parameters: dict[str, Any], part: str
) -> None:
    frame = housing_rows(400)
    frame[TARGET] = frame[TARGET].rank(pct=True)
    experiment = experiment_on(frame, name, parameters)
    pipeline = experiment.fit(parameters)

    with pytest.raises(UnsupportedModelError, match=part):
        export_model(pipeline, experiment.config.dataset.feature_columns)


def test_the_same_rows_seed_and_parameters_give_the_same_hash() -> None:
    hashes = {
        model_hash(
            export(experiment_on(housing_rows(500), "hist_gradient_boosting", {"max_iter": 9}))[1].model
        )
        for _ in range(2)
    }
    other = export(experiment_on(housing_rows(501), "hist_gradient_boosting", {"max_iter": 9}))[1].model

    assert len(hashes) == 1
    assert model_hash(other) not in hashes


def test_every_supported_step_takes_infinite_ratios_as_missing() -> None:
    frame = housing_rows(400)
    frame.loc[frame.index[:40], "households"] = 0.0
    experiment = experiment_on(frame, "hist_gradient_boosting", {"max_iter": 10})
    pipeline, exported = export(experiment)
    zero: pd.DataFrame = experiment.dataset.features.iloc[:40]

    assert np.array_equal(Predictor(exported).predict_frame(zero), pipeline.predict(zero))
