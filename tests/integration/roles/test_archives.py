"""An archive that may be served is written by one role, once, and by nobody else."""

from __future__ import annotations

from typing import Any

import pytest
from botocore.exceptions import ClientError

from localcloud.launch import Running
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
