"""What is written once stays what it was, whole or in parts, written or copied."""

from __future__ import annotations

from pathlib import Path

import boto3
import pytest
from botocore.exceptions import ClientError

from contracts.errors import ServiceBusyError
from lambdas.aws import clients, once

MIB = 1 << 20
TARGET = "s3://artifacts/datasets/v/holdout/holdout.parquet"


@pytest.fixture
def _bucket(aws: None) -> None:
    boto3.client("s3").create_bucket(Bucket="artifacts")


def content(uri: str = TARGET) -> bytes:
    bucket, _, key = uri.removeprefix("s3://").partition("/")
    return bytes(boto3.client("s3").get_object(Bucket=bucket, Key=key)["Body"].read())


@pytest.fixture
def files(tmp_path: Path) -> tuple[Path, Path]:
    """Two files of eleven megabytes each, of different bytes from place to place."""
    made = (tmp_path / "first", tmp_path / "second")
    for number, path in enumerate(made):
        path.write_bytes(b"".join(bytes([number * 100 + part]) * MIB for part in range(11)))
    return made


@pytest.mark.usefixtures("_bucket")
@pytest.mark.parametrize("part_bytes", [5 * MIB, 64 * MIB])
def test_a_second_write_leaves_the_first(files: tuple[Path, Path], part_bytes: int) -> None:
    first, second = files
    assert once.write_file(first, TARGET, "text/plain", part_bytes)
    assert not once.write_file(second, TARGET, "text/plain", part_bytes)
    assert content() == first.read_bytes()


@pytest.mark.usefixtures("_bucket")
@pytest.mark.parametrize("part_bytes", [5 * MIB, 64 * MIB])
def test_a_second_copy_leaves_the_first(files: tuple[Path, Path], part_bytes: int) -> None:
    for number, path in enumerate(files):
        boto3.client("s3").upload_file(str(path), "artifacts", f"parts/{number}")
    assert once.copy("s3://artifacts/parts/0", TARGET, "text/plain", part_bytes)
    assert not once.copy("s3://artifacts/parts/1", TARGET, "text/plain", part_bytes)
    assert content() == files[0].read_bytes()


class Refusing:
    """An S3 that answers every write with one error."""

    def __init__(self, code: str) -> None:
        self._code = code

    def put_object(self, **_: object) -> None:
        raise ClientError({"Error": {"Code": self._code, "Message": "no"}}, "PutObject")


@pytest.mark.parametrize(
    ("code", "raised"), [("ConditionalRequestConflict", ServiceBusyError), ("AccessDenied", ClientError)]
)
def test_a_refusal_is_not_taken_for_an_earlier_write(
    files: tuple[Path, Path], code: str, raised: type[Exception]
) -> None:
    clients.MADE["s3"] = Refusing(code)
    with pytest.raises(raised, match=code):
        once.write_file(files[0], TARGET, "text/plain")
