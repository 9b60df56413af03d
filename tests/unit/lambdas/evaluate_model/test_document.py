"""What the report for machines says, figure by figure."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from lambdas.evaluate_model.report.answers import classification_answers, regression_answers
from tests.unit.lambdas.evaluate_model.documents import document


@pytest.fixture(scope="module")
def regression(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    return document(tmp_path_factory.mktemp("regression"))


@pytest.fixture(scope="module")
def classification(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    return document(tmp_path_factory.mktemp("classification"), "classification")


def test_rows_are_counted_by_what_became_of_them(regression: dict[str, Any]) -> None:
    assert regression["rows"] == {"train": 3200, "quarantined": 7, "holdout": 800, "judged": 800}


def test_slices_cover_the_holdout_with_both_models_figures(regression: dict[str, Any]) -> None:
    slices = regression["slices"]
    assert sum(part["rows"] for part in slices) == 800
    south = next(part for part in slices if part["value"] == "south")
    assert south["challenger"] < south["champion"]
    assert south["gain_share"] == pytest.approx(1 - south["challenger"] / south["champion"])
    assert {part["judged"] for part in slices} == {True}


def test_groups_of_a_regression_show_mean_answer_and_mean_truth(regression: dict[str, Any]) -> None:
    (found,) = regression["fairness"]
    assert found["column"] == "age"
    assert sum(group["rows"] for group in found["groups"]) == 800
    for group in found["groups"]:
        assert abs(group["mean_answer"] - group["mean_truth"]) < 15
    figures = [group["metric"] for group in found["groups"]]
    assert found["spread"] == pytest.approx(max(figures) - min(figures))


def test_groups_of_two_classes_show_how_often_the_second_is_chosen(classification: dict[str, Any]) -> None:
    for group in classification["fairness"][0]["groups"]:
        assert 0.2 < group["chosen_share"] < 0.8
        assert group["true_positive_share"] > 0.7
        assert group["false_positive_share"] < 0.3


def test_every_resample_is_in_the_histogram_of_gains(regression: dict[str, Any]) -> None:
    gains = regression["gains"]
    assert sum(gains["counts"]) == gains["resamples"] == 1000
    low, high = gains["interval"]
    (gain,) = [check for check in regression["verdict"]["checks"] if check["name"] == "gain"]
    assert low < gain["figure"] < high


def test_explanations_rank_the_columns(regression: dict[str, Any]) -> None:
    assert next(iter(regression["importance"])) == "size"
    assert regression["shap"]["columns"][0]["column"] == "size"
    assert regression["shap"]["of"] == "predicted price"
    region = next(column for column in regression["shap"]["columns"] if column["column"] == "region")
    assert set(region["levels"]) == {None}


def test_lineage_leads_back_to_upload_job_and_champion(regression: dict[str, Any]) -> None:
    lineage = regression["lineage"]
    assert lineage["training_job_name"] == "housing-dev-0123456789abcdef"
    assert lineage["dataset_version"] == "90859892bde433b2bf1c"
    assert lineage["champion_training_job_name"] == "housing-dev-fedcba9876543210"
    assert lineage["source_uri"].startswith("s3://raw/incoming/")


def test_residuals_beyond_the_edges_are_kept_in_the_outermost_bins() -> None:
    target = np.concatenate([np.random.default_rng(0).normal(0, 1, 999), [1e9]])
    found = regression_answers(target, np.zeros(1000), None)
    assert sum(found["residuals"]["counts"]["challenger"]) == 1000
    assert sum(map(sum, found["predicted"]["counts"])) == 1000
    assert found["residuals"]["edges"][-1] < 10


def test_a_perfect_model_of_a_lone_value_can_still_be_drawn() -> None:
    found = regression_answers(np.full(5, 2.0), np.full(5, 2.0), np.full(5, 2.0))
    assert sum(map(sum, found["predicted"]["counts"])) == 5
    assert found["within"]["challenger"]["0.8"] == 0.0


def test_calibration_leaves_out_bins_of_few_rows() -> None:
    target = np.array([0, 1] * 50)
    probabilities = np.tile([[0.35, 0.65]], (100, 1))
    probabilities[0] = [0.95, 0.05]
    found = classification_answers(target, ("no", "yes"), probabilities, None)
    (point,) = found["calibration"]["challenger"]
    assert point == {"said": pytest.approx(0.65), "so": pytest.approx(50 / 99), "rows": 99}
    assert found["confusion"] == [[1, 49], [0, 50]]


def test_a_report_of_one_row_is_made(tmp_path: Path) -> None:
    """Statistics of a single row are poor, and no reason to fall over."""
    found = regression_answers(np.array([1.0]), np.array([2.0]), None)
    assert found["residuals"]["quantiles"]["challenger"]["0.5"] == -1.0


def test_several_classes_are_calibrated_each_by_itself() -> None:
    """Red is always given a third and comes half of the time; two classes need no such table."""
    target = np.array([0, 0, 1, 2] * 50)
    thirds = np.full((200, 3), 1 / 3)
    found = classification_answers(target, ("red", "green", "blue"), thirds, None)
    red, green, _ = found["calibration_by_class"]
    assert (red["class"], red["so"]) == ("red", 0.5)
    assert red["off"] == pytest.approx(1 / 6)
    assert green["off"] == pytest.approx(1 / 12)
    two = classification_answers(target.clip(0, 1), ("no", "yes"), np.full((200, 2), 0.5), None)
    assert two["calibration_by_class"] == []
