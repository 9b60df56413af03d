"""The state as the state machine sees it: an object version in, a dataset version or reasons out."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import boto3
import pyarrow.parquet as pq
import pytest

from contracts.errors import UploadMissingError
from contracts.pipeline_config import PipelineConfig
from contracts.reading import PipelineConfigError
from contracts.settings import IngestDataSettings
from lambdas.ingest_data.handler import handler
from tests.unit.lambdas.conftest import Context, set_environment
from tests.unit.lambdas.ingest_data.uploads import csv_of

TOML = Path(__file__).parents[4] / "pipeline.toml"
HOUSES = (
    "longitude,latitude,housing_median_age,total_rooms,total_bedrooms,population,households,median_income,"
    "median_house_value,ocean_proximity"
)


@pytest.fixture
def put(aws: None, monkeypatch: pytest.MonkeyPatch) -> Any:
    """Upload bytes under the repository's own contract; gives the event."""
    settings = IngestDataSettings(
        artifact_bucket_name="artifacts", pipeline_config_path=str(TOML), metric_namespace="Greenlight/x"
    )
    set_environment(monkeypatch, settings)
    s3 = boto3.client("s3")
    for bucket in ("raw", "artifacts"):
        s3.create_bucket(Bucket=bucket)
        s3.put_bucket_versioning(Bucket=bucket, VersioningConfiguration={"Status": "Enabled"})

    def upload(content: bytes) -> dict[str, Any]:
        version = s3.put_object(Bucket="raw", Key="incoming/houses.csv", Body=content)["VersionId"]
        return {
            "bucket": "raw",
            "key": "incoming/houses.csv",
            "version_id": version,
            "sequencer": "0055AED6DCD90281E5",
        }

    return upload


def houses(count: int = 600, bad: int = 0) -> bytes:
    lines = [
        f"-122.{i:04d},37.5,{i % 50 + 1},{800 + i},{100 + i % 40},{300 + i},{120 + i % 30},{i % 90 / 10},"
        f"{100_000 + 311 * i},{'INLAND' if i % 3 else 'NEAR BAY'}"
        for i in range(count)
    ]
    lines[:bad] = [line.replace("37.5", "north") for line in lines[:bad]]
    return csv_of(lines, HOUSES)


def stored(uri: str) -> bytes:
    bucket, _, key = uri.removeprefix("s3://").partition("/")
    body: bytes = boto3.client("s3").get_object(Bucket=bucket, Key=key)["Body"].read()
    return body


def test_an_accepted_upload_is_a_complete_dataset_version(put: Any, context: Context, tmp_path: Path) -> None:
    event = put(houses(bad=2))
    answer = handler(event, context)
    assert answer["accepted"] is True
    assert (answer["rows"], answer["quarantined_rows"]) == (600, 2)
    assert answer["train_rows"] + answer["holdout_rows"] == 598
    assert answer["uri"] == f"s3://artifacts/datasets/{answer['version']}/"
    for name in ("train/train.parquet", "holdout/holdout.parquet", "quarantine/quarantine.parquet"):
        path = tmp_path / Path(name).name
        path.write_bytes(stored(answer["uri"] + name))
        count = pq.read_metadata(path).num_rows
        assert count == {"train": answer["train_rows"], "holdout": answer["holdout_rows"]}.get(path.stem, 2)
    contract = json.loads(stored(answer["contract_uri"] + "contract.json"))
    assert PipelineConfig.from_document(contract) == PipelineConfig.load(TOML)
    assert json.loads(stored(answer["profile_uri"]))["rows"] == 598


def test_the_manifest_leads_back_to_the_upload(put: Any, context: Context) -> None:
    event = put(houses(bad=2))
    answer = handler(event, context)
    manifest = json.loads(stored(answer["manifest_uri"]))
    assert manifest["source"]["uri"] == "s3://raw/incoming/houses.csv"
    assert manifest["source"]["version_id"] == event["version_id"]
    assert len(manifest["source"]["sha256"]) == 64
    assert manifest["contract_hash"] == answer["contract_hash"]
    assert manifest["violations"] == [
        {"column": "latitude", "rule": "type", "value": "north", "line": 2, "count": 2}
    ]
    for name in manifest["files"]:
        assert stored(answer["uri"] + name)


