"""Executions of the pipeline's state machine."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import TYPE_CHECKING

from botocore.exceptions import ClientError

from lambdas.aws.clients import client, code_of

if TYPE_CHECKING:
    from mypy_boto3_stepfunctions.client import SFNClient


def stop_all(state_machine_arn: str, reason: str) -> int:
    """Stop every running execution; returns how many there were."""
    states: SFNClient = client("stepfunctions")
    pages = states.get_paginator("list_executions").paginate(
        stateMachineArn=state_machine_arn, statusFilter="RUNNING"
    )
    try:
        arns = [found["executionArn"] for page in pages for found in page["executions"]]
    except ClientError as error:
        if code_of(error) == "StateMachineDoesNotExist":
            return 0
        raise
    for arn in arns:
        states.stop_execution(executionArn=arn, error="TeardownError", cause=reason)
    return len(arns)


def arn_of(state_machine_arn: str, name: str) -> str:
    """The ARN that an execution of that name has, whether there is one or not."""
    return f"{state_machine_arn.replace(':stateMachine:', ':execution:')}:{name}"


def exists(execution_arn: str) -> bool:
    """Whether it was ever started; Step Functions forgets one 90 days after its end."""
    return _status(execution_arn) is not None


def is_over(execution_arn: str) -> bool:
    """Whether the execution runs no more; one that nobody knows any longer ended long ago."""
    return _status(execution_arn) != "RUNNING"


def _status(execution_arn: str) -> str | None:
    states: SFNClient = client("stepfunctions")
    try:
        return states.describe_execution(executionArn=execution_arn)["status"]
    except ClientError as error:
        if code_of(error) == "ExecutionDoesNotExist":
            return None
        raise


def start(state_machine_arn: str, name: str, document: Mapping[str, str]) -> bool:
    """Start an execution; False when one of that name was started before.

    A standard state machine remembers a name for 90 days (Step Functions API Reference, `StartExecution`).
    """
    states: SFNClient = client("stepfunctions")
    try:
        states.start_execution(
            stateMachineArn=state_machine_arn, name=name, input=json.dumps(document, sort_keys=True)
        )
    except ClientError as error:
        if code_of(error) == "ExecutionAlreadyExists":
            return False
        raise
    return True


def running_before(execution_arn: str) -> str:
    """The ARN of an execution of the same machine that runs and began earlier, of two that began together the
    one whose name sorts first; empty where there is none."""
    states: SFNClient = client("stepfunctions")
    machine = execution_arn.replace(":execution:", ":stateMachine:").rpartition(":")[0]
    pages = states.get_paginator("list_executions").paginate(stateMachineArn=machine, statusFilter="RUNNING")
    running = sorted(
        (found["startDate"], found["executionArn"]) for page in pages for found in page["executions"]
    )
    own = next((place for place, (_, arn) in enumerate(running) if arn == execution_arn), None)
    # The list is eventually consistent: one that does not show this execution yet shows those before it.
    return running[0][1] if running and own != 0 else ""


def ending_of(execution_arn: str) -> tuple[str, str]:
    """Its status, empty of one that nobody knows, and the outcome that its output names."""
    states: SFNClient = client("stepfunctions")
    try:
        found = states.describe_execution(executionArn=execution_arn)
    except ClientError as error:
        if code_of(error) == "ExecutionDoesNotExist":
            return "", ""
        raise
    output = json.loads(found.get("output") or "{}")
    return found["status"], str(output.get("outcome", "")) if isinstance(output, dict) else ""
