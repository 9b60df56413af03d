"""Scaling policies: what PutScalingPolicy accepts, and the alarms that target tracking keeps for itself.

Application Auto Scaling API reference, `PutScalingPolicy`, `StepScalingPolicyConfiguration` and
`TargetTrackingScalingPolicyConfiguration`. That the alarms ask for three minutes above the target and fifteen
below nine tenths of it is what accounts show (their names, too); the guide promises neither.
"""

from __future__ import annotations

import itertools
import uuid
from collections.abc import Iterator
from typing import Any

from localcloud.host.clock import Clock
from localcloud.services.autoscaling.errors import (
    ObjectNotFoundError,
    UnsupportedOperationError,
    ValidationError,
)
from localcloud.services.autoscaling.targets import DIMENSION, NAMESPACE, variant_of, where
from localcloud.services.sagemaker.store import Document, Table

TRACKING, STEPS = "TargetTrackingScaling", "StepScaling"
INVOCATIONS = "SageMakerVariantInvocationsPerInstance"
BELOW_SHARE, MINUTES_ABOVE, MINUTES_BELOW = 0.9, 3, 15
MAX_POLICIES, MAX_STEPS = 50, 20
_UNSUPPORTED_METRICS = (
    "SageMakerVariantConcurrentRequestsPerModelHighResolution",
    "SageMakerVariantProvisionedConcurrencyUtilization",
    "SageMakerInferenceComponentInvocationsPerCopy",
    "SageMakerInferenceComponentConcurrentRequestsPerCopyHighResolution",
)


class Policies:
    """Every policy of the account, by resource and name."""

    def __init__(self, table: Table, account: str, region: str, clock: Clock) -> None:
        self._table = table
        self._place = f"arn:aws:autoscaling:{region}:{account}:scalingPolicy"
        self._clock = clock

    def __iter__(self) -> Iterator[Document]:
        return iter(self._table)

    def of(self, resource_id: str) -> list[Document]:
        return [policy for policy in self._table if policy["ResourceId"] == resource_id]

    def by_arn(self, arn: str) -> Document | None:
        return next((policy for policy in self._table if policy["PolicyARN"] == arn), None)

    def known(self, resource_id: str, name: str) -> Document:
        found = self._table.get(_key(resource_id, name))
        if found is None:
            raise ObjectNotFoundError(
                f"No scaling policy found for {where(resource_id)}, policy name: {name}"
            )
        return found

    def put(self, request: Document) -> tuple[Document, Document | None]:
        """The policy, and the one that it replaces under the same name."""
        resource_id, name = request["ResourceId"], request["PolicyName"]
        before = self._table.get(_key(resource_id, name))
        kind = request.get("PolicyType", before["PolicyType"] if before else STEPS)
        member = f"{kind}PolicyConfiguration"
        config = request.get(member)
        if kind not in (TRACKING, STEPS):
            raise ValidationError(f"PolicyType {kind} is not supported for {NAMESPACE}.")
        if config is None:
            raise ValidationError(f"{member} is required for a policy of type {kind}.")
        if before is None and len(self.of(resource_id)) >= MAX_POLICIES:
            raise ValidationError(f"A scalable target has at most {MAX_POLICIES} policies.")
        check = _check_tracking if kind == TRACKING else _check_steps
        check(config)
        arn = f"{self._place}:{uuid.uuid4()}:resource/{NAMESPACE}/{resource_id}:policyName/{name}"
        record = {
            "PolicyARN": before["PolicyARN"] if before else arn,
            "PolicyName": name,
            "ServiceNamespace": NAMESPACE,
            "ResourceId": resource_id,
            "ScalableDimension": DIMENSION,
            "PolicyType": kind,
            member: config,
            "CreationTime": before["CreationTime"] if before else self._clock.now(),
        }
        record["Alarms"] = alarm_names(record) if kind == TRACKING else []
        return self._table.save(_key(resource_id, name), record), before

    def forget(self, policy: Document) -> None:
        self._table.delete(_key(policy["ResourceId"], policy["PolicyName"]))


