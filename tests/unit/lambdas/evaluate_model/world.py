"""A small world for the evaluation: rows, models made by hand that err as wanted, and a configuration."""

from __future__ import annotations

import json
import tarfile
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from contracts.pipeline_config import PipelineConfig
from inference.model import Head, InputColumn, Model, Step, artefact
from inference.model.artefact import Artefact, model_hash
from inference.model.predictor import Predictor

REGIONS = ("north", "south", "<b>west</b>")
COLUMNS = (
    InputColumn("size", "number"),
    InputColumn("age", "integer"),
    InputColumn("region", "category", REGIONS),
)
# Entries: the three columns, then one for each region.
STEPS = tuple(Step("equals", 2, p=float(code)) for code in range(len(REGIONS)))


def config(task: str = "regression", **gate: Any) -> PipelineConfig:
    kind = {"regression": "number", "classification": "category"}[task]
    columns = [
        {"name": "size", "type": "number"},
        {"name": "age", "type": "integer"},
        {"name": "region", "type": "category"},
        {"name": "price", "type": kind},
    ]
    deployment = {"instance_type": "ml.t2.medium", "instance_count": 2, "strategy": "all_at_once"}
    return PipelineConfig.from_document(
        {
            "pipeline": {"name": "housing"},
            "dataset": {
                "columns": columns,
                "target": "price",
                "task": task,
                "slices": ["region"],
                "fairness_groups": ["age"],
            },
            "training": {"estimator": "linear"},
            "gate": {"min_slice_rows": 20, **gate},
            "deployment": {"dev": deployment, "prod": deployment},
        }
    )


def rows(count: int = 600, seed: int = 0) -> dict[str, Any]:
    """Columns as Python lists; `price` is 10 size + age, and 50 more in the south, with a little noise."""
    random = np.random.default_rng(seed)
    size, age = random.normal(20, 5, count), random.integers(1, 5, count)
    region = random.choice(len(REGIONS), count)
    price = 10 * size + age + 50 * (region == 1) + random.normal(0, 5, count)
    return {
        "size": size.tolist(),
        "age": age.tolist(),
        "region": [REGIONS[code] for code in region],
        "price": price.tolist(),
    }


def write_parquet(path: Path, columns: dict[str, Any]) -> Path:
    pq.write_table(pa.table(columns), path)
    return path


def linear_model(
    size: float = 10.0,
    age: float = 1.0,
    regions: tuple[float, float, float] = (0.0, 50.0, 0.0),
    intercept: float = 0.0,
    classes: tuple[Any, ...] = (),
) -> Model:
    """What `rows` was made by, unless told otherwise; with two classes its sigmoid."""
    weights = np.array([[size], [age], [0.0], *([region] for region in regions)])
    head = Head("linear", 1, (intercept,), link="sigmoid" if classes else "identity")
    return Model(COLUMNS, STEPS, head, classes, {"weights": weights})


def artefact_of(model: Model, **manifest: Any) -> Artefact:
    """As training writes it, with rows to check itself by."""
    empty = np.empty((0, 0))
    check_rows = np.array([[20.0, 3.0, 1.0], [10.0, 1.0, 0.0]])
    answers = Predictor(Artefact({}, model, empty, empty)).answers(check_rows)
    document = {
        "task": "binary" if model.classes else "regression",
        "target": "price",
        "classes": list(model.classes),
        "columns": [{"name": c.name, "type": c.type} for c in model.columns],
        "estimator": "linear",
        "engine": "linear",
        "parameters": {"alpha": 0.5},
        "seed": 42,
        "cv_metrics": {"rmse_error": 5.0, "rmse_error_std": 0.1},
        "parity": {"rows": 100, "edge_rows": 10, "largest_difference": 0.0, "tolerance": 1e-9},
        "model_hash": model_hash(model),
        "mlflow_run_id": "run-1",
        **manifest,
    }
    return Artefact(document, model, check_rows, answers)


def write_archive(path: Path, made: Artefact) -> Path:
    """A model.tar.gz as SageMaker makes it of /opt/ml/model."""
    directory = path.parent / f"{path.name}.files"
    artefact.write(directory, made)
    with tarfile.open(path, "w:gz") as tar:
        for file in sorted(directory.iterdir()):
            tar.add(file, file.name)
    return path


def profile_of(columns: dict[str, Any]) -> dict[str, Any]:
    """As IngestData writes it."""
    found = {name: _column(values) for name, values in columns.items()}
    return {"format_version": 1, "rows": len(columns["size"]), "columns": found}


def _column(values: list[Any]) -> dict[str, Any]:
    if isinstance(values[0], str):
        counts = {value: values.count(value) for value in sorted(set(values))}
        return {
            "type": "category",
            "count": len(values),
            "missing": 0,
            "distinct": len(counts),
            "categories": counts,
            "other": 0,
        }
    numbers = np.array(values, dtype=float)
    edges = np.unique(np.quantile(numbers, np.linspace(0.05, 0.95, 19)))
    counts_of_bins = np.bincount(np.searchsorted(edges, numbers, side="left"), minlength=len(edges) + 1)
    return {
        "type": "number",
        "count": len(values),
        "missing": 0,
        "min": float(numbers.min()),
        "max": float(numbers.max()),
        "mean": float(numbers.mean()),
        "standard_deviation": float(numbers.std()),
        "quantiles": {f"{q:g}": float(np.quantile(numbers, q)) for q in (0.01, 0.25, 0.5, 0.75, 0.99)},
        "histogram": {"edges": edges.tolist(), "counts": counts_of_bins.tolist()},
    }


def as_json(document: Any) -> bytes:
    return json.dumps(document).encode()
