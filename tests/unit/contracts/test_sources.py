"""`[[sources]]`: what may be fetched, and what is refused by its key, with the way on."""

from __future__ import annotations

import tomllib
from pathlib import Path
from typing import Any

import pytest

from contracts.pipeline_config import PipelineConfig
from contracts.reading import PipelineConfigError

SHIPPED = tomllib.loads((Path(__file__).parents[3] / "pipeline.toml").read_text(encoding="utf-8"))
SOURCE = {"name": "houses", "uri": "https://data.example/a/houses.csv"}
SECRET = "arn:aws:secretsmanager:us-east-1:111122223333:secret:a-abcdef"
KEY = "arn:aws:kms:us-east-1:111122223333:key/0123abcd-0123"


def read(*sources: dict[str, Any], **tables: Any) -> PipelineConfig:
    return PipelineConfig.from_document({**SHIPPED, "sources": list(sources), **tables})


def test_the_shipped_file_has_none_and_a_source_is_uploaded_by_its_own_name():
    assert PipelineConfig.from_document(SHIPPED).sources == ()
    (found,) = read(SOURCE).sources
    assert (found.upload, found.stages, found.every_hours) == ("houses.csv", ("dev", "prod"), 24)
    (theirs,) = read({"name": "theirs", "uri": "s3://their-bucket/a/b.parquet", "kms_key_arn": KEY}).sources
    assert theirs.bucket_and_key == ("their-bucket", "a/b.parquet")


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"name": "Houses"}, r"sources\[0\]\.name: 'Houses' must be lower-case"),
        ({"uri": "http://data.example/a.csv"}, "uri: 'http://.* ask its owner for https"),
        ({"uri": "gs://bucket/a.csv"}, "uri: 'gs://bucket/a.csv': Google Cloud Storage is not fetched"),
        ({"uri": "sftp://host/a.csv"}, "uri: .*SFTP is not fetched by this version: let AWS Transfer"),
        ({"uri": "postgresql://host/db"}, "uri: .*queries are not run by this version"),
        ({"uri": "ftp://host/a.csv"}, "uri: 'ftp://host/a.csv' is of none of https, s3"),
        ({"uri": "s3://bucket"}, "uri: 's3://bucket' names no object"),
        ({"uri": "s3://bucket/all/*"}, "names no object"),
        ({"uri": "https:///a.csv"}, "is no address of a file"),
        ({"uri": "https://data.example/export"}, "upload: 'export' is no name of an upload"),
        ({"upload": "../houses.csv"}, "upload: '../houses.csv' is no name of an upload"),
        ({"secret_arn": "secret"}, "secret_arn: 'secret' is not the ARN of a secret"),
        ({"uri": "s3://bucket/a.csv", "secret_arn": SECRET}, "secret_arn: is for sources of https"),
        ({"kms_key_arn": KEY}, "kms_key_arn: is for sources of s3"),
        ({"every_hours": 0}, "every_hours: 0 is outside 1 to 8760"),
        ({"stages": ["test"]}, "stages: 'test' is not one of dev, prod"),
        ({"cron": "*"}, "cron: is not a known key"),
    ],
)
def test_what_can_t_be_is_refused_by_its_key(change, message):
    with pytest.raises(PipelineConfigError, match=message):
        read({**SOURCE, **change})


def test_a_password_in_an_address_is_refused_and_not_repeated():
    with pytest.raises(PipelineConfigError, match="by secret_arn") as refused:
        read({**SOURCE, "uri": "https://me:hush@data.example/a.csv"})
    assert "hush" not in str(refused.value)


def test_a_name_and_an_upload_stand_once_and_a_vpc_without_a_way_out_has_none():
    with pytest.raises(PipelineConfigError, match="name 'houses' stands twice"):
        read(SOURCE, {**SOURCE, "upload": "other.csv"})
    with pytest.raises(PipelineConfigError, match=r"upload 'houses\.csv' stands twice"):
        read(SOURCE, {**SOURCE, "name": "others"})
    with pytest.raises(PipelineConfigError, match="in a VPC of its own"):
        read(SOURCE, network={"vpc": True})
