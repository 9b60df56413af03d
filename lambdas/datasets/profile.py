"""What the good rows look like: the baseline that later data are held against.

Counts, extremes and moments are of all rows. Quantiles and histograms come from a sample of some hundred
thousand rows where there are more; up to that many they are exact as well.
"""
# ruff: noqa: S608 - SQL is made of the contract's names, each quoted by `identifier` or `literal`

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from contracts.dataset import Column, DatasetContract
from lambdas.datasets.engine import Engine
from lambdas.datasets.moments import numbers_of
from lambdas.datasets.quoting import identifier, literal

QUANTILES = (0.01, 0.05, 0.1, 0.25, 0.5, 0.75, 0.9, 0.95, 0.99)
BINS = 20
MAX_CATEGORIES = 100


def profile(
    engine: Engine,
    contract: DatasetContract,
    files: Sequence[Path],
    figures: Mapping[str, Mapping[str, Any]],
    sample: pa.Table,
) -> dict[str, Any]:
    """Of the rows in the files, with their exact `figures`; quantiles and histograms are made of `sample`."""
    source = written(files)
    categories = {
        column.name: category_counts(engine, column, source)
        for column in contract.columns
        if column.type == "category"
    }
    return assemble(
        contract, figures, categories, lambda column: sampled(sample, column), sampled_rows=sample.num_rows
    )


def assemble(
    contract: DatasetContract,
    figures: Mapping[str, Mapping[str, Any]],
    categories: Mapping[str, Sequence[tuple[str, int]]],
    values: Callable[[Column], npt.NDArray[np.float64]],
    *,
    sampled_rows: int,
) -> dict[str, Any]:
    """JSON-compatible: `rows`, and per column its counts with quantiles and histogram, or categories.

    A histogram has inner `edges` and one more `counts`: bin i holds edges[i-1] < value <= edges[i].
    """
    columns = {}
    for column in contract.columns:
        found = {"type": column.type, **figures[column.name]}
        if column.type == "category":
            found |= _categories(categories[column.name])
        else:
            found |= _distribution(values(column), found.get("max"))
        columns[column.name] = found
    rows = columns[contract.target]["count"] + columns[contract.target]["missing"]
    return {"format_version": 1, "rows": rows, "sampled_rows": sampled_rows, "columns": columns}


def written(files: Sequence[Path]) -> str:
    """Files that ingestion wrote, as a table in DuckDB's SQL."""
    return f"read_parquet([{', '.join(literal(str(path)) for path in files)}])"


def category_counts(engine: Engine, column: Column, source: str) -> list[tuple[str, int]]:
    """Every value with its number of rows, the most frequent first."""
    name = identifier(column.name)
    found = engine.ask(
        f"SELECT {name}, count(*) FROM {source} WHERE {name} IS NOT NULL "
        f"GROUP BY {name} ORDER BY count(*) DESC, {name}"
    )
    return [(str(value), int(count)) for value, count in found]


def _categories(found: Sequence[tuple[str, int]]) -> dict[str, Any]:
    return {
        "distinct": len(found),
        "categories": dict(found[:MAX_CATEGORIES]),
        "other": sum(count for _, count in found[MAX_CATEGORIES:]),
    }


def sampled(sample: pa.Table, column: Column) -> npt.NDArray[np.float64]:
    """The numbers of a column that are there; a text has none."""
    return numbers_of(column, sample.column(column.name))


def _distribution(values: npt.NDArray[np.float64], highest: float | None) -> dict[str, Any]:
    if not len(values):
        return {"quantiles": {}, "histogram": {"edges": [], "counts": []}}
    ordered = np.sort(values)
    places = (np.arange(1, BINS) * len(ordered)) // BINS
    edges = np.unique(ordered[places])
    edges = edges[edges < (ordered[-1] if highest is None else highest)]
    counts = np.diff(np.searchsorted(ordered, edges, side="right"), prepend=0, append=len(ordered))
    return {
        "quantiles": {f"{q:g}": _quantile(ordered, q) for q in QUANTILES},
        "histogram": {"edges": edges.tolist(), "counts": counts.tolist()},
    }


def _quantile(ordered: npt.NDArray[np.float64], q: float) -> float:
    """Between its neighbours in a straight line; NumPy's own would put the sorted values in order again."""
    place = q * (len(ordered) - 1)
    below = int(place)
    low, high = float(ordered[below]), float(ordered[min(below + 1, len(ordered) - 1)])
    return low + (high - low) * (place - below) if high > low else low


def classes(engine: Engine, target: str, train: Path, holdout: Path) -> dict[str, tuple[int, int]]:
    """Rows per class of a classification's target: (in training, in holdout)."""
    name = identifier(target)
    counts = "SELECT CAST({name} AS VARCHAR) AS value, count(*) AS n FROM read_parquet({path}) GROUP BY 1"
    found = {"train": train, "holdout": holdout}
    sides = [counts.format(name=name, path=literal(str(path))) for path in found.values()]
    rows = engine.ask(
        f"SELECT value, coalesce(a.n, 0), coalesce(b.n, 0) FROM ({sides[0]}) a "
        f"FULL JOIN ({sides[1]}) b USING (value) ORDER BY value"
    )
    return {str(value): (in_train, in_holdout) for value, in_train, in_holdout in rows}
