"""What both models knew of the rows that they are judged on."""

from __future__ import annotations

from typing import Any

from lambdas.evaluate_model.numbers import rows, share
from lambdas.evaluate_model.report.parts import Document, View

FEW_ROWS = 100


def known(document: Document) -> View:
    """In sentences: overlap, near-duplicates, size, leaks and unused columns."""
    sentences = [
        *_overlap(document["overlap"], champion=bool(document["lineage"]["champion_arn"])),
        *_few(document["rows"]["judged"]),
        *_size(document["overlap"]),
        *(f"Suspected leak: {leak}. Is it known before the target is?" for leak in document["leaks"]),
        *(f"{unused['column']} is not looked at: it {unused['why']}." for unused in document["unused"]),
    ]
    return {"sentences": sentences, "identity": _identity(document["overlap"])}


def _overlap(found: dict[str, Any], *, champion: bool) -> list[str]:
    if not found:
        return ["Every row counts as new to the models."]
    sentences = ["The challenger was trained on none of these rows."]
    if found["new_to_both"] is not None:
        known_rows = found["holdout_rows"] - found["new_to_both"]
        sentences.append(
            f"Of {rows(found['holdout_rows'])} of the holdout, {found['new_to_both']:,} are new to the "
            f"champion as well; the other {known_rows:,} it may have been trained on, so they are left out."
        )
    elif champion:
        sentences.append(f"Nobody knows which rows the champion was trained on: {found['unknown']}.")
    if found["near_duplicates"]:
        part = share(found["near_duplicates"] / max(1, found["looked_at"]))
        sentences.append(
            f"{found['near_duplicates']:,} of {rows(found['looked_at'])} looked at ({part}) differ in one "
            "column at most from a row that the challenger was trained on: near-duplicates flatter it."
        )
    return sentences


def _few(judged: int) -> list[str]:
    if judged >= FEW_ROWS:
        return []
    return [
        f"{rows(judged)} are few: figures may well change by a fifth with other rows, so read them loosely."
    ]


def _size(found: dict[str, Any]) -> list[str]:
    if not found or not found["champion_rows"]:
        return []
    return [
        f"The challenger was trained on {rows(found['challenger_rows'])}, the champion on "
        f"{found['champion_rows']:,}."
    ]


def _identity(found: dict[str, Any]) -> str:
    if not found:
        return ""
    named = ", ".join(found["identity"][:8]) + (" and more" if len(found["identity"]) > 8 else "")
    if found["by"] == "time":
        return f"Split by time: all rows of the holdout are later by {named} than those of training."
    if found["by"] == "group":
        return f"Split by group: no {named} is both in training and in the holdout."
    if found["by"] == "position":
        return (
            "Split by position: a row is known by its place in the file, which may only grow at its end. "
            "Rows like these in all but the target are in training, too; in a file in another order, so are "
            "these."
        )
    if found["has_key"]:
        return f"A row is known by {named}; a corrected cell leaves it the same row."
    return (
        f"A row is known by all its columns but the target ({named}): a corrected cell makes a new row. "
        "[dataset] identifiers would name what stays."
    )
