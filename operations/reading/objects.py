"""Objects of the artifact bucket, by their s3:// addresses."""

from __future__ import annotations

import json
from typing import Any

from operations.reading.clients import Clients
from operations.reading.errors import NotThereError, ReadingError, code_of, explained

MAX_BYTES = 64 * 1024 * 1024


def read(clients: Clients, uri: str) -> bytes:
    """The object; raises NotThereError where it is gone, and ReadingError past MAX_BYTES."""
    from botocore.exceptions import ClientError

    if not uri.startswith("s3://") or "/" not in uri.removeprefix("s3://"):
        raise NotThereError(f"{uri!r} is no address of an object.")
    bucket, key = uri.removeprefix("s3://").split("/", 1)
    with explained():
        try:
            answer = clients("s3").get_object(Bucket=bucket, Key=key)
        except ClientError as error:
            if code_of(error) not in ("NoSuchKey", "NoSuchBucket", "404"):
                raise
            raise NotThereError(
                f"{uri} is not there any more.", "Reports go with their bucket's lifecycle."
            ) from None
        if answer["ContentLength"] > MAX_BYTES:
            raise ReadingError(f"{uri} is {answer['ContentLength']:,} bytes.", f"Fetch it: aws s3 cp {uri} .")
        return bytes(answer["Body"].read())


def document(clients: Clients, uri: str) -> dict[str, Any]:
    """A JSON object; raises ReadingError where it is none."""
    try:
        found = json.loads(read(clients, uri))
    except ValueError:
        raise ReadingError(f"{uri} is not JSON.") from None
    if not isinstance(found, dict):
        raise ReadingError(f"{uri} holds no JSON object.")
    return found
