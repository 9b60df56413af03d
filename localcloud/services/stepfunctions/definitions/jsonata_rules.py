"""Checks the JSONata expressions of a definition, each by what its field may refer to.

https://states-language.net/#jsonata: no `$$`, no `$` and no name at the top level, `$states.result` in a
state's own Output and Assign alone, `$states.errorOutput` in a Catch's. What AWS answers others measured:
https://github.com/floci-io/floci/issues/2670, /2745 and https://github.com/anomalyco/sst/issues/6110.
The language is JSONata 2.0.6, which has neither `??` nor `?:`.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from localcloud.services.stepfunctions.data.query import is_expression

_ALWAYS = frozenset({"input", "context"})
_WITH_RESULT = frozenset({"Task", "Map", "Parallel"})
_UNSUPPORTED = "UNSUPPORTED_JSONATA_EXPRESSION"
_NOT_IN_2_0_6 = ("??", "?:")
_NESTED = frozenset({"Branches", "ItemProcessor", "Iterator"})
Node = Any


def expression_problems(state: Mapping[str, Any], at: str) -> Iterator[str]:
    """What is wrong with the expressions of one JSONata state, those of the states inside it left out."""
    for field, value in state.items():
        if field in _NESTED:
            continue
        if field == "Catch" and isinstance(value, list):
            for index, catcher in enumerate(value):
                yield from _fields_of(catcher, f"{at}/Catch[{index}]", _ALWAYS | {"errorOutput"})
            continue
        of_result = field in ("Output", "Assign") and state.get("Type") in _WITH_RESULT
        yield from _inside(value, f"{at}/{field}", _ALWAYS | {"result"} if of_result else _ALWAYS)


def _fields_of(catcher: Any, at: str, known: frozenset[str]) -> Iterator[str]:
    for name, value in catcher.items() if isinstance(catcher, dict) else ():
        yield from _inside(value, f"{at}/{name}", known if name in ("Output", "Assign") else _ALWAYS)


def _inside(value: Any, at: str, known: frozenset[str]) -> Iterator[str]:
    if isinstance(value, dict):
        for name, part in value.items():
            yield from _inside(part, f"{at}/{name}", known)
    elif isinstance(value, list):
        for index, part in enumerate(value):
            yield from _inside(part, f"{at}[{index}]", known)
    elif is_expression(value):
        yield from (f"{problem} at {at}" for problem in _problems(value[2:-2].strip(), known))


def _problems(expression: str, known: frozenset[str]) -> Iterator[str]:
    try:
        tree = _parse(expression)
    except Exception as error:
        yield f"INVALID_JSONATA_EXPRESSION: {error}"
        return
    nodes = list(_nodes(tree, set()))
    roots = ["$$" for node in nodes if node.type == "variable" and node.value == "$"]
    for name in dict.fromkeys(_unknown_fields(nodes, known)):
        yield f"{_UNSUPPORTED}: Field '$states.{name}' does not exist."
    for name in dict.fromkeys([*roots, *_top_level(tree)]):
        yield f"{_UNSUPPORTED}: Reference to '{name}' at the top level is not supported."


def _parse(expression: str) -> Node:
    """The expression's tree by the grammar of 2.0.6."""
    from jsonata.parser import Parser

    parser = Parser()
    for operator in _NOT_IN_2_0_6:
        del parser.symbol_table[operator]
    try:
        return parser.parse(expression)
    except KeyError as error:
        raise ValueError(
            f"The operator {error} is not part of JSONata 2.0.6, which Step Functions speaks"
        ) from None


def _nodes(part: Node, seen: set[int]) -> Iterator[Node]:
    """Every node of a tree, whatever holds it."""
    if isinstance(part, (list, tuple)):
        for each in part:
            yield from _nodes(each, seen)
    elif hasattr(part, "type") and id(part) not in seen:
        seen.add(id(part))
        yield part
        for name, each in vars(part).items():
            if name != "_outer_instance":
                yield from _nodes(each, seen)


def _unknown_fields(nodes: Iterable[Node], known: frozenset[str]) -> Iterator[str]:
    """The names after `$states.` that the field does not have."""
    for node in nodes:
        steps = (getattr(node, "steps", None) or []) if node.type == "path" else []
        named = len(steps) > 1 and _is_states(steps[0]) and steps[1].type == "name"
        if named and steps[1].value not in known:
            yield str(steps[1].value)


def _is_states(node: Node) -> bool:
    return bool(node.type == "variable" and node.value == "states")


def _top_level(node: Node) -> Iterator[str]:
    """Names and `$` where no step, filter or function has set a context."""
    if isinstance(node, (list, tuple)):
        for part in node:
            yield from _top_level(part)
        return
    kind = getattr(node, "type", None)
    if kind == "path":
        yield from _top_level(node.steps[:1])
    elif kind == "name":
        yield str(node.value)
    elif kind == "variable" and node.value == "":
        yield "$"
    elif kind != "lambda":
        for name in ("lhs", "rhs", "condition", "then", "_else", "arguments", "expressions", "expression"):
            part = getattr(node, name, None)
            if part is not None and not (kind == "bind" and name == "lhs"):
                yield from _top_level(part)
        if kind == "unary":
            yield from _top_level(getattr(node, "lhs_object", None) or [])
