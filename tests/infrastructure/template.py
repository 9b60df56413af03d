"""A synthesised template, read for what follows from it."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from fnmatch import fnmatchcase
from functools import cached_property
from typing import Any

from contracts.names import Names
from infra_cdk.stages import StageSettings

Resource = Mapping[str, Any]


@dataclass(frozen=True)
class Synthesised:
    """One stage's template with its stage and names."""

    stage: StageSettings
    names: Names
    document: Mapping[str, Any]

    @property
    def resources(self) -> Mapping[str, Resource]:
        found: Mapping[str, Resource] = self.document["Resources"]
        return found

    def of_type(self, kind: str) -> dict[str, Resource]:
        return {name: r for name, r in self.resources.items() if r["Type"] == kind}

    def properties(self, kind: str) -> list[Mapping[str, Any]]:
        return [r["Properties"] for r in self.of_type(kind).values()]

    def the(self, kind: str, **properties: object) -> tuple[str, Mapping[str, Any]]:
        """Logical id and properties of the only resource of that type with these properties."""
        found = [
            (name, r["Properties"])
            for name, r in self.of_type(kind).items()
            if all(text(r["Properties"].get(key)) == value for key, value in properties.items())
        ]
        assert len(found) == 1, f"{kind} with {properties}: {[name for name, _ in found]}"
        return found[0]

    @cached_property
    def dependencies(self) -> dict[str, set[str]]:
        """What each resource needs directly, so what CloudFormation creates before and deletes after it."""
        return {
            name: {
                target for target in (*_references(r), *r.get("DependsOn", [])) if target in self.resources
            }
            for name, r in self.resources.items()
        }

    def needs(self, name: str) -> set[str]:
        """Everything that must exist while the resource does."""
        seen: set[str] = set()
        waiting = [name]
        while waiting:
            for other in self.dependencies[waiting.pop()] - seen:
                seen.add(other)
                waiting.append(other)
        return seen

    @property
    def pipeline(self) -> Mapping[str, Any]:
        """The properties of the pipeline's state machine."""
        return self.the("AWS::StepFunctions::StateMachine", StateMachineName=self.names.state_machine)[1]

    def function(self, state: str) -> Mapping[str, Any]:
        return self.the("AWS::Lambda::Function", FunctionName=self.names.function(state))[1]

    def role_of(self, principal: Mapping[str, Any]) -> str:
        """The logical id of the role that a function, state machine or app runs under."""
        reference = principal.get("Role") or principal["RoleArn"]
        name: str = reference["Fn::GetAtt"][0]
        return name

    def statements(self, role: str) -> list[Mapping[str, Any]]:
        """What the role's own policies say."""
        return [
            statement
            for policy in self.properties("AWS::IAM::Policy")
            if {"Ref": role} in policy["Roles"]
            for statement in policy["PolicyDocument"]["Statement"]
        ]

    def actions(self, role: str) -> set[str]:
        return {action for s in self.statements(role) for action in listed(s["Action"])}

    def allows(self, role: str, action: str, resource: str) -> bool:
        """Whether some statement of the role covers the action on the resource, conditions left aside."""
        return any(
            action in listed(s["Action"]) and any(fnmatchcase(resource, r) for r in resources_of(s))
            for s in self.statements(role)
        )


def listed(value: Any) -> list[Any]:
    return value if isinstance(value, list) else [value]


def resources_of(statement: Mapping[str, Any]) -> list[str]:
    return [text(resource) for resource in listed(statement["Resource"])]


def text(value: Any) -> Any:
    """A value with its references written `<Name>` or `<Name.Attribute>`; other values as they are."""
    match value:
        case {"Ref": name}:
            return f"<{name}>"
        case {"Fn::GetAtt": [name, attribute]}:
            return f"<{name}.{attribute}>"
        case {"Fn::Join": [separator, parts]}:
            return separator.join(text(part) for part in parts)
        case {"Fn::Sub": str(pattern)}:
            return pattern
    return value


def _references(value: Any) -> Iterator[str]:
    """Logical ids that a value refers to, however deep."""
    if isinstance(value, Mapping):
        if "Ref" in value:
            yield value["Ref"]
        elif "Fn::GetAtt" in value:
            yield value["Fn::GetAtt"][0]
        elif isinstance(value.get("Fn::Sub"), str):
            yield from re.findall(r"\$\{(\w+)", value["Fn::Sub"])
        else:
            for part in value.values():
                yield from _references(part)
    elif isinstance(value, list):
        for part in value:
            yield from _references(part)
