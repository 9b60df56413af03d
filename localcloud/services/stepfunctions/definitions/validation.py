"""Refuses a bad state machine definition when it is created, as CreateStateMachine does.

Codes and wording follow ValidateStateMachineDefinition's diagnostics:
https://docs.aws.amazon.com/step-functions/latest/apireference/API_ValidateStateMachineDefinition.html
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from typing import Any

from localcloud.services.stepfunctions.data.variables import variable_problems
from localcloud.services.stepfunctions.definitions import fields, resources
from localcloud.services.stepfunctions.definitions.argument_rules import argument_problems
from localcloud.services.stepfunctions.definitions.jsonata_rules import expression_problems
from localcloud.services.stepfunctions.definitions.map_rules import map_problems
from localcloud.services.stepfunctions.definitions.rules import (
    attempt_problems,
    choice_problems,
    duration_problems,
    is_limit,
)

_TOP = frozenset({"Comment", "QueryLanguage", "StartAt", "States", "TimeoutSeconds", "Version"})
_NESTED = frozenset({"Comment", "StartAt", "States", "ProcessorConfig"})
_MAX_NAME = 80
_SCHEMA = "SCHEMA_VALIDATION_FAILED"
_TARGET = "MISSING_TRANSITION_TARGET"
Problem = str


def problems(definition: str) -> list[Problem]:
    """Everything that is wrong with a definition, as `CODE: text at /path`; empty for a good one."""
    try:
        machine = json.loads(definition)
    except ValueError as error:
        return [f"INVALID_JSON_DESCRIPTION: {error}"]
    if not isinstance(machine, dict):
        return [f"{_SCHEMA}: The definition must be a JSON object at /"]
    language = machine.get("QueryLanguage", "JSONPath")
    if language not in ("JSONPath", "JSONata"):
        return [f"{_SCHEMA}: QueryLanguage must be JSONPath or JSONata at /QueryLanguage"]
    found = list(_machine(machine, "", language, _TOP))
    names = list(_names(machine))
    found += [
        f"DUPLICATE_STATE_NAME: State name '{name}' is used more than once at /States"
        for name in sorted({name for name in names if names.count(name) > 1})
    ]
    if isinstance(machine.get("States"), dict) and not _has_end(machine["States"]):
        found.append("MISSING_END_STATE: Workflow has no terminal state at null")
    if "TimeoutSeconds" in machine and not is_limit(machine["TimeoutSeconds"]):
        found.append(f"{_SCHEMA}: Value is not an integer from 1 to 99999999 at /TimeoutSeconds")
    return found


def _has_end(states: Mapping[str, Any]) -> bool:
    return any(
        isinstance(state, dict) and (state.get("End") is True or state.get("Type") in fields.TERMINAL)
        for state in states.values()
    )


def _machine(
    machine: Mapping[str, Any], at: str, language: str, allowed: frozenset[str]
) -> Iterator[Problem]:
    for name in machine.keys() - allowed:
        yield f"{_SCHEMA}: Field is not supported at {at}/{name}"
    states = machine.get("States")
    if not isinstance(states, dict) or not states:
        yield f"{_SCHEMA}: Value is not an object with at least one state at {at}/States"
        return
    if machine.get("StartAt") not in states:
        yield f"{_TARGET}: Missing 'StartAt' target: {machine.get('StartAt')} at {at}/StartAt"
    for name, state in states.items():
        where = f"{at}/States/{name}"
        if len(name) > _MAX_NAME:
            yield f"{_SCHEMA}: A state's name has at most {_MAX_NAME} characters at {where}"
        if not isinstance(state, dict):
            yield f"{_SCHEMA}: Value is not an object at {where}"
            continue
        yield from _state(state, where, language, states)
    yield from _unreachable(machine, states, at)


def _state(state: Mapping[str, Any], at: str, outer: str, states: Mapping[str, Any]) -> Iterator[Problem]:
    language = state.get("QueryLanguage", outer)
    kinds = fields.JSONATA if language == "JSONata" else fields.JSONPATH
    kind = state.get("Type")
    if kind not in kinds:
        yield f"{_SCHEMA}: Value is not one of {sorted(kinds)} at {at}/Type"
        return
    if outer == "JSONata" and language != "JSONata":
        yield f"{_SCHEMA}: A JSONata state machine has JSONata states only at {at}/QueryLanguage"
    for name in state.keys() - kinds[kind] - fields.COMMON:
        yield f"{_SCHEMA}: Field is not supported by a {language} {kind} state at {at}/{name}"
    for name in fields.REQUIRED.get(kind, frozenset()) - state.keys():
        yield f"{_SCHEMA}: The field '{name}' is required but was missing at {at}"
    yield from _transitions(state, kind, at, states)
    yield from attempt_problems(state, at, states)
    yield from duration_problems(state, kind, at)
    yield from variable_problems(state, language, at)
    if language == "JSONata":
        yield from expression_problems(state, at)
    if kind == "Task" and isinstance(state.get("Resource"), str):
        yield from _resource(state, language, at)
    if kind == "Choice":
        yield from choice_problems(state, language, at, states)
    yield from _inner(state, kind, language, at)


def _transitions(
    state: Mapping[str, Any], kind: str, at: str, states: Mapping[str, Any]
) -> Iterator[Problem]:
    if kind in fields.WITHOUT_TRANSITION:
        return
    has_next, ends = "Next" in state, state.get("End") is True
    if has_next == ends:
        yield f"{_SCHEMA}: Exactly one of 'Next' and 'End' must be there at {at}"
    if has_next and state["Next"] not in states:
        yield f"{_TARGET}: Missing 'Next' target: {state['Next']} at {at}/Next"


def _resource(state: Mapping[str, Any], language: str, at: str) -> Iterator[Problem]:
    try:
        resources.parse(state["Resource"])
    except resources.UnsupportedResourceError as error:
        yield f"{_SCHEMA}: {error} at {at}/Resource"
    else:
        yield from argument_problems(state, language, at)


def _inner(state: Mapping[str, Any], kind: str, language: str, at: str) -> Iterator[Problem]:
    if kind == "Parallel":
        branches = state.get("Branches")
        for index, branch in enumerate(branches if isinstance(branches, list) else []):
            yield from _machine(branch, f"{at}/Branches[{index}]", language, _NESTED)
    if kind == "Map":
        yield from map_problems(state, at)
        processor = state.get("ItemProcessor") or state.get("Iterator")
        if not isinstance(processor, dict):
            yield f"{_SCHEMA}: The field 'ItemProcessor' is required but was missing at {at}"
        else:
            yield from _machine(processor, f"{at}/ItemProcessor", language, _NESTED)


def _unreachable(machine: Mapping[str, Any], states: Mapping[str, Any], at: str) -> Iterator[Problem]:
    waiting = [str(machine.get("StartAt"))]
    seen: set[str] = set()
    while waiting:
        name = waiting.pop()
        if name in seen or not isinstance(states.get(name), dict):
            continue
        seen.add(name)
        waiting += list(targets(states[name]))
    for name in states.keys() - seen:
        yield f'{_TARGET}: State "{name}" is not reachable. at {at}/States/{name}'


def targets(state: Mapping[str, Any]) -> Iterator[str]:
    """The names of every state that may follow a state."""
    for name in ("Next", "Default"):
        if isinstance(state.get(name), str):
            yield state[name]
    for rules in (state.get("Choices"), state.get("Catch")):
        for rule in rules if isinstance(rules, list) else []:
            if isinstance(rule, dict) and isinstance(rule.get("Next"), str):
                yield rule["Next"]


def _names(machine: Any) -> Iterator[str]:
    """Every state's name, nested ones included: they must differ in the whole machine."""
    for name, state in (machine.get("States") or {}).items() if isinstance(machine, dict) else ():
        yield name
        if not isinstance(state, dict):
            continue
        branches = state.get("Branches")
        for branch in branches if isinstance(branches, list) else []:
            yield from _names(branch)
        yield from _names(state.get("ItemProcessor") or state.get("Iterator"))
