"""How the challenger came to be: its search, its parameters, and where everything lies."""

from __future__ import annotations

from itertools import accumulate
from typing import Any

from contracts.training import higher_is_better
from lambdas.evaluate_model.numbers import figure
from lambdas.evaluate_model.report import charts
from lambdas.evaluate_model.report.markup import Markup, tag
from lambdas.evaluate_model.report.parts import Document, captioned, head_number, note, number, section, table

_SHOWN_TRIALS = 10


def search(document: Document) -> Markup | None:
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
    return section(
        "search",
        "Search history",
        captioned(
            f"{metric} by trial",
            drawing,
            f"{len(trials):,} trials; pale ones ended early, the line is the best so far. "
            "Cross-validated on the training rows alone.",
        ),
        tag("h3", "The best trials"),
        table(
            [head_number("trial"), head_number(metric), "parameters"],
            [
                [number(f"{t['number'] + 1}"), number(figure(t["value"])), _pairs(t["parameters"])]
                for t in ranked
            ],
        ),
    )


def model(document: Document) -> Markup:
    found = document["model"]
    rows = [
        [name, tag("td", _plain(value), class_="code")] for name, value in found.get("parameters", {}).items()
    ]
    cv = {k: v for k, v in found.get("cv_metrics", {}).items() if not k.endswith("_std")}
    scores = [
        [name, number(figure(value)), number(figure(found["cv_metrics"].get(f"{name}_std")))]
        for name, value in cv.items()
    ]
    parity = found.get("parity")
    return section(
        "model",
        "The challenger's making",
        tag(
            "div",
            tag(
                "div",
                tag("h3", f"Parameters of {found.get('estimator', 'the estimator')}"),
                table(
                    ["parameter", "value"],
                    [*rows, ["seed", tag("td", _plain(found.get("seed")), class_="code")]],
                ),
            ),
            tag(
                "div",
                tag("h3", "Cross-validation on the training rows"),
                table(["metric", head_number("mean"), head_number("deviation")], scores),
            ),
            class_="grid-of-two",
        ),
        note(
            f"Exported and trained model compared on {parity['rows']:,} rows and {parity['edge_rows']:,} "
            f"edge rows: they differ by {parity['largest_difference']:.2g} at most, relatively."
        )
        if parity
        else None,
    )


def lineage(document: Document) -> Markup:
    entries = [
        [tag("dt", name.replace("_", " ")), tag("dd", value, class_="code")]
        for name, value in document["lineage"].items()
        if value
    ]
    return section("lineage", "Lineage", tag("dl", entries))


def _pairs(parameters: dict[str, Any]) -> Markup:
    text = ", ".join(f"{name} {_plain(value)}" for name, value in parameters.items())
    return tag("td", text, class_="code")


def _plain(value: object) -> str:
    return f"{value:.6g}" if isinstance(value, float) else str(value)
