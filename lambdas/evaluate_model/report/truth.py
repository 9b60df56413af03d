"""How the models' answers lie beside the truth."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from markupsafe import Markup

from lambdas.evaluate_model.numbers import figure, share
from lambdas.evaluate_model.report import charts
from lambdas.evaluate_model.report.parts import (
    STACKED,
    Cell,
    Document,
    Table,
    View,
    head_number,
    models_key,
    number,
    table,
)
from lambdas.evaluate_model.report.rendering import shown

_SHOWN_CLASSES, _SHOWN_CHARACTERS = 20, 24


@dataclass(frozen=True, kw_only=True)
class Figure:
    """What stands over its caption: a drawing, or a table."""

    heading: str
    caption: str
    drawing: Markup | None = None
    table: Table | None = None


def answers(document: Document) -> View:
    found = document["answers"]
    figures = _classification(found) if "confusion" in found else _regression(found, document)
    return {
        "models": models_key(document),
        "figures": figures,
        "by_class": _by_class(found) if "confusion" in found else None,
        "sentences": [sentence for sentence in (_intervals(document), _threshold(document)) if sentence],
    }


def _intervals(document: Document) -> str:
    found = document.get("intervals")
    if not found:
        return ""
    return (
        f"Asked for intervals of {share(found['level'])}, the challenger's held the truth of "
        f"{share(found['coverage_share'])} of these rows; each is {figure(found['width'])} wide."
    )


def _threshold(document: Document) -> str:
    found = document["model"].get("threshold")
    return (
        "" if found is None else f"The challenger says the second class from a probability of {found:.3g} on."
    )


def _regression(found: dict[str, Any], document: Document) -> list[Figure]:
    predicted, residuals, target = found["predicted"], found["residuals"], document["target"]
    density = charts.density(
        "Predicted against actual", predicted["low"], predicted["high"], predicted["counts"]
    )
    series = [(name, counts) for name, counts in residuals["counts"].items()]
    spread = residuals["quantiles"]["challenger"]
    bands = [
        (name, [((b["low"] + b["high"]) / 2, b[name]["mean_size"]) for b in found["bands"] if name in b])
        for name in residuals["counts"]
    ]
    return [
        Figure(
            heading="Predicted against actual",
            drawing=density,
            caption=f"Challenger's {target}: darker where more rows lie; "
            "on the dashed line it is exactly right.",
        ),
        Figure(
            heading="Residuals",
            drawing=charts.histogram(
                "Residuals of both models",
                residuals["edges"],
                series,
                "actual less predicted",
                marks=[(0.0, "exact")],
            ),
            caption=f"Half of the challenger's lie between {figure(spread['0.25'])} and "
            f"{figure(spread['0.75'])}, nine tenths between {figure(spread['0.05'])} and "
            f"{figure(spread['0.95'])}.",
        ),
        Figure(
            heading="Error along the target",
            drawing=charts.line("Mean absolute residual by actual value", bands, f"actual {target}", ""),
            caption="Mean absolute residual by tenths of the actual value.",
        ),
        Figure(
            heading="Rows within an error",
            drawing=charts.line(
                "Share of rows within an error", _within(found["within"]), "error", "% of rows"
            ),
            caption="Four in five answers of the challenger are off by "
            f"{figure(_four_in_five(found))} at most.",
        ),
    ]


def _within(found: dict[str, dict[str, float]]) -> list[tuple[str, list[tuple[float, float]]]]:
    return [
        (name, [(error, 100 * float(part)) for part, error in sizes.items()]) for name, sizes in found.items()
    ]


def _four_in_five(found: dict[str, Any]) -> float:
    return float(found["within"]["challenger"]["0.8"])


def _classification(found: dict[str, Any]) -> list[Figure]:
    series = [
        (name, [(point["said"], point["so"]) for point in points])
        for name, points in found["calibration"].items()
        if points
    ]
    if not series:
        return [_confusion(found)]
    calibration = Figure(
        heading="Calibration",
        drawing=charts.line(
            "Predicted probability against what came true",
            series,
            "predicted probability",
            "came true",
            diagonal=True,
        ),
        caption="On the dashed line, of all rows given a probability of 70% seven in ten come true.",
    )
    return [_confusion(found), calibration]


def _by_class(found: dict[str, Any]) -> Table | None:
    """Of several classes, whose probabilities one curve cannot show."""
    if not found["calibration_by_class"]:
        return None
    rows = [
        [
            shown(entry["class"], _SHOWN_CHARACTERS),
            number(share(entry["said"]), label="said"),
            number(share(entry["so"]), label="so"),
            number(share(entry["off"]), label="off by"),
        ]
        for entry in found["calibration_by_class"][:_SHOWN_CLASSES]
    ]
    head = ["class", head_number("mean probability"), head_number("share of rows"), head_number("off by")]
    return table(head, rows, kind=STACKED)


def _confusion(found: dict[str, Any]) -> Figure:
    classes = [shown(name, _SHOWN_CHARACTERS) for name in found["classes"][:_SHOWN_CLASSES]]
    rows: list[list[object]] = []
    for i, name in enumerate(classes):
        counts = found["confusion"][i]
        total = sum(counts) or 1
        cells = [
            Cell(f"{counts[j]:,}", "cell on" if i == j else "cell", small=share(counts[j] / total))
            for j in range(len(classes))
        ]
        rows.append([name, *cells])
    return Figure(
        heading="Confusion",
        table=table(["true \\ chosen", *classes], rows),
        caption="Rows by true class (down) and the challenger's choice (across), with their share.",
    )
