"""ListParts, IngestPart and MergeParts one after another, as the state machine has them."""

from __future__ import annotations

import io
import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import Any

import boto3
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from contracts.pipeline_config import PipelineConfig
from contracts.settings import IngestDataSettings, IngestPartSettings, ListPartsSettings, MergePartsSettings
from lambdas.ingest_data.handler import handler as ingest_data
from lambdas.ingest_part.handler import handler as ingest_part
from lambdas.list_parts.handler import handler as list_parts
from lambdas.merge_parts.handler import handler as merge_parts
from tests.unit.lambdas.conftest import Context, set_environment
from tests.unit.lambdas.ingest_data.uploads import config

FOLDER = "incoming/june/"
PARTS = f"{FOLDER}parts/"


@dataclass
class Intake:
    """Uploads, and the states that read them."""

    context: Context
    config: PipelineConfig = field(default_factory=config)

    @cached_property
    def s3(self) -> Any:
        return boto3.client("s3")

    def put(self, key: str, body: bytes) -> dict[str, Any]:
        """The event that its state gets."""
        version = self.s3.put_object(Bucket="raw", Key=key, Body=body)["VersionId"]
        return {"bucket": "raw", "key": key, "version_id": version, "sequencer": "0055"}

    def manifest(self, parts: object) -> dict[str, Any]:
        body = (
            parts if isinstance(parts, bytes) else json.dumps({"format_version": 1, "parts": parts}).encode()
        )
        return self.put(f"{FOLDER}manifest.json", body)

    def whole(self, content: bytes) -> dict[str, Any]:
        """What IngestData makes of one file."""
        return dict(ingest_data(self.put("incoming/june.csv", content), self.context))

    def listed(self, parts: Mapping[str, bytes]) -> dict[str, Any]:
        for name, content in parts.items():
            self.put(PARTS + name, content)
        return dict(list_parts(self.manifest(list(parts)), self.context))

    def items(self, listed: dict[str, Any]) -> list[dict[str, Any]]:
        items: list[dict[str, Any]] = json.loads(self.get(f"s3://artifacts/{listed['items_key']}"))
        return items

    def merged(self, listed: dict[str, Any]) -> dict[str, Any]:
        for item in self.items(listed):
            ingest_part(item, self.context)
        return dict(merge_parts({"parts": listed}, self.context))

    def in_parts(self, parts: Mapping[str, bytes]) -> dict[str, Any]:
        """What becomes of a dataset in parts."""
        listed = self.listed(parts)
        return self.merged(listed) if listed["accepted"] else listed

    def get(self, uri: str) -> bytes:
        bucket, _, key = uri.removeprefix("s3://").partition("/")
        body: bytes = self.s3.get_object(Bucket=bucket, Key=key)["Body"].read()
        return body

    def json(self, uri: str) -> Any:
        return json.loads(self.get(uri))

    def keys(self, prefix: str) -> list[str]:
        found = self.s3.list_objects_v2(Bucket="artifacts", Prefix=prefix)
        return [item["Key"] for item in found.get("Contents", [])]

    def rows(self, uri: str) -> list[dict[str, Any]]:
        """Of one file or of a folder's."""
        prefix = uri.removeprefix("s3://artifacts/")
        tables = [
            pq.read_table(io.BytesIO(self.get(f"s3://artifacts/{key}"))) for key in sorted(self.keys(prefix))
        ]
        rows: list[dict[str, Any]] = pa.concat_tables(tables).to_pylist() if tables else []
        return rows


@pytest.fixture
def intake(aws: None, context: Context, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Intake:
    common = {"artifact_bucket_name": "artifacts"}
    metric = {"metric_namespace": "Greenlight/x"}
    located = {"pipeline_config_path": str(tmp_path / "pipeline.toml")}
    set_environment(monkeypatch, IngestDataSettings(**common, **metric, **located))
    set_environment(monkeypatch, ListPartsSettings(**common, **metric, **located))
    set_environment(monkeypatch, IngestPartSettings(**common))
    set_environment(monkeypatch, MergePartsSettings(**common, **metric))
    made = Intake(context)
    monkeypatch.setattr(PipelineConfig, "load", lambda _path: made.config)
    for bucket in ("raw", "artifacts"):
        made.s3.create_bucket(Bucket=bucket)
        made.s3.put_bucket_versioning(Bucket=bucket, VersioningConfiguration={"Status": "Enabled"})
    return made
