"""Writes what each role may do, as a table, from the synthesised template: prose on permissions can't drift.

python -m infra_cdk.permissions TEMPLATE          print it
python -m infra_cdk.permissions TEMPLATE --write  put it into docs/permissions.md
"""

from __future__ import annotations

import json
import re
import sys
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

PAGE = Path(__file__).parents[1] / "docs/permissions.md"
HEAD = """# What each role may do

Generated from the template of stage dev: `python -m infra_cdk.permissions TEMPLATE --write`. Names in angle
brackets are resources of the stack. A star under *when* is a statement with conditions; those, and why a
resource has a wildcard, stand beside the grant in `infra_cdk/`.

| role | actions | on | when |
|---|---|---|---|
"""
# What CDK appends to a construct's path to make a logical id of it.
_HASH = re.compile(r"[0-9A-F]{8}$")


def render(template: Mapping[str, Any]) -> str:
    """The page; roles in order of their names, statements in that of the template."""
    return HEAD + "".join(f"{row}\n" for row in _rows(template["Resources"]))


def _rows(resources: Mapping[str, Any]) -> Iterator[str]:
    policies = [r["Properties"] for r in resources.values() if r["Type"] == "AWS::IAM::Policy"]
    for role in sorted((name for name, r in resources.items() if r["Type"] == "AWS::IAM::Role"), key=_named):
        first = _named(role).removesuffix("Role")
        for policy in policies:
            if {"Ref": role} in policy["Roles"]:
                for statement in policy["PolicyDocument"]["Statement"]:
                    yield _row(first, statement)
                    first = ""


def _row(role: str, statement: Mapping[str, Any]) -> str:
    denied = "never " if statement["Effect"] == "Deny" else ""
    actions = denied + ", ".join(f"`{action}`" for action in _listed(statement["Action"]))
    on = ", ".join(f"`{_shown(resource)}`" for resource in _listed(statement["Resource"]))
    return f"| {role} | {actions} | {on} | {'*' if 'Condition' in statement else ''} |"


def _listed(value: Any) -> list[Any]:
    return value if isinstance(value, list) else [value]


def _named(logical_id: str) -> str:
    return _HASH.sub("", logical_id)


def _shown(resource: Any) -> str:
    """A resource as text, without the ARN's head and without what is the same for the whole stack."""
    match resource:
        case {"Ref": str(name)} | {"Fn::GetAtt": [str(name), _]}:
            return "" if name.startswith("AWS::") else f"<{_named(name)}>"
        case {"Fn::Join": [str(separator), list(parts)]}:
            return _bare(separator.join(_shown(part) for part in parts))
        case {"Fn::Sub": str(text)}:
            return _bare(re.sub(r"\$\{AWS::\w+\}", "", text))
    return str(resource)


def _bare(text: str) -> str:
    return re.sub(r"^arn:\w*:([a-z0-9-]+):[\w-]*:\d*:", r"\1:", text)


def main() -> None:
    template, *options = sys.argv[1:]
    page = render(json.loads(Path(template).read_text(encoding="utf-8")))
    if "--write" in options:
        PAGE.write_text(page, encoding="utf-8")
    else:
        print(page)


if __name__ == "__main__":
    main()
