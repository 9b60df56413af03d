"""An object that is uploaded in parts, and appears when it is complete or not at all."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from lambdas.aws.clients import client


class Multipart:
    """An upload under way (S3 User Guide, "Uploading and copying objects using multipart upload"; each part
    but the last has at least 5 MiB)."""

    def __init__(self, bucket: str, key: str) -> None:
        self._place = {"Bucket": bucket, "Key": key}
        self._parts: list[dict[str, Any]] = []
        self._is_complete = False
        self._id = client("s3").create_multipart_upload(**self._place)["UploadId"]

    def add(self, part: bytes) -> None:
        number = len(self._parts) + 1
        answer = client("s3").upload_part(**self._place, UploadId=self._id, PartNumber=number, Body=part)
        self._parts.append({"PartNumber": number, "ETag": answer["ETag"]})

    def complete(self) -> None:
        client("s3").complete_multipart_upload(
            **self._place, UploadId=self._id, MultipartUpload={"Parts": self._parts}
        )
        self._is_complete = True

    def close(self) -> None:
        """Abort what is not complete, so that nothing of it is stored."""
        if not self._is_complete:
            client("s3").abort_multipart_upload(**self._place, UploadId=self._id)


@contextmanager
def multipart(bucket: str, key: str) -> Iterator[Multipart]:
    """What was not completed by its end is aborted."""
    upload = Multipart(bucket, key)
    try:
        yield upload
    finally:
        upload.close()
