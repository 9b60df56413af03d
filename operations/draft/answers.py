"""The target: whether it is a class or a number, which classes are too rare, and what a person decides."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from operations.draft.asking import Questions
from operations.draft.errors import DraftError
from operations.draft.kinds import Kind
from operations.draft.profile import ColumnProfile
from operations.draft.roles import is_whole
from operations.draft.table import Table

REGRESSION, CLASSIFICATION = "regression", "classification"
MAX_RATINGS = 20  # so many whole values may be classes as well as a scale
_LIKELY_CLASSES = 10
_MAX_CLASSES = 200
MIN_CLASS_ROWS = 5
_MAX_GAP_SHARE = 0.6
_MIN_ROWS = 10  # fewer are no dataset to ingestion


@dataclass(frozen=True, kw_only=True)
class Answer:
    """How the target is drafted: its task, type and keys; `rare` are the classes that are set aside, with
    their rows; `question` is for a person, or empty."""

    task: str
    type: str
    keys: dict[str, Any]
    classes: dict[str, int]
    rare: dict[str, int]
    gaps: int
    question: str = ""

    @property
    def is_classification(self) -> bool:
        return self.task == CLASSIFICATION


def answer_of(
    table: Table,
    target: ColumnProfile,
    kind: Kind,
    ask: Questions,
    task: str = "",
    rare: frozenset[str] = frozenset(),
) -> Answer:
    """The target's draft. `task` is what a person said, `rare` what proved too rare; raises DraftError."""
    _check(table, target, kind)
    decided, question = _task(target, kind, task)
    if decided == REGRESSION:
        return Answer(
            task=REGRESSION,
            type=kind.type,
            keys=kind.keys,
            classes={},
            rare={},
            gaps=kind.gaps,
            question=question,
        )
    values = _classes(target, kind, ask)
    found = {value: rows for value, rows in values.items() if rows < MIN_CLASS_ROWS or value in rare}
    kept = {value: rows for value, rows in values.items() if value not in found}
    if len(kept) < 2:
        raise DraftError(
            f"TARGET={target.name}: {_listed(found)} too few rows to learn from and to be judged by; "
            f"a class needs {MIN_CLASS_ROWS} of them at least"
        )
    type_, keys = _class_type(kind, target, kept, found)
    return Answer(
        task=CLASSIFICATION,
        type=type_,
        keys=keys,
        classes=kept,
        rare=found,
        gaps=kind.gaps,
        question=question,
    )


def _listed(rare: dict[str, int]) -> str:
    texts = [f"{value!r} has {rows} row{'s' if rows != 1 else ''}" for value, rows in list(rare.items())[:5]]
    return ", ".join(texts) + (f" and {len(rare) - 5} more have" if len(rare) > 5 else "") + ":"


def _check(table: Table, target: ColumnProfile, kind: Kind) -> None:
    """Raises DraftError where nothing can be learned from the target."""
    head = f"TARGET={target.name}:"
    if kind.refused:
        where = f"; {table.place(kind.strays[0].row)} has {kind.strays[0].value!r}" if kind.strays else ""
        raise DraftError(f"{head} {kind.refused}{where}")
    if kind.type in ("date", "timestamp"):
        raise DraftError(
            f"{head} is a {kind.type}; predict a number, such as days from another date, or a class"
        )
    if kind.gaps > _MAX_GAP_SHARE * target.rows:
        raise DraftError(f"{head} {kind.gaps:,} of {target.rows:,} rows have no value; it needs more answers")
    if target.distinct < 2:
        raise DraftError(f"{head} is {_only(target)}; there is nothing to learn")
    if table.rows < _MIN_ROWS:
        raise DraftError(
            f"{table.file}: has {table.rows} rows; {_MIN_ROWS} are needed at least, to train a model and to "
            "judge it by others"
        )
    texts = kind.type in ("category", "text")
    if texts and (target.distinct > _MAX_CLASSES or target.distinct > target.present / 3):
        first = next(iter(sorted(target.spelt.values(), key=lambda spelt: spelt.first_row)))
        raise DraftError(
            f"{head} holds {target.distinct:,} different texts in {target.present:,} rows "
            f"({table.place(first.first_row)} has {first.first_value[:60]!r}), which are neither numbers nor "
            "classes; write plain numbers, or name another target"
        )


def _only(target: ColumnProfile) -> str:
    """In words, all that a target without two different values holds."""
    return f"{target.common[0][0]!r} in every row that has a value" if target.common else "empty in every row"


def _task(target: ColumnProfile, kind: Kind, task: str) -> tuple[str, str]:
    if task not in ("", REGRESSION, CLASSIFICATION):
        raise DraftError(f"TASK={task}: is neither {REGRESSION} nor {CLASSIFICATION}")
    numeric = kind.type in ("number", "integer")
    if task == REGRESSION and not numeric:
        raise DraftError(f"TARGET={target.name}: TASK=regression needs numbers; it holds {kind.type} values")
    if task:
        return task, ""
    if not numeric or target.distinct == 2:
        return CLASSIFICATION, ""
    if target.distinct > MAX_RATINGS or not is_whole(target):
        return REGRESSION, ""
    likely = target.distinct <= _LIKELY_CLASSES
    drafted, other = (CLASSIFICATION, REGRESSION) if likely else (REGRESSION, CLASSIFICATION)
    span = f"{target.minimum:g} to {target.maximum:g}" if target.minimum is not None else ""
    means = "a number between two others lies between them" if likely else "they only name classes"
    return drafted, (
        f"{target.name!r} has {target.distinct} whole values, {span}: drafted as {drafted}. "
        f"If {means}, draft again with TASK={other}"
    )


def _classes(target: ColumnProfile, kind: Kind, ask: Questions) -> dict[str, int]:
    values = dict(ask.values(target.index, _MAX_CLASSES + 1))
    levels = kind.keys.get("categories", ())
    weak = {text: rows for text, rows in target.markers.items() if text in levels}
    if kind.type in ("number", "integer"):
        gone = set(kind.keys.get("missing", ()))
        values = {text: rows for text, rows in values.items() if text not in gone}
    return {**values, **weak}


def _class_type(
    kind: Kind, target: ColumnProfile, kept: dict[str, int], rare: dict[str, int]
) -> tuple[str, dict[str, Any]]:
    """Classes keep the file's words, so that the endpoint answers with them; whole numbers stay numbers."""
    keys = {key: value for key, value in kind.keys.items() if key not in ("categories", "others")}
    numeric = kind.type in ("number", "integer")
    if numeric and not rare and is_whole(target):
        return "integer", keys
    if kind.type == "boolean" and (rare or len(kept) > 2):
        return "boolean", keys
    plain = {key: value for key, value in keys.items() if key == "missing"}
    return "category", {**plain, "categories": sorted(kept)}


def gaps_and_strays(answer: Answer, kind: Kind) -> int:
    """Rows that teach nothing: without an answer, with one that cannot be read, or of a class too rare."""
    return answer.gaps + kind.stray_rows + sum(answer.rare.values())
