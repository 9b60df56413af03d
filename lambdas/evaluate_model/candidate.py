"""One model under evaluation, asked by the code that serves."""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from contracts.errors import EvaluationError
from inference.errors import ArtefactError, InferenceError
from inference.model.predictor import Predictor
from lambdas.model_archive import ArchiveError, unpack
from scoring.figures import Array, FloatArray

_TIMED_ROWS = 50
_TIMED_ROUNDS = 5


class Candidate:
    """A loaded model; whatever is wrong with it becomes `unreadable`, which tells the two models apart."""

    def __init__(self, archive: Path, directory: Path, unreadable: type[EvaluationError]) -> None:
        self._unreadable = unreadable
        try:
            unpack(archive, directory)
            self.predictor = Predictor.load(directory)
        except (ArchiveError, ArtefactError, InferenceError, KeyError, TypeError, ValueError) as error:
            raise unreadable(f"{archive.name} cannot be loaded: {error}") from error

    @property
    def manifest(self) -> Mapping[str, Any]:
        return self.predictor.manifest

    @property
    def features(self) -> tuple[str, ...]:
        return tuple(column.name for column in self.predictor.columns)

    @property
    def spans(self) -> dict[str, slice]:
        """Which entries of a row each feature takes."""
        return dict(zip(self.features, self.predictor.model.spans, strict=True))

    @property
    def classes(self) -> tuple[str, ...]:
        """A classification's classes as texts, in the order of its probabilities."""
        return tuple(str(name) for name in self.predictor.classes)

    @property
    def threshold(self) -> float | None:
        """The probability from which it says the second of two classes; None where the likelier is said."""
        return self.predictor.model.threshold

    def self_check(self) -> str:
        """Why the model does not repeat the answers recorded at export; empty where it does."""
        try:
            self.predictor.check()
        except (ArtefactError, InferenceError, ValueError, IndexError) as error:
            return str(error)
        return ""

    def require(self, *, target: str, is_classifier: bool) -> None:
        """The model must be one for this contract's question."""
        found = str(self.manifest.get("target", target))
        if found != target or self.predictor.is_classifier != is_classifier:
            kind = "classes" if self.predictor.is_classifier else "numbers"
            raise self._unreadable(f"the model answers {found!r} with {kind}, and {target!r} is asked for")

    def matrix(self, columns: Mapping[str, Array]) -> FloatArray:
        """The rows as the model reads them."""
        try:
            return self.predictor.encode(columns)
        except (InferenceError, ValueError) as error:
            raise self._unreadable(f"the model cannot read the holdout: {error}") from error

    def answer(self, matrix: FloatArray, classes: Sequence[str]) -> FloatArray:
        """Values (n,), or probabilities (n, classes) in the given order; a class it never saw gets 0."""
        try:
            answers = self.predictor.answers(matrix)
        except (InferenceError, ValueError, IndexError) as error:
            raise self._unreadable(f"the model cannot score the holdout: {error}") from error
        if not np.isfinite(answers).all():
            row = int(np.flatnonzero(~np.isfinite(answers).all(axis=1))[0])
            raise self._unreadable(f"the model answers row {row + 1} of the holdout with {answers[row]}")
        if not self.classes:
            return answers[:, 0]
        if self.classes == tuple(classes):
            return answers
        placed = np.zeros((len(answers), len(classes)))
        positions = {name: index for index, name in enumerate(classes)}
        placed[:, [positions[name] for name in self.classes]] = answers
        return placed

    def latency_us(self, columns: Mapping[str, Array]) -> float:
        """Microseconds that one row takes from columns to answer, without HTTP: the median over some rows,
        and the fastest of a few rounds, since whatever else the machine does only ever adds."""
        rows = min(_TIMED_ROWS, len(next(iter(columns.values()))))
        ones = [{name: values[row : row + 1] for name, values in columns.items()} for row in range(rows)]
        medians = []
        for _ in range(_TIMED_ROUNDS):
            taken = []
            for one in ones:
                started = time.perf_counter()
                self.predictor.predict_columns(one)
                taken.append(time.perf_counter() - started)
            medians.append(float(np.median(taken)))
        return min(medians) * 1e6
