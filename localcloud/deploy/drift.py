"""Drift: what of a stack is no longer as its template says.

ministack reads the properties of some types, and of others only whether they are still there, which it calls
IN_SYNC. Here what is not read is NOT_CHECKED, as CloudFormation calls what it can't look into, and state
machines, which `cdk deploy --hotswap` changes beside the template, are read.
https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/using-cfn-stack-drift.html
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from localcloud.host.cloud import Cloud
from localcloud.ministack_adapter import drift, stepfunctions

MACHINE = "AWS::StepFunctions::StateMachine"
_READ = frozenset({"StateMachineName", "DefinitionString", "RoleArn"})


def install(cloud: Cloud) -> None:
    """Answer IN_SYNC only of what was compared."""
    for kind, (_, properties) in list(drift.readers.items()):
        if not properties:
            del drift.readers[kind]
    drift.readers[MACHINE] = (_machine, _READ)


def _machine(arn: str, properties: Mapping[str, Any]) -> dict[str, Any] | None:
    """A state machine as its template would have it; None where it is gone."""
    machine = stepfunctions.state_machines.get(arn)
    if machine is None:
        return None
    return {
        "StateMachineName": machine["name"],
        "DefinitionString": machine["definition"],
        "RoleArn": machine["roleArn"],
    }
