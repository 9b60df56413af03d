"""A champion's baseline: the rows that it was trained on, what it answers to rows it never saw, and what it
promised. Made once per champion, from what its package names, and kept.

Features are held against the training rows, and predictions against those on the holdout: on rows that it
learned by heart a model answers otherwise than it ever will again.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.parquet as pq

from contracts import layout
from contracts.dataset import DatasetContract
from contracts.errors import BaselineError
from contracts.pipeline_config import PipelineConfig
from contracts.reading import PipelineConfigError
from inference.errors import ArtefactError, InferenceError
from inference.formats.tables import columns_of_table
from inference.model import InputColumn
from inference.model.predictor import Predictor
from lambdas.aws import storage
from lambdas.aws.registry import Package
from lambdas.model_archive import ArchiveError, unpack
from lambdas.monitoring.requests import PREDICTION, PROBABILITIES
from scoring.figures import Array

FORMAT_VERSION = 1
MAX_ROWS = 50_000
SEED = 20_261_128
PARQUET = "application/vnd.apache.parquet"
_ANSWERS_FILE = "answers.parquet"


@dataclass(frozen=True, kw_only=True)
class Baseline:
    """`columns` are what the model reads; `promised` is its `metric` on the holdout, overall and by the name
    of each slice, `column = value`."""

    uri: str
    config: PipelineConfig
    columns: tuple[InputColumn, ...]
    classes: tuple[str, ...]
    threshold: float | None
    metric: str
    promised: float | None
    promised_slices: Mapping[str, float]
    dataset_uri: str
    model_data_uri: str

    @property
    def contract(self) -> DatasetContract:
        return self.config.dataset

    @property
    def is_classifier(self) -> bool:
        return bool(self.classes)

    @property
    def watched(self) -> tuple[InputColumn, ...]:
        """The columns that are held against the training rows: not free text, of which every value is new."""
        return tuple(column for column in self.columns if not column.hashing)

    def rows(self, scratch: Path) -> dict[str, Array]:
        """Of each watched feature (n,), and of the predictions, which are of other rows."""
        found = arrays_of(_fetched(f"{self.uri}{layout.BASELINE_ROWS_FILE}", scratch), self.watched)
        answers = _fetched(f"{self.uri}{_ANSWERS_FILE}", scratch)
        return {**found, **predictions_of(answers, self.classes)}


def arrays_of(table: pa.Table, columns: Sequence[InputColumn]) -> dict[str, Array]:
    """Columns as `requests.schema_of` lays them down: float64 with NaN, or texts with None."""
    return {
        column.name: np.array(table.column(column.name).to_pylist(), dtype=object)
        if column.holds_texts
        else np.asarray(table.column(column.name).to_numpy(zero_copy_only=False), dtype=np.float64)
        for column in columns
    }


def predictions_of(table: pa.Table, classes: Sequence[str]) -> dict[str, Array]:
    """The predictions, and of a classification each class's probability where every row has them."""
    if not classes:
        return {PREDICTION: np.asarray(table.column(PREDICTION).to_numpy(), dtype=np.float64)}
    found: dict[str, Array] = {PREDICTION: np.array(table.column(PREDICTION).to_pylist(), dtype=object)}
    shares = table.column(PROBABILITIES)
    if table.num_rows and not shares.null_count:
        values = np.array(shares.to_pylist(), dtype=np.float64)
        if values.ndim == 2 and values.shape[1] == len(classes):
            # Of two classes the one follows from the other.
            first = 1 if len(classes) == 2 else 0
            found |= {
                f"{PREDICTION}: {name}": values[:, place]
                for place, name in enumerate(classes)
                if place >= first
            }
    return found


def baseline_of(package: Package, bucket: str, scratch: Path) -> Baseline:
    """The kept one, or a new one; raises BaselineError, which says what it would have been made of."""
    uri = layout.BASELINES.uri(bucket, package.training_job_name)
    kept = storage.read_json(f"{uri}{layout.BASELINE_FILE}")
    if kept is None or kept.get("format_version") != FORMAT_VERSION:
        kept = _make(package, uri, scratch)
    return read(uri, kept)


def load(uri: str) -> Baseline:
    """One that was made before; raises BaselineError."""
    kept = storage.read_json(f"{uri}{layout.BASELINE_FILE}")
    if kept is None:
        raise BaselineError(f"{uri}{layout.BASELINE_FILE} is gone; the next run makes it again")
    return read(uri, kept)


def read(uri: str, document: Mapping[str, Any]) -> Baseline:
    """Out of what `_make` wrote."""
    return Baseline(
        uri=uri,
        config=PipelineConfig.from_document(document["config"]),
        columns=tuple(InputColumn.from_document(column) for column in document["columns"]),
        classes=tuple(document["classes"]),
        threshold=document["threshold"],
        metric=document["metric"],
        promised=document["promised"],
        promised_slices=document["promised_slices"],
        dataset_uri=document["dataset_uri"],
        model_data_uri=document["model_data_uri"],
    )


