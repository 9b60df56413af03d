"""What the good rows look like: the baseline that later data are held against.

Counts, extremes and moments are of all rows. Quantiles and histograms come from a sample of some hundred
thousand rows where there are more; up to that many they are exact as well.
"""
# ruff: noqa: S608 - SQL is made of the contract's names, each quoted by `identifier` or `literal`

from __future__ import annotations

import os
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from contracts.dataset import Column, DatasetContract
from lambdas.ingest_data.engine import Engine
from lambdas.ingest_data.quoting import identifier, literal

QUANTILES = (0.01, 0.05, 0.1, 0.25, 0.5, 0.75, 0.9, 0.95, 0.99)
BINS = 20
MAX_CATEGORIES = 100
MOMENTS = ("min", "max", "mean", "standard_deviation")


def profile(
    engine: Engine, contract: DatasetContract, files: Sequence[Path], sample: pa.Table
) -> dict[str, Any]:
    """Of the rows in the files; `sample` holds those that quantiles and histograms are made of."""
    source = written(files)
    categories = {
        column.name: category_counts(engine, column, source)
        for column in contract.columns
        if column.type == "category"
    }
    found = figures(engine, contract, source)
    return assemble(
        contract, found, categories, lambda column: sampled(sample, column), sampled_rows=sample.num_rows
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


def figures(engine: Engine, contract: DatasetContract, source: str) -> dict[str, dict[str, Any]]:
    """Exact figures of every column: the columns dealt out to as many passes as there are processors."""
    hands = min(len(contract.columns), os.cpu_count() or 1)
    dealt = [contract.columns[hand::hands] for hand in range(hands)]
    found: dict[str, dict[str, Any]] = {}
    for columns, (rows, *answers) in zip(
        dealt, engine.ask_steadily([_question(columns, source) for columns in dealt]), strict=True
    ):
        left = iter(answers)
        for column in columns:
            present = next(left)
            found[column.name] = {"count": present, "missing": rows - present}
            if column.type != "category":
                found[column.name] |= {name: next(left) for name in MOMENTS}
    return found


def _question(columns: Sequence[Column], source: str) -> str:
    asked = ["count(*)"]
    for column in columns:
        value = _as_number(column)
        asked.append(f"count({identifier(column.name)})")
        if column.type == "text":
            asked += ["NULL"] * len(MOMENTS)
        elif column.type != "category":
            asked += [f"min({value})", f"max({value})", f"avg({value})", f"stddev_pop({value})"]
    return f"SELECT {', '.join(asked)} FROM {source}"


def _as_number(column: Column) -> str:
    """Dates count days since 1970-01-01, timestamps seconds; booleans are 0 and 1."""
    name = identifier(column.name)
    if column.type == "timestamp":
        return f"epoch_us({name}) / 1000000"
    return f"epoch({name}) / 86400" if column.type == "date" else f"CAST({name} AS DOUBLE)"


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
    if column.type == "text":
        return np.empty(0)
    present = sample.column(column.name).drop_null()
    if column.type == "timestamp":
        return np.asarray(present.cast(pa.int64()).to_numpy(), dtype=np.float64) / 1e6
    if column.type == "date":
        present = present.cast(pa.int32())
    return np.asarray(present.to_numpy(), dtype=np.float64)


def _distribution(values: npt.NDArray[np.float64], highest: float | None) -> dict[str, Any]:
    if not len(values):
        return {"quantiles": {}, "histogram": {"edges": [], "counts": []}}
    ordered = np.sort(values)
    places = (np.arange(1, BINS) * len(ordered)) // BINS
    edges = np.unique(ordered[places])
    edges = edges[edges < (ordered[-1] if highest is None else highest)]
    counts = np.diff(np.searchsorted(ordered, edges, side="right"), prepend=0, append=len(ordered))
    return {
        "quantiles": {f"{q:g}": float(v) for q, v in zip(QUANTILES, _quantiles(ordered), strict=True)},
        "histogram": {"edges": edges.tolist(), "counts": counts.tolist()},
    }


def _quantiles(ordered: npt.NDArray[np.float64]) -> npt.NDArray[np.float64]:
    return np.asarray(np.quantile(ordered, QUANTILES))


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
