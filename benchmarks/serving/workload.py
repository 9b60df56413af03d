"""What every server is asked: one fitted pipeline, and the same rows in each server's own format."""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import joblib
import mlflow
import numpy as np
import pandas as pd
from sklearn.model_selection import train_test_split

from contracts.pipeline_config import PipelineConfig
from inference.model import artefact
from training_jobs.dataset import Dataset
from training_jobs.experiment import Experiment
from training_jobs.export import export_model
from training_jobs.export.checks import with_check_rows

SEED = 42


@dataclass(frozen=True)
class Workload:
    """One model on disk in the forms that the servers load, and rows to ask for."""

    directory: Path
    rows: pd.DataFrame
    expected: list[float]

    @property
    def pipeline(self) -> Path:
        return self.directory / "pipeline.joblib"

    @property
    def artefact(self) -> Path:
        return self.directory / "ml"

    @property
    def mlflow(self) -> Path:
        return self.directory / "mlflow"


def prepare(
    config: PipelineConfig, data: Path, directory: Path, estimator: str, parameters: dict[str, Any]
) -> Workload:
    """Fit on the 80 % of the literature's split; ask for the other 20 %."""
    contract = config.dataset
    frame = pd.read_csv(data)
    frame["ocean_proximity"] = frame["ocean_proximity"].astype(object)
    train, test = train_test_split(frame, test_size=0.2, random_state=SEED)
    names = [column.name for column in contract.feature_columns]
    document = {**config.as_document(), "training": {"estimator": estimator, "parameters": parameters}}
    chosen = PipelineConfig.from_document(document)
    experiment = Experiment(chosen, Dataset(train[names], train[contract.target].to_numpy()), SEED)
    pipeline = experiment.fit(parameters)
    rows = test[names].reset_index(drop=True)
    workload = Workload(directory, rows, pipeline.predict(rows).tolist())
    _save(workload, pipeline, chosen, experiment.dataset.features)
    return workload


def _save(workload: Workload, pipeline: Any, config: PipelineConfig, features: pd.DataFrame) -> None:
    workload.directory.mkdir(parents=True, exist_ok=True)
    joblib.dump(pipeline, workload.pipeline)
    model = export_model(pipeline, config.dataset.feature_columns)
    manifest = {"model_hash": artefact.model_hash(model)}
    exported = with_check_rows(model, features, SEED).with_manifest(manifest)
    artefact.write(workload.artefact / "model", exported)
    if not workload.mlflow.exists():
        mlflow.sklearn.save_model(
            pipeline, workload.mlflow, serialization_format="cloudpickle", pip_requirements=["scikit-learn"]
        )


def as_csv(rows: pd.DataFrame) -> bytes:
    return rows.to_csv(index=False, header=False).encode()


def as_records(rows: pd.DataFrame) -> list[dict[str, Any]]:
    plain = rows.astype(object).where(rows.notna(), None)
    return [{str(name): value for name, value in record.items()} for record in plain.to_dict("records")]


def json_records(rows: pd.DataFrame) -> bytes:
    return json.dumps({"records": as_records(rows)}).encode()


def json_split(rows: pd.DataFrame) -> bytes:
    """What `mlflow models serve` reads."""
    values = [list(record.values()) for record in as_records(rows)]
    return json.dumps({"dataframe_split": {"columns": list(rows.columns), "data": values}}).encode()


def v2_tensors(rows: pd.DataFrame) -> bytes:
    """One tensor a column with MLServer's hint that together they are a data frame."""
    inputs = []
    for name in rows.columns:
        text = rows[name].dtype == object
        values = rows[name].tolist() if text else np.nan_to_num(rows[name].to_numpy(), nan=500.0).tolist()
        entry = {
            "name": name,
            "shape": [len(rows), 1],
            "datatype": "BYTES" if text else "FP64",
            "data": values,
        }
        inputs.append({**entry, **({"parameters": {"content_type": "str"}} if text else {})})
    return json.dumps({"parameters": {"content_type": "pd"}, "inputs": inputs}).encode()
