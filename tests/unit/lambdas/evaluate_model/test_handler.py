"""EvaluateModel from its event to its answer, with real artefacts and S3 by moto."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from contracts.documents.models import Evaluation
from contracts.errors import ChallengerUnreadableError, ChampionUnreadableError, EvaluationError
from inference.model import Head, Model
from inference.model.artefact import model_hash
from lambdas.register_model.lineage import description
from tests.unit.lambdas.evaluate_model import world
from tests.unit.lambdas.evaluate_model.conftest import Pipeline

GOOD = world.linear_model()
POOR = world.linear_model(regions=(0.0, 20.0, 0.0))


def test_a_first_model_is_judged_without_a_champion(pipeline: Pipeline) -> None:
    answer = pipeline.evaluate(
        pipeline.add_dataset(world.rows()), pipeline.add_model("job-1", world.artefact_of(GOOD))
    )
    assert answer["verdict"]["promote"] is True
    assert answer["champion"] is None
    assert answer["champion_arn"] == ""
    assert answer["challenger"]["rmse_error"] == pytest.approx(5.0, rel=0.1)
    assert [check["name"] for check in answer["verdict"]["checks"]][:2] == ["baseline", "confidence"]


def test_a_better_challenger_takes_over(pipeline: Pipeline) -> None:
    arn = pipeline.add_champion(world.artefact_of(POOR))
    answer = pipeline.evaluate(
        pipeline.add_dataset(world.rows()), pipeline.add_model("job-2", world.artefact_of(GOOD))
    )
    assert answer["verdict"]["promote"] is True
    assert answer["champion_arn"] == arn
    assert answer["champion"]["rmse_error"] > 2 * answer["challenger"]["rmse_error"]


def test_a_worse_challenger_is_rejected_with_the_reason(pipeline: Pipeline) -> None:
    pipeline.add_champion(world.artefact_of(GOOD))
    answer = pipeline.evaluate(
        pipeline.add_dataset(world.rows()), pipeline.add_model("job-2", world.artefact_of(POOR))
    )
    assert answer["verdict"]["promote"] is False
    assert "worse" in answer["verdict"]["reason"]


def test_the_answer_is_what_registration_takes_and_small_enough_to_pass_on(pipeline: Pipeline) -> None:
    answer = pipeline.evaluate(
        pipeline.add_dataset(world.rows()), pipeline.add_model("job-1", world.artefact_of(GOOD))
    )
    assert description(Evaluation.read(answer)).startswith("rmse_error")
    assert Evaluation.read(answer).as_document() == answer
    assert answer["mlflow_run_id"] == "run-1"
    assert len(answer["model_hash"]) == 64
    assert answer["holdout_rows"] == 600
    assert len(json.dumps(answer)) < 10_000


def test_the_report_lies_beside_the_evaluation_and_in_mlflow(pipeline: Pipeline) -> None:
    answer = pipeline.evaluate(
        pipeline.add_dataset(world.rows()), pipeline.add_model("job-1", world.artefact_of(GOOD))
    )
    assert answer["report_uri"] == "s3://artifacts/evaluations/job-1/report.json"
    html = pipeline.get(answer["report_html_uri"])
    assert html["ContentType"] == "text/html; charset=utf-8"
    report = pipeline.get(answer["report_uri"])
    assert report["ContentType"] == "application/json"
    assert json.loads(report["Body"].read())["verdict"] == answer["verdict"]
    kept = pipeline.get("s3://artifacts/mlflow/1/run-1/artifacts/evaluation/report.html")
    assert kept["Body"].read() == html["Body"].read()
    assert pipeline.mlflow.metrics["holdout_rmse_error"] == answer["challenger"]["rmse_error"]
    assert pipeline.mlflow.tags["run-1", "promote"] == "true"


def test_a_model_without_a_run_is_not_logged(pipeline: Pipeline) -> None:
    made = world.artefact_of(GOOD, mlflow_run_id="")
    pipeline.evaluate(pipeline.add_dataset(world.rows()), pipeline.add_model("job-1", made))
    assert pipeline.mlflow.metrics == {}


@pytest.mark.parametrize("body", [b"", b"garbage"])
def test_a_champion_that_cannot_be_read_fails_clearly_and_stays(pipeline: Pipeline, body: bytes) -> None:
    arn = pipeline.add_champion(body)
    dataset, training = pipeline.add_dataset(world.rows()), pipeline.add_model("j", world.artefact_of(GOOD))
    with pytest.raises(
        ChampionUnreadableError, match=r"cannot be loaded.*It serves on\. Reject the package"
    ) as caught:
        pipeline.evaluate(dataset, training)
    assert arn in str(caught.value)
    assert pipeline.sagemaker.package(arn)["ModelApprovalStatus"] == "Approved"
    assert {name for name, _ in pipeline.sagemaker.calls} <= {
        "DescribeEndpoint",
        "ListModelPackages",
        "DescribeModelPackage",
    }


def test_a_champion_that_is_gone_fails_clearly(pipeline: Pipeline) -> None:
    arn = pipeline.add_champion(world.artefact_of(POOR))
    pipeline.s3.delete_object(Bucket="artifacts", Key="training/champion/output/model.tar.gz")
    dataset, training = pipeline.add_dataset(world.rows()), pipeline.add_model("j", world.artefact_of(GOOD))
    with pytest.raises(ChampionUnreadableError, match="does not exist") as caught:
        pipeline.evaluate(dataset, training)
    assert arn in str(caught.value)


def test_a_champion_that_lost_its_answers_fails_clearly(pipeline: Pipeline) -> None:
    made = world.artefact_of(POOR)
    made.check_answers[0] += 1
    pipeline.add_champion(made)
    dataset, training = pipeline.add_dataset(world.rows()), pipeline.add_model("j", world.artefact_of(GOOD))
    with pytest.raises(ChampionUnreadableError, match="self check: row 1"):
        pipeline.evaluate(dataset, training)


def test_a_challenger_that_lost_its_answers_is_rejected(pipeline: Pipeline) -> None:
    made = world.artefact_of(GOOD)
    made.check_answers[0] += 1
    answer = pipeline.evaluate(pipeline.add_dataset(world.rows()), pipeline.add_model("j", made))
    assert answer["verdict"]["promote"] is False
    assert "does not repeat its own answers" in answer["verdict"]["reason"]


def test_a_challenger_that_cannot_be_read_is_told_apart(pipeline: Pipeline) -> None:
    dataset, training = pipeline.add_dataset(world.rows()), pipeline.add_model("j", b"garbage")
    with pytest.raises(ChallengerUnreadableError, match=r"challenger at s3://artifacts/training/j/"):
        pipeline.evaluate(dataset, training)


@pytest.mark.parametrize(
    ("model", "manifest", "reason"),
    [
        (world.linear_model(classes=("no", "yes")), {}, "with classes"),
        (GOOD, {"target": "rent"}, "answers 'rent'"),
        (world.linear_model(size=float("nan")), {}, "answers row 1 of the holdout with"),
    ],
)
def test_a_challenger_of_another_kind_is_unreadable(
    pipeline: Pipeline, model: Any, manifest: dict[str, str], reason: str
) -> None:
    dataset = pipeline.add_dataset(world.rows())
    training = pipeline.add_model("j", world.artefact_of(model, **manifest))
    with pytest.raises(ChallengerUnreadableError, match=reason):
        pipeline.evaluate(dataset, training)


def test_a_challenger_that_compiled_code_must_not_follow_is_unreadable(pipeline: Pipeline) -> None:
    weights = np.ones((2, 1))
    broken = replace(GOOD, arrays={"weights": weights})
    made = world.artefact_of(GOOD, model_hash=model_hash(broken))
    dataset = pipeline.add_dataset(world.rows())
    training = pipeline.add_model("j", replace(made, model=broken))
    with pytest.raises(ChallengerUnreadableError, match=r"'weights' has the shape \(2, 1\)"):
        pipeline.evaluate(dataset, training)


@pytest.mark.parametrize("lost", ["contract/contract.json", "holdout/holdout.parquet"])
def test_a_lost_part_of_the_dataset_is_named(pipeline: Pipeline, lost: str) -> None:
    dataset, training = pipeline.add_dataset(world.rows()), pipeline.add_model("j", world.artefact_of(GOOD))
    pipeline.s3.delete_object(Bucket="artifacts", Key=f"datasets/v2/{lost}")
    with pytest.raises(EvaluationError, match=lost):
        pipeline.evaluate(dataset, training)


def test_data_that_moved_away_from_the_champions_hold_back(pipeline: Pipeline) -> None:
    old = pipeline.add_dataset(world.rows(), "v1")
    pipeline.add_champion(world.artefact_of(POOR), dataset_uri=old["uri"])
    moved = world.rows()
    moved["size"] = [value + 30 for value in moved["size"]]
    moved["price"] = [value + 300 for value in moved["price"]]
    answer = pipeline.evaluate(pipeline.add_dataset(moved), pipeline.add_model("j", world.artefact_of(GOOD)))
    drift = next(check for check in answer["verdict"]["checks"] if check["name"] == "drift")
    assert not drift["passed"]
    assert "has moved most" in answer["verdict"]["reason"]


def test_a_champion_whose_data_are_gone_is_compared_without_drift(pipeline: Pipeline) -> None:
    pipeline.add_champion(world.artefact_of(POOR), dataset_uri="s3://artifacts/datasets/gone/")
    answer = pipeline.evaluate(
        pipeline.add_dataset(world.rows()), pipeline.add_model("j", world.artefact_of(GOOD))
    )
    assert "drift" not in [check["name"] for check in answer["verdict"]["checks"]]


def labelled(seed: int = 0, names: tuple[str, str] = ("no", "yes")) -> dict[str, Any]:
    rows = world.rows(seed=seed)
    middle = np.median(rows["price"])
    return {**rows, "price": [names[int(value > middle)] for value in rows["price"]]}


def test_classifiers_are_compared_by_class_whatever_their_order(pipeline: Pipeline) -> None:
    """The champion knows the classes the other way round, and one that is no more."""
    pipeline.config = world.config("classification")
    sharp = world.linear_model(1.0, 0.0, (0.0, 5.0, 0.0), -22.0, classes=("no", "yes"))
    turned = world.linear_model(-0.1, 0.0, (0.0, -0.5, 0.0), 2.2, classes=("yes", "no"))
    pipeline.add_champion(world.artefact_of(turned))
    answer = pipeline.evaluate(
        pipeline.add_dataset(labelled()), pipeline.add_model("j", world.artefact_of(sharp))
    )
    assert answer["metric"] == "log_loss_error"
    assert answer["challenger"]["accuracy_score"] > 0.9
    assert answer["champion"]["accuracy_score"] == pytest.approx(
        answer["challenger"]["accuracy_score"], abs=0.05
    )
    assert answer["champion"]["roc_auc_score"] > 0.9
    assert answer["verdict"]["promote"] is True


def test_a_class_that_no_model_knows_counts_against_both(pipeline: Pipeline) -> None:
    pipeline.config = world.config("classification")
    model = world.linear_model(1.0, 0.0, (0.0, 5.0, 0.0), -22.0, classes=("no", "yes"))
    rows = labelled()
    rows["price"][:10] = ["maybe"] * 10
    answer = pipeline.evaluate(pipeline.add_dataset(rows), pipeline.add_model("j", world.artefact_of(model)))
    assert answer["challenger"]["accuracy_score"] < 1.0
    assert answer["challenger"]["log_loss_error"] > 0.5


def test_three_classes_are_judged_and_drawn(pipeline: Pipeline) -> None:
    pipeline.config = world.config("classification", metric="accuracy_score")
    rows = world.rows()
    low, high = np.quantile(rows["price"], [1 / 3, 2 / 3])
    rows["price"] = [str(int(value > low) + int(value > high)) for value in rows["price"]]
    weights = np.array([[-1.0, 0.0, 1.0], [0.0] * 3, [0.0] * 3, [0.0] * 3, [-5.0, 0.0, 5.0], [0.0] * 3])
    head = Head("linear", 3, (20.0, 0.0, -24.0), link="softmax")
    model = Model(world.COLUMNS, world.STEPS, head, (0, 1, 2), {"weights": weights})
    answer = pipeline.evaluate(pipeline.add_dataset(rows), pipeline.add_model("j", world.artefact_of(model)))
    assert answer["challenger"]["accuracy_score"] > 0.6
    assert answer["challenger"]["roc_auc_score"] > 0.8
    assert answer["verdict"]["promote"] is True
    report = json.loads(pipeline.get(answer["report_uri"])["Body"].read())
    assert len(report["answers"]["confusion"]) == 3
    assert "right_share" in report["fairness"][0]["groups"][0]


def test_a_second_run_says_the_same(pipeline: Pipeline) -> None:
    pipeline.add_champion(world.artefact_of(POOR))
    dataset, training = pipeline.add_dataset(world.rows()), pipeline.add_model("j", world.artefact_of(GOOD))
    one, other = (pipeline.evaluate(dataset, training) for _ in range(2))
    timed = [check for check in one["verdict"]["checks"] if check["name"] != "latency"]
    assert timed == [check for check in other["verdict"]["checks"] if check["name"] != "latency"]
    assert one["challenger"] == other["challenger"]


def test_a_dataset_in_parts_is_judged_as_one_file_of_the_same_rows(pipeline: Pipeline) -> None:
    training = pipeline.add_model("j", world.artefact_of(GOOD))
    rows = world.rows()
    aside = [{"line": 7, "column": "size", "rule": "type", "value": "big"}]
    dataset = pipeline.add_dataset(rows, quarantined=aside)
    whole = pipeline.evaluate(dataset, training)
    for number, part in enumerate((slice(0, 150), slice(150, None))):
        columns = {name: values[part] for name, values in rows.items()}
        path = world.write_parquet(pipeline.scratch / "part.parquet", columns)
        pipeline.put(f"datasets/v2/parts/part-{number:05d}.parquet", path.read_bytes())
    named = {name: [row[name] for row in aside] for name in aside[0]}
    path = world.write_parquet(pipeline.scratch / "q.parquet", {"part": ["b.csv"], **named})
    pipeline.put("datasets/v2/aside/part-00001.parquet", path.read_bytes())
    folders = {"holdout_uri": f"{dataset['uri']}parts/", "quarantine_uri": f"{dataset['uri']}aside/"}
    answer = pipeline.evaluate({**dataset, **folders}, training)
    assert answer["challenger"] == whole["challenger"]
    assert "line 7 of b.csv" in pipeline.get(answer["report_html_uri"])["Body"].read().decode()
    with pytest.raises(EvaluationError, match="none/ holds nothing"):
        pipeline.evaluate({**dataset, "holdout_uri": f"{dataset['uri']}none/"}, training)
