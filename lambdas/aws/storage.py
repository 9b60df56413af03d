"""S3 objects, by URI."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import urlparse

from botocore.exceptions import ClientError

from contracts.errors import UploadMissingError
from lambdas.aws.clients import client, code_of

if TYPE_CHECKING:
    from mypy_boto3_s3.client import S3Client
    from mypy_boto3_s3.type_defs import ObjectIdentifierTypeDef

_GONE = {"NoSuchKey", "NoSuchVersion", "404", "NoSuchBucket"}
_DELETED_AT_ONCE = 10  # as many connections as botocore keeps
_CHUNK_BYTES = 1 << 22


def _s3() -> S3Client:
    s3: S3Client = client("s3")
    return s3


def split(uri: str) -> tuple[str, str]:
    """`s3://bucket/a/b` as (`bucket`, `a/b`)."""
    parts = urlparse(uri)
    if parts.scheme != "s3" or not parts.netloc:
        raise ValueError(f"{uri!r} is not of the form s3://bucket/key")
    return parts.netloc, parts.path.lstrip("/")


class ObjectMissingError(LookupError):
    """There is no such object."""


@dataclass(frozen=True, kw_only=True)
class Upload:
    """One version of an uploaded object, being read."""

    size_bytes: int
    last_modified: datetime
    chunks: Iterator[bytes]


def open_upload(bucket: str, key: str, version_id: str) -> Upload:
    """Raises UploadMissingError when that version is gone."""
    try:
        answer = _s3().get_object(Bucket=bucket, Key=key, VersionId=version_id)
    except ClientError as error:
        if code_of(error) in _GONE:
            raise UploadMissingError(f"s3://{bucket}/{key} has no version {version_id} any more") from error
        raise
    return Upload(
        size_bytes=answer["ContentLength"],
        last_modified=answer["LastModified"],
        chunks=answer["Body"].iter_chunks(_CHUNK_BYTES),
    )


@dataclass(frozen=True, kw_only=True)
class Version:
    """One version of an object."""

    key: str
    version_id: str
    size_bytes: int
    last_modified: datetime


def newest_version(bucket: str, key: str) -> Version | None:
    """None where there is no such object, or where it was deleted."""
    try:
        answer = _s3().head_object(Bucket=bucket, Key=key)
    except ClientError as error:
        if code_of(error) in _GONE:
            return None
        raise
    return Version(
        key=key,
        version_id=answer["VersionId"],
        size_bytes=answer["ContentLength"],
        last_modified=answer["LastModified"],
    )


def versions(bucket: str, prefix: str) -> Iterator[Version]:
    """Every version of every object whose key begins so, in the order of the keys."""
    pages = _s3().get_paginator("list_object_versions").paginate(Bucket=bucket, Prefix=prefix)
    for found in (version for page in pages for version in page.get("Versions", [])):
        yield Version(
            key=found["Key"],
            version_id=found["VersionId"],
            size_bytes=found["Size"],
            last_modified=found["LastModified"],
        )


@dataclass(frozen=True, kw_only=True)
class Object:
    """The newest version of an object, as a list tells it."""

    key: str
    size_bytes: int
    last_modified: datetime


def objects(bucket: str, prefix: str) -> Iterator[Object]:
    """Every object whose key begins so, in the order of the keys."""
    pages = _s3().get_paginator("list_objects_v2").paginate(Bucket=bucket, Prefix=prefix)
    for found in (item for page in pages for item in page.get("Contents", [])):
        yield Object(key=found["Key"], size_bytes=found["Size"], last_modified=found["LastModified"])


def upload_file(path: Path, uri: str, content_type: str) -> None:
    bucket, key = split(uri)
    _s3().upload_file(str(path), bucket, key, ExtraArgs={"ContentType": content_type})


def write_text(text: str, uri: str, content_type: str) -> None:
    write_bytes(text.encode(), uri, content_type)


def write_bytes(content: bytes, uri: str, content_type: str) -> None:
    bucket, key = split(uri)
    _s3().put_object(Bucket=bucket, Key=key, Body=content, ContentType=content_type)


def write_json(document: object, uri: str) -> None:
    write_text(json.dumps(document, indent=2, allow_nan=False), uri, "application/json")


def read_json(uri: str) -> dict[str, Any] | None:
    """The document, or None where there is none."""
    bucket, key = split(uri)
    try:
        body = _s3().get_object(Bucket=bucket, Key=key)["Body"].read()
    except ClientError as error:
        if code_of(error) in _GONE:
            return None
        raise
    document: dict[str, Any] = json.loads(body)
    return document


def read_bytes(uri: str) -> bytes:
    """Raises ObjectMissingError."""
    bucket, key = split(uri)
    try:
        return _s3().get_object(Bucket=bucket, Key=key)["Body"].read()
    except ClientError as error:
        if code_of(error) in _GONE:
            raise ObjectMissingError(f"{uri} does not exist") from error
        raise


def chunks(uri: str) -> Iterator[bytes]:
    """An object's content as a stream; raises ObjectMissingError."""
    bucket, key = split(uri)
    try:
        body = _s3().get_object(Bucket=bucket, Key=key)["Body"]
    except ClientError as error:
        if code_of(error) in _GONE:
            raise ObjectMissingError(f"{uri} does not exist") from error
        raise
    yield from body.iter_chunks(_CHUNK_BYTES)


