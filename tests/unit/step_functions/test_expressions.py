"""The JSONata does what its state is there for."""

from __future__ import annotations

import json
import re

import pytest

from tests.unit.step_functions.definition import CONTEXT, STATES, choose, evaluate

DATASET = {
    "accepted": True,
    "version": "0a1b2c",
    "uri": "s3://artifacts/datasets/0a1b2c/",
    "train_uri": "s3://artifacts/datasets/0a1b2c/train/",
    "contract_uri": "s3://artifacts/datasets/0a1b2c/contract/",
    "upload_order": "2026-11-22T02:49:00Z/0055",
}
DOCUMENT = {"bucket": "raw", "key": "incoming/a.csv", "versionId": "v1", "dataset": DATASET}


def described(failure: dict[str, str]) -> dict[str, str]:
    document = evaluate(STATES["DescribeFailure"]["Output"], {**DOCUMENT, "failure": failure})
    assert "failure" not in document
    error: dict[str, str] = document["error"]
    return error


def test_a_lambdas_error_is_told_by_class_and_message() -> None:
    cause = {"errorMessage": 'he said "no"\nand left', "errorType": "LeaseLostError", "stackTrace": ["x"]}
    failure = {"State": "DeployModel", "Error": "LeaseLostError", "Cause": json.dumps(cause)}
    assert described(failure) == {
        "name": "LeaseLostError",
        "message": 'he said "no"\nand left',
        "state": "DeployModel",
    }


def test_a_failed_training_job_is_told_by_its_failure_reason() -> None:
    cause = {"TrainingJobName": "housing-dev-1", "FailureReason": "AlgorithmError: no rows, exit code: 1"}
    failure = {"State": "TrainModel", "Error": "States.TaskFailed", "Cause": json.dumps(cause)}
    assert described(failure)["name"] == "TrainingFailedError"
    assert described(failure)["message"] == "AlgorithmError: no rows, exit code: 1"


def test_a_training_job_that_was_stopped_is_told_by_how_it_ended() -> None:
    cause = {"TrainingJobName": "housing-dev-1", "SecondaryStatus": "MaxRuntimeExceeded"}
    failure = {"State": "TrainModel", "Error": "States.TaskFailed", "Cause": json.dumps(cause)}
    assert described(failure)["name"] == "TrainingFailedError"
    assert described(failure)["message"] == "the training job ended with MaxRuntimeExceeded"


def test_a_training_job_that_could_not_be_started_keeps_its_own_error() -> None:
    failure = {
        "State": "TrainModel",
        "Error": "SageMaker.AmazonSageMakerException",
        "Cause": "User is not authorized to perform: sagemaker:CreateTrainingJob",
    }
    assert described(failure)["name"] == "SageMaker.AmazonSageMakerException"
    assert "sagemaker:CreateTrainingJob" in described(failure)["message"]


def test_a_failure_without_a_cause_still_has_a_message() -> None:
    failure = {"State": "IngestData", "Error": "States.Timeout"}
    assert described(failure)["message"] == "IngestData ended with States.Timeout"


def test_a_cause_cut_off_in_the_middle_does_not_stop_the_clean_up() -> None:
    failure = {"State": "IngestData", "Error": "X", "Cause": '{"errorMessage": "half a sent'}
    assert described(failure)["message"].startswith('{"errorMessage"')


def test_the_job_is_named_after_the_execution_and_within_sagemakers_limits() -> None:
    template = STATES["TrainModel"]["Arguments"]["TrainingJobName"].replace(
        "${TrainingJobPrefix}", "a" * 20 + "-prod"
    )
    name = evaluate(template, DOCUMENT)
    assert re.fullmatch(r"[a-zA-Z0-9](-*[a-zA-Z0-9]){0,62}", name)
    assert re.fullmatch(r"a{20}-prod-[0-9a-f]{16}", name)
    assert name == evaluate(template, DOCUMENT)
    other = {**CONTEXT, "Execution": {**CONTEXT["Execution"], "Name": "housing-2"}}
    assert evaluate(template, DOCUMENT, context=other) != name


def test_a_redriven_execution_gets_a_job_of_its_own() -> None:
    template = STATES["TrainModel"]["Arguments"]["TrainingJobName"]
    redriven = {**CONTEXT, "Execution": {**CONTEXT["Execution"], "RedriveCount": 1}}
    assert evaluate(template, DOCUMENT, context=redriven) != evaluate(template, DOCUMENT)


def test_a_job_that_exists_already_is_looked_up_under_the_same_name() -> None:
    state = STATES["TrainModel"]
    caught = evaluate(state["Catch"][0]["Output"], DOCUMENT, error={"Error": "SageMaker.ResourceInUse"})
    assert caught["training"]["job_name"] == evaluate(state["Arguments"]["TrainingJobName"], DOCUMENT)
    assert state["Catch"][0]["Next"] == "FindTrainingJob"


