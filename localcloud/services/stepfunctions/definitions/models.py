"""What a task's action takes, by botocore's model of its service.

https://docs.aws.amazon.com/step-functions/latest/dg/supported-services-awssdk.html
"""

from __future__ import annotations

import functools
from typing import Any

from localcloud.services.stepfunctions.definitions.resources import OPTIMIZED, Resource

_SDK_CLIENTS = {
    "sfn": "stepfunctions",
    "cloudwatchlogs": "logs",
    "eventbridge": "events",
    "elasticloadbalancingv2": "elbv2",
    "applicationautoscaling": "application-autoscaling",
    "resourcegroupstaggingapi": "resourcegroupstaggingapi",
    "sagemakerruntime": "sagemaker-runtime",
    "sagemakerfeaturestoreruntime": "sagemaker-featurestore-runtime",
}
"""Services whose name in the Java SDK, which Step Functions uses, is not boto3's."""


class UnknownActionError(ValueError):
    """AWS has no such service, or the service no such action."""


def client_name(resource: Resource) -> str:
    """boto3's name of the resource's service."""
    if not resource.sdk:
        return OPTIMIZED[resource.service].client
    return _SDK_CLIENTS.get(resource.service, resource.service)


def input_shape(resource: Resource) -> Any:
    """The shape of the action's request, None if it takes nothing; UnknownActionError if AWS has none."""
    model = _model(client_name(resource))
    name = resource.action[:1].upper() + resource.action[1:]
    if model is None or name not in model.operation_names:
        raise UnknownActionError(
            f"The resource provided {resource.arn} is not recognized. The value is not a valid resource"
            " ARN, or the resource is not available in this region."
        )
    return model.operation_model(name).input_shape


@functools.cache
def _model(service: str) -> Any:
    import botocore.session
    from botocore.exceptions import UnknownServiceError

    try:
        return botocore.session.get_session().get_service_model(service)
    except UnknownServiceError:
        return None
