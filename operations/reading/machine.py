"""The deployed state machine as a graph: what a console draws and a run lights up."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from operations.reading.clients import Clients
from operations.reading.errors import explained
from operations.reading.stack import Stack


@dataclass(frozen=True, kw_only=True)
class Edge:
    """Where a state leads, with the rule's comment; `is_catch` where only a failure leads there."""

    target: str
    label: str = ""
    is_catch: bool = False


@dataclass(frozen=True, kw_only=True)
class State:
    """A state of the definition; `kind` is its Type."""

    name: str
    kind: str
    comment: str
    edges: tuple[Edge, ...]

    @property
    def is_end(self) -> bool:
        return self.kind in ("Succeed", "Fail")

    @property
    def matters(self) -> bool:
        """Whether it does something or ends the run: choices, waits and passes only lead on."""
        return self.kind in ("Task", "Map", "Parallel", "Succeed", "Fail")


@dataclass(frozen=True, kw_only=True)
class Machine:
    """The states in the definition's order. `main_path` are those that no failure leads to."""

    arn: str
    start: str
    states: tuple[State, ...]

    @property
    def main_path(self) -> frozenset[str]:
        by_name = {state.name: state for state in self.states}
        found: set[str] = set()
        waiting = [self.start]
        while waiting:
            name = waiting.pop()
            if name not in found and name in by_name:
                found.add(name)
                waiting += [edge.target for edge in by_name[name].edges if not edge.is_catch]
        return frozenset(found)

    def kind_of(self, name: str) -> str:
        return next((state.kind for state in self.states if state.name == name), "")


def read(clients: Clients, stack: Stack) -> Machine:
    """As it is deployed, which may be older than the file."""
    with explained():
        found = clients("stepfunctions").describe_state_machine(stateMachineArn=stack.state_machine_arn)
    return of_definition(stack.state_machine_arn, json.loads(found["definition"]))


def of_definition(arn: str, definition: Mapping[str, Any]) -> Machine:
    """The graph of a definition in Amazon States Language."""
    states = tuple(
        State(
            name=name,
            kind=str(state["Type"]),
            comment=str(state.get("Comment", "")),
            edges=tuple(_edges(state)),
        )
        for name, state in definition["States"].items()
    )
    return Machine(arn=arn, start=str(definition["StartAt"]), states=states)


def _edges(state: Mapping[str, Any]) -> list[Edge]:
    """One a target; rules that lead to one state share an edge."""
    labels: dict[str, list[str]] = {}
    for choice in state.get("Choices", []):
        labels.setdefault(choice["Next"], []).append(str(choice.get("Comment", "")))
    for key in ("Default", "Next"):
        if key in state:
            labels.setdefault(state[key], [])
    edges = [Edge(target=t, label=" or ".join(filter(None, words))) for t, words in labels.items()]
    caught = dict.fromkeys(catch["Next"] for catch in state.get("Catch", []))
    return edges + [Edge(target=target, is_catch=True) for target in caught if target not in labels]
