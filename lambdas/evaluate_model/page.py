"""The report for people: one HTML page without a single reference to the network."""

from __future__ import annotations

from collections.abc import Mapping
from html import escape
from typing import Any

from lambdas.evaluate_model.evaluation import Evaluation


def page(evaluation: Evaluation, document: Mapping[str, Any], dataset: Mapping[str, Any]) -> str:
    """Everything that came from data is escaped."""
    verdict = evaluation.verdict
    title = "Promote" if verdict.promote else "Rejected"
    checks = "".join(
        f"<li>{'pass' if check.passed else 'fail'}: {escape(check.name)}: {escape(check.text)}</li>"
        for check in verdict.checks
    )
    return f"<!doctype html><title>{title}</title><h1>{title}</h1><ul>{checks}</ul>"
