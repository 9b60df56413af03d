"""Started again: executions that were stopped, and uploads that could not be started."""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import partial
from typing import Any

from tests.chaos import datasets
from tests.chaos.cloud import NAMES, ChaosCloud
from tests.chaos.datasets import Line
from tests.chaos.invariants import Champion, settle, violations
from tests.chaos.report import record

PATIENCE_SECONDS = 240.0


def eventually(condition: Callable[[], Any], seconds: float = 90.0) -> Any:
    deadline = time.monotonic() + seconds
    while not (found := condition()) and time.monotonic() < deadline:
        time.sleep(0.2)
    return found


def state_of(cloud: ChaosCloud, arn: str) -> str:
    """The state that the execution entered last, or an empty text before it began."""
    states = cloud.client("stepfunctions")
    try:
        events = states.get_execution_history(executionArn=arn, reverseOrder=True)["events"]
    except states.exceptions.ExecutionDoesNotExist:
        return ""
    entered = (event.get("stateEnteredEventDetails", {}).get("name") for event in events)
    return next((name for name in entered if name), "")


def is_in(cloud: ChaosCloud, arn: str, state: str) -> bool:
    return state_of(cloud, arn) == state


@contextmanager
def forbidden(cloud: ChaosCloud, role_part: str, action: str) -> Iterator[None]:
    """A role without one action, for a while."""
    iam = cloud.client("iam")
    (name,) = [r["RoleName"] for r in iam.list_roles()["Roles"] if role_part in r["RoleName"]]
    deny = {"Effect": "Deny", "Action": action, "Resource": "*"}
    document = json.dumps({"Version": "2012-10-17", "Statement": [deny]})
    iam.put_role_policy(RoleName=name, PolicyName="forbidden", PolicyDocument=document)
    try:
        yield
    finally:
        iam.delete_role_policy(RoleName=name, PolicyName="forbidden")


def promoted(cloud: ChaosCloud, upload: Any, number: int) -> None:
    ending = cloud.wait(upload, PATIENCE_SECONDS)
    assert ending is not None
    assert ending.outcome == "Promoted", ending
    job = ending.output["training"]["job_name"]
    assert settle(cloud, 60) + violations(cloud, Champion(job, Line(number))) == []


def test_an_execution_that_was_stopped_goes_on_from_where_it_was(cloud: ChaosCloud):
    states = cloud.client("stepfunctions")
    for number, state in enumerate(("TrainModel", "EvaluateModel", "WaitForBake"), start=1):
        upload = cloud.upload(f"stopped-{number}", datasets.good(number))
        arn = cloud.execution_arn(upload)
        assert eventually(partial(is_in, cloud, arn, state)), state
        states.stop_execution(executionArn=arn)
        assert states.describe_execution(executionArn=arn)["status"] == "ABORTED"
        states.redrive_execution(executionArn=arn)
        promoted(cloud, upload, number)
        record(f"an execution stopped in {state}, redriven", tried=1, survived=1)


def test_what_could_not_be_started_is_laid_down_with_its_reason_and_put_back(cloud: ChaosCloud):
    number = 7
    with forbidden(cloud, "StartExecutionRole", "states:StartExecution"):
        upload = cloud.upload("not-started", datasets.good(number))
        assert eventually(lambda: cloud.waiting_messages("DeadLetterQueueUrl"))
        (letter,) = cloud.client("sqs").receive_message(
            QueueUrl=cloud.outputs["DeadLetterQueueUrl"],
            MessageAttributeNames=["All"],
            VisibilityTimeout=0,
        )["Messages"]
        assert "states:StartExecution" in letter["MessageAttributes"]["reason"]["StringValue"]
        assert eventually(lambda: alarm(cloud, "DeadLettersNotEmpty") == "ALARM")
    cloud.redrive()
    promoted(cloud, upload, number)
    assert cloud.waiting_messages("DeadLetterQueueUrl") == 0
    record("an upload that could not be started, redriven", tried=1, survived=1)


def alarm(cloud: ChaosCloud, name: str) -> str:
    found = cloud.client("cloudwatch").describe_alarms(AlarmNames=[f"{NAMES.prefix}-{name}"])
    return str(found["MetricAlarms"][0]["StateValue"])
