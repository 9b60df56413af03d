"""Labels as a caller posts them, and as the monitor reads them. Pure.

The monitor joins a label to the captured request by the inference id, and to its row by the place of its
prediction in the answer's list: from 0, as `lambdas/judge_quality/label_files.py` reads it.
"""

from __future__ import annotations

import csv
import io
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from contracts.dataset import Column
from contracts.values import ValueRefusedError
from lambdas.front.inference_ids import is_of
from lambdas.front.problems import Mistake, Problem, refuse

_FIELDS = ("inference_id", "row", "value")
_KNOWN = ", ".join(_FIELDS)


@dataclass(frozen=True, kw_only=True)
class Label:
    """What came true for one row, from 0, of a prediction; `text` is as a file would hold it."""

    inference_id: str
    row: int
    text: str


def read_labels(document: Mapping[str, Any], target: Column, *, caller: str, most: int) -> list[Label]:
    """All of them, or Problem: 400 for what can't be read, 403 where an id is not of this caller."""
    given = document.get("labels")
    if not isinstance(given, list) or not given:
        raise refuse([Mistake(field="labels", reason="expected a list of at least one label")])
    if unknown := [key for key in document if key != "labels"]:
        raise refuse([Mistake(field=unknown[0][:100], reason="is unknown; known is labels")])
    if len(given) > most:
        raise Problem(413, f"the request has {len(given)} labels, and at most {most} are taken")
    found = [_label(item, target, number) for number, item in enumerate(given, start=1)]
    if mistakes := [item for item in found if isinstance(item, Mistake)]:
        raise refuse(mistakes)
    labels = [item for item in found if isinstance(item, Label)]
    _require_own(labels, caller)
    return labels


def _require_own(labels: Sequence[Label], caller: str) -> None:
    foreign = [
        Mistake(row=number, field="inference_id", reason="is of no prediction that this caller got")
        for number, label in enumerate(labels, start=1)
        if not is_of(label.inference_id, caller)
    ]
    if foreign:
        raise Problem(403, f"{len(foreign)} of {len(labels)} labels are for others' ids", mistakes=foreign)


def _label(item: object, target: Column, number: int) -> Label | Mistake:
    if not isinstance(item, dict):
        return Mistake(row=number, reason=f"is no object; expected {_KNOWN}")
    if unknown := [key for key in item if key not in _FIELDS]:
        return Mistake(row=number, field=unknown[0][:100], reason=f"is unknown; known are {_KNOWN}")
    key, row = item.get("inference_id"), item.get("row", 0)
    if not isinstance(key, str):
        return Mistake(row=number, field="inference_id", reason="expected the prediction's inference_id")
    if isinstance(row, bool) or not isinstance(row, int) or not 0 <= row < 1_000_000:
        return Mistake(row=number, field="row", reason="expected the place in predictions, from 0")
    try:
        return Label(inference_id=key, row=row, text=_text(item.get("value"), target))
    except ValueRefusedError as refused:
        return Mistake(row=number, field="value", reason=str(refused))


def _text(value: object, target: Column) -> str:
    """By the contract's rules of the target, which no label may break: models are judged by it."""
    found = target.grammar.accept(value)
    if found is None:
        raise ValueRefusedError("is missing; a label says what came true")
    if isinstance(found, int | float) and not isinstance(found, bool):
        low, high = target.minimum, target.maximum
        if (low is not None and found < low) or (high is not None and found > high):
            raise ValueRefusedError(f"{found:g} is outside of the target's bounds")
    if target.allowed and found not in target.allowed:
        raise ValueRefusedError("is none of the target's classes")
    return value.strip() if isinstance(value, str) else _spelled(found, target)


def _spelled(value: object, target: Column) -> str:
    """As the target's own grammar reads it in a file."""
    if isinstance(value, bool):
        return str(value).lower()
    return str(value).replace(".", target.grammar.decimal)


def as_csv(labels: Sequence[Label], target: str) -> str:
    """One line a label under the header `inference_id,row,TARGET`."""
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(["inference_id", "row", target])
    writer.writerows([label.inference_id, label.row, label.text] for label in labels)
    return text.getvalue()
