"""Free text is a feature of every estimator, and the server counts its words as training did."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import orjson
import pandas as pd
import pytest

from contracts.hashing import TextHashing
from contracts.pipeline_config import PipelineConfig
from inference.errors import ArtefactError, InvalidRequestError
from inference.formats import bodies, limits, openinference
from inference.formats.npy_body import write_npy
from inference.model import artefact
from inference.model.predictor import Predictor
from tests.unit.training_jobs.rows import TARGET, housing_config, housing_rows
from training_jobs.choice import Choice, Member
from training_jobs.dataset import Dataset
from training_jobs.experiment import Experiment
from training_jobs.export import export_model
from training_jobs.export.checks import with_check_rows
from training_jobs.export.parity import matrix_of, prove_parity

ESTIMATORS = [
    "hist_gradient_boosting",
    "xgboost",
    "lightgbm",
    "random_forest",
    "linear",
    "mlp",
]
GOOD, BAD, PLAIN = (
    ("sunny", "quiet", "garden"),
    ("damp", "noisy", "mould"),
    ("house", "street", "near", "two"),
)
HASHING = {"use": "text", "buckets": 64}


def text_config(estimator: str, **column: Any) -> PipelineConfig:
    document: Any = housing_config(estimator, {}).as_document()
    document["dataset"]["columns"].append(
        {"name": "note", "type": "text", "nullable": True, **HASHING, **column}
    )
    document["training"]["monotone"] = {}
    return PipelineConfig.from_document(document)


def told_rows(count: int = 600) -> Dataset:
    """The price hangs on words of a note alone, some of which are missing."""
    random = np.random.default_rng(3)
    frame = housing_rows(count)
    signs = random.integers(0, 3, count)
    notes: list[str | None] = [
        " ".join(random.permutation([*random.choice(PLAIN, 3), random.choice((PLAIN, GOOD, BAD)[sign])]))
        for sign in signs
    ]
    notes[::50] = [None] * len(notes[::50])
    price = 200_000 + 100_000 * np.array([0, 1, -1])[signs] + random.normal(0, 5_000, count)
    features = frame.drop(columns=TARGET).assign(note=pd.Series(notes, dtype=object))
    return Dataset(features, price)


def exported(estimator: str, **column: Any) -> tuple[Any, Predictor, Dataset]:
    rows = told_rows()
    experiment = Experiment(text_config(estimator, **column), rows, 42)
    pipeline = experiment.fit({})
    model = export_model(pipeline, experiment.config.dataset.feature_columns)
    return pipeline, Predictor(with_check_rows(model, rows.features, 1)), rows


@pytest.fixture(scope="module")
def boosted() -> tuple[Any, Predictor, Dataset]:
    return exported("hist_gradient_boosting")


@pytest.mark.parametrize("estimator", ESTIMATORS)
def test_an_estimator_learns_from_words_and_is_served_exactly(estimator: str) -> None:
    pipeline, predictor, rows = exported(estimator)
    report = prove_parity(pipeline, predictor, rows.features)
    assert report.largest_difference <= 1e-9
    assert report.edge_rows > 10
    one = rows.features.iloc[[0]]
    good, bad = (
        predictor.predict_frame(one.assign(note=note))[0] for note in ("sunny street", "damp street")
    )
    assert good > bad + 50_000


def test_parts_of_words_are_served_exactly_too() -> None:
    pipeline, predictor, rows = exported("lightgbm", grams="characters", buckets=128)
    assert prove_parity(pipeline, predictor, rows.features).largest_difference <= 1e-9


def test_a_blend_reads_words_once_for_all_of_its_members() -> None:
    rows = told_rows()
    experiment = Experiment(text_config("auto"), rows, 42)
    choice = Choice((Member("linear", {}, 0.5), Member("hist_gradient_boosting", {}, 0.5)))
    blend = experiment.fit_choice(choice)
    model = export_model(blend, experiment.config.dataset.feature_columns)
    predictor = Predictor(with_check_rows(model, rows.features, 1))
    assert prove_parity(blend, predictor, rows.features).largest_difference <= 1e-9


def test_compiled_and_plain_engine_agree_on_texts(
    boosted: tuple[Any, Predictor, Dataset], monkeypatch: pytest.MonkeyPatch
) -> None:
    _, compiled, rows = boosted
    monkeypatch.setattr("inference.kernel.load", lambda: None)
    plain = Predictor(with_check_rows(compiled.model, rows.features, 1))
    assert (compiled.engine, plain.engine) == ("compiled", "numpy")
    matrix = matrix_of(compiled, rows.features)
    assert np.array_equal(compiled.answers(matrix), plain.answers(matrix))


def test_the_artefact_keeps_how_texts_are_counted_and_no_text(
    boosted: tuple[Any, Predictor, Dataset], tmp_path: Path
) -> None:
    _, predictor, rows = boosted
    exact = with_check_rows(predictor.model, rows.features, 1)
    artefact.write(tmp_path, exact.with_manifest({"model_hash": artefact.model_hash(predictor.model)}))
    again = Predictor.load(tmp_path)
    again.check()
    assert again.columns[-1].hashing == TextHashing(buckets=64)
    assert np.array_equal(again.predict_frame(rows.features), predictor.predict_frame(rows.features))
    assert all(b"garden" not in path.read_bytes() for path in tmp_path.iterdir())


def test_a_text_without_its_hashing_is_no_model(
    boosted: tuple[Any, Predictor, Dataset], tmp_path: Path
) -> None:
    _, predictor, rows = boosted
    exact = with_check_rows(predictor.model, rows.features, 1)
    artefact.write(tmp_path, exact.with_manifest({"model_hash": "?"}))
    document = orjson.loads((tmp_path / artefact.MODEL).read_bytes())
    for hashing, reason in (
        (None, "nothing says how it is hashed"),
        ({"buckets": 1 << 40, "grams": "words"}, "buckets"),
    ):
        document["columns"][-1]["hashing"] = hashing
        (tmp_path / artefact.MODEL).write_bytes(orjson.dumps(document))
        with pytest.raises(ArtefactError, match=reason):
            artefact.read(tmp_path)


NOTES = ["A sunny, quiet street", "two\nlines; damp", 'a "quoted" note, with a comma', "", "Ünïcode 中文"]


def records(rows: Dataset) -> list[dict[str, Any]]:
    frame = rows.features.iloc[: len(NOTES)].assign(note=NOTES)
    return [{str(k): None if v != v else v for k, v in row.items()} for row in frame.to_dict("records")]


def test_every_format_counts_a_text_alike(boosted: tuple[Any, Predictor, Dataset]) -> None:
    _, predictor, rows = boosted
    asked = records(rows)
    names = [column.name for column in predictor.columns]
    frame = pd.DataFrame(asked, columns=names)
    expected = predictor.encode({name: frame[name].to_numpy() for name in names})
    csv = frame.to_csv(index=False).encode()
    headless = frame.to_csv(index=False, header=False).encode()
    lines = b"\n".join(orjson.dumps(row) for row in asked)
    texts = frame.astype(object).where(frame.notna(), "").astype(str).to_numpy().astype(str)
    tensors = [
        {
            "name": n,
            "shape": [len(frame)],
            "datatype": "BYTES" if c.holds_texts else "FP64",
            "data": [r[n] for r in asked],
        }
        for n, c in zip(names, predictor.columns, strict=True)
    ]
    found = {
        "csv": bodies.read_body(predictor, "text/csv", csv),
        "csv without header": bodies.read_body(predictor, "text/csv", headless),
        "json": bodies.read_body(predictor, "application/json", orjson.dumps({"instances": asked})),
        "json by column": bodies.read_body(
            predictor, "application/json", orjson.dumps({"inputs": {n: [r[n] for r in asked] for n in names}})
        ),
        "json lines": bodies.read_body(predictor, "application/jsonlines", lines),
        "npy": bodies.read_body(predictor, "application/x-npy", write_npy(texts)),
        "v2": openinference.read_request(predictor, orjson.dumps({"inputs": tensors}), None).matrix,
    }
    for name, matrix in found.items():
        assert np.array_equal(matrix, expected, equal_nan=True), name


def test_a_value_that_is_no_text_is_refused_by_row_and_column(
    boosted: tuple[Any, Predictor, Dataset],
) -> None:
    _, predictor, rows = boosted
    asked = records(rows)[:2]
    asked[1]["note"] = 7
    with pytest.raises(InvalidRequestError, match="is not a text") as caught:
        bodies.read_body(predictor, "application/json", orjson.dumps({"instances": asked}))
    assert (caught.value.row, caught.value.column) == (2, "note")


@pytest.mark.parametrize(
    "content_type", ["text/csv", "application/json", "application/jsonlines", "application/x-npy"]
)
def test_texts_of_few_bytes_cannot_fill_the_memory(
    boosted: tuple[Any, Predictor, Dataset], monkeypatch: pytest.MonkeyPatch, content_type: str
) -> None:
    _, predictor, rows = boosted
    monkeypatch.setattr(limits, "MOST_TEXT_ENTRIES", 150)
    monkeypatch.setattr("inference.formats.json_body.LINES_TOGETHER", 1)
    frame = pd.DataFrame(records(rows))
    body = {
        "text/csv": frame.to_csv(index=False).encode(),
        "application/json": orjson.dumps({"instances": records(rows)}),
        "application/jsonlines": b"\n".join(orjson.dumps(row) for row in records(rows)),
        "application/x-npy": write_npy(
            frame.astype(object).where(frame.notna(), "").astype(str).to_numpy().astype(str)
        ),
    }[content_type]
    with pytest.raises(InvalidRequestError, match="more than 2 rows"):
        bodies.read_body(predictor, content_type, body)
