"""One profile of the parts' figures.

Exact, as of one file: rows, counts, missing values, extremes, categories and classes. Mean and standard
deviation are combined from the parts' own, so they may differ in the last digits of a float64. Quantiles and
histograms come from the parts' samples, thinned to one common step: up to some hundred thousand rows, where
every row is in its sample, they are exact too, and past that as good as those of one file.
"""
# ruff: noqa: S608 - SQL is made of the contract's names, each quoted by `identifier` or `literal`

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.parquet as pq

from contracts.dataset import Column, DatasetContract
from lambdas.datasets import profile as profiles
from lambdas.datasets.engine import Engine
from lambdas.datasets.moments import merged_figures
from lambdas.datasets.parts.records import PartResult
from lambdas.datasets.quoting import literal
from lambdas.datasets.splitting import SAMPLE_ROWS

_MOST_SAMPLED = 2 * SAMPLE_ROWS


def merge_profile(
    engine: Engine,
    contract: DatasetContract,
    results: Sequence[PartResult],
    samples: Sequence[Path],
    categories: Sequence[Path],
) -> dict[str, Any]:
    """`samples` are the files of those results that sampled any row, in their order."""
    sampled = [result for result in results if result.sampled_rows]
    steps = thinning([result.every for result in sampled], [result.sampled_rows for result in sampled])

    def values(column: Column) -> npt.NDArray[np.float64]:
        found = [_thinned(path, column, step) for path, step in zip(samples, steps, strict=True)]
        return np.concatenate([np.empty(0), *found])

    return profiles.assemble(
        contract,
        {
            column.name: merged_figures(column, [result.figures[column.name] for result in results])
            for column in contract.columns
        },
        _categories(engine, contract, categories),
        values,
        sampled_rows=sum(-(-r.sampled_rows // step) for r, step in zip(sampled, steps, strict=True)),
    )


def thinning(every: Sequence[int], rows: Sequence[int]) -> list[int]:
    """The further step of each sample, so that all have the same and there are not too many rows."""
    common = max(every, default=1)
    while sum(-(-n * step // common) for n, step in zip(rows, every, strict=True)) > _MOST_SAMPLED:
        common *= 2
    return [common // step for step in every]


def _thinned(path: Path, column: Column, step: int) -> npt.NDArray[np.float64]:
    table = pq.read_table(path, columns=[column.name])
    if step > 1:
        table = table.take(pa.array(range(0, table.num_rows, step), pa.int64()))
    return profiles.sampled(table, column)


def _categories(
    engine: Engine, contract: DatasetContract, files: Sequence[Path]
) -> dict[str, list[tuple[str, int]]]:
    names = [column.name for column in contract.columns if column.type == "category"]
    return {name: _counts(engine, name, files) for name in names}


def _counts(engine: Engine, name: str, files: Sequence[Path]) -> list[tuple[str, int]]:
    if not files:
        return []
    found = engine.ask(
        f'SELECT value, sum(rows) FROM {profiles.written(files)} WHERE "column" = {literal(name)} '
        "GROUP BY value ORDER BY sum(rows) DESC, value"
    )
    return [(str(value), int(rows)) for value, rows in found]


def merged_classes(results: Sequence[PartResult]) -> dict[str, tuple[int, int]]:
    found: dict[str, tuple[int, int]] = {}
    for result in results:
        for value, (train, holdout) in result.classes.items():
            before = found.get(value, (0, 0))
            found[value] = (before[0] + train, before[1] + holdout)
    return dict(sorted(found.items()))
