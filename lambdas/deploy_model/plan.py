"""What a deployment asks of SageMaker, as requests. Pure.

Model, endpoint config and training job share one name, so that whoever sees one finds the others.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from math import ceil
from typing import Any

from contracts import metrics
from contracts.deployment import MAX_EXECUTION_SECONDS, DeploymentPolicy
from contracts.documents.models import Registration
from contracts.errors import FleetTooSmallError
from contracts.instances import has_local_storage
from contracts.names import VARIANT_NAME
from contracts.settings import DeployModelSettings

# Often enough to renew the lease in time, and rare enough for an execution history of 25,000 events.
_MIN_CHECK_SECONDS, _MAX_CHECK_SECONDS = 10, 60
_CHECKS_PER_BAKE = 8
_STARTING_SECONDS = 600  # for the green fleet to come up, beside the waits
_MIN_STEP_SHARE = 0.1  # of a linear deployment (SageMaker Developer Guide, "Use linear traffic shifting")
# What EndpointConfig's MetricsConfig accepts (SageMaker API Reference, `MetricsConfig`).
_PUBLISH_SECONDS = (10, 30, 60, 120, 180, 240, 300)


def model_request(
    name: str,
    registration: Registration,
    settings: DeployModelSettings,
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
            "Image": registration.serving_image_uri,
            "ModelDataUrl": registration.model_data_uri,
            "Environment": _environment(name, registration.model_hash),
        },
        "EnableNetworkIsolation": True,
        **network,
        "Tags": list(tags),
    }


def _environment(name: str, model_hash: str) -> dict[str, str]:
    """A package from before models had a hash is served as it is."""
    expected = {metrics.MODEL_HASH_VARIABLE: model_hash} if model_hash else {}
    return {metrics.CONFIG_VARIABLE: name, **expected}


def config_request(
    name: str, policy: DeploymentPolicy, settings: DeployModelSettings, tags: Sequence[Mapping[str, str]]
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


def _volume_key(policy: DeploymentPolicy, settings: DeployModelSettings) -> dict[str, str]:
    return {} if has_local_storage(policy.instance_type) else {"KmsKeyId": settings.endpoint_key_arn}


def _capture(policy: DeploymentPolicy, settings: DeployModelSettings) -> dict[str, Any]:
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


def deployment_request(
    policy: DeploymentPolicy, alarm_names: Sequence[str], instances: int
) -> dict[str, Any]:
    """UpdateEndpoint's DeploymentConfig, for a fleet of so many instances.

    Raises FleetTooSmallError where the policy refuses to replace a single one at once.
    """
    alone = policy.strategy != "all_at_once" and instances < 2
    if alone and policy.single_instance == "refuse":
        raise FleetTooSmallError(
            f"the fleet has {instances} instance, which a {policy.strategy} deployment can't share: "
            'scale it to 2, or let it be replaced at once (single_instance = "at_once")'
        )
    update = _rolling if policy.strategy == "rolling" and not alone else _blue_green
    return {
        **update(policy, instances),
        "AutoRollbackConfiguration": {"Alarms": [{"AlarmName": name} for name in alarm_names]},
    }


def _blue_green(policy: DeploymentPolicy, instances: int) -> dict[str, Any]:
    routing, shifts = _routing(policy, instances)
    waits = policy.baking_seconds * shifts + policy.termination_wait_seconds
    return {
        "BlueGreenUpdatePolicy": {
            "TrafficRoutingConfiguration": routing,
            "TerminationWaitInSeconds": policy.termination_wait_seconds,
            "MaximumExecutionTimeoutInSeconds": _limit_seconds(policy, waits),
        }
    }


def _rolling(policy: DeploymentPolicy, instances: int) -> dict[str, Any]:
    """Where the way back has no size, SageMaker brings the whole old fleet up at once. Each batch comes up by
    itself, after the one before has baked."""
    batch, back = policy.batch_of(instances), policy.rollback_batch_of(instances)
    batches = ceil(instances / batch)
    waits = policy.baking_seconds * batches + _STARTING_SECONDS * (batches - 1)
    return {
        "RollingUpdatePolicy": {
            "MaximumBatchSize": _instances(batch),
            "WaitIntervalInSeconds": policy.baking_seconds,
            "MaximumExecutionTimeoutInSeconds": _limit_seconds(policy, waits),
            **({"RollbackMaximumBatchSize": _instances(back)} if back < instances else {}),
        }
    }


def _instances(count: int) -> dict[str, Any]:
    return {"Type": "INSTANCE_COUNT", "Value": count}


def _limit_seconds(policy: DeploymentPolicy, waits: int) -> int:
    """The policy was checked with its own count; a scaled fleet may take more steps."""
    return max(policy.max_execution_seconds, min(waits + _STARTING_SECONDS, MAX_EXECUTION_SECONDS))


def fleet(policy: DeploymentPolicy, *, running: int, configured: int) -> tuple[int, tuple[str, ...]]:
    """How many instances the green fleet has, and what it does not retain of the blue one.

    `running` is what people or auto scaling made of the fleet, and stays; unless the policy asks for another
    count than the config that serves (`configured`): that was changed on purpose. Data capture is always the
    new config's: an endpoint that retained it could never change it.
    """
    is_changed = configured not in (0, policy.instance_count)
    if is_changed or not running:
        return policy.instance_count, ("DataCaptureConfig", "DesiredInstanceCount")
    return running, ("DataCaptureConfig",)


def _routing(policy: DeploymentPolicy, instances: int) -> tuple[dict[str, Any], int]:
    """TrafficRoutingConfiguration, and how many times it shifts traffic."""
    at_once = {"Type": "ALL_AT_ONCE", "WaitIntervalInSeconds": policy.baking_seconds}
    if policy.strategy == "all_at_once" or instances < 2:
        return at_once, 1
    canary = policy.strategy == "canary"
    percent = policy.canary_percent if canary else policy.linear_step_percent
    wanted = policy.canary_instances if canary else policy.linear_step_instances
    size, share = _size(percent, wanted, instances, at_least=0.0 if canary else _MIN_STEP_SHARE)
    name = "CanarySize" if canary else "LinearStepSize"
    routing = {"Type": policy.strategy.upper(), "WaitIntervalInSeconds": policy.baking_seconds, name: size}
    return routing, 2 if canary else ceil(1 / share)


def _size(percent: int, wanted: int, instances: int, *, at_least: float) -> tuple[dict[str, Any], float]:
    """CapacitySize and the share of the fleet that it is (0-1); a number of instances is kept within what
    SageMaker takes of a fleet of this size."""
    if not wanted:
        return {"Type": "CAPACITY_PERCENT", "Value": percent}, percent / 100
    value = max(min(wanted, instances // 2), ceil(at_least * instances), 1)
    return _instances(value), value / instances


def exemption(home: str, *, is_rollback: bool) -> str:
    """Why nobody waits for proof of this deployment; empty where somebody does."""
    if not home:
        return "a first deployment"
    return "a rollback by hand" if is_rollback else ""


def check_after_seconds(policy: DeploymentPolicy) -> int:
    return min(max(policy.baking_seconds // _CHECKS_PER_BAKE, _MIN_CHECK_SECONDS), _MAX_CHECK_SECONDS)


def tags_of(settings: DeployModelSettings, *, training_job: str, execution: str) -> list[dict[str, str]]:
    """What everything that a deployment makes is tagged with: whose it is, and what it came from."""
    tags = {
        **json.loads(settings.resource_tags),
        "greenlight:training-job": training_job,
        "greenlight:execution": execution,
    }
    return [{"Key": key, "Value": value} for key, value in tags.items()]
