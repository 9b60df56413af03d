"""`greenlight features` and `greenlight parity`: training sets of feature groups, and both sides compared."""

from __future__ import annotations

import math
import tempfile
import time
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from operations.cli import project
from operations.cli.asking import Asked, fail
from operations.cli.exits import Exit, NotInThisStackError
from operations.reading import errors

if TYPE_CHECKING:
    from contracts.feature_groups import FeatureGroup
    from contracts.pipeline_config import PipelineConfig
    from operations.reading.stage import StageReader

_CLOSE = 1e-9
_SHOWN = 20
_MOST_AT_ONCE = 100  # of one BatchGetRecord


def features(
    asked: Asked,
    labels: Annotated[Path, typer.Argument(help="Labelled rows with entities and times: CSV or Parquet.")],
    time_column: Annotated[str, typer.Option("--time", help="The column that says when a row was.")],
    out: Annotated[Path, typer.Option(help="The dataset: .parquet or .csv.")],
) -> Exit | None:
    """Write a training set: each row with its features as they were known then."""
    from lambdas.features.join import JoinError
    from operations import feature_sets

    reader = asked.reader
    config, groups = _groups(reader)
    if not labels.is_file():
        raise errors.NotThereError(f"There is no file {labels}.", "Name a file of labelled rows.")
    with tempfile.TemporaryDirectory(prefix="features-") as folder:
        fetched = [(group, _fetch(reader, name, Path(folder))) for name, group in groups]
        try:
            rows = feature_sets.write(labels, time_column, fetched, config.dataset, out)
        except JoinError as error:
            fail(f"{error}.", "See docs/how-to/features.md.")
    asked.out.line(f"wrote {rows:,} rows to {out}; greenlight upload {out} trains on them")
    asked.out.document({"rows": rows, "file": str(out)})
    return None


def parity(
    asked: Asked,
    entities: Annotated[int, typer.Option(help="At most so many of each group.", min=1)] = 1000,
) -> Exit | None:
    """Compare the online features with those made of the offline store."""
    from operations import feature_sets

    reader, out = asked.reader, asked.out
    _, groups = _groups(reader)
    told, compared = [], 0
    with tempfile.TemporaryDirectory(prefix="features-") as folder:
        for name, group in groups:
            wanted = feature_sets.expected(group, _fetch(reader, name, Path(folder)), entities)
            wanted = [row for row in wanted if not _is_gone(row, group)]
            online = _online(reader, name, group, [row["entity"] for row in wanted])
            compared += len(wanted)
            told += [found for row in wanted if (found := _difference(row, online.get(row["entity"]), group))]
    for line in told[:_SHOWN]:
        out.line(line, "yellow")
    out.line(f"{compared - len(told):,} of {compared:,} entities are the same online and offline")
    out.document({"compared": compared, "different": told})
    return Exit.ANSWER_IS_NO if told else None


def _groups(reader: StageReader) -> tuple[PipelineConfig, list[tuple[str, FeatureGroup]]]:
    """Of the project's pipeline.toml, with their names in the store; raises NotInThisStackError."""
    from contracts.feature_groups import serving
    from contracts.names import Names
    from contracts.pipeline_config import FILE_NAME, PipelineConfig

    config = PipelineConfig.load(project.root() / FILE_NAME)
    deployed = str(reader.stack.outputs.get("FeatureGroupNames", "")).split(",")
    names = Names(reader.stack.pipeline, reader.stack.stage)
    named = [
        (names.feature_group(group.name, group.version), group)
        for group in serving(config.feature_groups, reader.stack.stage)
    ]
    found = [(name, group) for name, group in named if name in deployed]
    if not found:
        raise NotInThisStackError(
            f"{reader.stack.name} has no feature groups.",
            "Add [[feature_groups]] to pipeline.toml and deploy: docs/how-to/features.md.",
        )
    return config, found


def _fetch(reader: StageReader, name: str, folder: Path) -> list[str]:
    from operations import feature_sets

    with errors.explained():
        return feature_sets.fetch(reader.clients("s3"), reader.stack.artifact_bucket, name, folder)


def _is_gone(row: dict[str, Any], group: FeatureGroup) -> bool:
    """Deleted, or expired by now."""
    ends = row["t"] / 1e6 + group.ttl_hours * 3600
    return bool(row["is_deleted"]) or (group.ttl_hours > 0 and ends <= time.time())


def _online(
    reader: StageReader, name: str, group: FeatureGroup, entities: list[str]
) -> dict[str, dict[str, str]]:
    from contracts.feature_groups import LAST_EVENT

    found: dict[str, dict[str, str]] = {}
    store = reader.clients("sagemaker-featurestore-runtime")
    for first in range(0, len(entities), _MOST_AT_ONCE):
        identifier = {
            "FeatureGroupName": name,
            "RecordIdentifiersValueAsString": entities[first : first + _MOST_AT_ONCE],
            "FeatureNames": [*group.served, LAST_EVENT],
        }
        with errors.explained():
            records = store.batch_get_record(Identifiers=[identifier])["Records"]
        for one in records:
            values = {item["FeatureName"]: item["ValueAsString"] for item in one["Record"]}
            found[one["RecordIdentifierValueAsString"]] = values
    return found


def _difference(row: dict[str, Any], record: dict[str, str] | None, group: FeatureGroup) -> str:
    """Empty where both sides are the same."""
    from contracts.feature_groups import LAST_EVENT
    from lambdas.features import texts

    place = f"{group.name}, {row['entity']!r}"
    if record is None:
        return f"{place}: nothing is online"
    if texts.microseconds(record[LAST_EVENT]) > row["t"]:
        return f"{place}: a newer event is online, which the offline store has not yet"
    for name in group.served:
        online, offline = record.get(name), texts.write(row[name])
        if online != offline and not _are_close(online, offline):
            return f"{place}: {name} is {online} online and {offline} offline"
    return ""


def _are_close(one: str | None, other: str | None) -> bool:
    try:
        return math.isclose(float(one or ""), float(other or ""), rel_tol=_CLOSE)
    except ValueError:
        return False
