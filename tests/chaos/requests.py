"""A real, signed call for any IAM action on any resource, with as little in it as its API takes.

Authorization comes before validation, so a call that is allowed may end in any other error than a refusal.
"""

from __future__ import annotations

import contextlib
from typing import Any

import boto3
from botocore import xform_name
from botocore.config import Config
from botocore.exceptions import ClientError

CLIENTS = {"states": "stepfunctions", "logs": "logs"}
OPERATIONS = {
    "s3:ListBucket": "list_objects_v2",
    "s3:ListBucketVersions": "list_object_versions",
    "s3:GetObjectVersion": "get_object",
    "s3:DeleteObjectVersion": "delete_object",
    "lambda:InvokeFunction": "invoke",
}
# Members that name the resource though they are not required.
NAMING = ("ModelPackageGroupName", "AlarmName", "AlarmNamePrefix", "TopicArn", "TableName", "stateMachineArn")
REFUSALS = ("AccessDenied", "NotAuthorized", "AuthorizationError", "UnauthorizedOperation")
_CONFIG = Config(
    retries={"total_max_attempts": 1}, parameter_validation=False, s3={"addressing_style": "path"}
)


class NoCallError(Exception):
    """The action has no API call of its own, or its call cannot be told to touch the resource."""


class Caller:
    """Calls actions with one set of keys at a time; its clients are made once, for that takes long."""

    def __init__(self, endpoint_url: str) -> None:
        self._session = boto3.Session(
            aws_access_key_id="nobody", aws_secret_access_key="nothing", region_name="us-east-1"
        )
        keys = self._session.get_credentials()
        assert keys is not None
        self._keys = keys
        self._endpoint_url = endpoint_url
        self._clients: dict[str, Any] = {}

    def act_as(self, keys: dict[str, str]) -> None:
        """Sign with these keys from now on: those that sts:AssumeRole gave."""
        self._keys.access_key = keys["AccessKeyId"]
        self._keys.secret_key = keys["SecretAccessKey"]
        self._keys.token = keys["SessionToken"]

    def is_refused(self, action: str, resource: str) -> bool:
        """Whether IAM refuses the action on the resource; raises NoCallError where no call asks."""
        client, method, arguments = self._call(action, resource)
        try:
            answer = getattr(client, method)(**arguments)
        except ClientError as error:
            code = str(error.response["Error"]["Code"])
            status = error.response["ResponseMetadata"]["HTTPStatusCode"]
            return any(refusal in code for refusal in REFUSALS) or (status == 403 and code == "403")
        with contextlib.suppress(KeyError, AttributeError):
            answer["Body"].close()
        return False

    def _call(self, action: str, resource: str) -> tuple[Any, str, dict[str, Any]]:
        prefix, _, name = action.partition(":")
        service = CLIENTS.get(prefix, prefix)
        if service not in self._clients:
            try:
                self._clients[service] = self._session.client(
                    service, endpoint_url=self._endpoint_url, config=_CONFIG
                )
            except Exception as error:
                raise NoCallError(f"boto3 has no client for {prefix}: {error}") from None
        client = self._clients[service]
        method = OPERATIONS.get(action, xform_name(name))
        if method not in client.meta.method_to_api_mapping:
            raise NoCallError(f"{action} is no operation")
        shape = client.meta.service_model.operation_model(
            client.meta.method_to_api_mapping[method]
        ).input_shape
        return client, method, _arguments(action, resource, shape)


def _arguments(action: str, resource: str, shape: Any) -> dict[str, Any]:
    """What names the resource, and every required member with something in it."""
    if action.startswith("s3:"):
        return _object_arguments(action, resource)
    name = _name_of(resource)
    named = [member for member in shape.members if member in NAMING]
    filled = {
        member: _filler(shape.members[member], name, resource) for member in (*shape.required_members, *named)
    }
    if action.startswith("sqs:"):
        filled["QueueUrl"] = f"http://sqs.us-east-1.amazonaws.com/{resource.split(':')[4]}/{name}"
    if action.startswith("logs:") and "logGroupName" in shape.members:
        filled["logGroupName"] = resource.split(":log-group:")[-1].partition(":")[0]
    if "ModelPackageName" in filled:
        filled["ModelPackageName"] = resource.replace("*", "1")
    return filled


def _object_arguments(action: str, resource: str) -> dict[str, Any]:
    bucket, _, key = resource.removeprefix("arn:aws:s3:::").partition("/")
    found: dict[str, Any] = {"Bucket": bucket}
    if key:
        found["Key"] = key.replace("*", "x")
    if action.endswith("Version"):
        found["VersionId"] = "null"
    if action.endswith("PutObject"):
        found["Body"] = b"x"
    return found


def _name_of(resource: str) -> str:
    """The last word of an ARN, an asterisk in it made concrete."""
    last = resource.rpartition("/")[2] if "/" in resource else resource.rpartition(":")[2]
    return last.replace("*", "x") or "x"


def _filler(shape: Any, name: str, resource: str) -> Any:
    if shape.type_name == "structure":
        return {member: _filler(shape.members[member], name, resource) for member in shape.required_members}
    if shape.type_name == "list":
        return [_filler(shape.member, name, resource)]
    if shape.type_name == "map":
        return {}
    if shape.type_name == "string":
        return resource.replace("*", "x") if shape.name.endswith(("Arn", "ARN")) else name
    return {"integer": 1, "long": 1, "boolean": False, "blob": b"{}", "timestamp": 0}.get(shape.type_name, 1)
