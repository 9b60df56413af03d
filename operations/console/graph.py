"""Lays the state machine out for drawing: what matters, in layers, with arrows between. Pure."""

from __future__ import annotations

from typing import Any

from operations.reading.machine import Machine, State


def layout(machine: Machine) -> dict[str, Any]:
    """Nodes with layer and column, and edges by name. What only leads on (choices, waits) is an arrow."""
    by_name = {state.name: state for state in machine.states}
    main = machine.main_path
    shown = [state for state in machine.states if state.name in main and state.matters]
    edges = {state.name: _reached(state, by_name, main) for state in shown}
    order = {state.name: number for number, state in enumerate(shown)}
    layers = _layers(machine, by_name, shown, edges, order)
    columns: dict[int, int] = {}
    nodes = []
    for state in shown:
        layer = layers[state.name]
        column = columns.get(layer, 0)
        columns[layer] = column + 1
        nodes.append(
            {
                "name": state.name,
                "kind": state.kind,
                "comment": state.comment,
                "layer": layer,
                "column": column,
            }
        )
    arrows = [{"from": name, "to": target} for name, targets in edges.items() for target in targets]
    return {"nodes": nodes, "edges": arrows, "layers": 1 + max(layers.values(), default=0)}


def _reached(state: State, by_name: dict[str, State], main: frozenset[str]) -> list[str]:
    """The next states that matter, through those that only lead on."""
    found: list[str] = []
    waiting, seen = [edge.target for edge in state.edges if not edge.is_catch], set[str]()
    while waiting:
        name = waiting.pop(0)
        if name in seen or name not in by_name or name not in main:
            continue
        seen.add(name)
        if by_name[name].matters:
            found.append(name)
        else:
            waiting += [edge.target for edge in by_name[name].edges if not edge.is_catch]
    return [name for name in found if name != state.name]


def _layers(
    machine: Machine,
    by_name: dict[str, State],
    shown: list[State],
    edges: dict[str, list[str]],
    order: dict[str, int],
) -> dict[str, int]:
    """The longest way to each state; arrows against the definition's order (loops) count for nothing."""
    layers = dict.fromkeys(order, 0)
    for state in shown:
        for target in edges[state.name]:
            if order[target] > order[state.name]:
                layers[target] = max(layers[target], layers[state.name] + 1)
    return layers
