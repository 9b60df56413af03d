"""The state machine's definition, read once, and its JSONata evaluated as Step Functions would."""

from __future__ import annotations

import hashlib
import json
import re
from pathlib import Path
from typing import Any

import jsonata

from step_functions.loading import as_json, load

ROOT = Path(__file__).parents[3]
# What the stack fills in at synth; texts are CloudFormation's to substitute.
VALUES = {
    "ApprovalTimeoutSeconds": 259_200,
    "ExecutionTimeoutSeconds": 500_000,
    "TrainingMaxRuntimeSeconds": 3600,
    "TrainingTimeoutSeconds": 21_600,
    "TrainingVolumeKeyArn": "${ArtifactKeyArn}",
    "TrainingVpcConfig": None,
}
DEFINITION: dict[str, Any] = load(values=VALUES)
TEXT = as_json(DEFINITION)
STATES: dict[str, dict[str, Any]] = DEFINITION["States"]
# What a distributed Map runs on each part.
PART_STATES: dict[str, dict[str, Any]] = STATES["IngestParts"]["ItemProcessor"]["States"]
TASKS = {name: state for name, state in {**STATES, **PART_STATES}.items() if state["Type"] == "Task"}
SUBSTITUTIONS = set(re.findall(r"\$\{(\w+)\}", TEXT))

CONTEXT = {
    "Execution": {"Id": "arn:aws:states:us-east-1:111122223333:execution:p:housing-1", "Name": "housing-1"},
    "State": {"Name": "SomeState", "EnteredTime": "2026-11-22T02:50:00.000Z"},
    "Task": {"Token": "AQCEAAAAKgAAAAMAAAAA"},
}


def nexts(state: dict[str, Any]) -> set[str]:
    """Every state that may come after this one."""
    found = [state.get("Next"), state.get("Default")]
    found += [rule["Next"] for rule in state.get("Choices", [])]
    found += [catcher["Next"] for catcher in state.get("Catch", [])]
    return {name for name in found if name}


def evaluate(
    template: Any,
    document: Any = None,
    *,
    result: Any = None,
    error: Any = None,
    context: dict[str, Any] | None = None,
) -> Any:
    """A field's value: `{% %}` texts are expressions, wherever in the field they stand."""
    if isinstance(template, dict):
        return {
            key: evaluate(value, document, result=result, error=error, context=context)
            for key, value in template.items()
        }
    if isinstance(template, list):
        return [evaluate(value, document, result=result, error=error, context=context) for value in template]
    if not (isinstance(template, str) and template.startswith("{%") and template.endswith("%}")):
        return template
    states = {"input": document, "result": result, "errorOutput": error, "context": context or CONTEXT}
    expression = jsonata.Jsonata.jsonata(template[2:-2])
    expression.register_lambda("hash", lambda source, _: hashlib.sha256(source.encode()).hexdigest())
    expression.register_lambda("parse", json.loads)
    return expression.evaluate(None, {"states": states})


def choose(name: str, document: dict[str, Any]) -> tuple[str, dict[str, Any]]:
    """Where a Choice goes, and the document that it hands on."""
    state = STATES[name]
    for rule in state["Choices"]:
        if evaluate(rule["Condition"], document):
            return rule["Next"], evaluate(rule.get("Output", document), document)
    return state["Default"], evaluate(state.get("Output", document), document)
