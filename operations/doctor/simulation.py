"""Puts a role's own statements to IAM's simulator, one statement after the other."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from operations.doctor.account import Account, Decision

Statement = Mapping[str, Any]


def simulated(account: Account, statements: Sequence[Statement], one: Statement) -> Iterator[Decision]:
    """Whether a role's statements together allow what one of them names, under that one's conditions."""
    if one["Effect"] != "Allow":
        return
    resources = [_concrete(resource) for resource in _listed(one["Resource"])]
    yield from account.simulate(
        statements, _listed(one["Action"]), resources, context(one.get("Condition", {}))
    )


def context(conditions: Mapping[str, Mapping[str, Any]]) -> list[dict[str, Any]]:
    """Context entries under which a statement's conditions hold."""
    entries = []
    for operator, tests in conditions.items():
        for key, wanted in tests.items():
            if operator == "Null":
                continue
            values = [_concrete(str(value)) for value in _listed(wanted)]
            kind = "boolean" if operator.startswith("Bool") else "string"
            is_list = operator.startswith("ForA")
            entries.append(
                {
                    "ContextKeyName": key,
                    "ContextKeyValues": values if is_list else values[:1],
                    "ContextKeyType": f"{kind}List" if is_list else kind,
                }
            )
    return entries


def _concrete(pattern: str) -> str:
    """One thing that a pattern covers."""
    return pattern if pattern == "*" else pattern.replace("*", "x").replace("<", "").replace(">", "")


def _listed(value: Any) -> list[str]:
    return [value] if isinstance(value, str) else list(value)
