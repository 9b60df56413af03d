"""What the challenger goes by."""

from __future__ import annotations

from typing import Any

from lambdas.evaluate_model.numbers import figure
from lambdas.evaluate_model.report import charts
from lambdas.evaluate_model.report.beeswarm import beeswarm
from lambdas.evaluate_model.report.markup import Markup, tag
from lambdas.evaluate_model.report.parts import (
    STACKED,
    Document,
    head_number,
    key,
    note,
    number,
    section,
    table,
    wide,
)

_SHOWN_FEATURES = 30


def importance(document: Document) -> Markup:
    found = list(document["importance"].items())[:_SHOWN_FEATURES]
    largest = max([value for _, value in found] or [0.0])
    rows = [
        [name, number(figure(value)), wide(charts.bar(max(0.0, value), largest))] for name, value in found
    ]
    more = len(document["importance"]) - len(found)
    return section(
        "importance",
        "What the model goes by",
        tag("h3", "Permutation importance"),
        table(["column", head_number(f"{document['metric']} worse by"), ""], rows, kind=STACKED),
        note(
            "How much the metric suffers when one column's values are shuffled among the rows.",
            f" {more:,} more columns matter less." if more > 0 else None,
        ),
        _shap(document["shap"]),
    )


def _shap(found: dict[str, Any]) -> list[Markup]:
    reach = max([abs(v) for column in found["columns"] for v in column["values"]] or [0.0])
    rows = [
        [
            column["column"],
            number(figure(column["mean_size"])),
            wide(beeswarm(column["values"], column["levels"], reach)),
        ]
        for column in found["columns"]
    ]
    return [
        tag("h3", "SHAP summary"),
        key(("low", "low value"), ("high", "high value of the column")),
        table(["column", head_number("mean size"), f"moves the {found['of']}"], rows, kind=STACKED),
        note(
            f"Shapley values of {found['rows']:,} rows. Each point is a row: to the left where the column's "
            f"value lowered its answer, to the right where it raised it, {figure(reach)} at the edges."
        ),
    ]
