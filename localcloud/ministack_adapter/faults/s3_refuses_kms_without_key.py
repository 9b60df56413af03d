"""`aws:kms` without a key means AWS's own key for S3, and not the bucket's; ministack refuses it.

S3 API Reference, `PutObject`, `SSEKMSKeyId`: with `aws:kms` and without a key id, Amazon S3 uses the AWS
managed key (aws/s3).
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from localcloud.ministack_adapter.storage import s3

ALGORITHM_HEADER = "x-amz-server-side-encryption"
KEY_HEADER = f"{ALGORITHM_HEADER}-aws-kms-key-id"


def install(account: str, region: str) -> None:
    """Name AWS's own key where a request names none."""
    resolve = s3.resolve_sse_write_headers
    own = f"arn:aws:kms:{region}:{account}:alias/aws/s3"

    def resolved(headers: Mapping[str, str], bucket: str) -> Any:
        if headers.get(ALGORITHM_HEADER) == "aws:kms" and not headers.get(KEY_HEADER):
            headers = {**headers, KEY_HEADER: own}
        return resolve(headers, bucket)

    s3.resolve_sse_write_headers = resolved


def shows(client: Callable[[str], Any]) -> bool:
    """Whether an upload with `aws:kms` and no key is refused."""
    calls = client("s3")
    calls.create_bucket(Bucket="plain")
    try:
        calls.put_object(Bucket="plain", Key="one", Body=b"1", ServerSideEncryption="aws:kms")
    except calls.exceptions.ClientError:
        return True
    return False
