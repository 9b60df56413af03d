"""The rules of composite alarms: ALARM("a") AND NOT OK("b"), AT_LEAST(2, ALARM, (a, b, c)) and so on.

ministack's parser reads them; what it returns is a tree of tuples, described at `truth`.
"""

from collections.abc import Callable, Iterator
from typing import Any, cast

from localcloud.ministack_adapter import cloudwatch as ministack_cloudwatch
from localcloud.services.cloudwatch.errors import validation_error

Tree = tuple[Any, ...]


def parse(rule: str) -> Tree:
    """The tree of a rule; ValidationError if it is not one."""
    try:
        return cast("Tree", ministack_cloudwatch.parse_alarm_rule(rule))
    except ValueError as error:
        raise validation_error(str(error)) from None


def truth(node: Tree, state_of: Callable[[str], str | None]) -> bool:
    """Whether a rule holds. Nodes: const, state, not, and, or, at_least, with their parts after the name."""
    match node:
        case ("const", value):
            return bool(value)
        case ("state", state, reference):
            return bool(state_of(reference) == state)
        case ("not", child):
            return not truth(child, state_of)
        case ("and", *children):
            return all(truth(child, state_of) for child in children)
        case ("or", *children):
            return any(truth(child, state_of) for child in children)
        case ("at_least", count, is_percent, negate, state, references):
            hits = sum((state_of(reference) == state) != negate for reference in references)
            return bool(hits * 100 >= count * len(references) if is_percent else hits >= count)
    raise ValueError(f"ministack's rule parser returned a node of an unknown kind: {node!r}")


def references(node: Tree) -> Iterator[str]:
    """The names and ARNs of the alarms that a rule looks at, in order."""
    match node:
        case ("state", _, reference):
            yield reference
        case ("at_least", _, _, _, _, several):
            yield from several
        case ("not" | "and" | "or", *children):
            for child in children:
                yield from references(child)
