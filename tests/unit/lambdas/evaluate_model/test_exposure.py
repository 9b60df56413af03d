"""No champion is judged on rows that it was trained on, whatever became of the data."""

from __future__ import annotations

import json
from typing import Any

import numpy as np
import pytest

from contracts.pipeline_config import PipelineConfig
from tests.unit.lambdas.evaluate_model import world
from tests.unit.lambdas.evaluate_model.conftest import Pipeline

GOOD = world.linear_model()
POOR = world.linear_model(regions=(0.0, 20.0, 0.0))
FRESH = world.rows(200, seed=50)


def joined(*parts: dict[str, Any]) -> dict[str, Any]:
    return {name: [value for part in parts for value in part[name]] for name in parts[0]}


def head(columns: dict[str, Any], count: int) -> dict[str, Any]:
    return {name: values[:count] for name, values in columns.items()}


def judged(pipeline: Pipeline, holdout: dict[str, Any], **properties: str) -> tuple[dict[str, Any], Any]:
    """The answer and the report, of a champion that was trained on `world.rows(800, seed=9)`."""
    known = world.rows(800, seed=9)
    if not properties:
        properties["dataset_uri"] = pipeline.add_dataset(FRESH, "old", train=known)["uri"]
    pipeline.add_champion(world.artefact_of(POOR), **properties)
    answer = pipeline.evaluate(
        pipeline.add_dataset(holdout), pipeline.add_model("new", world.artefact_of(GOOD))
    )
    return answer, json.loads(pipeline.get(answer["report_uri"])["Body"].read())


KNOWN = world.rows(800, seed=9)


@pytest.mark.parametrize(
    "change",
    [
        lambda rows: rows,
        lambda rows: {**rows, "price": rows["price"][::-1]},  # other answers
        lambda rows: {**rows, "age": [age + 1 for age in rows["age"]]},  # every row has a corrected cell
        lambda rows: {**rows, "region": [world.REGIONS[0]] * len(rows["region"])},
    ],
)
def test_rows_that_the_champion_was_trained_on_are_dropped_even_when_changed(
    pipeline: Pipeline, change: Any
) -> None:
    holdout = joined(change(head(KNOWN, 400)), FRESH)
    answer, report = judged(pipeline, holdout)
    assert report["overlap"]["holdout_rows"] == 600
    assert 180 <= report["overlap"]["new_to_both"] <= 200
    assert answer["holdout_rows"] == report["overlap"]["new_to_both"]
    assert answer["verdict"]["promote"] is True


def test_an_added_column_does_not_hide_that_rows_are_known(pipeline: Pipeline) -> None:
    """The contract has one more column than the champion's had; its sketch goes by the champion's."""
    old = pipeline.add_dataset(FRESH, "old", train=KNOWN)
    document = pipeline.config.as_document()
    document["dataset"]["columns"].insert(0, {"name": "colour", "type": "category"})
    pipeline.config = type(pipeline.config).from_document(document)
    holdout = joined(head(KNOWN, 400), FRESH)
    holdout["colour"] = ["red", "blue", "green"] * 200
    train = {**world.rows(2400, seed=77), "colour": ["red"] * 2400}
    pipeline.add_champion(world.artefact_of(POOR), dataset_uri=old["uri"])
    dataset = pipeline.add_dataset(holdout, train=train)
    answer = pipeline.evaluate(dataset, pipeline.add_model("new", world.artefact_of(GOOD)))
    assert 180 <= answer["holdout_rows"] <= 200


def test_the_sketch_that_an_evaluation_leaves_serves_when_the_dataset_is_gone(pipeline: Pipeline) -> None:
    dataset = pipeline.add_dataset(FRESH, "old", train=KNOWN)
    first = pipeline.evaluate(dataset, pipeline.add_model("champion", world.artefact_of(POOR)))
    assert first["trained_on_uri"] == "s3://artifacts/evaluations/champion/trained_on.sketch"
    assert len(pipeline.get(first["trained_on_uri"])["Body"].read()) <= 2 * 800 + 400
    holdout = joined(head(KNOWN, 400), FRESH)
    answer, _ = judged(
        pipeline, holdout, trained_on_uri=first["trained_on_uri"], dataset_uri="s3://artifacts/gone/"
    )
    assert 180 <= answer["holdout_rows"] <= 200


def test_a_person_decides_where_nobody_knows_what_the_champion_was_trained_on(pipeline: Pipeline) -> None:
    answer, report = judged(pipeline, FRESH, dataset_uri="s3://artifacts/datasets/gone/")
    assert answer["verdict"]["promote"] is False
    assert answer["verdict"]["outcome"] == "NotComparable"
    assert "nobody knows which rows the champion was trained on" in answer["verdict"]["reason"]
    assert "s3://artifacts/datasets/gone/" in answer["verdict"]["reason"]
    assert report["overlap"]["new_to_both"] is None
    assert answer["champion_arn"]


def test_too_few_new_rows_are_not_comparable(pipeline: Pipeline) -> None:
    answer, _ = judged(pipeline, joined(head(KNOWN, 500), head(FRESH, 10)))
    assert answer["verdict"]["outcome"] == "NotComparable"
    assert "of 510 rows of the holdout are new to the champion" in answer["verdict"]["reason"]
    assert "needs 20" in answer["verdict"]["reason"]


def test_labels_of_other_rows_replace_no_champion(pipeline: Pipeline) -> None:
    """A misaligned join: the same rows, each with another's answer. Whatever was learnt from them is no
    better than the mean, and that the champion isn't either is no proof against it."""
    pipeline.add_champion(world.artefact_of(GOOD))
    holdout = world.rows(600, seed=5)
    holdout["price"] = np.random.default_rng(1).permutation(holdout["price"]).tolist()
    mean = float(np.mean(holdout["price"]))
    flat = world.linear_model(size=0.0, age=0.0, regions=(0.0, 0.0, 0.0), intercept=mean)
    answer = pipeline.evaluate(
        pipeline.add_dataset(holdout), pipeline.add_model("j", world.artefact_of(flat))
    )
    assert answer["challenger"]["rmse_error"] < answer["champion"]["rmse_error"]
    assert answer["verdict"]["outcome"] == "ChampionCollapsed"


def placed(columns: dict[str, Any], places: Any) -> dict[str, Any]:
    return {**columns, "greenlight_fold": np.asarray(places, dtype=np.int64).tolist()}


def test_by_position_rows_alike_are_new_unless_they_had_the_place(pipeline: Pipeline) -> None:
    pipeline.config = PipelineConfig.from_document(
        {**pipeline.config.as_document(), "split": {"by": "position"}}
    )
    alike = head(KNOWN, 400)
    old = pipeline.add_dataset(placed(FRESH, range(9000, 9200)), "old", train=placed(alike, range(400)))
    pipeline.add_champion(world.artefact_of(POOR), dataset_uri=old["uri"])
    holdout = placed(joined(alike, alike), [*range(400), *range(1000, 1400)])
    train = placed(alike, range(2000, 2400))
    answer = pipeline.evaluate(
        pipeline.add_dataset(holdout, train=train), pipeline.add_model("new", world.artefact_of(GOOD))
    )
    report = json.loads(pipeline.get(answer["report_uri"])["Body"].read())
    assert 390 <= report["overlap"]["new_to_both"] <= 400
    assert report["overlap"]["looked_at"] == 0
    assert "known by its place in the file" in pipeline.get(answer["report_html_uri"])["Body"].read().decode()
