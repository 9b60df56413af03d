"""A team's own data: drafted from the CSV as `make init` does, and promoted unchanged."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from sklearn import datasets

from contracts.pipeline_config import PipelineConfig
from localcloud.host.launch import launch
from operations.draft.drafting import drafted
from operations.draft.table import table_of
from tests.chaos.project import assembly
from tests.e2e.conftest import Pipeline

SPEED = 60.0
pytestmark = pytest.mark.long


def wine(path: Path) -> Path:
    """Three classes by thirteen numbers, 178 rows."""
    frame = datasets.load_wine(as_frame=True).frame
    frame["target"] = frame["target"].map({0: "barolo", 1: "grignolino", 2: "barbera"})
    frame.rename(columns={"target": "cultivar", "od280/od315_of_diluted_wines": "dilution"}).to_csv(
        path, index=False
    )
    return path


def diabetes(path: Path) -> Path:
    """A number by ten, 442 rows."""
    datasets.load_diabetes(as_frame=True, scaled=False).frame.to_csv(path, index=False)
    return path


@contextmanager
def deployed(csv_path: Path, target: str) -> Iterator[tuple[Pipeline, PipelineConfig]]:
    """A cloud of its own with the pipeline that was drafted for the file."""
    with table_of(csv_path) as table:
        _, text, _ = drafted(table, target)
    toml = csv_path.with_suffix(".toml")
    toml.write_text(text, encoding="utf-8")
    with launch(assembly=assembly(text), speed=SPEED) as cloud:
        yield Pipeline(cloud), PipelineConfig.load(toml)


def promoted(pipeline: Pipeline, csv_path: Path) -> dict[str, Any]:
    execution = pipeline.run("incoming/first.csv", csv_path.read_bytes())
    assert execution.outcome == "Promoted", execution
    found: dict[str, Any] = execution.output["evaluation"]["challenger"]
    return found


def answers(pipeline: Pipeline, csv_path: Path, target: str, rows: int) -> tuple[list[str], list[str]]:
    """The endpoint's predictions for the file's first rows, and what is true of them."""
    table = list(csv.DictReader(io.StringIO(csv_path.read_text())))[:rows]
    names = [name for name in table[0] if name != target]
    body = "\n".join(
        ",".join(row[name] for name in names) for row in [dict(zip(names, names, strict=True)), *table]
    )
    answer = pipeline.cloud.client("sagemaker-runtime").invoke_endpoint(
        EndpointName=pipeline.outputs["EndpointName"], ContentType="text/csv", Body=body.encode()
    )
    return answer["Body"].read().decode().split(), [row[target] for row in table]


def test_a_classification_of_few_rows(tmp_path: Path) -> None:
    data = wine(tmp_path / "wine.csv")
    with deployed(data, "cultivar") as (pipeline, config):
        assert config.dataset.task == "classification"
        figures = promoted(pipeline, data)
        assert figures["accuracy_score"] > 0.85
        predicted, true = answers(pipeline, data, "cultivar", 178)
        assert set(predicted) == set(true)
        assert sum(p == t for p, t in zip(predicted, true, strict=True)) > 0.95 * len(true)


def test_a_regression_of_few_rows(tmp_path: Path) -> None:
    data = diabetes(tmp_path / "diabetes.csv")
    with deployed(data, "target") as (pipeline, config):
        assert config.dataset.task == "regression"
        figures = promoted(pipeline, data)
        assert figures["r2_score"] > 0.2
        predicted, true = answers(pipeline, data, "target", 20)
        assert len(predicted) == len(true)
        assert all(20 < float(value) < 350 for value in predicted)
