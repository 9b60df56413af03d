"""One boto3 client per service, made at first use and patient with throttling."""

from __future__ import annotations

from typing import Any, cast

import boto3
from botocore.config import Config
from botocore.exceptions import ClientError

from contracts.errors import ServiceBusyError

# Standard mode retries throttles, 5xx answers and broken connections with jitter (botocore guide, "Retries").
_CONFIG = Config(
    retries={"mode": "standard", "total_max_attempts": 6},
    connect_timeout=5,
    read_timeout=60,
    user_agent_extra="greenlight",
)
_BUSY_CODES = {
    "Throttling",
    "ThrottlingException",
    "ThrottledException",
    "RequestLimitExceeded",
    "TooManyRequestsException",
    "ProvisionedThroughputExceededException",
    "RequestThrottled",
    "SlowDown",
    "InternalFailure",
    "InternalServerError",
    "ServiceUnavailable",
}


# Somebody waits for a prediction, and knows better whether to ask again: a request that was lost on the way
# may have been answered, and captured, already. API Gateway waits for 29 seconds.
_CONFIGS = {
    "sagemaker-runtime": Config(
        retries={"mode": "standard", "total_max_attempts": 1},
        connect_timeout=3,
        read_timeout=24,
        user_agent_extra="greenlight",
    ),
    "sagemaker-featurestore-runtime": Config(
        retries={"mode": "standard", "total_max_attempts": 4},
        connect_timeout=2,
        read_timeout=5,
        user_agent_extra="greenlight",
    ),
}


# By service; one of each lives as long as the function's process.
MADE: dict[str, Any] = {}


def client(service: str) -> Any:
    """The service's client; its callers annotate it with the service's own type."""
    if service not in MADE:
        MADE[service] = boto3.client(cast("Any", service), config=_CONFIGS.get(service, _CONFIG))
        MADE[service].meta.events.register("after-call.*", _raise_if_busy)
    return MADE[service]


def _raise_if_busy(parsed: dict[str, Any], model: Any, **_: Any) -> None:
    """Turn what outlasted botocore's own retries into an error that the state machine retries by name."""
    error = parsed.get("Error")
    if not error:
        return
    status = parsed.get("ResponseMetadata", {}).get("HTTPStatusCode", 0)
    if error.get("Code") in _BUSY_CODES or status == 429 or status >= 500:
        service = model.service_model.service_id
        raise ServiceBusyError(
            f"{service} {model.name} answered {error.get('Code')}: {error.get('Message', '')}"
        )


def code_of(error: ClientError) -> str:
    """The error code of a refused call, `ResourceNotFound` say."""
    return str(error.response.get("Error", {}).get("Code", ""))


def message_of(error: ClientError) -> str:
    return str(error.response.get("Error", {}).get("Message", ""))
