"""Publishes an assembly's assets as `cdk deploy` does: files to the bootstrap bucket, images to ECR."""

from __future__ import annotations

import io
import stat
import zipfile
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

from botocore.exceptions import ClientError

from localcloud.deploy.assembly import FileAsset, ImageAsset
from localcloud.host.cloud import Cloud

_EPOCH = (1980, 1, 1, 0, 0, 0)


def publish_files(cloud: Cloud, assets: Iterable[FileAsset]) -> None:
    """Upload each file asset that its bucket does not hold yet: its key is its content's hash."""
    s3 = cloud.client("s3")
    for asset in assets:
        if not _holds(s3, asset):
            body = zipped(asset.source) if asset.packaging == "zip" else asset.source.read_bytes()
            s3.put_object(Bucket=asset.bucket, Key=asset.key, Body=body)


def publish_images(cloud: Cloud, assets: Iterable[ImageAsset]) -> None:
    """Interpret and push each image asset that its repository does not hold yet."""
    ecr = cloud.client("ecr")
    for asset in assets:
        if not _has_tag(ecr, asset.repository, asset.tag):
            push_image(
                cloud,
                asset.repository,
                asset.tag,
                context=asset.context,
                dockerfile_path=asset.dockerfile,
                build_args=asset.build_args,
                target=asset.target,
            )


def push_image(
    cloud: Cloud,
    repository: str,
    tag: str,
    *,
    context: Path,
    dockerfile_path: str,
    build_args: Mapping[str, str],
    target: str | None,
) -> str:
    """Keep the image and tell ECR of it; its digest."""
    image = cloud.images.register(
        repository,
        tag,
        context=context,
        dockerfile_path=dockerfile_path,
        build_args=build_args,
        target=target,
    )
    put_manifest(cloud.client("ecr"), repository, tag, image.digest)
    return image.digest


def put_manifest(ecr: Any, repository: str, tag: str, digest: str) -> None:
    """Record repository:tag → digest in ECR; pushing the same again changes nothing."""
    try:
        ecr.put_image(
            repositoryName=repository,
            imageTag=tag,
            imageDigest=digest,
            imageManifest='{"schemaVersion":2}',
            imageManifestMediaType="application/vnd.docker.distribution.manifest.v2+json",
        )
    except ClientError as error:
        if error.response["Error"]["Code"] not in (
            "ImageTagAlreadyExistsException",
            "ImageAlreadyExistsException",
        ):
            raise


def zipped(directory: Path) -> bytes:
    """A directory as a zip that is the same for the same content: sorted, dated 1980, no extra fields."""
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED, compresslevel=1) as archive:
        for path in sorted(directory.rglob("*")):
            if path.is_file():
                info = zipfile.ZipInfo(path.relative_to(directory).as_posix(), _EPOCH)
                executable = bool(path.stat().st_mode & stat.S_IXUSR)
                info.external_attr = (stat.S_IFREG | (0o755 if executable else 0o644)) << 16
                archive.writestr(info, path.read_bytes(), zipfile.ZIP_DEFLATED)
    return buffer.getvalue()


def _holds(s3: Any, asset: FileAsset) -> bool:
    try:
        s3.head_object(Bucket=asset.bucket, Key=asset.key)
    except ClientError as error:
        if error.response["ResponseMetadata"]["HTTPStatusCode"] == 404:
            return False
        raise
    return True


def _has_tag(ecr: Any, repository: str, tag: str) -> bool:
    found = ecr.batch_get_image(repositoryName=repository, imageIds=[{"imageTag": tag}])
    return bool(found["images"])
