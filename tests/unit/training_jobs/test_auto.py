"""`auto` finds an estimator that suits the rows, within its time, and says what it tried."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import pandas as pd
import pytest

from tests.unit.training_jobs.rows import TARGET, dataset_of, housing_config, housing_rows
from training_jobs.auto import Search, _fits, search
from training_jobs.candidates import MOST_ROUNDS_OF_MANY, Candidate, Size, first_candidates
from training_jobs.dataset import Dataset
from training_jobs.errors import TrainingError
from training_jobs.experiment import Experiment
from training_jobs.export import export_model
from training_jobs.objectives import objective_of
from training_jobs.trials import Bench, Trial


def experiment_of(frame: pd.DataFrame, bounds: tuple[float, ...] = (), **training: Any) -> Experiment:
    config = housing_config("auto", {}, classes=bool(bounds))
    config = replace(config, training=replace(config.training, **training))
    return Experiment(config, dataset_of(frame, bounds), 42)


class Ticks:
    """A clock that goes on by so many seconds whenever it is looked at."""

    def __init__(self, seconds: float = 1.0) -> None:
        self.now, self.seconds = 0.0, seconds

    def __call__(self) -> float:
        self.now += self.seconds
        return self.now


def test_a_straight_line_is_answered_by_a_line() -> None:
    frame = housing_rows(300)
    frame[TARGET] = 3.0 * frame["median_income"] + np.random.default_rng(0).normal(0, 0.1, 300)
    found = search(experiment_of(frame, budget_seconds=15), Ticks(0.02))
    assert found.best().estimator == "linear"
    assert len({trial["parameters"]["estimator"] for trial in found.history}) > 1


def test_a_step_is_not_answered_by_a_line_and_the_rounds_are_those_that_the_folds_chose() -> None:
    frame = housing_rows(600)
    frame[TARGET] = np.where(frame["median_income"] > 4, 10.0, np.where(frame["latitude"] > 38, 5.0, 0.0))
    found = search(experiment_of(frame, budget_seconds=60), Ticks(0.02))
    best = found.best().members[0]
    assert best.estimator != "linear"
    assert found.trials[0].value("rmse_error") < 2.0
    booster = next(trial for trial in found.trials if trial.rounds)
    assert booster.member().parameters != booster.candidate.parameters


def test_the_first_candidate_is_tried_to_its_end_though_the_time_is_over() -> None:
    found = search(experiment_of(housing_rows(200), budget_seconds=1), Ticks())
    assert [trial["state"] for trial in found.history] == ["complete"]


def test_classes_as_texts_are_chosen_for_and_exported() -> None:
    experiment = experiment_of(housing_rows(300), (120_000.0, 200_000.0), budget_seconds=40)
    found = search(experiment, Ticks())
    model = export_model(experiment.fit_choice(found.best()), experiment.config.dataset.feature_columns)
    assert model.classes == ("a", "b", "c")
    assert found.trials[0].value("log_loss_error") < 1.0


def test_more_columns_than_rows_are_learnt_from() -> None:
    random = np.random.default_rng(5)
    frame = housing_rows(60)
    experiment = experiment_of(frame, budget_seconds=30)
    dataset = Dataset(experiment.dataset.features, random.normal(size=60))
    found = search(Experiment(experiment.config, dataset, 1), Ticks())
    assert np.isfinite(found.trials[0].value("rmse_error"))


def test_many_rows_are_judged_by_a_sample_and_fitted_on_all(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("training_jobs.auto.MOST_CELLS", 1)
    experiment = experiment_of(housing_rows(12_000), budget_seconds=1)
    found = search(experiment, Ticks())
    assert len(found.bench.experiment.dataset) == 10_000
    assert found.growth > 1.0


def test_small_data_are_held_back_harder() -> None:
    small = [c.parameters for c in first_candidates(Size(200, 5, 0)) if c.estimator == "lightgbm"]
    large = [c.parameters for c in first_candidates(Size(20_000, 5, 0)) if c.estimator == "lightgbm"]
    assert int(small[0]["num_leaves"]) < int(large[0]["num_leaves"])
    huge = {c.estimator for c in first_candidates(Size(2_000_000, 30, 0))}
    assert "random_forest" not in huge


def test_what_no_clock_stops_is_passed_over_where_its_pace_says_that_it_takes_too_long() -> None:
    plain = Trial(Candidate("hist_gradient_boosting", {"max_iter": 100}), scores=[{}], seconds=20.0)
    of_many = Candidate("hist_gradient_boosting", {"max_iter": MOST_ROUNDS_OF_MANY}, stops_early=True)
    assert not _fits(of_many, [plain], 59.0)
    assert _fits(of_many, [plain], 61.0)
    assert _fits(of_many, [], 1.0)
    assert _fits(Candidate("lightgbm", {"n_estimators": 2_000}, stops_early=True), [plain], 1.0)


@pytest.mark.parametrize("rows", [200, 20_000, 2_000_000])
def test_what_a_user_would_have_tried_first_is_tried_before_the_time_is_over(rows: int) -> None:
    kinds = [c.estimator for c in first_candidates(Size(rows, 5, 0))]
    plain = Candidate("hist_gradient_boosting", {"max_iter": 100})
    assert first_candidates(Size(rows, 5, 0))[kinds.count("linear")] == plain
    assert set(kinds[: kinds.count("linear")]) == {"linear"}
    assert first_candidates(Size(rows, 5, 2))[0].parameters == {"C": 1.0}


def test_a_full_forest_is_tried_soon_where_rows_are_few_and_late_where_it_takes_long() -> None:
    full = {"n_estimators": 100, "min_samples_leaf": 1, "max_features": 1.0}
    few = [c.parameters for c in first_candidates(Size(3_000, 5, 0))]
    assert few[few.index({"max_iter": 100}) + 1] == full
    assert first_candidates(Size(20_000, 5, 0))[-1].parameters == full
    assert full not in [c.parameters for c in first_candidates(Size(60_000, 5, 0))]
    assert {**full, "max_features": "sqrt"} in [c.parameters for c in first_candidates(Size(3_000, 5, 2))]


def test_a_straight_line_of_many_rows_is_hardly_held_back() -> None:
    frame = housing_rows(2_100)
    frame[TARGET] = 3.0 * frame["median_income"]
    found = search(experiment_of(frame, budget_seconds=1), Ticks(0.05))
    assert found.trials[0].candidate == Candidate("linear", {"alpha": 0.001})


@pytest.mark.parametrize("estimator", ["hist_gradient_boosting", "xgboost", "lightgbm"])
def test_what_is_minimised_is_what_is_judged(estimator: str) -> None:
    assert objective_of(estimator, "rmse_error") == {}
    assert 0.9 in objective_of(estimator, "pinball_0.9_error").values()
    frame = housing_rows(400)
    config = housing_config(estimator, {**objective_of(estimator, "pinball_0.9_error")})
    experiment = Experiment(config, dataset_of(frame), 42)
    pipeline = experiment.fit(config.training.parameters)
    below = (experiment.dataset.target <= pipeline.predict(experiment.dataset.features)).mean()
    assert below > 0.8


def found_with(errors: list[np.ndarray[Any, Any]]) -> Search:
    """A search whose trials are off by so much: (rows,) of each trial."""
    experiment = experiment_of(housing_rows(400))
    bench = Bench(experiment, experiment.folds)
    trials = []
    for kind, off in zip(("linear", "extra_trees", "lightgbm"), errors, strict=False):
        trial = Trial(Candidate(kind, {}))
        trial.answers = [experiment.dataset.target[rows] + off[rows] for _, rows in bench.folds]
        trial.scores = [bench.metrics(fold, answers) for fold, answers in enumerate(trial.answers)]
        trials.append(trial)
    return Search(bench, trials, [], 1.0)


def test_estimators_that_err_apart_are_blended() -> None:
    random = np.random.default_rng(3)
    found = found_with([random.normal(0, 1000, 400), random.normal(0, 1100, 400)])
    choice, judged = found.choose()
    assert choice.estimator == "ensemble"
    assert {member.estimator for member in choice.members} == {"linear", "extra_trees"}
    assert sum(member.weight for member in choice.members) == pytest.approx(1.0)
    by_fold = [part.metrics("regression", "rmse_error")["rmse_error"] for part in judged]
    assert np.mean(by_fold) < 0.8 * found.trials[0].value("rmse_error")


def test_a_blend_that_does_not_help_rows_that_it_was_not_chosen_by_is_not_served() -> None:
    off = np.random.default_rng(3).normal(0, 1000, 400)
    choice, judged = found_with([off, 1.5 * off]).choose()
    assert choice.estimator == "linear"
    assert sum(map(len, judged)) == 400


def test_amounts_are_also_tried_as_products_of_factors_and_what_may_fall_below_zero_is_not() -> None:
    amounts = first_candidates(Size(200, 5, 0, may_grow_by_factors=True))
    assert [c.parameters["objective"] for c in amounts if "objective" in c.parameters] == ["poisson"]
    assert not [c for c in first_candidates(Size(200, 5, 0)) if "objective" in c.parameters]
    frame = housing_rows(80)
    frame[TARGET] -= frame[TARGET].mean()
    history = search(experiment_of(frame, budget_seconds=60), Ticks(1.0)).history
    assert not any("objective" in trial["parameters"] for trial in history)


def test_a_kind_that_cannot_take_the_numbers_is_given_up_and_the_next_is_tried(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    usual = Bench.run

    def run(bench: Bench, trial: Trial, number: int, deadline: float) -> None:
        if trial.candidate.estimator == "linear":
            raise ValueError("Input X contains NaN.\nRidge does not accept missing values")
        usual(bench, trial, number, deadline)

    monkeypatch.setattr(Bench, "run", run)
    found = search(experiment_of(housing_rows(80), budget_seconds=60), Ticks(1.0))
    assert found.best().estimator != "linear"


def test_rows_that_nothing_learns_from_end_the_job_in_plain_words(monkeypatch: pytest.MonkeyPatch) -> None:
    def run(bench: Bench, trial: Trial, number: int, deadline: float) -> None:
        raise ValueError("Input X contains NaN.")

    monkeypatch.setattr(Bench, "run", run)
    with pytest.raises(TrainingError, match=r"no kind of estimator learns .*linear: Input X contains NaN"):
        search(experiment_of(housing_rows(80), budget_seconds=60), Ticks(1.0))
