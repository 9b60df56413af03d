"""The top of the page: what was decided, by which checks, and how both models did."""

from __future__ import annotations

from typing import Any

from lambdas.evaluate_model.bootstrap import gain_of
from lambdas.evaluate_model.numbers import figure, share, signed_share
from lambdas.evaluate_model.report import charts
from lambdas.evaluate_model.report.markup import Markup, tag
from lambdas.evaluate_model.report.parts import (
    STACKED,
    Document,
    captioned,
    direction,
    head_number,
    in_unit,
    note,
    number,
    section,
    table,
)

_ASKED = {
    "NotComparable": "the models cannot be compared",
    "ChampionCollapsed": "the champion is no longer what it was",
}


def banner(document: Document) -> Markup:
    verdict = document["verdict"]
    outcome = verdict["outcome"]
    failed = [check for check in verdict["checks"] if not check["passed"]]
    first = document["champion"] is None
    if verdict["promote"]:
        decision = "Promote: the first model" if first else "Promote: the challenger is better"
        reason: object = verdict["reason"] + "."
    elif outcome in _ASKED:
        decision = f"A person must decide: {_ASKED[outcome]}"
        reason = verdict["reason"] + "."
    else:
        decision = "Rejected: no model yet" if first else "Rejected: the champion stays"
        reason = [tag("p", check["explanation"] + ".") for check in failed]
    rows = document["rows"]
    judged = f"Judged on {rows['judged']:,} holdout rows that neither model has seen"
    if rows["judged"] < rows["holdout"]:
        judged += f", a sample of {rows['holdout']:,}"
    return tag(
        "div",
        tag("div", decision, class_="decision"),
        tag("h1", f"{document['pipeline']}: {document['target']}"),
        tag("div", reason),
        note(f"{judged}. Dataset {document['lineage']['dataset_version']}."),
        tag("h3", "What to do next"),
        tag("ul", [tag("li", sentence) for sentence in verdict["advice"]]),
        class_=f"banner {'good' if verdict['promote'] else 'asked' if outcome in _ASKED else 'bad'}",
    )


def checks(document: Document) -> Markup:
    found = document["verdict"]["checks"]
    passed = sum(check["passed"] for check in found)
    return section(
        "checks",
        "Checks",
        note(f"{passed} of {len(found)} passed; the challenger is promoted if all do."),
        tag("ul", [_check(check) for check in found], class_="checks"),
    )


def _check(check: dict[str, Any]) -> Markup:
    mark = ("passed", "✓ pass") if check["passed"] else ("failed", "✗ fail")
    found, bound = (in_unit(check[name], check["unit"]) for name in ("figure", "bound"))
    return tag(
        "li",
        tag("span", mark[1], class_=mark[0]),
        tag(
            "div",
            tag("strong", check["name"]),
            tag("span", tag("b", found), f" bound {bound}", class_="figures"),
            tag("div", check["explanation"], class_="muted"),
        ),
    )


def models(document: Document) -> Markup:
    champion = document["champion"]
    constant = document["constant"]
    rows = [_metric(name, value, champion, constant) for name, value in document["challenger"].items()]
    head: list[object] = ["metric", head_number("challenger")]
    if champion is not None:
        head += [head_number("champion"), head_number("gain")]
    head.append(head_number("constant"))
    explained = note("The constant is the best answer that looks at nothing, known only afterwards.")
    parts: list[object] = [tag("div", table(head, rows, kind=STACKED), explained)]
    gains = document["gains"]
    if len(gains["edges"]) > 1:
        parts.append(_gains(document, gains))
    return section(
        "models",
        "Both models" if champion is not None else "The model",
        tag("div", parts, class_="grid-of-two"),
    )


def _metric(
    name: str, value: float, champion: dict[str, float] | None, constant: dict[str, float]
) -> list[object]:
    row: list[object] = [
        tag("th", name, tag("br"), tag("small", direction(name)), scope="row"),
        number(figure(value), label="challenger"),
    ]
    if champion is not None:
        old = champion.get(name)
        gain = None if old is None else gain_of(name, old, value)
        kind = "" if not gain else "passed" if gain > 0 else "failed"
        row += [number(figure(old), label="champion"), number(signed_share(gain), kind, label="gain")]
    row.append(number(figure(constant.get(name)), label="constant"))
    return row


def _gains(document: Document, gains: dict[str, Any]) -> Markup:
    rival = "the champion" if document["champion"] is not None else "the best constant answer"
    low, high = gains["interval"]
    return captioned(
        "How sure the gain is",
        charts.histogram(
            "Distribution of the gain over resamples",
            [100 * edge for edge in gains["edges"]],
            [("challenger", gains["counts"])],
            f"gain over {rival}, %",
            marks=[(0.0, "no gain")],
            y_label="resamples",
        ),
        f"Relative gain of {document['metric']} on {gains['resamples']:,} paired resamples of the holdout; "
        f"nine tenths of them lie between {share(low)} and {share(high)}.",
    )