def test_the_holdout_is_never_given_to_training() -> None:
    assert "holdout" not in json.dumps(STATES["TrainModel"])
    channels = evaluate(STATES["TrainModel"]["Arguments"]["InputDataConfig"], DOCUMENT)
    uris = {c["ChannelName"]: c["DataSource"]["S3DataSource"]["S3Uri"] for c in channels}
    assert uris == {"train": DATASET["train_uri"], "contract": DATASET["contract_uri"]}


def test_a_rejected_dataset_is_told_and_over() -> None:
    rejected = {**DOCUMENT, "dataset": {"accepted": False, "message": "no rows"}}
    name, document = choose("IsDatasetAccepted", rejected)
    assert (name, document["outcome"], document["reason"]) == (
        "NotifyDatasetRejected",
        "DatasetRejected",
        "no rows",
    )
    assert STATES["NotifyDatasetRejected"]["Next"] == "DatasetRejected"
    message = json.loads(evaluate(STATES["NotifyDatasetRejected"]["Arguments"]["Message"], document))
    assert message["reason"] == "no rows"
    assert not message.get("quarantine_uri")
    uri = "s3://artifacts/rejected/0a1b2c/quarantine/quarantine.parquet"
    kept = {**document, "dataset": {**document["dataset"], "quarantine_uri": uri}}
    message = json.loads(evaluate(STATES["NotifyDatasetRejected"]["Arguments"]["Message"], kept))
    assert message["quarantine_uri"] == uri


@pytest.mark.parametrize(
    ("promote", "registered", "expected"),
    [
        (True, False, "RegisterModel"),
        (False, False, "ChallengerRejected"),
        (False, True, "RejectChallenger"),
    ],
)
def test_the_verdict_decides(promote: bool, registered: bool, expected: str) -> None:
    document = {**DOCUMENT, "evaluation": {"verdict": {"promote": promote, "reason": "because"}}}
    if registered:
        document["registration"] = {"model_package_arn": "arn:1"}
    name, after = choose("IsChallengerBetter", document)
    assert name == expected
    if not promote:
        assert (after["outcome"], after["reason"]) == ("ChallengerRejected", "because")


@pytest.mark.parametrize("outcome", ["NotComparable", "ChampionCollapsed"])
def test_what_a_machine_cannot_decide_is_asked_of_a_person(outcome: str) -> None:
    verdict = {"promote": False, "outcome": outcome, "reason": "because", "advice": ["look"]}
    evaluation = {"verdict": verdict, "report_html_uri": "s3://r", "champion_arn": "arn"}
    document = {**DOCUMENT, "evaluation": evaluation}
    name, after = choose("IsChallengerBetter", document)
    assert (name, after["outcome"]) == ("AskOperators", outcome)
    message = json.loads(evaluate(STATES["AskOperators"]["Arguments"]["Message"], after))
    assert (message["outcome"], message["reason"], message["advice"]) == (outcome, "because", ["look"])
    assert message["report_html_uri"] == "s3://r"
    assert choose("WhatIsAsked", after)[0] == outcome
    assert STATES[outcome] == {"Type": "Succeed"}


def test_a_registered_challenger_whose_verdict_went_stale_is_asked_about_after_it_left() -> None:
    verdict = {"promote": False, "outcome": "ChampionCollapsed", "reason": "because"}
    document = {**DOCUMENT, "evaluation": {"verdict": verdict}, "registration": {"a": 1}}
    name, after = choose("IsChallengerBetter", document)
    assert (name, after["outcome"]) == ("RejectChallenger", "ChampionCollapsed")
    assert choose("HowDidItEnd", after)[0] == "AskOperators"


@pytest.mark.parametrize(
    ("status", "expected"),
    [("acquired", "IsVerdictCurrent"), ("superseded", "RejectChallenger"), ("waiting", "WaitForLease")],
)
def test_the_lease_decides_who_deploys(status: str, expected: str) -> None:
    name, document = choose("IsLeaseAcquired", {**DOCUMENT, "lease": {"status": status, "reason": "r"}})
    assert name == expected
    assert document.get("outcome") == ("Superseded" if status == "superseded" else None)


@pytest.mark.parametrize(
    ("now_serving", "judged_against", "expected"),
    [
        ("", "", "DeployModel"),
        ("arn:1", "arn:1", "DeployModel"),
        ("arn:2", "arn:1", "EvaluateModel"),
        ("arn:1", "", "EvaluateModel"),
        ("arn:9", "arn:1", "DeployModel"),
    ],
)
def test_a_verdict_about_a_former_champion_is_made_anew(
    now_serving: str, judged_against: str, expected: str
) -> None:
    document = {
        "lease": {"champion_arn": now_serving},
        "evaluation": {"champion_arn": judged_against},
        "registration": {"model_package_arn": "arn:9"},
    }
    assert choose("IsVerdictCurrent", document)[0] == expected


