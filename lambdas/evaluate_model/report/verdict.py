"""The top of the page: what was decided, by which checks, and how both models did."""

from __future__ import annotations

from typing import Any

from lambdas.evaluate_model.bootstrap import gain_of
from lambdas.evaluate_model.numbers import figure, share, signed_share
from lambdas.evaluate_model.report import charts
from lambdas.evaluate_model.report.parts import (
    STACKED,
    Cell,
    Document,
    View,
    direction,
    head_number,
    in_unit,
    number,
    table,
)

_ASKED = {
    "NotComparable": "the models cannot be compared",
    "ChampionCollapsed": "the champion is no longer what it was",
}


def banner(document: Document) -> View:
    verdict = document["verdict"]
    outcome = verdict["outcome"]
    first = document["champion"] is None
    reasons = [verdict["reason"]]
    if verdict["promote"]:
        decision = "Promote: the first model" if first else "Promote: the challenger is better"
    elif outcome in _ASKED:
        decision = f"A person must decide: {_ASKED[outcome]}"
    else:
        decision = "Rejected: no model yet" if first else "Rejected: the champion stays"
        reasons = [check["explanation"] for check in verdict["checks"] if not check["passed"]]
    rows = document["rows"]
    judged = f"Judged on {rows['judged']:,} holdout rows that neither model has seen"
    if rows["judged"] < rows["holdout"]:
        judged += f", a sample of {rows['holdout']:,}"
    return {
        "kind": "good" if verdict["promote"] else "asked" if outcome in _ASKED else "bad",
        "decision": decision,
        "pipeline": document["pipeline"],
        "target": document["target"],
        "reasons": reasons,
        "judged": f"{judged}. Dataset {document['lineage']['dataset_version']}.",
        "advice": verdict["advice"],
    }


def checks(document: Document) -> View:
    found = document["verdict"]["checks"]
    return {
        "passed": sum(check["passed"] for check in found),
        "checks": [
            {**check, **{name: in_unit(check[name], check["unit"]) for name in ("figure", "bound")}}
            for check in found
        ],
    }


def models(document: Document) -> View:
    champion = document["champion"]
    constant = document["constant"]
    rows = [_metric(name, value, champion, constant) for name, value in document["challenger"].items()]
    head: list[object] = ["metric", head_number("challenger")]
    if champion is not None:
        head += [head_number("champion"), head_number("gain")]
    head.append(head_number("constant"))
    gains = document["gains"]
    return {
        "heading": "Both models" if champion is not None else "The model",
        "metrics": table(head, rows, kind=STACKED),
        "gains": _gains(document, gains) if len(gains["edges"]) > 1 else None,
    }


def _metric(
    name: str, value: float, champion: dict[str, float] | None, constant: dict[str, float]
) -> list[object]:
    row: list[object] = [Cell(name, small=direction(name)), number(figure(value), label="challenger")]
    if champion is not None:
        old = champion.get(name)
        gain = None if old is None else gain_of(name, old, value)
        kind = "" if not gain else "passed" if gain > 0 else "failed"
        row += [number(figure(old), label="champion"), number(signed_share(gain), kind, label="gain")]
    row.append(number(figure(constant.get(name)), label="constant"))
    return row


def _gains(document: Document, gains: dict[str, Any]) -> dict[str, object]:
    rival = "the champion" if document["champion"] is not None else "the best constant answer"
    low, high = gains["interval"]
    drawing = charts.histogram(
        "Distribution of the gain over resamples",
        [100 * edge for edge in gains["edges"]],
        [("challenger", gains["counts"])],
        f"gain over {rival}, %",
        marks=[(0.0, "no gain")],
        y_label="resamples",
    )
    caption = (
        f"Relative gain of {document['metric']} on {gains['resamples']:,} paired resamples of the holdout; "
        f"nine tenths of them lie between {share(low)} and {share(high)}."
    )
    return {"drawing": drawing, "caption": caption}
