"""MergeParts: checked parts in, an accepted dataset version or the reasons against it out, as IngestData."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

from aws_lambda_powertools.utilities.typing import LambdaContext

from contracts import layout
from contracts.documents.data import Dataset, ManifestSource
from contracts.documents.requests import MergePartsRequest
from contracts.settings import MergePartsSettings
from lambdas.aws import storage
from lambdas.datasets.checks.faults import DatasetRejected
from lambdas.datasets.outcome import PARQUET_TYPE, Found, accept, reject, rejected_uri
from lambdas.datasets.parts import records as parts
from lambdas.datasets.parts.records import PartResult, Parts
from lambdas.datasets.version import version_of
from lambdas.merge_parts.merging import Merged, check_readable, content_of, merge
from lambdas.merge_parts.store import Store, copy_all, copy_all_once
from lambdas.telemetry import logger

_ACROSS = "quarantine/across-parts.parquet"
_SIDES = {"train": parts.TRAIN_FILE, "holdout": parts.HOLDOUT_FILE}


@logger.inject_lambda_context
def handler(event: dict[str, Any], context: LambdaContext) -> dict[str, Any]:
    """May run twice: the same parts under the same contract write the same objects."""
    settings = MergePartsSettings.from_environment()
    listed = MergePartsRequest.read(event).parts
    document = {"contract_hash": listed.contract_hash, "upload_order": listed.upload_order}
    with tempfile.TemporaryDirectory(prefix="merge-") as scratch:
        store = Store(Parts(bucket=settings.artifact_bucket_name, list=listed.list), Path(scratch))
        results, across = store.results(listed.count), Path(scratch) / "across.parquet"
        config = store.parts.config()
        try:
            check_readable(results)
            document["version"] = version_of(content_of(results), config.contract_hash)
            merged = merge(results, config, store, across)
        except DatasetRejected as rejected:
            document |= _kept_aside(results, across, store, document.get("version"))
            return reject(settings.metric_namespace, document, rejected)
        place = layout.dataset(store.parts.bucket, document["version"])
        uri = place.uri
        files = [*_lay_out(merged, store, uri), *_set_aside(results, across, store, uri)]
    found = Found(
        counts=merged.counts,
        profile=merged.profile,
        violations=merged.violations,
        source=_source(listed.source, results),
    )
    accepted = accept(settings.metric_namespace, document, config, found, uri, files)
    return Dataset(**accepted, holdout_uri=place.holdout, quarantine_uri=place.quarantine).as_document()


def _lay_out(merged: Merged, store: Store, uri: str) -> list[str]:
    """Training sets and holdouts of the parts, under the dataset's own names; returns those."""
    named = {
        f"{side}/part-{number:05d}.parquet": store.uri_of(
            number, _SIDES[side], rewritten=number in merged.rewritten
        )
        for number, side in _sides(merged.results)
    }
    copy_all_once([(source, uri + name) for name, source in named.items()])
    return list(named)


def _sides(results: Sequence[PartResult]) -> Iterator[tuple[int, str]]:
    for number, result in enumerate(results):
        for side, rows in (("train", result.train_rows), ("holdout", result.holdout_rows)):
            if rows:
                yield number, side


def _set_aside(results: Sequence[PartResult], across: Path, store: Store, uri: str) -> list[str]:
    """The quarantines of the parts, and of what they repeat of each other."""
    numbers = [number for number, result in enumerate(results) if result.bad_rows]
    names = [f"quarantine/part-{number:05d}.parquet" for number in numbers]
    copy_all(
        [
            (store.uri_of(number, parts.QUARANTINE_FILE), uri + name)
            for number, name in zip(numbers, names, strict=True)
        ]
    )
    if across.exists():
        storage.upload_file(across, uri + _ACROSS, PARQUET_TYPE)
        names.append(_ACROSS)
    return names


def _kept_aside(
    results: Sequence[PartResult], across: Path, store: Store, version: str | None
) -> dict[str, str]:
    """A rejected dataset's rows that broke a rule, where its parts could be read, for whoever mends them."""
    if version is None:
        return {}
    uri = rejected_uri(store.parts.bucket, version)
    return {"quarantine_uri": f"{uri}quarantine/"} if _set_aside(results, across, store, uri) else {}


def _source(source: ManifestSource, results: Sequence[PartResult]) -> dict[str, Any]:
    """The manifest's object version, and beside it those of the parts."""
    return {
        **source.as_document(),
        "sha256": content_of(results),
        "size_bytes": sum(result.size_bytes for result in results),
        "parts": [
            {
                "part": result.part,
                "version_id": result.version_id,
                "sha256": result.sha256,
                "size_bytes": result.size_bytes,
                "rows": result.rows,
            }
            for result in results
        ],
    }
