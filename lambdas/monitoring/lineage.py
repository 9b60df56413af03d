"""Which labelled rows a dataset holds already: those that the retraining it stems from took."""

from __future__ import annotations

import io

import pyarrow.parquet as pq

from contracts import layout
from lambdas.aws import storage
from lambdas.monitoring.training_rows import KEY, KEY_ROW

Taken = frozenset[tuple[str, int]]


def stamp_of(upload_uri: str) -> str:
    """The retraining's name where its upload's URI is this; empty of any other upload."""
    _, key = storage.split(upload_uri)
    if not key.startswith(layout.RETRAINING_FOLDER):
        return ""
    return key.removeprefix(layout.RETRAINING_FOLDER).removesuffix(".parquet")


def taken_by(dataset_uri: str, artifact_bucket: str) -> Taken:
    """Nothing of a dataset that a person uploaded, or whose manifest is gone."""
    manifest = storage.read_json(layout.DatasetPlace(dataset_uri).manifest)
    stamp = stamp_of(str(manifest["source"]["uri"])) if manifest else ""
    if not stamp:
        return frozenset()
    content = storage.read_bytes(f"{layout.RETRAININGS.uri(artifact_bucket, stamp)}{layout.TAKEN_FILE}")
    table = pq.read_table(io.BytesIO(content))
    return frozenset(zip(table.column(KEY).to_pylist(), table.column(KEY_ROW).to_pylist(), strict=True))
