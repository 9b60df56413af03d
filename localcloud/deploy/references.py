"""What a new resource refers to must be there and must let itself be used, as AWS checks when it is made.

ministack creates a function without code and a log group under a key that CloudWatch Logs may not use.
https://docs.aws.amazon.com/lambda/latest/api/API_CreateFunction.html
https://docs.aws.amazon.com/AmazonCloudWatch/latest/logs/encrypt-log-data-kms.html
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from localcloud.host.cloud import Cloud
from localcloud.iam import decisions
from localcloud.iam.key_use import key_arn_of
from localcloud.iam.sessions import find_role, standing_session, trusts
from localcloud.ministack_adapter import cloudwatch_logs, iam_evaluator, lambda_svc, provisioners, responses
from localcloud.services.ec2 import network
from localcloud.services.eventbridge.deliveries import allows

_LAMBDA = "lambda.amazonaws.com"
_Check = Callable[[Mapping[str, Any]], None]


class RefusedError(Exception):
    """A resource refers to what is not there or may not be used; the message is AWS's."""

    def __init__(self, code: str, message: str) -> None:
        super().__init__(message)
        self.code = code


def install(cloud: Cloud) -> None:
    """Check functions and log groups, made by the API or by a template."""

    checks = _Checks(cloud)
    lambda_svc.create_function = _before_api(lambda_svc.create_function, checks.function)
    cloudwatch_logs.create_log_group = _before_api(cloudwatch_logs.create_log_group, checks.api_log_group)
    _before_template("AWS::Lambda::Function", checks.function)
    _before_template("AWS::Logs::LogGroup", checks.template_log_group)


class _Checks:
    def __init__(self, cloud: Cloud) -> None:
        self._cloud = cloud

    def function(self, properties: Mapping[str, Any]) -> None:
        """The role must trust Lambda and may join the VPC, the code must be there."""
        self._role(str(properties.get("Role", "")))
        self._vpc(str(properties.get("Role", "")), properties.get("VpcConfig") or {})
        code = properties.get("Code") or {}
        if "ImageUri" in code:
            self._image(code["ImageUri"])
        elif "S3Bucket" in code:
            self._object(code)

    def _role(self, arn: str) -> None:
        role = find_role(self._cloud.account, arn.rpartition("/")[2])
        if role is None or not trusts(role, _LAMBDA):
            raise RefusedError(
                "InvalidParameterValueException",
                f"The role defined for the function cannot be assumed by Lambda. ({arn})",
            )

    def _vpc(self, role_arn: str, vpc: Mapping[str, Any]) -> None:
        where = {"account": self._cloud.account, "region": self._cloud.region}
        subnets, groups = vpc.get("SubnetIds") or [], vpc.get("SecurityGroupIds") or []
        if not subnets:
            return
        try:
            keys = standing_session(role_arn, "lambda")
            network.check_joining(keys, network.LAMBDA_ACTIONS, subnets, groups, **where)
        except network.UnknownNetworkError as error:
            raise RefusedError("InvalidParameterValueException", str(error)) from None
        except decisions.NotAuthorizedError as error:
            raise RefusedError(
                "InvalidParameterValueException",
                "The provided execution role does not have permissions to call "
                f"{error.action.removeprefix('ec2:')} on EC2",
            ) from None

    def _image(self, uri: str) -> None:
        try:
            self._cloud.images.locate(uri)
        except LookupError as error:
            raise RefusedError(
                "InvalidParameterValueException",
                f"Source image {uri} does not exist. Provide a valid source image. ({error})",
            ) from None

    def _object(self, code: Mapping[str, Any]) -> None:
        found = lambda_svc.fetch_code_from_s3(
            code["S3Bucket"], code.get("S3Key", ""), version_id=code.get("S3ObjectVersion")
        )
        if found is None:
            raise RefusedError(
                "InvalidParameterValueException",
                "Error occurred while GetObject. S3 Error Code: NoSuchKey. S3 Error Message: The key"
                f" does not exist. (s3://{code['S3Bucket']}/{code.get('S3Key', '')})",
            )

    def api_log_group(self, data: Mapping[str, Any]) -> None:
        self._log_key(str(data.get("logGroupName", "")), data.get("kmsKeyId"))

    def template_log_group(self, properties: Mapping[str, Any]) -> None:
        self._log_key(str(properties.get("LogGroupName", "")), properties.get("KmsKeyId"))

    def _log_key(self, group: str, key_id: str | None) -> None:
        """The key's policy must let CloudWatch Logs encrypt this group."""

        if not key_id:
            return
        region, account = self._cloud.region, self._cloud.account
        group_arn = f"arn:aws:logs:{region}:{account}:log-group:{group}"
        key_arn = key_arn_of(key_id)
        policy = (iam_evaluator.resource_policy("kms", key_arn) or ("", ""))[0] if key_arn else ""
        context = {"kms:EncryptionContext:aws:logs:arn": group_arn, "aws:SourceArn": group_arn}
        needed = ("kms:Encrypt", "kms:Decrypt", "kms:GenerateDataKey", "kms:DescribeKey")
        service = f"logs.{region}.amazonaws.com"
        if not all(allows(policy, service, action, key_arn or "", context) for action in needed):
            raise RefusedError(
                "InvalidParameterException",
                f"The specified KMS key does not exist or is not allowed to be used with Arn '{group_arn}'",
            )


def _before_api(create: Any, check: _Check) -> Any:
    def checked(data: dict[str, Any]) -> Any:
        try:
            check(data)
        except RefusedError as error:
            return responses.error_response_json(error.code, str(error), 400)
        return create(data)

    return checked


def _before_template(kind: str, check: _Check) -> None:

    handler = provisioners.RESOURCE_HANDLERS[kind]
    create = handler["create"]

    def checked(logical_id: str, properties: dict[str, Any], *rest: Any) -> Any:
        try:
            check(properties)
        except RefusedError as error:
            raise ValueError(f"{error} (Error Code: {error.code})") from error
        return create(logical_id, properties, *rest)

    handler["create"] = checked
