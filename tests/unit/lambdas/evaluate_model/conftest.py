"""A bucket with a dataset and models in it, as the states before EvaluateModel leave them."""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import Any

import boto3
import pytest

from contracts.settings import EvaluateModelSettings
from inference.model.artefact import Artefact
from tests.unit import documents
from tests.unit.lambdas.conftest import REGION, Context, set_environment
from tests.unit.lambdas.evaluate_model import world
from tests.unit.lambdas.fakes import FakeMlflow, FakeSageMaker

BUCKET = "artifacts"
SETTINGS = EvaluateModelSettings(
    artifact_bucket_name=BUCKET,
    endpoint_name="housing-dev",
    model_package_group_name="housing-dev-models",
    mlflow_tracking_uri=f"arn:aws:sagemaker:{REGION}:111122223333:mlflow-app/app-1",
    experiment_name="housing-dev",
    metric_namespace="Greenlight/housing-dev",
)


class Run(FakeMlflow):
    """The training job's run."""

    def artifact_uri(self, run_id: str) -> str:
        return f"s3://{BUCKET}/mlflow/1/{run_id}/artifacts"


@dataclass
class Pipeline:
    """What lies in the bucket, and the handler's way to it."""

    scratch: Path
    sagemaker: FakeSageMaker
    mlflow: Run
    context: Context
    config: Any = field(default_factory=world.config)

    @cached_property
    def s3(self) -> Any:
        return boto3.client("s3")

    def put(self, key: str, body: bytes) -> str:
        self.s3.put_object(Bucket=BUCKET, Key=key, Body=body)
        return f"s3://{BUCKET}/{key}"

    def get(self, uri: str) -> Any:
        return self.s3.get_object(Bucket=BUCKET, Key=uri.removeprefix(f"s3://{BUCKET}/"))

    def add_dataset(
        self,
        columns: dict[str, Any],
        version: str = "v2",
        quarantined: Any = (),
        train: dict[str, Any] | None = None,
    ) -> dict[str, Any]:
        """As IngestData leaves it, with `columns` for a holdout; returns its document."""
        train = train or world.rows(4 * len(columns["size"]), seed=77)
        base = f"datasets/{version}/"
        holdout = world.write_parquet(self.scratch / f"{version}.parquet", columns)
        self.put(f"{base}contract/contract.json", world.as_json(self.config.as_document()))
        self.put(f"{base}profile.json", world.as_json(world.profile_of(columns)))
        violations = [
            {"column": q["column"], "rule": q["rule"], "value": q["value"], "line": q["line"], "count": 1}
            for q in quarantined
        ]
        source = {"uri": "s3://raw/incoming/h.csv", "version_id": "x", "sha256": "0" * 64}
        manifest = {
            "violations": violations,
            "source": source,
            "dataset_version": version,
            "counts": {"train_rows": len(train["size"])},
        }
        training = world.write_parquet(self.scratch / f"{version}.train.parquet", train)
        self.put(f"{base}train/train.parquet", training.read_bytes())
        document = {
            **documents.DATASET.as_document(),
            "version": version,
            "uri": f"s3://{BUCKET}/{base}",
            "contract_hash": self.config.contract_hash,
            "contract_uri": f"s3://{BUCKET}/{base}contract/",
            "holdout_uri": self.put(f"{base}holdout/holdout.parquet", holdout.read_bytes()),
            "profile_uri": f"s3://{BUCKET}/{base}profile.json",
            "manifest_uri": self.put(f"{base}manifest.json", world.as_json(manifest)),
            "quarantine_uri": f"s3://{BUCKET}/{base}quarantine/quarantine.parquet",
            "train_uri": f"s3://{BUCKET}/{base}train/",
            "train_rows": len(train["size"]),
            "quarantined_rows": len(quarantined),
        }
        if quarantined:
            table = {name: [row[name] for row in quarantined] for name in quarantined[0]}
            path = world.write_parquet(self.scratch / "quarantine.parquet", table)
            self.put(f"{base}quarantine/quarantine.parquet", path.read_bytes())
        return document

    def add_model(self, job: str, made: Artefact | bytes) -> dict[str, Any]:
        """As TrainModel leaves it; returns its document."""
        if isinstance(made, Artefact):
            made = world.write_archive(self.scratch / f"{job}.tar.gz", made).read_bytes()
        uri = self.put(f"training/{job}/output/model.tar.gz", made)
        return {"job_name": job, "job_arn": f"arn:{job}", "model_data_uri": uri}

    def add_champion(self, made: Artefact | bytes, **properties: str) -> str:
        """A model that serves, by default trained on a dataset of its own."""
        if "dataset_uri" not in properties and "trained_on_uri" not in properties:
            properties["dataset_uri"] = self.add_dataset(world.rows(600, seed=3), "v1")["uri"]
        document = self.add_model("champion", made)
        arn = self.sagemaker.add_package("champion", **properties)
        container = self.sagemaker.package(arn)["InferenceSpecification"]["Containers"][0]
        container["ModelDataUrl"] = document["model_data_uri"]
        return arn

    def evaluate(self, dataset: dict[str, Any], training: dict[str, Any]) -> dict[str, Any]:
        from lambdas.evaluate_model.handler import handler

        answer: dict[str, Any] = handler({"dataset": dataset, "training": training}, self.context)
        return answer


@pytest.fixture
def pipeline(
    tmp_path: Path, aws: None, sagemaker: FakeSageMaker, context: Context, monkeypatch: pytest.MonkeyPatch
) -> Pipeline:
    set_environment(monkeypatch, SETTINGS)
    run = Run()
    monkeypatch.setattr("lambdas.evaluate_model.outputs.Mlflow", lambda _arn: run)
    boto3.client("s3", region_name=REGION).create_bucket(Bucket=BUCKET)
    return Pipeline(tmp_path, sagemaker, run, context)
