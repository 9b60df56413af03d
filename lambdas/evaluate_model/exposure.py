"""Which of the holdout's rows each model may have been trained on.

A challenger's rows are read once, for its sketch and for near-duplicates. A champion's sketch lies beside its
report; that of an older champion is made again from the dataset version that its package names.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq

from contracts import layout
from contracts.dataset import DatasetContract
from contracts.documents.data import Dataset
from contracts.errors import EvaluationError
from contracts.pipeline_config import PipelineConfig
from contracts.reading import PipelineConfigError
from lambdas.aws import storage
from lambdas.aws.registry import Package
from lambdas.datasets.near import NearDuplicates
from lambdas.datasets.sketch import Mask, Sketch, SketchBuilder, SketchUnusableError


@dataclass(frozen=True, kw_only=True)
class Exposure:
    """What is known of both models' training rows, asked of so many holdout rows.

    `new_rows` (n,) says of each holdout row whether it is new to the champion; None where that is unknown,
    for which `unknown` gives the reason, or where there is no champion. `near_duplicates` of `looked_at`
    holdout rows differ in one column at most from a row that the challenger was trained on.
    """

    challenger: Sketch
    asked: int
    champion_rows: int | None = None
    new_rows: Mask | None = None
    unknown: str = ""
    near_duplicates: int = 0
    looked_at: int = 0


def expose(
    dataset: Dataset,
    config: PipelineConfig,
    holdout: pa.Table,
    package: Package | None,
    scratch: Path,
) -> Exposure:
    """Raises EvaluationError where the challenger's own training rows are gone."""
    # Where most rows are like others in all columns, near-duplicates are no news.
    by_position = config.dataset.split.by == "position"
    looked_at = () if by_position else config.dataset.feature_columns
    near = NearDuplicates(holdout, [column.name for column in looked_at])
    builder = SketchBuilder(config.dataset, dataset.train_rows, key=f"sketch {dataset.version}")
    wanted = sorted({*builder.columns, *near.columns})
    try:
        for batch in training_rows(dataset.train_uri, wanted, scratch):
            builder.add(batch)
            near.add(batch)
    except storage.ObjectMissingError as error:
        raise EvaluationError(f"the challenger's training rows: {error}") from error
    found = Exposure(
        challenger=builder.finish(),
        asked=holdout.num_rows,
        near_duplicates=near.count,
        looked_at=near.looked_at,
    )
    return _with_champion(found, holdout, package, scratch) if package else found


def _with_champion(found: Exposure, holdout: pa.Table, package: Package, scratch: Path) -> Exposure:
    """The sketch as it was left, or one made of the recorded dataset; the first that these rows can be held
    against."""
    reasons = []
    for sketch_of in (_left, _made_again):
        try:
            sketch = sketch_of(package, scratch)
            return replace(found, champion_rows=sketch.rows, new_rows=~sketch.seen(holdout))
        except (SketchUnusableError, storage.ObjectMissingError, PipelineConfigError, KeyError) as error:
            reasons.append(str(error))
    return replace(found, unknown="; ".join(reasons))


def _left(package: Package, scratch: Path) -> Sketch:
    uri = package.properties.get("trained_on_uri", "")
    if not uri:
        raise storage.ObjectMissingError("its package names no sketch of its training rows")
    path = scratch / f"champion.{layout.SKETCH_FILE}"
    storage.download_file(uri, path)
    return Sketch.from_bytes(path.read_bytes())


def _made_again(package: Package, scratch: Path) -> Sketch:
    """From the dataset version that it was trained on, by that dataset's own contract."""
    uri = package.properties.get("dataset_uri", "")
    if not uri:
        raise storage.ObjectMissingError("its package names no dataset")
    contract = recorded_contract(uri)
    place = layout.DatasetPlace(uri)
    manifest = storage.read_json(place.manifest)
    if manifest is None:
        raise storage.ObjectMissingError(f"{place.manifest} does not exist")
    rows = int(manifest["counts"]["train_rows"])
    builder = SketchBuilder(contract, rows, key=f"sketch {manifest['dataset_version']}")
    for batch in training_rows(place.train, sorted(builder.columns), scratch):
        builder.add(batch)
    return builder.finish()


def recorded_contract(dataset_uri: str) -> DatasetContract:
    """Raises ObjectMissingError or PipelineConfigError."""
    uri = layout.DatasetPlace(dataset_uri).contract_file
    document = storage.read_json(uri)
    if document is None:
        raise storage.ObjectMissingError(f"{uri} does not exist")
    return PipelineConfig.from_document(document, source=uri).dataset


def training_rows(uri: str, columns: list[str], scratch: Path) -> Iterator[pa.RecordBatch]:
    """Batch by batch, with one file at a time in the scratch space; raises ObjectMissingError."""
    files = storage.list_uris(uri)
    if not files:
        raise storage.ObjectMissingError(f"{uri} holds nothing")
    path = scratch / "training.parquet"
    for file in files:
        storage.download_file(file, path)
        with pq.ParquetFile(path) as rows:
            if lacking := set(columns) - set(rows.schema_arrow.names):
                raise storage.ObjectMissingError(f"{file} lacks the columns {sorted(lacking)}")
            yield from rows.iter_batches(columns=columns)
        path.unlink()
