"""The stack with `[batch]`: what it adds, and who may do what."""

from __future__ import annotations

from dataclasses import replace

import pytest

from contracts.batch import BatchScoring
from contracts.names import folder_of
from infra_cdk.stages import STAGES
from tests.infrastructure.machine import Machine
from tests.infrastructure.template import text
from tests.infrastructure.test_access import ALWAYS, MACHINE_ALWAYS, concrete, role_of, with_company

STATES = ("PrepareBatch", "FinishBatch")


@pytest.fixture(scope="module")
def batch(config, synthesise):
    return synthesise(replace(config, batch=BatchScoring(stages=("dev",))), STAGES["dev"])


def machine_of(batch):
    (found,) = [
        p
        for p in batch.properties("AWS::StepFunctions::StateMachine")
        if p["StateMachineName"] == batch.names.batch_machine
    ]
    return found


def job_role(batch):
    arn = batch.function("PrepareBatch")["Environment"]["Variables"]["BATCH_ROLE_ARN"]
    return text(arn).strip("<>").split(".")[0]


def bucket(batch, which):
    return text(batch.document["Outputs"][which]["Value"]).strip("<>")


def test_a_stage_without_it_has_none_of_it(template):
    names = {p["FunctionName"] for p in template.properties("AWS::Lambda::Function")}
    assert not names & {template.names.function(state) for state in STATES}
    assert "BatchMachineArn" not in template.document["Outputs"]


@pytest.mark.parametrize("state", [*STATES, "Teardown"])
def test_a_function_may_do_what_its_handler_calls_and_nothing_else(batch, code, state):
    called = code.actions(f"lambdas.{folder_of(state)}.handler.handler")
    granted = batch.actions(role_of(batch, state))
    assert not called - granted
    assert not granted - with_company(called) - ALWAYS


def test_the_state_machine_may_do_what_its_tasks_call_and_no_more(batch):
    properties = machine_of(batch)
    machine = Machine(properties["DefinitionString"])
    granted = batch.actions(batch.role_of(properties))
    wanted = machine.actions()
    assert "sagemaker:CreateTransformJob" in wanted
    assert not wanted - granted
    # The disk's key is granted to SageMaker by whoever starts the job.
    assert not granted - with_company(wanted) - MACHINE_ALWAYS - {"kms:CreateGrant"}
    role, prefix = batch.role_of(properties), batch.names.prefix
    arn = "arn:<AWS::Partition>:sagemaker:<AWS::Region>:<AWS::AccountId>:transform-job"
    assert batch.allows(role, "sagemaker:CreateTransformJob", f"{arn}/{prefix}-0123-batch")
    assert not batch.allows(role, "sagemaker:CreateTransformJob", f"{arn}/other-dev-0123-batch")


def test_a_job_reads_its_model_and_its_rows_and_writes_answers_alone(batch):
    role, artifacts = job_role(batch), f"<{bucket(batch, 'ArtifactBucketName')}.Arn>"
    assert batch.allows(role, "s3:GetObject", f"{artifacts}/models/0123/model.tar.gz")
    assert batch.allows(role, "s3:GetObject", f"{artifacts}/batches/0123/input/part-00000.csv")
    assert batch.allows(role, "s3:PutObject", f"{artifacts}/batches/0123/output/part-00000.csv.out")
    for hidden in ("datasets/0123/train/train.parquet", "capture/x.jsonl", "batches/0123/manifest.json"):
        assert not batch.allows(role, "s3:GetObject", f"{artifacts}/{hidden}")
    for written in (
        "batches/0123/input/part-00000.csv",
        "batches/0123/manifest.json",
        "models/x/model.tar.gz",
    ):
        assert not batch.allows(role, "s3:PutObject", f"{artifacts}/{written}")
    raw = f"<{bucket(batch, 'RawBucketName')}.Arn>"
    assert not batch.allows(role, "s3:GetObject", f"{raw}/batch/rows.csv")


def test_files_to_answer_are_read_by_the_one_function_and_uploads_by_none_of_these(batch):
    raw = f"<{bucket(batch, 'RawBucketName')}.Arn>"
    readers = {
        r for r in batch.of_type("AWS::IAM::Role") if batch.allows(r, "s3:GetObject", f"{raw}/batch/a.csv")
    }
    assert readers == {role_of(batch, "PrepareBatch")}
    for state in STATES:
        assert not batch.allows(role_of(batch, state), "s3:GetObject", f"{raw}/incoming/a.csv")


def test_the_rule_starts_this_machine_for_files_under_batch_alone(batch):
    (rule,) = [p for p in batch.properties("AWS::Events::Rule") if p["Name"] == f"{batch.names.prefix}-batch"]
    assert rule["EventPattern"]["detail"]["object"] == {"key": [{"prefix": "batch/"}]}
    (target,) = rule["Targets"]
    role = text(target["RoleArn"]).strip("<>").split(".")[0]
    assert batch.actions(role) == {"states:StartExecution"}
    assert batch.allows(role, "states:StartExecution", text(target["Arn"]))
    assert "DeadLetterConfig" in target


def test_a_policy_linter_finds_nothing(batch, recwarn):
    import json

    import parliament

    recwarn.clear()
    roles = {job_role(batch), batch.role_of(machine_of(batch)), *(role_of(batch, s) for s in STATES)}
    for policy in batch.properties("AWS::IAM::Policy"):
        if {text(r).strip("<>") for r in policy["Roles"]} & roles:
            for s in policy["PolicyDocument"]["Statement"]:
                document = {"Version": "2012-10-17", "Statement": [concrete(s, batch)]}
                findings = parliament.analyze_policy_string(json.dumps(document)).findings
                assert not [f"{f.issue}: {f.detail}" for f in findings], s


def test_everything_of_it_goes_only_after_the_teardown_has_run(batch):
    (teardown,) = batch.of_type("Custom::Teardown").values()
    waits_for = set(teardown["DependsOn"])
    machines = {name for name, r in batch.of_type("AWS::StepFunctions::StateMachine").items()}
    assert machines <= waits_for
    assert batch.function("Teardown")["Environment"]["Variables"]["BATCH_MACHINE_ARN"]


def test_the_definition_names_only_what_it_is_given(batch):
    properties = machine_of(batch)
    import re

    named = set(re.findall(r"\$\{(\w+)\}", properties["DefinitionString"]))
    assert named == set(properties["DefinitionSubstitutions"])
