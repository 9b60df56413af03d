"""Calls of AWS services in the state machine's role: signed requests to the gateway, checked as any other.

Parameters and results use the names of AWS's Java SDK, as Step Functions does; botocore's own service model
says which they are.
"""

from __future__ import annotations

import json
import threading
from collections.abc import Mapping
from datetime import datetime
from typing import Any

from botocore.exceptions import BotoCoreError, ClientError, HTTPClientError
from botocore.exceptions import ConnectionError as NoConnectionError

from localcloud.host.cloud import Cloud
from localcloud.iam.sessions import Credentials
from localcloud.services.stepfunctions.definitions.models import client_name
from localcloud.services.stepfunctions.definitions.resources import OPTIMIZED, Resource
from localcloud.services.stepfunctions.errors import StatesError

_READ_TIMEOUT_SECONDS = 1000
_SDK_PREFIXES = {
    "dynamodb": "DynamoDb",
    "sagemaker": "SageMaker",
    "sagemakerruntime": "SageMakerRuntime",
    "secretsmanager": "SecretsManager",
    "cloudwatchlogs": "CloudWatchLogs",
    "cloudwatch": "CloudWatch",
    "cloudformation": "CloudFormation",
    "eventbridge": "EventBridge",
}


class Calls:
    """One role's calls; clients are made once a service and are thread-safe."""

    def __init__(self, cloud: Cloud, keys: Credentials) -> None:
        import boto3
        from botocore.config import Config

        self.keys = keys
        self._endpoint_url = cloud.endpoint_url
        self._session = boto3.Session(
            aws_access_key_id=keys.access_key_id,
            aws_secret_access_key=keys.secret_access_key,
            aws_session_token=keys.session_token,
            region_name=cloud.region,
        )
        self._config = Config(
            retries={"total_max_attempts": 1}, read_timeout=_READ_TIMEOUT_SECONDS, max_pool_connections=50
        )
        self._patient = self._config.merge(Config(retries={"mode": "standard", "total_max_attempts": 8}))
        self._clients: dict[tuple[str, bool], Any] = {}
        self._lock = threading.Lock()

    def call(self, resource: Resource, arguments: Any, *, patient: bool = False) -> dict[str, Any]:
        """Do what the resource names; its result, or a StatesError with AWS's name for the failure.

        `patient` is for what Step Functions asks on its own account, which no Retry of the state covers.
        """
        client = self._client(client_name(resource), patient)
        method = _method(client, resource)
        model = client.meta.service_model.operation_model(client.meta.method_to_api_mapping[method])
        parameters = _to_wire(arguments, model.input_shape)
        try:
            answer = getattr(client, method)(**parameters)
        except ClientError as error:
            raise _translated(resource, error, model) from error
        except (HTTPClientError, NoConnectionError) as error:
            raise StatesError(f"{_prefix(resource)}.SdkClientException", str(error)) from error
        except BotoCoreError as error:
            raise StatesError("States.Runtime", f"{resource.arn}: {error}") from error
        metadata = answer.pop("ResponseMetadata", {})
        result = _from_wire(answer, resource.sdk)
        if not resource.sdk:
            result.update(_metadata(metadata))
        return dict(result)

    def invoke(self, function: str, event: Any, extra: Mapping[str, Any] | None = None) -> dict[str, Any]:
        """Invoke a function and wait; its error becomes the task's."""
        resource = Resource("arn:aws:states:::lambda:invoke", "lambda", "invoke")
        body = event if isinstance(event, str) else json.dumps(event)
        arguments = {**(extra or {}), "FunctionName": function, "Payload": body}
        result = self.call(resource, arguments)
        text = result.get("Payload") or "null"
        if result.pop("FunctionError", None):
            raise _function_error(text)
        try:
            result["Payload"] = json.loads(text)
        except ValueError:
            result["Payload"] = text
        return result

    def read_object(self, arguments: Mapping[str, Any]) -> bytes:
        """The body of an S3 object."""
        try:
            answer = self._client("s3").get_object(Bucket=arguments["Bucket"], Key=arguments["Key"])
            return bytes(answer["Body"].read())
        except ClientError as error:
            raise StatesError("S3.S3Exception", str(error)) from error

    def list_objects(self, arguments: Mapping[str, Any]) -> list[dict[str, Any]]:
        """The objects under a prefix, as a distributed Map's items."""
        pages = self._client("s3").get_paginator("list_objects_v2").paginate(**arguments)
        try:
            found = [item for page in pages for item in page.get("Contents", [])]
        except ClientError as error:
            raise StatesError("S3.S3Exception", str(error)) from error
        return [
            {
                "Etag": item["ETag"],
                "Key": item["Key"],
                "LastModified": item["LastModified"].timestamp(),
                "Size": item["Size"],
                "StorageClass": item.get("StorageClass", "STANDARD"),
            }
            for item in found
        ]

    def _client(self, name: str, patient: bool = False) -> Any:
        config = self._patient if patient else self._config
        with self._lock:
            if (name, patient) not in self._clients:
                try:
                    self._clients[name, patient] = self._session.client(
                        name, endpoint_url=self._endpoint_url, config=config
                    )
                except BotoCoreError as error:
                    raise StatesError("States.Runtime", f"There is no service {name!r}: {error}") from error
            return self._clients[name, patient]


