"""How the models' answers lie beside the truth."""

from __future__ import annotations

from typing import Any

from lambdas.evaluate_model.numbers import figure, share
from lambdas.evaluate_model.report import charts
from lambdas.evaluate_model.report.markup import Markup, shown, tag
from lambdas.evaluate_model.report.parts import (
    STACKED,
    Document,
    captioned,
    head_number,
    models_key,
    note,
    number,
    section,
    table,
)

_SHOWN_CLASSES, _SHOWN_CHARACTERS = 20, 24


def answers(document: Document) -> Markup:
    found = document["answers"]
    parts = _classification(found) if "confusion" in found else _regression(found, document)
    parts += [note(sentence) for sentence in (_intervals(document), _threshold(document)) if sentence]
    return section("answers", "Answers beside the truth", models_key(document), *parts)


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


def _regression(found: dict[str, Any], document: Document) -> list[Markup]:
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
        tag(
            "div",
            captioned(
                "Predicted against actual",
                density,
                f"Challenger's {target}: darker where more rows lie; on the dashed line it is exactly right.",
            ),
            captioned(
                "Residuals",
                charts.histogram(
                    "Residuals of both models",
                    residuals["edges"],
                    series,
                    "actual less predicted",
                    marks=[(0.0, "exact")],
                ),
                f"Half of the challenger's lie between {figure(spread['0.25'])} and "
                f"{figure(spread['0.75'])}, nine tenths between {figure(spread['0.05'])} and "
                f"{figure(spread['0.95'])}.",
            ),
            captioned(
                "Error along the target",
                charts.line("Mean absolute residual by actual value", bands, f"actual {target}", ""),
                "Mean absolute residual by tenths of the actual value.",
            ),
            captioned(
                "Rows within an error",
                charts.line("Share of rows within an error", _within(found["within"]), "error", "% of rows"),
                f"Four in five answers of the challenger are off by {figure(_four_in_five(found))} at most.",
            ),
            class_="grid-of-two",
        )
    ]


def _within(found: dict[str, dict[str, float]]) -> list[tuple[str, list[tuple[float, float]]]]:
    return [
        (name, [(error, 100 * float(part)) for part, error in sizes.items()]) for name, sizes in found.items()
    ]


def _four_in_five(found: dict[str, Any]) -> float:
    return float(found["within"]["challenger"]["0.8"])


def _classification(found: dict[str, Any]) -> list[Markup]:
    series = [
        (name, [(point["said"], point["so"]) for point in points])
        for name, points in found["calibration"].items()
        if points
    ]
    if not series:
        return [_confusion(found), *_by_class(found)]
    return [
        tag(
            "div",
            _confusion(found),
            captioned(
                "Calibration",
                charts.line(
                    "Predicted probability against what came true",
                    series,
                    "predicted probability",
                    "came true",
                    diagonal=True,
                ),
                "On the dashed line, of all rows given a probability of 70% seven in ten come true.",
            ),
            class_="grid-of-two",
        ),
        *_by_class(found),
    ]


def _by_class(found: dict[str, Any]) -> list[Markup]:
    """Of several classes, whose probabilities one curve cannot show."""
    if not found["calibration_by_class"]:
        return []
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
    return [
        tag("h3", "Calibration by class"),
        table(head, rows, kind=STACKED),
        note("Off by: how far the probability lies from what came true, over bins of equal probability."),
    ]


def _confusion(found: dict[str, Any]) -> Markup:
    classes = [shown(name, _SHOWN_CHARACTERS) for name in found["classes"][:_SHOWN_CLASSES]]
    counts = found["confusion"]
    rows = []
    for i, name in enumerate(classes):
        total = sum(counts[i]) or 1
        cells = [
            tag(
                "td",
                f"{counts[i][j]:,}",
                tag("br"),
                tag("small", share(counts[i][j] / total)),
                class_=_on(i, j),
            )
            for j in range(len(classes))
        ]
        rows.append([name, *cells])
    head = ["true \\ chosen", *classes]
    return tag(
        "figure",
        tag("h3", "Confusion"),
        table(head, rows),
        tag(
            "figcaption", "Rows by true class (down) and the challenger's choice (across), with their share."
        ),
    )


def _on(i: int, j: int) -> str:
    return "cell on" if i == j else "cell"
