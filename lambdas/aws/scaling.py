"""Application Auto Scaling: the endpoint's variant as a scalable target, with its policies and schedules."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any

from botocore.exceptions import ClientError

from contracts.names import VARIANT_NAME
from lambdas.aws.clients import client


def _autoscaling() -> Any:
    return client("application-autoscaling")


class ScalableFleet:
    """The one variant of an endpoint."""

    def __init__(self, endpoint_name: str) -> None:
        self._target = {
            "ServiceNamespace": "sagemaker",
            "ResourceId": f"endpoint/{endpoint_name}/variant/{VARIANT_NAME}",
            "ScalableDimension": "sagemaker:variant:DesiredInstanceCount",
        }

    @property
    def is_registered(self) -> bool:
        answer = _autoscaling().describe_scalable_targets(
            ServiceNamespace="sagemaker", ResourceIds=[self._target["ResourceId"]]
        )
        return bool(answer["ScalableTargets"])

    def register(self, min_instances: int, max_instances: int) -> None:
        _autoscaling().register_scalable_target(
            **self._target, MinCapacity=min_instances, MaxCapacity=max_instances
        )

    def deregister(self) -> None:
        """With its policies, their alarms and its schedules; one that is none is fine."""
        with _gone_is_fine():
            _autoscaling().deregister_scalable_target(**self._target)

    def policy_names(self) -> set[str]:
        pages = (
            _autoscaling()
            .get_paginator("describe_scaling_policies")
            .paginate(ServiceNamespace="sagemaker", ResourceId=self._target["ResourceId"])
        )
        return {policy["PolicyName"] for page in pages for policy in page["ScalingPolicies"]}

    def put_policy(self, name: str, policy: Mapping[str, Any]) -> str:
        """`policy` holds PolicyType and its configuration; the policy's ARN."""
        answer = _autoscaling().put_scaling_policy(**self._target, PolicyName=name, **policy)
        return str(answer["PolicyARN"])

    def delete_policy(self, name: str) -> None:
        with _gone_is_fine():
            _autoscaling().delete_scaling_policy(**self._target, PolicyName=name)

    def schedule_names(self) -> set[str]:
        pages = (
            _autoscaling()
            .get_paginator("describe_scheduled_actions")
            .paginate(ServiceNamespace="sagemaker", ResourceId=self._target["ResourceId"])
        )
        return {action["ScheduledActionName"] for page in pages for action in page["ScheduledActions"]}

    def put_schedule(self, name: str, action: Mapping[str, Any]) -> None:
        _autoscaling().put_scheduled_action(**self._target, ScheduledActionName=name, **action)

    def delete_schedule(self, name: str) -> None:
        with _gone_is_fine():
            _autoscaling().delete_scheduled_action(**self._target, ScheduledActionName=name)


@contextmanager
def _gone_is_fine() -> Iterator[None]:
    """For whoever wants that there be none."""
    try:
        yield
    except ClientError as error:
        if error.response["Error"]["Code"] != "ObjectNotFoundException":
            raise
