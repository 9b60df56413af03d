"""An upload that brings an encryption of its own: the bucket refuses it, whatever S3 would make of it."""

from __future__ import annotations

from typing import Any

import pytest
from botocore.exceptions import ClientError

from localcloud.host.launch import Running

KEY = "not-for-the-pipeline/sse.csv"  # outside of incoming/: nothing is to be started
CUSTOMERS_KEY = "0" * 32  # boto3 adds its encoding and its MD5


def put(cloud: Running, **encryption: Any) -> dict[str, Any]:
    s3, bucket = cloud.client("s3"), cloud.outputs["RawBucketName"]
    s3.put_object(Bucket=bucket, Key=KEY, Body=b"a,b\n1,2\n", **encryption)
    return dict(s3.head_object(Bucket=bucket, Key=KEY))


@pytest.mark.parametrize(
    "encryption",
    [
        {"ServerSideEncryption": "aws:kms"},
        {"ServerSideEncryption": "AES256"},
        {"ServerSideEncryption": "aws:kms:dsse"},
        {"ServerSideEncryption": "aws:kms", "SSEKMSKeyId": "alias/housing-dev"},
        {"SSECustomerAlgorithm": "AES256", "SSECustomerKey": CUSTOMERS_KEY},
    ],
    ids=["kms without a key", "S3's own", "two layers", "the key by its alias", "a key of the caller's"],
)
def test_an_encryption_that_is_not_the_pipelines_key_is_refused(cloud: Running, encryption: dict[str, Any]):
    with pytest.raises(ClientError, match="AccessDenied"):
        put(cloud, **encryption)


def test_the_pipelines_key_by_its_arn_and_no_header_at_all_give_the_pipelines_key(cloud: Running):
    key_arn = str(put(cloud)["SSEKMSKeyId"])
    assert ":key/" in key_arn
    assert put(cloud, ServerSideEncryption="aws:kms", SSEKMSKeyId=key_arn)["SSEKMSKeyId"] == key_arn
