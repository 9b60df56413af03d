"""The report for people: one page that needs neither network nor script, made of the report for machines."""

from __future__ import annotations

import base64
import hashlib
from collections.abc import Callable
from functools import cache
from pathlib import Path

from markupsafe import Markup

from lambdas.evaluate_model.report import data, groups, known, making, reasons, truth, verdict
from lambdas.evaluate_model.report.parts import Document, View
from lambdas.evaluate_model.report.rendering import render

# Each section's anchor, which is its template's name, its link, and what its template is rendered with.
_SECTIONS: tuple[tuple[str, str, Callable[[Document], View | None]], ...] = (
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
    views = [(anchor, label, view_of(document)) for anchor, label, view_of in _SECTIONS]
    sections = [(anchor, label, render(anchor, **view)) for anchor, label, view in views if view is not None]
    whole = render(
        "page",
        policy=_policy(),
        # Safe: this package's own stylesheet.
        style=Markup(_style()),  # noqa: S704
        pipeline=document["pipeline"],
        decision=_DECISIONS[document["verdict"]["outcome"]],
        banner=render("banner", **verdict.banner(document)),
        sections=sections,
    )
    return str(whole)


@cache
def _style() -> str:
    return (Path(__file__).parent / "style.css").read_text(encoding="utf-8")


def _policy() -> str:
    """This very style and nothing else: no script, no image, no font, no form, no connection."""
    digest = base64.b64encode(hashlib.sha256(_style().encode()).digest()).decode()
    return f"default-src 'none'; style-src 'sha256-{digest}'; base-uri 'none'; form-action 'none'"
