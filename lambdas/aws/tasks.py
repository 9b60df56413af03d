"""Answers to tasks of a state machine that wait with a token."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from botocore.exceptions import ClientError

from lambdas.aws.clients import client, code_of

if TYPE_CHECKING:
    from mypy_boto3_stepfunctions.client import SFNClient

# Step Functions API Reference, `SendTaskSuccess`: nobody waits with this token, or no longer.
_OVER = ("InvalidToken", "TaskDoesNotExist", "TaskTimedOut")


def succeed(token: str, document: Mapping[str, Any]) -> bool:
    """Let the task end with this document; False where its execution waits no more."""
    states: SFNClient = client("stepfunctions")
    try:
        states.send_task_success(taskToken=token, output=json.dumps(document, sort_keys=True))
    except ClientError as error:
        if code_of(error) in _OVER:
            return False
        raise
    return True
