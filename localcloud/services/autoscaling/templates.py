"""CloudFormation's types, each made by the operations that the API has.

Properties, Ref and attributes: CloudFormation template reference,
`AWS::ApplicationAutoScaling::ScalableTarget`
(Ref is resource, dimension and namespace, joined by bars) and `ScalingPolicy` (Ref and Arn).
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from localcloud.ministack_adapter import provisioners
from localcloud.services.autoscaling.errors import ObjectNotFoundError
from localcloud.services.autoscaling.service import AutoScaling
from localcloud.services.sagemaker.store import Document

Call = Callable[[str, Document], Document]
Properties = Mapping[str, Any]
Created = tuple[str, dict[str, Any]]
_TARGET, _POLICY = "AWS::ApplicationAutoScaling::ScalableTarget", "AWS::ApplicationAutoScaling::ScalingPolicy"
_ID = ("ServiceNamespace", "ResourceId", "ScalableDimension")


def add_types(service: AutoScaling, call: Call) -> None:
    """Provision both types."""
    made = _Types(service, call)
    provisioners.RESOURCE_HANDLERS[_TARGET] = {
        "create": made.create_target,
        "update": made.update_target,
        "delete": made.delete_target,
    }
    provisioners.RESOURCE_HANDLERS[_POLICY] = {
        "create": made.create_policy,
        "update": made.update_policy,
        "delete": made.delete_policy,
    }


class _Types:
    def __init__(self, service: AutoScaling, call: Call) -> None:
        self._coerce = service.contract.coerce
        self._call = call

    def create_target(self, logical_id: str, properties: Properties, stack_name: str) -> Created:
        asked = dict(properties)
        actions = asked.pop("ScheduledActions", None) or []
        asked.pop("RoleARN", None)
        answer = self._do("RegisterScalableTarget", asked)
        key = {name: asked[name] for name in _ID}
        for action in actions:
            self._do("PutScheduledAction", {**key, **action})
        ref = "|".join(str(asked[name]) for name in ("ResourceId", "ScalableDimension", "ServiceNamespace"))
        return ref, {"Id": ref, "ScalableTargetARN": answer["ScalableTargetARN"]}

    def update_target(self, physical_id: str, old: Properties, new: Properties, stack_name: str) -> Created:
        """Another resource or dimension is another target; actions that are left out are dropped."""
        created = self.create_target(physical_id, new, stack_name)
        if created[0] != physical_id:
            return created
        kept = {action["ScheduledActionName"] for action in new.get("ScheduledActions") or []}
        for action in old.get("ScheduledActions") or []:
            if action["ScheduledActionName"] not in kept:
                self._drop("DeleteScheduledAction", physical_id, action["ScheduledActionName"])
        return created

    def delete_target(self, physical_id: str, properties: Properties) -> None:
        self._drop("DeregisterScalableTarget", physical_id)

    def create_policy(self, logical_id: str, properties: Properties, stack_name: str) -> Created:
        asked = dict(properties)
        if target := asked.pop("ScalingTargetId", None):
            asked.update(_identity(target))
        arn = str(self._do("PutScalingPolicy", asked)["PolicyARN"])
        return arn, {"Arn": arn}

    def update_policy(self, physical_id: str, old: Properties, new: Properties, stack_name: str) -> Created:
        created = self.create_policy(physical_id, new, stack_name)
        if created[0] != physical_id:
            self.delete_policy(physical_id, old)
        return created

    def delete_policy(self, physical_id: str, properties: Properties) -> None:
        resource_id, _, name = physical_id.partition(":resource/sagemaker/")[2].partition(":policyName/")
        target = f"{resource_id}|sagemaker:variant:DesiredInstanceCount|sagemaker"
        self._drop("DeleteScalingPolicy", target, name)

    def _do(self, operation: str, asked: Document) -> Document:
        return self._call(operation, self._coerce(operation, asked))

    def _drop(self, operation: str, target: str, name: str = "") -> None:
        """What is gone already is no error."""
        member = {"DeleteScheduledAction": "ScheduledActionName", "DeleteScalingPolicy": "PolicyName"}
        named = {member[operation]: name} if operation in member else {}
        try:
            self._call(operation, {**_identity(target), **named})
        except ObjectNotFoundError:
            return


def _identity(target: str) -> Document:
    resource_id, dimension, namespace = target.split("|")
    return {"ResourceId": resource_id, "ScalableDimension": dimension, "ServiceNamespace": namespace}
