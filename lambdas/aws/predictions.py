"""InvokeEndpoint, for a caller who waits: asked once, and each failure by what the caller can do.

Errors: SageMaker Runtime API Reference, `InvokeEndpoint`.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from botocore.exceptions import BotoCoreError, ClientError, ConnectTimeoutError, ReadTimeoutError

from contracts.errors import ServiceBusyError
from lambdas.aws.clients import client, code_of, message_of

if TYPE_CHECKING:
    from mypy_boto3_sagemaker_runtime.client import SageMakerRuntimeClient

_NO_ENDPOINT = "not found"


class ModelRefusedError(Exception):
    """The container answered an error: its status, and what it said."""

    def __init__(self, status: int, message: str) -> None:
        super().__init__(f"{status}: {message}")
        self.status = status
        self.message = message


class NothingServesError(Exception):
    """There is no such endpoint, or none of its instances takes requests."""


class TooSlowError(Exception):
    """The model did not answer in time."""


def invoke(endpoint_name: str, body: bytes, *, accept: str, inference_id: str) -> bytes:
    """The answer to a JSON body; raises ModelRefusedError, NothingServesError or TooSlowError."""
    runtime: SageMakerRuntimeClient = client("sagemaker-runtime")
    try:
        answer = runtime.invoke_endpoint(
            EndpointName=endpoint_name,
            ContentType="application/json",
            Accept=accept,
            InferenceId=inference_id,
            Body=body,
        )
        return answer["Body"].read()
    except (ReadTimeoutError, ConnectTimeoutError) as error:
        raise TooSlowError(f"{endpoint_name} did not answer in time") from error
    except ServiceBusyError as error:
        raise NothingServesError(str(error)) from error
    except ClientError as error:
        raise _meaning(error) from error
    except BotoCoreError as error:
        raise NothingServesError(f"{endpoint_name} can't be reached: {error}") from error


def _meaning(error: ClientError) -> Exception:
    code, message = code_of(error), message_of(error)
    if code == "ModelError":
        said: dict[str, Any] = error.response  # type: ignore[assignment]  # the model's own members
        status = int(said.get("OriginalStatusCode") or 500)
        if status in (0, 504):
            return TooSlowError(message)
        return ModelRefusedError(status, str(said.get("OriginalMessage") or message))
    if code in ("ModelNotReadyException", "InternalDependencyException"):
        return NothingServesError(f"{code}: {message}")
    if code in ("ValidationError", "ValidationException") and _NO_ENDPOINT in message:
        return NothingServesError(message)
    return error
