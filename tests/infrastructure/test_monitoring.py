"""A watched stage has a monitor that may do what it does and no more; a stage that is not has nothing of
it."""

from __future__ import annotations

import json
from dataclasses import replace

import pytest

from contracts.documents.document import kinds_of
from contracts.documents.monitoring import STATES
from contracts.monitoring import OFF
from contracts.names import folder_of
from infra_cdk.stages import STAGES
from tests.infrastructure.conftest import ROOT
from tests.infrastructure.template import text
from tests.infrastructure.test_access import ALWAYS, MACHINE_ALWAYS, role_of, with_company

DEFINITION = ROOT / "step_functions/monitoring.asl.yaml"


def machine_of(template):
    return template.the("AWS::StepFunctions::StateMachine", StateMachineName=template.names.monitor)[1]


@pytest.mark.parametrize("state", STATES)
def test_a_state_of_the_monitor_may_do_what_its_handler_calls_and_nothing_else(prod, code, state):
    called = code.actions(f"lambdas.{folder_of(state)}.handler.handler")
    granted = prod.actions(role_of(prod, state))
    assert not called - granted
    assert not granted - with_company(called) - ALWAYS


def test_only_the_last_state_uploads_and_only_where_retrainings_lie(prod):
    raw = text(prod.document["Outputs"]["RawBucketName"]["Value"]).strip("<>")
    for state in STATES:
        allowed = prod.allows(
            role_of(prod, state), "s3:PutObject", f"<{raw}.Arn>/incoming/retraining/x.parquet"
        )
        assert allowed == (state == "StartRetraining")
        assert not prod.allows(role_of(prod, state), "s3:PutObject", f"<{raw}.Arn>/incoming/x.csv")


def test_no_state_of_the_monitor_writes_where_datasets_or_models_lie(prod):
    bucket = text(prod.document["Outputs"]["ArtifactBucketName"]["Value"]).strip("<>")
    for state in STATES:
        for key in (
            "datasets/v/train/train.parquet",
            "models/h/model.tar.gz",
            "capture/housing-prod/x.jsonl",
        ):
            assert not prod.allows(role_of(prod, state), "s3:PutObject", f"<{bucket}.Arn>/{key}")


def test_the_monitors_machine_invokes_its_functions_and_does_nothing_else(prod):
    role = prod.role_of(machine_of(prod))
    assert prod.actions(role) - MACHINE_ALWAYS == {"lambda:InvokeFunction"}
    for arn in machine_of(prod)["DefinitionSubstitutions"].values():
        assert prod.allows(role, "lambda:InvokeFunction", text(arn))


def test_the_schedule_may_start_the_monitor_alone(prod):
    _, schedule = prod.the("AWS::Scheduler::Schedule")
    role = text(schedule["Target"]["RoleArn"]).strip("<>").split(".")[0]
    assert prod.actions(role) == {"states:StartExecution"}
    assert schedule["ScheduleExpressionTimezone"] == "UTC"
    assert schedule["Target"]["RetryPolicy"]["MaximumRetryAttempts"] > 0


def test_a_runs_time_is_the_schedules_and_no_state_asks_a_clock(prod):
    """EventBridge Scheduler User Guide, "Adding context attributes"."""
    _, schedule = prod.the("AWS::Scheduler::Schedule")
    told = json.loads(schedule["Target"]["Input"])
    assert told == {"scheduled_time": "<aws.scheduler.scheduled-time>"}
    definition = text(machine_of(prod)["DefinitionString"])
    assert "$now()" not in definition
    assert "$states.context.Execution.Input.scheduled_time" in definition


def test_a_stage_that_is_not_watched_has_nothing_of_the_monitor(dev, config, synthesise):
    without = synthesise(replace(config, monitoring=OFF), STAGES["dev"])
    assert without.resources.keys() == dev.resources.keys()
    assert not [name for name in dev.resources if name.startswith("Monitor")]
    assert not dev.of_type("AWS::Scheduler::Schedule")


def test_each_state_is_given_what_its_function_asks_for(prod):
    states = json.loads(text(machine_of(prod)["DefinitionString"]))["States"]
    for name, (request, _, _) in STATES.items():
        payload = states[name]["Arguments"]["Payload"]
        for key in kinds_of(request):
            assert f"'{key}'" in payload, name


def test_hours_that_were_read_expire_in_a_watched_stage_alone(dev, prod):
    def rules(template):
        buckets = template.properties("AWS::S3::Bucket")
        return {rule["Id"] for bucket in buckets for rule in bucket["LifecycleConfiguration"]["Rules"]}

    assert rules(prod) - rules(dev) == {"WindowsExpire"}
