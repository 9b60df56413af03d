"""What a deployment asks of SageMaker, as requests. Pure.

Model, endpoint config and training job share one name, so that whoever sees one finds the others.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import Any

from contracts import metrics
from contracts.deployment import DeploymentPolicy
from contracts.instances import has_local_storage
from contracts.names import VARIANT_NAME
from contracts.settings import DeployCanarySettings

# Often enough to renew the lease in time, and rare enough for an execution history of 25,000 events.
_MIN_CHECK_SECONDS, _MAX_CHECK_SECONDS = 10, 60
_CHECKS_PER_BAKE = 8
# What EndpointConfig's MetricsConfig accepts (SageMaker API Reference, `MetricsConfig`).
_PUBLISH_SECONDS = (10, 30, 60, 120, 180, 240, 300)


def model_request(
    name: str,
    registration: Mapping[str, Any],
    settings: DeployCanarySettings,
    tags: Sequence[Mapping[str, str]],
) -> dict[str, Any]:
    """CreateModel: the serving image by digest, the artefact, and what the container says of itself.

    The container answers and calls nobody, so it gets neither network nor credentials; SageMaker itself
    fetches the artefact and writes logs and captures (Developer Guide, "Run Training and Inference
    Containers in Internet-Free Mode"), through the pipeline's VPC where it has one.
    """
    network = {"VpcConfig": json.loads(settings.endpoint_network)} if settings.endpoint_network else {}
    return {
        "ModelName": name,
        "ExecutionRoleArn": settings.endpoint_role_arn,
        "PrimaryContainer": {
            "Image": registration["serving_image_uri"],
            "ModelDataUrl": registration["model_data_uri"],
            "Environment": {metrics.CONFIG_VARIABLE: name},
        },
        "EnableNetworkIsolation": True,
        **network,
        "Tags": list(tags),
    }


def config_request(
    name: str, policy: DeploymentPolicy, settings: DeployCanarySettings, tags: Sequence[Mapping[str, str]]
) -> dict[str, Any]:
    """CreateEndpointConfig: the variant keeps its name, which a blue/green update demands."""
    return {
        "EndpointConfigName": name,
        "ProductionVariants": [
            {
                "VariantName": VARIANT_NAME,
                "ModelName": name,
                "InstanceType": policy.instance_type,
                "InitialInstanceCount": policy.instance_count,
                "InitialVariantWeight": 1.0,
            }
        ],
        "DataCaptureConfig": _capture(policy, settings),
        **_volume_key(policy, settings),
        # By default invocations are counted once a minute; an alarm with a shorter period needs more.
        "MetricsConfig": {
            "EnableEnhancedMetrics": True,
            "MetricPublishFrequencyInSeconds": publish_seconds(policy.alarm_period_seconds),
        },
        "Tags": list(tags),
    }


def _volume_key(policy: DeploymentPolicy, settings: DeployCanarySettings) -> dict[str, str]:
    return {} if has_local_storage(policy.instance_type) else {"KmsKeyId": settings.endpoint_key_arn}


def _capture(policy: DeploymentPolicy, settings: DeployCanarySettings) -> dict[str, Any]:
    return {
        "EnableCapture": policy.capture_share > 0,
        "InitialSamplingPercentage": round(100 * policy.capture_share),
        "DestinationS3Uri": settings.capture_uri,
        "KmsKeyId": settings.endpoint_key_arn,
        "CaptureOptions": [{"CaptureMode": "Input"}, {"CaptureMode": "Output"}],
        "CaptureContentTypeHeader": {
            "CsvContentTypes": ["text/csv"],
            "JsonContentTypes": ["application/json"],
        },
    }


def publish_seconds(alarm_period_seconds: int) -> int:
    """The rarest publication that still gives every alarm period a datapoint."""
    return max((s for s in _PUBLISH_SECONDS if alarm_period_seconds % s == 0), default=10)


def deployment_request(policy: DeploymentPolicy, alarm_names: Sequence[str]) -> dict[str, Any]:
    """UpdateEndpoint's DeploymentConfig."""
    return {
        "BlueGreenUpdatePolicy": {
            "TrafficRoutingConfiguration": _routing(policy),
            "TerminationWaitInSeconds": policy.termination_wait_seconds,
            "MaximumExecutionTimeoutInSeconds": policy.max_execution_seconds,
        },
        "AutoRollbackConfiguration": {"Alarms": [{"AlarmName": name} for name in alarm_names]},
    }


def _routing(policy: DeploymentPolicy) -> dict[str, Any]:
    routing: dict[str, Any] = {
        "Type": policy.strategy.upper(),
        "WaitIntervalInSeconds": policy.baking_seconds,
    }
    if policy.strategy == "canary":
        routing["CanarySize"] = _size(policy.canary_percent, policy.canary_instances)
    if policy.strategy == "linear":
        routing["LinearStepSize"] = _size(policy.linear_step_percent, policy.linear_step_instances)
    return routing


def _size(percent: int, instances: int) -> dict[str, Any]:
    if instances:
        return {"Type": "INSTANCE_COUNT", "Value": instances}
    return {"Type": "CAPACITY_PERCENT", "Value": percent}


def check_after_seconds(policy: DeploymentPolicy) -> int:
    return min(max(policy.baking_seconds // _CHECKS_PER_BAKE, _MIN_CHECK_SECONDS), _MAX_CHECK_SECONDS)


def tags_of(settings: DeployCanarySettings, *, training_job: str, execution: str) -> list[dict[str, str]]:
    """What everything that a deployment makes is tagged with: whose it is, and what it came from."""
    tags = {
        **json.loads(settings.resource_tags),
        "greenlight:training-job": training_job,
        "greenlight:execution": execution,
    }
    return [{"Key": key, "Value": value} for key, value in tags.items()]
