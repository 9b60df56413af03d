"""How the challenger came to be: its search, its parameters, and where everything lies."""

from __future__ import annotations

from itertools import accumulate
from typing import Any

from contracts.training import higher_is_better
from lambdas.evaluate_model.numbers import figure
from lambdas.evaluate_model.report import charts
from lambdas.evaluate_model.report.parts import Cell, Document, View, head_number, number, table

_SHOWN_TRIALS = 10


def search(document: Document) -> View | None:
    trials = [t for t in document["search"] if t.get("value") is not None]
    if not trials:
        return None
    metric = document["metric"]
    upward = higher_is_better(metric)
    complete = [t for t in trials if t["state"] == "complete"] or trials
    worst = (min if upward else max)(t["value"] for t in trials)
    best = list(accumulate((t["value"] if t in complete else worst for t in trials), max if upward else min))
    drawing = charts.trials(
        "The search, trial by trial", [(t["number"], t["value"], t in complete) for t in trials], best, ""
    )
    ranked = sorted(complete, key=lambda t: -t["value"] if upward else t["value"])[:_SHOWN_TRIALS]
    return {
        "metric": metric,
        "drawing": drawing,
        "trials": f"{len(trials):,}",
        "best": table(
            [head_number("trial"), head_number(metric), "parameters"],
            [
                [number(f"{t['number'] + 1}"), number(figure(t["value"])), _pairs(t["parameters"])]
                for t in ranked
            ],
        ),
    }


def model(document: Document) -> View:
    found = document["model"]
    values = {**found.get("parameters", {}), "seed": found.get("seed")}
    cv = {k: v for k, v in found.get("cv_metrics", {}).items() if not k.endswith("_std")}
    scores = [
        [name, number(figure(value)), number(figure(found["cv_metrics"].get(f"{name}_std")))]
        for name, value in cv.items()
    ]
    parity = found.get("parity")
    return {
        "estimator": found.get("estimator", "the estimator"),
        "parameters": table(
            ["parameter", "value"], [[name, Cell(_plain(value), "code")] for name, value in values.items()]
        ),
        "scores": table(["metric", head_number("mean"), head_number("deviation")], scores),
        "parity": parity
        and f"Exported and trained model compared on {parity['rows']:,} rows and {parity['edge_rows']:,} "
        f"edge rows: they differ by {parity['largest_difference']:.2g} at most, relatively.",
    }


def lineage(document: Document) -> View:
    found = document["lineage"].items()
    return {"entries": [(name.replace("_", " "), value) for name, value in found if value]}


def _pairs(parameters: dict[str, Any]) -> Cell:
    return Cell(", ".join(f"{name} {_plain(value)}" for name, value in parameters.items()), "code")


def _plain(value: object) -> str:
    return f"{value:.6g}" if isinstance(value, float) else str(value)
