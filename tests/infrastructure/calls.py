"""Which AWS actions a Lambda's handler can reach, found by reading its code.

The code is parsed, not run: from the handler through every function that it refers to, down to the methods
of boto3 clients. An unknown object's method is taken to be any of that name in the classes that the module
knows, so the answer may name too much but not too little.
"""

from __future__ import annotations

import ast
from collections.abc import Iterator
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path

import botocore.session
from botocore import xform_name

IAM_PREFIX = {"stepfunctions": "states", "sagemaker-runtime": "sagemaker"}
IAM_PREFIX["sagemaker-featurestore-runtime"] = "sagemaker"
# boto3's transfers, and what an operation needs beside or instead of the action of its own name
# (Service Authorization Reference, Amazon S3).
TRANSFERS = {
    "copy": "copy_object",
    "download_file": "get_object",
    "upload_file": "put_object",
    "upload_fileobj": "put_object",
}
ACTIONS = {
    "s3:CopyObject": ("s3:GetObject", "s3:PutObject"),
    "s3:HeadObject": ("s3:GetObject",),
    "s3:CreateMultipartUpload": ("s3:PutObject",),
    "s3:UploadPart": ("s3:PutObject",),
    "s3:UploadPartCopy": ("s3:GetObject", "s3:PutObject"),
    "s3:CompleteMultipartUpload": ("s3:PutObject",),
    "s3:ListObjectsV2": ("s3:ListBucket",),
    "s3:ListObjectVersions": ("s3:ListBucketVersions",),
    "s3:DeleteObjects": ("s3:DeleteObject", "s3:DeleteObjectVersion"),
}


@dataclass
class Module:
    """One parsed file: its functions by dotted name, what its names refer to, and which services it calls."""

    name: str
    functions: dict[str, ast.AST] = field(default_factory=dict)
    classes: set[str] = field(default_factory=set)
    names: dict[str, str] = field(default_factory=dict)
    services: set[str] = field(default_factory=set)


class Code:
    """The Lambdas' package, parsed."""

    def __init__(self, root: Path, package: str = "lambdas") -> None:
        parsed = (_parse(root, path) for path in sorted((root / package).rglob("*.py")))
        self.modules = {module.name: module for module in parsed}
        self.functions = {name: m for m in self.modules.values() for name in m.functions}
        self.classes = {name for m in self.modules.values() for name in m.classes}

    def actions(self, entry: str) -> set[str]:
        """IAM actions that the function of that dotted name can come to call."""
        seen: set[str] = set()
        waiting = [entry]
        found: set[str] = set()
        while waiting:
            name = waiting.pop()
            if name in seen:
                continue
            seen.add(name)
            found |= self._calls(name)
            waiting += [reached for reached in self._references(name) if reached in self.functions]
        return found

    def _references(self, name: str) -> Iterator[str]:
        module = self.functions[name]
        function = module.functions[name]
        variables = {"self": name.rpartition(".")[0], **self._variables(module, function)}
        for node in ast.walk(function):
            if isinstance(node, ast.Name):
                yield from self._of(self._resolve(module, node.id))
            elif isinstance(node, ast.Attribute):
                owners = self._owners(module, node.value, variables)
                yield from (reached for owner in owners for reached in self._of(f"{owner}.{node.attr}"))

    def _owners(self, module: Module, value: ast.expr, variables: dict[str, str]) -> set[str]:
        """The modules or classes whose member `value.attribute` may be."""
        if isinstance(value, ast.Name) and value.id in variables:
            return {variables[value.id]}
        target = self._dotted(module, value.func if isinstance(value, ast.Call) else value)
        if target in self.classes or (target in self.modules and not isinstance(value, ast.Call)):
            return {target}
        imported = set(module.names.values())
        return module.classes | {c for c in self.classes if {c, c.rpartition(".")[0]} & imported}

    def _variables(self, module: Module, function: ast.AST) -> dict[str, str]:
        """Local names that are made by calling a class, with that class."""
        made: dict[str, str] = {}
        for node in ast.walk(function):
            if isinstance(node, ast.Assign) and len(node.targets) == 1:
                target, value = node.targets[0], node.value
                pairs = [(target, value)]
                if isinstance(target, ast.Tuple) and isinstance(value, ast.Tuple):
                    pairs = list(zip(target.elts, value.elts, strict=True))
                for left, right in pairs:
                    kind = self._dotted(module, right.func) if isinstance(right, ast.Call) else ""
                    if isinstance(left, ast.Name) and kind in self.classes:
                        made[left.id] = kind
        return made

    def _dotted(self, module: Module, node: ast.expr) -> str:
        if isinstance(node, ast.Name):
            return self._resolve(module, node.id)
        if isinstance(node, ast.Attribute):
            return f"{self._dotted(module, node.value)}.{node.attr}"
        return ""

    def _of(self, name: str) -> Iterator[str]:
        yield name
        if name in self.classes:
            yield from (f"{name}.__init__", f"{name}.__enter__", f"{name}.__call__")

    def _resolve(self, module: Module, name: str) -> str:
        return module.names.get(name, f"{module.name}.{name}")

    def _calls(self, name: str) -> set[str]:
        module = self.functions[name]
        if name == "lambdas.aws.mlflow.Mlflow._call":
            return {"sagemaker:CallMlflowAppApi"}
        operations = {
            python: f"{IAM_PREFIX.get(service, service)}:{operation}"
            for service in module.services
            for python, operation in _operations(service).items()
        }
        found: set[str] = set()
        for node in ast.walk(module.functions[name]):
            if isinstance(node, ast.Call):
                found |= _of_call(node, operations)
        return found


def _of_call(node: ast.Call, operations: dict[str, str]) -> set[str]:
    if not isinstance(node.func, ast.Attribute):
        return set()
    called = TRANSFERS.get(node.func.attr, node.func.attr)
    if called in ("get_paginator", "get_waiter") and isinstance(node.args[0], ast.Constant):
        called = str(node.args[0].value)
    if called not in operations:
        return set()
    action = operations[called]
    versioned = action == "s3:GetObject" and any(k.arg == "VersionId" for k in node.keywords)
    return {*ACTIONS.get(action, (action,)), *(("s3:GetObjectVersion",) if versioned else ())}


@cache
def _operations(service: str) -> dict[str, str]:
    model = botocore.session.get_session().get_service_model(service)
    return {xform_name(operation): operation for operation in model.operation_names}


def _parse(root: Path, path: Path) -> Module:
    parts = path.relative_to(root).with_suffix("").parts
    module = Module(".".join(parts[:-1] if parts[-1] == "__init__" else parts))
    tree = ast.parse(path.read_text(encoding="utf-8"))
    _collect(tree, module.name, module)
    for node in ast.walk(tree):
        if isinstance(node, ast.ImportFrom) and node.module:
            module.names |= {a.asname or a.name: f"{node.module}.{a.name}" for a in node.names}
        elif isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id == "client":
            module.services |= {str(a.value) for a in node.args if isinstance(a, ast.Constant)}
    return module


def _collect(parent: ast.AST, prefix: str, module: Module) -> None:
    for node in ast.iter_child_nodes(parent):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            module.functions[f"{prefix}.{node.name}"] = node
        elif isinstance(node, ast.ClassDef):
            module.classes.add(f"{prefix}.{node.name}")
            _collect(node, f"{prefix}.{node.name}", module)
