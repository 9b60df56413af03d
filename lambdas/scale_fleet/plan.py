"""What is asked of Application Auto Scaling and CloudWatch, as requests. Pure."""

from __future__ import annotations

from typing import Any

from contracts import metrics
from contracts.names import VARIANT_NAME
from contracts.scaling import FleetScaling, ScheduledBounds
from lambdas.scale_fleet.queueing import target_per_minute

UNMEASURED = "-unmeasured"
_LATE = "-late"
# Of an alarm's two periods: a single slow minute is no reason for a machine.
_LATE_MINUTES = 2
_MUCH_LATER_SHARE, _PERCENT, _MUCH_PERCENT = 0.5, 20, 50


def policy_names(config_name: str, scaling: FleetScaling, *, is_measured: bool) -> set[str]:
    """They say which model was measured and under which settings: another name is another policy."""
    stem = _stem(config_name, scaling)
    return {stem, stem + _LATE} if is_measured else {stem + UNMEASURED + _LATE}


def tracking_name(config_name: str, scaling: FleetScaling) -> str:
    return _stem(config_name, scaling)


def late_name(config_name: str, scaling: FleetScaling, *, is_measured: bool) -> str:
    (name,) = policy_names(config_name, scaling, is_measured=is_measured) - {_stem(config_name, scaling)}
    return name


def stale(there: set[str], config_name: str, scaling: FleetScaling, *, is_measured: bool) -> set[str]:
    """The policies that others take the place of: until a model is measured, the target of the one before
    it stays."""
    replaced = there - policy_names(config_name, scaling, is_measured=is_measured)
    return replaced if is_measured else {name for name in replaced if name.endswith(_LATE)}


def target(scaling: FleetScaling, service_ms: float) -> float:
    """Invocations per instance and minute; 0 where one request takes longer than the limit."""
    return target_per_minute(
        scaling.max_p99_ms,
        service_ms,
        instances=scaling.min_instances,
        max_load_share=scaling.max_load_share,
    )


def tracking(scaling: FleetScaling, target_value: float) -> dict[str, Any]:
    """PutScalingPolicy's members for a fleet that follows its invocations."""
    return {
        "PolicyType": "TargetTrackingScaling",
        "TargetTrackingScalingPolicyConfiguration": {
            "TargetValue": round(target_value, 3),
            "PredefinedMetricSpecification": {
                "PredefinedMetricType": "SageMakerVariantInvocationsPerInstance"
            },
            "ScaleOutCooldown": scaling.scale_out_cooldown_seconds,
            "ScaleInCooldown": scaling.scale_in_cooldown_seconds,
        },
    }


def steps(scaling: FleetScaling) -> dict[str, Any]:
    """PutScalingPolicy's members for a fleet that is too slow, whatever its invocations say."""
    much_us = _MUCH_LATER_SHARE * _limit_us(scaling)
    return {
        "PolicyType": "StepScaling",
        "StepScalingPolicyConfiguration": {
            "AdjustmentType": "PercentChangeInCapacity",
            "MinAdjustmentMagnitude": 1,
            "MetricAggregationType": "Maximum",
            "Cooldown": max(scaling.scale_out_cooldown_seconds, 60),
            "StepAdjustments": [
                {
                    "MetricIntervalLowerBound": 0.0,
                    "MetricIntervalUpperBound": much_us,
                    "ScalingAdjustment": _PERCENT,
                },
                {"MetricIntervalLowerBound": much_us, "ScalingAdjustment": _MUCH_PERCENT},
            ],
        },
    }


def late_alarm(name: str, endpoint_name: str, scaling: FleetScaling, policy_arn: str) -> dict[str, Any]:
    """PutMetricAlarm for the steps: p99 of ModelLatency, which SageMaker reports in microseconds."""
    return {
        "AlarmName": name,
        "AlarmDescription": "Makes the fleet larger: p99 is above max_p99_ms of [scaling]. Nobody is asked.",
        "Namespace": metrics.ENDPOINT_NAMESPACE,
        "MetricName": metrics.MODEL_LATENCY,
        "Dimensions": [
            {"Name": "EndpointName", "Value": endpoint_name},
            {"Name": "VariantName", "Value": VARIANT_NAME},
        ],
        "ExtendedStatistic": "p99",
        "Period": 60,
        "EvaluationPeriods": _LATE_MINUTES,
        "DatapointsToAlarm": _LATE_MINUTES,
        "ComparisonOperator": "GreaterThanThreshold",
        "Threshold": _limit_us(scaling),
        "TreatMissingData": "notBreaching",
        "AlarmActions": [policy_arn],
    }


def schedule(bounds: ScheduledBounds) -> dict[str, Any]:
    """PutScheduledAction's members; rates know no time zone."""
    zone = {} if bounds.schedule.startswith("rate") else {"Timezone": bounds.time_zone}
    return {
        "Schedule": bounds.schedule,
        "ScalableTargetAction": {
            "MinCapacity": bounds.min_instances,
            "MaxCapacity": bounds.max_instances,
        },
        **zone,
    }


def _stem(config_name: str, scaling: FleetScaling) -> str:
    return f"{config_name}-{scaling.fingerprint}"


def _limit_us(scaling: FleetScaling) -> float:
    return 1000 * scaling.max_p99_ms
