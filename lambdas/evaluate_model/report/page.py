"""The report for people: one page that needs neither network nor script, made of the report for machines."""

from __future__ import annotations

import base64
import hashlib
from collections.abc import Callable
from functools import cache
from pathlib import Path

from lambdas.evaluate_model.report import data, groups, known, making, reasons, truth, verdict
from lambdas.evaluate_model.report.markup import Markup, tag
from lambdas.evaluate_model.report.parts import Document

_SECTIONS: tuple[tuple[str, str, Callable[[Document], Markup | None]], ...] = (
    ("checks", "checks", verdict.checks),
    ("models", "both models", verdict.models),
    ("known", "what they knew", known.known),
    ("answers", "answers", truth.answers),
    ("slices", "slices", groups.slices),
    ("fairness", "fairness", groups.fairness),
    ("importance", "importance", reasons.importance),
    ("drift", "drift", data.drift),
    ("quantiles", "data", data.quantiles),
    ("quality", "quality", data.quality),
    ("search", "search", making.search),
    ("model", "making", making.model),
    ("lineage", "lineage", making.lineage),
)

_DECISIONS = {
    "ChallengerBetter": "promote",
    "ChallengerRejected": "rejected",
    "NotComparable": "a person decides",
    "ChampionCollapsed": "a person decides",
}


def page(document: Document) -> str:
    """Whatever stems from data is escaped, and the policy forbids what might yet slip through."""
    made = [(anchor, label, build(document)) for anchor, label, build in _SECTIONS]
    shown = [(anchor, label, part) for anchor, label, part in made if part is not None]
    decision = _DECISIONS[document["verdict"]["outcome"]]
    head = tag(
        "head",
        tag("meta", charset="utf-8"),
        tag("meta", http_equiv="Content-Security-Policy", content=_policy()),
        tag("meta", name="viewport", content="width=device-width, initial-scale=1"),
        tag("meta", name="referrer", content="no-referrer"),
        tag("title", f"{document['pipeline']}: {decision}"),
        tag("style", Markup(_style())),
    )
    links = [tag("a", label, href=f"#{anchor}") for anchor, label, _ in shown]
    body = tag(
        "body",
        tag("header", verdict.banner(document), tag("nav", links, aria_label="Sections")),
        tag("main", [part for _, _, part in shown]),
    )
    return f"<!doctype html>\n{tag('html', head, body, lang='en')}\n"


@cache
def _style() -> str:
    return (Path(__file__).parent / "style.css").read_text(encoding="utf-8")


def _policy() -> str:
    """This very style and nothing else: no script, no image, no font, no form, no connection."""
    digest = base64.b64encode(hashlib.sha256(_style().encode()).digest()).decode()
    return f"default-src 'none'; style-src 'sha256-{digest}'; base-uri 'none'; form-action 'none'"
