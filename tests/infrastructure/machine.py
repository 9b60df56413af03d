"""A state machine's definition, as its template holds it, as a graph."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from typing import Any

State = Mapping[str, Any]
ENDS = ("Succeed", "Fail")
# Step Functions Developer Guide, "IAM policies for using Distributed Map states".
DISTRIBUTED_MAP = {
    "s3:GetObject",
    "states:DescribeExecution",
    "states:RedriveExecution",
    "states:StartExecution",
    "states:StopExecution",
}


class Machine:
    """States by name, those inside Map and Parallel included."""

    def __init__(self, text: str) -> None:
        self.text = text
        self.definition: Mapping[str, Any] = json.loads(text)
        self.states: dict[str, State] = {}
        self.starts: list[str] = []
        self._collect(self.definition)

    def _collect(self, machine: Mapping[str, Any]) -> None:
        self.starts.append(machine["StartAt"])
        for name, state in machine["States"].items():
            self.states[name] = state
            for inner in (*state.get("Branches", []), *filter(None, [state.get("ItemProcessor")])):
                self._collect(inner)

    def nexts(self, name: str) -> Iterator[str]:
        state = self.states[name]
        for key in ("Next", "Default"):
            if key in state:
                yield state[key]
        for branch in (*state.get("Choices", []), *state.get("Catch", [])):
            yield branch["Next"]

    def reached_from(self, *starts: str) -> set[str]:
        seen: set[str] = set()
        waiting = list(starts)
        while waiting:
            name = waiting.pop()
            if name not in seen:
                seen.add(name)
                waiting += self.nexts(name) if name in self.states else []
        return seen

    def is_end(self, name: str) -> bool:
        state = self.states[name]
        return state["Type"] in ENDS or bool(state.get("End"))

    def tasks(self) -> dict[str, State]:
        return {name: state for name, state in self.states.items() if state["Type"] == "Task"}

    def errors(self) -> set[str]:
        """Every error that a Retry or a Catch names."""
        return {
            error
            for state in self.states.values()
            for rule in (*state.get("Retry", []), *state.get("Catch", []))
            for error in rule["ErrorEquals"]
        }

    def distributed_maps(self) -> dict[str, State]:
        return {
            name: state
            for name, state in self.states.items()
            if state.get("ItemProcessor", {}).get("ProcessorConfig", {}).get("Mode") == "DISTRIBUTED"
        }

    def actions(self) -> set[str]:
        """IAM actions that the tasks' integrations use, and the distributed Maps."""
        tasks = {action for task in self.tasks().values() for action in _actions_of(task)}
        return tasks | (DISTRIBUTED_MAP if self.distributed_maps() else set())


def _actions_of(task: State) -> set[str]:
    """Step Functions Developer Guide, "Integrating optimized services" and "AWS SDK service integrations"."""
    parts = task["Resource"].removeprefix("arn:aws:states:::").split(":")
    if parts[0] == "aws-sdk":
        return {f"{parts[1]}:{parts[2][0].upper()}{parts[2][1:]}"}
    return {
        "lambda:invoke": {"lambda:InvokeFunction"},
        "lambda:invoke.waitForTaskToken": {"lambda:InvokeFunction"},
        "sns:publish": {"sns:Publish"},
        "sns:publish.waitForTaskToken": {"sns:Publish"},
        "sagemaker:createTrainingJob.sync": {
            "sagemaker:CreateTrainingJob",
            "sagemaker:DescribeTrainingJob",
            "sagemaker:StopTrainingJob",
            "sagemaker:AddTags",
            "sagemaker:ListTags",
            "iam:PassRole",
            "events:PutRule",
            "events:PutTargets",
            "events:DescribeRule",
        },
        "sagemaker:createTransformJob.sync": {
            "sagemaker:CreateTransformJob",
            "sagemaker:DescribeTransformJob",
            "sagemaker:StopTransformJob",
            "sagemaker:AddTags",
            "sagemaker:ListTags",
            "events:PutRule",
            "events:PutTargets",
            "events:DescribeRule",
        },
        "states:startExecution.sync:2": {
            "states:StartExecution",
            "states:DescribeExecution",
            "states:StopExecution",
            "events:PutRule",
            "events:PutTargets",
            "events:DescribeRule",
        },
    }[":".join(parts)]