def test_the_same_content_is_the_same_version_however_often_it_comes(put: Any, context: Context) -> None:
    first, second = handler(put(houses()), context), handler(put(houses()), context)
    assert first["version"] == second["version"]
    assert handler(put(houses(601)), context)["version"] != first["version"]


def test_the_order_of_uploads_is_told_by_time_and_sequencer(put: Any, context: Context) -> None:
    order = handler(put(houses()), context)["upload_order"]
    stamp, _, sequencer = order.partition("/")
    assert stamp.endswith("Z")
    assert len(stamp) == len("2026-11-22T02:50:04Z")
    assert sequencer == "0055AED6DCD90281E5"


def test_a_rejected_upload_makes_no_dataset_and_tells_why(
    put: Any, context: Context, capsys: pytest.CaptureFixture[str]
) -> None:
    answer = handler(put(houses(bad=50)), context)
    assert answer["accepted"] is False
    assert "a value is no number: 'north' (column 'latitude', first at line 2, 50 rows)" in answer["message"]
    assert answer["faults"][1]["column"] == "latitude"
    assert kept() == [f"rejected/{answer['version']}/quarantine/quarantine.parquet"]
    assert "DatasetsRejected" in capsys.readouterr().out
    assert boto3.client("s3").list_objects_v2(Bucket="raw")["KeyCount"] == 1


def kept() -> list[str]:
    found = boto3.client("s3").list_objects_v2(Bucket="artifacts")
    return [item["Key"] for item in found.get("Contents", [])]


def test_a_rejected_upload_keeps_the_rows_that_broke_a_rule(
    put: Any, context: Context, tmp_path: Path
) -> None:
    answer = handler(put(houses(bad=50)), context)
    assert answer["quarantine_uri"].startswith("s3://artifacts/rejected/")
    (tmp_path / "q.parquet").write_bytes(stored(answer["quarantine_uri"]))
    rows = pq.read_table(tmp_path / "q.parquet").to_pylist()
    assert len(rows) == 50
    assert rows[0] == {"line": 2, "column": "latitude", "rule": "type", "value": "north"}


@pytest.mark.parametrize("content", [b"", b"a,b\n1,2\n", csv_of([], HOUSES), houses(100)])
def test_where_no_row_broke_a_rule_a_rejected_upload_keeps_nothing(
    put: Any, context: Context, content: bytes
) -> None:
    answer = handler(put(content), context)
    assert answer["accepted"] is False
    assert "quarantine_uri" not in answer
    assert kept() == []


def test_rows_that_teach_nothing_keep_what_else_was_wrong(put: Any, context: Context) -> None:
    header, *lines = houses(600, bad=1).decode().splitlines()
    same = [",".join([*line.split(",")[:8], "5", line.split(",")[9]]) for line in lines]
    answer = handler(put(csv_of(same, header)), context)
    assert "the target is always" in answer["message"]
    assert stored(answer["quarantine_uri"])


def test_the_answer_is_json(put: Any, context: Context) -> None:
    for content in (houses(), houses(bad=50), b"PK\x03\x04"):
        assert json.loads(json.dumps(handler(put(content), context)))


def test_an_upload_that_is_gone_is_an_error_and_no_rejection(put: Any, context: Context) -> None:
    event = put(houses())
    boto3.client("s3").delete_object(Bucket="raw", Key=event["key"], VersionId=event["version_id"])
    with pytest.raises(UploadMissingError, match=r"incoming/houses\.csv"):
        handler(event, context)


def test_a_broken_configuration_is_not_taken_for_a_bad_upload(
    put: Any, context: Context, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    (tmp_path / "pipeline.toml").write_text("[pipeline]\n", encoding="utf-8")
    monkeypatch.setenv("PIPELINE_CONFIG_PATH", str(tmp_path / "pipeline.toml"))
    with pytest.raises(PipelineConfigError):
        handler(put(houses()), context)


def test_nothing_is_left_in_the_scratch_space(
    put: Any, context: Context, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    handler(put(houses()), context)
    assert list(tmp_path.iterdir()) == []
