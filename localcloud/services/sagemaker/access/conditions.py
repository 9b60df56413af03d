"""The condition keys that SageMaker takes from a request for IAM to judge.

Service Authorization Reference, "Actions, resources, and condition keys for Amazon SageMaker".
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

_NETWORKED = frozenset({"CreateModel", "CreateTrainingJob"})


def keys_of(operation: str, request: Mapping[str, Any]) -> dict[str, Any]:
    """The keys of one request; those that it says nothing of are absent."""
    if operation not in _NETWORKED:
        return {}
    keys: dict[str, Any] = {}
    if isinstance(request.get("EnableNetworkIsolation"), bool):
        keys["sagemaker:NetworkIsolation"] = str(request["EnableNetworkIsolation"]).lower()
    vpc = request.get("VpcConfig")
    if isinstance(vpc, Mapping):
        keys["sagemaker:VpcSubnets"] = vpc.get("Subnets") or None
        keys["sagemaker:VpcSecurityGroupIds"] = vpc.get("SecurityGroupIds") or None
    return {name: value for name, value in keys.items() if value is not None}
