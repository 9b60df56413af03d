"""Makes roles, functions and state machines in an empty account, for tests of the platform itself."""

from __future__ import annotations

import contextlib
import io
import json
import time
import uuid
import zipfile
from collections.abc import Callable
from typing import Any

from localcloud.host.launch import Running

ENDED = ("SUCCEEDED", "FAILED", "ABORTED", "TIMED_OUT")


def statement(*actions: str, resource: str = "*", effect: str = "Allow") -> dict[str, Any]:
    """One policy statement."""
    return {"Effect": effect, "Action": list(actions), "Resource": resource}


LOGS = statement("logs:CreateLogGroup", "logs:CreateLogStream", "logs:PutLogEvents")


class Account:
    """The administrator's view of a running cloud."""

    def __init__(self, cloud: Running) -> None:
        self.cloud = cloud
        self._clients: dict[str, Any] = {}

    def client(self, service: str) -> Any:
        if service not in self._clients:
            self._clients[service] = self.cloud.client(service)
        return self._clients[service]

    def role(self, service: str, *statements: dict[str, Any]) -> str:
        """The ARN of a new role that `service` may assume, with these permissions."""
        name = f"role-{uuid.uuid4().hex[:10]}"
        trust = {"Effect": "Allow", "Action": "sts:AssumeRole", "Principal": {"Service": service}}
        iam = self.client("iam")
        made = iam.create_role(RoleName=name, AssumeRolePolicyDocument=_document([trust]))
        if statements:
            self.permit(made["Role"]["Arn"], *statements)
        return str(made["Role"]["Arn"])

    def permit(self, role_arn: str, *statements: dict[str, Any]) -> None:
        """Replace the role's permissions."""
        name = role_arn.rpartition("/")[2]
        self.client("iam").put_role_policy(
            RoleName=name, PolicyName="permissions", PolicyDocument=_document(list(statements))
        )

    def function(self, source: str, *, role: str | None = None, **settings: Any) -> str:
        """The name of a new function; `source` is its module `code` with `handle(event, context)`."""
        name = f"function-{uuid.uuid4().hex[:10]}"
        settings = {"Timeout": 10, "MemorySize": 256, **settings}
        self.client("lambda").create_function(
            FunctionName=name,
            Runtime="python3.12",
            Handler="code.handle",
            Role=role or self.role("lambda.amazonaws.com", LOGS),
            Code={"ZipFile": _zipped(source)},
            **settings,
        )
        return name

    def invoke(self, name: str, event: Any = None) -> tuple[str | None, Any]:
        """The function's error kind (None: success) and what it answered."""
        answer = self.client("lambda").invoke(FunctionName=name, Payload=json.dumps(event))
        return answer.get("FunctionError"), json.load(answer["Payload"])

    def machine(self, states: dict[str, Any], start: str, *, role: str | None = None, **top: Any) -> str:
        """The ARN of a new JSONata state machine."""
        definition = {"QueryLanguage": "JSONata", "StartAt": start, "States": states, **top}
        made = self.client("stepfunctions").create_state_machine(
            name=f"machine-{uuid.uuid4().hex[:10]}",
            definition=json.dumps(definition),
            roleArn=role or self.role("states.amazonaws.com"),
        )
        return str(made["stateMachineArn"])

    def run(self, machine_arn: str, value: Any = None, **options: Any) -> dict[str, Any]:
        """The execution's description once it has ended."""
        states = self.client("stepfunctions")
        started = states.start_execution(
            stateMachineArn=machine_arn, input=json.dumps(value or {}), **options
        )
        return self.ended(started["executionArn"])

    def ended(self, execution_arn: str) -> dict[str, Any]:
        """Wait for the execution's end."""
        describe = self.client("stepfunctions").describe_execution
        while (found := describe(executionArn=execution_arn))["status"] not in ENDED:
            time.sleep(0.02)
        return dict(found)

    def history(self, execution_arn: str) -> list[dict[str, Any]]:
        """Every event of an execution."""
        pages = self.client("stepfunctions").get_paginator("get_execution_history")
        return [event for page in pages.paginate(executionArn=execution_arn) for event in page["events"]]

    def eventually(self, condition: Callable[[], bool], seconds: float = 120.0) -> bool:
        """Whether the condition comes true in time; a log group that is not there yet is not."""
        deadline = time.monotonic() + seconds
        while time.monotonic() < deadline:
            with contextlib.suppress(self.client("logs").exceptions.ResourceNotFoundException):
                if condition():
                    return True
            time.sleep(0.05)
        return False

    def log(self, group: str) -> list[str]:
        """Every message of a log group, in order."""
        events = self.client("logs").filter_log_events(logGroupName=group)["events"]
        return [event["message"] for event in events]


def _document(statements: list[dict[str, Any]]) -> str:
    return json.dumps({"Version": "2012-10-17", "Statement": statements})


def _zipped(source: str) -> bytes:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        archive.writestr("code.py", source)
    return buffer.getvalue()
