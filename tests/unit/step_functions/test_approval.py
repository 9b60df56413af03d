"""A person is asked before any lease, once, and only in stages that ask one."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from contracts.documents.deployments import Approval
from contracts.pipeline_config import FILE_NAME, PipelineConfig
from infra_cdk.pipeline.state_machine import APPROVAL_STATES, definition
from step_functions.loading import bypass
from tests.unit import documents as sample
from tests.unit.step_functions.definition import ROOT, STATES, choose, evaluate, nexts

DOCUMENT = {
    **sample.UPLOAD,
    "dataset": sample.DATASET.as_document(),
    "evaluation": sample.EVALUATION.as_document(),
    "registration": sample.REGISTRATION.as_document(),
}


def machine(approval: str) -> dict[str, Any]:
    config = PipelineConfig.load(Path(ROOT) / FILE_NAME)
    policy = replace(config.deployments["dev"], approval=approval, approval_timeout_hours=5)
    return definition(Path(ROOT), in_vpc=False, training=config.training, deployment=policy)


def test_a_stage_that_asks_nobody_has_none_of_the_states_and_goes_straight_on() -> None:
    states = machine("none")["States"]
    assert not set(states) & set(APPROVAL_STATES)
    assert states["RegisterModel"]["Next"] == "AcquireLease"
    assert set(STATES) - set(states) == set(APPROVAL_STATES)


def test_a_stage_that_asks_waits_so_many_hours_and_its_executions_may_last_longer() -> None:
    asking, other = machine("required"), machine("none")
    assert asking["States"]["RequestApproval"]["TimeoutSeconds"] == 5 * 3600
    assert asking["TimeoutSeconds"] >= other["TimeoutSeconds"] + 5 * 3600


def test_no_lease_is_held_while_a_person_is_asked() -> None:
    reached, waiting = set(), ["RegisterModel"]
    while waiting:
        name = waiting.pop()
        if name not in reached and name != "RequestApproval":
            reached.add(name)
            waiting += nexts(STATES[name])
    # Without the answer there is no way to the lease but by the yes that was given before.
    led = [name for name in reached if "AcquireLease" in nexts(STATES[name])]
    assert set(led) <= {"IsApprovalNeeded", "WaitForLease", "IsApproved", "IsRollback"}
    assert nexts(STATES["RegisterModel"]) == {"IsApprovalNeeded", "DescribeFailure"}
    assert choose("IsApprovalNeeded", DOCUMENT)[0] == "AskApprovers"


def test_whoever_said_yes_is_not_asked_again_when_the_verdict_is_made_anew() -> None:
    approved = {**DOCUMENT, "approval": sample.APPROVAL.as_document()}
    assert choose("IsApprovalNeeded", approved)[0] == "AcquireLease"
    refused = {**DOCUMENT, "approval": {"status": "rejected", "by": "", "reason": ""}}
    assert choose("IsApprovalNeeded", refused)[0] == "AskApprovers"


def test_an_approval_that_an_execution_is_started_with_is_nobodys() -> None:
    """Whoever may start executions may not thereby approve."""
    started = {**sample.UPLOAD, "approval": sample.APPROVAL.as_document()}
    first = STATES["CheckPreconditions"]
    after = evaluate(first["Output"], started, result={"Payload": sample.PRECONDITIONS.as_document()})
    assert "approval" not in after
    assert choose("IsRollback", started)[0] == "CheckPreconditions"


def test_the_mail_has_figures_a_place_and_no_token() -> None:
    text = evaluate(STATES["AskApprovers"]["Arguments"]["Message"], DOCUMENT)
    mail = json.loads(text)
    registration, evaluation = sample.REGISTRATION, sample.EVALUATION
    assert mail["challenger"] == evaluation.challenger[evaluation.metric]
    assert mail["model_package_arn"] == registration.model_package_arn
    assert mail["console"].startswith("https://us-east-1.console.aws.amazon.com/sagemaker/")
    assert f"greenlight approve {registration.model_package_version} " in mail["approve"]
    assert "oken" not in text


def test_the_first_model_is_asked_for_without_a_champion() -> None:
    first = {**DOCUMENT, "evaluation": {**DOCUMENT["evaluation"], "champion": None}}
    assert "champion" not in json.loads(evaluate(STATES["AskApprovers"]["Arguments"]["Message"], first))


@pytest.mark.parametrize("status", ["rejected", "timed_out"])
def test_a_no_and_silence_are_refusals(status: str) -> None:
    said = Approval(status=status, by="", reason="why").as_document()
    name, after = choose("IsApproved", {**DOCUMENT, "approval": said})
    assert (name, after["outcome"], after["reason"]) == ("RejectChallenger", "ApprovalRefused", "why")
    assert choose("HowDidItEnd", after)[0] == "ApprovalRefused"


def test_silence_is_told_as_a_document_of_its_own() -> None:
    caught = STATES["RequestApproval"]["Catch"][0]
    assert caught["ErrorEquals"] == ["States.Timeout"]
    said = evaluate(caught["Output"], DOCUMENT, error={"Error": "States.Timeout"})["approval"]
    assert Approval.read(said).status == "timed_out"


def test_states_are_taken_out_with_every_way_to_them() -> None:
    given = {
        "StartAt": "A",
        "States": {
            "A": {"Type": "Pass", "Next": "B"},
            "B": {"Type": "Choice", "Choices": [{"Next": "D"}], "Default": "C"},
            "C": {"Type": "Pass", "Next": "D"},
            "D": {"Type": "Task", "Catch": [{"Next": "B"}], "Next": "E"},
            "E": {"Type": "Succeed"},
        },
    }
    assert bypass(given, ("B", "C"), to="D")["States"] == {
        "A": {"Type": "Pass", "Next": "D"},
        "D": {"Type": "Task", "Catch": [{"Next": "D"}], "Next": "E"},
        "E": {"Type": "Succeed"},
    }
