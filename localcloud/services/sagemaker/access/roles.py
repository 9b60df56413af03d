"""Acts with an execution role: its credentials, its S3 and its registry, as a job or an endpoint has them."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from localcloud.iam.sessions import Credentials
from localcloud.images.store import Image, ImageNotFoundError, ImageStore
from localcloud.services.sagemaker.access.caller import SERVICE_PRINCIPAL
from localcloud.services.sagemaker.errors import ValidationError
from localcloud.services.sagemaker.platform import Platform

SESSION_NAME = "SageMaker"


class RoleError(RuntimeError):
    """The role is not allowed to, or cannot, do what SageMaker does in its name."""


@dataclass(frozen=True)
class Role:
    """One session of an execution role."""

    arn: str
    environment: dict[str, str]
    s3: Any
    ecr: Any

    def list_objects(self, bucket: str, prefix: str) -> list[str]:
        """The keys below a prefix, directories' markers left out."""
        pages = self.s3.get_paginator("list_objects_v2").paginate(Bucket=bucket, Prefix=prefix)
        keys = [item["Key"] for page in pages for item in page.get("Contents", [])]
        return [key for key in keys if not key.endswith("/")]

    def download(self, bucket: str, key: str, target: Path) -> None:
        """Fetch one object into a file."""
        target.parent.mkdir(parents=True, exist_ok=True)
        with target.open("wb") as file:
            for chunk in self.s3.get_object(Bucket=bucket, Key=key)["Body"].iter_chunks(1 << 20):
                file.write(chunk)

    def upload(self, path: Path, bucket: str, key: str, kms_key_id: str | None) -> None:
        """Put a file as one object, encrypted with the KMS key when one is given."""
        extra = {"ServerSideEncryption": "aws:kms", "SSEKMSKeyId": kms_key_id} if kms_key_id else {}
        with path.open("rb") as file:
            self.s3.put_object(Bucket=bucket, Key=key, Body=file, **extra)


class Roles:
    """Opens sessions of execution roles."""

    def __init__(self, platform: Platform, images: ImageStore) -> None:
        self._platform = platform
        self._images = images

    def environment(self, role_arn: str, source_arn: str) -> dict[str, str]:
        """The environment that makes a process act as the role for one resource of SageMaker's.

        Raises ValidationError when it cannot be assumed.
        """
        try:
            return self._platform.session_env(
                role_arn, SESSION_NAME, service=SERVICE_PRINCIPAL, source_arn=source_arn
            )
        except Exception as problem:
            raise ValidationError(
                f"Could not assume role {role_arn}. Please ensure that the role exists and allows principal "
                f"'{SERVICE_PRINCIPAL}' to assume the role. ({problem})"
            ) from problem

    def assume(self, role_arn: str, source_arn: str) -> Role:
        """A session with clients; blocking, so never on the gateway's event loop."""
        environment = self.environment(role_arn, source_arn)
        client = client_factory(environment, self._platform.region)
        return Role(role_arn, environment, client("s3"), client("ecr"))

    def pull(self, role: Role, uri: str) -> Image:
        """The image, if the role may pull it from its repository; raises RoleError."""
        from botocore.exceptions import BotoCoreError, ClientError

        try:
            repository, digest = self._images.locate(uri)
            role.ecr.get_authorization_token()
            found = role.ecr.batch_get_image(repositoryName=repository, imageIds=[{"imageDigest": digest}])
        except ImageNotFoundError as problem:
            raise RoleError(f"The image {uri} does not exist: {problem}") from None
        except (BotoCoreError, ClientError) as problem:
            raise RoleError(
                f"The role '{role.arn}' cannot pull the image '{uri}': {reason(problem)}"
            ) from None
        if not found["images"]:
            raise RoleError(f"The image {uri} does not exist in its repository.")
        return self._images.resolve(uri)

    def join_vpc(self, role: Role, vpc: Mapping[str, Any]) -> None:
        """Raise RoleError unless the role lets SageMaker put its network interfaces into the VPC."""
        from localcloud.iam import decisions
        from localcloud.services.ec2 import network

        env = role.environment
        keys = Credentials(
            env["AWS_ACCESS_KEY_ID"], env["AWS_SECRET_ACCESS_KEY"], env.get("AWS_SESSION_TOKEN")
        )
        where = {"account": self._platform.account, "region": self._platform.region}
        subnets, groups = vpc["Subnets"], vpc["SecurityGroupIds"]
        try:
            network.check_joining(keys, network.SAGEMAKER_ACTIONS, subnets, groups, **where)
        except (decisions.NotAuthorizedError, network.UnknownNetworkError) as problem:
            raise RoleError(f"The VPC cannot be joined: {problem}") from None


def client_factory(environment: dict[str, str], region: str) -> Callable[[str], Any]:
    """Makes boto3 clients that act as the session in `environment`, and as nothing else."""
    import boto3
    from botocore.config import Config

    session = boto3.Session(
        botocore_session=_botocore_session(),
        aws_access_key_id=environment["AWS_ACCESS_KEY_ID"],
        aws_secret_access_key=environment["AWS_SECRET_ACCESS_KEY"],
        aws_session_token=environment.get("AWS_SESSION_TOKEN"),
        region_name=region,
    )
    # What SageMaker itself does in a role's name is patient with a service that is busy.
    config = Config(retries={"mode": "standard", "total_max_attempts": 6}, s3={"addressing_style": "path"})

    def make(service: Any) -> Any:
        return session.client(service, endpoint_url=environment["AWS_ENDPOINT_URL"], config=config)

    return make


def _botocore_session() -> Any:
    """A session that shares what botocore reads of its service models: parsing them blocks every thread."""
    import botocore.session

    session = botocore.session.Session()
    session.register_component("data_loader", _loader())
    return session


@cache
def _loader() -> Any:
    import botocore.session

    return botocore.session.Session().get_component("data_loader")


def reason(problem: Any) -> str:
    """`AccessDenied (403): message`, from a botocore ClientError; a call without an answer tells itself."""
    if not hasattr(problem, "response"):
        return str(problem)
    error = problem.response.get("Error", {})
    status = problem.response.get("ResponseMetadata", {}).get("HTTPStatusCode", "")
    return f"{error.get('Code', 'Unknown')} ({status}): {error.get('Message', problem)}"


def split_uri(uri: str) -> tuple[str, str]:
    """Bucket and key (or prefix) of s3://bucket/key."""
    parts = urlsplit(uri)
    if parts.scheme != "s3" or not parts.netloc:
        raise ValidationError(f"{uri!r} is not an S3 URI (s3://bucket/key)")
    return parts.netloc, parts.path.lstrip("/")