def _prefix(resource: Resource) -> str:
    """What the names of this service's errors start with."""
    if resource.sdk:
        return _SDK_PREFIXES.get(resource.service, resource.service.capitalize())
    return OPTIMIZED[resource.service].prefix


def _method(client: Any, resource: Resource) -> str:
    wanted = resource.action.lower()
    for method, operation in client.meta.method_to_api_mapping.items():
        if operation.lower() == wanted:
            return str(method)
    raise StatesError("States.Runtime", f"{resource.arn}: {resource.service} has no action {resource.action}")


def _to_wire(value: Any, shape: Any) -> Any:
    """Arguments as boto3 takes them: member names in the model's case, objects given for strings as JSON."""
    if shape is None:
        return {}
    if shape.type_name == "structure" and isinstance(value, dict):
        members = {name.lower(): name for name in shape.members}
        return {
            (wire := members.get(name.lower(), name)): _to_wire(part, shape.members[wire])
            if name.lower() in members
            else part
            for name, part in value.items()
        }
    if shape.type_name == "list" and isinstance(value, list):
        return [_to_wire(part, shape.member) for part in value]
    if shape.type_name == "map" and isinstance(value, dict):
        return {name: _to_wire(part, shape.value) for name, part in value.items()}
    if shape.type_name in ("string", "blob") and isinstance(value, (dict, list)):
        return json.dumps(value)
    return value


def _from_wire(value: Any, sdk: bool) -> Any:
    """A result with capitalised names; times as ISO 8601, or epoch milliseconds when optimized."""
    if isinstance(value, dict):
        return {name[:1].upper() + name[1:]: _from_wire(part, sdk) for name, part in value.items()}
    if isinstance(value, list):
        return [_from_wire(part, sdk) for part in value]
    if isinstance(value, datetime):
        return value.isoformat().replace("+00:00", "Z") if sdk else int(value.timestamp() * 1000)
    if hasattr(value, "read"):
        value = value.read()
    return value.decode(errors="replace") if isinstance(value, bytes) else value


def _metadata(metadata: Mapping[str, Any]) -> dict[str, Any]:
    headers = {name: [value] for name, value in metadata.get("HTTPHeaders", {}).items()}
    return {
        "SdkHttpMetadata": {"AllHttpHeaders": headers, "HttpStatusCode": metadata.get("HTTPStatusCode", 200)},
        "SdkResponseMetadata": {"RequestId": metadata.get("RequestId", "")},
    }


def _translated(resource: Resource, error: ClientError, model: Any) -> StatesError:
    """AWS's name and cause of a refused call: the SDK's exception class, by its generation's naming."""
    detail = error.response.get("Error", {})
    code, message = str(detail.get("Code", "Unknown")), str(detail.get("Message", ""))
    metadata = error.response.get("ResponseMetadata", {})
    status, request_id = metadata.get("HTTPStatusCode", 400), metadata.get("RequestId", "")
    named = code if code.endswith("Exception") else f"{code}Exception"
    modeled = any(code in _names(shape) for shape in model.error_shapes)
    if resource.sdk:
        prefix = _prefix(resource)
        name = f"{prefix}.{named if modeled else f'{prefix}Exception'}"
        return StatesError(
            name, f"{message} (Service: {prefix}, Status Code: {status}, Request ID: {request_id})"
        )
    offered = OPTIMIZED[resource.service]
    name = f"{offered.prefix}.{named if modeled else offered.exception}"
    cause = (
        f"{message} (Service: {offered.service}; Status Code: {status}; Error Code: {code};"
        f" Request ID: {request_id}; Proxy: null)"
    )
    return StatesError(name, cause)


def _names(shape: Any) -> tuple[str, str]:
    """A modelled exception's name, and the code that it has on the wire of older protocols."""
    return shape.name, str(shape.metadata.get("error", {}).get("code", shape.name))


def _function_error(text: str) -> StatesError:
    """A failed function's errorType is the error and its whole answer the cause."""
    try:
        document = json.loads(text)
    except ValueError:
        document = None
    kind = document.get("errorType") if isinstance(document, dict) else None
    return StatesError(str(kind or "Lambda.Unknown"), text)
