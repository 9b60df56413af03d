"""One model under evaluation: its artefact unpacked, loaded and asked, by the code that serves."""

from __future__ import annotations

import tarfile
import time
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from contracts.errors import EvaluationError
from inference.errors import ArtefactError, InferenceError
from inference.predictor import Predictor
from lambdas.evaluate_model.scores import Array, FloatArray

_LATENCY_ROWS = 200


class Candidate:
    """A loaded model; whatever is wrong with it becomes `unreadable`, which tells the two models apart."""

    def __init__(self, archive: Path, directory: Path, unreadable: type[EvaluationError]) -> None:
        self._unreadable = unreadable
        try:
            _unpack(archive, directory)
            self._predictor = Predictor.load(directory)
            self._predictor.check()
        except (ArtefactError, InferenceError, tarfile.TarError, OSError, KeyError, ValueError) as error:
            raise unreadable(f"{archive.name} cannot be loaded: {error}") from error

    @property
    def manifest(self) -> Mapping[str, Any]:
        return self._predictor.manifest

    @property
    def features(self) -> tuple[str, ...]:
        return tuple(column.name for column in self._predictor.columns)

    @property
    def classes(self) -> tuple[str, ...]:
        """A classification's classes as texts, in the order of its probabilities."""
        return tuple(str(name) for name in self._predictor.classes)

    def answer(self, columns: Mapping[str, Array], classes: Sequence[str]) -> FloatArray:
        """Values (n,), or probabilities (n, classes) in the given order; a class it never saw gets 0."""
        try:
            answers = self._predictor.answers(self._predictor.encode(columns))
        except (InferenceError, ValueError, KeyError) as error:
            raise self._unreadable(f"the model cannot score the holdout: {error}") from error
        if not np.isfinite(answers).all():
            raise self._unreadable("the model answers the holdout with values that are not finite")
        if not self.classes:
            return answers[:, 0]
        known = {name: index for index, name in enumerate(self.classes)}
        return np.column_stack(
            [answers[:, known[name]] if name in known else np.zeros(len(answers)) for name in classes]
        )

    def latency_us(self, columns: Mapping[str, Array]) -> float:
        """Median microseconds of a single-row request, without HTTP."""
        rows = min(_LATENCY_ROWS, len(next(iter(columns.values()))))
        taken = []
        for row in range(rows):
            one = {name: values[row : row + 1] for name, values in columns.items()}
            started = time.perf_counter()
            self._predictor.predict_columns(one)
            taken.append(time.perf_counter() - started)
        return float(np.median(taken) * 1e6)


def _unpack(archive: Path, directory: Path) -> None:
    """The "data" filter refuses links, devices and paths that leave the directory."""
    with tarfile.open(archive, "r:gz") as tar:
        tar.extractall(directory, filter="data")
