"""What models are served from, trained on and judged on is written once."""

from __future__ import annotations

from typing import Any

import pytest
from botocore.exceptions import ClientError

from localcloud.host.launch import Running
from tests.integration.roles.deployed import Role, session


def put(client: Any, cloud: Running, key: str, **more: Any) -> None:
    client.put_object(Bucket=cloud.outputs["ArtifactBucketName"], Key=key, Body=b"archive", **more)


def test_an_archive_is_written_once_and_by_registration_alone(cloud: Running, roles: dict[str, Role]) -> None:
    key = "models/0123abcd/model.tar.gz"
    with session(cloud, roles["RegisterModel"]) as registering:
        s3 = registering.client("s3", endpoint_url=cloud.endpoint_url)
        with pytest.raises(ClientError, match="AccessDenied"):
            put(s3, cloud, key)
        put(s3, cloud, key, IfNoneMatch="*")
        with pytest.raises(ClientError, match="PreconditionFailed"):
            put(s3, cloud, key, IfNoneMatch="*")
    with pytest.raises(ClientError, match="AccessDenied"):
        put(cloud.client("s3"), cloud, key, IfNoneMatch="*")


@pytest.mark.parametrize("name", ["IngestData", "MergeParts"])
@pytest.mark.parametrize("side", ["train", "holdout"])
def test_the_rows_of_a_dataset_are_not_written_twice(
    cloud: Running, roles: dict[str, Role], name: str, side: str
) -> None:
    key = f"datasets/{name}/{side}/{side}.parquet"
    with session(cloud, roles[name]) as opened:
        s3 = opened.client("s3", endpoint_url=cloud.endpoint_url)
        with pytest.raises(ClientError, match="AccessDenied"):
            put(s3, cloud, key)
        place = {"Bucket": cloud.outputs["ArtifactBucketName"], "Key": key}
        assert in_parts(s3, place, IfNoneMatch="*") == "done"
        assert in_parts(s3, place, IfNoneMatch="*") == "PreconditionFailed"
        assert in_parts(s3, place) == "AccessDenied"


def in_parts(client: Any, place: dict[str, str], **more: Any) -> str:
    """How a multipart upload ends."""
    upload = {**place, "UploadId": client.create_multipart_upload(**place)["UploadId"]}
    etag = client.upload_part(**upload, PartNumber=1, Body=b"rows")["ETag"]
    try:
        client.complete_multipart_upload(
            **upload, MultipartUpload={"Parts": [{"PartNumber": 1, "ETag": etag}]}, **more
        )
    except ClientError as error:
        return str(error.response["Error"]["Code"])
    return "done"
