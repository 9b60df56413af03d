"""The engines: each turns a fitted model into a function of rows (n, columns), or says why it cannot."""

from __future__ import annotations

import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np

from benchmarks.trees.models import Candidate, export
from inference import kernel
from inference.model import FloatArray, links

Predict = Callable[[FloatArray], Any]


class NotOfferedError(Exception):
    """The engine does not take this model; the message says why."""


def greenlight(candidate: Candidate, fitted: Any, columns: int) -> Predict:
    model = export(candidate, fitted, columns)
    library = kernel.load()
    if library is None:
        raise NotOfferedError("no compiler")
    compiled = kernel.Kernel(library, model)
    return lambda rows: links.answers(compiled.sums(rows), model.head)


def own(candidate: Candidate, fitted: Any, columns: int) -> Predict:
    """The library that fitted it, on one thread, called as its manual says for arrays."""
    return fitted.predict_proba if candidate.is_classifier else fitted.predict  # type: ignore[no-any-return]


def treelite_gtil(candidate: Candidate, fitted: Any, columns: int) -> Predict:
    import treelite

    model = _treelite(candidate, fitted)
    return lambda rows: treelite.gtil.predict(model, rows, nthread=1)


def tl2cgen_compiled(candidate: Candidate, fitted: Any, columns: int) -> Predict:
    import tl2cgen

    _refuse_forest(candidate, "a forest of unpruned trees is over 100 MB of C, which takes hours to compile")
    path = Path(tempfile.mkdtemp(prefix="tl2cgen-")) / "model.so"
    tl2cgen.export_lib(
        _treelite(candidate, fitted),
        toolchain="gcc",
        libpath=str(path),
        params={"parallel_comp": 16},
        verbose=False,
    )
    predictor = tl2cgen.Predictor(str(path), nthread=1)
    kind = np.float32 if "XGBoost" in candidate.name else np.float64
    return lambda rows: predictor.predict(tl2cgen.DMatrix(rows.astype(kind, copy=False)))


def lleaves_compiled(candidate: Candidate, fitted: Any, columns: int) -> Predict:
    if "LightGBM" not in candidate.name:
        raise NotOfferedError("LightGBM only")
    import lleaves

    path = Path(tempfile.mkdtemp(prefix="lleaves-")) / "model.txt"
    fitted.booster_.save_model(str(path))
    model = lleaves.Model(model_file=str(path))
    model.compile()
    return lambda rows: model.predict(rows, n_jobs=1)


def onnxruntime_session(candidate: Candidate, fitted: Any, columns: int) -> Predict:
    import onnxruntime
    from skl2onnx import to_onnx

    _refuse_forest(candidate, "its converter takes minutes for two million nodes")
    if "Hist" not in candidate.name:
        raise NotOfferedError("no converter of scikit-learn's")
    options = {id(fitted): {"zipmap": False}} if candidate.is_classifier else None
    graph = to_onnx(
        fitted, np.zeros((1, columns), dtype=np.float64), options={id(fitted): options} if options else None
    )
    settings = onnxruntime.SessionOptions()
    settings.intra_op_num_threads = 1
    session = onnxruntime.InferenceSession(graph.SerializeToString(), settings, ["CPUExecutionProvider"])
    name = session.get_inputs()[0].name
    wanted = session.get_outputs()[-1].name
    return lambda rows: session.run([wanted], {name: rows})[0]


ENGINES: dict[str, Callable[[Candidate, Any, int], Predict]] = {
    "Greenlight": greenlight,
    "its own library": own,
    "treelite GTIL": treelite_gtil,
    "tl2cgen": tl2cgen_compiled,
    "lleaves": lleaves_compiled,
    "onnxruntime": onnxruntime_session,
}


def _treelite(candidate: Candidate, fitted: Any) -> Any:
    import treelite

    if "XGBoost" in candidate.name:
        return treelite.frontend.from_xgboost(fitted.get_booster())
    if "LightGBM" in candidate.name:
        return treelite.frontend.from_lightgbm(fitted.booster_)
    return treelite.sklearn.import_model(fitted)


def _refuse_forest(candidate: Candidate, why: str) -> None:
    if "unpruned" in candidate.name or candidate.is_classifier:
        raise NotOfferedError(why)
