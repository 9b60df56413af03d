"""How the challenger answers: beside the truth, by slice and group, and by what it goes."""

from __future__ import annotations

from typing import Any

from lambdas.evaluate_model.numbers import figure, share, signed_share
from lambdas.evaluate_model.report import charts
from lambdas.evaluate_model.report.markup import Markup, tag
from lambdas.evaluate_model.report.parts import (
    STACKED,
    Document,
    captioned,
    head_number,
    key,
    models_key,
    note,
    number,
    section,
    table,
    wide,
)
from lambdas.evaluate_model.report.swarm import swarm

_MODELS = ("challenger", "champion")
_SHOWN_FEATURES = 30
_SHOWN_CLASSES = 20


def answers(document: Document) -> Markup:
    found = document["answers"]
    parts = _classification(found) if "confusion" in found else _regression(found, document)
    return section("answers", "Answers beside the truth", models_key(document), *parts)


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
                "On the dashed line, of all rows given a probability of 70 % seven in ten come true.",
            ),
            class_="grid-of-two",
        )
    ]


def _confusion(found: dict[str, Any]) -> Markup:
    classes, counts = found["classes"][:_SHOWN_CLASSES], found["confusion"]
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


def slices(document: Document) -> Markup | None:
    found = document["slices"]
    if not found:
        return None
    known = [s[name] for s in found for name in _MODELS if s[name] is not None]
    largest = max([abs(value) for value in known] or [0.0])
    parts = []
    for column in dict.fromkeys(part["column"] for part in found):
        head = [column, head_number("rows"), head_number(document["metric"]), head_number("gain"), ""]
        rows = [_slice(part, document["metric"], largest) for part in found if part["column"] == column]
        parts.append(table(head, rows, kind=STACKED))
    return section("slices", "Error by slice", models_key(document), parts)


def _slice(part: dict[str, Any], metric: str, largest: float) -> list[object]:
    remark = None if part["judged"] else [tag("br"), tag("small", "too few rows to judge")]
    gain = part["gain_share"]
    better = "" if not gain else "passed" if gain > 0 else "failed"
    bars = [charts.bar(part[kind], largest, kind) for kind in _MODELS if part[kind] is not None]
    return [
        tag("th", part["value"], remark, scope="row"),
        number(f"{part['rows']:,}", label="rows"),
        number(figure(part["challenger"]), label=metric),
        number(signed_share(gain), better, label="gain"),
        wide(bars),
    ]


def fairness(document: Document) -> Markup | None:
    """Figures by declared group; no check decides by them."""
    if not document["fairness"]:
        return None
    parts = []
    for found in document["fairness"]:
        names = [name for name in found["groups"][0] if name not in ("value", "rows", "judged", "metric")]
        head = [found["column"], head_number("rows"), head_number(document["metric"])]
        head += [head_number(name.replace("_", " ")) for name in names]
        rows = [
            [g["value"], number(f"{g['rows']:,}"), number(figure(g["metric"]))]
            + [number(share(g[n]) if n.endswith("share") else figure(g[n])) for n in names]
            for g in found["groups"]
        ]
        spread = "" if found["spread"] is None else f" The groups lie {figure(found['spread'])} apart."
        parts += [table(head, rows), note(f"Groups of {found['column']}.{spread}")]
    return section(
        "fairness", "Fairness by group", note("These figures inform; no check decides by them."), parts
    )


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
            wide(swarm(column["values"], column["levels"], reach)),
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
