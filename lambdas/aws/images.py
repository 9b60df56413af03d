"""Container images in ECR."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from botocore.exceptions import ClientError

from contracts.errors import ImageMissingError
from lambdas.aws.clients import client, code_of

if TYPE_CHECKING:
    from mypy_boto3_ecr.client import ECRClient

_TAGGED = re.compile(
    r"(?P<repository_uri>(?P<account>\d{12})\.dkr\.ecr\.[^/]+/(?P<name>[^:@]+)):(?P<tag>[^:@]+)"
)


def by_digest(image_uri: str) -> str:
    """The image that a tag means now, as `repository@sha256:...`: tags move, digests do not.

    Raises ImageMissingError where the tag or its repository does not exist.
    """
    if "@sha256:" in image_uri:
        return image_uri
    parts = _TAGGED.fullmatch(image_uri)
    if parts is None:
        raise ImageMissingError(f"{image_uri!r} is not the tagged URI of an ECR image")
    ecr: ECRClient = client("ecr")
    try:
        answer = ecr.describe_images(
            registryId=parts["account"],
            repositoryName=parts["name"],
            imageIds=[{"imageTag": parts["tag"]}],
        )
    except ClientError as error:
        if code_of(error) in ("ImageNotFoundException", "RepositoryNotFoundException"):
            raise ImageMissingError(f"{image_uri} is not in ECR: {error}") from error
        raise
    digests = [image["imageDigest"] for image in answer["imageDetails"] if "imageDigest" in image]
    if not digests:
        raise ImageMissingError(f"ECR describes no image for {image_uri}")
    return f"{parts['repository_uri']}@{digests[0]}"
