"""The definition keeps its agreements with the rest of the repository."""

from __future__ import annotations

import inspect

import jsonata
import pytest

from contracts import errors, settings
from contracts.names import folder_of
from tests.unit.step_functions.definition import (
    DEFINITION,
    PART_STATES,
    ROOT,
    STATES,
    SUBSTITUTIONS,
    TASKS,
    nexts,
)

LAMBDA = "arn:aws:states:::lambda:invoke"
KNOWN_SUBSTITUTIONS = {
    "AlarmTopicArn",
    "ApprovalTimeoutHours",
    "ArtifactBucketName",
    "ArtifactKeyArn",
    "EndpointRoleName",
    "ExperimentName",
    "MlflowTrackingUri",
    "PipelineName",
    "StageName",
    "TrainingImageUri",
    "TrainingInstanceType",
    "TrainingJobPrefix",
    "TrainingRoleArn",
    "TrainingSeed",
}


def test_every_state_is_reachable_and_every_next_exists() -> None:
    seen: set[str] = set()
    waiting = [DEFINITION["StartAt"]]
    while waiting:
        name = waiting.pop()
        if name not in seen:
            seen.add(name)
            waiting += nexts(STATES[name])
    assert seen == set(STATES)


def test_every_state_leads_to_an_end() -> None:
    ending = {name for name, state in STATES.items() if state["Type"] in ("Succeed", "Fail")}
    while more := {name for name, state in STATES.items() if nexts(state) & ending} - ending:
        ending |= more
    assert ending == set(STATES)


@pytest.mark.parametrize("name", TASKS)
def test_every_task_has_a_timeout_retries_and_a_catch_for_everything(name: str) -> None:
    task = TASKS[name]
    assert task["TimeoutSeconds"] > 0
    assert task["Retry"]
    assert all(retry["JitterStrategy"] == "FULL" and retry["MaxAttempts"] >= 1 for retry in task["Retry"])
    assert task["Catch"][-1]["ErrorEquals"] == ["States.ALL"]


@pytest.mark.parametrize(
    "name", [name for name, task in TASKS.items() if task["Resource"].startswith(LAMBDA)]
)
def test_every_lambda_state_has_the_folder_and_the_settings_of_its_name(name: str) -> None:
    function = TASKS[name]["Arguments"]["FunctionName"]
    assert function == f"${{{name}Arn}}"
    assert (ROOT / "lambdas" / folder_of(name) / "handler.py").is_file()
    assert hasattr(settings, f"{name}Settings")


def test_every_lambda_folder_is_a_state_or_stands_outside_on_purpose() -> None:
    folders = {path.parent.name for path in (ROOT / "lambdas").glob("*/handler.py")}
    outside = {"check_standing", "check_uploads", "scale_fleet", "start_execution", "teardown"}
    front = {"accept_labels", "authorize_caller", "predict"}
    monitoring = {"judge_drift", "judge_quality", "publish_monitoring", "read_window", "start_retraining"}
    stream, batch = {"accept_records", "close_hours", "pull_source"}, {"prepare_batch", "finish_batch"}
    outside |= front | monitoring | stream | batch
    assert folders == {folder_of(name) for name in TASKS if f"{name}Arn" in SUBSTITUTIONS} | outside


def test_only_agreed_substitutions_are_used() -> None:
    assert {name for name in SUBSTITUTIONS if name not in {f"{s}Arn" for s in TASKS}} == KNOWN_SUBSTITUTIONS


def test_every_caught_or_raised_class_exists() -> None:
    known = {name for name, _ in inspect.getmembers(errors, inspect.isclass)}
    botocore = {
        "EndpointConnectionError",
        "ConnectTimeoutError",
        "ReadTimeoutError",
        "ConnectionClosedError",
    }
    named = {
        error
        for task in TASKS.values()
        for rule in [*task["Retry"], *task["Catch"]]
        for error in rule["ErrorEquals"]
        if "." not in error
    }
    assert named - botocore <= known
    for raised in ("DeploymentRolledBackError", "DeploymentFailedError", "TrainingFailedError"):
        assert raised in known


def test_a_wait_never_spins() -> None:
    waits = {name: state["Seconds"] for name, state in STATES.items() if state["Type"] == "Wait"}
    assert waits == {
        "WaitForTraining": 30,
        "WaitForLease": 20,
        "WaitForBake": "{% $states.input.deployment.check_after_seconds %}",
    }


def expressions(value: object) -> list[str]:
    if isinstance(value, dict):
        return [text for item in value.values() for text in expressions(item)]
    if isinstance(value, list):
        return [text for item in value for text in expressions(item)]
    return [value] if isinstance(value, str) and value.startswith("{%") else []


@pytest.mark.parametrize("expression", sorted(set(expressions(DEFINITION))))
def test_every_expression_parses(expression: str) -> None:
    assert expression.endswith("%}")
    jsonata.Jsonata.jsonata(expression[2:-2])


def test_failures_after_registration_release_the_lease_and_tell_the_operators() -> None:
    """Whatever fails, the way to the end goes by NotifyOperators."""
    caught = {rule["Next"] for task in TASKS.values() for rule in task["Catch"]}
    assert caught == {
        "DescribeFailure",
        "Failed",
        "FindTrainingJob",
        "HowDidItEnd",
        "NotifyOperators",
        "IsEndpointLost",  # a look at a role that came to nothing
        "IsApproved",  # silence is an answer
        "IsInParts",  # a restoration that failed told operators itself
        "PartFailed",
        "ReleaseLease",
        "WaitForLease",
    }
    assert [rule["Next"] for rule in STATES["IngestParts"]["Catch"]] == ["DescribeFailure"]
    assert PART_STATES["PartFailed"]["Type"] == "Fail"
    assert STATES["DescribeFailure"]["Next"] == "WhatIsLeftBehind"
    assert nexts(STATES["WhatIsLeftBehind"]) == {"RejectChallenger", "ReleaseLease", "NotifyOperators"}
    assert nexts(STATES["RejectChallenger"]) == {"ReleaseLease"}
    assert nexts(STATES["ReleaseLease"]) == {"HowDidItEnd"}
    assert nexts(STATES["NotifyOperators"]) == {"Failed"}
