"""A blend is served as it was fitted, and its shares are those that answer unseen rows best."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from inference.errors import ArtefactError
from inference.model import artefact
from inference.model.artefact import model_hash
from inference.model.predictor import Predictor
from inference.model.validation import validate
from tests.unit.training_jobs.rows import experiment_on, housing_rows
from training_jobs.blend import best_shares
from training_jobs.choice import Choice, Member
from training_jobs.export import export_model
from training_jobs.export.checks import with_check_rows
from training_jobs.export.parity import prove_parity, served_answers

MEMBERS = Choice(
    (
        Member("hist_gradient_boosting", {"max_iter": 15}, 0.5),
        Member("xgboost", {"n_estimators": 10}, 0.25),
        Member("random_forest", {"n_estimators": 5}, 0.15),
        Member("linear", {}, 0.1),
    )
)
TASKS = {"regression": (), "two classes": (170_000.0,), "three classes": (130_000.0, 210_000.0)}


def squared(target: np.ndarray) -> object:
    return lambda answers: float(np.square(answers - target).mean())


@pytest.mark.parametrize("bounds", TASKS.values(), ids=TASKS)
def test_a_blend_is_served_as_it_was_fitted_after_it_was_written_and_read(
    bounds: tuple[float, ...], tmp_path: Path
) -> None:
    experiment = experiment_on(housing_rows(700), "ensemble", {}, bounds)
    blend = experiment.fit_choice(MEMBERS)
    exported = with_check_rows(
        export_model(blend, experiment.config.dataset.feature_columns), experiment.dataset.features, 1
    )
    report = prove_parity(blend, Predictor(exported), experiment.dataset.features)
    assert report.largest_difference <= 1e-9

    artefact.write(tmp_path, exported.with_manifest({"model_hash": model_hash(exported.model)}))
    loaded = Predictor.load(tmp_path)
    loaded.check()
    rows = experiment.dataset.features
    expected = blend.predict_proba(rows) if bounds else blend.predict(rows)[:, np.newaxis]
    assert np.allclose(served_answers(loaded, rows), expected, rtol=1e-6)
    if bounds:
        assert (loaded.predict_frame(rows) == blend.predict(rows)).mean() > 0.99


def test_one_plain_row_is_answered_by_the_compiled_members_as_many_are() -> None:
    experiment = experiment_on(housing_rows(300), "ensemble", {})
    model = export_model(experiment.fit_choice(MEMBERS), experiment.config.dataset.feature_columns)
    exported = with_check_rows(model, experiment.dataset.features, 1)
    predictor = Predictor(exported)
    if predictor.kernel is None:
        pytest.skip("no compiler on this machine")
    body = b"-122.1,37.8,21,880,129,322,126,8.3,NEAR BAY"
    matrix = predictor.kernel.read_csv(body)
    assert matrix is not None
    found = predictor.answer_of_one(body, is_json=False)
    assert found is not None
    assert found.tolist() == predictor.answers(matrix).tolist()


def test_without_a_compiler_a_blend_answers_the_same(monkeypatch: pytest.MonkeyPatch) -> None:
    experiment = experiment_on(housing_rows(300), "ensemble", {})
    model = export_model(experiment.fit_choice(MEMBERS), experiment.config.dataset.feature_columns)
    exported = with_check_rows(model, experiment.dataset.features, 1)
    compiled = served_answers(Predictor(exported), experiment.dataset.features)
    monkeypatch.setattr("inference.kernel.load", lambda: None)
    plain = Predictor(exported)
    assert plain.engine == "numpy"
    assert np.allclose(served_answers(plain, experiment.dataset.features), compiled, rtol=1e-12)


def test_a_member_that_reads_other_columns_is_refused() -> None:
    experiment = experiment_on(housing_rows(200), "ensemble", {})
    model = export_model(experiment.fit_choice(MEMBERS), experiment.config.dataset.feature_columns)
    renamed = replace(model.columns[0], name="other")
    broken = replace(model.members[0], columns=(renamed, *model.columns[1:]))
    with pytest.raises(ArtefactError, match="a member reads other columns"):
        validate(replace(model, members=(broken, *model.members[1:])))
    with pytest.raises(ArtefactError, match="share"):
        validate(replace(model, shares=(1.5, 0.0, 0.0, 0.0)))


def test_two_that_err_oppositely_share_the_answer_and_a_bad_one_gets_none() -> None:
    target = np.arange(50.0)
    wave = np.where(np.arange(50) % 2, 3.0, -3.0)
    found = best_shares([target + wave, target - wave, np.full(50, 900.0)], squared(target))  # type: ignore[arg-type]
    assert found == [0.5, 0.5, 0.0]


def test_one_that_cannot_be_bettered_answers_alone() -> None:
    target = np.arange(50.0)
    found = best_shares([target, target + 5.0], squared(target))  # type: ignore[arg-type]
    assert found == [1.0, 0.0]
