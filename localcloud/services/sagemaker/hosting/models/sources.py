"""What CreateModel looks at before it makes a model: the role, the image and the model data.

The messages are those that the service is known to give. Everything is looked at in this process: the handler
runs on the gateway's event loop, which must not call itself.
"""

from __future__ import annotations

import re
from typing import Any

from localcloud.iam import decisions
from localcloud.iam.sessions import Credentials
from localcloud.images.store import ImageNotFoundError, ImageStore
from localcloud.ministack_adapter import responses, s3
from localcloud.services.sagemaker.access.roles import Roles, split_uri
from localcloud.services.sagemaker.errors import UnsupportedOperationError, ValidationError
from localcloud.services.sagemaker.platform import Platform
from localcloud.services.sagemaker.store import Document

_ECR = re.compile(r"\d{12}\.dkr\.ecr(?:-fips)?\.[a-z0-9-]+\.amazonaws\.com(?:\.cn)?/[a-z0-9][a-z0-9._/-]*")


class Sources:
    """Checks what models are made of."""

    def __init__(self, platform: Platform, roles: Roles, images: ImageStore) -> None:
        self._platform = platform
        self._roles = roles
        self._images = images

    def check(self, model_arn: str, role_arn: str, container: Document) -> None:
        """Raise ValidationError unless the role can be assumed, the image is there and the data can be
        read.
        """
        environment = self._roles.environment(role_arn, model_arn)
        if "Image" in container:
            self._check_image(container)
        for uri in data_uris(container):
            self._check_data(uri, role_arn, environment)

    def _check_image(self, container: Document) -> None:
        uri = container["Image"]
        if not _ECR.match(uri):
            if container.get("ImageConfig", {}).get("RepositoryAccessMode") == "Vpc":
                raise UnsupportedOperationError("The embedded cloud pulls from Amazon ECR alone")
            raise ValidationError(
                f'Using non-ECR image "{uri}" without Vpc repository access mode is not supported.'
            )
        try:
            self._images.locate(uri)
        except ImageNotFoundError:
            raise ValidationError(f"Requested image {uri} not found.") from None

    def _check_data(self, uri: str, role_arn: str, environment: dict[str, str]) -> None:
        bucket, key = split_uri(uri)
        keys = Credentials(
            environment["AWS_ACCESS_KEY_ID"],
            environment["AWS_SECRET_ACCESS_KEY"],
            environment.get("AWS_SESSION_TOKEN"),
        )
        account, region = self._platform.account, self._platform.region
        try:
            decisions.check(
                keys, "s3:GetObject", f"arn:aws:s3:::{bucket}/{key}", account=account, region=region
            )
        except decisions.NotAuthorizedError:
            raise ValidationError(
                f'Could not access model data at {uri}. Please ensure that the role "{role_arn}" exists and '
                'that its trust relationship policy allows the action "sts:AssumeRole" for the service '
                'principal "sagemaker.amazonaws.com". Also ensure that the role has "s3:GetObject" '
                f"permissions and that the object is located in {self._platform.region}. If your Model uses "
                "multiple models or uncompressed models, please ensure that the role has "
                '"s3:ListBucket" permission.'
            ) from None
        if not self._is_there(bucket, key):
            raise ValidationError(f"Could not find model data at {uri}.")

    def _is_there(self, bucket: str, key: str) -> bool:
        with responses.request_scope(self._platform.account, self._platform.region):
            objects: dict[str, Any] = (s3.buckets.get(bucket) or {}).get("objects", {})
            return key in objects


def data_uris(container: Document) -> list[str]:
    """The objects that a container definition names as its model data."""
    source = container.get("ModelDataSource", {}).get("S3DataSource", {})
    named = [container.get("ModelDataUrl"), source.get("S3Uri")]
    return [uri for uri in named if uri and not uri.endswith("/")]
