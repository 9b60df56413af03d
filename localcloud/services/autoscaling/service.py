"""The operations of Application Auto Scaling, each request held against botocore's model.

What a caller needs besides: the permissions on the endpoint and on CloudWatch that the guide lists
(Application Auto Scaling User Guide, "Permissions validation for Application Auto Scaling API calls on target
resources"), and the first time iam:CreateServiceLinkedRole ("Service-linked roles").
"""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any, Protocol

from localcloud.services.autoscaling.activities import Activities
from localcloud.services.autoscaling.errors import (
    SageMakerError,
    UnsupportedOperationError,
    ValidationError,
)
from localcloud.services.autoscaling.policies import TRACKING, Policies, tracking_alarms
from localcloud.services.autoscaling.schedules import Schedules
from localcloud.services.autoscaling.targets import SERVICE_ROLE, Targets, Variant, check_kind, variant_of
from localcloud.services.sagemaker.access.caller import Caller
from localcloud.services.sagemaker.requests.contract import Contract
from localcloud.services.sagemaker.store import Document

SERVICE = "application-autoscaling"
_ON_ENDPOINT = ("DescribeEndpoint", "UpdateEndpointWeightsAndCapacities")
_MAX_RESULTS = 50
_BURSTABLE = "ml.t"
"""SageMaker Developer Guide, "Automatic scaling of SageMaker AI models": not T2 and its like. How the service
puts it is not known: these words are the embedded cloud's."""


class Watch(Protocol):
    """CloudWatch's alarms, as this service keeps its own."""

    def put(self, request: dict[str, Any]) -> None: ...

    def delete(self, names: list[str]) -> None: ...

    def acting_for(self, policy_arn: str) -> list[str]: ...


