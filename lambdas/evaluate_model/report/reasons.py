"""What the challenger goes by."""

from __future__ import annotations

from typing import Any

from lambdas.evaluate_model.numbers import figure
from lambdas.evaluate_model.report import charts
from lambdas.evaluate_model.report.beeswarm import beeswarm
from lambdas.evaluate_model.report.parts import (
    STACKED,
    Document,
    Table,
    View,
    head_number,
    number,
    table,
    wide,
)

_SHOWN_FEATURES = 30


def importance(document: Document) -> View:
    found = list(document["importance"].items())[:_SHOWN_FEATURES]
    largest = max([value for _, value in found] or [0.0])
    rows = [
        [name, number(figure(value)), wide(charts.bar(max(0.0, value), largest))] for name, value in found
    ]
    more = len(document["importance"]) - len(found)
    head = ["column", head_number(f"{document['metric']} worse by"), ""]
    explained = document["shap"]
    reach = max([abs(v) for column in explained["columns"] for v in column["values"]] or [0.0])
    return {
        "importance": table(head, rows, kind=STACKED),
        "more": f" {more:,} more columns matter less." if more > 0 else "",
        "shap": _shap(explained, reach),
        "shap_note": f"Shapley values of {explained['rows']:,} rows. Each point is a row: to the left where "
        "the column's value lowered its answer, to the right where it raised it, "
        f"{figure(reach)} at the edges.",
    }


def _shap(found: dict[str, Any], reach: float) -> Table:
    rows = [
        [
            column["column"],
            number(figure(column["mean_size"])),
            wide(beeswarm(column["values"], column["levels"], reach)),
        ]
        for column in found["columns"]
    ]
    return table(["column", head_number("mean size"), f"moves the {found['of']}"], rows, kind=STACKED)
