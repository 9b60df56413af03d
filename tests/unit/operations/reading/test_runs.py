"""What a run came to, why, and what it made, in words."""

from __future__ import annotations

from typing import Any

import pytest

from operations.reading import diff, lineage
from operations.reading.endpoint import Endpoint
from tests.unit.operations.reading.runs import Events, run

CONFIG = "housing-dev-0123456789abcdef"
DATASET = {"accepted": True, "version": "fcdf53", "rows": 20000, "train_rows": 16000, "holdout_rows": 4000}
EVALUATION = {
    "metric": "rmse_error",
    "challenger": {"rmse_error": 42737.0},
    "champion": {"rmse_error": 45432.0},
    "verdict": {"promote": True, "reason": "5.93% better"},
}
PROMOTED: dict[str, Any] = {
    "outcome": "Promoted",
    "dataset": DATASET,
    "training": {"job_name": CONFIG},
    "evaluation": EVALUATION,
    "registration": {"model_package_version": 3.0},
    "deployment": {"config_name": CONFIG},
    "promotion": {"proof": "proven"},
}


def test_a_promoted_run_says_why_by_its_verdict():
    found = run(document=PROMOTED)
    assert (found.outcome, found.is_good) == ("Promoted", True)
    assert found.meaning == "the new model serves"
    assert found.reason == "5.93% better"
    assert (found.model_version, found.training_job, found.way_on) == (3, CONFIG, "")


def test_one_that_nobody_proved_says_so_and_what_to_do():
    document = PROMOTED | {
        "promotion": {"proof": "unproven"},
        "deployment_status": {"reason": "3 requests of 20"},
    }
    found = run(document=document)
    assert found.meaning.endswith("though it answered too few requests to be proved: 3 requests of 20")
    assert "send traffic" in found.way_on


def test_a_rejected_dataset_gives_its_message():
    document = {"dataset": {"accepted": False, "message": "ocean_proximity: 3 rows"}}
    events = Events()
    events.enter("DatasetRejected", "Succeed")
    found = run(document=document, events=events)
    assert (found.outcome, found.reason, found.is_good) == (
        "DatasetRejected",
        "ocean_proximity: 3 rows",
        False,
    )


def test_a_verdict_gives_its_own_advice():
    verdict = {"promote": False, "reason": "no better", "advice": ["More rows.", "Other columns."]}
    found = run(document={"outcome": "ChallengerRejected", "evaluation": {"verdict": verdict}})
    assert found.way_on == "More rows. Other columns."
    assert found.is_good is None


def test_a_failure_names_its_cause_and_where_it_came_from():
    events = Events()
    for state, error in (("CheckPreconditions", "Lambda.Unknown"), ("TrainModel", "TrainingFailedError")):
        events.enter(state)
        events.attempt()
        events.fail(error, "why")
        events.leave(state)
    found = run(
        "FAILED",
        error="TrainingFailedError",
        cause="no rows are left",
        document={"error": {"name": "TrainingFailedError", "message": "m", "state": "TrainModel"}},
        events=events,
    )
    assert (found.outcome, found.reason) == ("TrainingFailedError", "no rows are left")
    assert found.failed_visit is not None
    assert found.failed_visit.state == "TrainModel"
    assert found.meaning == "the training job ended without a model"


def test_an_error_without_words_leads_to_the_runbook():
    found = run("FAILED", error="NeverSeenError", cause="x")
    assert (found.meaning, found.way_on) == (
        "the execution failed",
        "look the error up in docs/runbook.md#executionfailed",
    )
    assert run("ABORTED").way_on == "read docs/runbook.md#executionaborted"


def test_a_run_that_goes_on_says_where_it_is():
    events = Events()
    events.enter("TrainModel")
    found = run("RUNNING", events=events)
    assert (found.outcome, found.reason, found.is_good) == ("RUNNING", "it is in TrainModel", None)
    assert run("RUNNING").reason == "it has just begun"


def test_a_rollback_is_no_upload():
    found = run(
        given={"rollback": {"reason": "prices fell"}}, document={"rollback": {"reason": "prices fell"}}
    )
    assert found.upload == "a rollback by hand"
    assert lineage.of_run(found, Endpoint(name="e"))[0].facts["why"] == "prices fell"


def test_a_rollback_that_was_promoted_gives_the_wish_as_its_reason():
    document = {"outcome": "Promoted", "rollback": {"reason": "prices fell"}}
    assert run(given={"rollback": {"reason": "prices fell"}}, document=document).reason == "prices fell"
    assert run(given={"rollback": {}}, document={"outcome": "Promoted"}).reason == "somebody asked for it"


def states(found: tuple[lineage.Step, ...]) -> list[tuple[str, str]]:
    return [(step.kind, step.state) for step in found]


def test_lineage_goes_from_upload_to_endpoint():
    found = lineage.of_run(run(document=PROMOTED), Endpoint(name="e", status="InService", config_name=CONFIG))
    assert [step.state for step in found] == ["done"] * 6
    assert [step.kind for step in found][0::5] == ["upload", "endpoint"]
    assert found[5].name == "serves now"
    assert found[3].facts["challenger rmse_error"] == "42,737"


def test_a_champion_that_was_replaced_did_serve():
    found = lineage.of_run(
        run(document=PROMOTED), Endpoint(name="e", status="InService", config_name="other")
    )
    assert found[5].name.startswith("served, until")


@pytest.mark.parametrize(
    ("document", "status", "expected"),
    [
        ({}, "RUNNING", ["done"] + ["missing"] * 5),
        (
            {"dataset": {"accepted": False, "message": "m"}},
            "SUCCEEDED",
            ["done", "refused"] + ["missing"] * 4,
        ),
        (
            {key: value for key, value in PROMOTED.items() if key not in ("promotion", "outcome")}
            | {"rejection": {"reason": "r", "kept": False}},
            "FAILED",
            ["done", "done", "done", "done", "refused", "refused"],
        ),
    ],
)
def test_lineage_ends_where_the_run_did(document: dict[str, Any], status: str, expected: list[str]):
    found = lineage.of_run(run(status, document=document), Endpoint(name="e"))
    assert [step.state for step in found] == expected


def test_a_difference_is_told_by_its_path_and_what_is_equal_is_not():
    before: dict[str, dict[str, Any]]
    before = {"data": {"rows": 10, "uri": "a"}, "slices": {"slices": [{"name": "INLAND", "rmse_error": 1.0}]}}
    after: dict[str, dict[str, Any]]
    after = {"data": {"rows": 20, "uri": "a"}, "slices": {"slices": [{"name": "INLAND", "rmse_error": 2.0}]}}
    found = diff.of(before, after)
    assert [(d.part, d.key, d.before, d.after) for d in found] == [
        ("data", "rows", 10, 20),
        ("slices", "slices.INLAND.rmse_error", 1.0, 2.0),
    ]


def test_a_key_of_one_model_alone_is_a_difference():
    assert [(d.key, d.before, d.after) for d in diff.of({"p": {}}, {"p": {"seed": 42}})] == [
        ("seed", None, 42)
    ]