def _make(package: Package, uri: str, scratch: Path) -> dict[str, Any]:
    dataset_uri = package.properties.get("dataset_uri", "")
    if not dataset_uri:
        raise BaselineError(f"{package.arn} names no dataset: its baseline can't be made")
    config, predictor = _config(dataset_uri), predictor_of(package.model_data_uri, scratch)
    place = layout.DatasetPlace(dataset_uri)
    train = sampled(_files(place.train, scratch / "train"), [c.name for c in predictor.columns])
    holdout = sampled(_files(place.holdout, scratch / "holdout"), [c.name for c in predictor.columns])
    _keep(
        _table(columns_of_table(train, predictor.columns), predictor),
        f"{uri}{layout.BASELINE_ROWS_FILE}",
        scratch,
    )
    answers = predictor.answers(predictor.encode(columns_of_table(holdout, predictor.columns)))
    _keep(_answers_table(predictor, answers), f"{uri}{_ANSWERS_FILE}", scratch)
    document = {
        "format_version": FORMAT_VERSION,
        "champion_arn": package.arn,
        "config": config.as_document(),
        "columns": [column.as_document() for column in predictor.columns],
        "classes": [str(name) for name in predictor.classes],
        "threshold": predictor.model.threshold,
        "dataset_uri": dataset_uri,
        "model_data_uri": package.model_data_uri,
        "train_rows": train.num_rows,
        "holdout_rows": holdout.num_rows,
        **_promise(package, config.gate.metric),
    }
    # The last of all: where it is, the others are.
    storage.write_json(document, f"{uri}{layout.BASELINE_FILE}")
    return document


def _config(dataset_uri: str) -> PipelineConfig:
    uri = layout.DatasetPlace(dataset_uri).contract_file
    document = storage.read_json(uri)
    if document is None:
        raise BaselineError(f"{uri}, by which the champion's data was read, is gone")
    try:
        return PipelineConfig.from_document(document, source=uri)
    except PipelineConfigError as error:
        raise BaselineError(str(error)) from error


def predictor_of(model_data_uri: str, scratch: Path) -> Predictor:
    """The champion's model; raises BaselineError."""
    archive = scratch / "champion.tar.gz"
    try:
        storage.download_file(model_data_uri, archive)
        unpack(archive, scratch / "champion")
        return Predictor.load(scratch / "champion")
    except (storage.ObjectMissingError, ArchiveError, ArtefactError, InferenceError, ValueError) as error:
        raise BaselineError(f"the champion's archive at {model_data_uri}: {error}") from error


def _promise(package: Package, metric: str) -> dict[str, Any]:
    """What the gate's report says of the champion; nothing where it is gone."""
    uri = package.properties.get("report_html_uri", "")
    report = storage.read_json(f"{uri.removesuffix('.html')}.json") if uri else None
    if report is None:
        return {"metric": metric, "promised": None, "promised_slices": {}}
    asked = report.get("metric", metric)
    slices = {
        f"{part['column']} = {part['value']}": part["challenger"]
        for part in report.get("slices", [])
        if part.get("challenger") is not None
    }
    return {"metric": asked, "promised": report["challenger"].get(asked), "promised_slices": slices}


def _files(uri: str, directory: Path) -> list[Path]:
    """The Parquet files of a folder, on disk."""
    uris = [found for found in storage.list_uris(uri) if found.endswith(".parquet")]
    if not uris:
        raise BaselineError(f"{uri} holds no Parquet file: the champion's data is gone")
    paths = [directory / f"{number:05d}.parquet" for number in range(len(uris))]
    for found, path in zip(uris, paths, strict=True):
        storage.download_file(found, path)
    return paths


def sampled(paths: Sequence[Path], names: Sequence[str], most: int = MAX_ROWS) -> pa.Table:
    """So many rows of all files, the same each time, batch by batch."""
    stored = sum(pq.read_metadata(path).num_rows for path in paths)
    chosen = np.ones(stored, dtype=bool)
    if stored > most:
        chosen[:] = False
        chosen[np.random.default_rng(SEED).choice(stored, most, replace=False)] = True
    kept: list[pa.Table] = []
    start = 0
    for path in paths:
        with pq.ParquetFile(path) as file:
            for batch in file.iter_batches(columns=list(names)):
                kept.append(pa.table(batch.filter(_mask(chosen[start : start + len(batch)]))))
                start += len(batch)
    return pa.concat_tables(kept)


def _mask(chosen: npt.NDArray[np.bool_]) -> pa.Array:
    return pa.array(chosen)


def _table(columns: Mapping[str, Array], predictor: Predictor) -> pa.Table:
    return pa.table(
        {
            column.name: pa.array(columns[column.name], pa.string())
            if column.holds_texts
            else pa.array(columns[column.name], pa.float64())
            for column in predictor.columns
        }
    )


def _answers_table(predictor: Predictor, answers: npt.NDArray[np.float64]) -> pa.Table:
    labels = predictor.labels(answers).tolist()
    if not predictor.is_classifier:
        return pa.table({PREDICTION: pa.array(labels, pa.float64())})
    texts = [str(label) for label in labels]
    return pa.table(
        {PREDICTION: pa.array(texts), PROBABILITIES: pa.array(answers.tolist(), pa.list_(pa.float64()))}
    )


def _keep(table: pa.Table, uri: str, scratch: Path) -> None:
    path = scratch / "kept.parquet"
    pq.write_table(table, path, compression="zstd")
    storage.upload_file(path, uri, PARQUET)


def _fetched(uri: str, scratch: Path) -> pa.Table:
    path = scratch / uri.rpartition("/")[2]
    try:
        storage.download_file(uri, path)
    except storage.ObjectMissingError as error:
        raise BaselineError(
            f"{error}; delete {layout.BASELINE_FILE} beside it, and the next run makes both"
        ) from error
    return pq.read_table(path)