def download_file(uri: str, path: Path) -> None:
    """Raises ObjectMissingError."""
    bucket, key = split(uri)
    path.parent.mkdir(parents=True, exist_ok=True)
    try:
        _s3().download_file(bucket, key, str(path))
    except ClientError as error:
        if code_of(error) in _GONE:
            raise ObjectMissingError(f"{uri} does not exist") from error
        raise


def copy(source: str, target: str) -> None:
    """Inside of S3, of whatever size."""
    (from_bucket, from_key), (bucket, key) = split(source), split(target)
    _s3().copy({"Bucket": from_bucket, "Key": from_key}, bucket, key)


def list_uris(uri: str) -> list[str]:
    """The objects of a folder, in the order of their names."""
    bucket, prefix = split(uri)
    pages = _s3().get_paginator("list_objects_v2").paginate(Bucket=bucket, Prefix=prefix)
    return [f"s3://{bucket}/{found['Key']}" for page in pages for found in page.get("Contents", [])]


def list_folders(uri: str) -> list[str]:
    """The folders that lie directly in one, as URIs with a slash at their end."""
    bucket, prefix = split(uri)
    pages = _s3().get_paginator("list_objects_v2").paginate(Bucket=bucket, Prefix=prefix, Delimiter="/")
    return [f"s3://{bucket}/{found['Prefix']}" for page in pages for found in page.get("CommonPrefixes", [])]


def delete(bucket: str, keys: Sequence[str]) -> None:
    """The newest versions; of a bucket with versions the bucket's own rule clears the older ones away."""
    s3 = _s3()
    with ThreadPoolExecutor(_DELETED_AT_ONCE) as threads:
        list(threads.map(lambda key: s3.delete_object(Bucket=bucket, Key=key), keys))


def empty_bucket(bucket: str) -> None:
    """Delete every version of every object; a bucket that is gone already is empty."""
    pages = _s3().get_paginator("list_object_versions").paginate(Bucket=bucket)
    try:
        for page in pages:
            found = [*page.get("Versions", []), *page.get("DeleteMarkers", [])]
            doomed: list[ObjectIdentifierTypeDef] = [
                {"Key": item["Key"], "VersionId": item["VersionId"]} for item in found
            ]
            if doomed:
                _s3().delete_objects(Bucket=bucket, Delete={"Objects": doomed, "Quiet": True})
    except ClientError as error:
        if code_of(error) not in _GONE:
            raise
