"""Deploys an assembly through the cloud's own API: assets first, then each stack by a change set."""

from __future__ import annotations

import contextlib
import time
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from botocore.exceptions import ClientError

from localcloud.deploy import bootstrap, publish
from localcloud.deploy.assembly import Assembly, StackArtifact
from localcloud.host.cloud import Cloud

_CHANGE_SET = "localcloud"
_POLL_SECONDS = 0.05
_CAPABILITIES = ["CAPABILITY_IAM", "CAPABILITY_NAMED_IAM", "CAPABILITY_AUTO_EXPAND"]


class DeploymentError(Exception):
    """A stack could not be deployed; the message names each resource that failed and why."""


@dataclass(frozen=True)
class DeployedStack:
    """A stack as it is after the deployment."""

    name: str
    outputs: dict[str, str]


def deploy(cloud: Cloud, assembly: Path) -> list[DeployedStack]:
    """Publish the assembly's assets and create or update its stacks, dependencies first."""
    stacks = Assembly(assembly, cloud.account, cloud.region).stacks()
    ensure_bootstrapped(cloud)
    deployed = []
    for stack in stacks:
        with ThreadPoolExecutor(max_workers=2) as pool:
            publishing = [
                pool.submit(publish.publish_files, cloud, stack.files),
                pool.submit(publish.publish_images, cloud, stack.images),
            ]
        for future in publishing:
            future.result()
        deployed.append(deploy_stack(cloud, stack))
    return deployed


def ensure_bootstrapped(cloud: Cloud) -> None:
    """Create the bootstrap stack if this account has none."""
    cloudformation = cloud.client("cloudformation")
    if _describe(cloudformation, bootstrap.STACK) is None:
        _change(cloudformation, bootstrap.STACK, TemplateBody=bootstrap.template())


def deploy_stack(cloud: Cloud, stack: StackArtifact) -> DeployedStack:
    """Create or update one stack whose assets are published."""
    cloudformation = cloud.client("cloudformation")
    _change(
        cloudformation,
        stack.name,
        TemplateURL=stack.template_url,
        Parameters=[
            {"ParameterKey": name, "ParameterValue": value} for name, value in stack.parameters.items()
        ],
        Tags=[{"Key": name, "Value": value} for name, value in stack.tags.items()],
    )
    described = _describe(cloudformation, stack.name) or {}
    outputs = {output["OutputKey"]: output["OutputValue"] for output in described.get("Outputs", [])}
    return DeployedStack(stack.name, outputs)


def _change(cloudformation: Any, name: str, **template: Any) -> None:
    existing = _describe(cloudformation, name)
    new = existing is None or existing["StackStatus"] == "REVIEW_IN_PROGRESS"
    change_set = f"{_CHANGE_SET}-{time.time_ns()}"
    where = {"StackName": name, "ChangeSetName": change_set}
    # Its name is new: it is there already where botocore asked again before a busy machine had answered.
    with contextlib.suppress(cloudformation.exceptions.AlreadyExistsException):
        cloudformation.create_change_set(
            **where, ChangeSetType="CREATE" if new else "UPDATE", Capabilities=_CAPABILITIES, **template
        )
    while (planned := cloudformation.describe_change_set(**where))["Status"].endswith(
        ("PENDING", "PROGRESS")
    ):
        time.sleep(_POLL_SECONDS)
    if planned["Status"] == "FAILED":
        cloudformation.delete_change_set(**where)
        if not new and _says_unchanged(planned.get("StatusReason", "")):
            return
        raise DeploymentError(f"Stack {name}: the change set was refused: {planned.get('StatusReason')}")
    began = time.time()
    cloudformation.execute_change_set(**where)
    _await_stack(cloudformation, name, began)


def _says_unchanged(reason: str) -> bool:
    return "didn't contain changes" in reason or "No updates are to be performed" in reason


def _await_stack(cloudformation: Any, name: str, began: float) -> None:
    while (stack := _describe(cloudformation, name)) and stack["StackStatus"].endswith("_IN_PROGRESS"):
        time.sleep(_POLL_SECONDS)
    status = stack["StackStatus"] if stack else "gone"
    if status not in ("CREATE_COMPLETE", "UPDATE_COMPLETE"):
        failures = _failures(cloudformation, name, began)
        reason = "\n".join(failures) or (stack or {}).get("StackStatusReason", "no reason was given")
        raise DeploymentError(f"Stack {name} is {status}:\n{reason}")


def _failures(cloudformation: Any, name: str, began: float) -> list[str]:
    """Each failed resource as `LogicalId (Type): reason`, the first failure first."""
    pages = cloudformation.get_paginator("describe_stack_events").paginate(StackName=name)
    events = [event for page in pages for event in page["StackEvents"]]
    return [
        f"  {event['LogicalResourceId']} ({event['ResourceType']}): {event.get('ResourceStatusReason', '')}"
        for event in reversed(events)
        if event["ResourceStatus"].endswith("_FAILED") and event["Timestamp"].timestamp() >= began - 1
    ]


def _describe(cloudformation: Any, name: str) -> dict[str, Any] | None:
    try:
        stacks: list[dict[str, Any]] = cloudformation.describe_stacks(StackName=name)["Stacks"]
    except ClientError as error:
        if error.response["Error"]["Code"] == "ValidationError":
            return None
        raise
    return stacks[0] if stacks else None
