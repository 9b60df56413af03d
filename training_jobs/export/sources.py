"""Follows the columns of a fitted pipeline to its estimator: which entry each of its inputs comes from, and
what was done to it on the way."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np

from contracts.dataset import Column
from inference.model import MISSING_CODE, InputColumn, Step
from training_jobs.errors import UnsupportedModelError
from training_jobs.export.folding import Transform
from training_jobs.features import DerivedFeatures


@dataclass(frozen=True)
class Source:
    """One input of the estimator: an entry of the row, and the transforms that it still goes through."""

    entry: int
    chain: tuple[Transform, ...] = ()


@dataclass
class Layout:
    """The entries of a row as they are being laid out; `position` is where a column's or step's first is."""

    columns: list[InputColumn]
    steps: list[Step] = field(default_factory=list)
    position: dict[str, int] = field(default_factory=dict)
    lookup: list[float] = field(default_factory=list)
    _places: dict[Step, int] = field(default_factory=dict)

    @property
    def row_width(self) -> int:
        """The number of entries of a row before any step."""
        return sum(column.width for column in self.columns)

    @property
    def width(self) -> int:
        """The number of entries of a row so far."""
        return self.row_width + len(self.steps)

    def add(self, step: Step) -> int:
        """The entry of a step, the same one for the same step."""
        if step not in self._places:
            self._places[step] = self.width
            self.steps.append(step)
        return self._places[step]

    def add_lookup(self, entry: int, known: Sequence[float], missing: float, unknown: float) -> int:
        """The entry of a code's value in a table."""
        self.lookup += [*known, missing, unknown]
        start = len(self.lookup) - len(known) - 2
        return self.add(Step("lookup", entry, p=float(start), q=float(len(known))))

    def materialise(self, source: Source) -> int:
        """The entry that holds the source with its transforms applied."""
        entry = source.entry
        for transform in source.chain:
            entry = self.add(Step(transform.kind, entry, p=transform.p, q=transform.q))
        return entry

    def set_categories(self, name: str, categories: Sequence[str]) -> None:
        index = next(place for place, column in enumerate(self.columns) if column.name == name)
        known = self.columns[index].categories
        if known and known != tuple(categories):
            raise UnsupportedModelError(f"column {name!r} is encoded twice with different categories")
        self.columns[index] = replace(self.columns[index], categories=tuple(categories))


def follow(pipeline: Any, columns: Sequence[Column]) -> tuple[Layout, list[Source]]:
    """The layout of a row and the sources of the estimator's inputs, in order."""
    layout = Layout(
        [InputColumn(c.name, c.type, grammar=c.grammar, hashing=c.hashing) for c in columns],
    )
    at = 0
    for column in layout.columns:
        layout.position[column.name] = at
        at += column.width
    *before, (_, transformer) = pipeline.steps[:-1]
    for name, step in before:
        if not isinstance(step, DerivedFeatures):
            raise UnsupportedModelError(f"step {name!r} ({type(step).__name__}) has no exact form")
        for (derived, *_), exact in zip(step.steps, step.as_steps(layout.position), strict=True):
            layout.position[derived] = layout.add(exact)
    return layout, _column_transformer(transformer, layout)


def _column_transformer(transformer: Any, layout: Layout) -> list[Source]:
    sources: list[Source] = []
    for _, part, names in transformer.transformers_:
        if isinstance(part, str) and part == "drop":
            continue
        parts = [step for _, step in part.steps] if hasattr(part, "steps") else [part]
        sources += _follow_part(parts, list(names), layout)
    return sources