@pytest.mark.parametrize(
    ("status", "expected", "error"),
    [
        ("baking", "WaitForBake", None),
        ("done", "PromoteChampion", None),
        ("rolled_back", "RejectChallenger", "DeploymentRolledBackError"),
        ("failed", "RejectChallenger", "DeploymentFailedError"),
    ],
)
def test_the_deployments_status_decides(status: str, expected: str, error: str | None) -> None:
    document = {**DOCUMENT, "deployment_status": {"status": status, "reason": "alarm x"}}
    name, after = choose("IsDeploymentOver", document)
    assert name == expected
    assert after.get("error", {}).get("name") == error
    if error:
        assert evaluate(STATES["Failed"]["Error"], after) == error
        assert evaluate(STATES["Failed"]["Cause"], after) == "alarm x"


def test_a_challenger_that_serves_is_not_rejected_for_a_fault_behind_it() -> None:
    failed = {"error": {"name": "X"}, "registration": {}, "deployment_status": {"status": "done"}}
    assert choose("WhatIsLeftBehind", failed)[0] == "ReleaseLease"
    assert choose("WhatIsLeftBehind", {"error": {}, "evaluation": {"a": 1}})[0] == "RejectChallenger"
    assert choose("WhatIsLeftBehind", {"error": {}})[0] == "NotifyOperators"


@pytest.mark.parametrize(
    ("document", "expected", "outcome"),
    [
        ({"promotion": {"champion_arn": "a"}}, "Promoted", "Promoted"),
        ({"outcome": "Superseded"}, "Superseded", "Superseded"),
        ({"outcome": "ChallengerRejected"}, "ChallengerRejected", "ChallengerRejected"),
        ({"error": {"name": "X"}, "promotion": {}}, "NotifyOperators", None),
    ],
)
def test_the_end_tells_the_outcome(document: dict[str, object], expected: str, outcome: str | None) -> None:
    name, after = choose("HowDidItEnd", document)
    assert (name, after.get("outcome")) == (expected, outcome)


def test_a_failing_clean_up_keeps_the_first_error() -> None:
    output = STATES["RejectChallenger"]["Catch"][0]["Output"]
    first = {"name": "DeploymentRolledBackError", "message": "m", "state": "CheckDeployment"}
    kept = evaluate(output, {"error": first}, error={"Error": "EndpointBusyError", "Cause": "busy"})
    assert kept["error"] == first
    alone = evaluate(output, {"outcome": "Superseded"}, error={"Error": "EndpointBusyError"})
    assert alone["error"]["name"] == "EndpointBusyError"


def test_the_reason_of_a_rejection_reaches_the_registry() -> None:
    payload = STATES["RejectChallenger"]["Arguments"]["Payload"]
    superseded = {"registration": {"a": 1}, "outcome": "Superseded", "reason": "newer"}
    assert evaluate(payload, superseded) == {"registration": {"a": 1}, "reason": "Superseded: newer"}
    failed = {"registration": {"a": 1}, "deployment": {"b": 2}, "error": {"name": "E", "message": "m"}}
    assert evaluate(payload, failed) == {
        "registration": {"a": 1},
        "deployment": {"b": 2},
        "reason": "E: m",
    }


def test_only_a_promotion_counts_as_newest_upload() -> None:
    payload = STATES["ReleaseLease"]["Arguments"]["Payload"]
    assert evaluate(payload, {**DOCUMENT, "promotion": {"a": 1}}) == {
        "holder": CONTEXT["Execution"]["Id"],
        "upload_order": DATASET["upload_order"],
        "promoted": True,
    }
    assert evaluate(payload, DOCUMENT)["promoted"] is False


@pytest.mark.parametrize(
    ("status", "expected"),
    [
        ("Completed", "EvaluateModel"),
        ("InProgress", "WaitForTraining"),
        ("Stopping", "WaitForTraining"),
        ("Failed", "DescribeFailure"),
        ("Stopped", "DescribeFailure"),
    ],
)
def test_a_job_found_again_is_followed_to_its_end(status: str, expected: str) -> None:
    document = {**DOCUMENT, "training": {"status": status, "failure_reason": "exit 1"}}
    name, after = choose("IsTrainingOver", document)
    assert name == expected
    if expected == "DescribeFailure":
        error = evaluate(STATES["DescribeFailure"]["Output"], after)["error"]
        assert error == {"name": "TrainingFailedError", "message": "exit 1", "state": "TrainModel"}
