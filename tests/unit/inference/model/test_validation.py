"""What the compiled engine would follow out of its arrays is refused with a reason, before it gets them."""

from __future__ import annotations

import io
import json
import math
import zipfile
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from inference.errors import ArtefactError
from inference.model import Head, InputColumn, Model, Step, artefact
from inference.model.calibration import Calibration
from inference.model.predictor import Predictor
from inference.model.shift import Shift
from inference.model.validation import validate
from tests.unit.inference.models import artefact_of, linear_model, tree_model

GOOD = tree_model(fewest=3)


def changed(name: str, change: Callable[[Any], Any]) -> Model:
    return replace(GOOD, arrays={**GOOD.arrays, name: change(np.array(GOOD.arrays[name]))})


def at(index: Any, value: Any) -> Callable[[Any], Any]:
    """The array with one element replaced."""

    def change(array: Any) -> Any:
        array[index] = value
        return array

    return change


def linear_of(weights: Any) -> Model:
    good = linear_model()
    return replace(good, arrays={**good.arrays, "weights": weights})


INNER = int(np.flatnonzero(GOOD.arrays["feature"] >= 0)[0])
LEAF = int(np.flatnonzero(GOOD.arrays["feature"] < 0)[0])
NODES = len(GOOD.arrays["feature"])


# Every leaf has the first one's value.
SHARED = replace(
    GOOD,
    arrays={
        **GOOD.arrays,
        "leaf": np.zeros(NODES, dtype=np.int64),
        "values": np.array(GOOD.arrays["values"])[:1],
    },
)


@pytest.mark.parametrize(
    ("model", "reason"),
    [
        (changed("feature", at(INNER, GOOD.width)), "a node reads no entry"),
        (changed("feature", at(INNER, -2)), "a node reads no entry"),
        (changed("left", at(INNER, INNER)), "does not stand behind it"),
        (changed("left", at(INNER, -1)), "does not stand behind it"),
        (changed("right", at(INNER, NODES)), "does not stand behind it"),
        (changed("right", at(INNER, 1 << 40)), "does not stand behind it"),
        (changed("right", at(INNER, int(GOOD.arrays["left"][INNER]))), "reached by no way, or by two"),
        (changed("leaf", at(LEAF, len(GOOD.arrays["values"]))), "a leaf has no value"),
        (changed("leaf", at(LEAF, -1)), "a leaf has no value"),
        (SHARED, "leaves share 1 rows of values"),
        (changed("threshold", at(INNER, np.nan)), "a threshold is not a number"),
        (changed("threshold", lambda a: a.astype(np.int64)), "'threshold' is 1-dimensional of <i8"),
        (changed("threshold", lambda a: a[:-1]), f"'threshold' has {NODES - 1} elements for {NODES} nodes"),
        (changed("missing_left", lambda a: a.astype(float)), "'missing_left' is 1-dimensional of <f8"),
        (changed("missing_left", lambda a: at(INNER, 7)(a.astype(np.uint8))), "neither left nor right"),
        (changed("missing_left", lambda a: at(INNER, 256)(a.astype(np.int64))), "neither left nor right"),
        (changed("missing_left", lambda a: at(INNER, -1)(a.astype(np.int8))), "neither left nor right"),
        (replace(GOOD, threshold=0.5), "a threshold is for two classes, not 0"),
        (replace(linear_model(outputs=2), classes=("a", "b"), threshold=1.0), "the threshold is 1.0"),
        (replace(linear_model(outputs=2), classes=("a", "b"), threshold=math.nan), "the threshold is nan"),
        (replace(GOOD, calibration=Calibration(1.0, (0.0, 0.0))), "2 offsets for 0 classes"),
        (replace(GOOD, calibration=Calibration(-1.0, ())), "slope is -1.0, and not above 0"),
        (replace(GOOD, calibration=Calibration(math.inf, ())), "the calibration has no numbers"),
        (changed("output", at(0, 1)), "a tree adds to no output"),
        (changed("output", at(0, -1)), "a tree adds to no output"),
        (changed("output", lambda a: a[:0]), "it has 0 trees"),
        (changed("start", at(0, 1)), "'start' does not span the nodes"),
        (changed("start", at(-1, NODES + 1)), "'start' does not span the nodes"),
        (changed("start", at(1, 0)), "a tree has no node"),
        (changed("start", lambda a: a[:-1]), "'start' has 12 elements for 12 trees"),
        (changed("values", lambda a: a[:, 0]), "'values' is 1-dimensional"),
        (changed("values", lambda a: np.repeat(a, 2, axis=1)), "'values' has no place for a leaf"),
        (replace(GOOD, arrays={k: v for k, v in GOOD.arrays.items() if k != "left"}), "'left' is missing"),
        (replace(GOOD, steps=(Step("ratio", 3),)), "step 1 (ratio) reads no entry"),
        (replace(GOOD, steps=(Step("ratio", 0, -1),)), "step 1 (ratio) reads no entry"),
        (replace(GOOD, steps=(Step("ratio", 0, p="x"),)), "constants that are no numbers"),  # type: ignore[arg-type]
        (replace(GOOD, steps=(Step("shell", 0),)), "step 1 (shell) is of no known kind"),  # type: ignore[arg-type]
        (replace(GOOD, head=replace(GOOD.head, outputs=0)), "it has 0 outputs"),
        (replace(GOOD, head=replace(GOOD.head, outputs=1 << 40)), "outputs"),
        (replace(GOOD, head=replace(GOOD.head, baseline=())), "the baseline is not 1 finite numbers"),
        (replace(GOOD, head=replace(GOOD.head, link="none")), "the link is 'none'"),  # type: ignore[arg-type]
        (replace(GOOD, head=replace(GOOD.head, divisor=0.0)), "the divisor is 0.0"),
        (replace(GOOD, head=replace(GOOD.head, kind="net")), "the head's kind is 'net'"),  # type: ignore[arg-type]
        (replace(GOOD, classes=("a", "b", "c")), "3 classes and answers with 1 values"),
        (replace(GOOD, columns=(*GOOD.columns[:2], GOOD.columns[0])), "two columns have one name"),
        (replace(GOOD, columns=(InputColumn("x", "blob"), *GOOD.columns[1:])), "the unknown type 'blob'"),
        (replace(GOOD, columns=()), "it has 0 columns"),
        (linear_of(np.ones((3, 1))), "'weights' has the shape (3, 1)"),
        (linear_of(np.ones((3, 1), dtype=np.int64)), "'weights' is 2-dimensional of <i8"),
        (changed("lookup", lambda a: a[:-1]), "step 8 (lookup) has constants out of range"),
        (changed("lookup", lambda a: a.astype(np.int64)), "'lookup' is not one list of numbers"),
        (replace(GOOD, steps=(Step("lookup", 0, p=-1.0, q=2.0),)), "has constants out of range"),
        (replace(GOOD, steps=(Step("lookup", 0, p=0.5, q=2.0),)), "has constants out of range"),
        (replace(GOOD, steps=(Step("lookup", 0, p=0.0, q=float("nan")),)), "has constants out of range"),
        (replace(GOOD, steps=(Step("date_part", 0, p=6.0, q=1.0),)), "has constants out of range"),
        (replace(GOOD, steps=(Step("date_part", 0, p=0.0, q=0.0),)), "has constants out of range"),
        (replace(linear_model(), head=Head("linear", 2, (0.0, 0.0))), "'weights' has the shape"),
    ],
)
def test_a_model_that_cannot_be_followed_is_refused(model: Model, reason: str) -> None:
    with pytest.raises(ArtefactError) as found:
        validate(model)

    assert reason in str(found.value)