class AutoScaling:
    """The service without its clockwork. `type_of` gives a variant's instance type, if there is one."""

    def __init__(
        self,
        account: str,
        region: str,
        targets: Targets,
        policies: Policies,
        schedules: Schedules,
        activities: Activities,
        watch: Watch,
        type_of: Callable[[Variant], str | None],
    ) -> None:
        self.contract = Contract(SERVICE)
        self.targets = targets
        self._account, self._region = account, region
        self._policies, self._schedules, self._activities = policies, schedules, activities
        self._watch = watch
        self._type_of = type_of
        self._operations: dict[str, Callable[[Document, Caller], Document]] = {
            "RegisterScalableTarget": self.register,
            "DeregisterScalableTarget": self.deregister,
            "DescribeScalableTargets": self.describe_targets,
            "PutScalingPolicy": self.put_policy,
            "DeleteScalingPolicy": self.delete_policy,
            "DescribeScalingPolicies": self.describe_policies,
            "PutScheduledAction": self.put_action,
            "DeleteScheduledAction": self.delete_action,
            "DescribeScheduledActions": self.describe_actions,
            "DescribeScalingActivities": self.describe_activities,
        }

    def call(self, operation: str, request: Document, caller: Caller) -> Document:
        """Run one operation; raises SageMakerError."""
        if not self.contract.knows(operation):
            raise ValidationError(f"Application Auto Scaling has no operation {operation!r}")
        handler = self._operations.get(operation)
        if handler is None:
            raise UnsupportedOperationError(f"{operation} is not supported by the embedded cloud")
        self.contract.check_request(operation, request)
        given = {key: value for key, value in request.items() if value is not None}
        check_kind(given)
        if given.pop("Tags", None):
            raise UnsupportedOperationError("Tags of scalable targets are not kept by the embedded cloud")
        answer = handler(given, caller)
        self.contract.check_answer(operation, answer)
        return answer

    def register(self, request: Document, caller: Caller) -> Document:
        variant = variant_of(request["ResourceId"])
        self._check(variant, caller)
        if self.targets.is_empty:
            role = f"arn:aws:iam::{self._account}:role/{SERVICE_ROLE}"
            named = {"iam:AWSServiceName": "sagemaker.application-autoscaling.amazonaws.com"}
            caller.authorize("iam:CreateServiceLinkedRole", role, named)
        kind = self._type_of(variant)
        if kind is None:
            raise ValidationError(
                f"The scalable target does not exist: {variant.resource_id}. Create the endpoint first."
            )
        if kind.startswith(_BURSTABLE):
            raise ValidationError(
                f"{kind} can't be scaled: automatic scaling is not supported for burstable instances."
            )
        return {"ScalableTargetARN": self.targets.register(request)["ScalableTargetARN"]}

    def deregister(self, request: Document, caller: Caller) -> Document:
        """Policies and scheduled actions go with their target, and so do the alarms of the policies."""
        resource_id = request["ResourceId"]
        self.targets.known(resource_id, noun="scalable target found")
        for policy in self._policies.of(resource_id):
            self._drop(policy, caller)
        for action in self._schedules.of(resource_id):
            self._schedules.delete(resource_id, action["ScheduledActionName"])
        self.targets.forget(resource_id)
        return {}

    def put_policy(self, request: Document, caller: Caller) -> Document:
        resource_id = request["ResourceId"]
        self.targets.known(resource_id)
        self._check(variant_of(resource_id), caller)
        policy, before = self._policies.put(request)
        names = policy["Alarms"]
        try:
            for action in ("PutMetricAlarm", "DescribeAlarms", "DeleteAlarms") if names else ():
                for name in names:
                    caller.authorize(f"cloudwatch:{action}", self._alarm(name))
        except SageMakerError:
            self._policies.forget(policy)
            raise
        if stale := [name for name in (before or {}).get("Alarms", []) if name not in names]:
            self._watch.delete(stale)
        if policy["PolicyType"] == TRACKING:
            for alarm in tracking_alarms(policy):
                self._watch.put(alarm)
        return {"PolicyARN": policy["PolicyARN"], "Alarms": self._alarms(names)}

    def delete_policy(self, request: Document, caller: Caller) -> Document:
        self._drop(self._policies.known(request["ResourceId"], request["PolicyName"]), caller)
        return {}

    def put_action(self, request: Document, caller: Caller) -> Document:
        self.targets.known(request["ResourceId"])
        self._schedules.put(request)
        return {}

    def delete_action(self, request: Document, caller: Caller) -> Document:
        self._schedules.delete(request["ResourceId"], request["ScheduledActionName"])
        return {}

    def describe_targets(self, request: Document, caller: Caller) -> Document:
        ids = request.get("ResourceIds")
        found = [dict(one) for one in self.targets if ids is None or one["ResourceId"] in ids]
        return _page("ScalableTargets", found, request)

    def describe_policies(self, request: Document, caller: Caller) -> Document:
        names, resource_id = request.get("PolicyNames"), request.get("ResourceId")
        found = [
            {**policy, "Alarms": self._alarms(self._watch.acting_for(policy["PolicyARN"]))}
            for policy in self._policies
            if (names is None or policy["PolicyName"] in names)
            and resource_id in (None, policy["ResourceId"])
        ]
        return _page("ScalingPolicies", found, request)

    def describe_actions(self, request: Document, caller: Caller) -> Document:
        names, resource_id = request.get("ScheduledActionNames"), request.get("ResourceId")
        found = [
            {key: value for key, value in action.items() if key != "SeenUntil"}
            for action in self._schedules
            if (names is None or action["ScheduledActionName"] in names)
            and resource_id in (None, action["ResourceId"])
        ]
        return _page("ScheduledActions", found, request)

    def describe_activities(self, request: Document, caller: Caller) -> Document:
        return _page("ScalingActivities", self._activities.of(request.get("ResourceId")), request)

    def _check(self, variant: Variant, caller: Caller) -> None:
        endpoint = f"arn:aws:sagemaker:{self._region}:{self._account}:endpoint/{variant.endpoint.lower()}"
        for action in _ON_ENDPOINT:
            caller.authorize(f"sagemaker:{action}", endpoint)

    def _drop(self, policy: Document, caller: Caller) -> None:
        """An alarm that somebody put for steps stays, without anything to act on."""
        for name in policy["Alarms"]:
            caller.authorize("cloudwatch:DeleteAlarms", self._alarm(name))
        self._policies.forget(policy)
        if policy["Alarms"]:
            self._watch.delete(list(policy["Alarms"]))

    def _alarm(self, name: str) -> str:
        return f"arn:aws:cloudwatch:{self._region}:{self._account}:alarm:{name}"

    def _alarms(self, names: list[str]) -> list[Document]:
        return [{"AlarmName": name, "AlarmARN": self._alarm(name)} for name in names]


def _page(member: str, found: list[Document], request: Document) -> Document:
    start = _start(request.get("NextToken"), len(found))
    end = start + min(int(request.get("MaxResults", _MAX_RESULTS)), _MAX_RESULTS)
    more = {"NextToken": json.dumps(end)} if end < len(found) else {}
    return {member: found[start:end], **more}


def _start(token: str | None, count: int) -> int:
    if token is None:
        return 0
    if not token.isdigit() or int(token) > count:
        raise ValidationError(f"The next token {token!r} is none that this service gave.")
    return int(token)
