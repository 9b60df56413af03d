"""The gate counts rows by their weight, and takes each model's decisions at that model's own threshold."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from contracts.errors import ChallengerUnreadableError, ChampionUnreadableError, EvaluationError
from contracts.pipeline_config import PipelineConfig
from lambdas.evaluate_model.candidate import Candidate
from lambdas.evaluate_model.evaluation import Evaluation, evaluate
from lambdas.evaluate_model.holdout import read_holdout
from lambdas.evaluate_model.report.answers import classification_answers
from lambdas.evaluate_model.report.fairness import fairness
from tests.unit.lambdas.evaluate_model import world

# Right everywhere but in the south, and right in the south alone.
NORTHERN, SOUTHERN = (0.0, 0.0, 0.0), (50.0, 50.0, 50.0)


def weighted_config(task: str = "regression", **gate: Any) -> PipelineConfig:
    document = world.config(task, **gate).as_document()
    dataset: Any = document["dataset"]
    dataset["columns"].append({"name": "times", "type": "number", "min": 0.0})
    dataset["weight"] = "times"
    return PipelineConfig.from_document(document)


def judged(
    tmp_path: Path, config: PipelineConfig, columns: dict[str, Any], challenger: Any, champion: Any
) -> Evaluation:
    def candidate(name: str, model: Any, error: Any) -> Candidate:
        archive = world.write_archive(tmp_path / f"{name}.tar.gz", world.artefact_of(model))
        return Candidate(archive, tmp_path / name, error)

    path = world.write_parquet(tmp_path / "holdout.parquet", columns)
    return evaluate(
        config=config,
        holdout=read_holdout([path], config.dataset),
        champion_profile=None,
        challenger=candidate("challenger", challenger, ChallengerUnreadableError),
        champion=candidate("champion", champion, ChampionUnreadableError),
    )


@pytest.mark.parametrize("heavy", ["south", "elsewhere"])
def test_the_model_that_is_right_on_the_rows_that_weigh_wins(tmp_path: Path, heavy: str) -> None:
    columns = world.rows()
    south = np.array([region == "south" for region in columns["region"]])
    columns["times"] = np.where(south == (heavy == "south"), 1.0, 1e-6).tolist()
    northern, southern = (world.linear_model(regions=regions) for regions in (NORTHERN, SOUTHERN))
    config = weighted_config(max_slice_regression_share=10.0)
    found = judged(tmp_path, config, columns, southern, northern)
    assert found.verdict.promote == (heavy == "south")
    assert "times" not in found.features
    metrics = found.metrics["challenger"]
    assert metrics is not None
    assert (metrics["rmse_error"] < 6) == (heavy == "south")


def test_the_constant_to_beat_is_that_of_the_rows_that_weigh(tmp_path: Path) -> None:
    columns = world.rows()
    price = np.array(columns["price"])
    columns["times"] = (price > np.quantile(price, 0.9)).astype(float).tolist()
    model = world.linear_model()
    found = judged(tmp_path, weighted_config(), columns, model, model)
    constant = found.metrics["constant"]
    assert constant is not None
    assert constant["rmse_error"] == pytest.approx(np.std(price[price > np.quantile(price, 0.9)]))


def test_rows_that_all_weigh_nothing_judge_no_model(tmp_path: Path) -> None:
    columns = {**world.rows(), "times": [0.0] * 600}
    with pytest.raises(EvaluationError, match="the weight 'times' is 0 in every row of the holdout"):
        judged(tmp_path, weighted_config(), columns, world.linear_model(), world.linear_model())


def classes_of(rare_share: float) -> tuple[dict[str, Any], Any]:
    """Prices named cheap or dear, and a model that takes nearly all of them for cheap."""
    columns = world.rows(2000)
    price = np.array(columns["price"])
    columns["price"] = np.where(price > np.quantile(price, 1 - rare_share), "dear", "cheap").tolist()
    model = world.linear_model(0.3, 0.0, (0.0, 1.5, 0.0), -8.5, classes=("cheap", "dear"))
    return columns, model


def test_each_model_decides_at_its_own_threshold(tmp_path: Path) -> None:
    columns, model = classes_of(0.3)
    threshold = 0.24
    config = world.config("classification", metric="f1_score", max_slice_regression_share=10.0)
    found = judged(tmp_path, config, columns, replace(model, threshold=threshold), model)
    assert (found.threshold, found.champion_threshold) == (threshold, None)
    assert found.verdict.promote
    challenger, champion = found.metrics["challenger"], found.metrics["champion"]
    assert challenger is not None
    assert champion is not None
    assert challenger["f1_score"] > champion["f1_score"] + 0.1
    assert challenger["log_loss_error"] == champion["log_loss_error"]
    chosen = found.challenger[:, 1] >= threshold
    by_group = fairness(found)[0]["groups"]
    shares = sum(group["rows"] * group["chosen_share"] for group in by_group) / len(columns["price"])
    assert shares == pytest.approx(chosen.mean())
    drawn = classification_answers(found.target, found.classes, found.challenger, None, threshold)
    assert np.array(drawn["confusion"])[:, 1].sum() == chosen.sum()


def test_the_champions_threshold_is_its_own_too(tmp_path: Path) -> None:
    columns, model = classes_of(0.3)
    config = world.config("classification", metric="f1_score")
    found = judged(tmp_path, config, columns, model, replace(model, threshold=0.24))
    assert not found.verdict.promote
    assert all(rise <= 1 for rise in found.importance.values())


def test_the_report_says_how_often_intervals_held(tmp_path: Path) -> None:
    model = world.linear_model()
    residuals = np.sort(np.random.default_rng(1).normal(0, 5, 999))
    wide = replace(model, arrays={**model.arrays, "residuals": residuals})
    found = judged(tmp_path, world.config(), world.rows(), wide, model)
    assert found.intervals is not None
    assert found.intervals["coverage_share"] == pytest.approx(0.9, abs=0.04)
    assert found.intervals["width"] == pytest.approx(2 * 1.645 * 5, rel=0.1)


def test_without_residuals_there_are_no_intervals(tmp_path: Path) -> None:
    model = world.linear_model()
    few = replace(model, arrays={**model.arrays, "residuals": np.zeros(5)})
    assert judged(tmp_path, world.config(), world.rows(), few, model).intervals is None
