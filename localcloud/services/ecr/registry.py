"""ECR's side of an image push, for a machine without a Docker engine, and two mends of ministack's ECR.

The shim that stands in for `docker` (localcloud.images.docker_shim) sends a build context's path instead of
layers; whoever sends it needs ecr:PutImage on the repository, as for a push.
"""

from __future__ import annotations

import asyncio
import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from localcloud.deploy import publish
from localcloud.host.cloud import Cloud
from localcloud.images.dockerfile import DockerfileError
from localcloud.ministack_adapter import app, iam_actions, router

SERVICE = "localcloud-registry"
TARGET = "LocalCloudRegistry.PutImage"
_Answer = tuple[int, dict[str, str], bytes]


def install(cloud: Cloud) -> None:
    """Add the push to the gateway and mend DescribeImages."""
    from localcloud.ministack_adapter import ecr

    app.SERVICE_HANDLERS[SERVICE] = _Push(cloud).handle
    router.SERVICE_PATTERNS[SERVICE] = {"target_prefixes": [TARGET.partition(".")[0]]}
    iam_actions.SERVICE_TO_IAM_NAMESPACE[SERVICE] = "ecr"
    iam_actions.extract_resource_arn = _with_repository(iam_actions.extract_resource_arn, cloud)
    ecr.describe_images = _refusing_missing(ecr.describe_images, ecr, cloud)


class _Push:
    """The operation PutImage of the service localcloud-registry."""

    def __init__(self, cloud: Cloud) -> None:
        self._cloud = cloud

    async def handle(
        self, method: str, path: str, headers: Mapping[str, str], body: bytes, query: Mapping[str, Any]
    ) -> _Answer:
        """Interpret the context that the body names and push it as repository:tag."""
        try:
            digest = await asyncio.to_thread(self._push, json.loads(body))
        except (DockerfileError, OSError, KeyError, ValueError) as error:
            return _json(400, {"__type": "InvalidParameterException", "message": str(error)})
        return _json(200, {"imageDigest": digest})

    def _push(self, asked: Mapping[str, Any]) -> str:
        return publish.push_image(
            self._cloud,
            asked["repositoryName"],
            asked["imageTag"],
            context=Path(asked["context"]),
            dockerfile_path=asked["dockerfile"],
            build_args=asked["buildArgs"],
            target=asked.get("target"),
        )


def _repository(service: str, headers: Mapping[str, str], body: bytes) -> str | None:
    """The repository that a push, or a description of a named repository, is about."""
    if service == SERVICE:
        return str(json.loads(body).get("repositoryName", "*"))
    if service == "ecr" and headers.get("x-amz-target", "").endswith(".DescribeRepositories"):
        names = json.loads(body or b"{}").get("repositoryNames") or []
        return str(names[0]) if len(names) == 1 else None
    return None


def _with_repository(extract_resource_arn: Any, cloud: Cloud) -> Any:
    """ministack's function, which also knows the repository of a push or of a description."""

    def extract(
        service: str, method: str, path: str, headers: Any, body: bytes, *rest: Any, **named: Any
    ) -> Any:
        name = _repository(service, headers, body)
        if name is None:
            return extract_resource_arn(service, method, path, headers, body, *rest, **named)
        return f"arn:aws:ecr:{cloud.region}:{cloud.account}:repository/{name}"

    return extract


def _refusing_missing(describe_images: Any, ecr: Any, cloud: Cloud) -> Any:
    """DescribeImages of a missing image is ImageNotFoundException: the CDK CLI pushes on that alone."""

    def describe(data: dict[str, Any]) -> _Answer:
        name = data.get("repositoryName", "")
        for wanted in data.get("imageIds") or []:
            if name in ecr.repositories and not ecr.find_image(name, wanted):
                tag, digest = wanted.get("imageTag"), wanted.get("imageDigest")
                which = f"{{imageDigest:'{digest or 'null'}', imageTag:'{tag or 'null'}'}}"
                message = (
                    f"The image with imageId {which} does not exist within the repository with name '{name}'"
                    f" in the registry with id '{cloud.account}'"
                )
                return _json(400, {"__type": "ImageNotFoundException", "message": message})
        status, headers, body = describe_images(data)
        return status, headers, _with_sizes(body, cloud) if status == 200 else body

    return describe


def _with_sizes(body: bytes, cloud: Cloud) -> bytes:
    document = json.loads(body)
    for image in document["imageDetails"]:
        try:
            uri = f"{image['repositoryName']}@{image['imageDigest']}"
            image["imageSizeInBytes"] = cloud.images.resolve(uri).size_bytes
        except LookupError:
            continue
    return json.dumps(document).encode()


def _json(status: int, document: dict[str, Any]) -> _Answer:
    return status, {"Content-Type": "application/x-amz-json-1.1"}, json.dumps(document).encode()
