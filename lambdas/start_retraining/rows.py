"""The rows of an accepted dataset and labelled ones behind them, as one file."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from contracts import layout
from contracts.dataset import DatasetContract
from contracts.errors import RetrainingError
from contracts.split import FOLD_COLUMN
from lambdas.aws import storage


def dataset_files(dataset_uri: str, scratch: Path) -> list[Path]:
    """Training rows and holdout of an accepted dataset, on disk; raises RetrainingError."""
    place = layout.DatasetPlace(dataset_uri)
    uris = [
        uri
        for folder in (place.train, place.holdout)
        for uri in storage.list_uris(folder)
        if uri.endswith(".parquet")
    ]
    if not uris:
        raise RetrainingError(f"{dataset_uri} has no rows any more, and a retraining grows from them")
    paths = [scratch / f"base-{number:05d}.parquet" for number in range(len(uris))]
    for uri, path in zip(uris, paths, strict=True):
        storage.download_file(uri, path)
    return paths


def write_upload(base: Sequence[Path], new: pa.Table, path: Path, contract: DatasetContract) -> int:
    """Write both; returns how many rows are the dataset's. Raises RetrainingError where the labelled rows do
    not fit its columns.

    Of a split by position the rows stand in the order that they had, because a row's place says its side; new
    ones come behind the last of any.
    """
    names = [column.name for column in contract.columns]
    schema = pa.schema([pq.read_schema(base[0]).field(name).with_nullable(True) for name in names])
    try:
        added = new.select(names).cast(schema)
    except (pa.ArrowInvalid, pa.ArrowNotImplementedError, KeyError) as error:
        raise RetrainingError(f"the labelled rows do not fit the dataset's columns: {error}") from error
    rows = 0
    with pq.ParquetWriter(path, schema, compression="zstd") as writer:
        for table in _ordered(base, names) if contract.split.by == "position" else _streamed(base, names):
            rows += table.num_rows
            writer.write_table(table.cast(schema))
        writer.write_table(added)
    return rows


def _streamed(base: Sequence[Path], names: list[str]) -> Iterator[pa.Table]:
    for path in base:
        with pq.ParquetFile(path) as file:
            for batch in file.iter_batches(columns=names):
                yield pa.table(batch)


def _ordered(base: Sequence[Path], names: list[str]) -> list[pa.Table]:
    whole = pa.concat_tables([pq.read_table(path, columns=[*names, FOLD_COLUMN]) for path in base])
    order = pc.sort_indices(whole, sort_keys=[(FOLD_COLUMN, "ascending")])
    return [whole.take(order).select(names)]
