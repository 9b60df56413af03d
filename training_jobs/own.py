"""A user's own estimator, `estimator = "custom:my_module.MyEstimator"`: a class in training_jobs/custom/.

The class is scikit-learn-compatible (`fit`, `predict` or `predict_proba`) and says in `to_onnx` which graph
answers as it does. It is handed float32, since that is what graphs read, and of a classification the classes
as numbers from 0 on.
"""

from __future__ import annotations

import importlib
import inspect
from typing import Any

import numpy as np
import numpy.typing as npt
from sklearn.base import BaseEstimator, ClassifierMixin, RegressorMixin

from inference.model.onnx import as_read
from training_jobs.choice import Parameters
from training_jobs.errors import ParameterError, TrainingError

PLACE = "training_jobs.custom"


def own_class(module: str, name: str) -> type[Any]:
    """Raises TrainingError naming what is not there, and where it is looked for."""
    where = f"{PLACE.replace('.', '/')}/{module}.py"
    try:
        loaded = importlib.import_module(f"{PLACE}.{module}")
    except ModuleNotFoundError as error:
        if error.name == f"{PLACE}.{module}":
            raise TrainingError(f"training.estimator: there is no {where}") from error
        raise TrainingError(
            f"{where} imports {error.name!r}, which is not installed: name it in "
            f"{PLACE.replace('.', '/')}/requirements.txt (on this machine: make setup-custom)"
        ) from error
    except Exception as error:
        raise TrainingError(f"{where} cannot be imported: {type(error).__name__}: {error}") from error
    found = getattr(loaded, name, None)
    if not inspect.isclass(found):
        raise TrainingError(f"training.estimator: {where} has no class {name}")
    return found


def wants_scaled(module: str, name: str) -> bool:
    """Whether numbers are to be imputed and scaled first: yes, unless the class says
    `takes_missing_values = True`."""
    return not getattr(own_class(module, name), "takes_missing_values", False)


def own_estimator(module: str, name: str, task: str, parameters: Parameters, seed: int) -> Any:
    """The unfitted estimator; raises ParameterError naming a parameter that the class does not take."""
    kind = own_class(module, name)
    needed = ["fit", "to_onnx", "predict_proba" if task == "classification" else "predict"]
    if lacking := [method for method in needed if not callable(getattr(kind, method, None))]:
        raise TrainingError(f"{module}.{name} has no {' and no '.join(lacking)}, which a {task} needs")
    taken = inspect.signature(kind).parameters
    values = dict(parameters)
    if "random_state" in taken:
        values.setdefault("random_state", seed)
    try:
        inner = kind(**values)
    except (TypeError, ValueError) as error:
        raise ParameterError(f"training.parameters of {module}.{name}: {error}") from error
    return OwnClassifier(inner) if task == "classification" else OwnRegressor(inner)


class _Own(BaseEstimator):  # type: ignore[misc]
    """Hands the class what it was promised."""

    def __init__(self, inner: Any) -> None:
        self.inner = inner

    def _fit(self, rows: Any, target: npt.NDArray[Any], sample_weight: Any) -> None:
        options = {}
        if sample_weight is not None:
            if "sample_weight" not in inspect.signature(self.inner.fit).parameters:
                raise ParameterError(
                    f"{type(self.inner).__name__}.fit takes no sample_weight, and the pipeline weighs rows: "
                    "take it there, or leave dataset.weight and class_weight out"
                )
            options = {"sample_weight": sample_weight}
        self.inner.fit(as_read(rows), target, **options)
        self.fitted_ = True


class OwnRegressor(RegressorMixin, _Own):  # type: ignore[misc]
    """Values (n,)."""

    def fit(self, rows: Any, target: Any, sample_weight: Any = None) -> OwnRegressor:
        self._fit(rows, np.asarray(target, dtype=np.float64), sample_weight)
        return self

    def predict(self, rows: Any) -> npt.NDArray[np.float64]:
        return np.asarray(self.inner.predict(as_read(rows)), dtype=np.float64).reshape(-1)


class OwnClassifier(ClassifierMixin, _Own):  # type: ignore[misc]
    """Probabilities (n, classes), in the order of the sorted classes."""

    def fit(self, rows: Any, target: Any, sample_weight: Any = None) -> OwnClassifier:
        self.classes_, codes = np.unique(np.asarray(target), return_inverse=True)
        self._fit(rows, codes, sample_weight)
        return self

    def predict_proba(self, rows: Any) -> npt.NDArray[np.float64]:
        found = np.asarray(self.inner.predict_proba(as_read(rows)), dtype=np.float64)
        if found.shape != (len(rows), len(self.classes_)):
            raise TrainingError(
                f"{type(self.inner).__name__}.predict_proba gave the shape {found.shape} for "
                f"{len(rows)} rows of {len(self.classes_)} classes"
            )
        return found

    def predict(self, rows: Any) -> npt.NDArray[Any]:
        return np.asarray(self.classes_[self.predict_proba(rows).argmax(axis=1)])