@pytest.mark.parametrize("seed", range(20))
def test_models_that_are_trees_pass(seed: int) -> None:
    validate(tree_model(seed, leaves=seed + 1, outputs=3, per_leaf=3))
    validate(linear_model(seed, outputs=2))


def written(directory: Path) -> Path:
    artefact.write(directory, artefact_of(GOOD))
    return directory


def rewrite(directory: Path, name: str, change: Callable[[dict[str, Any]], Any]) -> None:
    document = json.loads((directory / name).read_text())
    change(document)
    (directory / name).write_text(json.dumps(document))


@pytest.mark.parametrize(
    "change",
    [
        lambda m: m.clear(),
        lambda m: m.update(columns=3),
        lambda m: m.update(columns=[3]),
        lambda m: m.update(columns=[{"name": "a", "type": "blob", "categories": []}]),
        lambda m: m.update(steps=[{"op": "ratio"}]),
        lambda m: m.update(steps=[{"op": "ratio", "a": 0, "z": 1}]),
        lambda m: m["head"].update(baseline=None),
        lambda m: m["head"].update(outputs="1"),
        lambda m: m.update(classes=[{}]),
        lambda m: m["columns"][0].update(grammar={"decimal": 3}),
    ],
)
def test_a_document_of_another_form_is_an_artefact_error(tmp_path: Path, change: Any) -> None:
    rewrite(written(tmp_path), artefact.MODEL, change)

    with pytest.raises(ArtefactError):
        artefact.read(tmp_path)


def npz(members: dict[str, bytes]) -> bytes:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, data in members.items():
            archive.writestr(name, data)
    return out.getvalue()


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"PK\x03\x04",
        npz({}),
        npz({"start.npy": b"\x93NUMPY\x01\x00"}),
        npz({f"{i}": b"" for i in range(1001)}),
    ],
)
def test_arrays_that_cannot_be_read_are_an_artefact_error(tmp_path: Path, data: bytes) -> None:
    (written(tmp_path) / artefact.ARRAYS).write_bytes(data)

    with pytest.raises(ArtefactError):
        artefact.read(tmp_path)


def test_more_bytes_than_an_artefact_has_are_not_unpacked(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(artefact, "_LARGEST_ARRAYS_BYTES", 1 << 20)
    (written(tmp_path) / artefact.ARRAYS).write_bytes(npz({"start.npy": bytes(1 << 21)}))

    with pytest.raises(ArtefactError, match="holds 1 arrays of 2097152 bytes"):
        artefact.read(tmp_path)


@pytest.mark.parametrize("shape", [(8, 2), (8,), (0, 0)])
def test_rows_of_the_self_check_have_to_fit(tmp_path: Path, shape: tuple[int, ...]) -> None:
    artefact.write(tmp_path, replace(artefact_of(GOOD), check_rows=np.zeros(shape)))

    with pytest.raises(ArtefactError, match="the self check's rows"):
        artefact.read(tmp_path)


@pytest.mark.parametrize(
    "answers",
    [
        {"means": [1.0]},
        {"means": "x", "standard_deviations": [1]},
        {"means": [[1]], "standard_deviations": [1]},
    ],
)
def test_expected_answers_of_another_form_are_an_artefact_error(answers: Any) -> None:
    with pytest.raises(ArtefactError, match="answers"):
        Shift.of({"answers": answers})


def test_a_predictor_is_made_of_no_model_that_cannot_be_followed() -> None:
    broken = replace(artefact_of(GOOD), model=changed("left", at(INNER, NODES + 7)))

    with pytest.raises(ArtefactError, match="does not stand behind it"):
        Predictor(broken)
