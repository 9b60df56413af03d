"""How each service says "too many requests" and "internal error": code and HTTP status.

Codes: each service's API reference, and the lists by which AWS's SDKs decide to try again (botocore's
data/_retry.json and retries/standard.py). ministack writes them in the protocol of the request.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import cast

from localcloud.ministack_adapter import iam_actions

Answer = tuple[int, dict[str, str], bytes]

_THROTTLING = {
    "s3": (503, "SlowDown", "Please reduce your request rate."),
    "dynamodb": (
        400,
        "ProvisionedThroughputExceededException",
        "The level of configured provisioned throughput for the table was exceeded.",
    ),
    "lambda": (429, "TooManyRequestsException", "Rate Exceeded."),
    "sqs": (403, "RequestThrottled", "Request is throttled."),
    **dict.fromkeys(
        ("cloudformation", "cloudwatch", "iam", "sns", "sts", "autoscaling"),
        (400, "Throttling", "Rate exceeded"),
    ),
}
_THROTTLING_ELSEWHERE = (400, "ThrottlingException", "Rate exceeded")
_ERRORS = {
    "s3": "InternalError",
    "dynamodb": "InternalServerError",
    "lambda": "ServiceException",
    "kms": "KMSInternalException",
    "states": "InternalServerException",
    "sns": "InternalError",
}
_ERROR_ELSEWHERE = "InternalFailure"
_ERROR_TEXT = "We encountered an internal error. Please try again."
_MLFLOW = "CallMlflowAppApi"
"""MLflow's own clients try again at 429, whatever the body."""


def throttled(namespace: str, operation: str) -> tuple[int, str, str]:
    """Status, code and message of a throttled call."""
    status, code, message = _THROTTLING.get(namespace, _THROTTLING_ELSEWHERE)
    return (429 if operation == _MLFLOW else status), code, message


def failed(namespace: str) -> tuple[int, str, str]:
    """Status, code and message of a call that the service could not carry out."""
    return 500, _ERRORS.get(namespace, _ERROR_ELSEWHERE), _ERROR_TEXT


def answer(
    fault: str, service: str, namespace: str, operation: str, headers: Mapping[str, str], request_id: str
) -> Answer:
    """The error as the service's protocol writes it; `service` is ministack's name for it."""

    status, code, message = throttled(namespace, operation) if fault == "throttle" else failed(namespace)
    _, wire_headers, body = iam_actions.access_denied_response(
        service, operation, "", request_id, error_code=code, message=message, headers=dict(headers)
    )
    return status, {**wire_headers, "x-amzn-requestid": request_id}, cast("bytes", body)
