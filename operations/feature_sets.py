"""The offline store on this machine: training sets that are correct in time, and what should be online."""
# ruff: noqa: S608 - SQL is made of the configuration's names, each quoted by `identifier` or `literal`

from __future__ import annotations

import re
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import duckdb

from contracts import layout
from contracts.dataset import DatasetContract
from contracts.feature_groups import FeatureGroup
from lambdas.datasets.quoting import identifier, literal
from lambdas.features.history import files, latest
from lambdas.features.join import JoinError, join

FORMATS = {".parquet": "FORMAT parquet, COMPRESSION zstd", ".csv": "FORMAT csv, HEADER"}


def fetch(s3: Any, bucket: str, name: str, folder: Path) -> list[str]:
    """The paths of a group's offline files, fetched once. A group that was made again has another creation
    time in its prefix, and its earlier files count too."""
    owner = re.compile(rf"(^|/)offline-store/{re.escape(name)}-\d+/data/.*\.parquet$")
    found = []
    pages = s3.get_paginator("list_objects_v2").paginate(Bucket=bucket, Prefix=layout.FEATURES.prefix)
    for key in (item["Key"] for page in pages for item in page.get("Contents", [])):
        if owner.search(key):
            path = folder / key
            if not path.exists():
                path.parent.mkdir(parents=True, exist_ok=True)
                s3.download_file(bucket, key, str(path))
            found.append(str(path))
    return found


def opened() -> duckdb.DuckDBPyConnection:
    connection = duckdb.connect()
    connection.execute("SET TimeZone = 'UTC'")
    return connection


def write(
    labels: Path,
    time_column: str,
    groups: Sequence[tuple[FeatureGroup, Sequence[str]]],
    contract: DatasetContract,
    out: Path,
) -> int:
    """Write the columns of the contract, one row for each label; how many. `groups` come with the paths of
    their offline files. Raises JoinError."""
    kind = FORMATS.get(out.suffix.lower())
    if kind is None:
        raise JoinError(f"{out.name} ends in neither {' nor '.join(FORMATS)}")
    empty = [group.name for group, paths in groups if not paths]
    if empty:
        raise JoinError(
            f"the offline store has nothing of {', '.join(empty)} yet: it is written within 15 minutes"
        )
    with opened() as connection:
        reader = "read_parquet" if labels.suffix.lower() == ".parquet" else "read_csv"
        connection.execute(f"CREATE VIEW labels AS SELECT * FROM {reader}({literal(str(labels))})")
        query = join(connection, "labels", time_column, [(group, files(paths)) for group, paths in groups])
        names = {row[0] for row in connection.execute(f"DESCRIBE {query}").fetchall()}
        missing = [column.name for column in contract.columns if column.name not in names]
        if missing:
            raise JoinError(
                f"the dataset has {', '.join(map(repr, missing))}, and neither labels nor groups do"
            )
        columns = ", ".join(identifier(column.name) for column in contract.columns)
        target = literal(str(out))
        copy = f"COPY (SELECT {columns} FROM ({query})) TO {target} ({kind})"
        ((rows,),) = connection.execute(copy).fetchall()
    return int(rows)


def expected(group: FeatureGroup, paths: Sequence[str], most: int) -> list[dict[str, Any]]:
    """What the offline store makes of so many entities, the same ones each time: `entity`, `t` in
    microseconds, `is_deleted` and each feature."""
    if not paths:
        return []
    with opened() as connection:
        query = f"SELECT * FROM ({latest(group, files(paths))}) ORDER BY hash(entity) LIMIT {most}"
        cursor = connection.execute(query)
        names = [column[0] for column in cursor.description or ()]
        return [dict(zip(names, row, strict=True)) for row in cursor.fetchall()]
