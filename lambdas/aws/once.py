"""Objects that are written once: S3 itself refuses a second write (`If-None-Match: *`).

For where a bucket policy asks for that (S3 User Guide, "Enforce conditional writes on Amazon S3 buckets"):
there CopyObject is refused, so a copy is an upload whose parts S3 copies. s3transfer 0.19 passes no
`IfNoneMatch` on, so a large file goes up in parts here.
"""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import TYPE_CHECKING

from botocore.exceptions import ClientError

from contracts.errors import ServiceBusyError
from lambdas.aws.clients import client, code_of
from lambdas.aws.storage import split

if TYPE_CHECKING:
    from mypy_boto3_s3.client import S3Client

# S3 takes parts of 5 MB to 5 GB, at most 10,000 of them, and at most 5 GB in one PutObject (S3 User Guide,
# "Amazon S3 multipart upload limits").
_PART_BYTES = 64 << 20
_COPIED_PART_BYTES = 1 << 30
_THREADS = 4
_IS_THERE, _CONFLICT = "PreconditionFailed", "ConditionalRequestConflict"


def _s3() -> S3Client:
    s3: S3Client = client("s3")
    return s3


def write_file(path: Path, uri: str, content_type: str, part_bytes: int = _PART_BYTES) -> bool:
    """Whether it was written; False where an object is there already, which stays as it is.

    Raises ServiceBusyError where another request wrote or deleted it at the same time.
    """
    size = path.stat().st_size
    if size > part_bytes:
        return _in_parts(uri, content_type, size, part_bytes, _upload_part(path))
    bucket, key = split(uri)
    with path.open("rb") as body:
        return _unless_there(
            lambda: _s3().put_object(
                Bucket=bucket, Key=key, Body=body, IfNoneMatch="*", ContentType=content_type
            )
        )


def copy(source: str, uri: str, content_type: str, part_bytes: int = _COPIED_PART_BYTES) -> bool:
    """As `write_file`, inside of S3."""
    bucket, key = split(source)
    size = _s3().head_object(Bucket=bucket, Key=key)["ContentLength"]

    def copy_part(target: dict[str, str], number: int, first: int, last: int) -> str:
        answer = _s3().upload_part_copy(
            Bucket=target["Bucket"],
            Key=target["Key"],
            UploadId=target["UploadId"],
            PartNumber=number,
            CopySource={"Bucket": bucket, "Key": key},
            CopySourceRange=f"bytes={first}-{last}",
        )
        return answer["CopyPartResult"]["ETag"]

    return _in_parts(uri, content_type, size, part_bytes, copy_part)


SendPart = Callable[[dict[str, str], int, int, int], str]


def _upload_part(path: Path) -> SendPart:
    def upload_part(target: dict[str, str], number: int, first: int, last: int) -> str:
        with path.open("rb") as file:
            file.seek(first)
            body = file.read(last - first + 1)
        return _s3().upload_part(
            Bucket=target["Bucket"],
            Key=target["Key"],
            UploadId=target["UploadId"],
            PartNumber=number,
            Body=body,
        )["ETag"]

    return upload_part


def _in_parts(uri: str, content_type: str, size: int, part_bytes: int, send: SendPart) -> bool:
    """An upload that comes to nothing is cleared away by the bucket's own rule."""
    bucket, key = split(uri)
    created = _s3().create_multipart_upload(Bucket=bucket, Key=key, ContentType=content_type)
    target = {"Bucket": bucket, "Key": key, "UploadId": created["UploadId"]}
    firsts = range(0, size, part_bytes)

    def one(number: int, first: int) -> str:
        return send(target, number, first, min(first + part_bytes, size) - 1)

    with ThreadPoolExecutor(_THREADS) as threads:
        etags = list(threads.map(one, range(1, len(firsts) + 1), firsts))
    return _unless_there(
        lambda: _s3().complete_multipart_upload(
            Bucket=bucket,
            Key=key,
            UploadId=target["UploadId"],
            IfNoneMatch="*",
            MultipartUpload={
                "Parts": [{"PartNumber": number, "ETag": etag} for number, etag in enumerate(etags, 1)]
            },
        )
    )


def _unless_there(write: Callable[[], object]) -> bool:
    try:
        write()
    except ClientError as error:
        if code_of(error) == _CONFLICT:
            raise ServiceBusyError(f"S3 was writing the same object at the same time: {error}") from error
        if code_of(error) != _IS_THERE:
            raise
        return False
    return True