def _follow_part(parts: list[Any], names: list[str], layout: Layout) -> list[Source]:
    sources = [Source(layout.position[name]) for name in names]
    for part in parts:
        kind = type(part).__name__
        if kind == "OneHotEncoder":
            sources = _one_hot(part, names, layout)
        elif kind == "HashedTexts":
            sources = _counts(part, names, layout)
        elif kind == "OrdinalEncoder":
            sources = _ordinal(part, names, layout)
        elif kind == "TargetEncoder":
            sources = _target_means(part, names, layout)
        elif kind in _TRANSFORMS:
            transforms = _TRANSFORMS[kind](part, names)
            sources = [Source(s.entry, (*s.chain, t)) for s, t in zip(sources, transforms, strict=True)]
        elif kind != "FunctionTransformer" or part.func is not None:
            raise UnsupportedModelError(f"{kind} on {', '.join(names)} has no exact form")
    return sources


def _imputer(part: Any, names: list[str]) -> list[Transform]:
    if part.add_indicator or np.isnan(part.statistics_).any() or part.missing_values == part.missing_values:
        raise UnsupportedModelError(f"this SimpleImputer on {', '.join(names)} has no exact form")
    return [Transform("impute", float(value)) for value in part.statistics_]


def _scaler(part: Any, names: list[str]) -> list[Transform]:
    mean = part.mean_ if part.with_mean else np.zeros(len(names))
    scale = part.scale_ if part.with_std else np.ones(len(names))
    return [Transform("scale", float(p), float(q)) for p, q in zip(mean, scale, strict=True)]


_TRANSFORMS = {"SimpleImputer": _imputer, "StandardScaler": _scaler}


def _texts(categories: Any, name: str, layout: Layout) -> list[float]:
    """The code of each category of an encoder, and the column's texts set accordingly."""
    missing = [c is None or c != c for c in categories]
    texts = [str(c) for c, absent in zip(categories, missing, strict=True) if not absent]
    layout.set_categories(name, texts)
    codes = iter(range(len(texts)))
    return [MISSING_CODE if absent else float(next(codes)) for absent in missing]


def _one_hot(part: Any, names: list[str], layout: Layout) -> list[Source]:
    if part.drop is not None or part.min_frequency or part.max_categories:
        raise UnsupportedModelError("a OneHotEncoder that drops or groups categories has no exact form")
    return [
        Source(layout.add(Step("equals", layout.position[name], p=code)))
        for name, categories in zip(names, part.categories_, strict=True)
        for code in _texts(categories, name, layout)
    ]


def _counts(part: Any, names: list[str], layout: Layout) -> list[Source]:
    """The buckets of each text: they are entries of the row already."""
    return [
        Source(layout.position[name] + bucket)
        for name in names
        for bucket in range(part.hashings[name].buckets)
    ]


def _ordinal(part: Any, names: list[str], layout: Layout) -> list[Source]:
    if part.handle_unknown != "use_encoded_value":
        raise UnsupportedModelError("an OrdinalEncoder must encode unknown categories, not refuse them")
    sources = []
    for name, categories in zip(names, part.categories_, strict=True):
        seen_missing = MISSING_CODE in _texts(categories, name, layout)
        unknown = float(part.unknown_value)
        missing = float(part.encoded_missing_value) if seen_missing else unknown
        step = Step("ordinal", layout.position[name], p=unknown, q=missing)
        sources.append(Source(layout.add(step)))
    return sources


def _target_means(part: Any, names: list[str], layout: Layout) -> list[Source]:
    """One input a column, of more than two classes one a column and class: the columns' first, in order."""
    outputs = len(part.classes_) if part.target_type_ == "multiclass" else 1
    unknown = np.ravel(part.target_mean_)
    sources = []
    for index, name in enumerate(names):
        codes = _texts(part.categories_[index], name, layout)
        for output in range(outputs):
            means = dict(zip(codes, part.encodings_[index * outputs + output].tolist(), strict=True))
            rest = float(unknown[output])
            known = [means[float(code)] for code in range(len(means) - (MISSING_CODE in means))]
            entry = layout.add_lookup(layout.position[name], known, means.get(MISSING_CODE, rest), rest)
            sources.append(Source(entry))
    return sources
