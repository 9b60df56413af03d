"""What the good rows look like: the baseline that later data are held against.

Figures are exact up to SAMPLE_ROWS rows; beyond, quantiles and histograms come from a sample of about that
many, chosen by the row's number and so the same each time.
"""
# ruff: noqa: S608 - SQL is made of the contract's names, each quoted by `identifier` or `literal`

from __future__ import annotations

from itertools import pairwise
from typing import Any

from contracts.dataset import Column, DatasetContract
from lambdas.ingest_data.rules import identifier
from lambdas.ingest_data.staging import GOOD, Staging

SAMPLE_ROWS = 500_000
QUANTILES = (0.01, 0.05, 0.1, 0.25, 0.5, 0.75, 0.9, 0.95, 0.99)
BINS = 20
MAX_CATEGORIES = 100


def profile(staging: Staging, contract: DatasetContract, rows: int) -> dict[str, Any]:
    """JSON-compatible: `rows`, and per column its counts with quantiles and histogram, or categories.

    A histogram has inner `edges` and one more `counts`: bin i holds edges[i-1] < value <= edges[i].
    """
    every = max(1, rows // SAMPLE_ROWS)
    staging.ask(
        f"CREATE OR REPLACE TEMP TABLE sample AS SELECT * FROM staging WHERE {GOOD} "
        f"AND greenlight_row % {every} = 0"
    )
    ((sampled,),) = staging.ask("SELECT count(*) FROM sample")
    columns = {column.name: _column(staging, column) for column in contract.columns}
    return {"format_version": 1, "rows": rows, "sampled_rows": sampled, "columns": columns}


def _column(staging: Staging, column: Column) -> dict[str, Any]:
    name = identifier(column.name)
    ((present, missing),) = staging.ask(
        f"SELECT count({name}), count(*) - count({name}) FROM staging WHERE {GOOD}"
    )
    counted = {"type": column.type, "count": present, "missing": missing}
    if column.type == "category":
        return {**counted, **_categories(staging, name)}
    return {**counted, **_numbers(staging, name if column.type != "date" else f"epoch({name}) / 86400")}


def _categories(staging: Staging, name: str) -> dict[str, Any]:
    found = staging.ask(
        f"SELECT {name}, count(*) FROM staging WHERE {GOOD} AND {name} IS NOT NULL "
        f"GROUP BY {name} ORDER BY count(*) DESC, {name}"
    )
    return {
        "distinct": len(found),
        "categories": {str(value): count for value, count in found[:MAX_CATEGORIES]},
        "other": sum(count for _, count in found[MAX_CATEGORIES:]),
    }


def _numbers(staging: Staging, name: str) -> dict[str, Any]:
    value = f"CAST({name} AS DOUBLE)"
    ((low, high, mean, deviation),) = staging.ask(
        f"SELECT min({value}), max({value}), avg({value}), coalesce(stddev_pop({value}), 0) "
        f"FROM staging WHERE {GOOD}"
    )
    if low is None:
        return {"quantiles": {}, "histogram": {"edges": [], "counts": []}}
    inner = [i / BINS for i in range(1, BINS)]
    ((cuts, quantiles),) = staging.ask(
        f"SELECT quantile_disc({value}, {inner}), quantile_cont({value}, {list(QUANTILES)}) FROM sample"
    )
    edges = sorted(set(cuts or []) - {high})
    return {
        "min": low,
        "max": high,
        "mean": mean,
        "standard_deviation": deviation,
        "quantiles": {f"{q:g}": v for q, v in zip(QUANTILES, quantiles or [], strict=False)},
        "histogram": {"edges": edges, "counts": _histogram(staging, value, edges)},
    }


def _histogram(staging: Staging, value: str, edges: list[float]) -> list[int]:
    bounds = [None, *edges, None]
    counts = ", ".join(f"count(*) FILTER ({_between(value, low, high)})" for low, high in pairwise(bounds))
    ((*found,),) = staging.ask(f"SELECT {counts} FROM sample WHERE {value} IS NOT NULL")
    return [int(count) for count in found]


def _between(value: str, low: float | None, high: float | None) -> str:
    above = f"{value} > {low!r}" if low is not None else "true"
    return f"{above} AND {value} <= {high!r}" if high is not None else above


def classes(staging: Staging, target: str) -> dict[str, tuple[int, int]]:
    """Rows per class of a classification's target: (in training, in holdout)."""
    name = identifier(target)
    found = staging.ask(
        f"SELECT CAST({name} AS VARCHAR), count(*) FILTER (NOT greenlight_holdout), "
        f"count(*) FILTER (greenlight_holdout) FROM staging WHERE {GOOD} GROUP BY 1 ORDER BY 1"
    )
    return {value: (train, holdout) for value, train, holdout in found}
