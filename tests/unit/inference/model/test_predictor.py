from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from inference import kernel
from inference.errors import ArtefactError, InvalidRequestError
from inference.model import artefact
from inference.model.predictor import Predictor
from tests.unit.inference.models import (
    artefact_of,
    linear_model,
    predictor_of,
    random_rows,
    tree_model,
)


def saved(directory: Path) -> Path:
    artefact.write(directory, artefact_of(tree_model(), target="price"))
    return directory


def test_a_written_model_is_read_again_and_answers_alike(tmp_path: Path) -> None:
    predictor = Predictor.load(saved(tmp_path))
    predictor.check()

    rows = random_rows(50)
    assert np.array_equal(predictor.answers(rows), predictor_of(tree_model()).answers(rows))
    assert predictor.manifest["target"] == "price"


def test_nothing_in_an_artefact_is_pickled(tmp_path: Path) -> None:
    with np.load(saved(tmp_path) / artefact.ARRAYS, allow_pickle=False) as arrays:
        assert {arrays[name].dtype.kind for name in arrays.files} <= set("fiu")
    assert sorted(path.name for path in tmp_path.iterdir()) == ["arrays.npz", "manifest.json", "model.json"]


def test_a_missing_file_is_named(tmp_path: Path) -> None:
    for name in (artefact.MANIFEST, artefact.MODEL, artefact.ARRAYS):
        directory = saved(tmp_path / name)
        (directory / name).unlink()
        with pytest.raises(ArtefactError, match=f"{name}: not found; is the model directory mounted"):
            Predictor.load(directory)


def test_a_changed_model_is_not_the_one_that_was_exported(tmp_path: Path) -> None:
    path = saved(tmp_path) / artefact.MODEL
    path.write_text(path.read_text().replace('"p":1.5', '"p":1.6'))

    with pytest.raises(ArtefactError, match=r"the model's hash is .* and the manifest says"):
        Predictor.load(tmp_path)


def test_a_later_format_is_refused(tmp_path: Path) -> None:
    path = saved(tmp_path) / artefact.MANIFEST
    path.write_text(json.dumps({**json.loads(path.read_text()), "format_version": 99}))

    with pytest.raises(ArtefactError, match="format_version is 99, and this image reads 1"):
        Predictor.load(tmp_path)


@pytest.mark.parametrize(
    ("name", "content", "message"),
    [
        (artefact.MANIFEST, b"{", "is not valid JSON"),
        (artefact.MANIFEST, b"[]", "holds list, expected an object"),
        (artefact.MODEL, b"{}", "lacks 'columns'"),
        (artefact.ARRAYS, b"PK", "cannot be read as arrays"),
    ],
)
def test_a_broken_file_is_named(tmp_path: Path, name: str, content: bytes, message: str) -> None:
    (saved(tmp_path) / name).write_bytes(content)

    with pytest.raises(ArtefactError, match=message):
        Predictor.load(tmp_path)


def test_a_model_that_answers_otherwise_than_at_export_fails_its_check() -> None:
    sound = artefact_of(tree_model())
    broken = replace(sound, check_answers=sound.check_answers + np.eye(8)[2][:, None])

    with pytest.raises(ArtefactError, match="self check: row 3 of 8 answers"):
        Predictor(broken).check()


def test_columns_may_come_in_any_order_and_a_missing_one_is_named() -> None:
    predictor = predictor_of(tree_model())
    columns = {
        "sea": np.array(["INLAND", None, "elsewhere"], dtype=object),
        "people": np.array([1, 2, 3]),
        "rooms": np.array([1.0, np.nan, 3.0]),
    }

    encoded = predictor.encode(columns)
    assert encoded[:, 2].tolist() == [1.0, -2.0, -1.0]
    assert len(predictor.predict_columns(columns)) == 3
    with pytest.raises(InvalidRequestError, match="the data lack the columns 'rooms', 'sea'"):
        predictor.encode({"people": columns["people"]})


def test_classes_come_with_probabilities_that_add_up_to_one() -> None:
    two = predictor_of(replace(tree_model(link="sigmoid"), classes=("no", "yes")))
    three = predictor_of(replace(tree_model(outputs=3, link="softmax"), classes=(1, 2, 3)))
    rows = random_rows(40)

    for predictor in (two, three):
        answers = predictor.answers(rows)
        assert np.allclose(answers.sum(axis=1), 1.0)
        assert predictor.labels(answers).tolist() == [
            predictor.model.classes[position] for position in answers.argmax(axis=1)
        ]


def test_extreme_scores_become_probabilities_and_no_warnings() -> None:
    for link, outputs, classes in (("sigmoid", 1, ("no", "yes")), ("softmax", 3, ("a", "b", "c"))):
        model = tree_model(outputs=outputs, link=link)
        huge = {**model.arrays, "values": model.arrays["values"] * 1e4}
        answers = predictor_of(replace(model, classes=classes, arrays=huge)).answers(random_rows(40))

        assert np.isfinite(answers).all()
        assert ((answers >= 0) & (answers <= 1)).all()


def test_without_a_kernel_numpy_gives_the_same_answers(monkeypatch: pytest.MonkeyPatch) -> None:
    rows = random_rows(100)
    compiled = [predictor_of(model).answers(rows) for model in (tree_model(), linear_model())]
    monkeypatch.setattr(kernel, "load", lambda: None)
    plain = [predictor_of(model) for model in (tree_model(), linear_model())]

    assert [predictor.engine for predictor in plain] == ["numpy", "numpy"]
    assert np.array_equal(compiled[0], plain[0].answers(rows))
    assert np.allclose(compiled[1], plain[1].answers(rows), rtol=1e-12, equal_nan=True)


def test_a_large_batch_is_taken_in_parts(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(kernel, "load", lambda: None)
    monkeypatch.setattr("inference.model.trees._BLOCK_CELLS", 50)
    rows = random_rows(100)

    in_parts = predictor_of(tree_model()).answers(rows)
    monkeypatch.undo()

    assert np.array_equal(in_parts, predictor_of(tree_model()).answers(rows))