def tracking_alarms(policy: Document) -> list[dict[str, Any]]:
    """PutMetricAlarm's requests for the alarms of a policy that tracks a target."""
    config = policy["TargetTrackingScalingPolicyConfiguration"]
    target = float(config["TargetValue"])
    bounds: tuple[tuple[str, float, int], ...] = (
        ("GreaterThanThreshold", target, MINUTES_ABOVE),
        ("LessThanThreshold", BELOW_SHARE * target, MINUTES_BELOW),
    )
    if config.get("DisableScaleIn"):
        bounds = bounds[:1]
    return [
        {
            "AlarmName": name,
            "AlarmDescription": f"DO NOT EDIT OR DELETE. For {TRACKING} policy {policy['PolicyARN']}.",
            **_metric(policy, config),
            "Period": 60,
            "EvaluationPeriods": periods,
            "Threshold": threshold,
            "ComparisonOperator": comparison,
            "AlarmActions": [policy["PolicyARN"]],
        }
        for name, (comparison, threshold, periods) in zip(policy["Alarms"], bounds, strict=True)
    ]


def alarm_names(policy: Document) -> list[str]:
    """High first; low as well unless the policy never scales in."""
    token = policy["PolicyARN"].split(":")[6]
    stem = f"TargetTracking-{policy['ResourceId']}"
    kinds = ("High",) if policy[f"{TRACKING}PolicyConfiguration"].get("DisableScaleIn") else ("High", "Low")
    return [f"{stem}-Alarm{kind}-{token}" for kind in kinds]


def _metric(policy: Document, config: Document) -> dict[str, Any]:
    custom = config.get("CustomizedMetricSpecification")
    if custom:
        kept = ("Namespace", "MetricName", "Dimensions", "Statistic", "Unit")
        return {key: custom[key] for key in kept if key in custom}
    variant = variant_of(policy["ResourceId"])
    return {
        "Namespace": "AWS/SageMaker",
        "MetricName": "InvocationsPerInstance",
        "Dimensions": [
            {"Name": "EndpointName", "Value": variant.endpoint},
            {"Name": "VariantName", "Value": variant.name},
        ],
        "Statistic": "Sum",
    }


def _check_tracking(config: Document) -> None:
    predefined, custom = (config.get(f"{kind}MetricSpecification") for kind in ("Predefined", "Customized"))
    if (predefined is None) == (custom is None):
        raise ValidationError(
            "Exactly one of PredefinedMetricSpecification and CustomizedMetricSpecification must be given."
        )
    if config["TargetValue"] <= 0:
        raise ValidationError(f"TargetValue must be above 0, not {config['TargetValue']}.")
    if predefined:
        kind = predefined["PredefinedMetricType"]
        if kind in _UNSUPPORTED_METRICS:
            raise UnsupportedOperationError(f"{kind} is not tracked by the embedded cloud")
        if kind != INVOCATIONS:
            raise ValidationError(f"{kind} is no metric of {DIMENSION}.")
    elif custom and custom.get("Metrics"):
        raise UnsupportedOperationError("Metric math in a policy is not supported by the embedded cloud")
    elif custom and not {"Namespace", "MetricName", "Statistic"} <= set(custom):
        raise ValidationError("CustomizedMetricSpecification needs Namespace, MetricName and Statistic.")


def _check_steps(config: Document) -> None:
    if not config.get("AdjustmentType"):
        raise ValidationError("AdjustmentType is required for a policy of type StepScaling.")
    steps = config.get("StepAdjustments") or []
    if not 1 <= len(steps) <= MAX_STEPS:
        raise ValidationError(f"A step scaling policy has 1 to {MAX_STEPS} step adjustments.")
    low, high = float("-inf"), float("inf")
    spans = sorted(
        (step.get("MetricIntervalLowerBound", low), step.get("MetricIntervalUpperBound", high))
        for step in steps
    )
    for lower, upper in spans:
        if lower >= upper:
            raise ValidationError(f"A step's upper bound {upper} must be above its lower bound {lower}.")
    for (_, upper), (lower, _) in itertools.pairwise(spans):
        if upper != lower:
            raise ValidationError("Step adjustment intervals can't have gaps and can't overlap.")
    if spans[0][0] < 0 and spans[0][0] != low:
        raise ValidationError("With a negative lower bound there must be a step with a null lower bound.")
    if spans[-1][1] > 0 and spans[-1][1] != high:
        raise ValidationError("With a positive upper bound there must be a step with a null upper bound.")


def _key(resource_id: str, name: str) -> str:
    return f"{resource_id}|{name}"
